import { type Fault, fault } from '../internal/errors.ts'
import { BIGINT_BITS, SIGNAL_BYTES, SIGNAL_ELEMENTS, TERM_DEPTH } from '../internal/limits.ts'
import type { Node } from '../kernel/node.ts'
import { Pid, Ref } from '../kernel/pid.ts'
import { isRequest } from '../kernel/remote.ts'
import { RemoteFrom } from '../kernel/remote-peer.ts'
import { errorFields, errorFrom } from './wire-errors.ts'

/**
 * What may travel between nodes: the terms of the kernel (see term.ts), unchanged but for these:
 *
 * - a `Buffer` arrives as a `Uint8Array`, a record without a prototype as one with it, `-0` as `0`, an array's holes as
 *   `undefined`, half a surrogate pair perhaps as U+FFFD;
 * - an error arrives with its name, message, code and the beginning of its stack, `Exit`, `NoCatch`, `Fault` and the
 *   language's own errors as what they are, others as an `Error`;
 * - the `from` of a request may be answered wherever it arrives.
 *
 * Functions, symbols and instances of other classes do not travel; neither does a record with the key `__proto__`.
 */

/** A value that has no form of its own on the wire. The first field tells what it is. */
export class Tagged {
  readonly fields: readonly unknown[]

  constructor(fields: readonly unknown[]) {
    this.fields = fields
  }
}

const DATE = 0 // milliseconds, NaN for an invalid one
const MAP = 1 // keys and values in turn
const SET = 2 // members
const BIGINT = 3 // of more than 64 bits: whether it is negative, hexadecimal digits
const ERROR = 4 // see wire-errors.ts

const INT64_MIN = -(2n ** 63n)
const UINT64_MAX = 2n ** 64n - 1n
/** Longer texts are measured, shorter ones assumed to take three bytes a character. */
const MEASURED_CHARACTERS = 256

/**
 * Measures signals and puts their terms into the form that travels. What needs no change is given back as it is, so
 * most signals cost a look at each value and nothing else.
 */
export class TermGate {
  /** Bytes that the last signal takes at most. */
  bytes = 0
  /** Values in the last signal. */
  elements = 0
  readonly #node: Node

  constructor(node: Node) {
    this.#node = node
  }

  /** @throws Fault `unencodable`, `term_too_deep` or `signal_too_large`. */
  pass<S extends readonly unknown[]>(signal: S): S {
    this.bytes = 0
    this.elements = 0
    const form = this.#list(signal, 0) as readonly unknown[] as S
    this.#checkSize()
    return form
  }

