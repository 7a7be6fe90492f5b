import { fault } from '../internal/errors.ts'
import type { Reason } from '../kernel/exit.ts'

/**
 * What is right, beside OTP's reasons for what is wrong, which do not say it: `['bad_return_value', value]` tells not
 * even which callback returned that. The report about the end does, by what is kept here for the reason.
 */
const hints = new WeakMap<object, string>()
/** The reasons whose hint was reported. */
const told = new WeakSet<object>()

/** The reason, for a value that `hint` says something about. */
export function badReturn(value: unknown, hint: string): readonly ['bad_return_value', unknown] {
  return withHint(['bad_return_value', value] as const, hint)
}

/** `reason` itself, which `hint` is kept for. */
export function withHint<const R extends readonly unknown[]>(reason: R, hint: string): R {
  hints.set(reason, hint)
  return reason
}

/** The hint for `reason`, if there is one. */
export function hintFor(reason: Reason): string | undefined {
  if (!Array.isArray(reason)) return undefined
  return hints.get(reason) ?? ofKind(reason[0])
}

/** What is right where OTP has a reason for one mistake alone. */
function ofKind(kind: unknown): string | undefined {
  if (kind === 'calling_self') return fault('calling_self').message
  if (kind !== 'bad_return_from_init') return undefined
  return 'init of a state machine returns GenStatem.ok(state, data, actions), ignore(), stop(reason) or failure(reason)'
}

/** For the details of a report: `{ hint }` when there is one for `reason`, and that once; else nothing. */
export function takeHint(reason: Reason): { readonly hint?: string } {
  const hint = hintFor(reason)
  if (hint === undefined || told.has(reason as object)) return {}
  told.add(reason as object)
  return { hint }
}

/** Of the callback that every behaviour has, or all but one. */
export const WHAT_CODE_CHANGE_RETURNS = 'codeChange returns ok(state) or failure(reason)'
