import t from 'tap'
import { liveThrough } from './random-tree.ts'

/**
 * A thousand random trees under random blows, each decided by its seed: what the tree is, who is struck, how and when,
 * and which of the processes that are ready runs next.
 */
const COUNT = Number(process.env.GUILDHALL_SEEDS ?? 1000)
/** Seeds that have failed once. */
const ONCE_FAILED: readonly number[] = []
const FAILURES_SHOWN = 5

t.test(
  `after all that ${COUNT} seeds do to it, a tree is what its specification says, and nothing is left over`,
  async (t) => {
    const failed: string[] = []
    const seeds = [...ONCE_FAILED, ...Array.from({ length: COUNT }, (_, index) => index + 1)]
    for (const seed of seeds) {
      await liveThrough(seed).catch((error: Error) => failed.push(`seed ${seed}: ${error.message}`))
      if (failed.length === FAILURES_SHOWN) break
    }
    t.strictSame(failed, [])
  },
)
