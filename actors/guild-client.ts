import type { APIChannel, APIExtendedInvite, APIGuild, APIInvite, APIMessage } from 'discord-api-types/v10'
import { fault } from '../lib/internal/errors.ts'
import type { Caller } from '../lib/kernel/context.ts'
import type { Operations, ReplyOf, RequestOf } from '../lib/kernel/protocol.ts'
import type { Channel, Invite, Message, MessageReference } from '../lib/storage/records.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { type AllowedMentions, GUILDS, type GuildApi } from './guild-protocol.ts'
import type { House } from './house.ts'
import { type Outcome, unwrap } from './outcome.ts'
import { channelPayload } from './payloads/channel.ts'
import { guildPayload } from './payloads/guild.ts'
import { invitePayload, isInviteGood } from './payloads/invite.ts'
import { guildAdded } from './presence.ts'
import { callActor } from './routing.ts'

/**
 * What the REST API asks of guilds. `userId` is the user on whose behalf it is done. Fails with unknown_guild,
 * unknown_channel, unknown_message, unknown_invite, missing_access (not a member), missing_permissions, channel_limit,
 * member_limit; with guild_busy when more waits than the guild's queue holds, and with guild_unavailable when the
 * guild's node is away for longer than a request waits.
 *
 * What is acknowledged is stored and has been handed to the relays. A guild that crashes meanwhile is asked again when
 * it is back, and does nothing twice.
 */
export async function createGuild(
  caller: Caller,
  house: House,
  ownerId: Snowflake,
  { name }: NewGuild,
): Promise<APIGuild> {
  const { storage, snowflakes, node } = house
  const guild = { id: snowflakes.next(), name, ownerId }
  const channel: Channel = { id: snowflakes.next(), guildId: guild.id, type: 0, name: 'general', position: 0 }
  const owner = { guildId: guild.id, userId: ownerId, joinedAt: node.host.wall(), roles: [] }
  // The id is new, so nobody else has a generation of it.
  const generation = await storage.raiseGeneration(guild.id)
  await storage.commit(guild.id, {
    generation,
    writes: [
      { op: 'put_guild', guild },
      { op: 'put_channel', channel },
      { op: 'put_member', member: owner },
    ],
    events: [],
  })
  await guildAdded(caller, house, ownerId, guild.id)
  return guildPayload(guild)
}

export async function getGuild(caller: Caller, house: House, userId: Snowflake, guildId: Snowflake): Promise<APIGuild> {
  return callGuild(caller, house, guildId, 'describe', () => ({ userId }))
}

export async function guildChannels(
  caller: Caller,
  house: House,
  userId: Snowflake,
  guildId: Snowflake,
): Promise<APIChannel[]> {
  return callGuild(caller, house, guildId, 'channels', () => ({ userId }))
}

export async function createChannel(
  caller: Caller,
  house: House,
  userId: Snowflake,
  guildId: Snowflake,
  { type = 0, ...channel }: NewChannel,
): Promise<APIChannel> {
  const channelId = house.snowflakes.next()
  return callGuild(caller, house, guildId, 'createChannel', () => ({ ...channel, userId, channelId, type }))
}

export async function getChannel(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
): Promise<APIChannel> {
  return channelPayload(await authorize(caller, house, userId, channelId))
}

export async function createMessage(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  { reference, ...message }: NewMessage,
): Promise<APIMessage> {
  const { guildId } = await channelOf(house, channelId)
  const referenced = reference === undefined ? null : await referencedMessage(house, channelId, reference)
  const requestId = house.snowflakes.next()
  return callGuild(caller, house, guildId, 'createMessage', (again) => ({
    tts: false,
    enforceNonce: false,
    ...message,
    userId,
    channelId,
    requestId,
    again,
    ...(referenced === null ? {} : { referenced }),
  }))
}

export async function editMessage(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  messageId: Snowflake,
  edit: MessageEdit,
): Promise<APIMessage> {
  const { guildId } = await channelOf(house, channelId)
  return callGuild(caller, house, guildId, 'editMessage', () => ({ ...edit, userId, channelId, messageId }))
}

export async function deleteMessage(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  messageId: Snowflake,
): Promise<void> {
  const { guildId } = await channelOf(house, channelId)
  await callGuild(caller, house, guildId, 'deleteMessage', (again) => ({ userId, channelId, messageId, again }))
}

export async function typing(caller: Caller, house: House, userId: Snowflake, channelId: Snowflake): Promise<void> {
  const { guildId } = await channelOf(house, channelId)
  await callGuild(caller, house, guildId, 'typing', () => ({ userId, channelId }))
}

