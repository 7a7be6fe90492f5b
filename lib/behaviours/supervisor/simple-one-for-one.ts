import { fault } from '../../internal/errors.ts'
import { Exit, type Reason } from '../../kernel/exit.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { equalTerms } from '../../kernel/term.ts'
import type { AutoShutdown, ChildSpec, CompleteChildSpec } from './child-spec.ts'
import { type RestartIntensity, Restarts } from './restart-intensity.ts'
import { isReported, isStartedAgain } from './restart-type.ts'
import { ChildrenByPid } from './supervised-by-pid.ts'
import { type ChildCount, type ChildInfo, infoOf, type SupervisedChild } from './supervised-children.ts'
import type { StartChildResult, Supervision, SupervisorApi } from './supervisor-api.ts'
import { SupervisorReports } from './supervisor-report.ts'
import type { CompleteSupervisorSpec } from './supervisor-spec.ts'

type Calls = SupervisorApi['call']
const REFUSED = ['error', 'simple_one_for_one'] as const
const NOT_FOUND = ['error', 'not_found'] as const

/**
 * The strategy simple_one_for_one: any number of children of one specification, the template, each started with
 * arguments of its own behind those of the template.
 *
 *     startChild(args)       starts one; one that declines is not kept
 *     terminateChild(pid)    also `ok` for a pid that has ended; ids are refused with `simple_one_for_one`
 *     the end                all are stopped at the same time
 *
 * A child that declines when it is started again is forgotten. (OTP 25 keeps it without a process, and then crashes
 * when it is to stop its children.)
 */
export class SimpleSupervision implements Supervision {
  readonly #process: Process
  readonly #reports: SupervisorReports
  readonly #restarts: Restarts
  readonly #children: ChildrenByPid
  #template: CompleteChildSpec
  #autoShutdown: AutoShutdown

  constructor(process: Process, module: unknown, spec: CompleteSupervisorSpec) {
    this.#process = process
    this.#reports = new SupervisorReports(process, module)
    this.#restarts = new Restarts(spec)
    this.#children = new ChildrenByPid(process, this.#restarts, this.#reports, 'OTP')
    this.#template = spec.children[0]!
    this.#autoShutdown = spec.autoShutdown
  }

  find(pid: unknown): SupervisedChild | undefined {
    return pid instanceof Pid ? this.#children.find(pid) : undefined
  }

  async startAll(): Promise<undefined> {
    return undefined
  }

  /** Reports those that ended otherwise than they were told, together by their reasons. */
  async stopAll(): Promise<void> {
    const groups: { readonly reason: Reason; count: number }[] = []
    for (const { reason } of await this.#children.stopAll()) {
      const group = groups.find((other) => equalTerms(other.reason, reason))
      if (group === undefined) groups.push({ reason, count: 1 })
      else group.count++
    }
    for (const { reason, count } of groups) this.#reports.errorOfMany(reason, count, this.#template)
  }

  unexpected(message: unknown): void {
    this.#reports.unexpected(message)
  }

  // --- a child ends

  ended(from: Pid, reason: Reason): boolean | Promise<boolean> {
    const child = this.#children.find(from)
    if (child === undefined || child.restarting) return true
    const { id, restart } = child.spec
    if (isReported(restart, reason)) this.#reports.error('child_terminated', reason, child)
    if (isStartedAgain(restart, reason)) {
      this.#restarts.note(id, reason)
      return this.#restart(child)
    }
    this.#children.remove(child)
    return !this.#endsWith(child)
  }

  tryAgain({ pid }: { readonly pid?: Pid | undefined }): boolean | Promise<boolean> {
    const child = pid && this.#children.find(pid)
    return child?.restarting ? this.#restart(child) : true
  }

  async #restart(child: SupervisedChild): Promise<boolean> {
    return (await this.#children.restart(child)) !== 'too_many_restarts'
  }

  #endsWith({ spec }: SupervisedChild): boolean {
    if (!spec.significant || this.#autoShutdown === 'never') return false
    return this.#autoShutdown === 'any_significant' || this.#children.size === 0
  }

  // --- requests

  /** What is no array of arguments is the failed start that it is in OTP. */
  async startChild(what: ChildSpec | readonly unknown[]): Promise<StartChildResult> {
    if (!Array.isArray(what)) {
      return ['error', ['EXIT', fault('badarg', 'a simple_one_for_one supervisor takes an array of arguments')]]
    }
    const started = await this.#children.start(this.#template, what)
    if (started.outcome === 'error') return ['error', started.reason]
    return started.info === undefined ? ['ok', started.pid] : ['ok', started.pid, started.info[0]]
  }

  async restartChild(_id: unknown): Promise<StartChildResult> {
    return REFUSED
  }

  deleteChild(_id: unknown): ReturnType<Calls['deleteChild']> {
    return REFUSED
  }

  async terminateChild(id: unknown): Promise<ReturnType<Calls['terminateChild']>> {
    if (!(id instanceof Pid)) return REFUSED
    const child = this.#children.find(id)
    if (child === undefined) return this.#isAlive(id) ? NOT_FOUND : 'ok'
    await this.#children.stop(child)
    return 'ok'
  }

  /** The template, by its id or by the pid of a child; as in OTP also by one that has ended. */
  getChildspec(id: unknown): ReturnType<Calls['getChildspec']> {
    const known =
      id instanceof Pid
        ? this.#children.find(id) !== undefined || !this.#isAlive(id)
        : equalTerms(id, this.#template.id)
    return known ? ['ok', this.#template] : NOT_FOUND
  }

  whichChild(id: unknown): ReturnType<Calls['whichChild']> {
    if (!(id instanceof Pid)) return REFUSED
    const child = this.#children.find(id)
    return child === undefined ? NOT_FOUND : ['ok', nameless(child)]
  }

  whichChildren(): readonly ChildInfo[] {
    return Array.from(this.#children, nameless)
  }

  /** One specification, whatever the number of children. */
  countChildren(): ChildCount {
    const { size } = this.#children
    let active = 0
    for (const { restarting } of this.#children) if (!restarting) active++
    const isSupervisor = this.#template.type === 'supervisor'
    return { specs: 1, active, supervisors: isSupervisor ? size : 0, workers: isSupervisor ? 0 : size }
  }

  /** The new template counts for the children that run, too: for how they are started again and stopped. */
  change(spec: CompleteSupervisorSpec): () => void {
    const { strategy, autoShutdown } = spec
    if (strategy !== 'simple_one_for_one') throw new Exit(['invalid_strategy', strategy])
    const before = [this.#restarts.rule, this.#template, this.#autoShutdown] as const
    const take = (rule: RestartIntensity, template: CompleteChildSpec, shutdown: AutoShutdown) => {
      this.#restarts.rule = rule
      this.#template = template
      this.#autoShutdown = shutdown
      this.#children.respecify(template)
    }
    take(spec, spec.children[0]!, autoShutdown)
    return () => take(...before)
  }

  #isAlive(pid: Pid): boolean {
    return pid.process !== undefined || pid.address !== this.#process.node.address
  }
}

/** The children have no ids: OTP calls each `undefined`. */
function nameless(child: SupervisedChild): ChildInfo {
  const [, ...rest] = infoOf(child)
  return ['undefined', ...rest] as ChildInfo
}
