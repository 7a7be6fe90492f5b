import t from 'tap'
import {
  acceptInvite,
  createChannel,
  createGuild,
  createInvite,
  createMessage,
  deleteMessage,
  editMessage,
  getChannel,
  getGuild,
  getInvite,
  guildChannels,
  typing,
} from '../../actors/guild-client.ts'
import { GUILDS } from '../../actors/guild-protocol.ts'
import { message, messages } from '../../actors/history.ts'
import { Intent } from '../../actors/intents.ts'
import { locate } from '../../actors/routing.ts'
import type { Storage } from '../../lib/storage/index.ts'
import { type Chat, startChat } from '../support/chat.ts'
import { GatewayClient } from '../support/gateway-client.ts'
import { wrapStorage } from '../support/wrapped-storage.ts'

const EVERYTHING = Object.values(Intent).reduce((all, bit) => all | bit, 0)

/** Alice, who owns the guild, Bob, who is in it, and Carol, who is not. */
async function party(chat: Chat) {
  const { node, house } = chat
  const [alice, bob, carol] = [await chat.account('alice'), await chat.account('bob'), await chat.account('carol')]
  const guild = await createGuild(node, house, alice.user.id, { name: 'tea' })
  const [channel] = await guildChannels(node, house, alice.user.id, guild.id)
  const terms = { maxAge: 0, maxUses: 0, temporary: false }
  const invite = await createInvite(node, house, alice.user.id, channel!.id, terms)
  await acceptInvite(node, house, bob.user.id, invite.code)
  const [a, b, c] = [alice.user.id, bob.user.id, carol.user.id]
  return { node, house, alice, bob, carol, a, b, c, guildId: guild.id, channelId: channel!.id }
}

t.test('messages are made, changed and deleted, and everybody hears of it', async (t) => {
  await using chat = await startChat()
  const { node, house, alice, a, b, guildId, channelId } = await party(chat)
  const client = await new GatewayClient(house, alice).login(EVERYTHING, 1)
  const first = await createMessage(node, house, a, channelId, { content: `hi <@${b}> <@1>`, nonce: 'n', tts: true })
  t.match(first, { content: `hi <@${b}> <@1>`, nonce: 'n', tts: true, type: 0, edited_timestamp: null, flags: 0 })
  t.same(
    first.mentions.map(({ id }) => id),
    [b],
    'only members are mentioned',
  )
  t.notOk('requestId' in first || 'message_reference' in first, 'what is not there is left out')

  const reference = { messageId: first.id }
  const answer = await createMessage(node, house, b, channelId, { content: '@everyone', reference })
  t.match(answer, {
    type: 19,
    mention_everyone: true,
    message_reference: { message_id: first.id, channel_id: channelId },
  })
  t.equal(answer.referenced_message?.id, first.id)
  t.same(
    answer.mentions.map(({ id }) => id),
    [a],
    'the author of what is answered is mentioned',
  )
  const quiet = await createMessage(node, house, b, channelId, {
    content: '@here',
    reference,
    allowedMentions: { parse: [] },
  })
  t.match(quiet, { mentions: [], mention_everyone: false })
  const nothing = { messageId: '1', failIfNotExists: false }
  t.equal((await createMessage(node, house, b, channelId, { content: 'x', reference: nothing })).type, 0)

  const edited = await editMessage(node, house, a, channelId, first.id, { content: 'hello' })
  t.match(edited, { id: first.id, content: 'hello', edited_timestamp: /Z$/, mentions: [] })
  await deleteMessage(node, house, b, channelId, answer.id)
  await deleteMessage(node, house, a, channelId, quiet.id)
  await typing(node, house, b, channelId)
  await client.untilEvent('TYPING_START')
  const heard = client.frames.filter(({ t }) => t?.startsWith('MESSAGE_') || t === 'TYPING_START')
  const create = 'MESSAGE_CREATE'
  t.same(
    heard.map((frame) => frame.t),
    [create, create, create, create, 'MESSAGE_UPDATE', 'MESSAGE_DELETE', 'MESSAGE_DELETE', 'TYPING_START'],
  )
  t.match(heard[0]?.d, { guild_id: guildId, member: { roles: [] }, author: { username: 'alice' }, channel_type: 0 })
  t.match(heard[4]?.d, { id: first.id, content: 'hello', guild_id: guildId })
  t.same(heard[5]?.d, { id: answer.id, channel_id: channelId, guild_id: guildId })
  t.match(heard[7]?.d, { user_id: b, channel_id: channelId, member: { user: { username: 'bob' } } })

  t.same(await message(node, house, b, channelId, first.id), edited)
  const page = await messages(node, house, b, channelId, { limit: 10 })
  t.equal(page.length, 2, 'the newest first')
  t.equal(page[1]?.id, first.id)
})

