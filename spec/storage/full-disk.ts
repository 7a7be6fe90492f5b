import { createNode, Fault } from '../../lib/index.ts'
import { openLmdbStorage } from '../../lib/storage/index.ts'
import { aGuild, aHash, aMessage, aUser, messageCommit } from './fixtures.ts'

/**
 * An OS process whose files may not grow past a limit, with a storage on the data folder argv[2]: it writes until that
 * is refused, waits for whatever else may come of it, and prints what it has seen as JSON.
 */
process.on('SIGXFSZ', () => {}) // the write that goes past the limit then fails, as on a full disk
await using node = createNode()
const storage = await openLmdbStorage(process.argv[2]!)
await storage.createUser(aUser('1'), aHash('before'))
const generation = await storage.raiseGeneration('5')
await storage.commit('5', { generation, writes: [{ op: 'put_guild', guild: aGuild('5') }], events: [] })
const text = 'x'.repeat(200_000)
let acknowledged = 0
let refused: unknown
while (refused === undefined) {
  try {
    const at = acknowledged
    await storage.commit('5', messageCommit(generation, at, aMessage('5', '50', String(at), text)))
    acknowledged++
  } catch (error) {
    refused = error instanceof Fault ? error.code : error
  }
}
await node.sleep(100)
const next = await storage.createUser(aUser('2'), aHash('after')).then(
  () => 'ok',
  (error: Fault) => error.code,
)
const read = (await storage.userByToken(aHash('before')))?.id
process.stdout.write(JSON.stringify({ refused, next, read, wrote: acknowledged > 0 }))
process.exit(0)
