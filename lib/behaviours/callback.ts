/** What every behaviour asks of what a callback of its module returned or threw. */

/** Whether it is still to come: the process waits for it and handles nothing meanwhile. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Whether what was thrown counts as returned, as Erlang's `throw` does in a callback. */
export function isReturned(thrown: unknown): boolean {
  return !(thrown instanceof Error)
}
