import { fault } from '../../internal/errors.ts'
import { Exit, type Reason } from '../../kernel/exit.ts'
import type { Process } from '../../kernel/process.ts'
import type { AnyGenServer } from '../gen-server/gen-server.ts'
import { ServerProgram } from '../gen-server/server-program.ts'
import type { CodeChange, UndoCodeChange } from '../sys/system-server.ts'
import { isInvalid } from './child-spec.ts'
import type { ChildInfo } from './supervised-children.ts'
import type { SupervisorState } from './supervisor-api.ts'
import { SupervisorServer, supervisorForm } from './supervisor-server.ts'
import {
  isModule,
  type SpecForm,
  type Specified,
  type SupervisorSource,
  sourceOf,
  specOf,
} from './supervisor-source.ts'
import type { CompleteSupervisorSpec, SupervisorSpec } from './supervisor-spec.ts'

/** How one kind of supervisor changes its specification while its children run. */
export interface SpecChange<S, C, T extends Specified<S, C>> {
  readonly form: SpecForm<S, C>
  /** Has the supervisor go by `spec`, and returns what undoes it. @throws Exit when it cannot. */
  take(state: T, spec: C): () => void
  /** The children, as `whichChildren` shows them: what a trace shows as the state. */
  childrenOf(state: T): readonly ChildInfo[]
  /** What is told of the reason for which a specification was refused. */
  refusal(reason: Reason): Reason
}

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
export class SupervisorProgram<S, C, T extends Specified<S, C>> extends ServerProgram {
  readonly #change: SpecChange<S, C, T>

  constructor(server: AnyGenServer, change: SpecChange<S, C, T>) {
    super(server)
    this.#change = change
  }

  override modulesOf(process: Process): readonly object[] {
    const { source } = (this.getState(process) ?? {}) as Partial<T>
    return source === undefined ? [] : [source.module] // none before it has started
  }

  override async changeCode(process: Process, { to }: CodeChange): Promise<UndoCodeChange> {
    const { form, take, refusal } = this.#change
    const before = this.getState(process) as T
    const source = this.#sourceOf(to, before)
    const spec = await specOf(process, source, form)
    if (isInvalid(spec)) throw new Exit(refusal(spec[1]))
    const undo = spec === undefined ? undefined : take(before, spec)
    this.become(process, { ...before, source, spec: spec ?? before.spec })
    return () => {
      undo?.()
      this.become(process, before)
    }
  }

  override formatStatus(process: Process): readonly unknown[] {
    const { source } = this.getState(process) as T
    return [...super.formatStatus(process), ['supervisor', [['Callback', source.module]]]]
  }

  stateOf(process: Process): readonly ChildInfo[] | undefined {
    const state = this.getState(process) as T | undefined
    return state?.source === undefined ? undefined : this.#change.childrenOf(state) // none before it has started
  }

  readonly stateLevels = 2

  #sourceOf(to: object, { source: { args } }: T): SupervisorSource<S> {
    if (isModule<S>(to)) return { module: to, args, isModule: true }
    if (this.#change.form.isSpec(to)) return sourceOf(to as S, args)
    throw fault('badarg', 'the new code of a supervisor is a module with init, or a specification')
  }
}

/** OTP tells why a new specification was refused without the word that says which part was wrong. */
function refusal(reason: Reason): Reason {
  if (!Array.isArray(reason)) return reason
  const [part, what] = reason
  return part === 'supervisor_data' || part === 'start_spec' ? what : reason
}

export const supervisorProgram: ServerProgram = new SupervisorProgram<
  SupervisorSpec,
  CompleteSupervisorSpec,
  SupervisorState
>(SupervisorServer, {
  form: supervisorForm,
  take: ({ children }, spec) => children.change(spec),
  childrenOf: ({ children }) => children.whichChildren(),
  refusal,
})
