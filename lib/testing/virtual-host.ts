import { fault } from '../internal/errors.ts'
import { describe } from '../kernel/exit.ts'
import type { Host } from '../kernel/host.ts'
import type { OptionKind } from '../kernel/options.ts'
import { systemHost } from '../kernel/system-host.ts'

interface VirtualTimer {
  readonly due: number
  readonly order: number
  readonly run: () => void
}

/**
 * A machine whose clock stands still until `advance` moves it, and whose randomness is that of a seed. Turns of the
 * event loop are real, so code that awaits promises runs as ever; what waits for time waits for `advance`.
 */
export class VirtualHost implements Host {
  readonly #wallAtZero: number
  readonly #timers = new Set<VirtualTimer>()
  #now = 1000
  #armed = 0
  #order = 0
  #random: number
  #turns = 0

  /**
   * `seed` is a positive integer; `wall` the wall-clock time, in milliseconds since 1970, that it starts with.
   * @throws Fault `badarg` for a seed that is no integer.
   */
  constructor(seed = 1, wall = 1_700_000_001_000) {
    if (!SEED.takes(seed)) throw fault('badarg', `a seed is ${SEED.right}, not ${describe(seed)}`)
    if (!Number.isFinite(wall)) throw fault('badarg', `a time is milliseconds since 1970, not ${describe(wall)}`)
    this.#random = 1 + (Math.abs(seed) % (MODULUS - 1))
    this.#wallAtZero = wall - this.#now
  }

  /** Milliseconds on the clock. */
  get now(): number {
    return this.#now
  }

  /** Timers that were started on this host so far: what a node's own timers cost it. */
  get armed(): number {
    return this.#armed
  }

  /** Turns of the event loop that were asked for so far. */
  get turns(): number {
    return this.#turns
  }

  /** When the next timer is due; undefined when none runs. */
  get nextDue(): number | undefined {
    let next: number | undefined
    for (const { due } of this.#timers) if (next === undefined || due < next) next = due
    return next
  }

  monotonic(): number {
    return this.#now
  }

  wall(): number {
    return Math.floor(this.#wallAtZero + this.#now)
  }

  startTimer(run: () => void, milliseconds: number): object {
    const timer = { due: this.#now + Math.max(0, milliseconds), order: this.#order++, run }
    this.#timers.add(timer)
    this.#armed++
    return timer
  }

  stopTimer(handle: object | number): void {
    this.#timers.delete(handle as VirtualTimer)
  }

  /** Not a secret: the same seed gives the same bytes. */
  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256))
  }

  /** Lehmer's generator (Park and Miller, 1988): it repeats after 2,147,483,646 numbers. */
  below(bound: number): number {
    this.#random = (this.#random * 48_271) % MODULUS
    return this.#random % bound
  }

  microtask(run: () => void): void {
    this.#turns++
    systemHost.microtask(run)
  }

  macrotask(run: () => void): void {
    this.#turns++
    systemHost.macrotask(run)
  }

  /** Lets `milliseconds` pass in which nothing runs, as in a callback that computes: what is due then is late. */
  stall(milliseconds: number): void {
    mustBeDuration(milliseconds)
    this.#now += milliseconds
  }

  /**
   * Runs the timers that are due within `milliseconds`, in order, each at its own time, and moves the clock on.
   * @throws Fault `badarg` for what is no number of milliseconds, 0 or more.
   */
  advance(milliseconds: number): void {
    mustBeDuration(milliseconds)
    const end = this.#now + milliseconds
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.run()
    }
    this.#now = end
  }

  #nextUntil(end: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined
    for (const timer of this.#timers) {
      if (timer.due > end) continue
      if (next === undefined || timer.due < next.due || (timer.due === next.due && timer.order < next.order))
        next = timer
    }
    return next
  }
}

export const SEED: OptionKind = { right: 'a whole number', takes: Number.isInteger }

const MODULUS = 2_147_483_647

/** @throws Fault `badarg` for what a clock that never goes back cannot be advanced by. */
export function mustBeDuration(milliseconds: number): void {
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return
  throw fault('badarg', `a clock is advanced by milliseconds, 0 or more, not ${describe(milliseconds)}`)
}

/**
 * Resolves when everything on `host` that was ready has run, up to what waits for time, and nothing has become ready
 * for two turns of the event loop. What waits for the outside, a socket or a file, does not count as ready. Of nodes on
 * the real machine it is not known what is ready: without a host they are given five turns.
 */
export async function quiet(host?: VirtualHost): Promise<void> {
  if (host !== undefined && !(host instanceof VirtualHost))
    throw fault('badarg', 'quiet takes a VirtualHost, or nothing')
  const turns = host === undefined ? GIVEN_TURNS : STILL_TURNS
  for (let still = 0; still < turns; still++) {
    const before = host?.turns
    await new Promise<void>((resolve) => systemHost.macrotask(resolve))
    if (host?.turns !== before) still = -1
  }
}

const STILL_TURNS = 2
const GIVEN_TURNS = 5
