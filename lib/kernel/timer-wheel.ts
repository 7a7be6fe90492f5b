import type { Clock, TimerHandle } from './host.ts'

/**
 * A hierarchical timing wheel (Varghese and Lauck, 1987) with slots of one millisecond. Starting and stopping a timer
 * is constant work at any number of pending ones; timers of one millisecond expire in the order they were started, and
 * never early.
 *
 *     level 0   | 0 | 1 | 2 | ... | 255 |     the next 256 ms, a slot each
 *     level 1   | 0 | 1 | 2 | ... | 255 |     the next 65 s, 256 ms a slot: emptied into level 0 when its time comes
 *     level 2, 3                              the next 4.6 hours, the next 49 days
 *
 *     slot ──> entry <──> entry <──> entry    a ring of links inside the entries: nothing is allocated for it
 *
 * One timer of the host is armed for the earliest slot. It is not stopped when its entry is: waking up for nothing now
 * and then is cheaper than arming and stopping with every call.
 */
const BITS = 8
const SLOTS = 1 << BITS
const LEVELS = 4
/** Milliseconds a slot of each level stands for. */
const UNITS = [1, SLOTS, SLOTS ** 2, SLOTS ** 3]
/** The longest time a timer can run, in milliseconds (49 days, 17 hours); the same as Erlang's. */
export const TIMER_MAX_MS: number = 2 ** (BITS * LEVELS) - 1

/** A timer. It is in the wheel once at most; the links are the wheel's. */
export interface Timer {
  /** @internal */ previous: Timer | undefined
  /** @internal */ next: Timer | undefined
  /** @internal Milliseconds on the wheel's scale. */ deadline: number
  /** Whose it is: once that has ended it serves nobody. */
  readonly owner?: { readonly ended: boolean } | undefined

  /** Called once, outside any process, when the time is up; must not throw. */
  expire(): void
}

/** A timer to extend: say in `expire` what is due. */
export abstract class TimerEntry implements Timer {
  /** @internal */ previous: Timer | undefined = undefined
  /** @internal */ next: Timer | undefined = undefined
  /** @internal */ deadline = 0

  abstract expire(): void

  /** What people are shown of one that is a message when its time is up. */
  get term(): unknown {
    return 'timeout'
  }
}

/** The fixed end of a list of entries. */
class Slot extends TimerEntry {
  constructor() {
    super()
    this.previous = this
    this.next = this
  }

  override expire(): void {}
}

