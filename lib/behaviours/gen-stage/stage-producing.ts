import { STAGE_SUBSCRIPTIONS } from '../../internal/limits.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Pid, Ref } from '../../kernel/pid.ts'
import { samePid } from '../../kernel/pid.ts'
import { andThen, type MaybePromise } from '../callback.ts'
import type { Stage, Step } from './stage.ts'
import { StageBuffer } from './stage-buffer.ts'
import { Ended } from './stage-consuming.ts'
import type { Dispatcher } from './stage-dispatcher.ts'
import type { CheckedStageOptions } from './stage-options.ts'
import { type ConsumerFrom, type StageFrom, type Subscribe, tagKey, toConsumer } from './stage-protocol.ts'
import { Subscribed } from './stage-results.ts'

/** A subscription to this stage. */
interface Consumer {
  readonly key: unknown
  readonly pid: Pid
  readonly tag: Ref
  readonly from: StageFrom
  readonly monitor: Ref
}

/** The message by which a stage has its dispatcher's room looked at. */
export const GROWN: unique symbol = Symbol('GROWN')

/**
 * The lower side of a stage: its consumers, the dispatcher, and the events that nobody wants yet.
 *
 *     demand   ask ──> dispatcher ──> from the buffer ──> what is still wanted and not yet asked for: handleDemand
 *     events   emitted ──> dispatcher ──> consumers; what nobody wants ──> buffer
 *
 * While there is something in the buffer, the dispatcher has no room: whenever its room grows, the buffer comes first.
 */
export class Producing {
  readonly #stage: Stage
  readonly #dispatcher: Dispatcher<unknown, Consumer>
  readonly #buffer: StageBuffer
  readonly #consumers = new Map<unknown, Consumer>()
  readonly #monitors = new Map<number, Consumer>()
  /** Events asked of this stage's source (handleDemand, or the producers above) that it has not emitted yet. */
  #asked = 0
  /** Demand that waits for `forward`; undefined while demand is forwarded. */
  #held: number | undefined
  #growing = false

