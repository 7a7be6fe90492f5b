import { STAGE_SUBSCRIPTIONS } from '../../internal/limits.ts'
import { Ring } from '../../internal/ring.ts'
import { isOrderly, type Reason } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import { type Pid, type Ref, sameAddress } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { andThen, type MaybePromise } from '../callback.ts'
import { stop } from '../gen-server/results.ts'
import { ServerProgram } from '../gen-server/server-program.ts'
import { type Stage, type Step, steps } from './stage.ts'
import { type Batch, ConsumerDemand } from './stage-consumer-demand.ts'
import { checkSubscription } from './stage-options.ts'
import { type CancelMode, type StageFrom, type Subscribe, toProducer } from './stage-protocol.ts'
import { type CancelReason, Subscribed } from './stage-results.ts'

/** A subscription of this stage. */
class Producer {
  readonly from: StageFrom
  readonly mode: CancelMode
  /** Undefined when the module asks by itself. */
  readonly demand: ConsumerDemand | undefined
  gone = false

  constructor(from: StageFrom, mode: CancelMode, demand: ConsumerDemand | undefined) {
    this.from = from
    this.mode = mode
    this.demand = demand
  }
}

/** The message that a subscription has ended, when it comes behind the events before it. */
export class Ended {
  readonly producer: Producer
  readonly why: CancelReason

  constructor(producer: Producer, why: CancelReason) {
    this.producer = producer
    this.why = why
  }
}

/** A batch that came to a producer-consumer when nobody below wanted events. */
class Arrived {
  readonly producer: Producer
  readonly batch: Batch

  constructor(producer: Producer, batch: Batch) {
    this.producer = producer
    this.batch = batch
  }
}

/** A process that a stage may subscribe to. */
type Target = Pid | { readonly name: string; readonly node: string }

/** What to subscribe to for `to`, or why that is nothing; a name on another node is looked up there. */
function producerAt(node: Node, to: Dest): Target | 'noproc' | 'not_a_producer' {
  const { pid, name, node: at } = node.resolve(to)
  if (pid === undefined) return at === node.name ? 'noproc' : { name: name!, node: at }
  return pid.process !== undefined && isNoStage(pid.process) ? 'not_a_producer' : pid
}

/** A GenServer that is no stage would never answer. What else there is may speak the protocol of stages. */
function isNoStage({ program }: Process): boolean {
  return program instanceof ServerProgram && !('$subscribe' in program.module.handleCall)
}

export type SubscribeResult = readonly ['ok', Ref] | readonly ['error', Reason]

/**
 * The upper side of a stage: the producers it has subscribed to, and how much it has asked them for.
 *
 *     events ──> batches ──> handleEvents ──> ask for more, after each batch
 *
 * A producer-consumer handles events only while something below waits for its own; until then they wait in a queue,
 * which holds no more than was asked for. The end of a subscription waits in it, too, and then behind what the stage
 * has buffered, so that nothing which came before it is lost.
 */
