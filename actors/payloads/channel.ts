import type { APITextChannel } from 'discord-api-types/v10'
import type { Channel } from '../../lib/storage/records.ts'
import { NO_FLAGS } from './flags.ts'

export function channelPayload(channel: Channel): APITextChannel {
  return {
    id: channel.id,
    type: channel.type as APITextChannel['type'],
    guild_id: channel.guildId,
    name: channel.name,
    position: channel.position,
    topic: channel.topic ?? null,
    parent_id: null,
    nsfw: false,
    rate_limit_per_user: 0,
    last_message_id: null,
    permission_overwrites: [],
    flags: NO_FLAGS,
  }
}