  constructor(stage: Stage, options: CheckedStageOptions) {
    this.#stage = stage
    this.#buffer = new StageBuffer(options.bufferSize, options.bufferKeep)
    this.#held = options.demand === 'accumulate' ? 0 : undefined
    const { process } = stage
    this.#dispatcher = options.dispatcher.create<Consumer>({
      deliver: (consumer, events) => this.#send(consumer, ['events', events]),
      grown: () => this.#grown(),
      isSame: (a, b) => samePid(a.pid, b.pid),
      below: (bound) => process.node.host.below(bound),
      warn: (what, details) => stage.report('warning', 'dispatcher', { what, ...details }),
    })
  }

  /** Whether something below waits for events of this stage. */
  get isWanted(): boolean {
    return this.#asked > 0
  }

  /** The stages below. */
  get consumers(): readonly Pid[] {
    return Array.from(this.#consumers.values(), ({ pid }) => pid)
  }

  /** Events in the buffer. */
  get buffered(): number {
    return this.#buffer.size
  }

  // --- subscriptions

  subscribe([pid, tag]: ConsumerFrom, [, current, given]: Subscribe): MaybePromise<Step> {
    const key = this.#key(tag)
    const options = plainOptions(given)
    const refusal = options === undefined ? UNREADABLE : this.#refusal(key)
    if (options === undefined || refusal !== undefined) {
      this.#stage.report('error', 'subscription_refused', { from: pid, reason: refusal })
      return this.#answer(pid, tag, refusal)
    }
    const before = current === undefined ? undefined : this.cancel(current[0], 'cancel', current[1])
    return andThen(before, (step) => step ?? this.#accept(key, pid, tag, options))
  }

  #refusal(key: unknown): Reason | undefined {
    if (this.#consumers.has(key)) return 'duplicated_subscription'
    return this.#consumers.size >= STAGE_SUBSCRIPTIONS ? 'system_limit' : undefined
  }

  #accept(key: unknown, pid: Pid, tag: Ref, options: object): MaybePromise<Step> {
    const stage = this.#stage
    const monitor = stage.process.monitor(pid)
    const consumer: Consumer = { key, pid, tag, from: Object.freeze([pid, tag] as const), monitor }
    this.#consumers.set(key, consumer)
    this.#monitors.set(monitor.id, consumer)
    const admit = (): MaybePromise<Step> => {
      const refusal = this.#dispatcher.subscribe(consumer, options)
      return refusal === undefined ? undefined : this.cancel(tag, 'cancel', refusal[1])
    }
    if (!stage.has('handleSubscribe')) return admit()
    return andThen(stage.callback('handleSubscribe', 'consumer', options, consumer.from), (result) => {
      if (result instanceof Subscribed && result.mode === 'automatic') {
        stage.state = result.state
        return admit()
      }
      return result instanceof Subscribed ? stage.badReturn([result.mode, result.state]) : stage.refused(result)
    })
  }

  /** Ends a subscription, if there is one, and has the consumer told. */
  cancel(tag: Ref, kind: 'cancel' | 'down', reason: Reason): MaybePromise<Step> {
    const consumer = this.#consumers.get(this.#key(tag))
    if (consumer === undefined) return undefined
    const stage = this.#stage
    this.#consumers.delete(consumer.key)
    this.#monitors.delete(consumer.monitor.id)
    stage.process.demonitor(consumer.monitor, { flush: true })
    this.#send(consumer, ['cancel', reason])
    this.#dispatcher.leave(consumer)
    return andThen(stage.cancelled([kind, reason], consumer.from), (step) => step ?? this.serve())
  }

  /** A consumer asks to cancel; one that is not known is told so all the same. */
  cancelRequested(pid: Pid, tag: Ref, reason: Reason): MaybePromise<Step> {
    if (this.#consumers.has(this.#key(tag))) return this.cancel(tag, 'cancel', reason)
    return this.#answer(pid, tag, 'unknown_subscription')
  }

  /** A process that was monitored is gone; false when it was no consumer's. */
  down(monitor: Ref, reason: Reason): MaybePromise<Step> | false {
    const consumer = this.#monitors.get(monitor.id)
    return consumer === undefined ? false : this.cancel(consumer.tag, 'down', reason)
  }

  // --- demand

  ask(pid: Pid, tag: Ref, count: number): MaybePromise<Step> {
    const consumer = this.#consumers.get(this.#key(tag))
    if (consumer === undefined) return this.#answer(pid, tag, 'unknown_subscription')
    this.#dispatcher.ask(consumer, count)
    return this.serve()
  }

  /** Gives out what there is room for, and asks the source for the rest. */
  serve(): MaybePromise<Step> {
    while (this.#buffer.size > 0) {
      const { room } = this.#dispatcher
      if (room === 0) break
      const { events, infos } = this.#buffer.take(room)
      this.#dispatcher.dispatch(events)
      for (const info of infos) this.#pass(info)
    }
    const more = Math.max(0, this.#dispatcher.room - this.#asked)
    this.#asked += more
    const { consuming } = this.#stage
    if (consuming !== undefined) return consuming.proceed()
    return more === 0 ? undefined : this.#demand(more)
  }

  #demand(count: number): MaybePromise<Step> {
    if (this.#held === undefined) return this.#stage.run('handleDemand', count)
    this.#held += count
    return undefined
  }

  /** Forwards demand, what was held in one piece, or holds it from now on. */
  setDemand(mode: 'forward' | 'accumulate'): MaybePromise<Step> {
    if (this.#stage.role !== 'producer') return undefined
    const held = this.#held
    this.#held = mode === 'forward' ? undefined : (held ?? 0)
    return mode === 'forward' && held !== undefined && held > 0 ? this.#demand(held) : undefined
  }

  // --- events

  emit(events: readonly unknown[]): void {
    this.#asked = Math.max(0, this.#asked - events.length)
    const left = this.#buffer.size > 0 ? events : this.#dispatcher.dispatch(events)
    if (left.length === 0) return
    const { lost, infos } = this.#buffer.store(left)
    if (lost > 0 && this.#tellsLoss(lost)) this.#stage.report('warning', 'events_discarded', { discarded: lost })
    for (const info of infos) this.#pass(info)
  }

  #tellsLoss(lost: number): boolean {
    const { module, state, process } = this.#stage
    const formatDiscarded = module.formatDiscarded as ((lost: number, state: unknown) => unknown) | undefined
    return formatDiscarded === undefined || formatDiscarded.call(process, lost, state) !== false
  }

  /** Has `message` come to the stage itself once the events before it have been sent. */
  info(message: unknown): void {
    if (!this.#buffer.storeInfo(message)) this.#pass(message)
  }

  #pass(message: unknown): void {
    this.#dispatcher.pass(() =>
      message instanceof Ended ? this.#stage.remind(message) : this.#stage.sendSelf(message),
    )
  }

  #grown(): void {
    if (this.#growing) return
    this.#growing = true
    this.#stage.remind(GROWN)
  }

  /** The dispatcher has more room than it was asked for. */
  grew(): MaybePromise<Step> {
    this.#growing = false
    return this.serve()
  }

  // --- messages

  #key(tag: Ref): unknown {
    return tagKey(this.#stage.process.node.address, tag)
  }

  #send(consumer: Consumer, what: readonly ['events', readonly unknown[]] | readonly ['cancel', Reason]): void {
    const { process } = this.#stage
    process.send(consumer.pid, toConsumer([process.pid, consumer.tag], what))
  }

  #answer(pid: Pid, tag: Ref, reason: Reason): undefined {
    const { process } = this.#stage
    process.send(pid, toConsumer([process.pid, tag], ['cancel', reason]))
  }
}

const UNREADABLE = ['bad_opts', 'the options of a subscription are plain data']

/** A copy, which nobody but this stage has: undefined when a getter of who asks throws. */
function plainOptions(options: object): object | undefined {
  try {
    return { ...options }
  } catch {
    return undefined
  }
}
