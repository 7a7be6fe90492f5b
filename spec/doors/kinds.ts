import type { Fixture } from './fixture.ts'

/** What a parameter takes: a right value, and which others are right, too. All the rest has to be refused. */
export interface Kind {
  readonly right: (f: Fixture) => unknown
  readonly takes: (value: unknown) => boolean
  /** For options: each name, and what it takes. */
  readonly names?: Readonly<Record<string, Kind>>
  /** It is sent to somebody: a term, whose parts are no getters. */
  readonly isTerm?: true
  /** What is right, and ends whom it reaches, as in OTP: a request that a server has no callback for. */
  readonly ends?: (value: unknown) => boolean
}

type Right = (f: Fixture) => unknown
type Takes = (value: unknown) => boolean

const no = () => false

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
export const isFunction = (value: unknown): boolean => typeof value === 'function'
export const isText = (value: unknown): boolean => typeof value === 'string'
export const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0
export const isIterable = (value: unknown): boolean => Symbol.iterator in Object(value)
const isTime = (value: unknown) =>
  value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 0)

export function kind(right: Right, takes: Takes = no): Kind {
  return { right, takes }
}

/** A term: anything at all. */
export const any: Kind = { right: () => 'term', takes: () => true, isTerm: true }
export const sent = (one: Kind): Kind => ({ ...one, isTerm: true })
export const text: Kind = kind(() => 'text', isText)
/** A request by its name. One that a server does not have ends it. */
export const operation: Kind = { right: () => 'add', takes: isText, ends: isText }
export const flag: Kind = kind(
  () => true,
  (value) => typeof value === 'boolean',
)
export const time: Kind = kind(() => 50, isTime)
/** A whole number, from 1 on. */
export const count: Kind = kind(
  () => 2,
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
)
/** A whole number, from 0 on. */
export const index: Kind = kind(
  () => 1,
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
)
/** A number above 0. */
export const amount: Kind = kind(
  () => 2,
  (value) => typeof value === 'number' && value > 0,
)
export const fun: Kind = kind(() => () => 'done', isFunction)
export const array: Kind = kind(() => [], Array.isArray)

/** Who calls: a process or, outside any, its node. Nothing else is one. */
export const caller: Kind = kind((f) => f.self)
export const node: Kind = kind((f) => f.node)
export const pid: Kind = kind((f) => f.pid)

/** A destination; every text may be a name. */
export const to = (right: Right): Kind => kind(right, isText)

export const optional = (one: Kind): Kind => ({ ...one, takes: (value) => value === undefined || one.takes(value) })
/** An argument that may be left out, and is in the right call. */
export const leftOut = (one: Kind): Kind => ({ ...optional(one), right: () => undefined })

export const oneOf = (...values: readonly unknown[]): Kind =>
  kind(
    () => values[0],
    (value) => values.includes(value),
  )
export const either = (first: Kind, second: Kind): Kind =>
  kind(first.right, (value) => first.takes(value) || second.takes(value))

/** Options: an object with these names and no others. Any may be left out, and so may the whole. */
export function options(names: Readonly<Record<string, Kind>>): Kind {
  return optional({ ...required(() => undefined, names), right: () => undefined })
}

/** The same, of which some have to be given. */
export function required(right: Right, names: Readonly<Record<string, Kind>>, ...needed: readonly string[]): Kind {
  const isRight = ([name, one]: readonly [string, unknown]) => one === undefined || names[name]?.takes(one) === true
  const takes = (value: unknown) =>
    isObject(value) && Object.entries(value).every(isRight) && needed.every((name) => name in value)
  return { right, takes, names }
}
