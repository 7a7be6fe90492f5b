import type { ProcessCaller } from '../../kernel/context.ts'
import type { CallbacksFor, Operations, ReplyOf, RequestOf } from '../../kernel/protocol.ts'
import type { MaybePromise } from '../callback.ts'
import type { CodeChangeArguments } from '../gen-server/gen-server.ts'
import { type Failure, type OK, type Ok, REPLY, type Reply, Result } from '../gen-server/results.ts'
import type { FormatStatus } from '../gen-server/server-report.ts'

/** What one kind of event handler is made of, for the compiler only; see gen-event.ts for an example. */
export interface HandlerProtocol {
  state: unknown
  /** What `init` takes. A handler that others may be swapped for takes `[args, whatTheOtherLeft]`, too. */
  args?: unknown
  /** The events it understands; those of its manager must all be among them. */
  event?: unknown
  call?: object
  info?: unknown
  codeChange?: readonly [oldVsn: unknown, state: unknown, extra: unknown]
}

/**
 * The callback module of an event handler. They run in the manager's process, one after the other, and may be async.
 *
 *     callback                        returns                                    in Erlang
 *     init(args)                      ok(state), failure(reason)                 {ok, State}, {error, Reason}
 *     handleEvent, handleInfo         ok(state)                                  {ok, State}
 *                                     GenEvent.remove()                          remove_handler
 *                                     GenEvent.swap(args, state, other, args2)   {swap_handler, A1, State, H2, A2}
 *     handleCall[operation]           reply(value, state)                        {ok, Reply, State}
 *                                     GenEvent.removeReply(value)                {remove_handler, Reply}
 *                                     GenEvent.swapReply(value, args, ...)       {swap_handler, Reply, Args1, ...}
 *     terminate(why, state)           what deleteHandler answers, and what a swap hands on
 *     codeChange(vsn, state, extra)   ok(state)                                  {ok, State}
 *
 * A callback is needed for what the protocol speaks of: `call`, `info`, `codeChange`. Only `init` and `handleEvent`
 * always are.
 *
 * Anything else that a callback returns, and whatever it throws, removes this handler and no other: `terminate` gets
 * `['error', what]`, `what` being the value, or `['EXIT', reason]`.
 *
 * `terminate` gets the argument of `deleteHandler` or of the swap; `'remove_handler'` after a removal; `'stop'` when
 * the manager ends; `['stop', reason]` when the process that added it under supervision has ended.
 */
export type EventHandler<H extends HandlerProtocol> = HandlerCallbacks<H> &
  CallbacksFor<H, 'call', CallCallbacks<H>> &
  CallbacksFor<H, 'info', InfoCallbacks<H>> &
  CallbacksFor<H, 'codeChange', UpgradeCallbacks<H>>

interface HandlerCallbacks<H extends HandlerProtocol> {
  init(this: ProcessCaller, args: HandlerArguments<H>): MaybePromise<Ok<H['state']> | Failure>
  handleEvent(this: ProcessCaller, event: EventOf<H>, state: H['state']): Handled<H>
  terminate?(this: ProcessCaller, why: unknown, state: H['state']): unknown
  /** Shapes what `sys.getStatus` and the reports show of the handler: keep all keys, change what they hold. */
  formatStatus?(this: ProcessCaller, status: FormatStatus<H['state']>): FormatStatus
  /** The module's name in reports and tools. */
  readonly moduleName?: string
  /** The version of this code: any term. */
  readonly vsn?: unknown
}

interface CallCallbacks<H extends HandlerProtocol> {
  readonly handleCall: { readonly [K in keyof Operations<H, 'call'>]: CallHandler<H, Operations<H, 'call'>[K]> }
}

interface InfoCallbacks<H extends HandlerProtocol> {
  handleInfo(this: ProcessCaller, message: InfoOf<H>, state: H['state']): Handled<H>
}

interface UpgradeCallbacks<H extends HandlerProtocol> {
  /**
   * Makes the state of this module from that of the one it replaces (`upgrade`, `sys.changeCode`). `failure(reason)`,
   * or an error, leaves all handlers as they were. A module without it takes the state as it is.
   */
  codeChange(this: ProcessCaller, ...change: CodeChangeArguments<H>): MaybePromise<Ok<H['state']> | Failure>
}

export type EventOf<H> = H extends { event: infer E } ? E : unknown
type InfoOf<H> = H extends { info: infer I } ? I : unknown
type Handled<H extends HandlerProtocol> = MaybePromise<Ok<H['state']> | Remove | Swap>
type CallHandler<H extends HandlerProtocol, F> = (
  this: ProcessCaller,
  request: RequestOf<F>,
  state: H['state'],
) => MaybePromise<Reply<ReplyOf<F>, H['state']> | RemoveReply<ReplyOf<F>> | SwapReply<ReplyOf<F>>>

