import type { APIMessage, GatewayMessageCreateDispatchData } from 'discord-api-types/v10'
import { LruMap } from '../lib/cluster/lru-map.ts'
import { fault } from '../lib/internal/errors.ts'
import {
  CHANNELS_PER_READ,
  EVENTS_PER_READ,
  GUILD_INVITES,
  GUILD_LOG_EVENTS,
  GUILD_NONCES,
  GUILD_QUEUE_ENTRIES,
  MEMBERS_PER_READ,
  WRITES_PER_COMMIT,
} from '../lib/internal/limits.ts'
import type { OutboxEvent, Page, Storage } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { CommitQueue } from './commit-queue.ts'
import { EventLog } from './event-log.ts'
import { GuildRelays } from './guild-relays.ts'
import type { GuildMember, GuildState } from './guild-state.ts'
import type { House } from './house.ts'
import { positionOf } from './position.ts'

/**
 * Loads a guild. The generation is raised first: from then on no commit of an earlier owner is accepted, so what is
 * read afterwards is all there is.
 * @throws unknown_guild, and what the storage throws
 */
export async function loadGuild(house: House, guildId: Snowflake): Promise<GuildState> {
  const { storage } = house
  const generation = await storage.raiseGeneration(guildId)
  const [guild, channels, members, events] = await Promise.all([
    storage.guild(guildId),
    readPages(
      (page) => storage.channels(guildId, page),
      CHANNELS_PER_READ,
      (channel) => channel.id,
    ),
    readMembers(storage, guildId),
    readOutbox(storage, guildId),
  ])
  if (guild === null) throw fault('unknown_guild', guildId)
  const state: GuildState = {
    house,
    guild,
    generation,
    sequence: 0,
    channels: new Map(channels.map((channel) => [channel.id, channel])),
    members: new Map(members.map((member) => [member.user.id, member])),
    online: new Map(),
    watched: new Map(),
    queue: new CommitQueue(GUILD_QUEUE_ENTRIES, WRITES_PER_COMMIT),
    log: new EventLog(events, GUILD_LOG_EVENTS),
    relays: new GuildRelays(),
    unstored: new Map(),
    reads: new Map(),
    reading: 0,
    invites: new LruMap(GUILD_INVITES),
    nonces: new LruMap(GUILD_NONCES),
    trimming: false,
    inUse: true,
  }
  recallMessages(state, events)
  return state
}

async function readMembers(storage: Storage, guildId: Snowflake): Promise<GuildMember[]> {
  const readPage = async (page: Page): Promise<GuildMember[]> => {
    const members = await storage.members(guildId, page)
    const users = await storage.users(members.map((member) => member.userId))
    return members.map((member, index) => {
      const user = users[index]
      if (user == null) throw fault('storage_corrupt', `member ${member.userId} of guild ${guildId} is no user`)
      return { member, user }
    })
  }
  return readPages(readPage, MEMBERS_PER_READ, ({ user }) => user.id)
}

async function readOutbox(storage: Storage, guildId: Snowflake): Promise<OutboxEvent[]> {
  const events: OutboxEvent[] = []
  for (;;) {
    const last = events.at(-1)
    const page = await storage.readOutbox(guildId, last === undefined ? null : positionOf(last), EVENTS_PER_READ)
    events.push(...page)
    if (page.length < EVENTS_PER_READ) return events
  }
}

/** All of a list that is read in pages of at most `limit`. */
export async function readPages<T>(
  read: (page: Page) => Promise<readonly T[]>,
  limit: number,
  idOf: (entry: T) => Snowflake,
): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const last = all.at(-1)
    const page = await read(last === undefined ? { limit } : { after: idOf(last), limit })
    all.push(...page)
    if (page.length < limit) return all
  }
}

/** Takes from the log what earlier owners knew of its messages: their nonces, and the newest id. */
function recallMessages({ house, nonces }: GuildState, events: readonly OutboxEvent[]): void {
  let newest: Snowflake | undefined
  for (const { name, data } of events) {
    if (name !== 'MESSAGE_CREATE') continue
    const { guild_id, member, channel_type, ...message } = JSON.parse(data) as GatewayMessageCreateDispatchData
    newest = message.id
    if (message.nonce !== undefined) nonces.set(nonceKey(message.author.id, message.nonce), message as APIMessage)
  }
  if (newest !== undefined) house.snowflakes.observe(newest)
}

export function nonceKey(authorId: Snowflake, nonce: string | number): string {
  return `${authorId} ${nonce}`
}
