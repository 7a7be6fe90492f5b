import t from 'tap'
import { Intent } from '../../actors/intents.ts'
import { createNode } from '../../lib/behaviours/index.ts'
import { OUTBOX_BUFFERED_BYTES } from '../../lib/internal/limits.ts'
import { type Account, type Chat, startChat } from '../support/chat.ts'
import { GatewayClient } from '../support/gateway-client.ts'

const CHAT = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT

t.test('frames that are out of order or out of shape close the connection with their code', async (t) => {
  await using chat = await startChat()
  const alice = await chat.account('alice')
  const cases: [what: string, code: number, act: (client: GatewayClient) => unknown][] = [
    ['no JSON', 4002, (c) => c.sendText('{')],
    ['no object', 4002, (c) => c.sendText('[1]')],
    ['no opcode', 4002, (c) => c.sendText('{}')],
    ['too long', 4002, (c) => c.sendText(' '.repeat(4097))],
    ['an unknown opcode', 4001, (c) => c.send(99, null)],
    ['an opcode of the server', 4001, (c) => c.send(0, null)],
    ['a presence before IDENTIFY', 4003, (c) => c.send(3, {})],
    ['an ignored opcode before IDENTIFY', 4003, (c) => c.send(8, {})],
    ['an IDENTIFY without a token', 4002, (c) => c.send(2, { intents: 0 })],
    ['an IDENTIFY that is null', 4002, (c) => c.send(2, null)],
    ['a RESUME that is text', 4002, (c) => c.send(6, 'x')],
    ['a token that is none', 4004, (c) => c.send(2, { token: 'x', intents: 0, properties: {} })],
    ['a wrong token', 4004, (c) => c.send(2, { token: `${alice.token.slice(0, -4)}AAAA`, intents: 0, properties: {} })],
    ['a RESUME with a wrong token', 4004, (c) => c.send(6, { token: 'x', session_id: 'x', seq: 1 })],
    ['an unknown intent', 4013, (c) => c.identify(1 << 30)],
    ['a shard below none', 4010, (c) => c.identify(0, { shard: [-1, 2] })],
    ['a shard of none', 4010, (c) => c.identify(0, { shard: [0, 0] })],
    ['intents below none', 4013, (c) => c.identify(-1)],
    ['a shard that is none', 4010, (c) => c.identify(0, { shard: [2, 2] })],
    [
      'a second IDENTIFY',
      4005,
      async (c) => {
        c.identify(0)
        await c.untilEvent('READY')
        c.identify(0)
      },
    ],
    [
      'a malformed presence',
      4002,
      async (c) => {
        c.identify(0)
        await c.untilEvent('READY')
        c.send(3, { status: 'bored' })
      },
    ],
    ['too many frames', 4008, (c) => Array.from({ length: 121 }, () => c.send(1, null))],
  ]
  for (const [what, code, act] of cases) {
    const client = new GatewayClient(chat.house, alice)
    client.connect()
    await client.until(() => client.frames.length > 0)
    t.same(client.frames[0], { op: 10, d: { heartbeat_interval: 41_250 }, s: null, t: null })
    await act(client)
    await client.untilClosed()
    t.equal(client.closeCode, code, what)
  }
  const old = new GatewayClient(chat.house, alice)
  old.connect(chat.house, 6)
  await old.untilClosed()
  t.equal(old.closeCode, 4012, 'an old version')
})

t.test('heartbeats are answered, and missed', async (t) => {
  await using chat = await startChat({ settings: { heartbeatMs: 30, heartbeatGraceMs: 10 } })
  const client = new GatewayClient(chat.house, await chat.account('alice'))
  client.connect()
  client.send(1, null)
  await client.until(() => client.frames.some(({ op }) => op === 11))
  client.identify(0)
  await client.untilEvent('READY')
  await client.untilClosed()
  t.equal(client.closeCode, 4009)
})

t.test('a user may identify once in a while; opcodes of what is not there are let pass', async (t) => {
  await using chat = await startChat({ settings: { identifyEveryMs: 60_000 } })
  const alice = await chat.account('alice')
  const [one, two] = [new GatewayClient(chat.house, alice), new GatewayClient(chat.house, alice)]
  one.connect()
  one.identify(0)
  await one.untilEvent('READY')
  for (const op of [4, 8, 14, 31, 37, 43]) one.send(op, {})
  two.connect()
  two.identify(0)
  await two.until(() => two.frames.some(({ op, d }) => op === 9 && d === false))
  one.send(1, null)
  await one.until(() => one.frames.at(-1)?.op === 11)
  t.equal(one.closeCode, undefined)
})

t.test('shards share the guilds', async (t) => {
  await using chat = await startChat()
  const alice = await chat.account('alice')
  const guilds = [await chat.guild([alice]), await chat.guild([alice])]
  const shardOf = (id: string) => Number((BigInt(id) >> 22n) % 2n)
  for (const shard of [0, 1]) {
    const client = new GatewayClient(chat.house, alice)
    client.connect()
    client.identify(CHAT, { shard: [shard, 2] })
    await client.untilEvent('READY')
    const mine = guilds.map(({ id }) => id).filter((id) => shardOf(id) === shard)
    t.same(client.ready.d.shard, [shard, 2])
    t.same(client.ready.d.guilds.map(({ id }: { id: string }) => id).sort(), mine.sort())
    await client.untilEvent('GUILD_CREATE', mine.length)
  }
})

t.test('a slow reader gets its events when it reads again', async (t) => {
  await using chat = await startChat()
  const { client, guild, account } = await oneClient(chat)
  client.buffered = OUTBOX_BUFFERED_BYTES + 1
  await chat.say(account, guild.channelId, ['1', '2', '3'])
  await new Promise(setImmediate)
  t.same(client.contents(), [])
  client.buffered = 0
  await client.untilEvent('MESSAGE_CREATE', 3)
  t.same(client.contents(), ['1', '2', '3'])
})

t.test('a node that shuts down sends its clients elsewhere', async (t) => {
  await using chat = await startChat()
  const { client } = await oneClient(chat)
  await chat.node.shutdown(1000)
  await client.untilClosed()
  t.equal(client.closeCode, 1012)
  t.equal(client.frames.at(-1)?.op, 7)
})

t.test('a connection without a tree behind it is closed', async (t) => {
  await using chat = await startChat()
  await using node = createNode({ reporter: () => {} })
  const client = new GatewayClient({ ...chat.house, node }, await chat.account('alice'))
  client.connect()
  client.identify(0)
  await client.untilClosed()
  t.equal(client.closeCode, 1011)
})

async function oneClient(chat: Chat) {
  const account: Account = await chat.account('alice')
  const guild = await chat.guild([account])
  return { account, guild, client: await new GatewayClient(chat.house, account).login(CHAT, 1) }
}
