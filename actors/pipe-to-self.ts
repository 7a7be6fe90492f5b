import type { Context } from '../lib/kernel/context.ts'
import type { Pid } from '../lib/kernel/pid.ts'

export type Settled<T> = readonly ['ok', T] | readonly ['error', unknown]

/**
 * Has a process go on handling messages while `pending` is under way, and get its outcome as a message of its own. When
 * the process has ended by then, the outcome is dropped.
 */
export function pipeToSelf<T>(
  process: Pick<Context, 'send'> & { readonly self: Pid },
  pending: PromiseLike<T>,
  toMessage: (settled: Settled<T>) => object,
): void {
  const deliver = (settled: Settled<T>) => process.send(process.self, toMessage(settled))
  pending.then(
    (value) => deliver(['ok', value]),
    (error: unknown) => deliver(['error', error]),
  )
}
