import type { Reason } from '../../kernel/exit.ts'
import type { AnyActions, ReplyAction } from './statem-actions.ts'

/**
 * What the callbacks of a state machine return, as OTP's tuples; `actions` is one action or an array of them:
 *
 *     ok(state, data, actions)             {ok, State, Data, Actions}           init
 *     nextState(state, data, actions)      {next_state, State, Data, Actions}   another state, or the same one
 *     keepState(data, actions)             {keep_state, Data, Actions}
 *     keepStateAndData(actions)            {keep_state_and_data, Actions}
 *     repeatState(data, actions)           {repeat_state, Data, Actions}
 *     repeatStateAndData(actions)          {repeat_state_and_data, Actions}
 *     stop(reason, data)                   {stop, Reason, Data}                 in init stop(reason)
 *     stopAndReply(reason, replies, data)  {stop_and_reply, Reason, Replies, Data}
 *     ignore(), failure(reason)            ignore, {error, Reason}              init
 *
 * Actions and, in `stop` and `stopAndReply`, the data may be left out. `stop`, `ignore` and `failure` are those of
 * results.ts. Throwing one of these values counts as returning it.
 */
export const INIT = 0
export const NEXT_STATE = 1
export const KEEP_STATE = 2
export const KEEP_STATE_AND_DATA = 3
export const REPEAT_STATE = 4
export const REPEAT_STATE_AND_DATA = 5
export const STOP_AND_REPLY = 6
type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6

const NAMES = [
  'ok',
  'next_state',
  'keep_state',
  'keep_state_and_data',
  'repeat_state',
  'repeat_state_and_data',
  'stop_and_reply',
] as const

/** @internal One class for all results, so that the loop sees one shape. */
export class Outcome {
  readonly kind: Kind
  /** The next state; of `stopAndReply` the reason. */
  readonly state: unknown
  readonly data: unknown
  readonly actions: unknown

  constructor(kind: Kind, state: unknown, data: unknown, actions: unknown) {
    this.kind = kind
    this.state = state
    this.data = data
    this.actions = actions
  }

  /** The tuple that Erlang would have returned; `listed` are the terms of the actions. */
  term(listed: unknown): unknown {
    const { kind, state, data } = this
    const tuple: unknown[] = [NAMES[kind]]
    if (kind === INIT || kind === NEXT_STATE || kind === STOP_AND_REPLY) tuple.push(state)
    if (kind === STOP_AND_REPLY) return data === undefined ? [...tuple, listed] : [...tuple, listed, data]
    if (kind !== KEEP_STATE_AND_DATA && kind !== REPEAT_STATE_AND_DATA) tuple.push(data)
    if (listed !== undefined) tuple.push(listed)
    return tuple.length === 1 ? tuple[0] : tuple
  }
}

declare const OUTCOME: unique symbol
export interface Initial<S, D, A> {
  readonly [OUTCOME]: 'ok'
  readonly state: S
  readonly data: D
  readonly actions: A
}
export interface NextState<S, D, A> {
  readonly [OUTCOME]: 'next_state'
  readonly state: S
  readonly data: D
  readonly actions: A
}
export interface KeepState<D, A> {
  readonly [OUTCOME]: 'keep_state'
  readonly data: D
  readonly actions: A
}
export interface KeepStateAndData<A> {
  readonly [OUTCOME]: 'keep_state_and_data'
  readonly actions: A
}
export interface StopAndReply<D> {
  readonly [OUTCOME]: 'stop_and_reply'
  readonly data: D
}

// The compiler tells results apart by their type; at run time all are one class.
function outcome<R>(kind: Kind, state: unknown, data: unknown, actions: unknown): R {
  return new Outcome(kind, state, data, actions) as unknown as R
}

/** The first state, the data, and what to do before the first event. */
export function ok<const S, D, const A extends AnyActions = never>(state: S, data: D, actions?: A): Initial<S, D, A> {
  return outcome(INIT, state, data, actions)
}

/**
 * Goes on in `state`. When that is another one, postponed events come again, the state time-out is cancelled, and with
 * `stateEnter` the state is entered. When it is the same, this is `keepState`.
 */
export function nextState<const S, D, const A extends AnyActions = never>(
  state: S,
  data: D,
  actions?: A,
): NextState<S, D, A> {
  return outcome(NEXT_STATE, state, data, actions)
}

export function keepState<D, const A extends AnyActions = never>(data: D, actions?: A): KeepState<D, A> {
  return outcome(KEEP_STATE, undefined, data, actions)
}

export function keepStateAndData<const A extends AnyActions = never>(actions?: A): KeepStateAndData<A> {
  return outcome(KEEP_STATE_AND_DATA, undefined, undefined, actions)
}

/** As `keepState`, and with `stateEnter` the state is entered again. Postponed events stay postponed. */
export function repeatState<D, const A extends AnyActions = never>(data: D, actions?: A): KeepState<D, A> {
  return outcome(REPEAT_STATE, undefined, data, actions)
}

export function repeatStateAndData<const A extends AnyActions = never>(actions?: A): KeepStateAndData<A> {
  return outcome(REPEAT_STATE_AND_DATA, undefined, undefined, actions)
}

/** Sends the replies, then terminates with `reason`. */
export function stopAndReply(reason: Reason, replies: ReplyAction | readonly ReplyAction[]): StopAndReply<never>
export function stopAndReply<D>(reason: Reason, replies: ReplyAction | readonly ReplyAction[], data: D): StopAndReply<D>
export function stopAndReply(reason: Reason, replies: unknown, data?: unknown): StopAndReply<never> {
  return outcome(STOP_AND_REPLY, reason, data, replies)
}
