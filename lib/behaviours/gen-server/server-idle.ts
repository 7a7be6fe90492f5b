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

  /** Whether `timeout` is the one that is waited for, and not one that another message has made void. */
  awaits(timeout: ServerTimeout): boolean {
    return timeout === this.#timeout
  }

  /** `timeout` has been taken from the mailbox: whether it counts. If so, it is waited for no more. */
  take(timeout: ServerTimeout): boolean {
    if (!this.awaits(timeout)) return false
    this.#timeout = undefined
    return true
  }

  /** A message has been taken that is to be handled: neither counts any more. */
  wake(): void {
    this.hibernating = false
    this.#timeout?.stop()
    this.#timeout = undefined
    this.#hibernateAfter?.stop()
  }

  /** A system request is being answered: both stand still until `resume`. */
  interrupt(): void {
    this.#timeout?.stop()
    this.#hibernateAfter?.stop()
  }

  /** A system request has been answered: both count from their full length. A timeout delivered meanwhile is void. */
  resume(): void {
    if (this.#timeout !== undefined) this.waitFor(this.#timeout.milliseconds)
    this.rest()
  }

  /** Has the process hibernate whenever no message has come for `milliseconds`. */
  hibernateAfter(milliseconds: number): void {
    this.#hibernateAfter = new HibernateTimer(this, this.#process, milliseconds)
    this.rest()
  }

  /** All messages that were there are handled: the time until it hibernates begins. */
  rest(): void {
    if (!this.hibernating) this.#hibernateAfter?.start()
  }

  [Symbol.dispose](): void {
    this.interrupt()
  }
}

/** The message that tells that no message came in time; void once another one did. */
export class ServerTimeout extends TimerEntry {
  readonly owner: Process
  readonly milliseconds: number

  constructor(process: Process, milliseconds: number) {
    super()
    this.owner = process
    this.milliseconds = milliseconds
  }

  /** A timeout of 0 is a message at once: it comes behind those that wait, and ahead of all that are sent later. */
  start(): void {
    if (this.milliseconds === 0) this.owner.deliver(this)
    else this.owner.node.timers.start(this, this.milliseconds)
  }

  stop(): void {
    this.owner.node.timers.stop(this)
  }

  override expire(): void {
    this.owner.deliver(this)
  }
}

class HibernateTimer extends TimerEntry {
  readonly owner: Process
  readonly #idle: ServerIdle
  readonly #milliseconds: number

  constructor(idle: ServerIdle, process: Process, milliseconds: number) {
    super()
    this.owner = process
    this.#idle = idle
    this.#milliseconds = milliseconds
  }

  start(): void {
    this.stop()
    if (this.owner.waiting === 0 && this.#milliseconds !== Number.POSITIVE_INFINITY)
      this.owner.node.timers.start(this, this.#milliseconds)
  }

  stop(): void {
    this.owner.node.timers.stop(this)
  }

  override expire(): void {
    this.#idle.hibernating = true
  }
}
