import { type EventFrame, patchLastFour, patchSequence, tenThousands } from './frame.ts'
import { headerLength, writeFrame } from './websocket-frame.ts'

/**
 * Events in a row that go to many sessions, laid out once as they go on the wire:
 *
 *     | header | event, number | header | event, number | header | event, number |
 *
 * For each session only the numbers are written anew, and the whole is handed over in one write, or message by message
 * where a transport writes the headers itself. The events' own frames stay as they are.
 */
export class Burst {
  readonly events: readonly EventFrame[]
  readonly #starts: number[] = []
  readonly #wire: Buffer
  #messages: Uint8Array[] | undefined
  /** The ten thousand of all the numbers in `wire`, if they share one. */
  #upper: number | undefined

  constructor(events: readonly EventFrame[]) {
    this.events = events
    this.#wire = Buffer.allocUnsafeSlow(events.reduce((sum, { length }) => sum + headerLength(length) + length, 0))
    let end = 0
    for (const event of events) {
      this.#starts.push(end + headerLength(event.length))
      end = writeFrame(this.#wire, end, event, false)
    }
  }

  /** The burst's WebSocket frames, with the numbers that were written last. */
  get wire(): Buffer {
    return this.#wire
  }

  /** The messages alone: parts of `wire`. */
  get messages(): readonly Uint8Array[] {
    this.#messages ??= this.#starts.map((start, index) =>
      this.#wire.subarray(start, start + this.events[index]!.length),
    )
    return this.#messages
  }

  /**
   * Numbers the events from `first` on. Most sessions are in the same ten thousand, so that little is to be written.
   */
  number(first: number): void {
    const wire = this.#wire
    const starts = this.#starts
    const upper = tenThousands(first)
    const one = upper === tenThousands(first + starts.length - 1)
    if (one && upper === this.#upper) {
      for (let index = 0; index < starts.length; index++) patchLastFour(wire, starts[index]!, first + index, upper)
    } else {
      for (let index = 0; index < starts.length; index++) patchSequence(wire, starts[index]!, first + index)
      this.#upper = one ? upper : undefined
    }
  }
}
