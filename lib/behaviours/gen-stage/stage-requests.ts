import { fault } from '../../internal/errors.ts'
import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import { isDest } from '../../kernel/destination.ts'
import { describe, type Reason } from '../../kernel/exit.ts'
import { Pid, Ref } from '../../kernel/pid.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { ownerOf, processOf } from '../caller.ts'
import type { SubscribeResult } from './stage-consuming.ts'
import type { StageProtocol } from './stage-module.ts'
import { checkSubscription, type SubscribeOptions } from './stage-options.ts'
import { type StageFrom, toProducer } from './stage-protocol.ts'
import type { StageRequests } from './stage-server.ts'

/**
 * Has `stage` subscribe to `options.to`, and waits until its message is sent, not until the producer has accepted it.
 * `['ok', tag]`; `['error', 'not_a_consumer']`; or `['error', ['bad_opts', text]]`. A producer that is not there ends
 * the stage with `noproc` unless `cancel` is `temporary`.
 * @throws Exit as a call does.
 */
export function syncSubscribe<C extends { in: unknown }>(
  caller: Caller,
  stage: Dest<C>,
  options: SubscribeOptions<C['in']>,
  timeout?: number,
): Promise<SubscribeResult> {
  const { to, ...rest } = checked(options)
  return ownerOf(caller).call(requests(stage), '$subscribe', { to, options: rest, current: undefined }, timing(timeout))
}

/** As `syncSubscribe`, without waiting. A stage may do it to itself. */
export function asyncSubscribe<C extends { in: unknown }>(
  caller: Caller,
  stage: Dest<C>,
  options: SubscribeOptions<C['in']>,
): void {
  castSubscribe(caller, stage, options, undefined)
}

/** Has `stage` cancel the subscription `tag` with `reason` and subscribe anew, in one message to the producer. */
export function syncResubscribe<C extends { in: unknown }>(
  caller: Caller,
  stage: Dest<C>,
  tag: Ref,
  reason: Reason,
  options: SubscribeOptions<C['in']>,
  timeout?: number,
): Promise<SubscribeResult> {
  const current: Current = [mustBeTag(tag), reason]
  const { to, ...rest } = checked(options)
  return ownerOf(caller).call(requests(stage), '$subscribe', { to, options: rest, current }, timing(timeout))
}

/** As `syncResubscribe`, without waiting. */
export function asyncResubscribe<C extends { in: unknown }>(
  caller: Caller,
  stage: Dest<C>,
  tag: Ref,
  reason: Reason,
  options: SubscribeOptions<C['in']>,
): void {
  castSubscribe(caller, stage, options, [mustBeTag(tag), reason])
}

function castSubscribe<E>(caller: Caller, stage: Dest, options: SubscribeOptions<E>, current: Current): void {
  const { to, ...rest } = checked(options)
  const wrong = checkSubscription(rest)
  if (typeof wrong === 'string') throw fault('badarg', wrong)
  ownerOf(caller).cast(requests(stage), '$subscribe', { to, options: rest, current })
}

/** The subscription that is cancelled before, with the reason for that. */
type Current = readonly [Ref, Reason] | undefined

function mustBeTag(tag: Ref): Ref {
  if (tag instanceof Ref) return tag
  throw fault('badarg', 'tag is that of the subscription')
}

function mustBeFrom(from: StageFrom): StageFrom {
  if (Array.isArray(from) && from[0] instanceof Pid && from[1] instanceof Ref) return from
  throw fault('badarg', 'from is what handleSubscribe was given')
}

/** Asks a producer for more events, in a consumer whose demand is manual. `from` is that of handleSubscribe. */
export function ask(consumer: ProcessCaller, from: StageFrom, demand: number): void {
  const { pid } = processOf(consumer)
  if (!Number.isSafeInteger(demand) || demand < 0)
    throw fault('badarg', `a demand is a number of events, not ${describe(demand)}`)
  const [producer, tag] = mustBeFrom(from)
  if (demand > 0) consumer.send(producer, toProducer([pid, tag], ['ask', demand]))
}

/** Cancels a subscription of the calling consumer; the producer answers, and then `handleCancel` runs. */
export function cancel(consumer: ProcessCaller, from: StageFrom, reason: Reason): void {
  const { pid } = processOf(consumer)
  const [producer, tag] = mustBeFrom(from)
  consumer.send(producer, toProducer([pid, tag], ['cancel', reason]))
}

/** Has a producer forward demand to `handleDemand`, with what it accumulated, or accumulate it from now on. */
export function demand(caller: Caller, stage: Dest<{ out: unknown }>, mode: 'forward' | 'accumulate'): void {
  if (mode !== 'forward' && mode !== 'accumulate')
    throw fault('badarg', `demand is forward or accumulate, not ${describe(mode)}`)
  ownerOf(caller).cast(requests(stage), '$demand', { mode })
}

/** Has `message` come to the stage's `handleInfo` once the events before it have been sent or, above, handled. */
export function asyncInfo(caller: Caller, stage: Dest<StageProtocol>, message: unknown): void {
  ownerOf(caller).cast(requests(stage), '$info', { message })
}

/** As `asyncInfo`; resolves when the message has its place behind those events. */
export function syncInfo(
  caller: Caller,
  stage: Dest<StageProtocol>,
  message: unknown,
  timeout?: number,
): Promise<'ok'> {
  return ownerOf(caller).call(requests(stage), '$info', { message }, timing(timeout))
}

/** How many events wait in a producer's buffer; those in the queues of partitions are not counted. */
export function estimateBufferedCount(caller: Caller, stage: Dest<{ out: unknown }>): Promise<number> {
  return ownerOf(caller).call(requests(stage), '$estimateBufferedCount')
}

/** A mistake of the caller, which is not to end the stage. */
function checked<E>(options: SubscribeOptions<E>): SubscribeOptions<E> {
  if (isDest(options?.to)) return options
  throw fault('badarg', 'a subscription names the producer: { to: producer, maxDemand: 10 }')
}

/** Every stage answers these besides its own operations. */
function requests(stage: Dest): Dest<StageRequests> {
  return stage as Dest<StageRequests>
}

function timing(timeout: number | undefined): { readonly timeout?: number } {
  return timeout === undefined ? {} : { timeout }
}
