import { createNode } from '../behaviours/index.ts'
import { openLmdbStorage } from '../storage/lmdb.ts'
import { startChatNode } from './chat-node.ts'
import { killGuild } from './guild-kill.ts'
import { ReportLog, type Service, type ServiceOptions, startFailure } from './service.ts'

const NAME = 'node1@127.0.0.1'

/** One node, in this OS process, with the storage beside it. Fails as the storage and the listener do. */
export async function startSingle({ folder, host, port, transport }: ServiceOptions): Promise<Service> {
  const storage = await openLmdbStorage(folder)
  const log = new ReportLog()
  const node = createNode({ name: NAME, reporter: log.report })
  const stop = async () => {
    await node.shutdown()
    await storage.close()
  }
  try {
    const { house, endpoint, ended } = await startChatNode(node, {
      storage,
      worker: 1,
      http: { host, port },
      transport,
    })
    log.started()
    return {
      status: async () => [{ name: NAME, state: 'serving', pid: process.pid, ...endpoint }],
      killGuild: (guildId) => killGuild(house, guildId),
      failed: ended.then((reason) => log.causeOf(reason)),
      stop,
    }
  } catch (error) {
    await stop()
    throw startFailure(error)
  }
}
