import type { APIExtendedInvite } from 'discord-api-types/v10'
import type { Channel, Guild, Invite, User } from '../../lib/storage/records.ts'
import { timestamp, userPayload } from './user.ts'

export function invitePayload(invite: Invite, guild: Guild, channel: Channel, inviter: User | null): APIExtendedInvite {
  return {
    type: 0,
    code: invite.code,
    guild: {
      id: guild.id,
      name: guild.name,
      icon: null,
      splash: null,
      banner: null,
      description: null,
      features: [],
      verification_level: 0,
      vanity_url_code: null,
      nsfw_level: 0,
    },
    channel: { id: channel.id, name: channel.name, type: channel.type },
    ...(inviter === null ? {} : { inviter: userPayload(inviter) }),
    expires_at: invite.maxAge === 0 ? null : timestamp(expiresAt(invite)),
    uses: invite.uses,
    max_uses: invite.maxUses,
    max_age: invite.maxAge,
    temporary: invite.temporary,
    created_at: timestamp(invite.createdAt),
  }
}

/** When the invite stops being good, in milliseconds since 1970. */
function expiresAt(invite: Invite): number {
  return invite.maxAge === 0 ? Number.POSITIVE_INFINITY : invite.createdAt + invite.maxAge * 1000
}

/** Whether the invite lets one more in. */
export function isInviteGood(invite: Invite, now: number): boolean {
  return now < expiresAt(invite) && (invite.maxUses === 0 || invite.uses < invite.maxUses)
}
