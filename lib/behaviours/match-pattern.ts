import { fault } from '../internal/errors.ts'
import type { Pid, Ref } from '../kernel/pid.ts'
import { equalTerms, isRecord } from '../kernel/term.ts'

/**
 * Patterns: terms with holes, for what Erlang writes as match patterns and match specifications.
 *
 *     [1, _, _]                                  a tuple of three whose first part is 1
 *     [variable('a'), 'and', variable('a')]      the same part twice, called a
 *     { kind: 'room' }                           a record with this field, whatever else it has
 *     variable('value')                          anything, called value
 *     7, 'text', pid, ...                        this term (`equalTerms`)
 *
 * Wildcards and variables are values that exist for this alone, so there are no reserved texts: `'_'` and `'$1'` are
 * strings like others. A tuple matches one of the same length; a record one that has at least these fields, as a map
 * pattern of Elixir does; everything else what it is equal to.
 *
 * What a match specification adds to its pattern, a guard and a result, are functions here. They are given what the
 * variables stand for, with its type.
 */
export const _: unique symbol = Symbol('_')

/** A named hole of a pattern. Where a name occurs again, the same term must stand (`'$1'` of Erlang). */
export class Variable<out N extends string = string> {
  readonly name: N

  constructor(name: N) {
    if (typeof name !== 'string') throw fault('badarg', 'a variable has a name, which is a string')
    this.name = name
  }
}

export function variable<const N extends string>(name: N): Variable<N> {
  return new Variable(name)
}

/** What may match a `T`. */
export type Pattern<T> = typeof _ | Variable | Shape<T>

type Fun = (...args: never) => unknown
type Leaf = Pid | Ref | Date | Error | Uint8Array | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | Fun
type Shape<T> = T extends Leaf
  ? T
  : T extends readonly unknown[]
    ? { readonly [I in keyof T]: Pattern<T[I]> }
    : T extends object
      ? { readonly [K in keyof T]?: Pattern<T[K]> }
      : T

/** What the variables of the pattern `P` stand for when it has matched a `T`: a field for each name. */
export type Bindings<P, T> = Readonly<Flat<Bound<P, T>>>

/** What must hold besides of what the variables stand for. What it throws goes to the caller. */
export type Guard<P, T> = (bound: Bindings<P, T>) => boolean

type Flat<B> = unknown extends B ? Record<never, never> : { [N in keyof B]: B[N] }
// The first line is for `any`, which would be taken apart for ever.
type Bound<P, T> = 0 extends 1 & P
  ? unknown
  : P extends Variable<infer N>
    ? { [K in N]: T }
    : P extends Leaf
      ? unknown
      : P extends readonly [infer H, ...infer R]
        ? Bound<H, Head<T>> & Bound<R, Tail<T>>
        : P extends readonly unknown[]
          ? unknown
          : P extends object
            ? All<{ [K in keyof P]: (bound: Bound<P[K], Field<T, K>>) => void }[keyof P]>
            : unknown
// Of the alternatives of a union those count that the pattern can match.
type Head<T> = unknown extends T
  ? unknown
  : T extends readonly [infer H, ...unknown[]]
    ? H
    : T extends readonly (infer E)[]
      ? E
      : never
type Tail<T> = unknown extends T
  ? unknown
  : T extends readonly [unknown, ...infer R]
    ? R
    : T extends readonly unknown[]
      ? T
      : never
type Field<T, K> = unknown extends T ? unknown : T extends unknown ? (K extends keyof T ? T[K] : never) : never
/** The intersection of what the functions of a union take. */
type All<F> = [F] extends [never] ? unknown : [F] extends [(bound: infer B) => void] ? B : unknown

/** What stands for the variables of `pattern` when it matches `term`; `undefined` when it does not. */
export function matchTerm(pattern: unknown, term: unknown): Readonly<Record<string, unknown>> | undefined {
  const bound: Record<string, unknown> = Object.create(null)
  return matches(pattern, term, bound) ? bound : undefined
}

function matches(pattern: unknown, term: unknown, bound: Record<string, unknown>): boolean {
  if (pattern === _) return true
  if (typeof pattern !== 'object' || pattern === null) return equalTerms(pattern, term)
  if (pattern instanceof Variable) return bind(pattern.name, term, bound)
  if (Array.isArray(pattern)) {
    if (!Array.isArray(term) || term.length !== pattern.length) return false
    return pattern.every((part, index) => matches(part, term[index], bound))
  }
  if (!isRecord(pattern)) return equalTerms(pattern, term)
  if (typeof term !== 'object' || term === null || !isRecord(term)) return false
  const record = term as Readonly<Record<string, unknown>>
  return Object.entries(pattern).every(([key, part]) => Object.hasOwn(record, key) && matches(part, record[key], bound))
}

function bind(name: string, term: unknown, bound: Record<string, unknown>): boolean {
  if (name in bound) return equalTerms(bound[name], term)
  bound[name] = term
  return true
}
