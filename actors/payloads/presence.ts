import type {
  GatewayActivity,
  GatewayActivityUpdateData,
  GatewayPresenceUpdate,
  GatewayTypingStartDispatchData,
  PresenceUpdateReceiveStatus,
} from 'discord-api-types/v10'
import type { Member, User } from '../../lib/storage/records.ts'
import type { Snowflake } from '../../lib/storage/snowflake.ts'
import { memberPayload } from './member.ts'

/** What a client may say about itself. */
export type Status = 'online' | 'dnd' | 'idle' | 'invisible' | 'offline'

/** What others see of a user. */
export interface Presence {
  readonly userId: Snowflake
  readonly status: Exclude<Status, 'invisible'>
  readonly activities: readonly GatewayActivityUpdateData[]
  /** When it began, in milliseconds since 1970. */
  readonly since: number
}

export function presencePayload(presence: Presence, guildId: Snowflake): GatewayPresenceUpdate {
  const { userId, activities, since } = presence
  const status = presence.status as PresenceUpdateReceiveStatus
  return {
    user: { id: userId },
    guild_id: guildId,
    status,
    activities: activities.map((activity, index): GatewayActivity => {
      return { ...activity, id: String(index), created_at: since }
    }),
    client_status: presence.status === 'offline' ? {} : { web: status },
  }
}

/** TYPING_START; its timestamp is in seconds. */
export function typingPayload(
  member: Member,
  user: User,
  channelId: Snowflake,
  now: number,
): GatewayTypingStartDispatchData {
  return {
    channel_id: channelId,
    guild_id: member.guildId,
    user_id: user.id,
    timestamp: Math.floor(now / 1000),
    member: memberPayload(member, user),
  }
}
