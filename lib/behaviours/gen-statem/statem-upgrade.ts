import type { Process } from '../../kernel/process.ts'
import { andThen } from '../callback.ts'
import { codeChangeFailed } from '../gen-server/server-upgrade.ts'
import type { CodeChange, UndoCodeChange } from '../sys/system-server.ts'
import { type Callback, callbacksOf } from './statem-callbacks.ts'
import { INIT, Outcome } from './statem-results.ts'
import type { ServedMachine } from './statem-served.ts'
import { termOf } from './statem-status.ts'

/**
 * Has a suspended machine go on with another module. State and data are what the new module's `codeChange` makes of
 * them, and stay as they are when there is none. A module that waits below the one in use (`pushCallbackModule`) is
 * exchanged without a word: state and data are not its own at present.
 */
export function changeMachine(
  process: Process,
  machine: ServedMachine,
  change: CodeChange,
): UndoCodeChange | PromiseLike<UndoCodeChange> {
  const { to, oldVsn, extra } = change
  const { state, data } = machine
  const from = change.from ?? machine.callbacks.module
  const next = callbacksOf(to)
  const take = (result: unknown): UndoCodeChange => {
    if (!(result instanceof Outcome) || result.kind !== INIT) {
      throw codeChangeFailed(result, termOf(result), WHAT_IT_RETURNS)
    }
    const undo = machine.replaceModule(from, next)
    machine.become(result.state, result.data)
    return () => {
      undo()
      machine.become(state, data)
    }
  }
  const codeChange = next.module.codeChange as Callback | undefined
  if (codeChange === undefined || from !== machine.callbacks.module) {
    return take(new Outcome(INIT, state, data, undefined))
  }
  return andThen(codeChange.call(process, oldVsn, state, data, extra), take)
}

const WHAT_IT_RETURNS = 'codeChange returns ok(state, data) or failure(reason)'
