import { fault } from '../internal/errors.ts'
import type { Caller, CallOptions } from '../kernel/context.ts'
import { describe } from '../kernel/exit.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Dest } from '../kernel/protocol.ts'
import { badReturn } from './bad-return.ts'
import { andThen } from './callback.ts'
import { ownerOf } from './caller.ts'
import {
  type GenServer,
  type Self,
  start as startServer,
  startLink as startServerLink,
} from './gen-server/gen-server.ts'
import { noreply, ok, reply, stop as stopResult } from './gen-server/results.ts'
import type { StartOptions, StartResult } from './proc-lib/start.ts'
import {
  type ChildOptions,
  type ChildSpec,
  child as childOf,
  type DynamicChildSpec,
  type IdOptions,
} from './supervisor/child-spec.ts'
import { stop as stopServer } from './sys/sys.ts'

/**
 * An agent is a process that keeps a value, and runs the functions that it is sent on that value, one after the other.
 *
 *     import { Agent, createNode, type Name } from 'guildhall'
 *
 *     await using node = createNode()
 *     await node.supervise({ children: [Agent.child(() => new Map<string, number>(), { name: 'scores' })] })
 *
 *     type Scores = Agent.AgentApi<Map<string, number>>
 *     const scores: Name<Scores> = { name: 'scores' }
 *     await Agent.update(node, scores, (map) => map.set('ann', 1))                 // 'ok'
 *     await Agent.get(node, scores, (map) => map.get('ann'))                       // 1
 *     await Agent.getAndUpdate(node, scores, (map) => [map.size, new Map()])       // 1
 *
 * Control flow:
 *
 *     caller                             agent
 *     get            ──fun, waits──>     fun(state) is the answer                    the state stays
 *     update         ──fun, waits──>     'ok' is the answer                          fun(state) is the state
 *     getAndUpdate   ──fun, waits──>     [answer, state] = fun(state)
 *     cast           ──fun─────────>                                                 fun(state) is the state
 *
 * A function runs in the agent's process, where its `this` is the agent: what it throws ends the agent, and the caller
 * exits with the same reason. It may be async; the agent does nothing else meanwhile. The state is handed over, not
 * copied: let a function return what its caller is to have, and nothing of the state that will be changed.
 *
 * When not to use it: as soon as there is a protocol to name, let alone timers or other messages, write a GenServer;
 * its operations can be told in a trace and called from another node, where functions cannot be sent. For a value that
 * one process alone uses, use a variable.
 *
 * The rules are those of Elixir's Agent.
 */
export interface AgentApi<S> {
  state: S
  init: [initial: AgentStart<S>]
  call: {
    get: (fun: AgentFunction<S, unknown>) => unknown
    getAndUpdate: (fun: AgentFunction<S, readonly [unknown, S]>) => unknown
    update: (fun: AgentFunction<S, S>) => 'ok'
  }
  cast: { cast: (fun: AgentFunction<S, S>) => void }
}

/** Runs in the agent's process, whose context is `this`. */
export type AgentFunction<S, R> = (this: Self<AgentApi<S>>, state: S) => R | PromiseLike<R>
/** Gives an agent its first state. */
export type AgentStart<S> = (this: Self<AgentApi<S>>) => S | PromiseLike<S>

/** Starts an agent that lives on its own, with the state that `initial` gives; that runs in the agent. */
export function start<S>(
  caller: Caller,
  initial: AgentStart<S>,
  options?: StartOptions<AgentApi<S>>,
): Promise<StartResult<AgentApi<S>>> {
  return startServer(caller, serverOf<S>(), [mustBeFunction(initial)], options)
}

/** As `start`, linked to the calling process. */
export function startLink<S>(
  caller: Caller,
  initial: AgentStart<S>,
  options?: StartOptions<AgentApi<S>>,
): Promise<StartResult<AgentApi<S>>> {
  return startServerLink(caller, serverOf<S>(), [mustBeFunction(initial)], options)
}

/** The specification of a child that is an agent; started again, it begins with what `initial` gives then. */
export function child<S>(initial: AgentStart<S>, options: IdOptions<AgentApi<S>>): ChildSpec<AgentApi<S>>
export function child<S>(initial: AgentStart<S>, options?: ChildOptions<AgentApi<S>>): DynamicChildSpec<AgentApi<S>>
export function child<S>(
  initial: AgentStart<S>,
  options: ChildOptions<AgentApi<S>> = {},
): DynamicChildSpec<AgentApi<S>> {
  return childOf(serverOf<S>(), [mustBeFunction(initial)], options)
}

