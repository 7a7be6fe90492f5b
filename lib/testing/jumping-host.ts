import { systemHost } from '../kernel/system-host.ts'
import { VirtualHost } from './virtual-host.ts'

/**
 * A machine whose clock stands still while anything runs, and jumps to the next timer when nothing does. What is seen
 * on it does not depend on how fast or how busy the real machine is, and an hour passes in no time. It never stands
 * still for what waits for the outside: a call to a database may time out before it has begun.
 */
export class JumpingHost extends VirtualHost {
  #macrotasks = 0
  #looking = false

  override startTimer(run: () => void, milliseconds: number): object {
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
    systemHost.macrotask(() => {
      this.#looking = false
      const next = this.nextDue
      if (next === undefined) return
      if (this.#macrotasks === 0) this.advance(Math.max(0, next - this.now)) // what was due while it stalled is late
      this.#lookAhead()
    })
  }
}
