import { Exit, type Reason } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { type ChildSpec, type CompleteChildSpec, completeChild, isInvalid } from './child-spec.ts'
import { type Started, startChild } from './child-start.ts'
import { ChildStopper } from './child-stop.ts'
import { Restarts } from './restart-intensity.ts'
import { type GroupStrategy, STRATEGIES } from './restart-strategy.ts'
import { isReported, isStartedAgain } from './restart-type.ts'
import {
  type ChildCount,
  type ChildInfo,
  countChildren,
  infoOf,
  SupervisedChild,
  SupervisedChildren,
} from './supervised-children.ts'
import type { StartChildResult, Supervision, SupervisorApi } from './supervisor-api.ts'
import { SupervisorReports } from './supervisor-report.ts'
import type { CompleteSupervisorSpec } from './supervisor-spec.ts'

type Calls = SupervisorApi['call']

/** Children with ids, in an order, under one_for_one, one_for_all or rest_for_one. */
export class NamedSupervision implements Supervision {
  readonly #process: Process
  readonly #reports: SupervisorReports
  readonly #restarts: Restarts
  readonly #children: SupervisedChildren
  #strategy: GroupStrategy
  #autoShutdown: CompleteSupervisorSpec['autoShutdown']

  constructor(process: Process, module: unknown, strategy: GroupStrategy, spec: CompleteSupervisorSpec) {
    this.#process = process
    this.#reports = new SupervisorReports(process, module)
    this.#restarts = new Restarts(spec)
    this.#children = new SupervisedChildren(process.node.address, spec.children)
    this.#strategy = strategy
    this.#autoShutdown = spec.autoShutdown
  }

  async startAll(): Promise<readonly [id: unknown, reason: Reason] | undefined> {
    const failed = await this.#start([...this.#children])
    return failed && [failed.child.spec.id, failed.reason]
  }

  find(id: unknown): SupervisedChild | undefined {
    return this.#children.find(id)
  }

  stopAll(): Promise<void> {
    return this.#stop(this.#children.newestFirst())
  }

  unexpected(message: unknown): void {
    this.#reports.unexpected(message)
  }

  // --- a child ends

  ended(from: Pid, reason: Reason): boolean | Promise<boolean> {
    const child = this.#children.ofPid(from)
    if (child === undefined) return true
    const { id, restart } = child.spec
    if (isReported(restart, reason)) this.#reports.error('child_terminated', reason, child)
    if (isStartedAgain(restart, reason)) {
      this.#restarts.note(id, reason)
      return this.#restart(child)
    }
    this.#drop(child)
    return !this.#endsWith(child)
  }

  tryAgain({ id }: { readonly id?: unknown }): boolean | Promise<boolean> {
    const child = this.#children.find(id)
    return child?.restarting ? this.#restart(child) : true
  }

  /** Whether the supervisor is to end because `child`, which has ended for good, was significant. */
  #endsWith(child: SupervisedChild): boolean {
    if (!child.spec.significant || this.#autoShutdown === 'never') return false
    if (this.#autoShutdown === 'any_significant') return true
    for (const other of this.#children) if (other.spec.significant && other.status !== undefined) return false
    return true
  }

  /** Starts `child`, and with it its group, again. False when that was once too often: the supervisor is to end. */
  async #restart(child: SupervisedChild): Promise<boolean> {
    const children = this.#children
    if (!this.#restarts.allows(this.#process.node.host.monotonic())) {
      this.#reports.gaveUp(child, this.#restarts.reasons)
      this.#drop(child)
      return false
    }
    const before = child.pid
    let group = STRATEGIES[this.#strategy](children, child)
    if (this.#strategy !== 'one_for_one') {
      children.stopped(child)
      await this.#stop([...group].reverse())
      group = group.filter((member) => member.spec.restart !== 'temporary')
    }
    const failed = await this.#start(group)
    if (failed !== undefined) {
      const { id } = failed.child.spec
      this.#restarts.note(id, failed.reason)
      children.failed(failed.child, failed.child === child ? before : undefined)
      // Not in a loop: what is queued has its turn before the next attempt, and sees the child as `restarting`.
      this.#process.cast(this.#process.pid, 'tryAgainRestart', { id })
    }
    return true
  }

  // --- starting and stopping

  /** Starts `children` one after the other, up to the first that fails. */
  async #start(
    children: readonly SupervisedChild[],
  ): Promise<{ readonly child: SupervisedChild; readonly reason: Reason } | undefined> {
    for (const child of children) {
      const started = await this.#startOne(child)
      if (started.outcome === 'error') {
        this.#reports.error('start_error', started.reason, child)
        return { child, reason: started.reason }
      }
      if (started.pid === undefined && child.spec.restart === 'temporary') this.#children.remove(child)
    }
    return undefined
  }

  async #startOne(child: SupervisedChild): Promise<Started> {
    const started = await startChild(this.#process, child.spec, 'OTP')
    if (started.outcome === 'error') return started
    this.#children.started(child, started.pid)
    if (started.pid !== undefined) this.#reports.progress(child)
    return started
  }

  /** Stops `children` one after the other: the next only when the one before is down. */
  async #stop(children: readonly SupervisedChild[]): Promise<void> {
    const stopper = new ChildStopper(this.#process, 'OTP')
    for (const child of children) {
      const { running } = child
      const failed = running === undefined ? undefined : await stopper.stop(running, child.spec)
      if (failed !== undefined) this.#reports.error('shutdown_error', failed.reason, child)
      this.#drop(child)
    }
  }

  /** What stays of a child that was not started again: its specification, unless it is temporary. */
  #drop(child: SupervisedChild): void {
    if (child.spec.restart === 'temporary') this.#children.remove(child)
    else this.#children.stopped(child)
  }

