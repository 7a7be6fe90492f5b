import {
  type Caller,
  type Context,
  type Dest,
  type From,
  GenStatem,
  type Pid,
  type Self,
  type StartResult,
  type StateMachine,
  type StatemEvent,
} from '../../../lib/index.ts'
import { termOfError } from './printer.ts'
import { scnOf } from './scn.ts'

/** A state machine in handle_event_function mode whose clauses are functions given when it starts (erlang/fsm.erl). */
export interface FsmApi {
  state: unknown
  data: unknown
  init: [functions: Functions]
  call: { [operation: string]: (request?: unknown) => unknown }
  cast: { [operation: string]: (request?: unknown) => void }
  info: unknown
  internal: unknown
  stateTimeout: unknown
  eventTimeout: unknown
  timeout: { [name: string]: unknown }
}

export type Fsm = Pid<FsmApi>

/**
 * One event: its type as Erlang has it (`call` for `{call, From}`, which is the last argument), its content, state and
 * data. Returns anything: the scenarios return what they should not, too.
 */
type Handle = (
  this: Self<FsmApi>,
  type: unknown,
  content: unknown,
  state: unknown,
  data: never,
  from: From<unknown>,
) => unknown

export interface Functions {
  readonly name?: string
  readonly enter?: true
  readonly state?: unknown
  readonly data?: unknown
  readonly init?: (this: Self<FsmApi>) => unknown
  readonly ev: Handle
}

/** What the Erlang original keeps in the process dictionary. */
const dictionary = new WeakMap<Pid, Functions>()

const clauses: StateMachine<FsmApi> = {
  callbackMode: 'handle_event_function',
  init(functions) {
    const { name = 'fsm', init, state = 's0', data = 0 } = functions
    dictionary.set(this.self, functions)
    scnOf(this.node).name(name, this.self)
    return init === undefined ? GenStatem.ok(state, data) : (init.call(this) as never)
  },
  handleEvent(event, state, data) {
    const { ev } = dictionary.get(this.self)!
    return ev.call(this, typeOf(event), contentOf(event), state, data as never, event.from as never) as never
  },
  terminate(reason, state, data) {
    const scn = scnOf(this.node)
    const why = reason instanceof Error ? termOfError(reason) : reason
    scn.log(`terminate ${scn.fmt(why)} in ${scn.fmt(state)} data ${scn.fmt(data)}`)
  },
}
const entering: StateMachine<FsmApi> = { ...clauses, stateEnter: true }

function typeOf({ type, name }: StatemEvent<FsmApi>): unknown {
  return name === undefined ? type : [type, name]
}

/** A request without an argument is an atom, one with an argument a tuple. */
export function contentOf({
  operation,
  content,
}: {
  readonly operation?: unknown
  readonly content: unknown
}): unknown {
  if (operation === undefined) return content
  return content === undefined ? operation : [operation, content]
}

export function startFsm(self: Context, functions: Functions): Promise<StartResult<FsmApi>> {
  return GenStatem.start(self, functions.enter ? entering : clauses, [functions])
}

/** The reason of a start that fails with an error comes without the stack; an error here has it always with it. */
export async function startFsmLink(self: Context, functions: Functions): Promise<StartResult<FsmApi>> {
  const result = await GenStatem.startLink(self, functions.enter ? entering : clauses, [functions])
  const failed = result !== 'ignore' && result[0] === 'error' && result[1] instanceof Error
  return failed ? ['error', termOfError(result[1] as Error)] : result
}

/** The match `{ok, Pid} = Result`. */
export async function started(starting: Promise<StartResult<FsmApi>>): Promise<Fsm> {
  const result = await starting
  if (result === 'ignore' || result[0] !== 'ok') throw new Error('badmatch', { cause: result })
  return result[1]
}

/** `gen_statem:call(Fsm, Request)`, the request being an atom or a tuple of an atom and one more term. */
export function call(self: Caller, to: Dest<FsmApi>, operation: string, request?: unknown): Promise<unknown> {
  return GenStatem.call(self, to, operation, request)
}
