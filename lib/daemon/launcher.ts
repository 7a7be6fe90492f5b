import { createHouse } from '../../actors/house.ts'
import { storageChild } from '../../supervisors/storage.ts'
import { type ChildSpec, child, createNode, type Name, name, type OtpNode, Supervisor } from '../behaviours/index.ts'
import { type Distribution, distribute } from '../distribution/index.ts'
import { WORKER_RESTART_SECONDS, WORKER_RESTARTS, WORKER_STOP_MS } from '../internal/limits.ts'
import { openLmdbStorage } from '../storage/lmdb.ts'
import type { OwnedStorage } from '../storage/port.ts'
import { freePorts } from './free-ports.ts'
import { killGuild } from './guild-kill.ts'
import { endOf, reporter, type Service, type ServiceOptions, startFailure } from './service.ts'
import { WorkerProcess, type WorkerProcessApi } from './worker-process.ts'
import type { WorkerConfig } from './worker-protocol.ts'

const HOST = '127.0.0.1'
const LAUNCHER = `launcher@${HOST}`
/** What the nodes prove to each other: new with every start, and in no file. */
const SECRET_BYTES = 32

/**
 * Several nodes on one host. The launcher is a node of its own, without guilds: it holds the storage, since an lmdb
 * that several processes write to stops with any of them, and it supervises the OS processes of the nodes.
 *
 *     launcher (rest_for_one)
 *     ├── storage             serves the one lmdb to the nodes
 *     └── workers (one_for_one)
 *         ├── node1@127.0.0.1     owns an OS process, which serves clients on the first port
 *         ├── node2@127.0.0.1     ... on the next
 *         └── ...
 *
 * Fails as the storage, the distribution and the nodes' listeners do, and with worker_failed.
 */
export async function startLauncher(options: ServiceOptions): Promise<Service> {
  const storage = await openLmdbStorage(options.folder)
  const node = createNode({ name: LAUNCHER, reporter: reporter(LAUNCHER) })
  let distribution: Distribution | undefined
  const stop = async () => {
    await node.shutdown()
    await distribution?.close()
    await storage.close()
  }
  try {
    const plan = await planOf(options, node)
    distribution = await distribute(node, plan.launcher)
    return await supervise(node, storage, plan.workers, stop)
  } catch (error) {
    await stop()
    throw startFailure(error)
  }
}

async function supervise(
  node: OtpNode,
  storage: OwnedStorage,
  configs: readonly WorkerConfig[],
  stop: () => Promise<void>,
): Promise<Service> {
  const starts = new Map<string, number>()
  const root = await node.supervise({
    strategy: 'rest_for_one',
    children: [storageChild(storage), workersChild(configs, starts)],
  })
  const house = createHouse({ node, storage, nodes: configs.map((config) => config.name), worker: 0 })
  return {
    status: () => Promise.all(configs.map(async (config) => {
      const description = await node.call(workerName(config), 'describe')
      return { ...description, starts: starts.get(config.name) ?? 0 }
    })),
    killGuild: (guildId) => killGuild(house, guildId),
    failed: endOf(node, root),
    stop,
  }
}

function workerName(config: WorkerConfig): Name<WorkerProcessApi> {
  return name(WorkerProcess, config.name)
}

function workersChild(configs: readonly WorkerConfig[], starts: Map<string, number>): ChildSpec {
  const children = configs.map((config) => {
    const spec = child(WorkerProcess, [config], { name: workerName(config), shutdown: WORKER_STOP_MS + 1000 })
    return { ...spec, start: counted(spec.start, config, starts) }
  })
  return Supervisor.child({ intensity: WORKER_RESTARTS, period: WORKER_RESTART_SECONDS, children }, { id: 'workers' })
}