export class Consuming {
  readonly #stage: Stage
  readonly #producers = new Map<number, Producer>()
  /** Of a producer-consumer: `Arrived`, `Ended`, or a message that is to keep its place. */
  readonly #queue = new Ring<unknown>(8)

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** The stages above. */
  get producers(): readonly Dest[] {
    return Array.from(this.#producers.values(), ({ from }) => from[0])
  }

  // --- subscriptions

  /** Subscribes to a producer; `tell` gets the result, also when the stage ends over it. */
  subscribe(
    to: Dest,
    options: object,
    current: Subscribe[1],
    tell: (result: SubscribeResult) => void,
  ): MaybePromise<Step> {
    const stage = this.#stage
    const { process } = stage
    const checked = checkSubscription(options)
    if (typeof checked === 'string' || this.#producers.size >= STAGE_SUBSCRIPTIONS) {
      const why = typeof checked === 'string' ? ['bad_opts', checked] : 'system_limit'
      stage.report('error', 'subscription_refused', { to, reason: why })
      tell(['error', why])
      return undefined
    }
    const target = producerAt(process.node, to)
    if (target === 'noproc' || target === 'not_a_producer') {
      tell(['ok', process.node.makeRef()])
      if (checked.cancel === 'temporary') return undefined
      stage.report('error', 'subscription_refused', { to, reason: target })
      return stop(target, stage)
    }
    const tag = process.monitor(target)
    const from: StageFrom = Object.freeze([target, tag] as const)
    this.#tell(from, ['subscribe', current, options])
    const begin = (demand: ConsumerDemand | undefined): undefined => {
      this.#producers.set(tag.id, new Producer(from, checked.cancel, demand))
      if (demand !== undefined) this.#tell(from, ['ask', demand.max])
      tell(['ok', tag])
    }
    if (!stage.has('handleSubscribe')) return begin(new ConsumerDemand(checked.max, checked.min))
    return andThen(stage.callback('handleSubscribe', 'producer', options, from), (result) => {
      if (!(result instanceof Subscribed)) return stage.refused(result)
      stage.state = result.state
      return begin(result.mode === 'manual' ? undefined : new ConsumerDemand(checked.max, checked.min))
    })
  }

  /** The subscription is over: the producer cancelled it, or is gone. False when it is not one of this stage. */
  ended(tag: Ref, why: CancelReason): MaybePromise<Step> | false {
    const producer = this.#find(tag)
    if (producer === undefined) return false
    this.#producers.delete(tag.id)
    producer.gone = true
    this.#stage.process.demonitor(tag, { flush: true })
    const ended = new Ended(producer, why)
    if (this.#stage.producing === undefined) return this.finish(ended)
    this.info(ended)
    return undefined
  }

  /** Tells the module, and ends the stage if the subscription says so. */
  finish({ producer, why }: Ended): MaybePromise<Step> {
    const stage = this.#stage
    return andThen(stage.cancelled(why, producer.from), (step) => {
      const [, reason] = why
      const { mode } = producer
      if (step !== undefined || mode === 'temporary' || reason === 'already_subscribed') return step
      if (mode === 'transient' && isOrderly(reason)) return undefined
      stage.report('info', 'stopping', { from: producer.from[0], reason })
      return stop(reason, stage)
    })
  }

  // --- events

  receive([from, tag]: StageFrom, events: readonly unknown[]): MaybePromise<Step> {
    const producer = this.#find(tag)
    if (producer === undefined) {
      this.#tell([from, tag], ['cancel', 'unknown_subscription'])
      return undefined
    }
    const batches = this.#batches(producer, events)
    if (this.#stage.producing !== undefined) {
      for (const batch of batches) this.#queue.push(new Arrived(producer, batch))
      return this.proceed()
    }
    let next = 0
    return steps(() => {
      const batch = batches[next++]
      return batch && (() => this.#handle(producer, batch))
    })
  }

  /** Of a producer-consumer: handles what waits, batch by batch, as long as something below waits for it. */
  proceed(): MaybePromise<Step> {
    const { producing } = this.#stage
    return steps(() => {
      if (producing === undefined || this.#queue.size === 0) return undefined
      if (this.#queue.at(0) instanceof Arrived && !producing.isWanted) return undefined
      const item = this.#queue.shift()
      if (item instanceof Arrived) return () => this.#handle(item.producer, item.batch)
      return () => {
        producing.info(item)
        return undefined
      }
    })
  }

  /** Of a producer-consumer: has `message` come to the stage itself behind the events that came before it. */
  info(message: unknown): void {
    if (this.#queue.size === 0) this.#stage.producing?.info(message)
    else this.#queue.push(message)
  }

  #handle(producer: Producer, { events, ask }: Batch): MaybePromise<Step> {
    return andThen(this.#stage.run('handleEvents', events, producer.from), (step) => {
      if (step === undefined && ask > 0 && !producer.gone) this.#tell(producer.from, ['ask', ask])
      return step
    })
  }

  #batches({ demand, from }: Producer, events: readonly unknown[]): readonly Batch[] {
    if (demand === undefined) return [{ events, ask: 0 }]
    const { batches, excess } = demand.take(events)
    if (excess > 0) this.#stage.report('error', 'events_in_excess', { from: from[0], excess })
    return batches
  }

  #find(tag: Ref): Producer | undefined {
    return sameAddress(tag.address, this.#stage.process.node.address) ? this.#producers.get(tag.id) : undefined
  }

  #tell([to, tag]: StageFrom, what: Parameters<typeof toProducer>[1]): void {
    const { process } = this.#stage
    process.send(to, toProducer([process.pid, tag], what))
  }
}
