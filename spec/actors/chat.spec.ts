import t, { type Test } from 'tap'
import { acceptInvite } from '../../actors/guild-client.ts'
import { GUILDS } from '../../actors/guild-protocol.ts'
import { messages } from '../../actors/history.ts'
import { Intent } from '../../actors/intents.ts'
import { PRESENCES } from '../../actors/presence.ts'
import { RELAYS } from '../../actors/relay.ts'
import { sessionIds } from '../../actors/session.ts'
import { GUILD_LOG_EVENTS, GUILD_TRIM_EVENTS } from '../../lib/internal/limits.ts'
import type { Storage } from '../../lib/storage/index.ts'
import { type Account, type Chat, type ChatGuild, startChat } from '../support/chat.ts'
import { GatewayClient } from '../support/gateway-client.ts'
import { wrapStorage } from '../support/wrapped-storage.ts'

const EVERYTHING = Object.values(Intent).reduce((all, bit) => all | bit, 0)
const CHAT = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT

/** Alice and Bob in a guild, each with a client: Alice's on the first node, Bob's on the last. */
async function twoClients(chat: Chat, intents = CHAT, home = chat.house) {
  const [alice, bob] = [await chat.account('alice'), await chat.account('bob')]
  const guild = await chat.guild([alice, bob], home)
  const a = await new GatewayClient(chat.house, alice).login(intents, 1)
  const b = await new GatewayClient(chat.houses.at(-1)!, bob).login(intents, 1)
  return { alice, bob, guild, a, b }
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index))
}

/** That a client got exactly the messages that were acknowledged, in the order of their ids. */
function gotAll(t: Test, client: GatewayClient, acknowledged: readonly { readonly id: string }[]): void {
  const ids = client.of('MESSAGE_CREATE').map((frame) => frame.d.id)
  t.same(ids, [...ids].sort(), 'in the order of their ids')
  t.same([...ids].sort(), acknowledged.map(({ id }) => id).sort(), 'each once')
}

for (const [place, nodes, home] of [
  ['on one node', 1, 0],
  ['on two nodes, beside the storage', 2, 0],
  ['on two nodes, away from the storage', 2, 1],
] as const) {
  await t.test(`a guild ${place}`, async (t) => {
    t.test('a message reaches every session, once and in order', async (t) => {
      await using chat = await startChat({ nodes })
      const { alice, guild, a, b } = await twoClients(chat, CHAT, chat.houses[home])
      const sent = await chat.say(alice, guild.channelId, numbers(100))
      for (const client of [a, b]) {
        await client.untilEvent('MESSAGE_CREATE', 100)
        gotAll(t, client, sent)
      }
      t.equal(a.of('READY')[0]?.s, 1, 'READY is the first event')
      t.match(b.of('GUILD_CREATE')[0]?.d, { id: guild.id, unavailable: false, member_count: 3 })
    })

    t.test('the guild is killed while messages are sent: nothing acknowledged is lost', async (t) => {
      await using chat = await startChat({ nodes })
      const { alice, bob, guild, a, b } = await twoClients(chat, CHAT, chat.houses[home])
      const sending = [chat.say(alice, guild.channelId, numbers(60)), chat.say(bob, guild.channelId, numbers(60, 60))]
      await a.untilEvent('MESSAGE_CREATE')
      await chat.kill(GUILDS, guild.id)
      const sent = (await Promise.all(sending)).flat()
      sent.push(...(await chat.say(bob, guild.channelId, numbers(20, 120))))
      for (const client of [a, b]) {
        await client.untilEvent('MESSAGE_CREATE', 140)
        gotAll(t, client, sent)
        t.equal(client.of('GUILD_DELETE').length, 1, 'told that the guild is unavailable')
        t.same(client.of('GUILD_DELETE')[0]?.d, { id: guild.id, unavailable: true })
        t.equal(client.of('GUILD_CREATE').length, 2, 'told that it is available again')
        t.equal(client.closeCode, undefined, 'no socket was closed')
      }
      const stored = await messages(chat.node, chat.house, alice.user.id, guild.channelId, { limit: 100 })
      t.same(
        stored.map(({ id }) => id).sort(),
        sent
          .map(({ id }) => id)
          .sort()
          .slice(-100),
        'the history has the same',
      )
    })

    t.test('a relay is killed: its sessions go on where they were', async (t) => {
      await using chat = await startChat({ nodes })
      const { alice, guild, a, b } = await twoClients(chat, CHAT, chat.houses[home])
      const first = chat.say(alice, guild.channelId, numbers(60))
      await b.untilEvent('MESSAGE_CREATE')
      await chat.kill(RELAYS, guild.id, chat.houses.at(-1)!)
      const sent = [...(await first), ...(await chat.say(alice, guild.channelId, numbers(60, 60)))]
      for (const client of [a, b]) {
        await client.untilEvent('MESSAGE_CREATE', 120)
        gotAll(t, client, sent)
        t.equal(client.of('GUILD_DELETE').length, 0, 'nobody notices')
      }
    })
  })
}

