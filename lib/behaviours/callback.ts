/** What every behaviour asks of what a callback of its module returned or threw. */

/** What a callback may return: a value now, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>

/** Whether it is still to come: the process waits for it and handles nothing meanwhile. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** `next(value)`: at once when the value is there, else once it has come. */
export function andThen<T, R>(value: T | PromiseLike<T>, next: (value: T) => R | PromiseLike<R>): R | Promise<R> {
  return isThenable(value) ? Promise.resolve(value as PromiseLike<T>).then(next) : (next(value as T) as R)
}

/** Whether what was thrown counts as returned, as Erlang's `throw` does in a callback. */
export function isReturned(thrown: unknown): boolean {
  return !(thrown instanceof Error)
}
