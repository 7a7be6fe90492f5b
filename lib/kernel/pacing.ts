import type { CallOwner } from './calls.ts'

/**
 * Sharing the turn. What an operation gives at once nobody has to run for: a call to a process that has ended, a
 * message that is there already. A loop that awaits one such after the other never leaves the microtasks, and timers,
 * sockets and all other processes would wait for ever. So it is counted like a message that was handled, and when the
 * budget of the scheduler is spent it comes after the others have had their turn.
 */

/** `settled`, or, when the budget is spent, the same after the turn of the others. */
export function paced<T>(owner: CallOwner, settled: Promise<T>): Promise<T> {
  return owner.node.scheduler.charge() ? afterOthers(owner, settled) : settled
}

/** `settled` after the turn of the others; never, when the owner has ended by then. */
export function afterOthers<T>(owner: CallOwner, settled: Promise<T>): Promise<T> {
  settled.catch(() => {}) // it has not been handed over yet
  return new Promise((resolve) => {
    owner.node.scheduler.afterOthers(() => {
      if (!owner.ended) resolve(settled)
    })
  })
}