t.test('a socket is cut while messages flow: the client resumes and misses nothing', async (t) => {
  await using chat = await startChat({ nodes: 2 })
  const { alice, guild, a, b } = await twoClients(chat)
  const sending = chat.say(alice, guild.channelId, numbers(50))
  await b.untilEvent('MESSAGE_CREATE', 10)
  b.cut()
  const { sequence } = b
  const sent = [...(await sending), ...(await chat.say(alice, guild.channelId, numbers(50, 50)))]
  b.connect()
  b.resume(sequence)
  await b.untilEvent('RESUMED')
  sent.push(...(await chat.say(alice, guild.channelId, numbers(10, 100))))
  await b.untilEvent('MESSAGE_CREATE', 110)
  gotAll(t, b, sent)
  const numbered = b.frames.flatMap(({ s }) => s ?? [])
  t.same(
    numbered,
    Array.from(numbered, (_, index) => index + 1),
    'numbered without a gap',
  )
  const resumed = b.of('RESUMED')[0]!.s!
  t.ok(numbered.indexOf(resumed) > sequence, 'RESUMED comes after what was missed')
  t.equal(a.closeCode, undefined)
})

t.test('a second connection takes a session over', async (t) => {
  await using chat = await startChat()
  const { alice, guild, b } = await twoClients(chat)
  const c = new GatewayClient(chat.house, b.account)
  c.connect()
  c.resume(b.sequence, b.ready.d.session_id)
  await Promise.all([c.untilEvent('RESUMED'), b.untilClosed()])
  t.equal(b.closeCode, 4000)
  await chat.say(alice, guild.channelId, ['hi'])
  await c.untilEvent('MESSAGE_CREATE')
  t.equal(b.of('MESSAGE_CREATE').length, 0)
})

t.test('what cannot be resumed is told at once', async (t) => {
  await using chat = await startChat()
  const { alice, bob, guild, b } = await twoClients(chat)
  const invalid = (client: GatewayClient) => client.until(() => client.frames.some(({ op }) => op === 9))

  await t.test('a session that is not there, and one of somebody else', async (t) => {
    const c = new GatewayClient(chat.house, alice)
    c.connect()
    c.resume(1, 'nosuchsession')
    await invalid(c)
    t.equal(c.frames.at(-1)?.d, false)
    c.resume(1, b.ready.d.session_id)
    await c.until(() => c.frames.filter(({ op }) => op === 9).length === 2)
    c.identify(CHAT)
    await c.untilEvent('READY')
    t.equal(c.closeCode, undefined, 'the client identifies on the same connection')
    t.equal(b.closeCode, undefined)
  })

  await t.test('a number that was never sent', async (t) => {
    b.cut()
    b.connect()
    b.resume(b.sequence + 1)
    await b.untilClosed()
    t.equal(b.closeCode, 4007)
    b.connect()
    b.resume()
    await b.untilEvent('RESUMED')
  })

  await t.test('a number that the client has acknowledged already', async (t) => {
    await chat.say(alice, guild.channelId, numbers(5))
    await b.untilEvent('MESSAGE_CREATE', 5)
    b.send(1, b.sequence)
    await b.until(() => b.frames.some(({ op }) => op === 11))
    b.cut()
    b.connect()
    b.resume(b.sequence - 2)
    await invalid(b)
    t.equal(sessionIds.whereis(chat.node, b.ready.d.session_id), undefined, 'the session has ended')
  })
  t.ok(bob)
})

t.test('a session that crashes closes its connection, and is gone', async (t) => {
  await using chat = await startChat()
  const { a, b } = await twoClients(chat)
  chat.node.exit(sessionIds.whereis(chat.node, b.ready.d.session_id)!, 'kill')
  await b.untilClosed()
  t.equal(b.closeCode, 4000)
  b.connect()
  b.resume()
  await b.until(() => b.frames.some(({ op, d }) => op === 9 && d === false))
  b.identify(CHAT)
  await b.untilEvent('GUILD_CREATE', 2)
  t.equal(a.closeCode, undefined)
})

