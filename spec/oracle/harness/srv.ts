import {
  type Context,
  type From,
  type GenServer,
  noreply,
  ok,
  type Pid,
  type Reason,
  reply,
  type Self,
  type StartMonitorResult,
  type StartOptions,
  type StartResult,
  start,
  startLink,
} from '../../../lib/index.ts'
import { scnOf } from './scn.ts'
import { module } from './terms.ts'

/** A GenServer whose callbacks are functions given to it when it is started (erlang/srv.erl). */
export interface SrvApi {
  state: unknown
  init: [functions: Functions]
  call: {
    do(run: DoCall): unknown
    get(): unknown
    sync(): unknown
    c(): unknown
    x(): unknown
    req(): unknown
    a(): unknown
    d(): unknown
    i(n: number): unknown
  }
  cast: { do(run: DoCast): void; message(term: unknown): void }
  continue: unknown
}

export type DoCall = (this: Self<SrvApi>, from: From<unknown>, state: unknown) => Handled
type DoCast = (this: Self<SrvApi>, state: unknown) => Handled
/** Not the results a callback may return: the scenarios return others, too. */
type Handled = unknown

export interface Functions {
  readonly name?: string
  readonly trap?: boolean
  readonly state?: unknown
  readonly init?: (this: Self<SrvApi>) => unknown
  readonly call?: (this: Self<SrvApi>, request: string, from: From<unknown>, state: unknown) => Handled
  readonly cast?: (this: Self<SrvApi>, request: unknown, state: unknown) => Handled
  readonly info?: (this: Self<SrvApi>, message: unknown, state: unknown) => Handled
  readonly continue?: (this: Self<SrvApi>, what: unknown, state: unknown) => Handled
  readonly codeChange?: (this: Self<SrvApi>, vsn: unknown, state: unknown, extra: unknown) => Handled
  readonly term?: (this: Self<SrvApi>, reason: Reason, state: unknown) => unknown
}

/** What the Erlang original keeps in the process dictionary. */
const dictionary = new WeakMap<Pid, Functions>()

function functionsOf(self: Self<SrvApi>): Functions {
  return dictionary.get(self.self) ?? {}
}

function log(self: Self<SrvApi>, ...words: readonly unknown[]): void {
  const scn = scnOf(self.node)
  const [what, ...terms] = words
  scn.log(`${functionsOf(self).name ?? 'srv'} ${what} ${terms.map((term) => scn.fmt(term)).join(', ')}`)
}

type CallClause = (this: Self<SrvApi>, request: unknown, from: From<unknown>, state: unknown) => never

/** The clause for a request that only the given function `call` may know. */
function open(operation: string): CallClause {
  return function (request, from, state) {
    const { call } = functionsOf(this)
    const term = request === undefined ? operation : [operation, request]
    const result = call ? call.call(this, operation, from, state) : reply(['echo', term], state)
    return result as never
  }
}

export const Srv: GenServer<SrvApi> = module('srv', {
  init(functions) {
    const { name = 'srv', trap, state = 0, init } = functions
    scnOf(this.node).name(name, this.self)
    dictionary.set(this.self, functions)
    if (trap !== undefined) this.trapExit(trap)
    return init ? (init.call(this) as never) : ok(state)
  },
  handleCall: {
    do: function (run, from, state) {
      return run.call(this, from, state) as never
    },
    get: (_request, _from, state) => reply(state, state),
    sync: open('sync'),
    c: open('c'),
    x: open('x'),
    req: open('req'),
    a: open('a'),
    d: open('d'),
    i: open('i'),
  },
  handleCast: {
    do: function (run, state) {
      return run.call(this, state) as never
    },
    message(term, state) {
      const { cast } = functionsOf(this)
      if (cast) return cast.call(this, term, state) as never
      log(this, 'cast', term)
      return noreply(state)
    },
  },
  handleInfo(message, state) {
    const { info } = functionsOf(this)
    if (info) return info.call(this, message, state) as never
    log(this, 'info', message)
    return noreply(state)
  },
  handleContinue(what, state) {
    const functions = functionsOf(this)
    if (functions.continue) return functions.continue.call(this, what, state) as never
    log(this, 'continue', what)
    return noreply(state)
  },
  terminate(reason, state) {
    const { term } = functionsOf(this)
    if (term) return term.call(this, reason, state)
    const scn = scnOf(this.node)
    scn.log(`${functionsOf(this).name ?? 'srv'} terminate(${scn.fmt(reason)}, ${scn.fmt(state)})`)
    return 'ok'
  },
  codeChange(vsn, state, extra) {
    const { codeChange } = functionsOf(this)
    return codeChange ? (codeChange.call(this, vsn, state, extra) as never) : ok(state)
  },
} satisfies GenServer<SrvApi>)

type Options = StartOptions<SrvApi>

export function startSrv(self: Context, functions: Functions, options?: Options): Promise<StartResult<SrvApi>> {
  return start(self, Srv, [functions], options)
}

export function startSrvLink(self: Context, functions: Functions, options?: Options): Promise<StartResult<SrvApi>> {
  return startLink(self, Srv, [functions], options)
}

/** The match `{ok, Pid} = Result`. */
export async function started<T extends StartResult<SrvApi> | StartMonitorResult<SrvApi>>(
  starting: Promise<T>,
): Promise<Extract<T, readonly ['ok', unknown]>[1]> {
  const result = await starting
  if (result === 'ignore' || result[0] !== 'ok') throw new Error('badmatch', { cause: result })
  return result[1] as Extract<T, readonly ['ok', unknown]>[1]
}
