import { once } from 'node:events'
import { ChannelType, Events, Routes, type TextChannel } from 'discord.js'
import t, { type Test } from 'tap'
import { rendezvous } from '../../lib/cluster/rendezvous.ts'
import { chooseTransport } from '../../lib/gateway/choose.ts'
import { Fault } from '../../lib/internal/errors.ts'
import { isEvent, logIn, messagesOf, type Watched } from './bots.ts'
import { createBot, type Daemon, dataFolder, guildhall, startDaemon } from './daemon.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

/** Bots made with discord.js, unmodified, against the daemon in its own OS processes, on each transport there is. */
t.setTimeout(400_000)
const fast = reasonAgainstUws()
if (fast === undefined) suite('uws')
else {
  t.test('where uWebSockets.js does not load', async (t) => {
    const folder = dataFolder(t)
    const refused = await guildhall('start', '--port', '0', '--transport', 'uws', '--data', folder)
    t.match(refused, { code: 1, stderr: /transport_unavailable/ }, 'asking for it is refused, with the reason')
    const daemon = await startDaemon(t, { folder })
    t.match(daemon.lines.join('\n'), /transport +ws \(.*transport_unavailable/, 'auto takes ws and tells why')
    t.equal(await daemon.stop(), 0)
  })
}
suite('ws')

function reasonAgainstUws(): string | undefined {
  try {
    chooseTransport('uws')
    return undefined
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
}

/** alice is at node 1; bob at node 2, through a proxy that can cut him off. */
interface World {
  readonly daemon: Daemon
  readonly proxy: TcpProxy
  readonly alice: Watched
  readonly bob: Watched
}

function suite(transport: 'uws' | 'ws'): void {
  const shown = { uws: 'uWebSockets.js', ws: 'ws' }[transport]
  t.test(`two bots on two nodes, ${shown}`, async (t) => {
    const folder = dataFolder(t)
    const [a, b] = await Promise.all([createBot(folder, 'alice'), createBot(folder, 'bob')])
    const daemon = await startDaemon(t, { folder, nodes: 2, transport })
    t.match(daemon.lines.join('\n'), new RegExp(`transport +${shown} `), 'the daemon tells its transport')
    const proxy = await tcpProxy(t, daemon.port + 1)
    const [alice, bob] = await Promise.all([
      logIn(t, daemon.api(1), a),
      logIn(t, `http://127.0.0.1:${proxy.port}/api`, b),
    ])
    const world = { daemon, proxy, alice, bob }
    await t.test('they chat', (t) => chat(t, world))
    await t.test("the guild's actor is killed while both send", (t) => guildKilled(t, world))
    await t.test('the socket is cut while messages flow', (t) => socketCut(t, world))
    await t.test("a node's process is killed with -9", (t) => nodeKilled(t, world))
    // discord.js goes on trying to connect for ever when it loses its server before it is destroyed.
    await Promise.all([alice, bob].map(({ client }) => client.destroy()))
    t.equal(await daemon.stop(), 0, 'the daemon ends in order')
  })
}

async function chat(t: Test, { alice, bob }: World): Promise<void> {
  const guild = await alice.client.guilds.create({ name: 'first light' })
  t.equal(guild.available, true)
  const [channel, bobsChannel] = await meet(alice, bob, guild.id, 'chat')

  await t.test('presence', async (t) => {
    const joined = await alice.packet(isEvent('GUILD_MEMBER_ADD', ({ user }) => user.id === bob.client.user.id))
    t.match(joined.d, { guild_id: guild.id, user: { username: 'bob' } })
    bob.client.user.setPresence({ status: 'dnd', activities: [{ name: 'chess' }] })
    const seen = await alice.packet(isEvent('PRESENCE_UPDATE', ({ status }) => status === 'dnd'))
    t.match(seen.d, { guild_id: guild.id, user: { id: bob.client.user.id }, activities: [{ name: 'chess' }] })
    t.equal(guild.presences.resolve(bob.client.user.id)?.status, 'dnd')
  })

  await t.test('typing', async (t) => {
    await bobsChannel.sendTyping()
    const { d } = await alice.packet(isEvent('TYPING_START'))
    t.match(d, { channel_id: channel.id, guild_id: guild.id, user_id: bob.client.user.id })
  })

  await t.test('messages: made, answered, edited, deleted', async (t) => {
    const first = await channel.send('hello bob')
    const heard = await bob.packet(isEvent('MESSAGE_CREATE', ({ id }) => id === first.id))
    t.match(heard.d, { content: 'hello bob', author: { username: 'alice' }, guild_id: guild.id })
    const answer = await bobsChannel.messages.fetch(first.id).then((message) => message.reply('hello alice'))
    const reply = await alice.packet(isEvent('MESSAGE_CREATE', ({ id }) => id === answer.id))
    t.match(reply.d, { type: 19, message_reference: { message_id: first.id }, mentions: [{ username: 'alice' }] })
    await first.edit('hello Bob')
    const edited = await bob.packet(isEvent('MESSAGE_UPDATE', ({ id }) => id === first.id))
    t.equal(edited.d.content, 'hello Bob')
    await answer.delete()
    await alice.packet(isEvent('MESSAGE_DELETE', ({ id }) => id === answer.id))
    const history = await channel.messages.fetch({ cache: false })
    t.same(
      [...history.values()].map(({ content }) => content),
      ['hello Bob'],
    )
  })
  t.same([alice.drops, bob.drops], [[], []])
}

async function guildKilled(t: Test, { daemon, alice, bob }: World): Promise<void> {
  const guild = await alice.client.guilds.create({ name: 'crash' })
  const channels = await meetIn(alice, bob, guild.id, ['one', 'two', 'three'])
  const bobs = channels.map(([, channel]) => channel)
  const alices = channels.map(([channel]) => channel)

  const sending = Promise.all([...sends(alices, 7, 'alice'), ...sends(bobs, 7, 'bob')])
  for (const [index, reached] of [6, 18, 32].entries()) {
    await bob.packet(() => messagesOf(bob, bobs).length >= reached)
    t.match(await daemon.killGuild(guild.id), { killed: guild.id })
    // The next kill is to meet a guild that is back.
    await Promise.all([alice, bob].map((bot) => returns(bot, guild.id, index + 1)))
  }
  const acknowledged = (await sending).map(({ id }) => id)
  await Promise.all([alice, bob].map((bot) => bot.packet(() => hasAll(bot, alices, acknowledged))))

  for (const bot of [alice, bob]) {
    const name = bot.client.user.username
    t.ok(bot.all('GUILD_DELETE').every(({ d }) => d.id === guild.id && d.unavailable === true))
    t.same(bot.drops, [], `${name} kept its socket`)
    exactlyOnceInOrder(t, bot, alices, acknowledged)
  }
  t.same(order(alice, alices), order(bob, alices), 'both saw the same order')
}

async function socketCut(t: Test, { proxy, alice, bob }: World): Promise<void> {
  const guild = await alice.client.guilds.create({ name: 'cut' })
  const channels = await meetIn(alice, bob, guild.id, ['one', 'two', 'three'])
  const alices = channels.map(([channel]) => channel)
  const sending = Promise.all(sends(alices, 7, 'alice'))
  for (const reached of [3, 12]) {
    await bob.packet(() => messagesOf(bob, alices).length >= reached)
    const resumed = once(bob.client, Events.ShardResume)
    t.ok(proxy.cut() > 0, 'a connection was cut')
    await resumed
  }
  const acknowledged = (await sending).map(({ id }) => id)
  await bob.packet(() => hasAll(bob, alices, acknowledged))
  exactlyOnceInOrder(t, bob, alices, acknowledged)
  t.equal(bob.all('RESUMED').length, 2, 'resumed twice')
  t.equal(bob.all('READY').length, 1, 'and never identified anew')
  t.same(alice.drops, [])
}

async function nodeKilled(t: Test, { daemon, alice, bob }: World): Promise<void> {
  const before = await daemon.status()
  const names = before.nodes.map(({ name }) => name)
  const channels: TextChannel[] = []
  const on = (node: number) => channels.filter(({ guildId }) => rendezvous(names, guildId) === names[node])
  // The hash of its id places a guild.
  while (on(0).length === 0 || on(1).length === 0) {
    const { id } = await alice.client.guilds.create({ name: 'placed' })
    channels.push((await meet(alice, bob, id, 'chat'))[0])
  }
  const said = await Promise.all(channels.map((channel) => channel.send('before')))
  const identified = once(bob.client, Events.ShardReady)
  process.kill(before.nodes[1]!.pid, 'SIGKILL')
  await Promise.all(on(1).map(({ guildId }) => returns(alice, guildId, 1)))
  t.pass("alice saw that node's guilds become unavailable, and available again")
  const touched = (guildId: string) => alice.packets.some(isEvent('GUILD_DELETE', ({ id }) => id === guildId))
  t.notOk(
    on(0).some(({ guildId }) => touched(guildId)),
    'those of the other node were not touched',
  )
  t.same(alice.drops, [], 'alice kept her socket')
  await identified
  t.pass('bob is back')

  for (const [index, channel] of channels.entries()) {
    const history = await channel.messages.fetch({ cache: false })
    t.ok(history.has(said[index]!.id), 'what was acknowledged is in the history')
  }
  const after = await Promise.all(channels.map((channel) => channel.send('after')))
  for (const { id } of after) {
    await Promise.all([alice, bob].map((bot) => bot.packet(isEvent('MESSAGE_CREATE', (d) => d.id === id))))
  }
  const status = await daemon.status()
  t.equal(status.nodes[0]!.pid, before.nodes[0]!.pid)
  t.not(status.nodes[1]!.pid, before.nodes[1]!.pid)
}

/** alice makes a channel and invites bob; each has the channel then. */
async function meet(alice: Watched, bob: Watched, guildId: string, name: string) {
  const guild = alice.client.guilds.resolve(guildId)!
  const channel = await guild.channels.create({ name, type: ChannelType.GuildText })
  if (!bob.client.guilds.cache.has(guildId)) {
    const { code } = await channel.createInvite()
    await bob.client.rest.post(Routes.invite(code))
    await bob.packet(isEvent('GUILD_CREATE', ({ id }) => id === guildId))
  } else await bob.packet(isEvent('CHANNEL_CREATE', ({ id }) => id === channel.id))
  const bobs = bob.client.channels.resolve(channel.id) as TextChannel
  return [channel, bobs] as const
}

async function meetIn(alice: Watched, bob: Watched, guildId: string, names: readonly string[]) {
  const channels = []
  for (const name of names) channels.push(await meet(alice, bob, guildId, name))
  return channels
}

/** So many messages in each channel; each is sent when the one before is acknowledged. */
function sends(channels: readonly TextChannel[], count: number, who: string) {
  return channels.flatMap((channel) => {
    return Array.from({ length: count }, (_, index) => channel.send(`${who} ${channel.name} ${index}`))
  })
}

/** The guild has come back so many times. */
async function returns(bot: Watched, guildId: string, times: number): Promise<void> {
  const isBack = isEvent('GUILD_CREATE', ({ id, unavailable }) => id === guildId && unavailable === false)
  const goneTimes = () => bot.all('GUILD_DELETE').filter(({ d }) => d.id === guildId).length
  const gone = () => bot.packets.findLastIndex(isEvent('GUILD_DELETE', ({ id }) => id === guildId))
  await bot.packet(() => goneTimes() >= times && bot.packets.findLastIndex(isBack) > gone())
}

function order(bot: Watched, channels: readonly TextChannel[]): string[] {
  return messagesOf(bot, channels).map(({ id }) => id)
}

function hasAll(bot: Watched, channels: readonly TextChannel[], ids: readonly string[]): boolean {
  const seen = new Set(order(bot, channels))
  return ids.every((id) => seen.has(id))
}

function exactlyOnceInOrder(t: Test, bot: Watched, channels: readonly TextChannel[], acknowledged: string[]): void {
  const name = bot.client.user.username
  const seen = order(bot, channels)
  t.equal(new Set(seen).size, seen.length, `${name} saw no message twice`)
  t.same(seen.filter((id) => acknowledged.includes(id)).sort(), [...acknowledged].sort(), `${name} saw all`)
  for (const channel of channels) {
    const ids = order(bot, [channel])
    t.same(ids, ids.toSorted(byAge), `${name} saw the messages of ${channel.name} in order`)
  }
}

function byAge(a: string, b: string): number {
  return BigInt(a) < BigInt(b) ? -1 : 1
}
