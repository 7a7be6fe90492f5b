import { Pid, Ref } from './pid.ts'
import { isRecord } from './term.ts'
import { identityNumber } from './term-key.ts'

/**
 * The order of terms, which sorts ordered tables and answers the comparisons of guards. It is total, and two terms are
 * level exactly when `equalTerms` holds between them:
 *
 *     number < undefined < null < false < true < string < symbol < reference < function < pid
 *            < tuple < record < Date < Map < Set < Error < instance of another class < bytes
 *
 * Numbers and bigints compare by value, a number before the bigint of the same value, `NaN` behind all. Strings compare
 * by their UTF-16 units. Tuples compare by length first and then element by element, records by size, then by their
 * sorted keys, then by the values in that order, bytes from the left (Erlang reference manual, "Term Comparisons", with
 * the kinds that JavaScript adds). What has no value to compare, such as a function, comes in the order in which it
 * was first compared.
 */
export function compareTerms(a: unknown, b: unknown): number {
  if (a === b) return 0
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0) return difference
  switch (rank) {
    case NUMBER:
      return compareNumbers(a as number | bigint, b as number | bigint)
    case STRING:
      return (a as string) < (b as string) ? -1 : 1
    case SYMBOL:
      return compareSymbols(a as symbol, b as symbol)
    case TUPLE:
      return compareTuples(a as readonly unknown[], b as readonly unknown[])
    case RECORD:
      return compareRecords(a as Fields, b as Fields)
    case BYTES:
      return compareBytes(a as Uint8Array, b as Uint8Array)
    case REFERENCE:
    case PID:
      return compareAddresses(a as Pid | Ref, b as Pid | Ref) || compareClasses(a as object, b as object)
    case FUNCTION:
    case INSTANCE:
      return identityNumber(a as WeakKey) - identityNumber(b as WeakKey)
    default:
      return compareContents(rank, a as object, b as object) || compareClasses(a as object, b as object)
  }
}

type Fields = Readonly<Record<string, unknown>>

const NUMBER = 0
const STRING = 5
const SYMBOL = 6
const REFERENCE = 7
const FUNCTION = 8
const PID = 9
const TUPLE = 10
const RECORD = 11
const DATE = 12
const MAP = 13
const SET = 14
const ERROR = 15
const INSTANCE = 16
const BYTES = 17

function rankOf(term: unknown): number {
  switch (typeof term) {
    case 'number':
    case 'bigint':
      return NUMBER
    case 'undefined':
      return 1
    case 'boolean':
      return term ? 4 : 3
    case 'string':
      return STRING
    case 'symbol':
      return SYMBOL
    case 'function':
      return FUNCTION
    default:
      return term === null ? 2 : rankOfObject(term as object)
  }
}

function rankOfObject(term: object): number {
  if (Array.isArray(term)) return TUPLE
  if (term instanceof Uint8Array) return BYTES
  if (isRecord(term)) return RECORD
  if (term instanceof Pid) return PID
  if (term instanceof Ref) return REFERENCE
  if (term instanceof Error) return ERROR
  if (term instanceof Date) return DATE
  if (term instanceof Map) return MAP
  return term instanceof Set ? SET : INSTANCE
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  const difference = Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  if (difference !== 0 || typeof a === typeof b) return difference
  return typeof a === 'number' ? -1 : 1
}

function compareSymbols(a: symbol, b: symbol): number {
  const [first, second] = [Symbol.keyFor(a), Symbol.keyFor(b)]
  // A symbol of the global registry has a text, any other one only its identity.
  if (first !== undefined && second !== undefined) return first < second ? -1 : 1
  if (first === undefined && second === undefined) return identityNumber(a as WeakKey) - identityNumber(b as WeakKey)
  return first !== undefined ? -1 : 1
}

function compareTuples(a: readonly unknown[], b: readonly unknown[]): number {
  return a.length - b.length || compareElements(a, b)
}

function compareElements(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = compareTerms(a[i], b[i])
    if (difference !== 0) return difference
  }
  return 0
}

function compareRecords(a: Fields, b: Fields): number {
  const keys = Object.keys(a).sort()
  const others = Object.keys(b).sort()
  if (keys.length !== others.length) return keys.length - others.length
  const difference = compareElements(keys, others)
  if (difference !== 0) return difference
  for (const key of keys) {
    const byValue = compareTerms(a[key], b[key])
    if (byValue !== 0) return byValue
  }
  return 0
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** By node, then by its start, then by age. */
function compareAddresses(a: Pid | Ref, b: Pid | Ref): number {
  if (a.address.name !== b.address.name) return a.address.name < b.address.name ? -1 : 1
  return a.address.creation - b.address.creation || a.id - b.id
}

function compareContents(rank: number, a: object, b: object): number {
  switch (rank) {
    case DATE:
      return compareNumbers((a as Date).getTime(), (b as Date).getTime())
    case MAP:
      return compareMaps(a as Map<unknown, unknown>, b as Map<unknown, unknown>)
    case SET:
      return compareSets(a as Set<unknown>, b as Set<unknown>)
    default:
      return compareTuples(errorParts(a as Error), errorParts(b as Error))
  }
}

function compareMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): number {
  if (a.size !== b.size) return a.size - b.size
  const entries = [...a].sort(([first], [second]) => compareMembers(first, second))
  const others = [...b].sort(([first], [second]) => compareMembers(first, second))
  for (const [i, [key]] of entries.entries()) {
    const difference = compareMembers(key, others[i]![0])
    if (difference !== 0) return difference
  }
  for (const [i, [, value]] of entries.entries()) {
    const difference = compareTerms(value, others[i]![1])
    if (difference !== 0) return difference
  }
  return 0
}

function compareSets(a: Set<unknown>, b: Set<unknown>): number {
  if (a.size !== b.size) return a.size - b.size
  const members = [...a].sort(compareMembers)
  const others = [...b].sort(compareMembers)
  for (const [i, member] of members.entries()) {
    const difference = compareMembers(member, others[i])
    if (difference !== 0) return difference
  }
  return 0
}

/** Maps and sets look their keys up by identity, also those that are structures. */
function compareMembers(a: unknown, b: unknown): number {
  const structures = Number(isObject(a)) - Number(isObject(b))
  if (structures !== 0) return structures
  return isObject(a) && isObject(b) ? identityNumber(a) - identityNumber(b) : compareTerms(a, b)
}

function isObject(term: unknown): term is object {
  return typeof term === 'object' && term !== null
}

function errorParts(error: Error): readonly unknown[] {
  return [error.name, error.message, (error as { code?: unknown }).code]
}

/** Terms of different classes are never equal, whatever they hold. */
function compareClasses(a: object, b: object): number {
  const first = Object.getPrototypeOf(a)
  const second = Object.getPrototypeOf(b)
  return first === second ? 0 : identityNumber(first) - identityNumber(second)
}
