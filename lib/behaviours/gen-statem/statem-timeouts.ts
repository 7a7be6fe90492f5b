import { termKey } from '../../kernel/term-key.ts'
import type { Action, TimeoutType } from './statem-actions.ts'
import { EventRecord } from './statem-event.ts'

/** A time-out that runs, or whose time was 0 and that waits for its turn in the queue. */
export class Timeout {
  readonly type: TimeoutType
  /** The name of a generic time-out. */
  readonly name: unknown
  content: unknown
  /** What runs for it outside; `undefined` while it is queued. */
  timer: unknown = undefined

  constructor(type: TimeoutType, name: unknown, content: unknown) {
    this.type = type
    this.name = name
    this.content = content
  }

  get event(): EventRecord {
    return new EventRecord(this.type, this.content, undefined, undefined, this.name)
  }
}

/** What measures time for time-outs. A timer of it is told to stop at most once; it may have expired by then. */
export interface TimeoutClock {
  start(timeout: Timeout, time: number, absolute: boolean): unknown
  stop(timer: unknown): void
  /** A time-out is started by `action`, be its time 0 or not. */
  starting?(action: Action): void
}

/**
 * The time-outs of one state machine: one event time-out, one state time-out, and one for each name. Pure: when their
 * time is up is the clock's affair.
 *
 *     started ──> runs ──time is up──> expired(it) ──> event
 *        │          └ cancelled, replaced: stopped, and an expiry that is on its way no longer counts
 *        └ time 0 ──> queued ──nothing else is ready──> takeQueued() ──> event, before any message that waits
 */
export class Timeouts {
  readonly #clock: TimeoutClock
  #event: Timeout | undefined
  #state: Timeout | undefined
  /** The generic ones, by the keys of their names. */
  #named: Map<unknown, Timeout> | undefined
  /** Those with time 0, the oldest first. */
  #queued: Timeout[] = []

  constructor(clock: TimeoutClock) {
    this.#clock = clock
  }

  get hasQueued(): boolean {
    return this.#queued.length > 0
  }

  /** All that run or are queued. */
  list(): readonly Timeout[] {
    const unnamed = [this.#event, this.#state].filter((timeout) => timeout !== undefined)
    return [...unnamed, ...(this.#named?.values() ?? [])]
  }

  /** An event has been handled; `changed` tells whether it changed the state. */
  handled(changed: boolean): void {
    if (changed && this.#state !== undefined) this.#cancel(this.#state)
    if (this.#event !== undefined) this.#cancel(this.#event)
  }

  /**
   * Carries out the actions of one list: of several for the same time-out only the last. Timers are started from the
   * last to the first, as in OTP, so that of two with the same time the one that was named later expires first.
   */
  apply(actions: readonly Action[]): void {
    const seen = actions.length > 1 ? new Set() : undefined
    const queued: Timeout[] = []
    for (let i = actions.length - 1; i >= 0; i--) {
      const action = actions[i]!
      if (seen !== undefined) {
        const key = keyOf(action)
        if (seen.has(key)) continue
        seen.add(key)
      }
      this.#apply(action.subject as TimeoutType, action, queued)
    }
    for (let i = queued.length - 1; i >= 0; i--) this.#queued.push(queued[i]!)
  }

  #apply(type: TimeoutType, action: Action, queued: Timeout[]): void {
    const { name, time, content } = action
    const present = this.#get(type, name)
    if (time === 'update' && present !== undefined) {
      present.content = content
      return
    }
    if (present !== undefined) this.#cancel(present)
    if (time === 'cancel' || time === Number.POSITIVE_INFINITY) return
    const timeout = new Timeout(type, name, content)
    this.#set(timeout)
    if (time !== 'update') this.#clock.starting?.(action)
    if (time === 0 || time === 'update') queued.push(timeout)
    else timeout.timer = this.#clock.start(timeout, time as number, action.absolute)
  }

  /** The oldest of those with time 0; it is a time-out no more. */
  takeQueued(): Timeout | undefined {
    const timeout = this.#queued.shift()
    if (timeout !== undefined) this.#remove(timeout)
    return timeout
  }

  /** The time of `timeout` is up: whether that still counts. */
  expired(timeout: Timeout): boolean {
    if (this.#get(timeout.type, timeout.name) !== timeout) return false
    this.#remove(timeout)
    return true
  }

  /** Stops them all: the machine has ended. */
  clear(): void {
    for (const timeout of this.list()) this.#cancel(timeout)
  }

  #cancel(timeout: Timeout): void {
    this.#remove(timeout)
    if (timeout.timer === undefined) this.#queued = this.#queued.filter((queued) => queued !== timeout)
    else this.#clock.stop(timeout.timer)
  }

  #get(type: TimeoutType, name: unknown): Timeout | undefined {
    if (type === 'state_timeout') return this.#state
    return name === undefined ? this.#event : this.#named?.get(termKey(name))
  }

  #set(timeout: Timeout): void {
    const { type, name } = timeout
    if (type === 'state_timeout') this.#state = timeout
    else if (name === undefined) this.#event = timeout
    else {
      this.#named ??= new Map()
      this.#named.set(termKey(name), timeout)
    }
  }

  #remove(timeout: Timeout): void {
    const { type, name } = timeout
    if (type === 'state_timeout') this.#state = undefined
    else if (name === undefined) this.#event = undefined
    else this.#named?.delete(termKey(name))
  }
}

/** What tells the time-outs of one machine apart in a set. */
function keyOf({ subject, name }: Action): unknown {
  return name === undefined ? UNNAMED[subject as TimeoutType] : termKey(name)
}

const UNNAMED = { timeout: Symbol('timeout'), state_timeout: Symbol('state_timeout') }