export type HandlerArguments<H> = H extends { args: infer A } ? A : undefined
/** What a handler may be given as its own argument when it takes over: its `init` gets `[it, whatTheOtherLeft]`. */
export type SwapArguments<H> = unknown extends HandlerArguments<H> ? unknown : FirstOfPair<HandlerArguments<H>>
type FirstOfPair<A> = A extends readonly [infer First, unknown] ? First : never

/** A handler of a manager: by its module, or by the module and an id when a manager has several of one module. */
export type HandlerRef<H extends HandlerProtocol> = EventHandler<H> | readonly [EventHandler<H>, id: unknown]

/** @internal A handler of any protocol, as the manager's loop sees it. */
export interface AnyEventHandler {
  readonly init: unknown
  readonly handleEvent: unknown
  readonly handleCall?: object | undefined
  readonly handleInfo?: unknown
  readonly terminate?: unknown
  readonly codeChange?: unknown
  readonly formatStatus?: unknown
  readonly moduleName?: string | undefined
}

/** @internal */
export type AnyHandlerRef = AnyEventHandler | readonly [AnyEventHandler, id: unknown]

/** @internal The handler goes; for a call with the reply. */
export class Removal {
  readonly reply: readonly [unknown] | undefined

  constructor(reply?: readonly [unknown]) {
    this.reply = reply
  }

  /** The term that Erlang would have returned. */
  get term(): unknown {
    return this.reply === undefined ? 'remove_handler' : ['remove_handler', this.reply[0]]
  }
}

/** @internal The handler makes room for another one; for a call with the reply. */
export class Replacement {
  readonly args: unknown
  readonly state: unknown
  readonly successor: AnyHandlerRef
  readonly successorArgs: unknown
  readonly reply: readonly [unknown] | undefined

  constructor(
    args: unknown,
    state: unknown,
    successor: AnyHandlerRef,
    successorArgs: unknown,
    reply?: readonly [unknown],
  ) {
    this.args = args
    this.state = state
    this.successor = successor
    this.successorArgs = successorArgs
    this.reply = reply
  }

  get term(): unknown {
    return ['swap_handler', ...(this.reply ?? []), this.args, this.state, this.successor, this.successorArgs]
  }
}

/** @internal Whether a handler goes on with `result`, one of this kind. Time-outs and continuations are a server's. */
export function goesOn(result: unknown, kind: typeof OK | typeof REPLY): result is Result {
  if (!(result instanceof Result) || result.kind !== kind) return false
  const { options } = result
  if (options === undefined) return true
  return Object(options) === options && options.timeout === undefined && options.continue === undefined
}

/** @internal What a callback returned, as the term that it would have been in Erlang. */
export function termOf(result: unknown): unknown {
  if (result instanceof Result) {
    const { kind, term } = result
    return kind === REPLY ? ['ok', ...(term as readonly unknown[]).slice(1)] : term
  }
  return result instanceof Removal || result instanceof Replacement ? result.term : result
}

declare const RESULT: unique symbol
export interface Remove {
  readonly [RESULT]: 'remove'
}
export interface RemoveReply<V> {
  readonly [RESULT]: 'remove_reply'
  readonly value: V
}
export interface Swap {
  readonly [RESULT]: 'swap'
}
export interface SwapReply<V> {
  readonly [RESULT]: 'swap_reply'
  readonly value: V
}

/** Returned by `handleEvent` and `handleInfo`: this handler is done; its `terminate` gets `'remove_handler'`. */
export function remove(): Remove {
  return new Removal() as unknown as Remove
}

/** Returned by `handleCall`: as `remove`, answering the call. */
export function removeReply<V>(value: V): RemoveReply<V> {
  return new Removal([value]) as unknown as RemoveReply<V>
}

/**
 * Returned by `handleEvent` and `handleInfo`: `terminate(args, state)` of this handler runs, then `init` of `successor`
 * with `[successorArgs, whatTerminateReturned]`, which takes this one's place.
 */
export function swap<H extends HandlerProtocol>(
  args: unknown,
  state: unknown,
  successor: HandlerRef<H>,
  successorArgs: NoInfer<SwapArguments<H>>,
): Swap {
  return new Replacement(args, state, successor, successorArgs) as unknown as Swap
}

/** Returned by `handleCall`: as `swap`, answering the call. */
export function swapReply<V, H extends HandlerProtocol>(
  value: V,
  args: unknown,
  state: unknown,
  successor: HandlerRef<H>,
  successorArgs: NoInfer<SwapArguments<H>>,
): SwapReply<V> {
  return new Replacement(args, state, successor, successorArgs, [value]) as unknown as SwapReply<V>
}