t.test('who may do what', async (t) => {
  await using chat = await startChat()
  const { node, house, a, b, c, guildId, channelId } = await party(chat)
  const made = await createMessage(node, house, a, channelId, { content: 'mine' })
  const refused = (code: string, pending: Promise<unknown>) => t.rejects(pending, { code }, code)
  await refused('missing_access', getGuild(node, house, c, guildId))
  await refused('missing_access', guildChannels(node, house, c, guildId))
  await refused('missing_access', getChannel(node, house, c, channelId))
  await refused('missing_access', createMessage(node, house, c, channelId, { content: 'let me in' }))
  await refused('missing_access', messages(node, house, c, channelId, { limit: 1 }))
  await refused('missing_access', typing(node, house, c, channelId))
  await refused('missing_permissions', createChannel(node, house, b, guildId, { name: 'bobs' }))
  await refused('missing_permissions', editMessage(node, house, b, channelId, made.id, { content: 'yours' }))
  await refused('missing_permissions', deleteMessage(node, house, b, channelId, made.id))
  await refused('unknown_guild', getGuild(node, house, a, '5'))
  await refused('unknown_channel', createMessage(node, house, a, '5', { content: 'x' }))
  await refused('unknown_message', editMessage(node, house, a, channelId, '5', { content: 'x' }))
  await refused('unknown_message', deleteMessage(node, house, a, channelId, '5'))
  await refused('unknown_message', message(node, house, a, channelId, '5'))
  await refused(
    'unknown_message',
    createMessage(node, house, a, channelId, { content: 'x', reference: { messageId: '5' } }),
  )
  await refused('unknown_invite', getInvite(node, house, 'nothing'))
  await refused('unknown_invite', acceptInvite(node, house, c, 'nothing'))
  t.equal((await getGuild(node, house, b, guildId)).owner_id, a)
})

t.test('channels are made, and known at once', async (t) => {
  await using chat = await startChat()
  const { node, house, alice, a, b, guildId } = await party(chat)
  const client = await new GatewayClient(house, alice).login(EVERYTHING, 1)
  const made = await createChannel(node, house, a, guildId, { name: 'cakes', topic: 'sweet' })
  t.match(made, { name: 'cakes', topic: 'sweet', position: 1, guild_id: guildId, type: 0 })
  await client.untilEvent('CHANNEL_CREATE')
  t.same(client.of('CHANNEL_CREATE')[0]?.d, made)
  t.same(await getChannel(node, house, b, made.id), made)
  t.equal((await createMessage(node, house, b, made.id, { content: 'yum' })).channel_id, made.id)
  await chat.kill(GUILDS, guildId)
  t.same(
    (await guildChannels(node, house, b, guildId)).map(({ name }) => name),
    ['general', 'cakes'],
  )
})

