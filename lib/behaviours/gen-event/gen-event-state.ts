import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { equalTerms } from '../../kernel/term.ts'
import { WHAT_CODE_CHANGE_RETURNS } from '../bad-return.ts'
import { OK, Result } from '../gen-server/results.ts'
import type { FormatStatus } from '../gen-server/server-report.ts'
import { codeChangeFailed } from '../gen-server/server-upgrade.ts'
import type { CodeChange } from '../sys/system-server.ts'
import { type AnyEventHandler, type AnyHandlerRef, termOf } from './gen-event-handler.ts'

/** A handler that was added: whose callbacks, under which id, with which state, and who is told when it is gone. */
export class Installed {
  readonly ref: AnyHandlerRef
  readonly module: AnyEventHandler
  readonly id: unknown
  readonly supervisor: Pid | undefined
  state: unknown = undefined

  constructor(ref: AnyHandlerRef, supervisor: Pid | undefined) {
    this.module = Array.isArray(ref) ? ref[0] : ref
    this.id = idOf(ref)
    this.ref = this.id === undefined ? this.module : ref
    this.supervisor = supervisor
  }

  get entry(): readonly [module: AnyEventHandler, id: unknown, state: unknown] {
    return [this.module, this.id === undefined ? false : this.id, this.state]
  }

  /** How reports call it: by the module's name, if it has one. */
  get label(): unknown {
    const module = this.module.moduleName ?? this.module
    return this.id === undefined ? module : [module, this.id]
  }

  /** The status as the module shows it; a `formatStatus` that fails is told in the place of the state, as in OTP. */
  shown(process: Process, status: FormatStatus): FormatStatus {
    const format = this.module.formatStatus as ((this: Process, status: FormatStatus) => unknown) | undefined
    if (format === undefined) return status
    const failed = (what: string) => ({ ...status, state: `${this.module.moduleName}:format_status/1 ${what}` })
    try {
      const shown = format.call(process, status)
      return typeof shown === 'object' && shown !== null ? { ...status, ...shown } : failed('did not return a map')
    } catch {
      return failed('crashed')
    }
  }

  /** As it is after the code change, when it is one of those whose module `from` is replaced by `to`. */
  async changed(process: Process, { from, to, oldVsn, extra }: CodeChange): Promise<Installed> {
    if (this.module !== (from ?? to)) return this
    const module = to as AnyEventHandler
    const next = new Installed(this.id === undefined ? module : [module, this.id], this.supervisor)
    const codeChange = module.codeChange as ((...args: unknown[]) => unknown) | undefined
    next.state =
      codeChange === undefined ? this.state : stateOf(await codeChange.call(process, oldVsn, this.state, extra))
    return next
  }

  isNamedBy(ref: AnyHandlerRef): boolean {
    return this.module === (Array.isArray(ref) ? ref[0] : ref) && equalTerms(this.id, idOf(ref))
  }
}

/** None, when it is told by the module alone; the id `false` is none, too, as in OTP. */
function idOf(ref: AnyHandlerRef): unknown {
  return Array.isArray(ref) && ref[1] !== false ? ref[1] : undefined
}

/** The state of a manager's process. */
export class Manager {
  /** The newest first: the order in which they are called. */
  handlers: readonly Installed[] = []

  indexOf(ref: AnyHandlerRef): number {
    return this.handlers.findIndex((handler) => handler.isNamedBy(ref))
  }

  /** Puts `handler` in the place `index`, or takes the place away. */
  put(index: number, handler: Installed | undefined): void {
    const rest = handler === undefined ? [] : [handler]
    this.handlers = [...this.handlers.slice(0, index), ...rest, ...this.handlers.slice(index + 1)]
  }
}

/** The state that `codeChange` gave. */
function stateOf(result: unknown): unknown {
  if (result instanceof Result && result.kind === OK) return result.state
  throw codeChangeFailed(result, termOf(result), WHAT_CODE_CHANGE_RETURNS)
}
