import type { From } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Operations, ReplyOf, RequestOf } from '../../kernel/protocol.ts'
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
}

/**
 * The callback module of a state machine (gen_statem): a process that is in one of several states, and in each of them
 * answers the same events in its own way. Use it where a GenServer would ask of its state first what it may do.
 *
 *     import { createNode, GenStatem, type StateMachine } from 'guildhall'
 *     const { keepState, keepStateAndData, nextState, ok, postpone, reply, stateTimeout } = GenStatem
 *
 *     interface DoorApi {
 *       state: 'locked' | 'open'
 *       data: { readonly code: string; readonly typed: string }
 *       init: [code: string]
 *       call: { enter(): 'welcome' }
 *       cast: { button(digit: string): void }
 *       stateTimeout: 'lock'
 *     }
 *
 *     const Door: StateMachine<DoorApi> = {
 *       callbackMode: 'state_functions',
 *       init: (code) => ok('locked', { code, typed: '' }),
 *       states: {
 *         locked(event, door) {
 *           if (event.operation === 'enter') return keepStateAndData(postpone())
 *           if (event.operation !== 'button') return keepStateAndData()
 *           const typed = (door.typed + event.content).slice(-door.code.length)
 *           if (typed !== door.code) return keepState({ ...door, typed })
 *           return nextState('open', { ...door, typed: '' }, stateTimeout(5000, 'lock'))
 *         },
 *         open(event, door) {
 *           if (event.type === 'state_timeout') return nextState('locked', door)
 *           if (event.operation === 'enter') return keepStateAndData(reply(event.from, 'welcome'))
 *           return keepStateAndData()
 *         },
 *       },
 *     }
 *
 *     const node = createNode()
 *     const door = GenStatem.name(Door, 'door')
 *     await node.supervise({ children: [GenStatem.child(Door, ['12'], { name: door })] })
 *     const entered = GenStatem.call(node, door, 'enter')             // waits: the door is locked
 *     for (const digit of '12') node.cast(door, 'button', digit)
 *     await entered                                                   // 'welcome'
 *
 * Control flow, with what a callback may return (see statem-results.ts and statem-actions.ts):
 *
 *     caller                        machine                                     module
 *     start, startLink   ───────>   init(...args)                               ok, stop, ignore, failure
 *     call, cast, send   ───────>   states[state](event, data)                  nextState, keepState, ..., stop
 *     time-outs, nextEvent ─────>     or handleEvent(event, state, data)          with actions
 *     a state is entered            the same with { type: 'enter', content: the state before }, when `stateEnter`
 *     the end                       terminate(reason, state, data)
 *     upgrade, changeCode ─────>    codeChange(oldVsn, state, data, extra)      ok, failure
 *
 * One event at a time, and in this order: replies leave as the actions are walked through; then the new state is
 * entered; then postponed events are put back if the state is another one; then time-outs start; then comes the next
 * event: inserted ones, postponed ones, time-outs of 0, and only then the mailbox. A callback may be async; until it is
 * settled no other event is handled.
 *
 * An event of a call that is answered by nobody leaves its caller waiting: `call` waits without end unless told
 * otherwise. When not to use it: without states that differ in what they do with an event, a GenServer is simpler.
 *
 * The rules are those of gen_statem in OTP 26.
 */
export type StateMachine<P extends StatemProtocol> =
  | (P['state'] extends string ? StateFunctions<P> : never)
  | HandleEventFunction<P>

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
  /** State and data for this module from those of the one that it replaces; see `GenServer.codeChange`. */
  codeChange?(
    this: Self<P>,
    ...change: [oldVsn: unknown, state: unknown, data: unknown, extra: unknown]
  ): MaybePromise<Initial<P['state'], P['data'], never> | Failure>
  /** Shapes what `sys.getStatus` and the reports show: keep all keys, change what they hold. */
  formatStatus?(this: Self<P>, status: StatemStatus<P['state'], P['data']>): StatemStatus
  /** The module's name in reports and tools. */
  readonly moduleName?: string
  /** The version of this code: any term. */
  readonly vsn?: unknown
}

type MaybePromise<T> = T | Promise<T>
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
