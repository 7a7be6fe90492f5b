import { fault } from '../../internal/errors.ts'
import { STAGE_SUBSCRIPTIONS } from '../../internal/limits.ts'
import { Ring } from '../../internal/ring.ts'
import type { Caller } from '../../kernel/context.ts'
import { DEST_FORMS, isDest } from '../../kernel/destination.ts'
import { Exit, isOrderly, type Reason } from '../../kernel/exit.ts'
import { ARRAY, mustBeOptions, type OptionKinds, oneOf } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { ownerOf } from '../caller.ts'
import { start } from '../gen-server/gen-server.ts'
import { noreply, stop } from '../gen-server/results.ts'
import { ConsumerDemand } from './stage-consumer-demand.ts'
import { consumer, type StageProtocol } from './stage-module.ts'
import { checkSubscription, type SubscribeOptions, type SubscribeTo, subscriptionOf } from './stage-options.ts'
import type { StageFrom } from './stage-protocol.ts'
import { ask, demand } from './stage-requests.ts'
import { manual, staged } from './stage-results.ts'

export interface StreamOptions {
  /** The mode that the producers are put into once they are subscribed to. `forward` unless told otherwise. */
  readonly demand?: 'forward' | 'accumulate'
  /** The producers that are put into it: those that are subscribed to unless told otherwise. */
  readonly producers?: readonly Dest<{ out: unknown }>[]
}

/**
 * The events of some producers, as an async iterable (`GenStage.stream`):
 *
 *     for await (const line of GenStage.stream(this, [{ to: lines, maxDemand: 100 }])) ...
 *
 * The loop has a consumer of its own, which ends with it, and with the process that runs it. More events are asked for
 * as the loop has used up the ones before, so no more wait for it than `maxDemand` of each producer. The loop ends when
 * all producers have; when one ends with another reason than `normal`, `shutdown` or `['shutdown', term]`, it throws an
 * Exit with that reason, behind the events that came before. This is `cancel: 'transient'`, the default here; with
 * `temporary` no reason is thrown, with `permanent` the first producer that ends, ends the loop.
 * @throws Exit `noproc` when a producer is not there; Fault `badarg` for a wrong option.
 */
export function stream<E>(
  caller: Caller,
  producers: readonly SubscribeTo<E>[],
  options: StreamOptions = {},
): AsyncIterable<E> {
  const given: readonly SubscribeTo<E>[] = producers
  if (!Array.isArray(producers)) throw fault('badarg', 'a stream takes an array of producers')
  mustBeOptions('a stream', options, STREAM)
  ownerOf(caller)
  if (producers.length > STAGE_SUBSCRIPTIONS) {
    throw fault('system_limit', `a stage has at most ${STAGE_SUBSCRIPTIONS} subscriptions`)
  }
  // Here, because a subscription that is refused later only leaves the loop without one of its producers.
  const subscriptions = given.map(completed)
  return { [Symbol.asyncIterator]: () => iterate(caller, subscriptions, options) }
}

const STREAM: OptionKinds<StreamOptions> = { demand: oneOf('forward', 'accumulate'), producers: ARRAY }

interface Chunk {
  readonly events: readonly unknown[]
  /** Tells the consumer that the loop has used them up. */
  readonly done: () => void
}

/** What leads from the stream's consumer to its loop. */
class Channel {
  readonly #chunks = new Ring<Chunk>(8)
  #wake: (() => void) | undefined
  #reason: readonly [Reason] | undefined

  push(chunk: Chunk): void {
    this.#chunks.push(chunk)
    this.#wake?.()
  }

  end(reason: Reason): void {
    this.#reason ??= [reason]
    this.#wake?.()
  }

  /** The next events, or undefined when there are no more. */
  async next(): Promise<Chunk | undefined> {
    while (this.#chunks.size === 0) {
      if (this.#reason !== undefined) {
        const [reason] = this.#reason
        if (isOrderly(reason)) return undefined
        throw new Exit(reason)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#chunks.shift()
  }
}

interface ReaderState {
  readonly channel: Channel
  readonly open: Map<StageFrom[1], ConsumerDemand>
}

interface ReaderApi extends StageProtocol {
  state: ReaderState
  in: unknown
  init: [channel: Channel, producers: readonly SubscribeOptions<unknown>[], owner: Pid | undefined]
}

/** The loop has used up what came from this producer: time to ask for more. */
class Used {
  readonly from: StageFrom
  readonly ask: number

  constructor(from: StageFrom, more: number) {
    this.from = from
    this.ask = more
  }
}

/** The message on which the consumer looks whether any producer is left. */
const LEFT: unique symbol = Symbol('LEFT')

const Reader = consumer<ReaderApi>({
  moduleName: 'gen_stage_stream',
  init(channel, producers, owner) {
    // Also when it is killed, the loop is to hear of it.
    this.own({ [Symbol.dispose]: () => channel.end('killed') })
    if (owner !== undefined) this.monitor(owner)
    this.send(this.self, LEFT)
    return staged({ channel, open: new Map() }, { subscribeTo: producers })
  },
  handleSubscribe(_other, options, from, state) {
    const checked = checkSubscription(options)
    if (typeof checked === 'string') return stop(['bad_opts', checked], state)
    state.open.set(from[1], new ConsumerDemand(checked.max, checked.min))
    ask(this, from, checked.max)
    return manual(state)
  },
  handleEvents(events, from, state) {
    const { batches } = state.open.get(from[1])!.take(events)
    for (const batch of batches) {
      const done = () => this.send(this.self, new Used(from, batch.ask))
      state.channel.push({ events: batch.events, done })
    }
    return noreply(state)
  },
  handleCancel(_why, from, state) {
    state.open.delete(from[1])
    this.send(this.self, LEFT)
    return noreply(state)
  },
  handleInfo(message, state) {
    if (message instanceof Used) {
      if (state.open.has(message.from[1])) ask(this, message.from, message.ask)
      return noreply(state)
    }
    // LEFT, or the end of the process that runs the loop.
    return message === LEFT && state.open.size > 0 ? noreply(state) : stop('normal', state)
  },
  terminate: (reason, { channel }) => channel.end(reason),
})

/** A subscription of the loop's consumer, checked: `transient`, unless `cancel` says otherwise. */
function completed<E>(producer: SubscribeTo<E>): SubscribeOptions<E> {
  const [to, options] = subscriptionOf(producer)
  const subscription: SubscribeOptions<E> = { cancel: 'transient', ...options, to }
  const checked = checkSubscription(subscription)
  if (typeof checked === 'string') throw fault('badarg', checked)
  if (!isDest(subscription.to)) throw fault('badarg', DEST_FORMS)
  return subscription
}

async function* iterate<E>(
  caller: Caller,
  producers: readonly SubscribeOptions<E>[],
  options: StreamOptions,
): AsyncGenerator<E, void> {
  const channel = new Channel()
  const { node, pidOrNone } = ownerOf(caller)
  // What the producers emit was checked by the types of the destinations.
  const untyped = producers as readonly unknown[] as readonly SubscribeOptions<unknown>[]
  const started = await start(caller, Reader, [channel, untyped, pidOrNone])
  if (started === 'ignore' || started[0] === 'error') throw new Exit(started[1])
  const [, reader] = started
  try {
    for (const to of options.producers ?? producers.map((one) => one.to)) {
      demand(caller, to, options.demand ?? 'forward')
    }
    for (let chunk = await channel.next(); chunk !== undefined; chunk = await channel.next()) {
      yield* chunk.events as readonly E[]
      chunk.done()
    }
  } finally {
    node.exit(reader, 'shutdown')
  }
}