t.test('an invite is used as often as it allows, also by those who come at once', async (t) => {
  await using chat = await startChat()
  const { node, house, a, b, c, channelId } = await party(chat)
  const terms = { maxAge: 60, maxUses: 1, temporary: false }
  const { code } = await createInvite(node, house, a, channelId, terms)
  t.match(await getInvite(node, house, code), { code, channel: { id: channelId }, inviter: { id: a }, uses: 0 })
  const dave = await chat.account('dave')
  await acceptInvite(node, house, b, code)
  const came = await Promise.allSettled([c, dave.user.id].map((id) => acceptInvite(node, house, id, code)))
  t.same(came.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  await t.rejects(getInvite(node, house, code), { code: 'unknown_invite' })
})

t.test('an enforced nonce makes one message, also across a crash', async (t) => {
  await using chat = await startChat()
  const { node, house, a, b, guildId, channelId } = await party(chat)
  const say = (userId: string) =>
    createMessage(node, house, userId, channelId, { content: 'once', nonce: 7, enforceNonce: true })
  const made = await Promise.all([say(a), say(a), say(a)])
  t.equal(new Set(made.map(({ id }) => id)).size, 1)
  await chat.kill(GUILDS, guildId)
  t.equal((await say(a)).id, made[0]?.id)
  t.not((await say(b)).id, made[0]?.id, "another author's nonce is another")
  t.equal((await messages(node, house, a, channelId, { limit: 10 })).length, 2)
})

t.test('an edit that races a deletion does not bring the message back', async (t) => {
  await using chat = await startChat()
  const { node, house, a, channelId } = await party(chat)
  for (let round = 0; round < 10; round++) {
    const { id } = await createMessage(node, house, a, channelId, { content: 'x' })
    const edit = () => editMessage(node, house, a, channelId, id, { content: 'y' })
    const remove = () => deleteMessage(node, house, a, channelId, id)
    const came = await Promise.allSettled([edit(), remove(), edit(), remove()])
    t.same(
      came.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
    )
    await t.rejects(message(node, house, a, channelId, id), { code: 'unknown_message' })
  }
})

t.test('a thousand reads at once cost a few reads of the storage, and see what was acknowledged', async (t) => {
  const counts = new Map<string, number>()
  let held: (() => void) | undefined
  const wrap = (storage: Storage): Storage =>
    wrapStorage(storage, async (operation, _args, run) => {
      counts.set(operation, (counts.get(operation) ?? 0) + 1)
      const result = await run()
      if (operation === 'messages' && counts.get('messages') === 1) {
        await new Promise<void>((resolve) => {
          held = resolve
        })
      }
      return result
    })
  await using chat = await startChat({ nodes: 2, wrap })
  const { node, house, a, b, channelId } = await party(chat)
  await createMessage(node, house, a, channelId, { content: 'one' })
  const read = (index: number) => {
    const at = chat.houses[index % 2]!
    return messages(at.node, at, index % 3 ? a : b, channelId, { limit: 50 })
  }
  counts.clear()
  const first = read(0)
  while (held === undefined) await new Promise(setImmediate)
  const early = Array.from({ length: 500 }, (_, index) => read(index))
  await createMessage(node, house, a, channelId, { content: 'two' })
  const late = Array.from({ length: 500 }, (_, index) => read(index))
  held()
  t.equal((await first).length, 1)
  await Promise.all(early)
  for (const page of await Promise.all(late))
    if (page.length !== 2) t.fail('a read is older than what was acknowledged')
  t.ok(counts.get('messages')! <= 10, `${counts.get('messages')} reads of messages`)
  t.ok(counts.get('users')! <= 10, `${counts.get('users')} reads of users`)
  t.equal(counts.get('channel') ?? 0, 1, 'the channel was looked for once on the node that had not seen it')
  t.equal(counts.get('member') ?? 0, 0)
})

t.test('a guild that is busy says so, and does nothing', async (t) => {
  let release: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let isHeld = false
  const wrap = (storage: Storage): Storage =>
    wrapStorage(storage, async (operation, _args, run) => {
      if (operation === 'commit' && isHeld) await gate
      return run()
    })
  await using chat = await startChat({ wrap })
  const { node, house, a, guildId, channelId } = await party(chat)
  isHeld = true
  const guild = await locate(node, house, GUILDS, guildId)
  const settled = { ok: 0, guild_busy: 0 }
  const all = Array.from({ length: 5000 }, async (_, index) => {
    const common = { tts: false, enforceNonce: false, requestId: house.snowflakes.next(), again: false }
    const request = { ...common, userId: a, channelId, content: String(index) }
    const outcome = await node.call(guild, 'createMessage', request, { timeout: Number.POSITIVE_INFINITY })
    settled[outcome[0] === 'ok' ? 'ok' : (outcome[1] as 'guild_busy')]++
    if (settled.guild_busy === 1) release()
  })
  await Promise.all(all)
  t.equal(settled.ok + settled.guild_busy, 5000)
  t.equal(settled.ok, 4096)
})
