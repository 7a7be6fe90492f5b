import { VirtualHost } from '../../support/virtual-host.ts'

/**
 * A machine whose clock stands still while anything runs, and jumps to the next timer when nothing does. A trace made on
 * it does not depend on how fast or how busy the real machine is.
 */
export class JumpingHost extends VirtualHost {
  #macrotasks = 0
  #looking = false

  override startTimer(run: () => void, milliseconds: number): ReturnType<VirtualHost['startTimer']> {
    const timer = super.startTimer(run, milliseconds)
    this.#lookAhead()
    return timer
  }

  override macrotask(run: () => void): void {
    this.#macrotasks++
    super.macrotask(() => {
      this.#macrotasks--
      run()
    })
  }

  /** In a macrotask of its own every promise is settled that can be; when no other is pending, nothing runs. */
  #lookAhead(): void {
    if (this.#looking) return
    this.#looking = true
    setImmediate(() => {
      this.#looking = false
      const next = this.nextDue
      if (next === undefined) return
      if (this.#macrotasks === 0) this.advance(next - this.now)
      this.#lookAhead()
    })
  }
}
