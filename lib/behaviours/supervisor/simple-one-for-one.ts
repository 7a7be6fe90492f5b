import { fault } from '../../internal/errors.ts'
import { Exit, type Reason } from '../../kernel/exit.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { equalTerms } from '../../kernel/term.ts'
import type { AutoShutdown, ChildSpec, CompleteChildSpec } from './child-spec.ts'
import { ChildrenByPid, nameless, type Restarted } from './supervised-by-pid.ts'
import type { ChildCount, ChildInfo, SupervisedChild } from './supervised-children.ts'
import type { StartChildResult, Supervision, SupervisorApi } from './supervisor-api.ts'
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
  readonly #children: ChildrenByPid
  #template: CompleteChildSpec
  #autoShutdown: AutoShutdown

  constructor(process: Process, module: unknown, spec: CompleteSupervisorSpec) {
    this.#process = process
    this.#children = new ChildrenByPid(process, module, spec, 'OTP')
    this.#template = spec.children[0]!
    this.#autoShutdown = spec.autoShutdown
  }

  find(pid: unknown): SupervisedChild | undefined {
    return pid instanceof Pid ? this.#children.find(pid) : undefined
  }

  async startAll(): Promise<undefined> {
    return undefined
  }

  stopAll(): Promise<void> {
    return this.#children.stopAll()
  }

  unexpected(message: unknown): void {
    this.#children.reports.unexpected(message)
  }

  // --- a child ends

  ended(from: Pid, reason: Reason): boolean | Promise<boolean> {
    const child = this.#children.findRunning(from)
    if (child === undefined) return true
    const outcome = this.#children.ended(child, reason)
    return outcome === 'gone' ? !this.#endsWith(child) : goesOn(outcome)
  }

  tryAgain({ pid }: { readonly pid?: Pid | undefined }): boolean | Promise<boolean> {
    const child = pid && this.#children.find(pid)
    return child?.restarting ? goesOn(this.#children.restart(child)) : true
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
    return this.#children.infos()
  }

  /** One specification, whatever the number of children. */
  countChildren(): ChildCount {
    return this.#children.countOf(this.#template)
  }

  /** The new template counts for the children that run, too: for how they are started again and stopped. */
  change(spec: CompleteSupervisorSpec): () => void {
    const { strategy, autoShutdown } = spec
    if (strategy !== 'simple_one_for_one') throw new Exit(['invalid_strategy', strategy])
    const [template, shutdown] = [this.#template, this.#autoShutdown]
    this.#template = spec.children[0]!
    this.#autoShutdown = autoShutdown
    const undo = this.#children.change(spec, this.#template)
    return () => {
      undo()
      this.#template = template
      this.#autoShutdown = shutdown
    }
  }

  #isAlive(pid: Pid): boolean {
    return pid.process !== undefined || pid.address !== this.#process.node.address
  }
}

/** Whether the supervisor goes on after a restart. */
async function goesOn(outcome: Promise<Restarted>): Promise<boolean> {
  return (await outcome) !== 'too_many_restarts'
}
