import { fault } from '../internal/errors.ts'
import { RESUME_WINDOW_BYTES, RESUME_WINDOW_EVENTS, SEQUENCE_MAX } from '../internal/limits.ts'
import type { EventFrame } from './frame.ts'

export interface ResumeWindowLimits {
  /** Events kept at most. */
  readonly events: number
  /** Bytes of the events kept at most; the newest event is kept whatever its size. */
  readonly bytes: number
}

const DEFAULT_LIMITS: ResumeWindowLimits = { events: RESUME_WINDOW_EVENTS, bytes: RESUME_WINDOW_BYTES }

/** Slots of a ring when it is made. A ring's length is a power of two, so that a slot is the number's low bits. */
const FIRST_SLOTS = 8
const NO_RING: undefined[] = []

/** Whether a client that has seen everything up to a sequence number can be given the rest. */
export type Resumable = 'yes' | 'too_old' | 'invalid'

/**
 * The last events of one session, for a client that comes back.
 *
 *     sequence   1 ....... 40 | 41   42   43   44   45 | 46 ....
 *                 given up    |        held            | not yet
 *                             first               last
 *                        ^                             ^
 *     since(39): too_old |     since(42): 43 44 45     | since(46): invalid
 *                        since(40): 41 to 45
 *
 * It holds references to frames that all sessions share, so an event costs a session eight bytes. The ring is made with
 * the first event, doubles as it fills, and is let go when the client has acknowledged everything. Events are given up
 * from the old end only: when the client acknowledges them, and when a bound is passed.
 *
 * Acknowledged is given up: a client that resumes with a number older than its own last acknowledgement is told that it
 * cannot, instead of being sent a stream with a hole.
 */
export class ResumeWindow {
  #ring: (EventFrame | undefined)[] = NO_RING
  #first: number
  #last: number
  #bytes = 0
  readonly #limits: ResumeWindowLimits

  /** @param last the session's newest sequence number: 0 for a new session, more for one that moves here */
  constructor(limits: ResumeWindowLimits = DEFAULT_LIMITS, last = 0) {
    this.#limits = limits
    this.#last = last
    this.#first = last + 1
  }

  /** Sequence number of the oldest event held; `last + 1` when none is. */
  get first(): number {
    return this.#first
  }

  /** Sequence number of the newest event; 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** Events held. */
  get size(): number {
    return this.#last - this.#first + 1
  }

  /** Bytes of the events held, each counted in full though it is shared. */
  get bytes(): number {
    return this.#bytes
  }

  /** Slots allocated. */
  get capacity(): number {
    return this.#ring.length
  }

  /**
   * Adds an event and gives it the next sequence number, which is returned.
   * @throws sequence_exhausted when the number would not fit a frame's columns; nothing is changed then
   */
  push(event: EventFrame): number {
    if (this.#last >= SEQUENCE_MAX) throw fault('sequence_exhausted')
    if (this.size >= this.#limits.events) this.#dropFirst()
    if (this.size === this.#ring.length) this.#grow()
    this.#last++
    this.#bytes += event.length
    this.#ring[this.#last & (this.#ring.length - 1)] = event
    while (this.#bytes > this.#limits.bytes && this.#first < this.#last) this.#dropFirst()
    return this.#last
  }

  /** The event with this number, if it is held. */
  at(sequence: number): EventFrame | undefined {
    if (sequence < this.#first || sequence > this.#last) return undefined
    return this.#ring[sequence & (this.#ring.length - 1)]
  }

  /** Whether exactly these events come after `sequence`, the first of which is held. */
  matches(sequence: number, events: readonly EventFrame[]): boolean {
    const ring = this.#ring
    const mask = ring.length - 1
    for (let index = 0; index < events.length; index++) {
      if (events[index] !== ring[(sequence + 1 + index) & mask]) return false
    }
    return true
  }

  /**
   * Whether everything after `sequence` is held: `too_old` when some of it is given up, `invalid` when the number is
   * not one that this session can have sent.
   */
  resumable(sequence: number): Resumable {
    if (!Number.isInteger(sequence) || sequence < 0 || sequence > this.#last) return 'invalid'
    return sequence < this.#first - 1 ? 'too_old' : 'yes'
  }

  /** The events after `sequence`, in order, or why they cannot be given. */
  since(sequence: number): EventFrame[] | 'too_old' | 'invalid' {
    const answer = this.resumable(sequence)
    if (answer !== 'yes') return answer
    return Array.from({ length: this.#last - sequence }, (_, index) => this.at(sequence + 1 + index)!)
  }

  /** Gives up the events up to and with `sequence`. A number that is not of this session is refused with false. */
  ack(sequence: number): boolean {
    if (this.resumable(sequence) === 'invalid') return false
    while (this.#first <= sequence) this.#dropFirst()
    if (this.size === 0) this.#ring = NO_RING
    return true
  }

  #dropFirst(): void {
    const slot = this.#first & (this.#ring.length - 1)
    this.#bytes -= this.#ring[slot]!.length
    this.#ring[slot] = undefined
    this.#first++
  }

  #grow(): void {
    const ring = new Array<EventFrame | undefined>(Math.max(FIRST_SLOTS, this.#ring.length * 2)).fill(undefined)
    for (let sequence = this.#first; sequence <= this.#last; sequence++) {
      ring[sequence & (ring.length - 1)] = this.#ring[sequence & (this.#ring.length - 1)]
    }
    this.#ring = ring
  }
}
