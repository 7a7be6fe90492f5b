import { fault } from '../internal/errors.ts'
import type { TimerOptions } from './context.ts'
import { isDest } from './destination.ts'
import { describe, type TimeoutMessage } from './exit.ts'
import type { Node } from './node.ts'
import { FLAG, mustBeOptions, type OptionKinds } from './options.ts'
import { Pid, Ref, sameAddress } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest } from './protocol.ts'
import { TIMER_MAX_MS, TimerEntry } from './timer-wheel.ts'

/** The ref of a timer. The object that starting returned leads to it; a copy that came from elsewhere does not. */
export class TimerRef extends Ref {
  /** @internal While it runs. */
  timer: ProcessTimer | undefined = undefined
}

/**
 * A timer that sends a message. One to a pid ends with its process; a name is looked up when the time is up. The timers
 * of one process are a list of links inside them, as in the wheel: a million cost no table.
 *
 *     rare.timers ──> newest <──> ... <──> oldest
 */
export class ProcessTimer extends TimerEntry {
  readonly ref: TimerRef
  readonly #table: ProcessTimers
  readonly #to: Dest
  readonly #message: unknown
  /** Of the same process, started later. */
  newer: ProcessTimer | undefined = undefined
  older: ProcessTimer | undefined = undefined

  constructor(table: ProcessTimers, ref: TimerRef, to: Dest, message: unknown) {
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
    this.#table.remove(this)
    this.fire()
  }

  protected fire(): void {
    const { node } = this.#table
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

/** A timer that runs again and again: each time is counted from the one before, however late that was handled. */
class IntervalTimer extends ProcessTimer {
  readonly #node: Node
  readonly #length: number
  #due: number

  constructor(table: ProcessTimers, to: Pid, message: unknown, length: number) {
    super(table, table.node.makeTimerRef(), to, message)
    this.#node = table.node
    this.#length = length
    this.#due = table.node.host.monotonic() + length
  }

  override expire(): void {
    const { host, timers } = this.#node
    this.#due += this.#length
    timers.start(this, Math.max(0, this.#due - host.monotonic()))
    this.fire()
  }
}

/** The timers of a node that send messages: `erlang:send_after/3` and its kin. */
export class ProcessTimers {
  readonly node: Node

  constructor(node: Node) {
    this.node = node
  }

  start(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref {
    const milliseconds = this.#untilTime(time, options)
    const ref = this.#refFor(to)
    this.#add(new ProcessTimer(this, ref, to, message), milliseconds)
    return ref
  }

  /** As `start`; what arrives is a `TimeoutMessage` that carries the ref. */
  startTimeout(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref {
    const milliseconds = this.#untilTime(time, options)
    const ref = this.#refFor(to)
    const timeout: TimeoutMessage = Object.freeze({ type: 'timeout', ref, message })
    this.#add(new ProcessTimer(this, ref, to, timeout), milliseconds)
    return ref
  }

  /** See `sendInterval`: for the process that `to` leads to now; where that is none the timer does not run. */
  startInterval(length: number, to: Dest, message: unknown): Ref {
    const milliseconds = this.#untilTime(length, undefined)
    if (!isDest(to)) throw fault('badarg', `a timer is for a pid or a name, not ${describe(to)}`)
    const { pid, node } = this.node.resolve(to)
    if (node !== this.node.name) throw fault('badarg', 'an interval is for a process of its own node')
    if (pid === undefined) return this.node.makeTimerRef()
    const timer = new IntervalTimer(this, pid, message, milliseconds)
    this.#add(timer, milliseconds)
    return timer.ref
  }

  /** The milliseconds left, or `false` when it is not running. */
  cancel(ref: Ref): number | false {
    const timer = this.#find(ref)
    if (timer === undefined) return false
    const left = this.node.timers.remaining(timer)
    this.node.timers.stop(timer)
    this.remove(timer)
    return left
  }

  read(ref: Ref): number | false {
    const timer = this.#find(ref)
    return timer === undefined ? false : this.node.timers.remaining(timer)
  }

  /** Stops all that are for a process that has ended. */
  dropAll(newest: ProcessTimer): void {
    for (let timer: ProcessTimer | undefined = newest; timer !== undefined; timer = timer.older) {
      this.node.timers.stop(timer)
      timer.ref.timer = undefined
    }
  }

  /** Forgets a timer that runs no more. */
  remove(timer: ProcessTimer): void {
    timer.ref.timer = undefined
    const { newer, older, process } = timer
    if (older !== undefined) older.newer = newer
    if (newer !== undefined) newer.older = older
    else if (process?.rare?.timers === timer) process.rare.timers = older
  }

  /** How many milliseconds a timer is to run. */
  #untilTime(time: number, options: TimerOptions | undefined): number {
    if (options !== undefined && isAbsolute(options)) {
      const milliseconds = Number.isFinite(time) ? Math.max(0, time - this.node.host.monotonic()) : Number.NaN
      if (milliseconds <= TIMER_MAX_MS) return milliseconds
      throw fault('badarg', `a timer ends at most ${TIMER_MAX_MS} milliseconds from now, not at ${describe(time)}`)
    }
    if (Number.isInteger(time) && time >= 0 && time <= TIMER_MAX_MS) return time
    throw fault('badarg', `a timer runs 0 to ${TIMER_MAX_MS} whole milliseconds, not ${describe(time)}`)
  }

  #refFor(to: Dest): TimerRef {
    if (!isDest(to)) {
      throw fault('badarg', `a timer is for a pid or a name, not ${describe(to)}`)
    }
    return this.node.makeTimerRef()
  }

  #add(timer: ProcessTimer, milliseconds: number): void {
    if (timer.isFutile) return
    const extra = timer.process?.extra
    if (extra !== undefined) {
      timer.older = extra.timers
      if (timer.older !== undefined) timer.older.newer = timer
      extra.timers = timer
    }
    timer.ref.timer = timer
    this.node.timers.start(timer, milliseconds)
  }

  /** A copy of a ref, which was at another node, is looked for among all timers. */
  #find(ref: Ref): ProcessTimer | undefined {
    if (!(ref instanceof Ref)) throw fault('badarg', 'a timer is the ref that sendAfter or startTimer returned')
    if (!sameAddress(ref.address, this.node.address)) return undefined
    if (ref instanceof TimerRef) return ref.timer
    return this.node.timers.list().find((timer) => timer instanceof ProcessTimer && timer.ref.id === ref.id) as
      | ProcessTimer
      | undefined
  }
}

const TIMER: OptionKinds<TimerOptions> = { abs: FLAG }

function isAbsolute(options: TimerOptions): boolean {
  mustBeOptions('a timer', options, TIMER)
  return options.abs === true
}
