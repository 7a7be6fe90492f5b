import { ChannelType, Routes, type TextChannel } from 'discord.js'
import { rendezvous } from '../lib/cluster/rendezvous.ts'
import { systemHost } from '../lib/kernel/system-host.ts'
import { Bot } from './demo/bot.ts'
import { Daemon } from './demo/daemon.ts'

/**
 * `npm run demo`: two bots chat on two nodes, while the guild's actor, a socket and a whole node are killed under them.
 * It tells what each side sees, counts what was acknowledged and what arrived, and ends by itself: with 0 when nothing
 * was lost and nothing came twice.
 */
const PATIENCE_MS = 120_000

const tell = (line: string): void => void process.stdout.write(`  ${line}\n`)
const chapter = (title: string): void => void process.stdout.write(`\n${title}\n`)

interface Scene {
  readonly daemon: Daemon
  readonly alice: Bot
  readonly bob: Bot
  /** The channel, as alice and as bob have it. */
  readonly channels: readonly [alices: TextChannel, bobs: TextChannel]
  /** Ids of all messages that REST has acknowledged. */
  readonly acknowledged: string[]
}

const tooLate = systemHost.startTimer(() => {
  process.stderr.write(`the demo has not ended in ${PATIENCE_MS / 1000} s\n`)
  process.exit(1)
}, PATIENCE_MS)
process.once('SIGINT', () => process.exit(1))
process.exitCode = (await demo()) ? 0 : 1
systemHost.stopTimer(tooLate)

async function demo(): Promise<boolean> {
  chapter('The daemon starts, with two nodes.')
  await using daemon = await Daemon.start(tell)
  const [node1, node2] = await daemon.nodes()

  chapter('Two bots log in with stock discord.js: alice at node 1, bob at node 2.')
  const tokens = [await daemon.token('alice'), await daemon.token('bob')] as const
  await using alice = await Bot.logIn(tokens[0], node1!.port, tell)
  await using bob = await Bot.logIn(tokens[1], node2!.port, tell)
  const scene: Scene = { daemon, alice, bob, channels: await meet(alice, bob), acknowledged: [] }

  chapter('They chat.')
  await chat(scene, 1)
  await guildKilled(scene)
  await socketCut(scene)
  await nodeKilled(scene)
  return await sum(scene)
}

/** alice makes a guild with a channel, and bob joins it. */
async function meet(alice: Bot, bob: Bot): Promise<Scene['channels']> {
  const guild = await alice.client.guilds.create({ name: 'tea house' })
  const channel = await guild.channels.create({ name: 'veranda', type: ChannelType.GuildText })
  const { code } = await channel.createInvite()
  await bob.client.rest.post(Routes.invite(code))
  await bob.has(guild.id)
  return [channel, (await bob.client.channels.fetch(channel.id)) as TextChannel]
}

/** Both send at the same time, and wait until both have heard it all. */
async function chat({ alice, bob, channels, acknowledged }: Scene, count: number, meanwhile?: () => unknown) {
  const cups = Array.from({ length: count }, (_, index) => acknowledged.length / 2 + index + 1)
  const sending = cups.flatMap((cup) => channels.map((channel) => channel.send(`cup ${cup}`)))
  await Promise.race(sending)
  await meanwhile?.()
  const ids = (await Promise.all(sending)).map(({ id }) => id)
  acknowledged.push(...ids)
  await Promise.all([alice.hears(ids), bob.hears(ids)])
}

async function guildKilled(scene: Scene): Promise<void> {
  const { guildId } = scene.channels[0]
  chapter(`While both send, the guild's actor is killed: guildhall kill guild ${guildId}`)
  await chat(scene, 4, () => scene.daemon.killGuild(guildId))
  await Promise.all([scene.alice.has(guildId), scene.bob.has(guildId)])
}

async function socketCut(scene: Scene): Promise<void> {
  chapter("While both send, bob's network breaks.")
  await chat(scene, 4, () => scene.bob.network.cut())
}

async function nodeKilled(scene: Scene): Promise<void> {
  const { daemon, alice, bob, channels } = scene
  const { guildId } = channels[0]
  const nodes = await daemon.nodes()
  const home = rendezvous(
    nodes.map(({ name }) => name),
    guildId,
  )
  const { name, pid } = nodes.find((node) => node.name === home)!
  const [lost, kept] = nodes[0]!.name === home ? [alice, bob] : [bob, alice]
  chapter(`The node on which the guild lives dies: kill -9 ${pid} (${name}). ${lost.name} was connected to it.`)
  const back = new Promise((resolve) => lost.client.once('shardReady', resolve))
  const gone = new Promise((resolve) => kept.client.once('guildUnavailable', resolve))
  process.kill(pid, 'SIGKILL')
  await Promise.all([back, gone])
  await Promise.all([alice.has(guildId), bob.has(guildId)])
  await chat(scene, 2)
}

/** What was acknowledged beside what arrived. */
async function sum({ alice, bob, channels, acknowledged }: Scene): Promise<boolean> {
  chapter('The sum.')
  const history = await channels[0].messages.fetch({ limit: 100, cache: false })
  const counts = [
    ['in the history', acknowledged.filter((id) => history.has(id)).length],
    ['heard by alice', acknowledged.filter((id) => alice.heard.includes(id)).length],
    ['heard by bob', acknowledged.filter((id) => bob.heard.includes(id)).length],
  ] as const
  const twice = [alice, bob].reduce((sum, { heard }) => sum + heard.length - new Set(heard).size, 0)
  tell(`${acknowledged.length} messages acknowledged`)
  for (const [where, count] of counts) tell(`${count} of them ${where}`)
  tell(`${twice} heard twice`)
  return twice === 0 && counts.every(([, count]) => count === acknowledged.length)
}
