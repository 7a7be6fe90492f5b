import { fault } from '../internal/errors.ts'
import type { TimeoutMessage } from './exit.ts'
import type { Node } from './node.ts'
import { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest } from './protocol.ts'
import { TIMER_MAX_MS, TimerEntry } from './timer-wheel.ts'

/** A timer that sends a message. One to a pid ends with its process; a name is looked up when the time is up. */
export class ProcessTimer extends TimerEntry {
  readonly ref: Ref
  readonly #table: ProcessTimers
  readonly #to: Dest
  readonly #message: unknown

  constructor(table: ProcessTimers, ref: Ref, to: Dest, message: unknown) {
    super()
    this.#table = table
    this.ref = ref
    this.#to = to
    this.#message = message
  }

  get process(): Process | undefined {
    return this.#to instanceof Pid ? this.#to.process : undefined
  }

  /** Whether it is for a process of this node that has ended. */
  get isFutile(): boolean {
    return this.#to instanceof Pid && this.#to.process === undefined && this.#to.address === this.#table.node.address
  }

  /** The process it is for, when that is one of this node. */
  get owner(): Process | typeof ENDED | undefined {
    return this.isFutile ? ENDED : this.process
  }

  override expire(): void {
    const { node } = this.#table
    this.#table.remove(this)
    try {
      node.sendQuietly(this.#to, this.#message)
    } catch (error) {
      // It cannot travel to the node it is for, and who sent it is no longer at hand to be told.
      const details = { to: this.#to, reason: error }
      node.report({ level: 'error', label: ['timer', 'not_sent'], details })
    }
  }
}

const ENDED = { ended: true } as const

function mustBeTimer(ref: Ref): void {
  if (!(ref instanceof Ref)) throw fault('badarg', 'a timer is the ref that sendAfter or startTimer returned')
}

/** The timers of a node that send messages, by their ref: `erlang:send_after/3` and its kin. */
export class ProcessTimers {
  readonly node: Node
  readonly #running = new Map<number, ProcessTimer>()

  constructor(node: Node) {
    this.node = node
  }

  start(milliseconds: number, to: Dest, message: unknown): Ref {
    const ref = this.#checked(milliseconds, to)
    this.#add(new ProcessTimer(this, ref, to, message), milliseconds)
    return ref
  }

  /** As `start`; what arrives is a `TimeoutMessage` that carries the ref. */
  startTimeout(milliseconds: number, to: Dest, message: unknown): Ref {
    const ref = this.#checked(milliseconds, to)
    const timeout: TimeoutMessage = Object.freeze({ type: 'timeout', ref, message })
    this.#add(new ProcessTimer(this, ref, to, timeout), milliseconds)
    return ref
  }

  /** The milliseconds left, or `false` when it is not running. */
  cancel(ref: Ref): number | false {
    mustBeTimer(ref)
    const timer = this.#running.get(ref.id)
    if (timer === undefined) return false
    const left = this.node.timers.remaining(timer)
    this.drop(timer)
    return left
  }

  read(ref: Ref): number | false {
    mustBeTimer(ref)
    const timer = this.#running.get(ref.id)
    return timer === undefined ? false : this.node.timers.remaining(timer)
  }

  drop(timer: ProcessTimer): void {
    this.node.timers.stop(timer)
    this.remove(timer)
  }

  remove(timer: ProcessTimer): void {
    this.#running.delete(timer.ref.id)
    timer.process?.rare?.timers?.delete(timer)
  }

  #checked(milliseconds: number, to: Dest): Ref {
    if (!Number.isInteger(milliseconds) || milliseconds < 0 || milliseconds > TIMER_MAX_MS) {
      throw fault('badarg', `a timer runs 0 to ${TIMER_MAX_MS} whole milliseconds, not ${milliseconds}`)
    }
    if (typeof to !== 'string' && (typeof to !== 'object' || to === null)) {
      throw fault('badarg', `a timer is for a pid or a name, not ${String(to)}`)
    }
    return this.node.makeRef()
  }

  #add(timer: ProcessTimer, milliseconds: number): void {
    const { process } = timer
    if (timer.isFutile) return
    if (process !== undefined) {
      const extra = process.extra
      extra.timers ??= new Set()
      extra.timers.add(timer)
    }
    this.#running.set(timer.ref.id, timer)
    this.node.timers.start(timer, milliseconds)
  }
}
