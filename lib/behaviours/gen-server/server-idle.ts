import type { Process } from '../../kernel/process.ts'
import { TimerEntry } from '../../kernel/timer-wheel.ts'

/**
 * What a server does while no message comes: it waits for its timeout, and it hibernates. Made when the first of the
 * two is asked for; a server that does neither has none of it.
 *
 *     message ──> wake()   stops both          no message left ──> rest()   starts to count towards hibernation
 *     system request ──> interrupt()           the timeout counts anew from its full length, as in OTP
 */
export class ServerIdle implements Disposable {
  readonly #process: Process
  #timeout: ServerTimeout | undefined
  #hibernateAfter: HibernateTimer | undefined
  /** Whether it said, or was told, that it will be idle for long. A hint: there is nothing to compact. */
  hibernating = false

  constructor(process: Process) {
    this.#process = process
  }

  /** The record of a process, made when it has none. */
  static of(process: Process): ServerIdle {
    const { extra } = process
    extra.behaviour ??= new ServerIdle(process)
    return extra.behaviour as ServerIdle
  }

  /** Delivers a `ServerTimeout` when no message has come for `milliseconds`. */
  waitFor(milliseconds: number): void {
    this.#timeout?.stop()
    this.#timeout = new ServerTimeout(this.#process, milliseconds)
    this.#timeout.start()
  }

  /** Whether `timeout` is the one that is waited for. */
  awaits(timeout: ServerTimeout): boolean {
    return timeout === this.#timeout
  }

  /** The same; if so, it has fired. */
  take(timeout: ServerTimeout): boolean {
    if (!this.awaits(timeout)) return false
    this.#timeout = undefined
    return true
  }

  /** A message is there. */
  wake(): void {
    this.hibernating = false
    this.#timeout?.stop()
    this.#timeout = undefined
    this.#hibernateAfter?.stop()
  }

  /** A system request is there: until it is answered nothing runs; `resume` goes on. */
  interrupt(): void {
    this.#timeout?.stop()
    this.#hibernateAfter?.stop()
  }

  /** Counts anew after a system request. A timeout that has been delivered meanwhile is void. */
  resume(): void {
    if (this.#timeout !== undefined) this.waitFor(this.#timeout.milliseconds)
    this.rest()
  }

  hibernateAfter(milliseconds: number): void {
    this.#hibernateAfter = new HibernateTimer(this, this.#process, milliseconds)
    this.rest()
  }

  /** All that was there is handled. */
  rest(): void {
    if (!this.hibernating) this.#hibernateAfter?.start()
  }

  [Symbol.dispose](): void {
    this.interrupt()
  }
}

/** The message that tells that no message came in time; void once another one did. */
export class ServerTimeout extends TimerEntry {
  readonly #process: Process
  readonly milliseconds: number

  constructor(process: Process, milliseconds: number) {
    super()
    this.#process = process
    this.milliseconds = milliseconds
  }

  get owner(): Process {
    return this.#process
  }

  /** One of no time waits behind the messages that are there, and for no other. */
  start(): void {
    if (this.milliseconds === 0) this.#process.deliver(this)
    else this.#process.node.timers.start(this, this.milliseconds)
  }

  stop(): void {
    this.#process.node.timers.stop(this)
  }

  override expire(): void {
    this.#process.deliver(this)
  }
}

class HibernateTimer extends TimerEntry {
  readonly #idle: ServerIdle
  readonly #process: Process
  readonly #milliseconds: number

  constructor(idle: ServerIdle, process: Process, milliseconds: number) {
    super()
    this.#idle = idle
    this.#process = process
    this.#milliseconds = milliseconds
  }

  get owner(): Process {
    return this.#process
  }

  start(): void {
    this.stop()
    if (this.#process.waiting === 0 && this.#milliseconds !== Number.POSITIVE_INFINITY)
      this.#process.node.timers.start(this, this.#milliseconds)
  }

  stop(): void {
    this.#process.node.timers.stop(this)
  }

  override expire(): void {
    this.#idle.hibernating = true
  }
}
