import type { APIChannel, APIExtendedInvite, APIGuild } from 'discord-api-types/v10'
import { CHANNELS_PER_GUILD, MEMBERS_PER_GUILD } from '../lib/internal/limits.ts'
import type { From } from '../lib/kernel/context.ts'
import type { Channel, Invite, Member, User } from '../lib/storage/records.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { announce, answer, decide } from './guild-commit.ts'
import type { AcceptInvite, ChannelRequest, CreateChannel, CreateInvite, GuildProcess } from './guild-protocol.ts'
import { accessOf, type GuildState, isRefused, refuseStranger } from './guild-state.ts'
import { type Outcome, refused } from './outcome.ts'
import { channelPayload } from './payloads/channel.ts'
import { guildPayload } from './payloads/guild.ts'
import { invitePayload, isInviteGood } from './payloads/invite.ts'
import { memberAddPayload } from './payloads/member.ts'
import { typingPayload } from './payloads/presence.ts'

/** What a guild answers about itself, its channels, its members and their invites. */

type Answer<V> = From<Outcome<V>>

export function describeGuild(
  process: GuildProcess,
  state: GuildState,
  userId: Snowflake,
  from: Answer<APIGuild>,
): void {
  answer(process, state, from, refuseStranger(state, userId) ?? ['ok', guildPayload(state.guild)])
}

export function listChannels(
  process: GuildProcess,
  state: GuildState,
  userId: Snowflake,
  from: Answer<APIChannel[]>,
): void {
  const channels = Array.from(state.channels.values(), channelPayload)
  answer(process, state, from, refuseStranger(state, userId) ?? ['ok', channels])
}

export function findChannel(
  process: GuildProcess,
  state: GuildState,
  { userId, channelId }: ChannelRequest,
  from: Answer<Channel>,
): void {
  const access = accessOf(state, userId, channelId)
  answer(process, state, from, isRefused(access) ? access : ['ok', access.channel])
}

export function createChannel(
  process: GuildProcess,
  state: GuildState,
  request: CreateChannel,
  from: Answer<APIChannel>,
): void {
  const { guild, channels } = state
  const { userId, channelId, topic } = request
  const stranger = refuseStranger(state, userId)
  if (stranger !== undefined) return answer(process, state, from, stranger)
  if (guild.ownerId !== userId) {
    return answer(process, state, from, refused('missing_permissions', 'only the owner creates channels'))
  }
  const made = channels.get(channelId)
  if (made !== undefined) return answer(process, state, from, ['ok', channelPayload(made)])
  if (channels.size >= CHANNELS_PER_GUILD) {
    return answer(process, state, from, refused('channel_limit', `guild ${guild.id} has ${channels.size}`))
  }
  const channel: Channel = {
    id: channelId,
    guildId: guild.id,
    type: request.type,
    name: request.name,
    position: channels.size,
    ...(topic === undefined ? {} : { topic }),
  }
  channels.set(channelId, channel)
  const payload = channelPayload(channel)
  decide(process, state, {
    writes: [{ op: 'put_channel', channel }],
    events: [{ name: 'CHANNEL_CREATE', data: payload }],
    done: () => process.reply(from, ['ok', payload]),
  })
}

export function startTyping(
  process: GuildProcess,
  state: GuildState,
  request: ChannelRequest,
  from: Answer<null>,
): void {
  const access = accessOf(state, request.userId, request.channelId)
  if (isRefused(access)) return answer(process, state, from, access)
  const now = state.house.node.host.wall()
  announce(process, state, 'TYPING_START', typingPayload(access.member, access.user, request.channelId, now))
  answer(process, state, from, ['ok', null])
}

export function createInvite(
  process: GuildProcess,
  state: GuildState,
  request: CreateInvite,
  from: Answer<APIExtendedInvite>,
): void {
  const { house, guild, invites } = state
  const { userId, channelId, code, maxAge, maxUses, temporary } = request
  const access = accessOf(state, userId, channelId)
  if (isRefused(access)) return answer(process, state, from, access)
  const createdAt = house.node.host.wall()
  const terms = { maxAge, maxUses, temporary, createdAt, uses: 0 }
  const invite: Invite = { code, guildId: guild.id, channelId, inviterId: userId, ...terms }
  invites.set(code, invite)
  decide(process, state, {
    writes: [{ op: 'put_invite', invite }],
    events: [],
    done: () => process.reply(from, ['ok', invitePayload(invite, guild, access.channel, access.user)]),
  })
}

export function acceptInvite(
  process: GuildProcess,
  state: GuildState,
  request: AcceptInvite,
  from: Answer<APIExtendedInvite>,
): void {
  const { house, guild, channels, members, invites } = state
  const { user } = request
  // Another use of it may be on its way to the storage that the caller has read.
  const invite = invites.get(request.invite.code) ?? request.invite
  const channel = channels.get(invite.channelId)
  const now = house.node.host.wall()
  if (channel === undefined || (!members.has(user.id) && !isInviteGood(invite, now))) {
    return answer(process, state, from, refused('unknown_invite', invite.code))
  }
  const payload = (used: Invite): Outcome<APIExtendedInvite> => {
    return ['ok', invitePayload(used, guild, channel, members.get(invite.inviterId)?.user ?? null)]
  }
  if (members.has(user.id)) return answer(process, state, from, payload(invite))
  if (members.size >= MEMBERS_PER_GUILD) {
    return answer(process, state, from, refused('member_limit', `guild ${guild.id} has ${members.size}`))
  }
  const used = { ...invite, uses: invite.uses + 1 }
  invites.set(invite.code, used)
  const member = addMember(state, user, now)
  decide(process, state, {
    writes: [
      { op: 'put_member', member },
      { op: 'put_invite', invite: used },
    ],
    events: [{ name: 'GUILD_MEMBER_ADD', data: memberAddPayload(member, user) }],
    done: () => process.reply(from, payload(used)),
  })
}

function addMember({ guild, members }: GuildState, user: User, joinedAt: number): Member {
  const member: Member = { guildId: guild.id, userId: user.id, joinedAt, roles: [] }
  members.set(user.id, { member, user })
  return member
}
