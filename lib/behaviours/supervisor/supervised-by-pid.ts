import type { Reason } from '../../kernel/exit.ts'
import { keyOf } from '../../kernel/links.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { CompleteChildSpec } from './child-spec.ts'
import { type Rules, type Started, startChild } from './child-start.ts'
import { ChildStopper } from './child-stop.ts'
import { type RestartIntensity, Restarts } from './restart-intensity.ts'
import { isReported, isStartedAgain } from './restart-type.ts'
import { type ChildCount, type ChildInfo, infoOf, SupervisedChild } from './supervised-children.ts'
import { SupervisorReports } from './supervisor-report.ts'

/** What came of a restart: the child that runs now, or why none does. */
export type Restarted = SupervisedChild | 'to_be_tried_again' | 'gone' | 'too_many_restarts'

/** What came of a child that ended: it is forgotten, or to be started again. */
export type Ended = 'gone' | Promise<Restarted>

/** A child that was started with arguments of its own. */
class ChildByPid extends SupervisedChild {
  readonly #extra: readonly unknown[]

  constructor(spec: CompleteChildSpec, extra: readonly unknown[], pid: Pid) {
    super(spec)
    this.#extra = extra
    this.pid = pid
  }

  override get extra(): readonly unknown[] {
    return this.#extra
  }
}

/**
 * Children that are known by their pids and do not depend on each other: those of a DynamicSupervisor, of a
 * ConsumerSupervisor and of a supervisor with simple_one_for_one. Each is started again alone and gets a new pid; all
 * are stopped at the same time. While one waits for the next attempt to start it, it is known by the pid it had.
 *
 * There are two sets of rules. By Elixir's the report of a restart that failed calls the child `['restarting', pid]`
 * the first time, too, and children that did not end as they were told are reported each, not together by their
 * reasons; what else differs is in child-start.ts and child-stop.ts. By neither is a start reported as progress.
 */
export class ChildrenByPid {
  readonly reports: SupervisorReports
  readonly #process: Process
  readonly #restarts: Restarts
  readonly #rules: Rules
  readonly #children = new Map<number | string, ChildByPid>()

  /** `module` is what reports call the supervisor by when it has no name. */
  constructor(process: Process, module: unknown, rule: RestartIntensity, rules: Rules) {
    this.reports = new SupervisorReports(process, module)
    this.#process = process
    this.#restarts = new Restarts(rule)
    this.#rules = rules
  }

  get size(): number {
    return this.#children.size
  }

  /** In the order they were started. */
  [Symbol.iterator](): IterableIterator<SupervisedChild> {
    return this.#children.values()
  }

  /** The child whose process is `pid`, or was when it waits for the next attempt to start it. */
  find(pid: Pid): SupervisedChild | undefined {
    return this.#children.get(this.#keyOf(pid))
  }

  /** As `find`, only of a process that counts as running. */
  findRunning(pid: Pid): SupervisedChild | undefined {
    const child = this.find(pid)
    return child?.restarting ? undefined : child
  }

