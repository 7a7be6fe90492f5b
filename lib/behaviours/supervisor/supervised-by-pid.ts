import type { Reason } from '../../kernel/exit.ts'
import { keyOf } from '../../kernel/links.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { CompleteChildSpec } from './child-spec.ts'
import { type StartedOrNot, startChild, withoutThrow } from './child-start.ts'
import { ChildStopper } from './child-stop.ts'
import type { Restarts } from './restart-intensity.ts'
import { SupervisedChild } from './supervised-children.ts'
import type { SupervisorReports } from './supervisor-report.ts'

/** What came of a restart: the child that runs now, or why none does. */
export type Restarted = SupervisedChild | 'to_be_tried_again' | 'gone' | 'too_many_restarts'

/** A child that was started with arguments of its own. */
class ChildByPid extends SupervisedChild {
  readonly extra: readonly unknown[]

  constructor(spec: CompleteChildSpec, extra: readonly unknown[], pid: Pid) {
    super(spec)
    this.extra = extra
    this.pid = pid
  }
}

/**
 * Children that are known by their pids and do not depend on each other: those of a DynamicSupervisor and of a
 * supervisor with simple_one_for_one. Each is started again alone and gets a new pid; all are stopped at the same time.
 * While one waits for the next attempt to start it, it is known by the pid it had.
 */
export class ChildrenByPid {
  readonly #process: Process
  readonly #restarts: Restarts
  readonly #reports: SupervisorReports
  readonly #rules: 'OTP' | 'Elixir'
  readonly #children = new Map<number | string, ChildByPid>()

  /**
   * By Elixir's rules a start function that throws gives its reason as it is, and the report of a restart that failed
   * calls the child `['restarting', pid]` the first time, too.
   */
  constructor(process: Process, restarts: Restarts, reports: SupervisorReports, rules: 'OTP' | 'Elixir') {
    this.#process = process
    this.#restarts = restarts
    this.#reports = reports
    this.#rules = rules
  }

  get size(): number {
    return this.#children.size
  }

  /** In the order they were started. */
  [Symbol.iterator](): IterableIterator<SupervisedChild> {
    return this.#children.values()
  }

  find(pid: Pid): SupervisedChild | undefined {
    return this.#children.get(this.#keyOf(pid))
  }

  /** Starts a child, `extra` being given to its start function; one that declines is not kept. */
  async start(spec: CompleteChildSpec, extra: readonly unknown[]): Promise<StartedOrNot> {
    const started = withoutThrow(await startChild(this.#process, spec, extra), this.#rules)
    if (started.outcome === 'ok' && started.pid !== undefined) this.#keep(new ChildByPid(spec, extra, started.pid))
    return started
  }

  /**
   * Starts `child`, which ended or could not be started before, again. When that fails, the supervisor is told by a
   * cast `tryAgainRestart` of its own.
   */
  async restart(child: SupervisedChild): Promise<Restarted> {
    if (!(child instanceof ChildByPid)) return 'gone'
    if (!this.#restarts.allows(this.#process.node.host.monotonic())) {
      this.#reports.gaveUp(child, this.#restarts.reasons)
      this.remove(child)
      return 'too_many_restarts'
    }
    const started = withoutThrow(await startChild(this.#process, child.spec, child.extra), this.#rules)
    if (started.outcome === 'ok') {
      this.remove(child)
      if (started.pid === undefined) return 'gone'
      return this.#keep(new ChildByPid(child.spec, child.extra, started.pid))
    }
    this.#restarts.note(child.spec.id, started.reason)
    if (this.#rules === 'Elixir') child.restarting = true
    this.#reports.error('start_error', started.reason, child)
    child.restarting = true
    this.#process.cast(this.#process.pid, 'tryAgainRestart', { pid: child.pid })
    return 'to_be_tried_again'
  }

  remove(child: SupervisedChild): void {
    if (child.pid !== undefined) this.#children.delete(this.#keyOf(child.pid))
  }

  /** All children are of this specification from now on. */
  respecify(spec: CompleteChildSpec): void {
    for (const child of this.#children.values()) child.spec = spec
  }

  /** Stops and forgets one child. */
  async stop(child: SupervisedChild): Promise<void> {
    const failed = await this.#stopOne(new ChildStopper(this.#process), child)
    if (failed !== undefined) this.#reports.error('shutdown_error', failed.reason, child)
  }

  /**
   * Stops and forgets all, at the same time; each has the time of its own specification. Resolves with those that ended
   * with another reason than they were told.
   */
  async stopAll(): Promise<readonly { readonly child: SupervisedChild; readonly reason: Reason }[]> {
    const stopper = new ChildStopper(this.#process)
    const wrong: { child: SupervisedChild; reason: Reason }[] = []
    const stop = async (child: SupervisedChild) => {
      const failed = await this.#stopOne(stopper, child)
      if (failed !== undefined) wrong.push({ child, reason: failed.reason })
    }
    await Promise.all([...this.#children.values()].map(stop))
    return wrong
  }

  async #stopOne(stopper: ChildStopper, child: SupervisedChild): Promise<{ readonly reason: Reason } | undefined> {
    const { running } = child
    const failed = running === undefined ? undefined : await stopper.stop(running, child.spec)
    this.remove(child)
    return failed
  }

  #keep(child: ChildByPid): SupervisedChild {
    this.#children.set(this.#keyOf(child.pid!), child)
    return child
  }

  #keyOf(pid: Pid): number | string {
    return keyOf(pid, this.#process.node.address)
  }
}
