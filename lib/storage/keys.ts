import type { Position } from './port.ts'
import type { Snowflake } from './snowflake.ts'

/**
 * How everything lies in one ordered map. A key is a table's byte and then fixed-width big-endian fields, so that rows
 * that are read together lie together, in the order in which they are read. Values are JSON text.
 *
 *     key                                            value                      read as
 *     ------------------------------------------------------------------------------------------------------
 *     00                                             format of this layout      checked on opening
 *     10  user:8                                     User                       point
 *     11  token hash:32                              user id                    point
 *     20  guild:8                                    Guild                      point; scan: all guilds
 *     21  guild:8                                    newest generation          point, in every commit
 *     22  guild:8                                    published mark             point
 *     23  guild:8  generation:8  sequence:8          [name, data]               scan: a guild's outbox, by position
 *     30  guild:8  channel:8                         Channel                    scan: a guild's channels
 *     31  channel:8                                  guild id                   point: which guild a channel is in
 *     40  guild:8  user:8                            Member                     scan: a guild's members
 *     41  user:8   guild:8                           (empty)                    scan: a user's guilds
 *     50  code                                       Invite                     point
 *     60  channel:8  message:8                       Message                    scan, both ways: a channel's history
 *
 * Ids carry the time, so new messages of a channel land at the right end of its rows and the newest fifty lie on one
 * or two pages.
 */
const FORMAT = '\x00'
const USER = '\x10'
const TOKEN = '\x11'
const GUILD = '\x20'
const GENERATION = '\x21'
const PUBLISHED = '\x22'
const OUTBOX = '\x23'
const CHANNEL = '\x30'
const CHANNEL_GUILD = '\x31'
const MEMBER = '\x40'
const USER_GUILD = '\x41'
const INVITE = '\x50'
const MESSAGE = '\x60'

export const formatKey: string = FORMAT

export const userKey = (id: Snowflake): string => USER + uint64(id)
export const tokenKey = (hash: string): string => TOKEN + Buffer.from(hash, 'hex').toString('latin1')

export const guildsPrefix: string = GUILD
export const guildKey = (id: Snowflake): string => GUILD + uint64(id)
export const generationKey = (guildId: Snowflake): string => GENERATION + uint64(guildId)
export const publishedKey = (guildId: Snowflake): string => PUBLISHED + uint64(guildId)

export const outboxPrefix = (guildId: Snowflake): string => OUTBOX + uint64(guildId)
export const outboxKey = (guildId: Snowflake, { generation, sequence }: Position): string =>
  outboxPrefix(guildId) + uint64(generation) + uint64(sequence)

export const channelsPrefix = (guildId: Snowflake): string => CHANNEL + uint64(guildId)
export const channelKey = (guildId: Snowflake, id: Snowflake): string => channelsPrefix(guildId) + uint64(id)
export const channelGuildKey = (id: Snowflake): string => CHANNEL_GUILD + uint64(id)

export const membersPrefix = (guildId: Snowflake): string => MEMBER + uint64(guildId)
export const memberKey = (guildId: Snowflake, userId: Snowflake): string => membersPrefix(guildId) + uint64(userId)
export const userGuildsPrefix = (userId: Snowflake): string => USER_GUILD + uint64(userId)
export const userGuildKey = (userId: Snowflake, guildId: Snowflake): string =>
  userGuildsPrefix(userId) + uint64(guildId)

export const inviteKey = (code: string): string => INVITE + code

export const messagesPrefix = (channelId: Snowflake): string => MESSAGE + uint64(channelId)
export const messageKey = (channelId: Snowflake, id: Snowflake): string => messagesPrefix(channelId) + uint64(id)

/** The position of an outbox row, from its key. */
export function outboxPosition(key: string): Position {
  return { generation: Number(readUint64(key, 9)), sequence: Number(readUint64(key, 17)) }
}

/** The guild of a row of `userGuildsPrefix`, from its key. */
export function userGuildId(key: string): Snowflake {
  return String(readUint64(key, 9))
}

/** The first key after `key`. */
export function justAfter(key: string): string {
  return `${key}\x00`
}

/** The first key after all that begin with `prefix`, which is not all 0xFF: every table's byte is less. */
export function endOf(prefix: string): string {
  let length = prefix.length
  while (prefix.charCodeAt(length - 1) === 0xff) length--
  return prefix.slice(0, length - 1) + String.fromCharCode(prefix.charCodeAt(length - 1) + 1)
}

const field = Buffer.alloc(8)

/** 8 bytes, big-endian: their order is the order of the numbers. */
function uint64(value: Snowflake | number): string {
  field.writeBigUInt64BE(BigInt(value))
  return field.toString('latin1')
}

function readUint64(key: string, at: number): bigint {
  field.write(key.slice(at, at + 8), 'latin1')
  return field.readBigUInt64BE()
}
