import type { StageFrom } from './stage-protocol.ts'

/**
 * What a consumer supervisor has asked one producer for. Each of `max` events is asked for, or has a child that runs,
 * or is owed: its child has ended, and it is asked for again together with others, once there are `min` of them:
 *
 *     max 10, min 5     asked 10 ──10 come──> running 10 ──4 end──> running 6, owed 4 ──1 ends──> running 5, asked 5
 *
 * So never more than `max` children of one subscription run, however many of them end at once, as long as its producer
 * keeps to the demand; one that does not is asked for nothing until there is room again.
 */
export class ChildDemand {
  readonly from: StageFrom
  /** The subscription is over: nothing is asked for any more. */
  gone = false
  readonly #max: number
  readonly #min: number
  #asked: number
  #running = 0

  constructor(from: StageFrom, max: number, min: number) {
    this.from = from
    this.#max = max
    this.#min = min
    this.#asked = max
  }

  /** Events have come, of which each is to be a child. Returns how many of them had not been asked for. */
  came(count: number): number {
    const excess = Math.max(0, count - this.#asked)
    this.#asked -= count - excess
    this.#running += count
    return excess
  }

  /** So many children have ended for good, or were never there. Returns for how many events to ask now. */
  ended(count: number): number {
    this.#running -= count
    const owed = this.#max - this.#asked - this.#running
    if (this.gone || owed < Math.max(1, this.#min)) return 0
    this.#asked += owed
    return owed
  }
}
