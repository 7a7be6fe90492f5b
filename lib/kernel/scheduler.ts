import { LOW_PRIORITY_SHARE, QUANTUM, TURN_MESSAGES, TURN_MS } from '../internal/limits.ts'
import { PRIORITY, PRIORITY_SHIFT } from './flags.ts'
import type { Host } from './host.ts'
import { HIGH, LOW, MAX } from './priority.ts'
import type { Process } from './process.ts'
import { type RunQueue, runQueue } from './run-queue.ts'

/**
 * Runs the processes that have something to do, one after the other, each for at most a quantum of messages.
 *
 *     send ──> run queue:  P3 | P7 | P1        a turn drains it in one go, started from a microtask when idle
 *                          └─ QUANTUM messages, then to the end of the queue when there are more
 *
 * After TURN_MESSAGES messages or TURN_MS milliseconds the rest waits for a macrotask, so that timers and sockets have
 * their turn. The count goes on from one turn to the next and starts anew only in a macrotask: a caller that awaits
 * call after call without end yields as surely as two processes that ping-pong.
 *
 * Processes of another priority than `normal` wait in lanes of their own, as in Erlang: while one of `max` is there no
 * other runs, then those of `high`; those of `low` get one slice for every LOW_PRIORITY_SHARE of `normal`, so they are
 * slow and not starved. Processes of `max` and `high` that never wait keep all others of the node from running (timers
 * and sockets go on): give it to those that have little to do and must do it at once.
 */
export class Scheduler {
  readonly #host: Host
  readonly #afterTurn: () => void
  readonly #queue: RunQueue
  /** The lanes of those that are not `normal`, by priority; made when the first of them is needed. */
  readonly #lanes: (RunQueue | undefined)[] = []
  /** How many wait in the lanes. */
  #inLanes = 0
  /** Slices of `normal` processes since one of `low` had its turn. */
  #sinceLow = 0
  #scheduled = false
  #spent = 0
  #nextLook = LOOK_EVERY
  #startedAt = Number.NaN
  readonly #turn = () => this.#runTurn()
  readonly #freshTurn = () => {
    this.#startAnew()
    this.#runTurn()
  }

  /** `afterTurn` is called whenever the queue has been drained or the budget is spent. */
  constructor(host: Host, afterTurn: () => void) {
    this.#host = host
    this.#queue = runQueue(host, 1024)
    this.#afterTurn = afterTurn
  }

  get queueLength(): number {
    return this.#queue.size + this.#inLanes
  }

  enqueue(process: Process): void {
    if ((process.flags & NOT_NORMAL) === 0) this.#queue.push(process)
    else this.#enqueueInLane(process)
    if (!this.#scheduled) this.ensureTurn()
  }

  /** Sees to it that a turn comes, if only to call `afterTurn`. */
  ensureTurn(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (this.#spent < TURN_MESSAGES) this.#host.microtask(this.#turn)
    else this.#host.macrotask(this.#freshTurn)
  }

  /** Counts what a process handles without the scheduler. True when the budget is spent: go on with `afterOthers`. */
  charge(): boolean {
    this.#spent++
    return this.#spent >= this.#nextLook && this.#isSpent()
  }

  /** Calls `proceed` when timers, sockets and other processes have had their turn. */
  afterOthers(proceed: () => void): void {
    this.#host.macrotask(() => {
      this.#startAnew()
      proceed()
    })
  }

  #runTurn(): void {
    const queue = this.#queue
    while (this.#inLanes > 0 || queue.size > 0) {
      if (this.#runLanes()) return this.#rest()
      while (queue.size > 0) {
        this.#spent += queue.shift()!.runSlice(QUANTUM)
        if (this.#spent >= this.#nextLook && this.#mustLook()) return this.#rest()
      }
    }
    this.#scheduled = false
    this.#afterTurn()
  }

  #startAnew(): void {
    this.#spent = 0
    this.#nextLook = LOOK_EVERY
    this.#startedAt = Number.NaN
  }

  /** Leaves the others their turn and goes on after it. */
  #rest(): void {
    this.#spent = TURN_MESSAGES
    this.#afterTurn()
    this.#host.macrotask(this.#freshTurn)
  }

  /**
   * Has those in the lanes run, with as many of `normal` between as they leave, until the lanes are empty or the budget
   * is spent: then true.
   */
  #runLanes(): boolean {
    while (this.#inLanes > 0) {
      this.#spent += this.#pick().runSlice(QUANTUM)
      if (this.#spent >= this.#nextLook && this.#isSpent()) return true
    }
    return false
  }

  #enqueueInLane(process: Process): void {
    const level = (process.flags & PRIORITY) >> PRIORITY_SHIFT
    this.#lanes[level] ??= runQueue(this.#host, 16)
    this.#lanes[level].push(process)
    this.#inLanes++
    this.#nextLook = 0 // so that the loop over those of normal need not look at the lanes each time
  }

  /** The next to run when some are not `normal`. */
  #pick(): Process {
    const queue = this.#queue
    const urgent = this.#take(MAX) ?? this.#take(HIGH)
    if (urgent !== undefined) return urgent
    if (queue.size > 0 && this.#sinceLow < LOW_PRIORITY_SHARE) {
      this.#sinceLow++
      return queue.shift()!
    }
    this.#sinceLow = 0
    return this.#take(LOW)!
  }

  #take(level: number): Process | undefined {
    const lane = this.#lanes[level]
    if (lane === undefined || lane.size === 0) return undefined
    this.#inLanes--
    return lane.shift()
  }

  /** Looks at the lanes and at the budget; true when it is spent. */
  #mustLook(): boolean {
    return this.#isSpent() || this.#runLanes()
  }

  /** Reading the clock for every process would cost more than running it; every LOOK_EVERY messages is enough. */
  #isSpent(): boolean {
    if (this.#spent >= TURN_MESSAGES) return true
    this.#nextLook = this.#spent + LOOK_EVERY
    const now = this.#host.monotonic()
    if (Number.isNaN(this.#startedAt)) this.#startedAt = now
    return now - this.#startedAt >= TURN_MS
  }
}

const LOOK_EVERY = 64
/** Of this module because it is read with every message; see process.ts. */
const NOT_NORMAL = PRIORITY
