import { fault } from '../../internal/errors.ts'
import type { From } from '../../kernel/context.ts'
import { EventRecord } from './statem-event.ts'

/**
 * What a result asks for beside the next state, as OTP's action tuples. They are carried out in their order:
 *
 *     reply(from, value)                   {reply, From, Value}             sent at once
 *     postpone()                           postpone                         the event comes again after a state change
 *     nextEvent({ type, ... })             {next_event, Type, Content}      handled next, before all that waits
 *     eventTimeout(time, content)          {timeout, Time, Content}         until the next event, whatever it is
 *     time                                 Time                             the same, with the time as its content
 *     stateTimeout(time, content)          {state_timeout, Time, Content}   until the next state change
 *     timeout(name, time, content)         {{timeout, Name}, Time, Content} until it is cancelled
 *       time: 'cancel'                     {Type, cancel}                   so does Infinity
 *       time: 'update'                     {Type, update, Content}          only the content; at once when none runs
 *     changeCallbackModule(module)         {change_callback_module, Module}
 *     pushCallbackModule(module)           {push_callback_module, Module}
 *     popCallbackModule()                  pop_callback_module
 *     hibernate()                          hibernate                        a hint; there is nothing to compact here
 */
export const REPLY = 0
export const POSTPONE = 1
export const NEXT_EVENT = 2
export const TIMEOUT = 3
export const MODULE = 4
export const HIBERNATE = 5
type Kind = 0 | 1 | 2 | 3 | 4 | 5

/** The time-outs that have no name of their own, and all those that have one. */
export type TimeoutType = 'timeout' | 'state_timeout'

/** One class for all actions, so that the loop sees one shape. */
export class Action {
  readonly kind: Kind
  /** The value, flag, event, module, or what a time-out delivers. */
  readonly content: unknown
  /** The `from` of a reply, the type of a time-out, the change of a module. */
  readonly subject: unknown
  /** The name of a generic time-out; `undefined` for the others. */
  readonly name: unknown
  /** Milliseconds, `Infinity`, `cancel` or `update`. */
  readonly time: unknown
  /** Whether `time` is a point on the host's monotonic clock. */
  readonly absolute: boolean

  constructor(kind: Kind, content: unknown, subject?: unknown, name?: unknown, time?: unknown, absolute = false) {
    this.kind = kind
    this.content = content
    this.subject = subject
    this.name = name
    this.time = time
    this.absolute = absolute
  }

  /** The tuple that Erlang would have used. */
  get term(): unknown {
    const { kind, content, subject, name, time, absolute } = this
    switch (kind) {
      case REPLY:
        return ['reply', subject, content]
      case POSTPONE:
        return content === true ? 'postpone' : ['postpone', content]
      case NEXT_EVENT:
        return content instanceof EventRecord ? ['next_event', ...content.term] : ['next_event', content]
      case TIMEOUT: {
        const type = name === undefined ? subject : ['timeout', name]
        if (time === 'cancel') return [type, time]
        return absolute ? [type, time, content, ['abs', true]] : [type, time, content]
      }
      case MODULE:
        return subject === 'pop_callback_module' ? subject : [subject, content]
      default:
        return content === true ? 'hibernate' : ['hibernate', content]
    }
  }
}

declare const ACTION: unique symbol
export interface ReplyAction {
  readonly [ACTION]: 'reply'
}
export interface PostponeAction {
  readonly [ACTION]: 'postpone'
}
export interface NextEventAction<E> {
  readonly [ACTION]: 'next_event'
  readonly event: E
}
export interface TimeoutAction<T, N, C> {
  readonly [ACTION]: 'timeout'
  readonly type: T
  readonly name: N
  readonly content: C
}
export interface ModuleAction<M> {
  readonly [ACTION]: 'module'
  readonly module: M
}
export interface HibernateAction {
  readonly [ACTION]: 'hibernate'
}
/** Anything that may stand where actions are expected; what a protocol allows is `StatemAction`. */
export type AnyAction = number | { readonly [ACTION]: string }
export type AnyActions = AnyAction | readonly AnyAction[]

