import type { APIMessage } from 'discord-api-types/v10'
import { acceptInvite, createGuild, createInvite, createMessage, guildChannels } from '../../actors/guild-client.ts'
import { createHouse, type House, type HouseSettings } from '../../actors/house.ts'
import { find, type Kind } from '../../actors/routing.ts'
import { remoteStorage, STORAGE } from '../../actors/storage.ts'
import { createNode, type OtpNode } from '../../lib/behaviours/index.ts'
import { rendezvous } from '../../lib/cluster/rendezvous.ts'
import { distribute } from '../../lib/distribution/index.ts'
import type { Report } from '../../lib/kernel/index.ts'
import type { Storage, User } from '../../lib/storage/index.ts'
import { openMemoryStorage } from '../../lib/storage/memory.ts'
import { createToken, hashToken } from '../../lib/storage/token.ts'
import { rootSpec } from '../../supervisors/root.ts'
import { storageChild } from '../../supervisors/storage.ts'
import { Cable } from './cuttable.ts'

export interface Account {
  readonly user: User
  readonly token: string
}

export interface ChatGuild {
  readonly id: string
  readonly channelId: string
  readonly ownerId: string
  /** Of an invite that lasts. */
  readonly code: string
}

/** The chat backend on one node or more of this OS process, the first of which holds the storage. */
export class Chat implements AsyncDisposable {
  readonly houses: readonly House[]
  readonly storage: Storage
  readonly reports: readonly Report[]
  /** What connects the nodes. */
  readonly cable: Cable

  constructor(houses: readonly House[], storage: Storage, reports: readonly Report[], cable: Cable) {
    this.houses = houses
    this.storage = storage
    this.reports = reports
    this.cable = cable
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

  /** A guild on this node with these members, and its owner, who is not there; its id and that of its channel. */
  async guild(members: readonly Account[], home: House = this.house): Promise<ChatGuild> {
    const { node, house } = this
    const { user: owner } = await this.account('owner')
    let id: string
    do ({ id } = await createGuild(node, house, owner.id, { name: 'tea' }))
    while (rendezvous(house.nodes, id) !== home.node.name)
    const channels = await guildChannels(node, house, owner.id, id)
    const channelId = channels[0]!.id
    const terms = { maxAge: 0, maxUses: 0, temporary: false }
    const { code } = await createInvite(node, house, owner.id, channelId, terms)
    for (const { user } of members) await acceptInvite(node, house, user.id, code)
    return { id, channelId, ownerId: owner.id, code }
  }

  /** Sends messages with these contents at the same time, in turn from each node. */
  say(author: Account, channelId: string, contents: readonly string[]): Promise<APIMessage[]> {
    return Promise.all(
      contents.map((content, index) => {
        return this.sayAt(this.houses[index % this.houses.length]!, author, channelId, content)
      }),
    )
  }

  /** Sends a message from one node. */
  sayAt(house: House, author: Account, channelId: string, content: string): Promise<APIMessage> {
    return createMessage(house.node, house, author.user.id, channelId, { content })
  }

  /** Kills the actor with this key, on whichever node it runs. */
  async kill(kind: Kind, key: string, house: House = this.house): Promise<void> {
    const pid = await find(house.node, house, kind, key)
    if (pid === null) throw new Error(`${kind.directory} ${key} does not run`)
    house.node.exit(pid, 'kill')
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
  const cable = new Cable()
  await connect(nodes, cable)
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
  return new Chat(houses, memory, reports, cable)
}

/** Each node knows those before it, and connects to them. */
async function connect(nodes: readonly OtpNode[], cable: Cable): Promise<void> {
  if (nodes.length === 1) return
  const peers: { name: string; host: string; port: number }[] = []
  for (const node of nodes) {
    const { port } = await distribute(node, {
      listen: { host: '127.0.0.1', port: 0 },
      secret: 'a secret that only these nodes have',
      peers: [...peers],
      transport: cable.transport,
    })
    for (const { name } of peers)
      await node.call({ name: 'nobody', node: name }, 'ask' as never, ...([] as never)).catch(() => {})
    peers.push({ name: node.name, host: '127.0.0.1', port })
  }
}
