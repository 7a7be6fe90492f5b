import type { From } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { CallbacksFor, Operations, ReplyOf, RequestOf } from '../../kernel/protocol.ts'
import type { MaybePromise } from '../callback.ts'
import type { Self } from '../gen-server/gen-server.ts'
import type { BareStop, Failure, Ignore, Stop } from '../gen-server/results.ts'
import type {
  HibernateAction,
  ModuleAction,
  NextEventAction,
  PostponeAction,
  ReplyAction,
  TimeoutAction,
} from './statem-actions.ts'
import type { Initial, KeepState, KeepStateAndData, NextState, StopAndReply } from './statem-results.ts'
import type { StatemStatus } from './statem-status.ts'

/**
 * What a state machine answers, said once, as an interface that only the compiler sees:
 *
 *     interface DoorApi {
 *       state: 'locked' | 'open'
 *       data: { code: string; typed: string }
 *       init: [code: string]
 *       call: { status(): 'locked' | 'open' }
 *       cast: { button(digit: string): void }
 *       stateTimeout: 'lock'                    what `stateTimeout` delivers
 *       eventTimeout: 'forget'                  what `eventTimeout` delivers
 *       timeout: { alarm: number }              what the time-out of each name delivers; with names that are terms:
 *                                               [name: ['retry', number], content: 'again'] | ...
 *       internal: 'ring'                        what `nextEvent` may insert as `internal`
 *       codeChange: [oldVsn: 1, state: 'shut', data: null, extra: { code: string }]      what it is upgraded from
 *     }
 */
export interface StatemProtocol {
  /** The states: names, or with `handle_event_function` any terms. */
  state: unknown
  data: unknown
  init?: readonly unknown[]
  call?: object
  cast?: object
  info?: unknown
  internal?: unknown
  stateTimeout?: unknown
  eventTimeout?: unknown
  timeout?: object
  codeChange?: readonly [oldVsn: unknown, state: unknown, data: unknown, extra: unknown]
}

/**
 * The callback module of a state machine. gen-statem.ts has an example, what is called when, and when not to use it;
 * what a callback may return stands in statem-results.ts and statem-actions.ts.
 */
export type StateMachine<P extends StatemProtocol> = (
  | (P['state'] extends string ? StateFunctions<P> : never)
  | HandleEventFunction<P>
) &
  CallbacksFor<P, 'codeChange', UpgradeCallbacks<P>>

/** With a function for each state, whose name is the state. */
export interface StateFunctions<P extends StatemProtocol> extends Callbacks<P> {
  readonly callbackMode: 'state_functions'
  readonly states: { readonly [S in P['state'] & string]: StateFunction<P> }
}

/** With one function for all states, which may be any terms. */
export interface HandleEventFunction<P extends StatemProtocol> extends Callbacks<P> {
  readonly callbackMode: 'handle_event_function'
  handleEvent(this: Self<P>, event: StatemEvent<P>, state: P['state'], data: P['data']): Handled<P>
}

export type StateFunction<P extends StatemProtocol> = (
  this: Self<P>,
  event: StatemEvent<P>,
  data: P['data'],
) => Handled<P>

interface Callbacks<P extends StatemProtocol> {
  /** Whether a state is told that it is entered: the first one, after a change, and by `repeatState`. */
  readonly stateEnter?: boolean
  init(this: Self<P>, ...args: StatemArguments<P>): MaybePromise<StatemInit<P>>
  terminate?(this: Self<P>, reason: Reason, state: P['state'], data: P['data']): MaybePromise<unknown>
  /** Shapes what `sys.getStatus` and the reports show: keep all keys, change what they hold. */
  formatStatus?(this: Self<P>, status: StatemStatus<P['state'], P['data']>): StatemStatus
  /** The module's name in reports and tools. */
  readonly moduleName?: string
  /** The version of this code: any term. */
  readonly vsn?: unknown
}

interface UpgradeCallbacks<P extends StatemProtocol> {
  /** State and data for this module from those of the one that it replaces; see `GenServer.codeChange`. */
  codeChange(
    this: Self<P>,
    ...change: CodeChangeArguments<P>
  ): MaybePromise<Initial<P['state'], P['data'], never> | Failure>
}

