import { fault } from '../../internal/errors.ts'
import { Exit, type Reason } from '../../kernel/exit.ts'
import type { Process } from '../../kernel/process.ts'
import { ServerProgram } from '../gen-server/server-program.ts'
import type { CodeChange, UndoCodeChange } from '../sys/system-server.ts'
import { isInvalid } from './child-spec.ts'
import { isModule, type SupervisorSource, type SupervisorState } from './supervisor-api.ts'
import { SupervisorServer, specOf } from './supervisor-server.ts'
import type { SupervisorSpec } from './supervisor-spec.ts'

/**
 * The loop of supervisors: that of a GenServer, except that its code is the module, or the specification, that the
 * supervisor was started with. A code change asks the new one for its specification, with the arguments of the start
 * (supervisor.erl, `code_change/3`):
 *
 *     suspend ──> module.init(...args) ──> wrong: ['error', reason], everything stays
 *                        │
 *                        ignore: nothing changes     a specification: its flags and children take the place of the old
 *
 * No child is started or stopped; see `change` in supervisor-named.ts and simple-one-for-one.ts.
 */
class SupervisorProgram extends ServerProgram {
  override modulesOf(process: Process): readonly object[] {
    const { source }: Partial<SupervisorState> = stateOf(process) ?? {}
    return source === undefined ? [] : [source.module] // none before it has started
  }

  override async changeCode(process: Process, { to }: CodeChange): Promise<UndoCodeChange> {
    const before = stateOf(process)
    const source = sourceOf(to, before)
    const spec = await specOf(process, source)
    if (isInvalid(spec)) throw new Exit(refusal(spec[1]))
    const undo = spec === undefined ? undefined : before.children.change(spec)
    process.state = { ...before, source, spec: spec ?? before.spec }
    return () => {
      undo?.()
      process.state = before
    }
  }

  override formatStatus(process: Process): readonly unknown[] {
    return [...super.formatStatus(process), ['supervisor', [['Callback', stateOf(process).source.module]]]]
  }
}

function stateOf(process: Process): SupervisorState {
  return process.state as SupervisorState
}

function sourceOf(to: object, { source }: SupervisorState): SupervisorSource {
  if (isModule(to)) return { module: to, args: source.args, isModule: true }
  if (!('children' in to))
    throw fault('badarg', 'the new code of a supervisor is a module with init, or a specification')
  return { module: { init: () => to as SupervisorSpec }, args: source.args, isModule: false }
}

/** Why a new specification was refused; OTP tells it without the word that says which part was wrong. */
function refusal(reason: Reason): Reason {
  if (!Array.isArray(reason)) return reason
  const [part, what] = reason
  return part === 'supervisor_data' || part === 'start_spec' ? what : reason
}

export const supervisorProgram: ServerProgram = new SupervisorProgram(SupervisorServer)
