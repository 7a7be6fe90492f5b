import { openLmdbStorage } from '../../lib/storage/index.ts'
import { aGuild, aHash, aMessage, aUser, messageCommit } from './fixtures.ts'

/**
 * A second OS process on the data folder argv[2]. It does what argv[3] says and ends; or, without it, does what it is
 * told by messages and reports what came of it.
 */
const storage = await openLmdbStorage(process.argv[2]!)

const orders: Record<string, () => Promise<unknown>> = {
  'create a user': () => storage.createUser(aUser('77'), aHash('from the other process')),
  'read the guild': () => storage.guild('5'),
  'load the guild': () => storage.raiseGeneration('5'),
  'write a lot': async () => {
    const text = 'x'.repeat(2000)
    const generation = await storage.raiseGeneration('6')
    const put = { op: 'put_guild', guild: aGuild('6') } as const
    await storage.commit('6', { generation, writes: [put], events: [] })
    const commits = Array.from({ length: 1000 }, (_, at) =>
      storage.commit('6', messageCommit(generation, at, aMessage('6', '60', String(at), text))),
    )
    await Promise.all(commits)
  },
  end: async () => {
    await storage.close()
    process.disconnect()
  },
}

const order = process.argv[3]
if (order !== undefined) {
  await orders[order]?.()
  process.exit(0)
} else {
  process.on('message', async (order: string) => {
    const answer = await orders[order]?.()
    if (process.connected) process.send?.({ answer })
  })
  process.send?.({ answer: 'ready' })
}
