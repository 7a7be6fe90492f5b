import { Pid, Ref, sameAddress, samePid } from './pid.ts'

/**
 * Terms are the values that processes exchange. An atom is a string, a tuple a readonly array, a record a plain object;
 * numbers, bigints, booleans, null, undefined, bytes (`Uint8Array`), `Date`, `Map`, `Set`, `Error`, `Pid` and `Ref` are
 * themselves. Messages between processes of one node are not copied: whoever sends a term gives it away.
 */

/**
 * Whether two terms have the same shape and the same leaves, as `=:=` tells for Erlang's. Exit reasons, states and
 * selective receive are compared with it. Errors are equal when their name, code and message are; functions and class
 * instances that are not listed above only when they are identical. `NaN` equals itself, `0` equals `-0`.
 * Two values that contain themselves are equal when nothing that can be reached in them differs. What is no term, as
 * reading it throws, or it is nested deeper than the stack, is equal to itself only.
 */
export function equalTerms(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  try {
    return new Comparison().ofObjects(a, b)
  } catch {
    return false
  }
}

/** Whether `term` is a plain object, a record of OTP or a map with text keys; no instance of a class. */
export function isRecord(term: object): boolean {
  const prototype = Object.getPrototypeOf(term)
  return prototype === Object.prototype || prototype === null
}

/** One comparison of two terms. */
class Comparison {
  #unnoticed = UNNOTICED
  /** With what each value has been compared: made for big terms, among them those that contain themselves. */
  #seen: Map<object, Set<object>> | undefined

  of(a: unknown, b: unknown): boolean {
    if (a === b) return true
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
    return this.ofObjects(a, b)
  }

  ofObjects(a: object, b: object): boolean {
    if (this.#wasSeen(a, b)) return true
    if (Array.isArray(a)) return Array.isArray(b) && this.#lists(a, b)
    if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b)
    if (isRecord(a)) return isRecord(b) && this.#records(a as AnyRecord, b as AnyRecord)
    if (a instanceof Ref) return b instanceof Ref && a.id === b.id && sameAddress(a.address, b.address)
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
    if (a instanceof Pid) return samePid(a, b as Pid)
    if (a instanceof Error) return equalErrors(a, b as Error)
    if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime())
    if (a instanceof Map) return this.#maps(a, b as Map<unknown, unknown>)
    return a instanceof Set && equalSets(a, b as Set<unknown>)
  }

  /** Whether these two are being compared already, or were: had they differed, there would be nothing to compare. */
  #wasSeen(a: object, b: object): boolean {
    if (this.#unnoticed > 0) {
      this.#unnoticed--
      return false
    }
    this.#seen ??= new Map()
    const others = this.#seen.get(a)
    if (others === undefined) this.#seen.set(a, new Set([b]))
    else if (others.has(b)) return true
    else others.add(b)
    return false
  }

  #lists(a: readonly unknown[], b: readonly unknown[]): boolean {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!this.of(a[i], b[i])) return false
    return true
  }

  #records(a: AnyRecord, b: AnyRecord): boolean {
    const keys = Object.keys(a)
    if (keys.length !== Object.keys(b).length) return false
    for (const key of keys) if (!Object.hasOwn(b, key) || !this.of(a[key], b[key])) return false
    return true
  }

  #maps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
    if (a.size !== b.size) return false
    for (const [key, value] of a) if (!b.has(key) || !this.of(value, b.get(key))) return false
    return true
  }
}

type AnyRecord = Readonly<Record<string, unknown>>

/** Parts of a term that are compared before it is kept in mind which have been: most terms have fewer. */
const UNNOTICED = 1000

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function equalErrors(a: Error, b: Error): boolean {
  return (
    a.name === b.name && a.message === b.message && (a as { code?: unknown }).code === (b as { code?: unknown }).code
  )
}

function equalSets(a: Set<unknown>, b: Set<unknown>): boolean {
  if (a.size !== b.size) return false
  for (const value of a) if (!b.has(value)) return false
  return true
}
