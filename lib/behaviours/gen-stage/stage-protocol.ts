import type { Reason } from '../../kernel/exit.ts'
import { type NodeAddress, Pid, Ref, sameAddress } from '../../kernel/pid.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { termKey } from '../../kernel/term-key.ts'

/**
 * The messages of stages, as the documentation of Elixir's GenStage states them. A subscription is known by a tag,
 * which the consumer makes: the ref of its monitor of the producer.
 *
 *     to the producer   ['$gen_producer', [consumer, tag], ['subscribe', current, options]]   current: [tag, reason]
 *                       ['$gen_producer', [consumer, tag], ['ask', count]]
 *                       ['$gen_producer', [consumer, tag], ['cancel', reason]]
 *     to the consumer   ['$gen_consumer', [producer, tag], ['events', [...]]]
 *                       ['$gen_consumer', [producer, tag], ['cancel', reason]]
 *
 * Elixir tells a list of events from a tuple; here both are arrays, so events come tagged.
 */
export type StageFrom = readonly [stage: Dest, tag: Ref]

/** How a consumer takes the end of a subscription: see `SubscriptionOptions.cancel`. */
export type CancelMode = 'permanent' | 'transient' | 'temporary'

/** Options of a subscription, as the producer and its dispatcher see them. */
export interface SubscriptionOptions<E = never> {
  /** Events that are asked for at a time. 1000 unless told otherwise. */
  readonly maxDemand?: number
  /** More are asked for when no more than so many are on their way. Half of `maxDemand` unless told otherwise. */
  readonly minDemand?: number
  /**
   * When the producer cancels or ends, the consumer ends with the same reason: always (`permanent`, the default),
   * unless it is `normal`, `shutdown` or `['shutdown', term]` (`transient`), or never (`temporary`).
   */
  readonly cancel?: CancelMode
  /** For a BroadcastDispatcher: only these events. A function cannot travel to another node. */
  readonly selector?: (event: E) => boolean
  /** For a PartitionDispatcher: which partition. */
  readonly partition?: string | number
}

export type Subscribe = readonly [
  'subscribe',
  current: readonly [tag: Ref, reason: Reason] | undefined,
  options: object,
]
export type Ask = readonly ['ask', count: number]
export type Cancel = readonly ['cancel', reason: Reason]
export type Events = readonly ['events', events: readonly unknown[]]

/** A consumer is known to its producer by its pid. */
export type ConsumerFrom = readonly [consumer: Pid, tag: Ref]

export type ProducerMessage = readonly ['$gen_producer', ConsumerFrom, Subscribe | Ask | Cancel]
export type ConsumerMessage = readonly ['$gen_consumer', StageFrom, Events | Cancel]

export function toProducer(from: ConsumerFrom, what: Subscribe | Ask | Cancel): ProducerMessage {
  return Object.freeze(['$gen_producer', from, what] as const)
}

export function toConsumer(from: StageFrom, what: Events | Cancel): ConsumerMessage {
  return Object.freeze(['$gen_consumer', from, what] as const)
}

/** What is none, or cannot be read, is a message like any other. */
export function isProducerMessage(message: unknown): message is ProducerMessage {
  return isReadable(message, hasProducerForm)
}

export function isConsumerMessage(message: unknown): message is ConsumerMessage {
  return isReadable(message, hasConsumerForm)
}

/** Anybody can send anything: an array, too, may throw when it is read. */
function isReadable(message: unknown, hasForm: (parts: readonly unknown[]) => boolean): boolean {
  if (!Array.isArray(message)) return false
  try {
    return hasForm(message)
  } catch {
    return false
  }
}

function hasProducerForm(message: readonly unknown[]): boolean {
  if (!isEnvelope(message, '$gen_producer') || !(message[1][0] instanceof Pid)) return false
  const [kind, value, options] = message[2]
  if (kind === 'ask') return Number.isSafeInteger(value) && (value as number) > 0
  if (kind === 'cancel') return true
  const isCurrent = value === undefined || (Array.isArray(value) && value.length === 2 && value[0] instanceof Ref)
  return kind === 'subscribe' && isCurrent && typeof options === 'object' && options !== null
}

function hasConsumerForm(message: readonly unknown[]): boolean {
  if (!isEnvelope(message, '$gen_consumer')) return false
  const [kind, value] = message[2]
  return kind === 'cancel' || (kind === 'events' && Array.isArray(value))
}

function isEnvelope(
  message: readonly unknown[],
  label: string,
): message is readonly [string, readonly unknown[], readonly unknown[]] {
  if (message.length !== 3 || message[0] !== label) return false
  const [, from, what] = message
  return Array.isArray(from) && from.length === 2 && from[1] instanceof Ref && Array.isArray(what)
}

/** A tag as the key of a map; of one that this node made, its number, which costs nothing. */
export function tagKey(home: NodeAddress, tag: Ref): unknown {
  return sameAddress(tag.address, home) ? tag.id : termKey(tag)
}
