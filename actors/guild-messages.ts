import type { APIMessage } from 'discord-api-types/v10'
import { CLOCK_SKEW_MS, MESSAGES_PER_READ, NONCE_MS } from '../lib/internal/limits.ts'
import type { From } from '../lib/kernel/context.ts'
import type { Message } from '../lib/storage/records.ts'
import { type Snowflake, snowflakeAt, snowflakeTime } from '../lib/storage/snowflake.ts'
import { answer, decide } from './guild-commit.ts'
import { nonceKey } from './guild-load.ts'
import type { CreateMessage, DeleteMessage, EditMessage, GuildProcess } from './guild-protocol.ts'
import { type Access, accessOf, type GuildState, isRefused, type MessageReader, userIn } from './guild-state.ts'
import type { House } from './house.ts'
import { findMentions } from './mentions.ts'
import { type Outcome, refused } from './outcome.ts'
import { messageDeletePayload, messageEventPayload, messagePayload } from './payloads/message.ts'
import { pipeToSelf } from './pipe-to-self.ts'

/** What a guild does with messages. Ids are given by the guild, in the order of the events, so both orders are one. */

type Answer<V> = From<Outcome<V>>

export function createMessage(
  process: GuildProcess,
  state: GuildState,
  request: CreateMessage,
  from: Answer<APIMessage>,
): void {
  const access = accessOf(state, request.userId, request.channelId)
  if (isRefused(access)) return answer(process, state, from, access)
  const earlier = request.enforceNonce ? recallNonce(state, request) : undefined
  if (earlier !== undefined) return answer(process, state, from, ['ok', earlier])
  if (!request.again) return postMessage(process, state, request, access, from)
  pipeToSelf(process, findRequest(state.house, request), (settled) => {
    return { type: 'request_looked_up', request, from, settled }
  })
}

/** The request was made before; `stored` is the message that came of it, if one did. */
export function requestLookedUp(
  process: GuildProcess,
  state: GuildState,
  request: CreateMessage,
  from: Answer<APIMessage>,
  stored: Message | undefined,
): void {
  if (stored !== undefined) {
    return answer(process, state, from, ['ok', messagePayload(stored, userIn(state), request.referenced)])
  }
  createMessage(process, state, { ...request, again: false }, from)
}

/** Looks through the messages since the request was first made for the one that it made. */
async function findRequest({ storage }: House, request: CreateMessage): Promise<Message | undefined> {
  const { channelId, requestId } = request
  const oldest = snowflakeAt(snowflakeTime(requestId) - CLOCK_SKEW_MS)
  for (let after = oldest; ; ) {
    const messages = await storage.messages(channelId, { after, limit: MESSAGES_PER_READ })
    const found = messages.find((message) => message.requestId === requestId)
    if (found !== undefined || messages.length < MESSAGES_PER_READ) return found
    after = messages[0]!.id
  }
}

function recallNonce({ nonces, house }: GuildState, { userId, nonce }: CreateMessage): APIMessage | undefined {
  const message = nonce === undefined ? undefined : nonces.get(nonceKey(userId, nonce))
  if (message === undefined) return undefined
  return house.node.host.wall() - snowflakeTime(message.id) < NONCE_MS ? message : undefined
}

function postMessage(
  process: GuildProcess,
  state: GuildState,
  request: CreateMessage,
  { member, channel }: Access,
  from: Answer<APIMessage>,
): void {
  const { referenced, nonce, userId } = request
  const message = newMessage(state, request)
  const payload = messagePayload(message, userIn(state), referenced)
  if (nonce !== undefined) state.nonces.set(nonceKey(userId, nonce), payload)
  const data = messageEventPayload(payload, channel.guildId, member)
  store(
    process,
    state,
    { channelId: channel.id, messageId: message.id },
    message,
    { name: 'MESSAGE_CREATE', data },
    () => {
      process.reply(from, ['ok', payload])
    },
  )
}

