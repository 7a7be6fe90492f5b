import type { Test } from 'tap'
import { Exit } from '../../lib/index.ts'

/** Fails unless `pending` rejects with an `Exit` whose reason matches `pattern`, as `t.match` compares. */
export async function exitsWith(t: Test, pending: Promise<unknown>, pattern: unknown): Promise<void> {
  const error = await pending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Exit) t.match(error.reason, pattern)
  else t.fail('expected an Exit', { found: error })
}
