import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openLmdbStorage } from '../../lib/storage/index.ts'
import { aMessage, messageCommit, outcome } from './fixtures.ts'

/**
 * Commits messages 0, 1, ... to the data folder argv[2], several at once, and writes the number of each into the file
 * `acknowledged` there when its promise resolves. Reports the outcomes to its parent.
 */
const folder = process.argv[2]!
const ROUNDS = 10
const AT_ONCE = 3

const storage = await openLmdbStorage(folder)
const acknowledged = openSync(join(folder, 'acknowledged'), 'w')
const outcomes: unknown[] = []

async function commit(generation: number, number: number): Promise<void> {
  const message = aMessage('5', '6', String(1000 + number), 'x'.repeat(number % 4 === 0 ? 6000 : 300))
  const answer = await outcome(storage.commit('5', messageCommit(generation, number, message)))
  if (answer === undefined) writeSync(acknowledged, `${number}\n`)
  outcomes[number] = answer ?? 'acknowledged'
}

const generation = await storage.raiseGeneration('5')
for (let round = 0; round < ROUNDS; round++) {
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => commit(generation, round * AT_ONCE + at)))
}
await storage.close()
process.send?.(outcomes)