export class TimerWheel {
  readonly #clock: Clock
  readonly #origin: number
  readonly #levels: (Slot | undefined)[][] = Array.from({ length: LEVELS }, () => new Array<undefined>(SLOTS))
  /** All before this millisecond has expired. */
  #tick = 0
  #size = 0
  #armed: TimerHandle | undefined
  #armedFor = Number.POSITIVE_INFINITY
  readonly #wake = () => this.#onWake()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#origin = clock.monotonic()
  }

  get size(): number {
    return this.#size
  }

  /** Starts `entry`, which must not be running; it expires `milliseconds` (0 to TIMER_MAX_MS) from now or later. */
  start(entry: Timer, milliseconds: number): void {
    const now = this.#clock.monotonic() - this.#origin
    entry.deadline = Math.ceil(now + milliseconds)
    if (this.#size === 0) this.#tick = Math.max(this.#tick, Math.floor(now))
    this.#insert(entry)
    this.#size++
    if (entry.deadline < this.#armedFor) this.#arm(entry.deadline)
  }

  /** Stops `entry`; `false` when it was not running. */
  stop(entry: Timer): boolean {
    if (entry.next === undefined) return false
    unlink(entry)
    this.#size--
    return true
  }

  /** @internal Those that run, in no order. */
  list(): Timer[] {
    const running: Timer[] = []
    for (const level of this.#levels) {
      for (const slot of level) {
        for (let entry = slot?.next; entry !== undefined && entry !== slot; entry = entry.next) running.push(entry)
      }
    }
    return running
  }

  isRunning(entry: Timer): boolean {
    return entry.next !== undefined
  }

  /** Milliseconds until `entry` expires, 0 or more. */
  remaining(entry: Timer): number {
    return Math.max(0, Math.floor(entry.deadline - (this.#clock.monotonic() - this.#origin)))
  }

  /** Forgets every timer. */
  clear(): void {
    for (const level of this.#levels) level.fill(undefined)
    this.#size = 0
    this.#disarm()
  }

  #insert(entry: Timer): void {
    const due = Math.min(Math.max(entry.deadline, this.#tick), this.#tick + TIMER_MAX_MS)
    let level = 0
    // An entry belongs to the lowest level on which its slot is not the one that is being emptied now.
    while (level < LEVELS - 1 && slotAt(due, level + 1) !== slotAt(this.#tick, level + 1)) level++
    append(this.#slot(level, slotAt(due, level) % SLOTS), entry)
  }

  #slot(level: number, index: number): Slot {
    const slots = this.#levels[level]!
    let slot = slots[index]
    if (slot === undefined) {
      slot = new Slot()
      slots[index] = slot
    }
    return slot
  }

  #onWake(): void {
    this.#armed = undefined
    this.#armedFor = Number.NEGATIVE_INFINITY // what starts while the due ones expire need not arm
    const now = Math.floor(this.#clock.monotonic() - this.#origin)
    while (this.#size > 0) {
      const due = this.#nextDue()
      if (due > now) break
      this.#moveTo(due)
      const expired = this.#takeDue()
      // Before anything expires, so that what is then started with no time left waits for the next wake-up.
      this.#moveTo(due + 1)
      this.#expire(expired)
    }
    this.#armedFor = Number.POSITIVE_INFINITY
    if (this.#size > 0) this.#arm(this.#nextDue())
  }

  #moveTo(tick: number): void {
    this.#tick = tick
    if (tick % SLOTS === 0) this.#cascade()
  }

  /** Moves the entries that are due now into a list of their own, from which they can still be stopped. */
  #takeDue(): Slot {
    const due = new Slot()
    const slot = this.#levels[0]![this.#tick % SLOTS]
    if (slot === undefined || slot.next === slot) return due
    due.next = slot.next
    due.previous = slot.previous
    due.next!.previous = due
    due.previous!.next = due
    slot.next = slot
    slot.previous = slot
    return due
  }

  #expire(due: Slot): void {
    while (due.next !== due) {
      const entry = due.next!
      unlink(entry)
      this.#size--
      entry.expire()
    }
  }

  /** At the start of a turn of level 0: empties the higher slots whose time has come into the levels below. */
  #cascade(): void {
    for (let level = 1; level < LEVELS; level++) {
      const index = slotAt(this.#tick, level) % SLOTS
      const slot = this.#levels[level]![index]
      while (slot !== undefined && slot.next !== slot) {
        const entry = slot.next!
        unlink(entry)
        this.#insert(entry)
      }
      if (index !== 0) return
    }
  }

  /** The earliest millisecond at which there may be something to do. */
  #nextDue(): number {
    for (let level = 0; level < LEVELS; level++) {
      const at = slotAt(this.#tick, level)
      const index = at % SLOTS
      for (let i = level === 0 ? index : index + 1; i < SLOTS; i++) {
        if (!isEmpty(this.#levels[level]![i])) return (at - index + i) * UNITS[level]!
      }
    }
    return (slotAt(this.#tick, LEVELS - 1) + 1) * UNITS[LEVELS - 1]! // the top level has wrapped: look again then
  }

  #arm(due: number): void {
    this.#disarm()
    this.#armedFor = due
    const delay = Math.max(0, Math.ceil(due - (this.#clock.monotonic() - this.#origin)))
    this.#armed = this.#clock.startTimer(this.#wake, Math.min(delay, HOST_TIMER_MAX_MS))
  }

  #disarm(): void {
    if (this.#armed !== undefined) this.#clock.stopTimer(this.#armed)
    this.#armed = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
  }
}

/** The longest delay that JavaScript's timers keep; a longer wait is made of several. */
const HOST_TIMER_MAX_MS = 2 ** 31 - 1

function slotAt(tick: number, level: number): number {
  return Math.floor(tick / UNITS[level]!)
}

function append(slot: Slot, entry: Timer): void {
  const last = slot.previous!
  entry.previous = last
  entry.next = slot
  last.next = entry
  slot.previous = entry
}

function isEmpty(slot: Slot | undefined): boolean {
  return slot === undefined || slot.next === slot
}

function unlink(entry: Timer): void {
  entry.previous!.next = entry.next
  entry.next!.previous = entry.previous
  entry.previous = undefined
  entry.next = undefined
}