t.test('a session ends with its client, or a while after its connection', async (t) => {
  await using chat = await startChat({ settings: { sessionResumeMs: 20 } })
  const { a, b } = await twoClients(chat, EVERYTHING)
  const status = () => a.of('PRESENCE_UPDATE').findLast(({ d }) => d.user.id === b.account.user.id)?.d.status
  await a.until(() => status() === 'online')
  b.close(1000)
  await a.until(() => status() === 'offline')
  b.connect()
  b.identify(EVERYTHING, {
    presence: { status: 'dnd', activities: [{ name: 'chess', type: 0 }], since: null, afk: false },
  })
  await a.until(() => status() === 'dnd')
  t.match(a.of('PRESENCE_UPDATE').at(-1)?.d.activities, [{ name: 'chess', type: 0 }])
  b.send(3, { status: 'invisible', activities: [], since: null, afk: false })
  await a.until(() => status() === 'offline')
  b.send(3, { status: 'idle', activities: [], since: null, afk: false })
  await a.until(() => status() === 'idle')
  b.cut()
  await a.until(() => status() === 'offline')
  t.pass('the session has expired')
})

t.test('presence comes back with the guild, and after a crash of its own', async (t) => {
  await using chat = await startChat({ nodes: 2 })
  const { bob, guild, a, b } = await twoClients(chat, EVERYTHING)
  const status = () => shownStatus(a, bob)
  await a.until(() => status() === 'online')
  await chat.kill(PRESENCES, bob.user.id)
  b.send(3, { status: 'dnd', activities: [], since: null, afk: false })
  await a.until(() => status() === 'dnd')
  await chat.kill(GUILDS, guild.id)
  await a.untilEvent('GUILD_CREATE', 2)
  await a.until(() => status() === 'dnd')
  b.close(1000)
  await a.until(() => status() === 'offline')
  t.equal(a.closeCode, undefined)
})

/** How a client shows somebody: as it was told last, in GUILD_CREATE or since. */
function shownStatus(client: GatewayClient, { user }: Account): string | undefined {
  let status: string | undefined
  for (const { t: event, d } of client.frames) {
    if (event === 'PRESENCE_UPDATE' && d.user.id === user.id) status = d.status
    if (event !== 'GUILD_CREATE') continue
    status = d.presences.find((presence: { user: { id: string } }) => presence.user.id === user.id)?.status ?? 'offline'
  }
  return status
}

t.test('who accepts an invite joins, with every session, and the others see it', async (t) => {
  await using chat = await startChat({ nodes: 2 })
  const [alice, bob] = [await chat.account('alice'), await chat.account('bob')]
  const b = await new GatewayClient(chat.houses[1]!, bob).login(EVERYTHING, 0)
  t.same(b.ready.d.guilds, [])
  const a = new GatewayClient(chat.house, alice)
  a.connect()
  a.identify(EVERYTHING)
  await a.untilEvent('READY')
  const guild = await chat.guild([alice])
  await a.untilEvent('GUILD_CREATE')
  await acceptInvite(chat.node, chat.house, bob.user.id, guild.code)
  await Promise.all([b.untilEvent('GUILD_CREATE'), a.untilEvent('GUILD_MEMBER_ADD')])
  t.match(a.of('GUILD_MEMBER_ADD')[0]?.d, { guild_id: guild.id, user: { id: bob.user.id, username: 'bob' } })
  const shown = b.of('GUILD_CREATE')[0]?.d.members.map((member: { user: { id: string } }) => member.user.id)
  t.same(shown.sort(), [guild.ownerId, alice.user.id, bob.user.id].sort())
  await a.until(() => a.of('PRESENCE_UPDATE').some(({ d }) => d.user.id === bob.user.id && d.status === 'online'))
  await chat.say(bob, guild.channelId, ['hello'])
  await a.untilEvent('MESSAGE_CREATE')
})

