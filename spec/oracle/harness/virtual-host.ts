import type { Host, TimerHandle } from '../../../lib/index.ts'

interface Timer {
  readonly due: number
  readonly run: () => void
}

/**
 * A machine whose clock stands still while anything runs, and jumps to the next timer when nothing does. A trace made on
 * it does not depend on how fast or how busy the real machine is.
 */
export class VirtualHost implements Host {
  /** The earliest first; those of one moment in the order they were started. */
  readonly #timers: Timer[] = []
  #now = 0
  #macrotasks = 0
  #looking = false
  #seed = 1

  monotonic(): number {
    return this.#now
  }

  wall(): number {
    return this.#now
  }

  startTimer(run: () => void, milliseconds: number): TimerHandle {
    const timer = { due: this.#now + milliseconds, run }
    const later = this.#timers.findIndex(({ due }) => due > timer.due)
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer)
    this.#lookAhead()
    return timer
  }

  stopTimer(handle: TimerHandle): void {
    const at = this.#timers.indexOf(handle as Timer)
    if (at >= 0) this.#timers.splice(at, 1)
  }

  microtask(run: () => void): void {
    queueMicrotask(run)
  }

  macrotask(run: () => void): void {
    this.#macrotasks++
    setImmediate(() => {
      this.#macrotasks--
      run()
    })
  }

  below(bound: number): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647
    return this.#seed % bound
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256))
  }

  /** In a macrotask of its own every promise is settled that can be; when no other is pending, nothing runs. */
  #lookAhead(): void {
    if (this.#looking) return
    this.#looking = true
    setImmediate(() => {
      this.#looking = false
      if (this.#macrotasks === 0) this.#advance()
      if (this.#timers.length > 0) this.#lookAhead()
    })
  }

  #advance(): void {
    const timer = this.#timers.shift()
    if (timer === undefined) return
    this.#now = Math.max(this.#now, timer.due)
    timer.run()
  }
}
