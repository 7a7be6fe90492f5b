import { Ring } from '../../internal/ring.ts'

/** A message that is to come behind the events before it. */
class Info {
  readonly message: unknown

  constructor(message: unknown) {
    this.message = message
  }
}

/** What left a buffer: events, and the messages that were behind them. */
export interface Taken {
  readonly events: readonly unknown[]
  readonly infos: readonly unknown[]
}

/**
 * The events of a producer that nobody has asked for yet, at most `size` of them; which are lost when there are more is
 * up to `keep`. Messages among them are never lost: when the events before one are, it comes first and is given out.
 */
export class StageBuffer {
  readonly #items = new Ring<unknown>(16)
  readonly #limit: number
  readonly #keep: 'first' | 'last'
  #events = 0

  constructor(limit: number, keep: 'first' | 'last') {
    this.#limit = limit
    this.#keep = keep
  }

  /** Events in the buffer. */
  get size(): number {
    return this.#events
  }

  /** Keeps events; tells how many were lost, and which messages come first now. */
  store(events: readonly unknown[]): { readonly lost: number; readonly infos: readonly unknown[] } {
    const lost = Math.max(0, this.#events + events.length - this.#limit)
    const infos: unknown[] = []
    if (this.#keep === 'first') {
      this.#push(lost === 0 ? events : events.slice(0, events.length - lost))
    } else {
      const old = Math.min(lost, this.#events)
      for (let left = old; left > 0; ) {
        const taken = this.take(left)
        left -= taken.events.length
        infos.push(...taken.infos)
      }
      this.#push(lost === old ? events : events.slice(lost - old))
    }
    return { lost, infos }
  }

  /** Keeps a message behind the events that wait; false when none does. */
  storeInfo(message: unknown): boolean {
    if (this.#events === 0) return false
    this.#items.push(new Info(message))
    return true
  }

  /** Takes events, the oldest first, at most `count` and none from behind a message, and the messages then first. */
  take(count: number): Taken {
    const events: unknown[] = []
    const infos: unknown[] = []
    while (events.length < count && this.#events > 0 && !(this.#items.at(0) instanceof Info)) {
      events.push(this.#items.shift())
      this.#events--
    }
    while (this.#items.size > 0 && this.#items.at(0) instanceof Info) infos.push((this.#items.shift() as Info).message)
    return { events, infos }
  }

  #push(events: readonly unknown[]): void {
    for (const event of events) this.#items.push(event)
    this.#events += events.length
  }
}
