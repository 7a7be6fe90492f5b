import { comparePositions } from '../lib/storage/guild-log.ts'
import type { OutboxEvent, Position } from '../lib/storage/port.ts'
import { type Link, ORIGIN, positionOf } from './position.ts'

/**
 * The newest events of a guild, as its outbox in the storage has them, for relays that come back.
 *
 *     floor | oldest ............ head
 *           |  after(since): all behind `since`, or 'gone' when that cannot be said for sure
 *
 * It answers 'gone' rather than leave out an event: when `since` is not held, nor known to be just before the oldest.
 */
export class EventLog {
  readonly #events: OutboxEvent[]
  readonly #keep: number
  /** The position just before the oldest event; undefined when the outbox was trimmed by an earlier owner. */
  #floor: Position | undefined

  /**
   * @param events all that the outbox holds, oldest first
   * @param keep how many stay when others go: an outbox that holds fewer has never been trimmed
   */
  constructor(events: readonly OutboxEvent[], keep: number) {
    this.#events = [...events]
    this.#keep = keep
    this.#floor = events.length < keep ? ORIGIN : undefined
  }

  get size(): number {
    return this.#events.length
  }

  /** The position of the newest event. */
  get head(): Position {
    const newest = this.#events.at(-1)
    return newest === undefined ? (this.#floor ?? ORIGIN) : positionOf(newest)
  }

  /** Takes the next event and links it to the one before. */
  append(event: OutboxEvent): Link {
    const link = { previous: this.head, event }
    this.#events.push(event)
    return link
  }

  /** The events after `since`, linked, oldest first. */
  after(since: Position): readonly Link[] | 'gone' {
    const start = this.#startAfter(since)
    if (start === undefined) return 'gone'
    let previous = since
    return this.#events.slice(start).map((event) => {
      const link = { previous, event }
      previous = positionOf(event)
      return link
    })
  }

  /**
   * The position up to which events may go, so that `keep` are left and none goes that is after `limit`; undefined when
   * fewer than `least` would go.
   */
  surplus(limit: Position, least: number): Position | undefined {
    const most = this.#events.length - this.#keep
    if (most < least) return undefined
    let count = 0
    while (count < most && comparePositions(this.#events[count]!, limit) <= 0) count++
    return count < least ? undefined : positionOf(this.#events[count - 1]!)
  }

  /** Lets go of the events up to and with `position`. */
  trim(position: Position): void {
    const left = this.#events.findIndex((event) => comparePositions(event, position) > 0)
    this.#events.splice(0, left === -1 ? this.#events.length : left)
    this.#floor = position
  }

  #startAfter(since: Position): number | undefined {
    if (this.#floor !== undefined && comparePositions(since, this.#floor) === 0) return 0
    const oldest = this.#events[0]
    if (oldest === undefined) return undefined
    if (oldest.generation === since.generation && oldest.sequence === since.sequence + 1) return 0
    const index = this.#indexOf(since)
    return index === undefined ? undefined : index + 1
  }

  #indexOf(position: Position): number | undefined {
    let low = 0
    let high = this.#events.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const order = comparePositions(this.#events[middle]!, position)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }
}
