import type { Reason } from '../../kernel/exit.ts'
import type { DispatcherOption } from './stage-dispatcher.ts'
import type { SubscribeTo } from './stage-options.ts'

/**
 * What the callbacks of a stage return beside the results of a GenServer (`noreply`, `reply`, `stop`, `stopReply`):
 *
 *     emit(events, state)              {:noreply, events, state}
 *     replyEmit(value, events, state)  {:reply, value, events, state}     handleCall
 *     automatic(state)                 {:automatic, state}                handleSubscribe: the stage asks by itself
 *     manual(state)                    {:manual, state}                   handleSubscribe of a consumer: `ask` does it
 *     staged(state, options)           {:producer, state, options}        init, with options
 */
export class Emitted {
  readonly events: readonly unknown[]
  readonly state: unknown
  readonly reply: readonly [unknown] | undefined

  constructor(events: readonly unknown[], state: unknown, reply: readonly [unknown] | undefined) {
    this.events = events
    this.state = state
    this.reply = reply
  }

  /** The tuple that Elixir would have returned. */
  get term(): unknown {
    if (this.reply === undefined) return ['noreply', this.events, this.state]
    return ['reply', this.reply[0], this.events, this.state]
  }
}

/** @internal */
export class Subscribed {
  readonly mode: 'automatic' | 'manual'
  readonly state: unknown

  constructor(mode: 'automatic' | 'manual', state: unknown) {
    this.mode = mode
    this.state = state
  }
}

/** @internal */
export class Staged {
  readonly state: unknown
  readonly options: object

  constructor(state: unknown, options: object) {
    this.state = state
    this.options = options
  }
}

declare const STAGE_RESULT: unique symbol
export interface Emit<E, S> {
  readonly [STAGE_RESULT]: 'emit'
  readonly events: readonly E[]
  readonly state: S
}
export interface ReplyEmit<V, E, S> {
  readonly [STAGE_RESULT]: 'reply_emit'
  readonly value: V
  readonly events: readonly E[]
  readonly state: S
}
export interface Automatic<S> {
  readonly [STAGE_RESULT]: 'automatic'
  readonly state: S
}
export interface Manual<S> {
  readonly [STAGE_RESULT]: 'manual'
  readonly state: S
}
export interface Begun<S, In, Out> {
  readonly [STAGE_RESULT]: 'staged'
  readonly state: S
  readonly options: StageOptions<In, Out>
}

/** What a stage begins with, beside its state. Those that its kind of stage does not have are refused. */
export interface StageOptions<in out In = never, in out Out = never> {
  /** Of a producer: who gets which events. `demandDispatcher()` unless told otherwise. */
  readonly dispatcher?: DispatcherOption<Out>
  /** Of a producer: events that are kept while nobody wants them. 10,000; unbounded for a producer-consumer. */
  readonly bufferSize?: number
  /** Of a producer: which of them are kept when there are more. The `last` unless told otherwise. */
  readonly bufferKeep?: 'first' | 'last'
  /** Of a producer: whether demand reaches `handleDemand` (`forward`), or waits for `GenStage.demand`. */
  readonly demand?: 'forward' | 'accumulate'
  /** Of a consumer: whom to subscribe to. */
  readonly subscribeTo?: readonly SubscribeTo<In>[]
}

// The compiler tells results apart by their kind; at run time they are instances of the classes above.

/** Emits events; without any it is `noreply(state)`. */
export function emit<E, S>(events: readonly E[], state: S): Emit<E, S> {
  return new Emitted(events, state, undefined) as unknown as Emit<E, S>
}

/** Replies to a call and emits events. */
export function replyEmit<V, E, S>(value: V, events: readonly E[], state: S): ReplyEmit<V, E, S> {
  return new Emitted(events, state, [value]) as unknown as ReplyEmit<V, E, S>
}

/** Of `handleSubscribe`: the subscription is accepted, and the stage asks for events by itself, within its demand. */
export function automatic<S>(state: S): Automatic<S> {
  return new Subscribed('automatic', state) as unknown as Automatic<S>
}

/** Of `handleSubscribe` of a consumer: the subscription is made, and the module asks for events with `GenStage.ask`. */
export function manual<S>(state: S): Manual<S> {
  return new Subscribed('manual', state) as unknown as Manual<S>
}

/** What `init` returns to begin with options. */
export function staged<S, In = never, Out = never>(
  state: S,
  options: NoInfer<StageOptions<In, Out>>,
): Begun<S, In, Out> {
  return new Staged(state, options) as unknown as Begun<S, In, Out>
}

/** Why a subscription ended: the other stage cancelled it, or is no more. */
export type CancelReason = readonly ['cancel' | 'down', Reason]
