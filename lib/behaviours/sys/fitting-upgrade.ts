import type { Ok } from '../gen-server/results.ts'
import type { Begun } from '../gen-stage/stage-results.ts'
import type { Initial } from '../gen-statem/statem-results.ts'

/**
 * What the compiler holds an upgrade to: the new module's `codeChange` takes the state of processes of the old one, and
 * `extra` is what it says. The state is what the old module's `init` begins with; of a state machine state and data.
 *
 *     init of `from` ──> ok(state)                              ok(state, data)
 *                            v                                     v      v
 *     codeChange of `to` (oldVsn, state, extra)        or (oldVsn, state, data, extra)
 *
 * Of modules that do not say so nothing is held: without types, of a supervisor, or typed as `object` or `Upgrade`.
 */
export type FittingUpgrade<U> = U extends { readonly from: infer From; readonly to: infer To }
  ? U & Fitting<StateOf<From>, ChangeOf<To>>
  : unknown

type Fitting<Old extends readonly unknown[], Change> = Old extends readonly [unknown, unknown]
  ? Taken<Old, readonly [At<Change, '1'>, At<Change, '2'>]> & Extra<At<Change, '3'>>
  : Taken<Old, readonly [At<Change, '1'>]> & Extra<At<Change, '2'>>

/** The mistake is the name of a property that `to` lacks, so that the compiler's message says it. */
type Taken<Old, Takes> = Old extends Takes
  ? unknown
  : { readonly to: { readonly 'its codeChange takes another state than `from` has': { has: Old; takes: Takes } } }

type Extra<E> = undefined extends E ? { readonly extra?: E } : { readonly extra: E }

/** The arguments of a module's `codeChange`. */
type ChangeOf<M> = [M] extends [{ readonly codeChange?: infer F }]
  ? Exclude<F, undefined> extends (...change: infer Change) => unknown
    ? Change
    : unknown
  : unknown

type At<T, I extends string> = I extends keyof T ? T[I] : unknown

/** `[state]`, or `[state, data]` of a state machine; of a module that does not say `[never]`, which fits all. */
type StateOf<M> = M extends { init(...args: never): infer R } ? OrFitting<Beginning<Awaited<R>>> : [never]

type Beginning<R> =
  R extends Ok<infer S>
    ? [S]
    : R extends Initial<infer S, infer D, unknown>
      ? [S, D]
      : R extends Begun<infer S, infer _In, infer _Out>
        ? [S]
        : never

type OrFitting<Old> = [Old] extends [never] ? [never] : Old
