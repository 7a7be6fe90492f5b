import { type FaultCode, fault } from '../internal/errors.ts'
import { describe } from './exit.ts'

/**
 * Options are an object that has no names but the known ones, as `erlang:monitor/3` and its kin have it, each with a
 * value of its kind: what was misspelt or mistaken is told where it is given, and is not as good as left out.
 *
 *     const MONITOR: OptionKinds<MonitorOptions> = { tag: TEXT, alias: oneOf('explicit_unalias', 'demonitor') }
 *     if (options !== undefined) mustBeOptions('monitor', options, MONITOR)
 *
 * An option that is `undefined` is left out.
 */
export interface OptionKind {
  /** What is right, in words. */
  readonly right: string
  readonly takes: (value: unknown) => boolean
  /** The code of the Fault for what is wrong: `badarg` unless told otherwise. */
  readonly code?: FaultCode
}

/** The kind of each option: whoever adds one to `O` has to say what it takes. */
export type OptionKinds<O> = { readonly [K in keyof O]-?: OptionKind }

/** @throws Fault `badarg`, or that of the kind, for what are no options of `what`. */
export function mustBeOptions<O>(what: string, options: unknown, kinds: OptionKinds<O>): void {
  if (typeof options !== 'object' || options === null) {
    throw fault('badarg', `the options of ${what} are an object, { ${namesOf(kinds)} }, not ${describe(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(kinds, name)) {
      throw fault('badarg', `${name} is no option of ${what}, which has ${namesOf(kinds)}`)
    }
    const value = options[name as never] as unknown
    const kind: OptionKind = kinds[name as keyof O]
    if (value !== undefined && !kind.takes(value)) {
      throw fault(kind.code ?? 'badarg', `${name} is ${kind.right}, not ${describe(value)}`)
    }
  }
}

function namesOf(kinds: object): string {
  return Object.keys(kinds).join(', ')
}

export function isTimeout(value: unknown): value is number {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 0)
}

/** Anything: a term of the user's, or something that is looked at where it is used. */
export const ANY: OptionKind = { right: 'anything', takes: () => true }
export const FLAG: OptionKind = { right: 'true or false', takes: (value) => typeof value === 'boolean' }
export const TEXT: OptionKind = { right: 'a string', takes: (value) => typeof value === 'string' }
export const FUNCTION: OptionKind = { right: 'a function', takes: (value) => typeof value === 'function' }
export const ARRAY: OptionKind = { right: 'an array', takes: Array.isArray }
export const TIME: OptionKind = {
  right: 'whole milliseconds, 0 or more, or Infinity',
  takes: isTimeout,
  code: 'bad_timeout',
}

/** A whole number from `least` on; of `things`, for people. */
export function countFrom(least: number, things: string): OptionKind {
  return {
    right: `a whole number of ${things}, ${least} or more`,
    takes: (value) => Number.isSafeInteger(value) && (value as number) >= least,
  }
}

export function oneOf(...values: readonly unknown[]): OptionKind {
  return {
    right: `one of ${values.map((value) => describe(value)).join(', ')}`,
    takes: (value) => values.includes(value),
  }
}

/** Either of two kinds. */
export function either(first: OptionKind, second: OptionKind): OptionKind {
  return {
    right: `${first.right}, or ${second.right}`,
    takes: (value) => first.takes(value) || second.takes(value),
    ...(second.code && { code: second.code }),
  }
}

/** Options within options. */
export function optionsOf<O>(what: string, kinds: OptionKinds<O>): OptionKind {
  const takes = (value: unknown): boolean => {
    mustBeOptions(what, value, kinds)
    return true
  }
  return { right: `an object, { ${namesOf(kinds)} }`, takes }
}