function newMessage(state: GuildState, request: CreateMessage): Message {
  const { house, guild, members } = state
  const { referenced, allowedMentions, nonce, flags, content } = request
  const mentions = findMentions(content, allowedMentions, (id) => members.has(id), referenced?.authorId)
  const id = house.snowflakes.next()
  return {
    id,
    channelId: request.channelId,
    guildId: guild.id,
    authorId: request.userId,
    type: referenced === undefined ? 0 : 19,
    content,
    timestamp: snowflakeTime(id),
    tts: request.tts,
    mentions: mentions.users,
    mentionRoles: [],
    mentionEveryone: mentions.everyone,
    requestId: request.requestId,
    ...(flags === undefined ? {} : { flags }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(referenced === undefined
      ? {}
      : { reference: { messageId: referenced.id, channelId: referenced.channelId, guildId: referenced.guildId } }),
  }
}

export function editMessage(
  process: GuildProcess,
  state: GuildState,
  request: EditMessage,
  from: Answer<APIMessage>,
): void {
  const access = accessOf(state, request.userId, request.channelId)
  if (isRefused(access)) return answer(process, state, from, access)
  readMessage(process, state, request, (message) => {
    if (message == null) return answer(process, state, from, missing(message, request))
    if (message.authorId !== request.userId) {
      return answer(process, state, from, refused('missing_permissions', 'only its author edits a message'))
    }
    const edited = editedMessage(state, message, request)
    const payload = messagePayload(edited, userIn(state))
    const data = messageEventPayload(payload, state.guild.id, access.member)
    store(process, state, request, edited, { name: 'MESSAGE_UPDATE', data }, () => {
      process.reply(from, ['ok', payload])
    })
  })
}

function editedMessage({ house, members }: GuildState, message: Message, request: EditMessage): Message {
  const { content = message.content, flags = message.flags, allowedMentions } = request
  const mentions = findMentions(content, allowedMentions, (id) => members.has(id))
  return {
    ...message,
    content,
    editedTimestamp: house.node.host.wall(),
    mentions: mentions.users,
    mentionEveryone: mentions.everyone,
    ...(flags === undefined ? {} : { flags }),
  }
}

export function deleteMessage(
  process: GuildProcess,
  state: GuildState,
  request: DeleteMessage,
  from: Answer<null>,
): void {
  const access = accessOf(state, request.userId, request.channelId)
  if (isRefused(access)) return answer(process, state, from, access)
  readMessage(process, state, request, (message) => {
    // An earlier attempt has deleted it.
    if (message === null && request.again) return answer(process, state, from, ['ok', null])
    if (message == null) return answer(process, state, from, missing(message, request))
    if (message.authorId !== request.userId && state.guild.ownerId !== request.userId) {
      return answer(process, state, from, refused('missing_permissions', 'its author and the owner delete a message'))
    }
    store(process, state, request, null, { name: 'MESSAGE_DELETE', data: messageDeletePayload(message) }, () => {
      process.reply(from, ['ok', null])
    })
  })
}

function missing(message: null | undefined, { channelId, messageId }: EditMessage | DeleteMessage): Outcome<never> {
  if (message === undefined) return refused('guild_unavailable', 'the storage could not be read')
  return refused('unknown_message', `${messageId} in channel ${channelId}`)
}

/** Stores the new version of a message, null for none; until then, who reads it is given what waits to be stored. */
function store(
  process: GuildProcess,
  state: GuildState,
  key: MessageKey,
  message: Message | null,
  event: { readonly name: string; readonly data: object },
  done: () => void,
): void {
  const { unstored } = state
  const version = { message }
  unstored.set(textOf(key), version)
  decide(process, state, {
    writes: [message === null ? { op: 'delete_message', ...idsOf(key) } : { op: 'put_message', message }],
    events: [event],
    done: () => {
      if (unstored.get(textOf(key)) === version) unstored.delete(textOf(key))
      done()
    },
  })
}

/**
 * Has `use` called with the message. Whoever asks while it is being read waits behind those who asked before, so that
 * what they do to it is seen: an edit that races a deletion finds the message gone.
 */
function readMessage(process: GuildProcess, state: GuildState, key: MessageKey, use: MessageReader): void {
  const { house, unstored, reads } = state
  const text = textOf(key)
  const pending = unstored.get(text)
  if (pending !== undefined) return use(pending.message)
  state.reading++
  const readers = reads.get(text)
  if (readers !== undefined) return void readers.push(use)
  reads.set(text, [use])
  pipeToSelf(process, house.storage.message(key.channelId, key.messageId), (settled) => {
    return { type: 'message_read', key: text, message: settled[0] === 'ok' ? settled[1] : undefined }
  })
}

/** A message has been read, undefined when it could not be. */
export function messageRead(state: GuildState, key: string, message: Message | null | undefined): void {
  const readers = state.reads.get(key) ?? []
  state.reads.delete(key)
  state.reading -= readers.length
  for (const use of readers) {
    const pending = state.unstored.get(key)
    use(pending === undefined ? message : pending.message)
  }
}

interface MessageKey {
  readonly channelId: Snowflake
  readonly messageId: Snowflake
}

function idsOf({ channelId, messageId }: MessageKey): MessageKey {
  return { channelId, messageId }
}

function textOf({ channelId, messageId }: MessageKey): string {
  return `${channelId} ${messageId}`
}
