import type { Snowflake } from './snowflake.ts'

/**
 * What is stored, in Discord's vocabulary. Plain data only: strings, finite numbers, booleans, arrays and objects of
 * them, so that a record passes unchanged through JSON, msgpack and a structured clone. A field that does not apply is
 * left out. Times are milliseconds since 1970; when a thing was made is in its id.
 */
export interface User {
  readonly id: Snowflake
  readonly username: string
  readonly bot: boolean
}

export interface Guild {
  readonly id: Snowflake
  readonly name: string
  readonly ownerId: Snowflake
}

export interface Channel {
  readonly id: Snowflake
  readonly guildId: Snowflake
  /** Discord's channel type; 0 is a text channel. */
  readonly type: number
  readonly name: string
  readonly position: number
  readonly topic?: string
}

export interface Member {
  readonly guildId: Snowflake
  readonly userId: Snowflake
  readonly joinedAt: number
  /** Ids of roles, without the guild's own (@everyone). */
  readonly roles: readonly Snowflake[]
  readonly nick?: string
}

export interface Invite {
  readonly code: string
  readonly guildId: Snowflake
  readonly channelId: Snowflake
  readonly inviterId: Snowflake
  readonly createdAt: number
  /** Seconds that it is good for; 0 means for ever. */
  readonly maxAge: number
  /** Times that it may be used; 0 means without end. */
  readonly maxUses: number
  readonly uses: number
  readonly temporary: boolean
}

export interface Message {
  readonly id: Snowflake
  readonly channelId: Snowflake
  readonly guildId: Snowflake
  readonly authorId: Snowflake
  /** Discord's message type; 0 is a message, 19 a reply. */
  readonly type: number
  readonly content: string
  readonly timestamp: number
  readonly editedTimestamp?: number
  readonly tts: boolean
  /** Ids of the users that are mentioned. */
  readonly mentions: readonly Snowflake[]
  readonly mentionRoles: readonly Snowflake[]
  readonly mentionEveryone: boolean
  readonly flags?: number
  readonly nonce?: string | number
  /** Names the request that made it: one that is tried again, because its answer was lost, makes no second message. */
  readonly requestId?: Snowflake
  /** The message that this one answers. */
  readonly reference?: MessageReference
}

export interface MessageReference {
  readonly messageId: Snowflake
  readonly channelId: Snowflake
  readonly guildId: Snowflake
}
