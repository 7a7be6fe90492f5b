import { fault } from '../../internal/errors.ts'
import { describe } from '../../kernel/exit.ts'

/** Changes of single elements of a table's object. An object is never changed itself: whoever read it may keep it. */

/** The place of an element: an index of a tuple, counted from 0, or a key of a record. */
export type Position<T> = T extends readonly unknown[] ? number : keyof T & string

/** Another value for one element. */
export type ElementChange<T> = readonly [position: Position<T>, value: T[Position<T> & keyof T]]

export interface CounterUpdate<T> {
  readonly position: Position<T>
  readonly increment: number
  /** With `setValue`: a value that would pass it, in the direction of the increment, becomes `setValue` instead. */
  readonly threshold?: number
  readonly setValue?: number
}

/** @throws Fault `badarg` when the object has no such element. */
export function elementOf(object: object, position: number | string): unknown {
  requireElement(object, position)
  return (object as Readonly<Record<number | string, unknown>>)[position]
}

/** A copy of `object` with another value at `position`. */
export function withElement<T extends object>(object: T, position: number | string, value: unknown): T {
  requireElement(object, position)
  const copy: object = Array.isArray(object) ? object.slice() : { ...object }
  ;(copy as Record<number | string, unknown>)[position] = value
  return copy as T
}

/** The object after `update`, and the counter's new value. */
export function counted<T extends object>(object: T, update: CounterUpdate<T>): readonly [T, number] {
  const { position, increment, threshold, setValue } = update
  if ((threshold === undefined) !== (setValue === undefined)) {
    throw fault('badarg', 'an update of a counter has both threshold and setValue, or none')
  }
  const before = elementOf(object, position)
  const sum = integer(before, 'the element') + integer(increment, 'the increment')
  let value = integer(sum, 'the sum')
  if (threshold !== undefined && setValue !== undefined) {
    const limit = integer(threshold, 'the threshold')
    if (increment >= 0 ? value > limit : value < limit) value = integer(setValue, 'setValue')
  }
  return [withElement(object, position, value), value]
}

function integer(value: unknown, what: string): number {
  if (Number.isSafeInteger(value)) return value as number
  throw fault('badarg', `a counter counts in whole numbers, and ${what} is ${describe(value)}`)
}

function requireElement(object: object, position: number | string): void {
  if (
    typeof position === 'object' ||
    !Object.hasOwn(object, position) ||
    (Array.isArray(object) && !Number.isInteger(position))
  ) {
    throw fault('badarg', `the object has no element ${describe(position)}`)
  }
}
