import type { APIMessage } from 'discord-api-types/v10'
import type { LruMap } from '../lib/cluster/lru-map.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import type { Channel, Guild, Invite, Member, Message, User } from '../lib/storage/records.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { EventLog } from './event-log.ts'
import type { GuildRelays } from './guild-relays.ts'
import type { House } from './house.ts'
import { type Refused, refused } from './outcome.ts'
import type { Presence } from './payloads/presence.ts'

export interface GuildMember {
  readonly member: Member
  readonly user: User
}

/** A member that is online, as its presence actor says. */
export interface Online {
  readonly presence: Presence
  readonly source: Pid
  readonly monitor: Ref
}

/** Gets a message as it will be when all that is queued is stored: null for none, undefined when it is unreadable. */
export type MessageReader = (message: Message | null | undefined) => void

/** What a guild's process keeps. Records are as they will be once everything in the queue is stored. */
export interface GuildState {
  readonly house: House
  readonly guild: Guild
  readonly generation: number
  /** Of the newest event in this generation. */
  sequence: number
  readonly channels: Map<Snowflake, Channel>
  readonly members: Map<Snowflake, GuildMember>
  readonly online: Map<Snowflake, Online>
  /** Who is online, by the id of the monitor of the presence actor. */
  readonly watched: Map<number, Online>
  readonly queue: CommitQueue
  readonly log: EventLog
  readonly relays: GuildRelays
  /** Messages, by channel and id, whose newest version waits in the queue; null for one that goes. */
  readonly unstored: Map<string, { readonly message: Message | null }>
  /** Who waits for a message to be read, in order; and how many they are. */
  readonly reads: Map<string, MessageReader[]>
  reading: number
  /** The newest version of the invites that were made or used of late. */
  readonly invites: LruMap<string, Invite>
  /** The messages of late that came with a nonce, by author and nonce. */
  readonly nonces: LruMap<string, APIMessage>
  /** Whether the outbox is being trimmed. */
  trimming: boolean
  /** Whether anybody asked for anything since it was last looked at. */
  inUse: boolean
}

export interface Access extends GuildMember {
  readonly channel: Channel
}

/** A member may use every channel of the guild. Others are not told which channels there are. */
export function accessOf(state: GuildState, userId: Snowflake, channelId: Snowflake): Access | Refused {
  const member = state.members.get(userId)
  if (member === undefined) return refused('missing_access', `user ${userId} is not in guild ${state.guild.id}`)
  const channel = state.channels.get(channelId)
  if (channel === undefined) return refused('unknown_channel', `${channelId} in guild ${state.guild.id}`)
  return { ...member, channel }
}

/** Refuses who is no member. */
export function refuseStranger(state: GuildState, userId: Snowflake): Refused | undefined {
  if (state.members.has(userId)) return undefined
  return refused('missing_access', `user ${userId} is not in guild ${state.guild.id}`)
}

export function isRefused(value: object): value is Refused {
  return Array.isArray(value)
}

export function userIn(state: GuildState): (id: Snowflake) => User | undefined {
  return (id) => state.members.get(id)?.user
}
