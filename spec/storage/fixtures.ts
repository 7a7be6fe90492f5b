import { Fault } from '../../lib/internal/errors.ts'
import {
  type Channel,
  type Commit,
  type Guild,
  hashToken,
  type Member,
  type Message,
  type OutboxEvent,
  type Snowflake,
  type User,
} from '../../lib/storage/index.ts'

/** Records as the specs need them: plain, complete, told apart by their ids. */
export const aUser = (id: Snowflake): User => ({ id, username: `user ${id}`, bot: true })
export const aHash = (text: string): string => hashToken(text)
export const aGuild = (id: Snowflake): Guild => ({ id, name: `guild ${id}`, ownerId: '1' })
export const aChannel = (guildId: Snowflake, id: Snowflake): Channel => ({
  id,
  guildId,
  type: 0,
  name: `channel ${id}`,
  position: 0,
})
export const aMember = (guildId: Snowflake, userId: Snowflake): Member => ({ guildId, userId, joinedAt: 1, roles: [] })
export const aMessage = (guildId: Snowflake, channelId: Snowflake, id: Snowflake, content = 'text'): Message => ({
  id,
  channelId,
  guildId,
  authorId: '1',
  type: 0,
  content,
  timestamp: 1,
  tts: false,
  mentions: [],
  mentionRoles: [],
  mentionEveryone: false,
})
export const anEvent = (sequence: number, data = '{}'): Omit<OutboxEvent, 'generation'> => ({
  sequence,
  name: 'MESSAGE_CREATE',
  data,
})

/** The commit of one message with the event that tells of it. */
export const messageCommit = (generation: number, sequence: number, message: Message): Commit => ({
  generation,
  writes: [{ op: 'put_message', message }],
  events: [anEvent(sequence, JSON.stringify({ id: message.id }))],
})

/** What an operation comes to: its value, or the code of the error that it was refused with. */
export async function outcome(operation: Promise<unknown>): Promise<unknown> {
  try {
    return await operation
  } catch (reason) {
    if (reason instanceof Fault) return reason.code
    throw reason
  }
}
