import { fault } from '../internal/errors.ts'
import type { CallOwner } from './calls.ts'
import { describe } from './exit.ts'
import { OBSERVED } from './flags.ts'
import type { Node } from './node.ts'
import { resumeObserved } from './observe.ts'
import { isTimeout } from './options.ts'
import { type Timer, TimerEntry } from './timer-wheel.ts'

/** A timer that only calls. */
class Wake extends TimerEntry {
  readonly owner: CallOwner | undefined
  readonly #run: () => void

  constructor(owner: CallOwner | undefined, run: () => void) {
    super()
    this.owner = owner
    this.#run = run
  }

  override expire(): void {
    this.#run()
  }
}

/** Starts a timer that is of use to `owner` alone: the end of a process stops it. To be stopped by `stopFor`. */
export function startFor(owner: CallOwner, timer: Timer, milliseconds: number): void {
  if (owner.ended) return
  const extra = owner.pidOrNone?.process?.extra
  if (extra !== undefined) {
    extra.waits ??= new Set()
    extra.waits.add(timer)
  }
  owner.node.timers.start(timer, milliseconds)
}

/** Stops, or forgets once it has expired, a timer that was started by `startFor`. */
export function stopFor(owner: CallOwner, timer: Timer): void {
  owner.pidOrNone?.process?.rare?.waits?.delete(timer)
  owner.node.timers.stop(timer)
}

/** See `Caller.sleep`. */
export function sleep(owner: CallOwner, milliseconds: number): Promise<void> {
  if (!isTimeout(milliseconds)) throw fault('bad_timeout', `sleep got ${describe(milliseconds)}`)
  if (milliseconds === Number.POSITIVE_INFINITY) return new Promise(() => {})
  return new Promise((resolve, reject) => {
    if (owner.ended && owner.pidOrNone === undefined) return reject(fault('node_stopped'))
    const wake = new Wake(owner, () => {
      stopFor(owner, wake)
      const process = owner.pidOrNone?.process
      if (process === undefined || (process.flags & OBSERVED) === 0) resolve()
      else resumeObserved(process, resolve)
    })
    startFor(owner, wake, milliseconds)
  })
}

/** Calls `then` once `closing` is settled or `milliseconds` have passed. */
export function afterClosing(node: Node, closing: Promise<unknown>, milliseconds: number, then: () => void): void {
  let pending = true
  const proceed = () => {
    if (!pending) return
    pending = false
    node.timers.stop(limit)
    then()
  }
  const limit = new Wake(undefined, proceed)
  node.timers.start(limit, milliseconds)
  closing.then(proceed)
}
