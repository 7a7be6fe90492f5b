import type { Pid, Ref } from './pid.ts'
import type { Name } from './protocol.ts'

/**
 * Why a process ends. As in OTP any term can be a reason; these have a meaning of their own: `'normal'` (it was done),
 * `'shutdown'` and `['shutdown', term]` (it was asked to end), `'kill'` (as a signal: cannot be trapped), `'killed'`,
 * `'noproc'`, `'noconnection'`. When an `Error` is thrown, that error, with its stack, is the reason.
 */
export type Reason = unknown

/**
 * Leaves a process, or a call, with a reason: OTP's class `exit`. Thrown by `exit(reason)` and by a call that fails;
 * a process that does not catch it ends with `reason`.
 */
export class Exit extends Error {
  override readonly name = 'Exit'
  readonly reason: Reason

  constructor(reason: Reason) {
    super(describe(reason))
    this.reason = reason
  }
}

/** The reason of a process that threw a value that is no error and was not caught: Erlang's `{nocatch, Value}`. */
export class NoCatch extends Error {
  override readonly name = 'NoCatch'
  readonly value: unknown

  constructor(value: unknown) {
    super(`a value was thrown and not caught: ${describe(value)}`)
    this.value = value
  }
}

/** Ends the calling process with `reason` unless it is caught, as `erlang:exit/1` does. */
export function exit(reason: Reason): never {
  throw new Exit(reason)
}

/** The reason that an uncaught `thrown` value gives ("Process Termination", Erlang reference manual). */
export function reasonOf(thrown: unknown): Reason {
  if (thrown instanceof Exit) return thrown.reason
  return thrown instanceof Error ? thrown : new NoCatch(thrown)
}

/** Whether a process with this reason ended as it should: not reported, and not restarted when it is transient. */
export function isOrderly(reason: Reason): boolean {
  return reason === 'normal' || reason === 'shutdown' || isShutdownTuple(reason)
}

function isShutdownTuple(reason: Reason): boolean {
  return Array.isArray(reason) && reason.length === 2 && reason[0] === 'shutdown'
}

function isRecord(term: unknown): term is object {
  if (typeof term !== 'object' || term === null) return false
  const prototype = Object.getPrototypeOf(term)
  return prototype === Object.prototype || prototype === null
}

/** A short text for people; a term of any size and depth gives a line. */
export function describe(term: unknown, depth = 4): string {
  if (typeof term === 'string') return term
  if (term instanceof Error) return `${term.name}: ${term.message}`
  if (Array.isArray(term)) {
    return depth === 0 ? '{...}' : `{${term.map((part) => describe(part, depth - 1)).join(', ')}}`
  }
  if (isRecord(term)) {
    if (depth === 0) return '#{...}'
    const parts = Object.entries(term).map(([key, value]) => `${key}: ${describe(value, depth - 1)}`)
    return `#{${parts.join(', ')}}`
  }
  return typeof term === 'function' ? `fun ${term.name}` : String(term)
}

/** What a process that traps exits receives when a linked process ends, or when it is sent an exit signal. */
export interface ExitMessage {
  readonly type: 'EXIT'
  readonly from: Pid
  readonly reason: Reason
}

/** What a monitor delivers, once, when the process it watches ends, is not there or cannot be reached. */
export interface DownMessage {
  readonly type: string
  readonly ref: Ref
  /** The pid, or the name and node when the monitor was set by name. */
  readonly object: Pid | Name
  readonly reason: Reason
}

/** What `startTimer` delivers when its time is up. */
export interface TimeoutMessage {
  readonly type: 'timeout'
  readonly ref: Ref
  readonly message: unknown
}
