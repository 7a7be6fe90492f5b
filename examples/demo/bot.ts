import { Client, Events, GatewayIntentBits } from 'discord.js'
import { Network } from './network.ts'

interface Packet {
  readonly t: string | null
  readonly d: { readonly id?: string; readonly author?: { readonly username: string }; readonly content?: string }
}

/** A bot of stock discord.js that tells what it sees. */
export class Bot implements AsyncDisposable {
  readonly client: Client<true>
  readonly network: Network
  /** Ids of the messages that its gateway was sent, in the order in which they came, before discord.js has a say. */
  readonly heard: string[] = []
  #hear: () => void = () => {}
  #leaving = false

  /** Logs a bot in at the node that listens on this port. */
  static async logIn(token: string, port: number, tell: (line: string) => void): Promise<Bot> {
    const network = await Network.to(port)
    const { Guilds, GuildMessages, MessageContent } = GatewayIntentBits
    const client = new Client({ intents: [Guilds, GuildMessages, MessageContent], rest: { api: network.api } })
    const bot = new Bot(client, network)
    const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
    await client.login(token)
    await ready
    bot.#narrate(tell)
    return bot
  }

  private constructor(client: Client, network: Network) {
    this.client = client as Client<true>
    this.network = network
    client.on(Events.Raw, (packet: Packet) => this.#received(packet))
  }

  get name(): string {
    return this.client.user.username
  }

  /** Resolves when its gateway has been sent all these messages. */
  async hears(ids: readonly string[]): Promise<void> {
    while (!ids.every((id) => this.heard.includes(id))) await this.#next()
  }

  /** Resolves when the guild is there. */
  async has(guildId: string): Promise<void> {
    while (this.client.guilds.cache.get(guildId)?.available !== true) await this.#next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving = true
    await this.client.destroy()
    this.network[Symbol.dispose]()
  }

  #received({ t, d }: Packet): void {
    if (t === 'MESSAGE_CREATE') this.heard.push(d.id!)
    // discord.js looks at the packet after this.
    Promise.resolve().then(() => this.#hear())
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#hear = resolve
    })
  }

  #narrate(tell: (line: string) => void): void {
    const sees = (what: string) => {
      if (!this.#leaving) tell(`${this.name.padEnd(5)} sees  ${what}`)
    }
    this.client.on(Events.MessageCreate, ({ author, content }) => sees(`${author.username}: ${content}`))
    this.client.on(Events.GuildUnavailable, ({ name }) => sees(`the guild ${name} has become unavailable`))
    this.client.on(Events.GuildAvailable, ({ name }) => sees(`the guild ${name} is available again`))
    this.client.on(Events.GuildCreate, ({ name }) => sees(`the guild ${name}`))
    this.client.on(Events.ShardReconnecting, () => sees('no connection; it tries to connect'))
    this.client.on(Events.ShardResume, (_id, replayed) => sees(`its session resumed, ${replayed} events replayed`))
    this.client.on(Events.ShardReady, () => sees('it has identified anew'))
  }
}
