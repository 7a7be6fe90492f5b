import { fault } from '../internal/errors.ts'
import { NODE_SHUTDOWN_MS } from '../internal/limits.ts'
import { describe, Exit } from '../kernel/exit.ts'
import { Node, type NodeOptions } from '../kernel/node.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Protocol } from '../kernel/protocol.ts'
import { isInvalid } from './child-spec.ts'
import { type GenServer, type InitArguments, programOf } from './gen-server.ts'
import { type StartOptions, startOrThrow } from './proc-lib.ts'
import { type SupervisorApi, SupervisorServer } from './supervisor-server.ts'
import { completeSupervisor, type SupervisorSpec } from './supervisor-spec.ts'
import { stop } from './sys.ts'

/** A node with OTP's behaviours at hand for the code outside any process. */
export class OtpNode extends Node implements AsyncDisposable {
  readonly #supervised = new Set<Pid>()
  readonly #starting = new Set<Promise<Pid>>()
  #stopping: Promise<void> | undefined

  /**
   * Starts a server that belongs to nobody.
   * @throws Exit with the reason that init failed with, or `'ignore'` when it declined.
   */
  start<P extends Protocol>(
    module: GenServer<P>,
    args: NoInfer<InitArguments<P>>,
    options?: StartOptions<P>,
  ): Promise<Pid<P>> {
    return startOrThrow(this, programOf(module), args, options)
  }

  /** Has a server terminate and waits for its end; see `stop` in sys.ts. */
  stop(to: Pid, reason: unknown = 'normal', timeout: number = Number.POSITIVE_INFINITY): Promise<void> {
    return stop(this, to, reason, timeout)
  }

  /**
   * Starts a supervisor that belongs to the node, and resolves when all its children run.
   * @throws Fault `bad_supervisor` when the specification is wrong, `node_stopped` once the node is shutting down.
   * @throws Exit with `['shutdown', ['failed_to_start_child', id, reason]]` when a child does not start: those before
   * it have been stopped again.
   */
  async supervise(spec: SupervisorSpec, options?: StartOptions<SupervisorApi>): Promise<Pid<SupervisorApi>> {
    if (this.ended || this.#stopping !== undefined) throw fault('node_stopped')
    const checked = completeSupervisor(spec)
    if (isInvalid(checked)) throw fault('bad_supervisor', describe(checked[1]), { cause: new Exit(checked[1]) })
    const starting = startOrThrow<SupervisorApi>(this, programOf(SupervisorServer), [spec], options)
    this.#starting.add(starting)
    try {
      const pid = await starting
      for (const other of this.#supervised) if (!this.isAlive(other)) this.#supervised.delete(other)
      this.#supervised.add(pid)
      return pid
    } finally {
      this.#starting.delete(starting)
    }
  }

  /**
   * Ends the node in order: the supervisors that it supervises, the last first, each with its children; then whatever
   * is left is killed. Takes `timeout` milliseconds at most.
   */
  shutdown(timeout: number = NODE_SHUTDOWN_MS): Promise<void> {
    this.#stopping ??= this.#stopAll(this.host.monotonic() + timeout)
    return this.#stopping
  }

  async #stopAll(deadline: number): Promise<void> {
    const timeLeft = () => Math.max(0, Math.ceil(deadline - this.host.monotonic()))
    if (this.#starting.size > 0) await Promise.race([Promise.allSettled(this.#starting), this.sleep(timeLeft())])
    for (const pid of [...this.#supervised].reverse()) {
      if (!this.isAlive(pid)) continue
      // One that ends in another way than it was told, or not in time, has reported why, or is killed below.
      await stop(this, pid, 'shutdown', timeLeft()).catch(() => {})
    }
    this.kill()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }
}

/** Makes a node: a value, not a singleton. See NodeOptions. */
export function createNode(options?: NodeOptions): OtpNode {
  return new OtpNode(options)
}
