import { fault } from '../internal/errors.ts'
import { oncePer } from '../internal/once-per.ts'
import { Pid, Ref } from './pid.ts'

/**
 * A value that stands for `term` as a key of a `Map` or a `Set`: two terms have the same key exactly when `equalTerms`
 * holds between them. Numbers, strings and other simple values are their own keys and cost nothing; of a structure the
 * key is a text, whose length grows with it.
 *
 *     termKey('general')             'general'
 *     termKey(['channel', 7])        a text, the same for every such tuple
 *
 * What `equalTerms` compares by identity (functions, instances of classes) is numbered when it is first seen.
 * @throws Fault `badarg` for what contains itself, which is no term.
 */
export function termKey(term: unknown): unknown {
  // No text of a structure begins otherwise, and a string that begins so is written as one inside a structure would be.
  if (typeof term === 'string') return term.startsWith(MARK) ? MARK + text(term) : term
  if (typeof term !== 'object' || term === null) return term
  try {
    return MARK + text(term)
  } catch (thrown) {
    throw thrown instanceof RangeError ? fault('badarg', 'a key is a term, which does not contain itself') : thrown
  }
}

/** `term`, which another process is to use as a key: what is none is a mistake of who gives it. */
export function keyTerm<T>(term: T): T {
  termKey(term)
  return term
}

const MARK = '\u0000'

/** A text that tells `term` from every other one, and whose end can be told when more follows. */
function text(term: unknown): string {
  switch (typeof term) {
    case 'string':
      return `"${term.length}:${term}`
    case 'object':
      return term === null ? 'null;' : textOfObject(term)
    case 'function':
    case 'symbol':
      return identity(term)
    case 'bigint':
      return `${term}n;`
    default:
      return `${term};`
  }
}

function textOfObject(term: object): string {
  if (Array.isArray(term)) return list('[', term.map(text))
  if (term instanceof Pid) return `<${text(term.toString())}`
  if (term instanceof Ref) return `#${text(term.toString())}`
  if (term instanceof Error) return kind(term, list('!', [term.name, term.message, codeOf(term)].map(text)))
  if (term instanceof Uint8Array) return list('b', Array.from(term, text))
  if (term instanceof Date) return kind(term, `@${term.getTime()};`)
  if (term instanceof Map) {
    return kind(term, list('m', Array.from(term, ([key, value]) => member(key) + text(value)).sort()))
  }
  if (term instanceof Set) return kind(term, list('s', Array.from(term, member).sort()))
  const prototype = Object.getPrototypeOf(term)
  if (prototype !== Object.prototype && prototype !== null) return identity(term)
  const fields = Object.entries(term).sort(([a], [b]) => (a < b ? -1 : 1))
  return list(
    '{',
    fields.map(([key, value]) => text(key) + text(value)),
  )
}

function list(opening: string, parts: readonly string[]): string {
  return `${opening}${parts.length}:${parts.join('')}`
}

/** Terms are equal only when they are of the same class, and so are their keys. */
function kind(term: object, rest: string): string {
  return identity(Object.getPrototypeOf(term)) + rest
}

/** Maps and sets look their keys up by identity, also those that are structures. */
function member(key: unknown): string {
  return typeof key === 'object' && key !== null ? identity(key) : text(key)
}

function codeOf(error: Error): unknown {
  return (error as { code?: unknown }).code
}

let nextNumber = 1

function identity(value: WeakKey): string {
  // A symbol of the global registry lives for ever, and a weak map takes none.
  const shared = typeof value === 'symbol' ? Symbol.keyFor(value) : undefined
  if (shared !== undefined) return `$${text(shared)}`
  return `*${identityNumber(value)};`
}

/** The number of a value that is compared by identity, given to it when it is first seen. */
export const identityNumber: (value: WeakKey) => number = oncePer(() => nextNumber++)
