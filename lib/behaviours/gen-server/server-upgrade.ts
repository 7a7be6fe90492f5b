import { Exit } from '../../kernel/exit.ts'
import type { Process } from '../../kernel/process.ts'
import { badReturn, WHAT_CODE_CHANGE_RETURNS } from '../bad-return.ts'
import { andThen } from '../callback.ts'
import type { CodeChange, UndoCodeChange } from '../sys/system-server.ts'
import type { AnyGenServer } from './gen-server.ts'
import { FAILURE, OK, Result, termOf } from './results.ts'

/** The loop of one module, as an upgrade sees it. */
interface Code {
  readonly module: AnyGenServer
  getState(process: Process): unknown
  /** Has the process go on with this module, in this state. */
  become(process: Process, state: unknown): void
}

type Callback = (this: Process, oldVsn: unknown, state: unknown, extra: unknown) => unknown

/**
 * Has a suspended server go on with another module. The state is what the new module's `codeChange` makes of it, and
 * stays as it is when there is none.
 */
export function changeServer(
  process: Process,
  current: Code,
  next: Code,
  { oldVsn, extra }: CodeChange,
): UndoCodeChange | PromiseLike<UndoCodeChange> {
  const before = current.getState(process)
  const take = (state: unknown): UndoCodeChange => {
    next.become(process, state)
    return () => current.become(process, before)
  }
  const codeChange = next.module.codeChange as Callback | undefined
  if (codeChange === undefined) return take(before)
  return andThen(codeChange.call(process, oldVsn, before, extra), (result) => take(changedState(result)))
}

/** The state that `codeChange` gave. @throws Exit with the reason when it gave none. */
function changedState(result: unknown): unknown {
  if (result instanceof Result && result.kind === OK) return result.state
  throw codeChangeFailed(result, termOf(result), WHAT_CODE_CHANGE_RETURNS)
}

/** Why a code change came to nothing: `codeChange` refused, or returned what is not right, as `hint` says. */
export function codeChangeFailed(result: unknown, term: unknown, hint: string): Exit {
  const isRefused = result instanceof Result && result.kind === FAILURE
  return new Exit(isRefused ? result.reason : badReturn(term, hint))
}
