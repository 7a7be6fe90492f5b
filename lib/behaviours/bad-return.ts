import type { Reason } from '../kernel/exit.ts'

/**
 * The reason of a process whose callback returned what none may: OTP's `['bad_return_value', value]`, which does not
 * say which callback that was, nor what is right. The report about the end does, by what is kept here beside it.
 */
const hints = new WeakMap<object, string>()

/** The reason, for a value that `hint` says something about. */
export function badReturn(value: unknown, hint: string): readonly ['bad_return_value', unknown] {
  const reason = ['bad_return_value', value] as const
  hints.set(reason, hint)
  return reason
}

/** For the details of a report: `{ hint }` when there is one for `reason`, and that once; else nothing. */
export function takeHint(reason: Reason): { readonly hint?: string } {
  const hint = typeof reason === 'object' && reason !== null ? hints.get(reason) : undefined
  if (hint === undefined) return {}
  hints.delete(reason as object)
  return { hint }
}
