import { fault } from '../../internal/errors.ts'
import { Pid, Ref } from '../../kernel/pid.ts'

/**
 * Which of `partitions` a key belongs to: of an integer the remainder of its amount, of any other term a hash.
 *
 *     partitionOf(7, 4)                     3
 *     partitionOf(-1, 4)                    1
 *     partitionOf(['room', 7], 4)           the same on every node, in every run
 *
 * The hash: the term is written as a sequence of 16-bit units, which FNV-1a takes in, and MurmurHash3's mixer finishes.
 * A unit that names the kind comes first, so that `'1'` and `1.5` and `['1']` differ, and a length before whatever has
 * one:
 *
 *     string        's' length, UTF-16 code units        tuple      't' length, parts
 *     number        'n' its text                         record     'r' number of fields, each name and value, by name
 *     bigint, true, false, null, undefined  'a' text     Uint8Array 'b' length, bytes
 *     pid, ref      'p', 'f' its text
 *
 * What has no form that is the same everywhere (functions, symbols, instances of classes) is no key.
 */
export function partitionOf(key: unknown, partitions: number): number {
  if (typeof key === 'number' && Number.isInteger(key)) return Math.abs(key) % partitions
  if (typeof key === 'bigint') return Number((key < 0n ? -key : key) % BigInt(partitions))
  return mix(hashTerm(OFFSET, key)) % partitions
}

const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, PRIME)
}

function hashText(hash: number, kind: string, text: string): number {
  let next = hashLength(hash, kind, text.length)
  for (let i = 0; i < text.length; i++) next = hashUnit(next, text.charCodeAt(i))
  return next
}

function hashLength(hash: number, kind: string, length: number): number {
  return hashUnit(hashUnit(hashUnit(hash, kind.charCodeAt(0)), length & 0xffff), length >>> 16)
}

function hashTerm(hash: number, term: unknown): number {
  switch (typeof term) {
    case 'string':
      return hashText(hash, 's', term)
    case 'number':
      return hashText(hash, 'n', String(term))
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return hashText(hash, 'a', String(term))
    case 'object':
      return term === null ? hashText(hash, 'a', 'null') : hashObject(hash, term)
    default:
      throw noKey()
  }
}

function hashObject(hash: number, term: object): number {
  if (Array.isArray(term)) return term.reduce(hashTerm, hashLength(hash, 't', term.length))
  if (term instanceof Pid) return hashText(hash, 'p', term.toString())
  if (term instanceof Ref) return hashText(hash, 'f', term.toString())
  if (term instanceof Uint8Array) return term.reduce(hashUnit, hashLength(hash, 'b', term.length))
  const prototype = Object.getPrototypeOf(term)
  if (prototype !== Object.prototype && prototype !== null) throw noKey()
  const fields = Object.entries(term).sort(([a], [b]) => (a < b ? -1 : 1))
  return fields.reduce(
    (before, [name, value]) => hashTerm(hashText(before, 's', name), value),
    hashLength(hash, 'r', fields.length),
  )
}

function noKey(): Error {
  return fault('badarg', 'a key of a partition is made of strings, numbers, tuples, records, pids, refs and bytes')
}
