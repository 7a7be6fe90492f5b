import { HEARTBEAT_GRACE_MS, HEARTBEAT_INTERVAL_MS } from '../internal/limits.ts'

/**
 * When a client that is silent counts as gone. A client beats once in `interval` milliseconds, its first beat comes at
 * a random moment of the first interval, and a late beat is forgiven for `grace` milliseconds, for a slow network.
 *
 * A pure rule: times are milliseconds of a monotonic clock. The owner needs no timer for each beat: it asks `remaining`
 * when its timer fires, and starts the timer again with the answer until that is 0.
 */
export class Heartbeat {
  readonly interval: number
  readonly #patience: number
  #lastBeat: number

  /** @param now when HELLO was sent */
  constructor(now: number, interval: number = HEARTBEAT_INTERVAL_MS, grace: number = HEARTBEAT_GRACE_MS) {
    this.interval = interval
    this.#patience = interval + grace
    this.#lastBeat = now
  }

  /** The client has beaten. */
  beat(now: number): void {
    this.#lastBeat = now
  }

  /** Milliseconds until the client counts as gone if it stays silent; 0 when it does. */
  remaining(now: number): number {
    return Math.max(0, this.#lastBeat + this.#patience - now)
  }
}
