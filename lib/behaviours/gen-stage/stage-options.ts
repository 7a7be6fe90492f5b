import { STAGE_BUFFER_EVENTS, STAGE_MAX_DEMAND } from '../../internal/limits.ts'
import { describe } from '../../kernel/exit.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { demandDispatcher } from './stage-demand-dispatcher.ts'
import { DispatcherOption } from './stage-dispatcher.ts'
import type { CancelMode, SubscriptionOptions } from './stage-protocol.ts'

/** A producer to subscribe to, perhaps with options. */
export type SubscribeTo<E> = Dest<{ out: E }> | SubscribeOptions<E>

export interface SubscribeOptions<E> extends SubscriptionOptions<E> {
  readonly to: Dest<{ out: E }>
}

/** What a stage is: has it an upper side, a lower side, or both. */
export type Role = 'producer' | 'producer_consumer' | 'consumer'

/** Options of `init` that were checked, with nothing left open. */
export interface CheckedStageOptions {
  readonly dispatcher: DispatcherOption<never>
  readonly bufferSize: number
  readonly bufferKeep: 'first' | 'last'
  readonly demand: 'forward' | 'accumulate'
  /** A list, whose entries are looked at when they are subscribed to. */
  readonly subscribeTo: readonly SubscribeTo<unknown>[]
}

/** Options of a subscription that were checked. */
export interface CheckedSubscription {
  readonly max: number
  readonly min: number
  readonly cancel: CancelMode
}

const OF_PRODUCERS = ['dispatcher', 'bufferSize', 'bufferKeep', 'demand']
const OF_ROLE: Readonly<Record<Role, readonly string[]>> = {
  producer: OF_PRODUCERS,
  producer_consumer: ['dispatcher', 'bufferSize', 'bufferKeep', 'subscribeTo'],
  consumer: ['subscribeTo'],
}

/** The options of a stage; or, when one is wrong, a text that says so. */
export function checkStageOptions(role: Role, options: object): CheckedStageOptions | string {
  const {
    dispatcher = demandDispatcher(),
    bufferKeep = 'last',
    demand = 'forward',
    subscribeTo = [],
    ...rest
  } = options as Readonly<Record<string, unknown>>
  const { bufferSize = role === 'producer' ? STAGE_BUFFER_EVENTS : Number.POSITIVE_INFINITY } = rest
  const unknown = Object.keys(options).find((name) => !OF_ROLE[role].includes(name))
  if (unknown !== undefined) return `a ${role} has no option ${unknown}`
  if (!(dispatcher instanceof DispatcherOption)) return 'dispatcher is what demandDispatcher() and its like return'
  if (!isCount(bufferSize, 0) && bufferSize !== Number.POSITIVE_INFINITY) {
    return 'bufferSize is a number of events, 0 or more, or Infinity'
  }
  if (bufferKeep !== 'first' && bufferKeep !== 'last') return 'bufferKeep is first or last'
  if (demand !== 'forward' && demand !== 'accumulate') return 'demand is forward or accumulate'
  if (!Array.isArray(subscribeTo)) return 'subscribeTo is a list of producers'
  return { dispatcher, bufferSize: bufferSize as number, bufferKeep, demand, subscribeTo }
}

/** The producer that an entry of `subscribeTo` names, and the options of the subscription. */
export function subscriptionOf<E>(
  entry: SubscribeTo<E>,
): readonly [to: Dest<{ out: E }>, options: SubscriptionOptions<E>] {
  if (typeof entry !== 'object' || entry === null || !('to' in entry)) return [entry, {}]
  const { to, ...options } = entry
  return [to, options]
}

const OF_SUBSCRIPTION: readonly string[] = ['maxDemand', 'minDemand', 'cancel', 'selector', 'partition', 'to']

/** How many events a subscription with these options asks for at first, and when for more: see ConsumerDemand. */
export function demandOf(options: SubscriptionOptions<never>): { readonly max: number; readonly min: number } {
  const { maxDemand: max = STAGE_MAX_DEMAND, minDemand: min = Math.floor(max / 2) } = options
  return { max, min }
}

/** The options of a subscription; or, when one is wrong, a text that says so. */
export function checkSubscription(options: object): CheckedSubscription | string {
  const { maxDemand, cancel = 'permanent' } = options as Readonly<Record<string, unknown>>
  const unknown = Object.keys(options).find((name) => !OF_SUBSCRIPTION.includes(name))
  if (unknown !== undefined) return `a subscription has no option ${unknown}`
  if (maxDemand !== undefined && !isCount(maxDemand, 1)) {
    return `maxDemand is a number of events, 1 or more, not ${describe(maxDemand)}`
  }
  const { max, min } = demandOf(options)
  if (!isCount(min, 0) || min >= max) return `minDemand is 0 or more and below maxDemand, not ${describe(min)}`
  if (cancel !== 'permanent' && cancel !== 'transient' && cancel !== 'temporary') {
    return `cancel is permanent, transient or temporary, not ${describe(cancel)}`
  }
  return { max, min, cancel }
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least
}
