import { QUANTUM, TURN_MESSAGES, TURN_MS } from '../internal/limits.ts'
import { Ring } from '../internal/ring.ts'
import type { Host } from './host.ts'
import type { Process } from './process.ts'

/**
 * Runs the processes that have something to do, one after the other, each for at most a quantum of messages.
 *
 *     send ──> run queue:  P3 | P7 | P1        a turn drains it in one go, started from a microtask when idle
 *                          └─ QUANTUM messages, then to the end of the queue when there are more
 *
 * After TURN_MESSAGES messages or TURN_MS milliseconds the rest waits for a macrotask, so that timers and sockets have
 * their turn. The count goes on from one turn to the next and starts anew only in a macrotask: a caller that awaits
 * call after call without end yields as surely as two processes that ping-pong.
 */
export class Scheduler {
  readonly #host: Host
  readonly #afterTurn: () => void
  readonly #queue = new Ring<Process>(1024)
  #scheduled = false
  #spent = 0
  #nextLook = LOOK_EVERY
  #startedAt = Number.NaN
  readonly #turn = () => this.#runTurn()
  readonly #freshTurn = () => {
    this.#spent = 0
    this.#nextLook = LOOK_EVERY
    this.#startedAt = Number.NaN
    this.#runTurn()
  }

  /** `afterTurn` is called whenever the queue has been drained or the budget is spent. */
  constructor(host: Host, afterTurn: () => void) {
    this.#host = host
    this.#afterTurn = afterTurn
  }

  get queueLength(): number {
    return this.#queue.size
  }

  enqueue(process: Process): void {
    this.#queue.push(process)
    if (!this.#scheduled) this.ensureTurn()
  }

  /** Sees to it that a turn comes, if only to call `afterTurn`. */
  ensureTurn(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (this.#spent < TURN_MESSAGES) this.#host.microtask(this.#turn)
    else this.#host.macrotask(this.#freshTurn)
  }

  #runTurn(): void {
    const queue = this.#queue
    while (queue.size > 0) {
      this.#spent += queue.shift()!.runSlice(QUANTUM)
      if (this.#spent >= this.#nextLook && this.#isSpent()) {
        this.#spent = TURN_MESSAGES
        this.#afterTurn()
        this.#host.macrotask(this.#freshTurn)
        return
      }
    }
    this.#scheduled = false
    this.#afterTurn()
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