type CodeChangeArguments<P> = P extends { codeChange: infer C extends readonly [unknown, unknown, unknown, unknown] }
  ? C
  : [oldVsn: unknown, state: unknown, data: unknown, extra: unknown]

type Handled<P extends StatemProtocol> = MaybePromise<StatemResult<P>>
export type StatemArguments<P> = P extends { init: infer A extends readonly unknown[] } ? A : []
type Field<P, Key extends string, Otherwise> = P extends { [K in Key]: infer T } ? T : Otherwise

// --- events

/**
 * What happens to a state machine: `type` tells the kinds apart, and `operation` the calls and casts. `content` is what
 * came with it: a call's or cast's request, a message, what a time-out was started with, the state before.
 */
export type StatemEvent<P extends StatemProtocol> = InsertedEvent<P> | EnterEvent<P>

/** An event that is not a state enter call: one that can be inserted with `nextEvent`. */
export type InsertedEvent<P extends StatemProtocol> =
  | CallEvent<P>
  | CastEvent<P>
  | ContentEvent<'info', Field<P, 'info', unknown>>
  | ContentEvent<'internal', Field<P, 'internal', never>>
  | ContentEvent<'state_timeout', Field<P, 'stateTimeout', never>>
  | ContentEvent<'timeout', Field<P, 'eventTimeout', never>>
  | TimeoutEvent<P>

interface EnterEvent<P extends StatemProtocol> extends ContentEvent<'enter', P['state']> {}

interface ContentEvent<T extends string, C> {
  readonly type: T
  readonly content: C
  readonly name?: undefined
  readonly operation?: undefined
  readonly from?: undefined
}

type CallEvent<P, O = Operations<P, 'call'>> = {
  readonly [K in keyof O & string]: {
    readonly type: 'call'
    readonly operation: K
    readonly content: RequestOf<O[K]>
    readonly from: From<ReplyOf<O[K]>>
    readonly name?: undefined
  }
}[keyof O & string]

type CastEvent<P, O = Operations<P, 'cast'>> = {
  readonly [K in keyof O & string]: {
    readonly type: 'cast'
    readonly operation: K
    readonly content: RequestOf<O[K]>
    readonly name?: undefined
    readonly from?: undefined
  }
}[keyof O & string]

type TimeoutEvent<P, T = NamedContent<P>> = T extends readonly [infer N, infer C]
  ? {
      readonly type: 'timeout'
      readonly name: N
      readonly content: C
      readonly operation?: undefined
      readonly from?: undefined
    }
  : never

/** A pair of name and content for each generic time-out. */
type NamedContent<P, T = Field<P, 'timeout', Record<never, never>>> = T extends readonly [unknown, unknown]
  ? T
  : { readonly [N in keyof T & string]: readonly [N, T[N]] }[keyof T & string]

// --- results

/** What `init` returns. */
export type StatemInit<P extends StatemProtocol> =
  | Initial<P['state'], P['data'], StatemActions<P>>
  | Stop<unknown>
  | BareStop
  | Ignore
  | Failure

/** What a state function or `handleEvent` returns. */
export type StatemResult<P extends StatemProtocol> =
  | NextState<P['state'], P['data'], StatemActions<P>>
  | KeepState<P['data'], StatemActions<P>>
  | KeepStateAndData<StatemActions<P>>
  | Stop<P['data']>
  | BareStop
  | StopAndReply<P['data']>

/** One action or an array of them. */
export type StatemActions<P extends StatemProtocol> = StatemAction<P> | readonly StatemAction<P>[]

/** In a state enter call those that postpone, insert events or change the module are errors. */
export type StatemAction<P extends StatemProtocol> =
  | ReplyAction
  | PostponeAction
  | HibernateAction
  | NextEventAction<InsertedEvent<P>>
  | TimeoutAction<'state_timeout', undefined, Field<P, 'stateTimeout', never>>
  | TimeoutAction<'timeout', undefined, Field<P, 'eventTimeout', never>>
  | BareTimeout<Field<P, 'eventTimeout', never>>
  | NamedTimeout<P>
  | ModuleAction<StateMachine<P>>

type NamedTimeout<P, T = NamedContent<P>> = T extends readonly [infer N, infer C]
  ? TimeoutAction<'timeout', N, C>
  : never

/** The time of an event time-out that delivers it, where the protocol's `eventTimeout` takes numbers. */
type BareTimeout<C> = number extends C ? number : never