  /** Starts a child, `extra` being given to its start function; one that declines is not kept. */
  async start(spec: CompleteChildSpec, extra: readonly unknown[]): Promise<Started> {
    const started = await startChild(this.#process, spec, this.#rules, extra)
    if (started.outcome === 'ok' && started.pid !== undefined) this.#keep(new ChildByPid(spec, extra, started.pid))
    return started
  }

  // --- the end of a child

  /** The process of `child` has ended: starts the child again, or forgets it, as its specification says. */
  ended(child: SupervisedChild, reason: Reason): Ended {
    const { id, restart } = child.spec
    if (isReported(restart, reason)) this.reports.error('child_terminated', reason, child)
    if (isStartedAgain(restart, reason)) {
      this.#restarts.note(id, reason)
      return this.restart(child)
    }
    this.#remove(child)
    return 'gone'
  }

  /**
   * Starts `child`, which ended or could not be started before, again. When that fails, the supervisor is told by a
   * cast `tryAgainRestart` of its own.
   */
  async restart(child: SupervisedChild): Promise<Restarted> {
    if (!(child instanceof ChildByPid)) return 'gone'
    if (!this.#restarts.allows(this.#process.node.host.monotonic())) {
      this.reports.gaveUp(child, this.#restarts.reasons)
      this.#remove(child)
      return 'too_many_restarts'
    }
    const started = await startChild(this.#process, child.spec, this.#rules, child.extra)
    if (started.outcome === 'ok') {
      this.#remove(child)
      if (started.pid === undefined) return 'gone'
      return this.#keep(new ChildByPid(child.spec, child.extra, started.pid))
    }
    this.#restarts.note(child.spec.id, started.reason)
    if (this.#rules === 'Elixir') child.restarting = true
    this.reports.error('start_error', started.reason, child)
    child.restarting = true
    this.#process.cast(this.#process.pid, 'tryAgainRestart', { pid: child.pid })
    return 'to_be_tried_again'
  }

  // --- stopping

  /** Stops and forgets one child. */
  async stop(child: SupervisedChild): Promise<void> {
    const failed = await this.#stopOne(new ChildStopper(this.#process, this.#rules), child)
    if (failed !== undefined) this.reports.error('shutdown_error', failed.reason, child)
  }

  /** Stops and forgets all, at the same time; each has the time of its own specification. */
  async stopAll(): Promise<void> {
    const stopper = new ChildStopper(this.#process, this.#rules)
    const wrong: { child: SupervisedChild; reason: Reason }[] = []
    const stop = async (child: SupervisedChild) => {
      const failed = await this.#stopOne(stopper, child)
      if (failed !== undefined) wrong.push({ child, reason: failed.reason })
    }
    await Promise.all([...this.#children.values()].map(stop))
    if (this.#rules === 'Elixir') {
      for (const { child, reason } of wrong) this.reports.error('shutdown_error', reason, child)
    } else this.reports.errorOfMany(wrong)
  }

  async #stopOne(stopper: ChildStopper, child: SupervisedChild): Promise<{ readonly reason: Reason } | undefined> {
    const { running } = child
    const failed = running === undefined ? undefined : await stopper.stop(running, child.spec)
    this.#remove(child)
    return failed
  }

  // --- what it knows

  /** As `which_children` shows them: without ids. */
  infos(): readonly ChildInfo[] {
    return Array.from(this.#children.values(), nameless)
  }

  /** How many there are when all are of one specification, `template`. */
  countOf({ type }: CompleteChildSpec): ChildCount {
    const { size } = this
    let active = 0
    for (const { restarting } of this) if (!restarting) active++
    const isSupervisor = type === 'supervisor'
    return { specs: 1, active, supervisors: isSupervisor ? size : 0, workers: isSupervisor ? 0 : size }
  }

  /** Goes by other rules from now on; the restarts that there were go on counting. Returns what undoes it. */
  change(rule: RestartIntensity, template?: CompleteChildSpec): () => void {
    const before = this.#restarts.rule
    const specs = Array.from(this.#children.values(), (child) => [child, child.spec] as const)
    this.#restarts.rule = rule
    if (template !== undefined) for (const [child] of specs) child.spec = template
    return () => {
      this.#restarts.rule = before
      for (const [child, spec] of specs) child.spec = spec
    }
  }

  #keep(child: ChildByPid): SupervisedChild {
    this.#children.set(this.#keyOf(child.pid!), child)
    return child
  }

  #remove(child: SupervisedChild): void {
    if (child.pid !== undefined) this.#children.delete(this.#keyOf(child.pid))
  }

  #keyOf(pid: Pid): number | string {
    return keyOf(pid, this.#process.node.address)
  }
}

/** The children have no ids: OTP calls each `undefined`. */
export function nameless(child: SupervisedChild): ChildInfo {
  const [, ...rest] = infoOf(child)
  return ['undefined', ...rest] as ChildInfo
}
