import { fault } from '../internal/errors.ts'
import type { Change } from './disk.ts'
import {
  channelGuildKey,
  channelKey,
  guildKey,
  inviteKey,
  memberKey,
  messageKey,
  tokenKey,
  userGuildKey,
  userKey,
} from './keys.ts'
import type { Write } from './port.ts'
import type { User } from './records.ts'
import type { Snowflake } from './snowflake.ts'
import { checkIds, checkInviteCode, encodeRecord } from './validation.ts'

/**
 * The rows that a write to this guild changes. `badarg` for an unknown operation, a bad id, a record of another guild
 * or one that is too large.
 */
export function changesOf(guildId: Snowflake, write: Write): readonly Change[] {
  switch (write.op) {
    case 'put_guild': {
      const { guild } = write
      checkGuild(guildId, guild.id)
      return [{ key: guildKey(guild.id), value: encodeRecord(guild) }]
    }
    case 'put_channel': {
      const { channel } = write
      checkGuild(guildId, channel.guildId)
      checkIds(channel.id)
      return [
        { key: channelKey(guildId, channel.id), value: encodeRecord(channel) },
        { key: channelGuildKey(channel.id), value: JSON.stringify(guildId) },
      ]
    }
    case 'put_member': {
      const { member } = write
      checkGuild(guildId, member.guildId)
      checkIds(member.userId)
      return [
        { key: memberKey(guildId, member.userId), value: encodeRecord(member) },
        { key: userGuildKey(member.userId, guildId), value: '' },
      ]
    }
    case 'put_invite': {
      const { invite } = write
      checkGuild(guildId, invite.guildId)
      checkInviteCode(invite.code)
      return [{ key: inviteKey(invite.code), value: encodeRecord(invite) }]
    }
    case 'put_message': {
      const { message } = write
      checkGuild(guildId, message.guildId)
      checkIds(message.channelId, message.id)
      return [{ key: messageKey(message.channelId, message.id), value: encodeRecord(message) }]
    }
    case 'delete_message':
      checkIds(write.channelId, write.messageId)
      return [{ key: messageKey(write.channelId, write.messageId), value: null }]
    default:
      return unknownWrite(write)
  }
}

/** The rows of a new user and of its token. */
export function userRows(user: User, tokenHash: string): readonly [Change, Change] {
  return [
    { key: userKey(user.id), value: encodeRecord(user) },
    { key: tokenKey(tokenHash), value: JSON.stringify(user.id) },
  ]
}

/** What a row's value says; `storage_corrupt` when it is not what was once written there. */
export function decodeValue<T>(value: string): T {
  try {
    return JSON.parse(value)
  } catch (cause) {
    throw fault('storage_corrupt', 'a row does not hold JSON text', { cause })
  }
}

function checkGuild(guildId: Snowflake, named: Snowflake): void {
  if (named !== guildId) throw fault('badarg', `a record of guild ${named} in a commit of guild ${guildId}`)
}

function unknownWrite(write: never): never {
  throw fault('badarg', `a write has one of the port's operations, not ${JSON.stringify(write)?.slice(0, 80)}`)
}
