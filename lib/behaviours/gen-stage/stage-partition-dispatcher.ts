import { fault } from '../../internal/errors.ts'
import { STAGE_SUBSCRIPTIONS } from '../../internal/limits.ts'
import { Ring } from '../../internal/ring.ts'
import { describe } from '../../kernel/exit.ts'
import { ANY, FUNCTION, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { partitionOf } from '../supervisor/partition-hash.ts'
import { type Dispatcher, DispatcherOption, type DispatcherPorts, type Refusal } from './stage-dispatcher.ts'

export type PartitionName = string | number

export interface PartitionDispatcherOptions<E> {
  /** How many partitions, named 0, 1 and so on, or their names. */
  readonly partitions: number | readonly PartitionName[]
  /**
   * Where an event goes, and what is sent there; `'none'` drops it. By the event's own hash unless told otherwise
   * (`partitionOf`), so that equal events go to the same partition.
   */
  readonly hash?: (event: E) => readonly [event: E, partition: PartitionName] | 'none'
}

/** Something in a partition's queue that is no event: it is passed once it comes first in all of them. */
class Barrier {
  readonly #then: () => void
  #queues: number

  constructor(queues: number, then: () => void) {
    this.#queues = queues
    this.#then = then
  }

  passed(): void {
    if (--this.#queues === 0) this.#then()
  }
}

interface Partition<E, C> {
  consumer: C | undefined
  /** Events that the consumer has asked for and not got; 0 while events are queued. */
  open: number
  /** What came for it and was not asked for yet; its events counted apart from its barriers. */
  readonly queue: Ring<E | Barrier>
  events: number
}

/**
 * Gives each event to the consumer of its partition: events of one partition stay in order. What comes for a partition
 * without demand waits in its queue, also while it has no consumer.
 *
 * All queues together hold no more than the consumers have open: a partition that is behind slows the others down
 * rather than fill the memory, and one that nobody subscribes to brings them to a halt once its share has come.
 */
export class PartitionDispatcher<E, C> implements Dispatcher<E, C> {
  readonly #ports: DispatcherPorts<E, C>
  readonly #hash: (event: E) => readonly [event: E, partition: PartitionName] | 'none'
  readonly #partitions = new Map<PartitionName, Partition<E, C>>()
  readonly #byConsumer = new Map<C, Partition<E, C>>()
  #open = 0
  #queued = 0

  /** @throws Fault `badarg` when there is no partition. */
  constructor(ports: DispatcherPorts<E, C>, options: PartitionDispatcherOptions<E>) {
    const { partitions, hash } = options
    const names = namesOf(partitions)
    this.#ports = ports
    this.#hash = hash ?? ((event) => [event, names[partitionOf(event, names.length)]!])
    for (const name of names) {
      this.#partitions.set(name, { consumer: undefined, open: 0, queue: new Ring(8), events: 0 })
    }
  }

  get room(): number {
    return Math.max(0, this.#open - this.#queued)
  }

  subscribe(consumer: C, options: object): Refusal | undefined {
    const { partition: name } = options as { readonly partition?: PartitionName }
    const partition = name === undefined ? undefined : this.#partitions.get(name)
    if (partition === undefined) {
      const names = describe([...this.#partitions.keys()])
      return ['error', ['bad_opts', `partition is one of ${names}, not ${describe(name)}`]]
    }
    if (partition.consumer !== undefined) {
      return ['error', ['bad_opts', `partition ${describe(name)} has a consumer already`]]
    }
    partition.consumer = consumer
    this.#byConsumer.set(consumer, partition)
    return undefined
  }

  /** What waits for the consumer's partition waits for the next one. */
  leave(consumer: C): void {
    const partition = this.#byConsumer.get(consumer)
    if (partition === undefined) return
    this.#byConsumer.delete(consumer)
    this.#open -= partition.open
    partition.consumer = undefined
    partition.open = 0
  }

  ask(consumer: C, count: number): void {
    const partition = this.#byConsumer.get(consumer)
    if (partition === undefined) return
    const events = this.#dequeue(partition, count)
    if (events.length > 0) this.#ports.deliver(consumer, events)
    this.#queued -= events.length
    partition.open += count - events.length
    this.#open += count - events.length
    this.#passBarriers(partition)
  }

  dispatch(events: readonly E[]): readonly E[] {
    const { room } = this
    const now = room >= events.length ? events : events.slice(0, room)
    const batches = new Map<Partition<E, C>, E[]>()
    let dropped = false
    for (const event of now) {
      const placed = this.#hash(event)
      if (placed === 'none') dropped = true
      else {
        const partition = this.#partitions.get(placed[1])
        if (partition === undefined) throw fault('badarg', `hash gave ${describe(placed[1])}, which is no partition`)
        const batch = batches.get(partition)
        if (batch === undefined) batches.set(partition, [placed[0]])
        else batch.push(placed[0])
      }
    }
    for (const [partition, batch] of batches) this.#hand(partition, batch)
    if (dropped) this.#ports.grown()
    return now === events ? [] : events.slice(room)
  }

  pass(then: () => void): void {
    const waiting = [...this.#partitions.values()].filter((partition) => partition.queue.size > 0)
    if (waiting.length === 0) return then()
    const barrier = new Barrier(waiting.length, then)
    for (const { queue } of waiting) queue.push(barrier)
  }

  #hand(partition: Partition<E, C>, batch: readonly E[]): void {
    const count = Math.min(partition.open, batch.length)
    if (count > 0) {
      this.#ports.deliver(partition.consumer!, count === batch.length ? batch : batch.slice(0, count))
      partition.open -= count
      this.#open -= count
    }
    for (const event of batch.slice(count)) partition.queue.push(event)
    partition.events += batch.length - count
    this.#queued += batch.length - count
  }

  #dequeue(partition: Partition<E, C>, count: number): E[] {
    const taken: E[] = []
    while (taken.length < count && partition.events > 0) {
      const item = partition.queue.shift() as E | Barrier
      if (item instanceof Barrier) item.passed()
      else {
        taken.push(item)
        partition.events--
      }
    }
    return taken
  }

  /** Barriers that come first now have nothing before them in this queue any more. */
  #passBarriers({ queue }: Partition<E, C>): void {
    while (queue.size > 0) {
      const first = queue.at(0)
      if (!(first instanceof Barrier)) return
      queue.shift()
      first.passed()
    }
  }
}

function namesOf(partitions: PartitionDispatcherOptions<never>['partitions']): readonly PartitionName[] {
  const isName = (name: unknown) => typeof name === 'string' || typeof name === 'number'
  if (Array.isArray(partitions) && partitions.length > 0 && partitions.every(isName)) return partitions
  if (Number.isInteger(partitions) && (partitions as number) > 0 && (partitions as number) <= STAGE_SUBSCRIPTIONS) {
    return Array.from({ length: partitions as number }, (_, index) => index)
  }
  throw fault('badarg', 'partitions is their number, 1 or more, or an array of their names')
}

const PARTITION: OptionKinds<PartitionDispatcherOptions<unknown>> = { partitions: ANY, hash: FUNCTION }

/**
 * Each partition has one consumer, which subscribes with the option `partition`.
 * @throws Fault `badarg` when there is no partition.
 */
export function partitionDispatcher<E>(options: PartitionDispatcherOptions<E>): DispatcherOption<E> {
  mustBeOptions('partitionDispatcher', options, PARTITION)
  namesOf(options.partitions)
  return new DispatcherOption(
    (ports) => new PartitionDispatcher(ports, options as unknown as PartitionDispatcherOptions<never>),
  )
}