/**
 * Resolves with what `fun` makes of the state, within 5000 ms unless told otherwise.
 * @throws Exit as `call` does, with the request `['get', fun]`; a function that comes too late still runs.
 */
export function get<S, R>(
  caller: Caller,
  agent: Dest<AgentApi<S>>,
  fun: AgentFunction<S, R>,
  options?: CallOptions,
): Promise<R> {
  return ask(caller, agent, 'get', fun, options) as Promise<R>
}

/** Replaces the state by what `fun` makes of it, and resolves with `'ok'` when that is done; else as `get`. */
export function update<S>(
  caller: Caller,
  agent: Dest<AgentApi<S>>,
  fun: AgentFunction<S, S>,
  options?: CallOptions,
): Promise<'ok'> {
  return ask(caller, agent, 'update', fun, options) as Promise<'ok'>
}

/**
 * `get` and `update` in one: `fun` returns `[answer, state]`, the caller gets the answer, and the state is replaced.
 * Anything else that it returns ends the agent with `['bad_return_value', it]`. Otherwise as `get`.
 */
export function getAndUpdate<S, R>(
  caller: Caller,
  agent: Dest<AgentApi<S>>,
  fun: AgentFunction<S, readonly [answer: R, state: S]>,
  options?: CallOptions,
): Promise<R> {
  return ask(caller, agent, 'getAndUpdate', fun, options) as Promise<R>
}

/** As `update`, without waiting; it does not matter whether the agent is there. */
export function cast<S>(caller: Caller, agent: Dest<AgentApi<S>>, fun: AgentFunction<S, S>): 'ok' {
  ownerOf(caller).cast(agent as Dest<AgentApi<unknown>>, 'cast', mustBeFunction(fun) as AgentFunction<unknown, unknown>)
  return 'ok'
}

/** Has the agent end once it has done what came before, and waits for that; see `sys.stop`. */
export function stop<S>(
  caller: Caller,
  agent: Dest<AgentApi<S>>,
  reason: unknown = 'normal',
  timeout: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  return stopServer(caller, agent, reason, timeout)
}

function ask(caller: Caller, agent: Dest, operation: string, fun: unknown, options?: CallOptions) {
  return ownerOf(caller).call(agent as Dest<AnyCalls>, operation, mustBeFunction(fun), options)
}

/** A mistake of the caller, which is not to end the agent. */
function mustBeFunction<F>(fun: F): F {
  if (typeof fun !== 'function')
    throw fault('badarg', `an agent is given a function of its state, not ${describe(fun, 1)}`)
  return fun
}

interface AnyCalls {
  call: Readonly<Record<string, (fun: unknown) => unknown>>
}

/**
 * The callback module of all agents. For `sys.changeCode` and `upgrade`, whose `extra` is then the function that makes
 * the new state of the old one.
 */
export const AgentServer: GenServer<AgentApi<unknown>> = {
  moduleName: 'Agent',
  init(initial) {
    return andThen(initial.call(this), (state) => ok(state))
  },
  handleCall: {
    get(fun, _from, state) {
      return andThen(fun.call(this, state), (answer) => reply(answer, state))
    },
    getAndUpdate(fun, _from, state) {
      return andThen(fun.call(this, state), (result) => {
        if (Array.isArray(result) && result.length === 2) return reply(result[0], result[1])
        return stopResult(badReturn(result, 'the function of getAndUpdate returns [answer, state]'), state)
      })
    },
    update(fun, _from, state) {
      return andThen(fun.call(this, state), (next) => reply('ok', next))
    },
  },
  handleCast: {
    cast(fun, state) {
      return andThen(fun.call(this, state), (next) => noreply(next))
    },
  },
  codeChange(_oldVsn, state, change) {
    return andThen((change as AgentFunction<unknown, unknown>).call(this, state), (next) => ok(next))
  },
}

function serverOf<S>(): GenServer<AgentApi<S>> {
  return AgentServer as unknown as GenServer<AgentApi<S>>
}

export type Agent<S> = Pid<AgentApi<S>>
