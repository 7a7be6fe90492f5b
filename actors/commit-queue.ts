import type { OutboxEvent, Write } from '../lib/storage/port.ts'

/** An event that is to be stored; its generation is its guild's. */
export type NewEvent = Omit<OutboxEvent, 'generation'>

/** Something that a guild has decided, and what is to happen once it, and all that was decided before, is stored. */
export interface Entry {
  readonly writes: readonly Write[]
  readonly events: readonly NewEvent[]
  readonly done: () => void
}

export interface Batch {
  readonly writes: readonly Write[]
  readonly events: readonly NewEvent[]
}

/**
 * Group commit: one commit is in flight at a time, and carries all that came together while the one before it was.
 *
 *     push ──> e7 e6 e5 e4 | e3 e2 e1 ──> storage
 *              waiting     | in flight           settle: done() of e1, e2, e3, in this order; next() takes e4 to e7
 *
 * What an owner has decided is in its state at once, ahead of the disk; but nobody outside may learn of it before it is
 * stored. So answers and snapshots go through here too, as entries that write nothing: each waits for what it rests on.
 * When a commit fails the owner crashes, and what waited was never told to anybody.
 */
export class CommitQueue {
  readonly #bound: number
  readonly #perBatch: number
  #waiting: Entry[] = []
  #inFlight: Entry[] = []

  /**
   * @param bound entries that may wait
   * @param perBatch writes, and events, in one commit; no entry may have more
   */
  constructor(bound: number, perBatch: number) {
    this.#bound = bound
    this.#perBatch = perBatch
  }

  /** Entries that are not done. */
  get size(): number {
    return this.#waiting.length + this.#inFlight.length
  }

  get isFull(): boolean {
    return this.size >= this.#bound
  }

  push(entry: Entry): void {
    this.#waiting.push(entry)
  }

  /** The next commit, which is then in flight; undefined when one is, or there is nothing to store. */
  next(): Batch | undefined {
    if (this.#inFlight.length > 0) return undefined
    this.#releaseAnswers()
    const count = this.#fitting()
    if (count === 0) return undefined
    this.#inFlight = this.#waiting.splice(0, count)
    return {
      writes: this.#inFlight.flatMap((entry) => entry.writes),
      events: this.#inFlight.flatMap((entry) => entry.events),
    }
  }

  /** The commit in flight is stored. */
  settle(): void {
    const stored = this.#inFlight
    this.#inFlight = []
    for (const entry of stored) entry.done()
  }

  /** What waits for nothing that is to be stored is done at once. */
  #releaseAnswers(): void {
    let count = 0
    while (count < this.#waiting.length && isAnswer(this.#waiting[count]!)) count++
    for (const entry of this.#waiting.splice(0, count)) entry.done()
  }

  #fitting(): number {
    let [count, writes, events] = [0, 0, 0]
    for (const entry of this.#waiting) {
      writes += entry.writes.length
      events += entry.events.length
      if (count > 0 && (writes > this.#perBatch || events > this.#perBatch)) break
      count++
    }
    return count
  }
}

function isAnswer({ writes, events }: Entry): boolean {
  return writes.length === 0 && events.length === 0
}
