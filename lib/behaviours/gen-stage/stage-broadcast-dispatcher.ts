import { type Dispatcher, DispatcherOption, type DispatcherPorts, type Refusal } from './stage-dispatcher.ts'

interface Open<E, C> {
  readonly consumer: C
  readonly selector: ((event: E) => boolean) | undefined
  count: number
}

/**
 * Gives every event to every consumer, when all of them want one more: the slowest sets the pace. With a `selector` in
 * the options of its subscription a consumer gets only what it selects; what it does not costs it no demand.
 *
 * A process can subscribe once; a second subscription is cancelled with `already_subscribed`, which ends no consumer.
 * A consumer that comes while events are on their way holds them up until it asks; it gets none it did not ask for.
 */
export class BroadcastDispatcher<E, C> implements Dispatcher<E, C> {
  readonly #ports: DispatcherPorts<E, C>
  readonly #open = new Map<C, Open<E, C>>()

  constructor(ports: DispatcherPorts<E, C>) {
    this.#ports = ports
  }

  get room(): number {
    if (this.#open.size === 0) return 0
    let least = Number.POSITIVE_INFINITY
    for (const { count } of this.#open.values()) least = Math.min(least, count)
    return least
  }

  subscribe(consumer: C, options: object): Refusal | undefined {
    const { selector } = options as { readonly selector?: unknown }
    if (selector !== undefined && typeof selector !== 'function') {
      return ['error', ['bad_opts', 'selector is a function of an event']]
    }
    for (const other of this.#open.keys()) {
      if (this.#ports.isSame(other, consumer)) return ['error', 'already_subscribed']
    }
    this.#open.set(consumer, { consumer, selector: selector as Open<E, C>['selector'], count: 0 })
    return undefined
  }

  leave(consumer: C): void {
    this.#open.delete(consumer)
  }

  ask(consumer: C, count: number): void {
    const open = this.#open.get(consumer)
    if (open !== undefined) open.count += count
  }

  dispatch(events: readonly E[]): readonly E[] {
    const { room } = this
    if (room === 0) return events
    const now = room >= events.length ? events : events.slice(0, room)
    let skipped = false
    for (const open of this.#open.values()) {
      const { selector } = open
      const selected = selector === undefined ? now : now.filter((event) => selector(event))
      skipped ||= selected.length < now.length
      open.count -= selected.length
      if (selected.length > 0) this.#ports.deliver(open.consumer, selected)
    }
    if (skipped) this.#ports.grown()
    return now === events ? [] : events.slice(room)
  }

  pass(then: () => void): void {
    then()
  }
}

/** Every consumer gets every event, at the pace of the slowest. */
export function broadcastDispatcher(): DispatcherOption<unknown> {
  return new DispatcherOption((ports) => new BroadcastDispatcher(ports))
}
