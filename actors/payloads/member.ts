import type { APIGuildMember, APIGuildMemberNoUser, GatewayGuildMemberAddDispatchData } from 'discord-api-types/v10'
import type { Member, User } from '../../lib/storage/records.ts'
import { NO_FLAGS } from './flags.ts'
import { timestamp, userPayload } from './user.ts'

/** A member as it stands beside its user, in messages. */
export function bareMemberPayload(member: Member): APIGuildMemberNoUser {
  return {
    roles: [...member.roles],
    nick: member.nick ?? null,
    avatar: null,
    joined_at: timestamp(member.joinedAt),
    premium_since: null,
    communication_disabled_until: null,
    deaf: false,
    mute: false,
    pending: false,
    flags: NO_FLAGS,
  }
}

export function memberPayload(member: Member, user: User): APIGuildMember {
  return { ...bareMemberPayload(member), user: userPayload(user) }
}

export function memberAddPayload(member: Member, user: User): GatewayGuildMemberAddDispatchData {
  return { ...memberPayload(member, user), guild_id: member.guildId }
}
