import { CALL, type CallKind, type CallOwner, makeCall } from './calls.ts'
import { BOUNDED, BUSY, ENDED, OBSERVED, STARTED } from './flags.ts'
import { type Callback, callbackOf, initialCallOf, messageTerm, nameOf } from './message-term.ts'
import { type Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest } from './protocol.ts'
import { tell, traceCall, traceSend, traceState } from './trace.ts'

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

/** An observed process makes a request of another one. */
export function requestObserved(
  process: Process,
  to: Dest,
  kind: CallKind,
  operation: string,
  request: unknown,
  timeout: number | undefined,
): Promise<unknown> {
  const what = request === undefined ? operation : [operation, request]
  maySend(process, to, [kind === CALL ? '$gen_call' : 'system', process.pid, what])
  return awaited(process, makeCall(process, to, kind, operation, request, timeout))
}

/** `makeCall` for whoever asks, observed or not. */
export function makeRequest(
  owner: CallOwner,
  to: Dest,
  kind: CallKind,
  operation: string,
  request: unknown,
  timeout: number | undefined,
): Promise<unknown> {
  const process = owner.pidOrNone?.process
  return process === undefined || (process.flags & OBSERVED) === 0
    ? makeCall(owner, to, kind, operation, request, timeout)
    : requestObserved(process, to, kind, operation, request, timeout)
}

/** The slice of an observed process: message by message, each of them traced and timed. */
export function runObserved(process: Process, quantum: number): number {
  let handled = 0
  while (handled < quantum && (process.flags & ENDED) === 0) {
    const starting = (process.flags & STARTED) === 0
    if (!starting && ((process.flags & BUSY) !== 0 || process.waiting === 0)) break
    const before = handled
    process.extra.current = undefined
    observed(process, () => {
      const callback = starting ? started(process) : next(process)
      if (callback !== undefined) calling(process, ...callback)
      handled += process.runMessages(starting ? 0 : 1)
    })
    if (!starting && handled === before) break // it took nothing, and would not the next time
  }
  process.node.monitored?.look(process)
  return handled
}

/** Runs a part of the process that the kernel calls back into: a callback, or the rest of an async one. */
export function observed(process: Process, run: () => void): void {
  const { monitored } = process.node
  monitored?.begin(process, labelOf(process))
  run()
  monitored?.done()
  if (process.ended) return
  if ((process.flags & BUSY) === 0) process.extra.current = undefined
  traceState(process)
}

/**
 * A callback of an observed process is about to run. Called for every message that leads to one; a program whose
 * messages lead to several, or to none, leaves them out of `callbackOf` and calls this itself for each.
 */
export function calling(process: Process, ...callback: Callback): void {
  const [module, name] = callback
  process.extra.current = [module, name]
  traceCall(process, callback)
  process.node.monitored?.goOn(process, `${module}:${name}`)
}

/**
 * Settles a promise that an observed process awaits, by `settle`. Its code goes on in a microtask of its own, so the
 * marks of the system monitor are put into the microtasks before and after it.
 */
export function resumeObserved(process: Process, settle: () => void): void {
  const { host, monitored } = process.node
  if (!monitored?.times) return settle()
  host.microtask(() => monitored.begin(process, labelOf(process)))
  settle()
  host.microtask(() => monitored.done())
}

/** `pending`, which `owner` has asked the kernel for and awaits: what follows is timed while there is a monitor. */
export function awaited<T>(owner: CallOwner, pending: Promise<T>): Promise<T> {
  const process = owner.node.monitored?.times ? owner.pidOrNone?.process : undefined
  if (process === undefined || (process.flags & OBSERVED) === 0) return pending
  return new Promise((resolve, reject) => {
    pending.then(
      (value) => resumeObserved(process, () => resolve(value)),
      (thrown) => resumeObserved(process, () => reject(thrown)),
    )
  })
}

function started(process: Process): Callback {
  const [module, name] = initialCallOf(process)
  return [module, name, () => []]
}

/** The callback that the oldest message leads to; none when it will be put aside, or when there are no callbacks. */
function next(process: Process): Callback | undefined {
  const { program, first } = process
  if (program.hasCallbacks === false || program.isSuspended?.(process)) return undefined
  return program.callbackOf === undefined ? callbackOf(process, first) : program.callbackOf(process, first)
}

/** What runs, for the system monitor: the callback that is awaited, or the function of a raw process. */
function labelOf(process: Process): string {
  const current = process.program.hasCallbacks === false ? undefined : process.rare?.current
  return current === undefined ? nameOf(process) : `${current[0]}:${current[1]}`
}
