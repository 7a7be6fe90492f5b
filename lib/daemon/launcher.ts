import { createHouse } from '../../actors/house.ts'
import { storageChild } from '../../supervisors/storage.ts'
import { type ChildSpec, child, createNode, name, type OtpNode, Supervisor } from '../behaviours/index.ts'
import { type Distribution, type DistributionOptions, distribute, type PeerAddress } from '../distribution/index.ts'
import { WORKER_RESTART_SECONDS, WORKER_RESTARTS, WORKER_STOP_MS } from '../internal/limits.ts'
import type { Random } from '../kernel/host.ts'
import type { Name } from '../kernel/protocol.ts'
import { openLmdbStorage } from '../storage/lmdb.ts'
import type { OwnedStorage } from '../storage/port.ts'
import { freePorts } from './free-ports.ts'
import { killGuild } from './guild-kill.ts'
import { type NodeStatus, ReportLog, type Service, type ServiceOptions, startFailure } from './service.ts'
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
  const log = new ReportLog(LAUNCHER)
  const node = createNode({ name: LAUNCHER, reporter: log.report })
  let distribution: Distribution | undefined
  const stop = async () => {
    await node.shutdown()
    await distribution?.close()
    await storage.close()
  }
  try {
    const plan = await planOf(options, node.host)
    distribution = await distribute(node, plan.launcher)
    const service = await supervise(node, storage, plan.workers, stop)
    log.started()
    return { ...service, failed: service.failed.then((reason) => log.causeOf(reason)) }
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
  const root = await node.supervise({
    strategy: 'rest_for_one',
    children: [storageChild(storage), workersChild(configs)],
  })
  const house = createHouse({ node, storage, nodes: configs.map((config) => config.name), worker: 0 })
  return {
    status: () => Promise.all(configs.map((config) => statusOf(node, config))),
    killGuild: (guildId) => killGuild(house, guildId),
    failed: node.endOf(root),
    stop,
  }
}

function workersChild(configs: readonly WorkerConfig[]): ChildSpec {
  const children = configs.map((config) =>
    child(WorkerProcess, [() => config], { name: workerName(config), shutdown: WORKER_STOP_MS + 1000 }),
  )
  return Supervisor.child({ intensity: WORKER_RESTARTS, period: WORKER_RESTART_SECONDS, children }, { id: 'workers' })
}

function workerName(config: WorkerConfig): Name<WorkerProcessApi> {
  return name(WorkerProcess, config.name)
}

/** A node that does not run at this moment is being started again. */
async function statusOf(node: OtpNode, config: WorkerConfig): Promise<NodeStatus> {
  if (node.whereis(config.name) === undefined) return { name: config.name, ...config.http, state: 'starting' }
  return node.call(workerName(config), 'describe')
}

interface Plan {
  readonly launcher: DistributionOptions
  readonly workers: readonly WorkerConfig[]
}

/** Who listens where, and who knows whom: everybody everybody. */
async function planOf(options: ServiceOptions, host: Random): Promise<Plan> {
  const count = options.nodes
  const [launcherPort, ...ports] = await freePorts(HOST, count + 1, host)
  const secret = Buffer.from(host.bytes(SECRET_BYTES)).toString('base64url')
  const peers: PeerAddress[] = ports.map((port, index) => ({ name: `node${index + 1}@${HOST}`, host: HOST, port }))
  const launcher: PeerAddress = { name: LAUNCHER, host: HOST, port: launcherPort! }
  const workers = peers.map(({ name, port }, index): WorkerConfig => {
    return {
      name,
      nodes: peers.map((peer) => peer.name),
      worker: index + 1,
      launcher: LAUNCHER,
      distribution: { listen: { host: HOST, port }, peers: [launcher, ...peers], secret },
      http: { host: options.host, port: options.port + index },
      transport: options.transport,
    }
  })
  return { launcher: { listen: launcher, peers, secret }, workers }
}