export interface TimeoutOptions {
  /** `time` is a point on the clock of the node's host (`node.host.monotonic()`) instead of a length. */
  readonly abs?: boolean
}

// The compiler tells actions apart by their type; at run time all are one class.
function typed<A>(action: Action): A {
  return action as unknown as A
}

const POSTPONED = new Action(POSTPONE, true)
const NOT_POSTPONED = new Action(POSTPONE, false)
const HIBERNATED = new Action(HIBERNATE, true)
const POPPED = new Action(MODULE, undefined, 'pop_callback_module')

/** Answers the call behind `from`. The first answer counts, whoever gives it. */
export function reply<V>(from: From<V>, value: NoInfer<V>): ReplyAction {
  return typed(new Action(REPLY, value, from))
}

/** Keeps the event until the state has changed; `postpone(false)` takes an earlier `postpone()` of the list back. */
export function postpone(flag = true): PostponeAction {
  return typed(flag ? POSTPONED : NOT_POSTPONED)
}

export function hibernate(): HibernateAction {
  return typed(HIBERNATED)
}

/** Has `event` handled next: ahead of those inserted earlier, postponed ones and the mailbox, in the list's order. */
export function nextEvent<const E extends { readonly type: string }>(event: E): NextEventAction<E> {
  if (event instanceof EventRecord) return typed(new Action(NEXT_EVENT, event))
  const { type, content, operation, from, name } = Object(event) as EventRecord
  return typed(new Action(NEXT_EVENT, new EventRecord(type, content, operation, from, name)))
}

/** An event `{ type: 'timeout', content }`, unless any other event comes first. */
export function eventTimeout(time: 'cancel'): TimeoutAction<'timeout', undefined, never>
export function eventTimeout<const C>(
  time: number | 'update',
  content: C,
  options?: TimeoutOptions,
): TimeoutAction<'timeout', undefined, C>
export function eventTimeout(time: unknown, content?: unknown, options?: TimeoutOptions): never {
  return typed(new Action(TIMEOUT, content, 'timeout', undefined, time, options?.abs === true))
}

/** An event `{ type: 'state_timeout', content }`, unless the state changes first. */
export function stateTimeout(time: 'cancel'): TimeoutAction<'state_timeout', undefined, never>
export function stateTimeout<const C>(
  time: number | 'update',
  content: C,
  options?: TimeoutOptions,
): TimeoutAction<'state_timeout', undefined, C>
export function stateTimeout(time: unknown, content?: unknown, options?: TimeoutOptions): never {
  return typed(new Action(TIMEOUT, content, 'state_timeout', undefined, time, options?.abs === true))
}

/**
 * A generic time-out: an event `{ type: 'timeout', name, content }`. Started again under its name, it starts anew. A
 * name is any term, such as `'alarm'` or `['retry', 7]`, and names are compared as terms.
 * @throws Fault `badarg` for the name `undefined`, which is that of no time-out
 */
export function timeout<const N>(name: N, time: 'cancel'): TimeoutAction<'timeout', N, never>
export function timeout<const N, const C>(
  name: N,
  time: number | 'update',
  content: C,
  options?: TimeoutOptions,
): TimeoutAction<'timeout', N, C>
export function timeout(name: unknown, time: unknown, content?: unknown, options?: TimeoutOptions): never {
  if (name === undefined) throw fault('badarg', 'a generic time-out has a name; one without is eventTimeout')
  return typed(new Action(TIMEOUT, content, 'timeout', name, time, options?.abs === true))
}

/** Has another module of the same protocol handle the events from now on. */
export function changeCallbackModule<M extends object>(module: M): ModuleAction<M> {
  return typed(new Action(MODULE, module, 'change_callback_module'))
}

/** As `changeCallbackModule`; `popCallbackModule` goes back to the present one. */
export function pushCallbackModule<M extends object>(module: M): ModuleAction<M> {
  return typed(new Action(MODULE, module, 'push_callback_module'))
}

export function popCallbackModule(): ModuleAction<never> {
  return typed(POPPED)
}
