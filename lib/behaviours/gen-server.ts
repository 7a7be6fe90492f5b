import { fault } from '../internal/errors.ts'
import type { Caller, Context, From } from '../kernel/context.ts'
import type { Reason } from '../kernel/exit.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Name, Operations, Protocol, ReplyOf, RequestOf } from '../kernel/protocol.ts'
import { type StartMonitorResult, type StartOptions, type StartResult, startProcess } from './proc-lib.ts'
import type { Failure, Ignore, NoReply, Ok, Reply, Stop, StopReply } from './results.ts'
import { ServerProgram } from './server-program.ts'

/**
 * A GenServer is a process that keeps a state and answers requests one after the other: calls, whose caller waits for
 * a reply, and casts, whose caller does not. You write a callback module; the loop is here.
 *
 *     import { type GenServer, createNode, name, noreply, ok, reply } from 'guildhall'
 *
 *     interface CounterApi {
 *       state: number
 *       init: [start: number]
 *       call: { add(request: { n: number }): number; label(): string }
 *       cast: { reset(): void }
 *     }
 *
 *     const Counter: GenServer<CounterApi> = {
 *       init: (start) => ok(start),
 *       handleCall: {
 *         add: ({ n }, _from, count) => reply(count + n, count + n),
 *         label: (_request, _from, count) => reply(`${count}`, count),
 *       },
 *       handleCast: { reset: () => noreply(0) },
 *     }
 *
 *     const node = createNode()
 *     const counter = await node.start(Counter, [0])
 *     await node.call(counter, 'add', { n: 2 })       // 2; a wrong operation or request does not compile
 *     node.cast(counter, 'reset')
 *
 * Control flow, with what each callback may return (see results.ts):
 *
 *     caller                       server                              module
 *     start, startLink  ───────>   init(...args)                       ok, ignore, stop, failure
 *     call              ───────>   handleCall[operation](request, from, state)
 *     (waits)           <───────                                       reply, noreply, stop, stopReply
 *     cast              ───────>   handleCast[operation](request, state)      noreply, stop
 *     send, timers, DOWN, EXIT ─>  handleInfo(message, state)                 noreply, stop
 *                                  handleContinue(what, state)                noreply, stop
 *     the end                      terminate(reason, state)
 *
 * A callback may be async; until it is settled no other message is handled. An error that it throws ends the server
 * with that error as the reason: it is not turned into a reply, and the caller's call fails with the same reason. Let
 * it crash, and let a supervisor start it again.
 *
 * `terminate` runs when the server stops by itself, crashes, is stopped with `stop(...)`, or, when it traps exits, is
 * told to end by the process that started it. It does not run on `kill`, nor on an exit signal that is not trapped.
 *
 * When not to use it: for a function or an object without concurrency a process is only slower. A server is a queue,
 * so what need not be in order should not go through one; let the caller do its own work, and reply with data.
 *
 * The rules are those of gen_server in OTP 26.
 */
export interface GenServer<P extends Protocol> {
  init(this: Self<P>, ...args: InitArguments<P>): MaybePromise<Ok<P['state']> | Stop<unknown> | Ignore | Failure>
  readonly handleCall: { readonly [K in keyof Operations<P, 'call'>]: CallHandler<P, Operations<P, 'call'>[K]> }
  readonly handleCast?: { readonly [K in keyof Operations<P, 'cast'>]: CastHandler<P, Operations<P, 'cast'>[K]> }
  handleInfo?(this: Self<P>, message: InfoOf<P>, state: P['state']): Handled<P>
  handleContinue?(this: Self<P>, what: ContinueOf<P>, state: P['state']): Handled<P>
  terminate?(this: Self<P>, reason: Reason, state: P['state']): MaybePromise<unknown>
}

type MaybePromise<T> = T | Promise<T>
type InitArguments<P> = P extends { init: infer A extends readonly unknown[] } ? A : []
type InfoOf<P> = P extends { info: infer I } ? I : unknown
type ContinueOf<P> = P extends { continue: infer C } ? C : never
type Handled<P extends Protocol> = MaybePromise<NoReply<P['state']> | Stop<P['state']>>
type CallHandler<P extends Protocol, F> = (
  this: Self<P>,
  request: RequestOf<F>,
  from: From<ReplyOf<F>>,
  state: P['state'],
) => MaybePromise<
  Reply<ReplyOf<F>, P['state']> | NoReply<P['state']> | Stop<P['state']> | StopReply<ReplyOf<F>, P['state']>
>
type CastHandler<P extends Protocol, F> = (this: Self<P>, request: RequestOf<F>, state: P['state']) => Handled<P>

/** The `this` of a server's callbacks: the process, with the type of its own pid. */
export interface Self<P> extends Omit<Context, 'self' | 'receive'> {
  readonly self: Pid<P>
}

/** @internal A module of any protocol, as the loop sees it. */
export interface AnyGenServer {
  readonly init: unknown
  readonly handleCall: object
  readonly handleCast?: object | undefined
  readonly handleInfo?: unknown
  readonly handleContinue?: unknown
  readonly terminate?: unknown
}

const programs = new WeakMap<object, ServerProgram>()

/** @internal The loop for `module`; one for all its processes. */
export function programOf<P extends Protocol>(module: GenServer<P>): ServerProgram {
  let program = programs.get(module)
  if (program === undefined) {
    if (typeof module?.init !== 'function') throw fault('badarg', 'a GenServer has the callbacks init and handleCall')
    program = new ServerProgram(module)
    programs.set(module, program)
  }
  return program
}

/** Starts a server that lives on its own. @see StartOptions */
export function start<P extends Protocol>(
  caller: Caller,
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartResult<P>> {
  return startProcess(caller, programOf(module), args, 'none', options) as Promise<StartResult<P>>
}

/**
 * Starts a server linked to the calling process, its parent. When init fails, a parent that does not trap exits ends
 * with the same reason; one that does gets the result.
 */
export function startLink<P extends Protocol>(
  caller: Caller,
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartResult<P>> {
  return startProcess(caller, programOf(module), args, 'link', options) as Promise<StartResult<P>>
}

/** As `start`, with a monitor of the new server set by the calling process. */
export function startMonitor<P extends Protocol>(
  caller: Caller,
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartMonitorResult<P>> {
  return startProcess(caller, programOf(module), args, 'monitor', options) as Promise<StartMonitorResult<P>>
}

/** The registered name of a server of `module`, typed with what it answers. */
export function name<P extends Protocol>(_module: GenServer<P>, text: string): Name<P> {
  return { name: text }
}

export type { InitArguments }
