import { Client, Events, GatewayIntentBits, type GatewayMessageCreateDispatchData, type TextChannel } from 'discord.js'
import type { Bot } from './daemon.ts'

/** A discord.js client, as it is, that remembers the packets it was sent. */
export interface Watched {
  readonly client: Client<true>
  readonly packets: readonly Packet[]
  /** Its first packet for which `match` answers true, of those there and those to come. */
  packet(match: (packet: Packet) => boolean): Promise<Packet>
  /** The packets of this kind. */
  all(t: string): readonly Packet[]
  /** The connection's troubles: what discord.js says when a socket drops. */
  readonly drops: readonly string[]
}

export interface Packet {
  readonly op: number
  readonly t: string | null
  readonly s: number | null
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sent
  readonly d: any
}

const INTENTS = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMembers,
  GatewayIntentBits.GuildPresences,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.GuildMessageTyping,
  GatewayIntentBits.MessageContent,
]

/** Logs a bot in at this base of a REST API. It is destroyed with the test. */
export async function logIn(t: { teardown(run: () => unknown): void }, api: string, bot: Bot): Promise<Watched> {
  const client = new Client({ intents: INTENTS, rest: { api } })
  t.teardown(() => client.destroy())
  const packets: Packet[] = []
  const waiting = new Set<(packet: Packet) => void>()
  client.on(Events.Raw, (packet: Packet) => {
    packets.push(packet)
    for (const wake of waiting) wake(packet)
  })
  const drops: string[] = []
  client.on(Events.ShardReconnecting, () => drops.push('reconnecting'))
  client.on(Events.ShardDisconnect, ({ code }) => drops.push(`disconnect ${code}`))
  client.on(Events.ShardError, (error) => drops.push(`error ${error.message}`))
  client.on(Events.Error, (error) => drops.push(`error ${error.message}`))
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
  await client.login(bot.token)
  await ready
  return {
    client: client as Client<true>,
    packets,
    drops,
    all: (name) => packets.filter(({ t }) => t === name),
    packet: (match) => {
      const there = packets.find(match)
      if (there !== undefined) return Promise.resolve(there)
      return new Promise((resolve) => {
        const wake = (packet: Packet) => {
          if (!match(packet)) return
          waiting.delete(wake)
          resolve(packet)
        }
        waiting.add(wake)
      })
    },
  }
}

export function isEvent(name: string, match: (d: Packet['d']) => boolean = () => true): (packet: Packet) => boolean {
  return ({ t, d }) => t === name && match(d)
}

/** The messages that a client was told of in these channels, in the order they came. */
export function messagesOf(watched: Watched, channels: readonly TextChannel[]): GatewayMessageCreateDispatchData[] {
  const ids = new Set(channels.map(({ id }) => id))
  return watched
    .all('MESSAGE_CREATE')
    .map(({ d }) => d as GatewayMessageCreateDispatchData)
    .filter(({ channel_id }) => ids.has(channel_id))
}
