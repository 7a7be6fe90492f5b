import { BOUNDED, BUSY, ENDED, OBSERVED, STARTED } from './flags.ts'
import { callbackOf, initialCallOf, type Mfa, messageTerm, nameOf } from './message-term.ts'
import { type Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest } from './protocol.ts'
import { tell, traceSend } from './trace.ts'

/**
 * The ways that the kernel takes for the few processes that are bounded, traced or monitored. For all others one test
 * of a flag, which the kernel makes anyway to see whether a process has ended, says that there is nothing to do here.
 */

/** A message for a process that has ended, is bounded or observed: whether it is to be put into the mailbox. */
export function admit(process: Process, message: unknown): boolean {
  if ((process.flags & ENDED) !== 0) return false
  if ((process.flags & BOUNDED) !== 0 && process.rare?.bound?.admits(message) === false) return false
  if ((process.flags & OBSERVED) !== 0) {
    tell(process, 'receive', ['receive', messageTerm(message)])
    process.node.monitored?.look(process, 1)
  }
  return true
}

/** A process that has ended or is observed sends something: whether it may. */
export function maySend(process: Process, to: Dest | Ref, message: unknown): boolean {
  if ((process.flags & ENDED) !== 0) return false
  traceSend(process, to, message)
  const { monitored } = process.node
  if (monitored !== undefined) monitored.sending(process, nodeOf(to) ?? process.node.name)
  return true
}

function nodeOf(to: Dest | Ref): string | undefined {
  if (typeof to !== 'object' || to === null) return undefined
  return to instanceof Ref ? to.address.name : 'node' in to ? to.node : undefined
}

/** A server that is observed answers a request, by what it returned or with `reply`. */
export function replied(process: Process, to: Pid | undefined, value: unknown): void {
  tell(process, 'send', ['send', ['reply', value], to])
  if (to !== undefined) process.node.monitored?.sending(process, to.node)
}

/** The slice of an observed process: message by message, each of them traced and timed. */
export function runObserved(process: Process, quantum: number): number {
  let handled = 0
  while (handled < quantum && (process.flags & ENDED) === 0) {
    const starting = (process.flags & STARTED) === 0
    if (!starting && ((process.flags & BUSY) !== 0 || process.waiting === 0)) break
    const callback = starting ? started(process) : next(process)
    const before = handled
    observed(process, callback, () => {
      handled += process.runMessages(starting ? 0 : 1)
    })
    if (!starting && handled === before) break // it took nothing, and would not the next time
  }
  process.node.monitored?.look(process)
  return handled
}

/** Runs a part of the process that the kernel calls back into: a callback, or the rest of an async one. */
export function observed(process: Process, callback: Mfa | undefined, run: () => void): void {
  const { monitored } = process.node
  const { state } = process
  const what = labelOf(process, callback)
  if (callback !== undefined) {
    process.extra.current = [callback[0], callback[1]]
    tell(process, 'call', ['call', callback])
  }
  monitored?.begin(process, what)
  run()
  monitored?.done(process, what)
  if (process.ended) return
  if ((process.flags & BUSY) === 0) process.extra.current = undefined
  if (process.state !== state) tell(process, 'state', ['state', process.state])
}

/**
 * Resolves the `receive` of a raw process. Its code goes on in a microtask of its own, so the marks of the system
 * monitor are put into the microtasks before and after it.
 */
export function resumeObserved(process: Process, resolve: () => void): void {
  const { host } = process.node
  const what = labelOf(process, undefined)
  host.microtask(() => process.node.monitored?.begin(process, what))
  resolve()
  host.microtask(() => process.node.monitored?.done(process, what))
}

function started(process: Process): Mfa {
  const [module, name] = initialCallOf(process)
  return [module, name, []]
}

/** The callback that the oldest message leads to; none when it will be put aside, or when there are no callbacks. */
function next(process: Process): Mfa | undefined {
  const { program } = process
  if (program.hasCallbacks === false || program.isSuspended?.(process)) return undefined
  return callbackOf(process, process.first)
}

function labelOf(process: Process, callback: Mfa | undefined): string {
  return callback === undefined ? nameOf(process) : `${callback[0]}:${callback[1]}`
}
