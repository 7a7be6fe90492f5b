import { fault } from '../internal/errors.ts'
import { SNOWFLAKE_BORROW_MS } from '../internal/limits.ts'
import type { Clock } from '../kernel/host.ts'

/**
 * Discord's ids, as documented in its API reference under "Snowflakes". An id carries the time it was made, so ids
 * of one maker sort by age:
 *
 *     63                                        22        12           0
 *      | milliseconds since 2015 (42 bits)       | worker  | sequence  |
 *      |                                         | 10 bits | 12 bits   |
 *
 * Outside this module an id is a decimal string without leading zeros: JavaScript's numbers end at 53 bits. Ids made
 * since July 2015 have 17 to 19 digits, which is what client libraries look for in paths.
 */
export type Snowflake = string

/** The first millisecond of 2015, Discord's epoch, in milliseconds since 1970. */
export const DISCORD_EPOCH_MS = 1_420_070_400_000
/** The largest worker number. */
export const WORKER_MAX = 1023

const SEQUENCE_MAX = 4095
const TIME_SHIFT = 22n
const WORKER_SHIFT = 12n
const ELAPSED_MAX = 2 ** 42 - 1
const UINT64_MAX = '18446744073709551615'
const DECIMAL = /^(?:0|[1-9]\d{0,19})$/

/** Whether `value`, from an untrusted source, is an id: a decimal string without leading zeros that fits 64 bits. */
export function isSnowflake(value: unknown): value is Snowflake {
  if (typeof value !== 'string' || !DECIMAL.test(value)) return false
  return value.length < UINT64_MAX.length || value <= UINT64_MAX
}

/** Negative, 0 or positive as `a` is older than, equal to or younger than `b`. */
export function compareSnowflakes(a: Snowflake, b: Snowflake): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

/** When `id` was made, in milliseconds since 1970. */
export function snowflakeTime(id: Snowflake): number {
  return Number(BigInt(id) >> TIME_SHIFT) + DISCORD_EPOCH_MS
}

/** The smallest id of a millisecond since 1970: where a range of time begins among ids. */
export function snowflakeAt(milliseconds: number): Snowflake {
  return compose(milliseconds, 0n, 0)
}

/**
 * Makes the ids of one worker. Each id is larger than every one before it, also when the wall clock is set back: then
 * the generator's own clock goes on at half speed until the wall clock has caught up. Two generators never make the
 * same id as long as their worker numbers differ.
 */
export class SnowflakeGenerator {
  readonly #clock: Pick<Clock, 'monotonic' | 'wall'>
  readonly #worker: bigint
  /** The generator's clock: what it showed (milliseconds since 1970, with fractions) and when it was last read. */
  #reading: number
  #readAt: number
  /** The millisecond and sequence of the newest id. */
  #millisecond = 0
  #sequence = 0

  /** `worker` is 0 to 1023 and belongs to one running generator at a time; otherwise `badarg`. */
  constructor(clock: Pick<Clock, 'monotonic' | 'wall'>, worker: number) {
    if (!Number.isInteger(worker) || worker < 0 || worker > WORKER_MAX) {
      throw fault('badarg', `a worker number is 0 to ${WORKER_MAX}, not ${worker}`)
    }
    this.#clock = clock
    this.#worker = BigInt(worker)
    this.#reading = clock.wall()
    this.#readAt = clock.monotonic()
  }

  /**
   * The next id. The 4,097th of one millisecond is taken from the next one, and so on for at most SNOWFLAKE_BORROW_MS;
   * then `snowflake_exhausted`. `snowflake_clock` when the clock is before 2015 or after 2154.
   */
  next(): Snowflake {
    const now = this.#now()
    if (now > this.#millisecond) {
      this.#millisecond = now
      this.#sequence = 0
    } else if (this.#sequence < SEQUENCE_MAX) {
      this.#sequence++
    } else {
      if (this.#millisecond - now >= SNOWFLAKE_BORROW_MS) throw fault('snowflake_exhausted')
      this.#millisecond++
      this.#sequence = 0
    }
    return compose(this.#millisecond, this.#worker, this.#sequence)
  }

  /**
   * Every later id will be larger than `id`. An owner that takes over a channel shows the newest message here: its own
   * clock may be behind the clock of the owner before it, and a history is ordered by its ids.
   */
  observe(id: Snowflake): void {
    const time = snowflakeTime(id)
    if (time < this.#millisecond) return
    this.#millisecond = time
    this.#sequence = SEQUENCE_MAX
    this.#reading = Math.max(this.#now(), time)
  }

  #now(): number {
    const monotonic = this.#clock.monotonic()
    this.#reading = Math.max(this.#clock.wall(), this.#reading + (monotonic - this.#readAt) / 2)
    this.#readAt = monotonic
    return Math.floor(this.#reading)
  }
}

function compose(milliseconds: number, worker: bigint, sequence: number): Snowflake {
  const elapsed = milliseconds - DISCORD_EPOCH_MS
  if (!(elapsed >= 0 && elapsed <= ELAPSED_MAX))
    throw fault('snowflake_clock', `it shows ${milliseconds} ms since 1970`)
  return String((BigInt(elapsed) << TIME_SHIFT) | (worker << WORKER_SHIFT) | BigInt(sequence))
}
