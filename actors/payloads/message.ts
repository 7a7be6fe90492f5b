import type {
  APIMessage,
  APIMessageReference,
  GatewayMessageCreateDispatchData,
  GatewayMessageDeleteDispatchData,
} from 'discord-api-types/v10'
import type { Member, Message } from '../../lib/storage/records.ts'
import type { Snowflake } from '../../lib/storage/snowflake.ts'
import { bareMemberPayload } from './member.ts'
import { timestamp, type UserLookup, userOrDeleted } from './user.ts'

/**
 * A message. What must be absent instead of null (`flags`, `nonce`, `message_reference`, ...) is absent.
 * @param referenced the message that this one answers: null when it is gone, undefined when it was not looked for
 */
export function messagePayload(message: Message, users: UserLookup, referenced?: Message | null): APIMessage {
  return {
    id: message.id,
    channel_id: message.channelId,
    author: userOrDeleted(users, message.authorId),
    content: message.content,
    timestamp: timestamp(message.timestamp),
    edited_timestamp: message.editedTimestamp === undefined ? null : timestamp(message.editedTimestamp),
    tts: message.tts,
    mention_everyone: message.mentionEveryone,
    mentions: message.mentions.map((id) => userOrDeleted(users, id)),
    mention_roles: [...message.mentionRoles],
    attachments: [],
    embeds: [],
    components: [],
    pinned: false,
    type: message.type,
    flags: message.flags ?? 0,
    ...(message.nonce === undefined ? {} : { nonce: message.nonce }),
    ...(message.reference === undefined ? {} : referencePayload(message, users, referenced)),
  }
}

function referencePayload(
  { reference }: Message,
  users: UserLookup,
  referenced: Message | null | undefined,
): Pick<APIMessage, 'message_reference' | 'referenced_message'> {
  const { messageId, channelId, guildId } = reference!
  const message_reference: APIMessageReference = {
    type: 0,
    message_id: messageId,
    channel_id: channelId,
    guild_id: guildId,
  }
  if (referenced === undefined) return { message_reference }
  return { message_reference, referenced_message: referenced === null ? null : messagePayload(referenced, users) }
}

/** The data of MESSAGE_CREATE and MESSAGE_UPDATE: the message, its guild, and its author as a member if it is one. */
export function messageEventPayload(
  payload: APIMessage,
  guildId: Snowflake,
  author: Member | undefined,
): GatewayMessageCreateDispatchData {
  const member = author === undefined ? {} : { member: bareMemberPayload(author) }
  return { ...payload, channel_type: 0, guild_id: guildId, ...member }
}

export function messageDeletePayload(message: Message): GatewayMessageDeleteDispatchData {
  return { id: message.id, channel_id: message.channelId, guild_id: message.guildId }
}
