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
 * Terms are trees: for a value that contains itself the answer is not defined.
 */
export function equalTerms(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b)
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalLists(a, b)
  if (isRecord(a)) return isRecord(b) && equalRecords(a, b)
  if (a instanceof Ref) return b instanceof Ref && a.id === b.id && sameAddress(a.address, b.address)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Pid) return samePid(a, b as Pid)
  if (a instanceof Error) return equalErrors(a, b as Error)
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime())
  if (a instanceof Map) return equalMaps(a, b as Map<unknown, unknown>)
  return a instanceof Set && equalSets(a, b as Set<unknown>)
}

/** Whether `term` is a plain object, a record of OTP or a map with text keys; no instance of a class. */
export function isRecord(term: object): boolean {
  const prototype = Object.getPrototypeOf(term)
  return prototype === Object.prototype || prototype === null
}

function equalLists(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!equalTerms(a[i], b[i])) return false
  return true
}

function equalRecords(a: object, b: object): boolean {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false
    if (!equalTerms((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false
  }
  return true
}

function equalErrors(a: Error, b: Error): boolean {
  return (
    a.name === b.name && a.message === b.message && (a as { code?: unknown }).code === (b as { code?: unknown }).code
  )
}

function equalMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
  if (a.size !== b.size) return false
  for (const [key, value] of a) if (!b.has(key) || !equalTerms(value, b.get(key))) return false
  return true
}

function equalSets(a: Set<unknown>, b: Set<unknown>): boolean {
  if (a.size !== b.size) return false
  for (const value of a) if (!b.has(value)) return false
  return true
}
