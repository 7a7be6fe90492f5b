import { fault } from '../internal/errors.ts'
import { DESCRIBED_CHARACTERS, DESCRIBED_PARTS, TERM_DEPTH } from '../internal/limits.ts'
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
 * a process that does not catch it ends with `reason`. Its `cause` is the error that the reason is, or is about
 * (`['shutdown', ['failed_to_start_child', id, error]]`), if there is one. The message is the reason, and behind it
 * `hint`: what would be right.
 */
export class Exit extends Error {
  override readonly name = 'Exit'
  readonly reason: Reason

  constructor(reason: Reason, hint?: string) {
    const cause = errorIn(reason)
    super(hint === undefined ? describe(reason) : `${describe(reason)}: ${hint}`, cause && { cause })
    this.reason = reason
  }
}

/** The reason of a process that threw a value that is no error and was not caught: Erlang's `{nocatch, Value}`. */
export class NoCatch extends Error {
  override readonly name = 'NoCatch'
  readonly value: unknown

  constructor(value: unknown) {
    super(`a value was thrown and not caught: ${describe(value)} (throw an Error, or leave with exit(reason))`)
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

/** Levels of tuples, and parts of each, in which a reason is searched for an error. */
const REASON_LEVELS = 8
const REASON_PARTS = 3

/**
 * The error that a reason is, or the first in the tuples that it is made of. The tuple that says which call failed is
 * no part of why it did. Of a reason that throws when it is read: none.
 */
export function errorIn(reason: Reason): Error | undefined {
  try {
    return errorWithin(reason, REASON_LEVELS)
  } catch {
    return undefined
  }
}

function errorWithin(reason: Reason, levels: number): Error | undefined {
  if (reason instanceof Error) return reason
  if (!Array.isArray(reason) || levels === 0 || reason[0] === 'gen_server' || reason[0] === 'sys') return undefined
  for (let i = 0; i < Math.min(reason.length, REASON_PARTS); i++) {
    const found = errorWithin(reason[i], levels - 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether a process with this reason ended as it should: not reported, and not restarted when it is transient. */
export function isOrderly(reason: Reason): boolean {
  return reason === 'normal' || reason === 'shutdown' || isShutdownTuple(reason)
}

/** Of an array that throws when it is read: no. Whoever ends with it ends nobody else by that. */
function isShutdownTuple(reason: Reason): boolean {
  try {
    return Array.isArray(reason) && reason.length === 2 && reason[0] === 'shutdown'
  } catch {
    return false
  }
}

/** A plain object, also one of another realm's or library's null prototype. */
function isRecord(term: object): boolean {
  const prototype = Object.getPrototypeOf(term)
  return prototype === Object.prototype || prototype === null || typeof prototype.constructor !== 'function'
}

/**
 * A short text for people, without line ends and control characters, whatever the term: to `depth` levels, of at most
 * DESCRIBED_PARTS parts and DESCRIBED_CHARACTERS of any text; what is left out is counted. Never throws for a term.
 * @throws Fault `badarg` for a depth that is no whole number of 0 to TERM_DEPTH.
 */
export function describe(term: unknown, depth = 4): string {
  if (!Number.isInteger(depth) || depth < 0 || depth > TERM_DEPTH) {
    throw fault('badarg', `a term is described to 0 to ${TERM_DEPTH} levels, not ${new Description().of(depth, 1)}`)
  }
  return new Description().of(term, depth)
}

/** One description: what it may still hold. */
class Description {
  #left = DESCRIBED_PARTS

  of(term: unknown, depth: number): string {
    this.#left--
    try {
      return this.#text(term, depth)
    } catch {
      return '#unprintable' // a getter or a toString of it threw
    }
  }

  #text(term: unknown, depth: number): string {
    if (typeof term === 'string') return printable(term)
    if (term instanceof Error) return printable(`${term.name}: ${term.message}`)
    if (typeof term === 'function') return printable(`fun ${term.name}`)
    if (typeof term !== 'object' || term === null) return printable(String(term))
    if (Array.isArray(term)) return this.#parts('{', term, depth, (part) => this.of(part, depth - 1))
    if (term instanceof Set) return this.#parts('Set{', [...term], depth, (part) => this.of(part, depth - 1))
    const field = ([key, value]: [unknown, unknown]) => `${this.of(key, depth - 1)}: ${this.of(value, depth - 1)}`
    if (term instanceof Map) return this.#parts('Map{', [...term], depth, field)
    if (isRecord(term)) return this.#parts('#{', Object.entries(term), depth, field)
    const hasText = typeof term.toString === 'function' && term.toString !== Object.prototype.toString
    return printable(hasText ? String(term) : `#${term.constructor.name}`)
  }

  #parts<T>(opening: string, all: readonly T[], depth: number, one: (part: T) => string): string {
    if (depth === 0) return `${opening}...}`
    const shown: string[] = []
    for (const part of all) {
      if (this.#left <= 0) break
      shown.push(one(part))
    }
    const more = all.length - shown.length
    return `${opening}${(more === 0 ? shown : [...shown, `... ${more} more`]).join(', ')}}`
  }
}

function printable(text: string): string {
  const more = text.length - DESCRIBED_CHARACTERS
  const shown = more <= 0 ? text : `${text.slice(0, DESCRIBED_CHARACTERS)}... ${more} more`
  return shown.replace(CONTROL, (character) => ESCAPED[character] ?? `\\u${hexOf(character)}`)
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0')
}

/** What moves a terminal's cursor or ends a line. */
const CONTROL = /[\p{Cc}\u2028\u2029]/gu
const ESCAPED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

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
