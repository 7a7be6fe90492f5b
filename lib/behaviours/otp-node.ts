import { fault } from '../internal/errors.ts'
import { NODE_SHUTDOWN_MS } from '../internal/limits.ts'
import { describe, Exit, type Reason } from '../kernel/exit.ts'
import { Node, type NodeOptions } from '../kernel/node.ts'
import { isTimeout } from '../kernel/options.ts'
import { Pid } from '../kernel/pid.ts'
import type { Protocol } from '../kernel/protocol.ts'
import { addWatcher } from '../kernel/signals.ts'
import { stopApplication } from './application/application-controller.ts'
import { applicationsOf } from './application/application-table.ts'
import type { GenServer, InitArguments } from './gen-server/gen-server.ts'
import { serverProgramOf } from './gen-server/server-program.ts'
import { type StartOptions, startOrThrow } from './proc-lib/start.ts'
import type { SupervisorApi } from './supervisor/supervisor-api.ts'
import { mistakeIn } from './supervisor/supervisor-mistakes.ts'
import { supervisorProgram } from './supervisor/supervisor-program.ts'
import { type Given, read, type SupervisorModule } from './supervisor/supervisor-source.ts'
import type { SupervisorSpec } from './supervisor/supervisor-spec.ts'
import { stop } from './sys/sys.ts'

/** A node with OTP's behaviours at hand for the code outside any process. */
export class OtpNode extends Node implements AsyncDisposable {
  /** Supervisors, and the names of applications, in the order they were started. */
  readonly #supervised = new Set<Pid | string>()
  readonly #starting = new Set<Promise<Pid>>()
  readonly #applications = applicationsOf(this)
  #stopping: Promise<void> | undefined
  #reason: Reason = 'normal'
  #tellTermination: (reason: Reason) => void = () => {}

  /**
   * Resolves when the node has shut down: with `'normal'`, or with the reason of an application whose end ended it,
   * `['application_terminated' | 'application_start_failure', name, reason]`.
   */
  readonly terminated: Promise<Reason> = new Promise((resolve) => {
    this.#tellTermination = resolve
  })

  constructor(options?: NodeOptions) {
    super(options)
    this.#applications.onStarted = (name) => {
      this.#supervised.delete(name)
      this.#supervised.add(name)
    }
    this.#applications.onTerminated = (reason) => {
      if (this.#stopping === undefined) this.#reason = reason
      void this.shutdown()
    }
  }

  /**
   * Starts a server that belongs to nobody.
   * @throws Exit with the reason that init failed with, or `'ignore'` when it declined.
   */
  start<P extends Protocol>(
    module: GenServer<P>,
    args: NoInfer<InitArguments<P>>,
    options?: StartOptions<P>,
  ): Promise<Pid<P>> {
    return startOrThrow(this, serverProgramOf(module), args, options)
  }

  /** Has a server terminate and waits for its end; see `stop` in sys.ts. */
  stop(to: Pid, reason: unknown = 'normal', timeout: number = Number.POSITIVE_INFINITY): Promise<void> {
    return stop(this, to, reason, timeout)
  }

  /**
   * Resolves with the reason when a process of this node has ended, `'noproc'` when it had before: how the code outside
   * learns that a tree it has started gave up.
   * @throws Fault `badarg` for what is no pid of this node.
   */
  endOf(pid: Pid): Promise<Reason> {
    if (!(pid instanceof Pid) || pid.address !== this.address) throw fault('badarg', 'endOf takes a pid of this node')
    const process = pid.process ?? this.closing.get(pid.id)
    if (process === undefined) return Promise.resolve('noproc')
    return new Promise((down) => addWatcher(process, { down }))
  }

  /**
   * Starts a supervisor that belongs to the node, and resolves when all its children run. One that gives up is
   * reported; the node, and whatever else runs on it, goes on: see `endOf`.
   * @throws Fault `bad_supervisor` when the specification, or that of a supervisor among the children, is wrong; the
   * cause is the Exit with OTP's term. `node_stopped` once the node is shutting down.
   * @throws Exit with `['shutdown', ['failed_to_start_child', id, reason]]` when a child does not start: those before
   * it have been stopped again.
   */
  supervise(spec: SupervisorSpec, options?: StartOptions<SupervisorApi>): Promise<Pid<SupervisorApi>>
  supervise<A extends readonly unknown[]>(
    module: SupervisorModule<A>,
    args: NoInfer<A>,
    options?: StartOptions<SupervisorApi>,
  ): Promise<Pid<SupervisorApi>>
  async supervise(...given: Given): Promise<Pid<SupervisorApi>> {
    if (this.ended || this.#stopping !== undefined) throw fault('node_stopped')
    const { source, options } = read<StartOptions<SupervisorApi>>(given)
    const starting = startOrThrow<SupervisorApi>(this, supervisorProgram, [source], options)
    this.#starting.add(starting)
    try {
      const pid = await starting.catch(explain)
      for (const other of this.#supervised) if (!this.#runs(other)) this.#supervised.delete(other)
      this.#supervised.add(pid)
      return pid
    } finally {
      this.#starting.delete(starting)
    }
  }

  /**
   * Ends the node in order: its applications and the supervisors that it supervises, the last that was started first,
   * each with its children; then whatever is left is killed. Takes `timeout` milliseconds at most.
   */
  shutdown(timeout: number = NODE_SHUTDOWN_MS): Promise<void> {
    if (!isTimeout(timeout)) throw fault('bad_timeout', `got ${describe(timeout)}`)
    this.#stopping ??= this.#stopAll(this.host.monotonic() + timeout)
    return this.#stopping
  }

  async #stopAll(deadline: number): Promise<void> {
    const timeLeft = () => Math.max(0, Math.ceil(deadline - this.host.monotonic()))
    if (this.#starting.size > 0) await Promise.race([Promise.allSettled(this.#starting), this.sleep(timeLeft())])
    for (const one of [...this.#supervised].reverse()) {
      if (!this.#runs(one)) continue
      const left = timeLeft()
      const stopping = typeof one === 'string' ? stopApplication(this, one, left) : stop(this, one, 'shutdown', left)
      // One that ends in another way than it was told, or not in time, has reported why, or is killed below.
      await stopping.catch(() => {})
    }
    this.kill()
    this.#tellTermination(this.#reason)
  }

  #runs(one: Pid | string): boolean {
    return typeof one === 'string' ? this.#applications.running.has(one) : this.isAlive(one)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }
}

/** What is wrong with a specification is a mistake of who wrote it, and not an end that a program reckons with. */
function explain(thrown: unknown): never {
  const mistake = thrown instanceof Exit ? mistakeIn(thrown.reason) : undefined
  throw mistake === undefined ? thrown : fault('bad_supervisor', mistake, { cause: thrown })
}

/** Makes a node: a value, not a singleton. See NodeOptions. */
export function createNode(options?: NodeOptions): OtpNode {
  return new OtpNode(options)
}
