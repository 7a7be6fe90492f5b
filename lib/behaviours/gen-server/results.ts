import { type Fault, fault } from '../../internal/errors.ts'
import type { Reason } from '../../kernel/exit.ts'

/**
 * What a callback returns, as OTP's tuples:
 *
 *     ok(state)                      {ok, State}                    init
 *     reply(value, state)            {reply, Reply, State}          handleCall
 *     noreply(state)                 {noreply, State}               handleCall, handleCast, handleInfo, handleContinue
 *     stop(reason, state)            {stop, Reason, State}          all of these; in init, and only there, stop(reason)
 *     stopReply(reason, value, st)   {stop, Reason, Reply, State}   handleCall: terminate runs, then the reply is sent
 *     ignore()                       ignore                         init
 *     failure(reason)                {error, Reason}                init: as stop, but ends with `normal`, unreported
 *
 * `ok`, `reply` and `noreply` take options: `timeout`, `continue`, `hibernate`. Throwing one of these values counts as
 * returning it, as a `throw` does in Erlang.
 */
export interface ResultOptions<C = unknown> {
  /** Milliseconds: when no message has come by then, `handleInfo` gets `'timeout'`. */
  readonly timeout?: number
  /** `handleContinue` gets this next, before any message that waits. */
  readonly continue?: C
  /** A hint that the process will be idle for long; there is nothing to compact here, so it changes nothing. */
  readonly hibernate?: true
}

export const OK = 0
export const REPLY = 1
export const NOREPLY = 2
export const STOP = 3
export const STOP_REPLY = 4
export const IGNORE = 5
export const FAILURE = 6
/** The state of a `stop` without one: right in init, a bad return anywhere else. */
export const NO_STATE: unique symbol = Symbol('NO_STATE')
type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6

/** @internal One class for all results, so that the server's loop sees one shape. */
export class Result {
  readonly kind: Kind
  readonly value: unknown
  readonly state: unknown
  /** A reason, or options. */
  readonly detail: unknown

  constructor(kind: Kind, value: unknown, state: unknown, detail: unknown) {
    this.kind = kind
    this.value = value
    this.state = state
    this.detail = detail
  }

  get options(): ResultOptions | undefined {
    return this.kind <= NOREPLY ? (this.detail as ResultOptions | undefined) : undefined
  }

  get reason(): Reason {
    return this.detail
  }

  /** The tuple that Erlang would have returned, for `bad_return_value` and for reports. */
  get term(): unknown {
    const tail = this.#tail
    switch (this.kind) {
      case OK:
        return ['ok', this.state, ...tail]
      case REPLY:
        return ['reply', this.value, this.state, ...tail]
      case NOREPLY:
        return ['noreply', this.state, ...tail]
      case STOP:
        return this.state === NO_STATE ? ['stop', this.reason] : ['stop', this.reason, this.state]
      case STOP_REPLY:
        return ['stop', this.reason, this.value, this.state]
      case IGNORE:
        return 'ignore'
      default:
        return ['error', this.reason]
    }
  }

  /** The options as OTP has them behind the state; what is none, as it is. */
  get #tail(): readonly unknown[] {
    const { options } = this
    if (options === undefined) return []
    if (typeof options !== 'object' || options === null) return [options]
    const { timeout, hibernate, continue: next } = options
    if (next !== undefined) return [['continue', next]]
    return timeout !== undefined ? [timeout] : hibernate ? ['hibernate'] : []
  }
}

/** @internal What a callback returned, as the term that it would have been in Erlang. */
export function termOf(returned: unknown): unknown {
  return returned instanceof Result ? returned.term : returned
}

declare const RESULT: unique symbol
export interface Ok<S> {
  readonly [RESULT]: 'ok'
  readonly state: S
}
export interface Reply<V, S> {
  readonly [RESULT]: 'reply'
  readonly value: V
  readonly state: S
}
export interface NoReply<S> {
  readonly [RESULT]: 'noreply'
  readonly state: S
}
export interface Stop<S> {
  readonly [RESULT]: 'stop'
  /** Not `state`: where it is anything, the compiler would take a wrong first state for a `stop` and say so. */
  readonly lastState: S
}
/** Of `init`, where there is no state yet, and of a state machine, which keeps its data. */
export interface BareStop {
  readonly [RESULT]: 'stop'
  readonly lastState?: never
}
export interface StopReply<V, S> {
  readonly [RESULT]: 'stop_reply'
  readonly value: V
  readonly state: S
}
export interface Ignore {
  readonly [RESULT]: 'ignore'
}
export interface Failure {
  readonly [RESULT]: 'failure'
}

// The compiler tells results apart by their kind; at run time all are one class.
function result<R>(kind: Kind, value: unknown, state: unknown, detail: unknown): R {
  return new Result(kind, value, state, detail) as unknown as R
}

/** A state that was forgotten would be found out by the next callback, far from here; `undefined` given is a state. */
function stateless(form: string): Fault {
  return fault('badarg', `the state to go on with is missing: ${form}`)
}

/** Of `init` and `codeChange`: the server goes on in this state. */
export function ok<S>(state: S, options?: ResultOptions): Ok<S> {
  // biome-ignore lint/complexity/noArguments: an array of the rest would be made with every message
  if (arguments.length < 1) throw stateless('ok(state)')
  return result(OK, undefined, state, options)
}

/** Of `handleCall`: the caller gets `value`, and the server goes on in this state. */
export function reply<V, S>(value: V, state: S, options?: ResultOptions): Reply<V, S> {
  // biome-ignore lint/complexity/noArguments: an array of the rest would be made with every message
  if (arguments.length < 2) throw stateless('reply(value, state)')
  return result(REPLY, value, state, options)
}

/** The server goes on in this state. A caller that waits is answered later, with `this.reply(from, value)`. */
export function noreply<S>(state: S, options?: ResultOptions): NoReply<S> {
  // biome-ignore lint/complexity/noArguments: an array of the rest would be made with every message
  if (arguments.length < 1) throw stateless('noreply(state)')
  return result(NOREPLY, undefined, state, options)
}

/**
 * The server ends with `reason`. With a state: `terminate` runs first. Without one, in `init`: the start fails with
 * `['error', reason]`. A reason that is neither `normal`, `shutdown` nor `['shutdown', term]` is reported.
 */
export function stop(reason: Reason): BareStop
export function stop<S>(reason: Reason, state: S): Stop<S>
export function stop<S>(reason: Reason, ...state: readonly [S] | readonly []): Stop<S> | BareStop {
  return result(STOP, undefined, state.length === 0 ? NO_STATE : state[0], reason)
}

/** Of `handleCall`: the server ends with `reason`; `terminate` runs, and then the caller gets `value`. */
export function stopReply<V, S>(reason: Reason, value: V, state: S): StopReply<V, S> {
  return result(STOP_REPLY, value, state, reason)
}

/** Of `init`: there is nothing to do, so the process ends with `normal` and its start results in `'ignore'`. */
export function ignore(): Ignore {
  return result(IGNORE, undefined, undefined, undefined)
}

/** Of `init`: the start fails with `['error', reason]`, unreported. Of `codeChange`: the process stays as it was. */
export function failure(reason: Reason): Failure {
  return result(FAILURE, undefined, undefined, reason)
}
