import type { Host } from '../../lib/kernel/host.ts'

interface VirtualTimer {
  readonly due: number
  readonly order: number
  readonly run: () => void
}

/** A host whose time stands still until `advance` moves it. Turns of the event loop are real. */
export class VirtualHost implements Host {
  now = 1000
  /** How often a timer of the host was armed: what a node's timers cost it. */
  armed = 0
  readonly #timers = new Set<VirtualTimer>()
  #order = 0
  #random = 1

  monotonic(): number {
    return this.now
  }

  wall(): number {
    return 1_700_000_000_000 + this.now
  }

  startTimer(run: () => void, milliseconds: number): VirtualTimer {
    const timer = { due: this.now + milliseconds, order: this.#order++, run }
    this.#timers.add(timer)
    this.armed++
    return timer
  }

  stopTimer(handle: object | number): void {
    this.#timers.delete(handle as VirtualTimer)
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256))
  }

  below(bound: number): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647
    return this.#random % bound
  }

  microtask(run: () => void): void {
    queueMicrotask(run)
  }

  macrotask(run: () => void): void {
    setImmediate(run)
  }

  /** When the next timer is due; undefined when none runs. */
  get nextDue(): number | undefined {
    return this.#timers.size === 0 ? undefined : Math.min(...Array.from(this.#timers, (timer) => timer.due))
  }

  /** Runs the timers that are due within `milliseconds`, in order, each at its own time. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.due <= end)
      const next = due.sort((a, b) => a.due - b.due || a.order - b.order)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.now = Math.max(this.now, next.due)
      next.run()
    }
    this.now = end
  }
}

/** Resolves when everything that was ready has run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}
