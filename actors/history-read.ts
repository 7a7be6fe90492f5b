import type { APIMessage } from 'discord-api-types/v10'
import { USERS_PER_READ } from '../lib/internal/limits.ts'
import type { MessageQuery, Storage } from '../lib/storage/port.ts'
import type { Message, User } from '../lib/storage/records.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { messagePayload } from './payloads/message.ts'

/** A piece of the history, or one message. */
export type HistoryQuery = { readonly page: MessageQuery } | { readonly messageId: Snowflake }

/** Reads messages with all that is shown with them: their authors, whom they mention and what they answer. */
export async function readHistory(
  storage: Storage,
  channelId: Snowflake,
  query: HistoryQuery,
): Promise<readonly APIMessage[]> {
  const messages = await readMessages(storage, channelId, query)
  const referenced = await readReferenced(storage, messages)
  const users = await readUsers(storage, [...messages, ...referenced.values()])
  return messages.map((message) => {
    const { reference } = message
    const answered = reference === undefined ? undefined : (referenced.get(reference.messageId) ?? null)
    return messagePayload(message, (id) => users.get(id), answered)
  })
}

async function readMessages(storage: Storage, channelId: Snowflake, query: HistoryQuery): Promise<readonly Message[]> {
  if ('page' in query) return storage.messages(channelId, query.page)
  const message = await storage.message(channelId, query.messageId)
  return message === null ? [] : [message]
}

/** The messages that these answer, by id, but for those that are gone. Most of them are among these. */
async function readReferenced(storage: Storage, messages: readonly Message[]): Promise<Map<Snowflake, Message>> {
  const found = new Map(messages.map((message) => [message.id, message]))
  const missing = new Map<Snowflake, Snowflake>()
  for (const { reference } of messages) {
    if (reference !== undefined && !found.has(reference.messageId))
      missing.set(reference.messageId, reference.channelId)
  }
  const read = await Promise.all(Array.from(missing, ([id, channelId]) => storage.message(channelId, id)))
  for (const message of read) if (message !== null) found.set(message.id, message)
  return found
}

async function readUsers(storage: Storage, messages: readonly Message[]): Promise<Map<Snowflake, User>> {
  const ids = [...new Set(messages.flatMap(({ authorId, mentions }) => [authorId, ...mentions]))]
  const chunks: Promise<readonly (User | null)[]>[] = []
  for (let start = 0; start < ids.length; start += USERS_PER_READ) {
    chunks.push(storage.users(ids.slice(start, start + USERS_PER_READ)))
  }
  const users = (await Promise.all(chunks)).flat()
  return new Map(users.flatMap((user) => (user === null ? [] : [[user.id, user]])))
}
