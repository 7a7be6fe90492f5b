import { createHouse, type House, type HouseSettings } from '../../actors/house.ts'
import { remoteStorage, STORAGE } from '../../actors/storage.ts'
import { createNode, type OtpNode } from '../../lib/behaviours/index.ts'
import { distribute } from '../../lib/distribution/index.ts'
import type { Report } from '../../lib/kernel/index.ts'
import type { Storage, User } from '../../lib/storage/index.ts'
import { openMemoryStorage } from '../../lib/storage/memory.ts'
import { createToken, hashToken } from '../../lib/storage/token.ts'
import { rootSpec } from '../../supervisors/root.ts'
import { storageChild } from '../../supervisors/storage.ts'

export interface Account {
  readonly user: User
  readonly token: string
}

/** The chat backend on one node or more of this OS process, the first of which holds the storage. */
export class Chat implements AsyncDisposable {
  readonly houses: readonly House[]
  readonly storage: Storage
  readonly reports: readonly Report[]

  constructor(houses: readonly House[], storage: Storage, reports: readonly Report[]) {
    this.houses = houses
    this.storage = storage
    this.reports = reports
  }

  get house(): House {
    return this.houses[0]!
  }

  get node(): OtpNode {
    return this.house.node
  }

  async account(username: string): Promise<Account> {
    const user = { id: this.house.snowflakes.next(), username, bot: true }
    const token = createToken(user.id, this.node.host)
    await this.storage.createUser(user, hashToken(token))
    return { user, token }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.houses.map(({ node }) => node.shutdown(1000)))
  }
}

export interface ChatOptions {
  readonly nodes?: number
  readonly settings?: Partial<HouseSettings>
  /** Stands between the chat and the storage. */
  readonly wrap?: (storage: Storage) => Storage
}

let clusters = 0

export async function startChat({ nodes: count = 1, settings, wrap }: ChatOptions = {}): Promise<Chat> {
  const reports: Report[] = []
  const cluster = ++clusters
  const names = Array.from({ length: count }, (_, index) => `n${index + 1}c${cluster}@127.0.0.1`)
  const nodes = names.map((name) => createNode({ name, reporter: (report) => void reports.push(report) }))
  await connect(nodes)
  const memory = await openMemoryStorage()
  const storage = wrap?.(memory) ?? memory
  await nodes[0]!.supervise({ children: [storageChild(storage)] })
  const houses = nodes.map((node, index) =>
    createHouse({
      node,
      storage: index === 0 ? storage : remoteStorage(node, { name: STORAGE, node: names[0]! }),
      nodes: names,
      worker: index,
      settings: { identifyEveryMs: 0, ...settings },
    }),
  )
  for (const house of houses) await house.node.supervise(rootSpec(house))
  return new Chat(houses, memory, reports)
}

/** Each node knows those before it, and connects to them. */
async function connect(nodes: readonly OtpNode[]): Promise<void> {
  if (nodes.length === 1) return
  const peers: { name: string; host: string; port: number }[] = []
  for (const node of nodes) {
    const { port } = await distribute(node, {
      listen: { host: '127.0.0.1', port: 0 },
      secret: 'a secret that only these nodes have',
      peers: [...peers],
    })
    for (const { name } of peers) await node.call({ name: 'nobody', node: name }, 'ask').catch(() => {})
    peers.push({ name: node.name, host: '127.0.0.1', port })
  }
}
