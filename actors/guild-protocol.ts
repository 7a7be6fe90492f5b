import type { APIChannel, APIExtendedInvite, APIGuild, APIMessage } from 'discord-api-types/v10'
import type { Self } from '../lib/behaviours/index.ts'
import type { DownMessage, From } from '../lib/kernel/index.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import type { Position } from '../lib/storage/port.ts'
import type { Channel, Invite, Message, User } from '../lib/storage/records.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { GuildState } from './guild-state.ts'
import type { House } from './house.ts'
import type { Outcome } from './outcome.ts'
import type { Settled } from './pipe-to-self.ts'
import type { Kind } from './routing.ts'
import type { Listener, PresenceNews, Subscription } from './stream.ts'

/** Who of those that the content names is mentioned; everyone named unless told otherwise. */
export interface AllowedMentions {
  readonly parse?: readonly ('users' | 'roles' | 'everyone')[]
  readonly users?: readonly Snowflake[]
  readonly roles?: readonly Snowflake[]
  /** Whether the author of the message that is replied to is mentioned. */
  readonly repliedUser?: boolean
}

export interface CreateChannel {
  readonly userId: Snowflake
  /** Chosen by who asks: a channel that is asked for again is not made again. */
  readonly channelId: Snowflake
  readonly name: string
  readonly type: number
  readonly topic?: string
}

export interface CreateMessage {
  readonly userId: Snowflake
  readonly channelId: Snowflake
  readonly content: string
  readonly tts: boolean
  readonly flags?: number
  readonly nonce?: string | number
  readonly enforceNonce: boolean
  /** The message that this one answers. */
  readonly referenced?: Message
  readonly allowedMentions?: AllowedMentions
  /** Made when the request was; the same when it is made again. */
  readonly requestId: Snowflake
  /** Whether an earlier attempt may have been carried out. */
  readonly again: boolean
}

export interface EditMessage {
  readonly userId: Snowflake
  readonly channelId: Snowflake
  readonly messageId: Snowflake
  readonly content?: string
  readonly flags?: number
  readonly allowedMentions?: AllowedMentions
}

export interface DeleteMessage {
  readonly userId: Snowflake
  readonly channelId: Snowflake
  readonly messageId: Snowflake
  readonly again: boolean
}

export interface CreateInvite extends Pick<Invite, 'code' | 'maxAge' | 'maxUses' | 'temporary'> {
  readonly userId: Snowflake
  readonly channelId: Snowflake
}

export interface AcceptInvite {
  readonly user: User
  /** As it was read from the storage. */
  readonly invite: Invite
}

export interface ChannelRequest {
  readonly userId: Snowflake
  readonly channelId: Snowflake
}

/** What a guild answers. Every failure but a crash is an answer. */
export interface GuildApi {
  state: GuildState
  init: [house: House, guildId: Snowflake]
  continue: 'load'
  call: {
    describe(request: { readonly userId: Snowflake }): Outcome<APIGuild>
    channels(request: { readonly userId: Snowflake }): Outcome<APIChannel[]>
    /** The channel, if this user may use it. */
    channel(request: ChannelRequest): Outcome<Channel>
    createChannel(request: CreateChannel): Outcome<APIChannel>
    createMessage(request: CreateMessage): Outcome<APIMessage>
    editMessage(request: EditMessage): Outcome<APIMessage>
    deleteMessage(request: DeleteMessage): Outcome<null>
    typing(request: ChannelRequest): Outcome<null>
    createInvite(request: CreateInvite): Outcome<APIExtendedInvite>
    acceptInvite(request: AcceptInvite): Outcome<APIExtendedInvite>
  }
  cast: {
    subscribe(subscription: Subscription): void
    join(request: { readonly relay: Pid; readonly stream: number; readonly listener: Listener }): void
    /** A relay has everything up to here. */
    acknowledge(request: { readonly relay: Pid; readonly position: Position }): void
    presence(news: PresenceNews): void
  }
  info: GuildNews
}

/** What comes to a guild that is no request. */
export type GuildNews =
  | { readonly type: 'committed'; readonly settled: Settled<void> }
  | { readonly type: 'message_read'; readonly key: string; readonly message: Message | null | undefined }
  | {
      readonly type: 'request_looked_up'
      readonly request: CreateMessage
      readonly from: From<Outcome<APIMessage>>
      readonly settled: Settled<Message | undefined>
    }
  | { readonly type: 'trimmed'; readonly upTo: Position | null }
  | { readonly type: 'idle' }
  | (DownMessage & { readonly type: 'DOWN' })

export type GuildProcess = Self<GuildApi>

export const GUILDS: Kind<GuildApi> = { directory: 'guilds', placement: 'cluster' }
