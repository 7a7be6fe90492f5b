import type { APIChannel, APIGuild, APIInvite, APIMessage } from 'discord-api-types/v10'
import type { Caller } from '../lib/kernel/context.ts'
import type { MessageReference } from '../lib/storage/records.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { House } from './house.ts'

/**
 * What the REST API asks of guilds. `userId` is the user on whose behalf it is done. Fails with unknown_guild,
 * unknown_channel, unknown_message, unknown_invite, missing_access (not a member), missing_permissions, channel_limit;
 * with guild_busy when more waits than the guild's queue holds, and with guild_unavailable when the guild's node is away
 * for longer than a request waits.
 *
 * What is acknowledged is stored and has been handed to the relays. A guild that crashes meanwhile is asked again when
 * it is back, and does nothing twice.
 */
export declare function createGuild(caller: Caller, house: House, ownerId: Snowflake, guild: NewGuild): Promise<APIGuild>
export declare function getGuild(caller: Caller, house: House, userId: Snowflake, guildId: Snowflake): Promise<APIGuild>
export declare function guildChannels(
  caller: Caller,
  house: House,
  userId: Snowflake,
  guildId: Snowflake,
): Promise<APIChannel[]>
export declare function createChannel(
  caller: Caller,
  house: House,
  userId: Snowflake,
  guildId: Snowflake,
  channel: NewChannel,
): Promise<APIChannel>
export declare function getChannel(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
): Promise<APIChannel>
export declare function createMessage(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  message: NewMessage,
): Promise<APIMessage>
export declare function editMessage(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  messageId: Snowflake,
  edit: MessageEdit,
): Promise<APIMessage>
export declare function deleteMessage(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  messageId: Snowflake,
): Promise<void>
export declare function typing(caller: Caller, house: House, userId: Snowflake, channelId: Snowflake): Promise<void>
export declare function createInvite(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  invite: NewInvite,
): Promise<APIInvite>
/** Needs no membership. */
export declare function getInvite(caller: Caller, house: House, code: string): Promise<APIInvite>
/** Joins the user; a member already is one and uses nothing up. */
export declare function acceptInvite(
  caller: Caller,
  house: House,
  userId: Snowflake,
  code: string,
): Promise<APIInvite>

export interface NewGuild {
  readonly name: string
}

export interface NewChannel {
  readonly name: string
  /** Discord's channel type: 0, a text channel, unless told otherwise. */
  readonly type?: number
  readonly topic?: string
}

/** Who of those that the content names is mentioned; everyone named unless told otherwise. */
export interface AllowedMentions {
  readonly parse?: readonly ('users' | 'roles' | 'everyone')[]
  readonly users?: readonly Snowflake[]
  readonly roles?: readonly Snowflake[]
  /** Whether the author of the message that is replied to is mentioned. */
  readonly repliedUser?: boolean
}

export interface NewMessage {
  readonly content: string
  readonly tts?: boolean
  readonly flags?: number
  readonly nonce?: string | number
  /** Whether a message of this author with this nonce, of the last minutes, is answered instead of made again. */
  readonly enforceNonce?: boolean
  readonly reference?: Pick<MessageReference, 'messageId'> & { readonly failIfNotExists?: boolean }
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
  /** Whether a new code is made though a like one is there. */
  readonly unique: boolean
}
