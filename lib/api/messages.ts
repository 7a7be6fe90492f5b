import type { AllowedMentions, MessageEdit, NewMessage } from '../../actors/guild-client.ts'
import { createMessage, deleteMessage, editMessage } from '../../actors/guild-client.ts'
import { message, messages } from '../../actors/history.ts'
import type { RateRule } from '../gateway/rate-limit.ts'
import { EMPTY_REPLY, jsonReply } from '../gateway/reply.ts'
import { MESSAGES_PER_READ } from '../internal/limits.ts'
import type { MessageQuery } from '../storage/port.ts'
import { emptyMessage, InvalidForm, isFault, notTheAuthor } from './refusal.ts'
import { type ApiCall, bodyOf, queryOf, type Routes } from './routes.ts'
import {
  type Checked,
  either,
  flag,
  form,
  id,
  integer,
  integerText,
  list,
  oneOf,
  optional,
  text,
  unsupported,
} from './schema.ts'

/** Discord's figures, as its answers show them. */
const WRITE_RULE: RateRule = { limit: 5, windowMs: 5000 }
const DELETE_RULE: RateRule = { limit: 5, windowMs: 1000 }

const ALLOWED_MENTIONS = form({
  parse: optional(list(oneOf('users', 'roles', 'everyone'), { max: 3 })),
  users: optional(list(id(), { max: 100 })),
  roles: optional(list(id(), { max: 100 })),
  replied_user: optional(flag()),
})

/** What a message may have on Discord and has not here. */
const NOT_KEPT = {
  embeds: unsupported(),
  components: unsupported(),
  attachments: unsupported(),
  sticker_ids: unsupported(),
  poll: unsupported(),
}

const CONTENT = {
  content: optional(text({ max: 2000 })),
  flags: optional(integer({ min: 0 })),
  allowed_mentions: optional(ALLOWED_MENTIONS),
  ...NOT_KEPT,
}

const NEW_MESSAGE = form({
  ...CONTENT,
  tts: optional(flag()),
  nonce: optional(either(text({ max: 25 }), integer())),
  enforce_nonce: optional(flag()),
  message_reference: optional(
    form({
      // A reply; a forward (1) is not known here.
      type: optional(oneOf(0)),
      message_id: id(),
      channel_id: optional(id()),
      guild_id: optional(id()),
      fail_if_not_exists: optional(flag()),
    }),
  ),
})

const MESSAGE_EDIT = form(CONTENT)

const HISTORY = form({
  before: optional(id()),
  after: optional(id()),
  around: optional(id()),
  limit: optional(integerText({ min: 1, max: MESSAGES_PER_READ })),
})
const DEFAULT_HISTORY = 50

export function messageRoutes(routes: Routes): void {
  routes.add('POST', '/channels/:channel/messages', ({ channel }, call) => create(channel, call), WRITE_RULE)

  routes.add('GET', '/channels/:channel/messages', async ({ channel }, { caller, house, user, http }) => {
    return jsonReply(200, await messages(caller, house, user.id, channel, historyQuery(queryOf(http, HISTORY))))
  })

  routes.add('GET', '/channels/:channel/messages/:message', async (params, { caller, house, user }) => {
    return jsonReply(200, await message(caller, house, user.id, params.channel, params.message))
  })

  routes.add(
    'PATCH',
    '/channels/:channel/messages/:message',
    ({ channel, message }, call) => edit(channel, message, call),
    WRITE_RULE,
  )

  routes.add(
    'DELETE',
    '/channels/:channel/messages/:message',
    async ({ channel, message }, { caller, house, user }) => {
      await deleteMessage(caller, house, user.id, channel, message)
      return EMPTY_REPLY
    },
    DELETE_RULE,
  )
}

async function create(channel: string, { caller, house, user, http }: ApiCall) {
  const body = await bodyOf(http, NEW_MESSAGE)
  const { content = '' } = body
  if (content.trim() === '') throw emptyMessage()
  try {
    return jsonReply(200, await createMessage(caller, house, user.id, channel, newMessage(content, body)))
  } catch (error) {
    // Of all that a new message names, only the one that it answers can be unknown.
    if (isFault(error, 'unknown_message')) throw new InvalidForm([UNKNOWN_REFERENCE])
    throw error
  }
}

const UNKNOWN_REFERENCE = { path: ['message_reference'], code: 'REPLIES_UNKNOWN_MESSAGE', message: 'Unknown message' }

async function edit(channel: string, message: string, { caller, house, user, http }: ApiCall) {
  const { content, flags, allowed_mentions } = await bodyOf(http, MESSAGE_EDIT)
  if (content !== undefined && content.trim() === '') throw emptyMessage()
  const change: MessageEdit = {
    ...(content === undefined ? {} : { content }),
    ...(flags === undefined ? {} : { flags }),
    ...(allowed_mentions === undefined ? {} : { allowedMentions: allowedMentions(allowed_mentions) }),
  }
  try {
    return jsonReply(200, await editMessage(caller, house, user.id, channel, message, change))
  } catch (error) {
    if (isFault(error, 'missing_permissions')) throw notTheAuthor()
    throw error
  }
}

function newMessage(content: string, body: Checked<typeof NEW_MESSAGE>): NewMessage {
  const { tts, flags, nonce, enforce_nonce, allowed_mentions, message_reference: reference } = body
  return {
    content,
    ...(tts === undefined ? {} : { tts }),
    ...(flags === undefined ? {} : { flags }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(enforce_nonce === undefined ? {} : { enforceNonce: enforce_nonce }),
    ...(allowed_mentions === undefined ? {} : { allowedMentions: allowedMentions(allowed_mentions) }),
    ...(reference === undefined ? {} : { reference: referenceOf(reference) }),
  }
}

function referenceOf({ message_id, fail_if_not_exists }: { message_id: string; fail_if_not_exists?: boolean }) {
  return {
    messageId: message_id,
    ...(fail_if_not_exists === undefined ? {} : { failIfNotExists: fail_if_not_exists }),
  }
}

function allowedMentions({ replied_user, ...rest }: Checked<typeof ALLOWED_MENTIONS>): AllowedMentions {
  return replied_user === undefined ? rest : { ...rest, repliedUser: replied_user }
}

function historyQuery({ limit = DEFAULT_HISTORY, ...bounds }: Checked<typeof HISTORY>): MessageQuery {
  const [first, second] = Object.keys(bounds)
  if (first === undefined || second === undefined) return { ...bounds, limit }
  const message = `Only one of before, after and around may be given, not both ${first} and ${second}.`
  throw new InvalidForm([{ path: [second], code: 'BASE_TYPE_CHOICES', message }])
}