  #term(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        this.#countText(value)
        return value
      case 'number':
        this.bytes += 9
        return value
      case 'boolean':
      case 'undefined':
        this.bytes += 3
        return value
      case 'object':
        if (value !== null) return this.#object(value, depth)
        this.bytes += 1
        return value
      case 'bigint':
        return this.#bigint(value, depth)
      default:
        throw refused(value)
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth >= TERM_DEPTH) throw fault('term_too_deep', `more than ${TERM_DEPTH} levels`)
    if (Array.isArray(value)) return this.#list(value, depth)
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#record(value, depth)
    if (value instanceof Pid || value instanceof Ref || value instanceof RemoteFrom) {
      this.bytes += 48 + value.address.name.length * 3
      return value
    }
    if (value instanceof Uint8Array) return this.#bytes(value, prototype)
    if (value instanceof Error) return this.#tagged([ERROR, ...errorFields(value)], depth)
    if (prototype === Date.prototype) return this.#tagged([DATE, (value as Date).getTime()], depth)
    if (prototype === Map.prototype) return this.#tagged([MAP, ...[...(value as Map<unknown, unknown>)].flat()], depth)
    if (prototype === Set.prototype) return this.#tagged([SET, ...(value as Set<unknown>)], depth)
    if (isRequest(value)) return this.#object(this.#node.remote.fromOf(value), depth)
    throw refused(value)
  }

  #list(list: readonly unknown[], depth: number): readonly unknown[] {
    this.#count(list.length)
    for (let i = 0; i < list.length; i++) {
      const value = list[i]
      const form = this.#term(value, depth + 1)
      if (!Object.is(form, value)) return this.#changedList(list, i, form, depth)
    }
    return list
  }

  #changedList(list: readonly unknown[], changed: number, form: unknown, depth: number): unknown[] {
    const copy = list.slice(0, changed)
    copy.push(form)
    for (let i = changed + 1; i < list.length; i++) copy.push(this.#term(list[i], depth + 1))
    return copy
  }

  #record(record: object, depth: number): object {
    let copy: Record<string, unknown> | undefined
    let size = 0
    for (const key in record) {
      if (!Object.hasOwn(record, key)) continue
      if (key === '__proto__') throw fault('unencodable', 'a record has the key __proto__')
      this.#countText(key)
      const value = (record as Record<string, unknown>)[key]
      const form = this.#term(value, depth + 1)
      if (!Object.is(form, value)) {
        copy ??= { ...record }
        copy[key] = form
      }
      size++
    }
    this.#count(size * 2)
    return copy ?? record
  }

  #bytes(value: Uint8Array, prototype: unknown): Uint8Array {
    if (prototype !== Uint8Array.prototype && prototype !== Buffer.prototype) throw refused(value)
    this.bytes += value.length + 5
    return value
  }

  #bigint(value: bigint, depth: number): unknown {
    this.bytes += 9
    if (value >= INT64_MIN && value <= UINT64_MAX) return value
    const digits = (value < 0n ? -value : value).toString(16)
    if (digits.length * 4 > BIGINT_BITS) throw fault('unencodable', `a bigint has more than ${BIGINT_BITS} bits`)
    return this.#tagged([BIGINT, value < 0n, digits], depth)
  }

  #tagged(fields: readonly unknown[], depth: number): Tagged {
    this.bytes += 3
    return new Tagged(this.#list(fields, depth + 1))
  }

  #countText(text: string): void {
    const { length } = text
    this.bytes += 5 + (length > MEASURED_CHARACTERS ? Buffer.byteLength(text) : length * 3)
  }

  #count(elements: number): void {
    this.bytes += 5
    this.elements += elements
    this.#checkSize()
  }

  #checkSize(): void {
    if (this.elements > SIGNAL_ELEMENTS) throw fault('signal_too_large', `more than ${SIGNAL_ELEMENTS} values`)
    if (this.bytes > SIGNAL_BYTES) throw fault('signal_too_large', `more than ${SIGNAL_BYTES} bytes`)
  }
}

/** @throws Fault `bad_frame` when the fields, which come from another node, are not those of a tagged value. */
export function fromTagged(fields: unknown): unknown {
  if (!Array.isArray(fields)) throw fault('bad_frame', 'the fields of a tagged value are no array')
  const [tag, first, second] = fields as readonly unknown[]
  if (tag === DATE && typeof first === 'number') return new Date(first)
  if (tag === SET) return new Set(fields.slice(1))
  if (tag === MAP && fields.length % 2 === 1) return mapFrom(fields)
  if (tag === BIGINT && typeof first === 'boolean' && isHexadecimal(second)) {
    return first ? -BigInt(`0x${second}`) : BigInt(`0x${second}`)
  }
  if (tag === ERROR) return errorFrom(fields.slice(1))
  throw fault('bad_frame', 'a tagged value has a tag that is not used here')
}

function mapFrom(fields: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  for (let i = 1; i < fields.length; i += 2) map.set(fields[i], fields[i + 1])
  return map
}

function isHexadecimal(digits: unknown): digits is string {
  return typeof digits === 'string' && digits.length * 4 <= BIGINT_BITS && /^[0-9a-f]+$/.test(digits)
}

function refused(value: unknown): Fault {
  if (typeof value === 'function') return fault('unencodable', `a function, ${value.name || 'without a name'}`)
  if (typeof value === 'symbol') return fault('unencodable', 'a symbol')
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name
  return fault('unencodable', `an instance of ${typeof name === 'string' ? name : 'a class'}`)
}