export async function createInvite(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  invite: NewInvite,
): Promise<APIExtendedInvite> {
  const { guildId } = await channelOf(house, channelId)
  const code = Buffer.from(house.node.host.bytes(INVITE_BYTES)).toString('base64url')
  return callGuild(caller, house, guildId, 'createInvite', () => ({ ...invite, userId, channelId, code }))
}

/** Needs no membership. */
export async function getInvite(_caller: Caller, house: House, code: string): Promise<APIInvite> {
  const { storage, node } = house
  const invite = await goodInvite(house, code)
  const [guild, channel, [inviter]] = await Promise.all([
    storage.guild(invite.guildId),
    storage.channel(invite.channelId),
    storage.users([invite.inviterId]),
  ])
  if (guild === null || channel === null || !isInviteGood(invite, node.host.wall())) throw fault('unknown_invite', code)
  return invitePayload(invite, guild, channel, inviter ?? null)
}

/** Joins the user; a member already is one and uses nothing up. When it is done, the user's sessions are joining. */
export async function acceptInvite(caller: Caller, house: House, userId: Snowflake, code: string): Promise<APIInvite> {
  const [[user], invite] = await Promise.all([house.storage.users([userId]), goodInvite(house, code)])
  if (user == null) throw fault('unknown_user', userId)
  const accepted = await callGuild(caller, house, invite.guildId, 'acceptInvite', () => ({ user, invite }))
  await guildAdded(caller, house, userId, invite.guildId)
  return accepted
}

/** The channel, when this user may use it. */
export async function authorize(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
): Promise<Channel> {
  const { guildId } = await channelOf(house, channelId)
  return callGuild(caller, house, guildId, 'channel', () => ({ userId, channelId }))
}

type Value<O> = O extends readonly ['ok', infer V] ? V : never

async function callGuild<K extends keyof GuildApi['call']>(
  caller: Caller,
  house: House,
  guildId: Snowflake,
  operation: K,
  request: (again: boolean) => RequestOf<Operations<GuildApi, 'call'>[K]>,
): Promise<Value<ReplyOf<GuildApi['call'][K]>>> {
  const outcome = await callActor<GuildApi, K>(caller, house, GUILDS, guildId, operation, request)
  return unwrap(outcome as Outcome<Value<ReplyOf<GuildApi['call'][K]>>>)
}

/** A channel never changes its guild, so it is looked for once; one that is not there may be there later. */
async function channelOf({ storage, routes }: House, channelId: Snowflake): Promise<Channel> {
  let looking = routes.channels.get(channelId)
  if (looking === undefined) {
    looking = storage.channel(channelId)
    routes.channels.set(channelId, looking)
  }
  const channel = await looking.catch((reason: unknown) => {
    routes.channels.delete(channelId)
    throw reason
  })
  if (channel !== null) return channel
  routes.channels.delete(channelId)
  throw fault('unknown_channel', channelId)
}

/** The message that another answers; null when it is gone and that does not matter. */
async function referencedMessage(
  { storage }: House,
  channelId: Snowflake,
  { messageId, failIfNotExists = true }: Reference,
): Promise<Message | null> {
  const message = await storage.message(channelId, messageId)
  if (message === null && failIfNotExists) throw fault('unknown_message', `${messageId} in channel ${channelId}`)
  return message
}

async function goodInvite({ storage }: House, code: string): Promise<Invite> {
  const invite = await storage.invite(code)
  if (invite === null) throw fault('unknown_invite', code)
  return invite
}

/** Random bytes of an invite's code: 8 characters. */
const INVITE_BYTES = 6

export interface NewGuild {
  readonly name: string
}

export interface NewChannel {
  readonly name: string
  /** Discord's channel type: 0, a text channel, unless told otherwise. */
  readonly type?: number
  readonly topic?: string
}

type Reference = Pick<MessageReference, 'messageId'> & { readonly failIfNotExists?: boolean }

export interface NewMessage {
  readonly content: string
  readonly tts?: boolean
  readonly flags?: number
  readonly nonce?: string | number
  /** Whether a message of this author with this nonce, of the last minutes, is answered instead of made again. */
  readonly enforceNonce?: boolean
  readonly reference?: Reference
  readonly allowedMentions?: AllowedMentions
}

export interface MessageEdit {
  readonly content?: string
  readonly flags?: number
  readonly allowedMentions?: AllowedMentions
}

export interface NewInvite {
  /** Seconds; 0 means for ever. */
  readonly maxAge: number
  /** 0 means without end. */
  readonly maxUses: number
  readonly temporary: boolean
}

export type { AllowedMentions }