t.test('intents decide who gets what', async (t) => {
  await using chat = await startChat()
  const [alice, bob] = [await chat.account('alice'), await chat.account('bob')]
  const guild = await chat.guild([alice, bob])
  const blind = await new GatewayClient(chat.house, bob).login(Intent.GUILDS | Intent.GUILD_MESSAGES, 1)
  const deaf = await new GatewayClient(chat.house, alice).login(Intent.GUILDS, 1)
  await chat.say(alice, guild.channelId, ['secret'])
  await chat.say(bob, guild.channelId, ['my own'])
  await chat.say(alice, guild.channelId, [`for <@${bob.user.id}>`])
  await blind.untilEvent('MESSAGE_CREATE', 3)
  t.same(blind.contents(), ['', 'my own', `for <@${bob.user.id}>`])
  t.same(deaf.contents(), [])
  t.match(blind.of('GUILD_CREATE')[0]?.d.members, [{ user: { id: bob.user.id } }], 'without presences only itself')
})

t.test('a commit that fails crashes the guild, which comes back with what is stored', async (t) => {
  for (const isStored of [false, true]) {
    let failures = 0
    const wrap = (storage: Storage): Storage =>
      wrapStorage(storage, async (operation, args, run) => {
        const fails = operation === 'commit' && failures === 0 && JSON.stringify(args).includes('"content":"20"')
        if (!fails) return run()
        failures++
        if (isStored) await run()
        throw new Error('the acknowledgement is lost')
      })
    await using chat = await startChat({ nodes: 2, wrap })
    const { alice, guild, a, b } = await twoClients(chat)
    const sent = await chat.say(alice, guild.channelId, numbers(40))
    t.equal(failures, 1)
    for (const client of [a, b]) {
      await client.untilEvent('MESSAGE_CREATE', 40)
      gotAll(t, client, sent)
      t.equal(client.of('GUILD_CREATE').length, 2)
    }
  }
})

t.test('a guild that cannot be loaded is loaded later', async (t) => {
  let isBroken = false
  let attempts = 0
  const wrap = (storage: Storage): Storage =>
    wrapStorage(storage, async (operation, _args, run) => {
      if (operation === 'raiseGeneration' && isBroken && ++attempts < 4) throw new Error('the storage is away')
      return run()
    })
  await using chat = await startChat({ nodes: 2, wrap })
  const { alice, guild, a, b } = await twoClients(chat)
  isBroken = true
  await chat.kill(GUILDS, guild.id)
  const sent = await chat.say(alice, guild.channelId, numbers(4))
  for (const client of [a, b]) {
    await client.untilEvent('MESSAGE_CREATE', 4)
    gotAll(t, client, sent)
    t.equal(client.of('GUILD_CREATE').length, 2)
  }
  t.equal(attempts, 4)
})

t.test('the nodes lose each other', async (t) => {
  await t.test('for a moment: what was missed is made up', async (t) => {
    await using chat = await startChat({ nodes: 2 })
    const { alice, guild, a, b } = await twoClients(chat)
    const sent = await sayHere(chat, alice, guild, numbers(5))
    await b.untilEvent('MESSAGE_CREATE', 5)
    chat.cable.cut()
    sent.push(...(await sayHere(chat, alice, guild, numbers(20, 5))))
    await b.untilEvent('GUILD_DELETE')
    chat.cable.mend()
    await b.untilEvent('MESSAGE_CREATE', 25)
    gotAll(t, b, sent)
    gotAll(t, a, sent)
    t.equal(a.of('GUILD_DELETE').length, 0)
  })

  await t.test('for too long: the client is told to begin anew', async (t) => {
    await using chat = await startChat({ nodes: 2 })
    const { alice, guild, b } = await twoClients(chat)
    await sayHere(chat, alice, guild, ['one'])
    await b.untilEvent('MESSAGE_CREATE')
    chat.cable.cut()
    const count = GUILD_LOG_EVENTS + 2 * GUILD_TRIM_EVENTS
    for (let sent = 0; sent < count; sent += 64) await sayHere(chat, alice, guild, numbers(64))
    chat.cable.mend()
    await b.until(() => b.frames.some(({ op, d }) => op === 9 && d === false))
    b.identify(CHAT)
    await b.untilEvent('READY', 2)
    await b.until(() => b.events().lastIndexOf('GUILD_CREATE') > b.events().lastIndexOf('READY'))
    t.equal(b.of('MESSAGE_CREATE').length, 1, 'no part of a stream with a hole was sent')
  })
})

/** Sends messages from the first node alone. */
function sayHere(chat: Chat, author: Account, { channelId }: ChatGuild, contents: readonly string[]) {
  return Promise.all(contents.map((content) => chat.sayAt(chat.house, author, channelId, content)))
}