  // --- requests

  async startChild(what: ChildSpec | readonly unknown[]): Promise<StartChildResult> {
    if (Array.isArray(what)) return ['error', ['invalid_child_spec', what]]
    const complete = completeChild(what as ChildSpec, this.#autoShutdown)
    if (isInvalid(complete)) return ['error', complete[1]]
    const present = this.#children.find(complete.id)
    if (present !== undefined) {
      return ['error', present.running === undefined ? 'already_present' : ['already_started', present.running]]
    }
    const child = new SupervisedChild(complete)
    const started = await this.#startOne(child)
    if (started.outcome === 'ok') {
      if (started.pid !== undefined || complete.restart !== 'temporary') this.#children.add(child)
      return resultOf(started)
    }
    const { reason } = started
    if (Array.isArray(reason) && reason[0] === 'already_started') return ['error', reason]
    return ['error', [reason, recordOf(complete)]]
  }

  async restartChild(id: unknown): Promise<StartChildResult> {
    const child = this.#children.find(id)
    if (child === undefined) return ['error', 'not_found']
    if (child.status !== undefined) return ['error', child.restarting ? 'restarting' : 'running']
    const started = await this.#startOne(child)
    return started.outcome === 'ok' ? resultOf(started) : ['error', started.reason]
  }

  async terminateChild(id: unknown): Promise<ReturnType<Calls['terminateChild']>> {
    const child = this.#children.find(id)
    if (child === undefined) return ['error', 'not_found']
    await this.#stop([child])
    return 'ok'
  }

  deleteChild(id: unknown): ReturnType<Calls['deleteChild']> {
    const child = this.#children.find(id)
    if (child === undefined) return ['error', 'not_found']
    if (child.status !== undefined) return ['error', child.restarting ? 'restarting' : 'running']
    this.#children.remove(child)
    return 'ok'
  }

  getChildspec(id: unknown): ReturnType<Calls['getChildspec']> {
    const child = this.#children.find(id)
    return child === undefined ? ['error', 'not_found'] : ['ok', child.spec]
  }

  whichChild(id: unknown): ReturnType<Calls['whichChild']> {
    const child = this.#children.find(id)
    return child === undefined ? ['error', 'not_found'] : ['ok', infoOf(child)]
  }

  whichChildren(): readonly ChildInfo[] {
    return this.#children.newestFirst().map(infoOf)
  }

  countChildren(): ChildCount {
    return countChildren(this.#children, this.#process.node.address)
  }

  /**
   * The rules of a code change (supervisor.erl, `update_childspec`): children of the new specification keep their
   * processes, and the new ones wait to be started; those that it does not name any more stay as they are, behind the
   * others. Nothing is started or stopped.
   */
  change(spec: CompleteSupervisorSpec): () => void {
    const { strategy, autoShutdown } = spec
    if (strategy === 'simple_one_for_one') throw new Exit(['invalid_strategy', strategy])
    const before = [this.#restarts.rule, this.#strategy, this.#autoShutdown] as const
    this.#restarts.rule = spec
    this.#strategy = strategy
    this.#autoShutdown = autoShutdown
    const undo = this.#children.respecify(spec.children)
    return () => {
      undo()
      ;[this.#restarts.rule, this.#strategy, this.#autoShutdown] = before
    }
  }
}

function resultOf({ pid, info }: Extract<Started, { outcome: 'ok' }>): StartChildResult {
  return info === undefined ? ['ok', pid] : ['ok', pid, info[0]]
}

/** OTP's record of a child that was not added: `{child, Pid, Id, ...}`. */
function recordOf({ id, start, restart: when, significant, shutdown, type, modules }: CompleteChildSpec): Reason {
  return ['child', undefined, id, start, when, significant, shutdown, type, modules]
}
