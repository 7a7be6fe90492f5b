import t from 'tap'
import { GATEWAY_LISTENER } from '../../actors/gateway-listener.ts'
import { GUILDS } from '../../actors/guild-protocol.ts'
import { createHouse } from '../../actors/house.ts'
import { Intent } from '../../actors/intents.ts'
import type { OpenConnection } from '../../actors/open-connection.ts'
import { find } from '../../actors/routing.ts'
import { createNode, Supervisor } from '../../lib/behaviours/index.ts'
import type { Handlers, Listener, Transport } from '../../lib/gateway/transport.ts'
import { openMemoryStorage } from '../../lib/storage/memory.ts'
import { rootSpec } from '../../supervisors/root.ts'
import { startChat } from '../support/chat.ts'
import { GatewayClient } from '../support/gateway-client.ts'

const CHAT = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT

t.test('the tree', async (t) => {
  await using node = createNode({ reporter: () => {} })
  const house = createHouse({ node, storage: await openMemoryStorage(), worker: 0 })
  const closed: string[] = []
  const transport: Transport = {
    name: 'ws',
    listen: async ({ host, port }) => {
      const listener: Listener = { name: 'ws', host, port: port + 1, close: async () => void closed.push(host) }
      return listener
    },
  }
  const handlers = {} as Handlers<OpenConnection>
  const root = await node.supervise(rootSpec(house, { host: 'localhost', port: 1, transport, handlers }))
  const children = await Supervisor.whichChildren(node, root)
  const names = ['histories_tree', 'guilds_tree', 'presences_tree', 'relays_tree', 'sessions_tree', 'gateway']
  t.same(children.map(([id]) => id).reverse(), names)
  const guilds = await Supervisor.whichChildren(node, 'guilds_tree')
  t.same(guilds.map(([id]) => id).reverse(), ['guilds_registry', 'guilds_actors', 'guilds'])
  const address = await node.call<{ call: { address(): object } }, 'address'>(GATEWAY_LISTENER, 'address')
  t.same(address, { host: 'localhost', port: 2 })
  await node.shutdown()
  t.same(closed, ['localhost'])
})

t.test('each part of the tree can crash without the others', async (t) => {
  await using chat = await startChat()
  const alice = await chat.account('alice')
  const guild = await chat.guild([alice])
  const client = await new GatewayClient(chat.house, alice).login(CHAT, 1)
  const parts = [
    'guilds',
    'guilds_actors',
    'guilds_registry',
    'relays_registry',
    'presences_actors',
    'histories_actors',
  ]
  for (const [index, part] of parts.entries()) {
    const before = chat.node.whereis(part)!
    chat.node.exit(before, 'kill')
    await chat.say(alice, guild.channelId, [part])
    await client.untilEvent('MESSAGE_CREATE', index + 1)
    t.not(chat.node.whereis(part), before, `${part} was started again`)
    t.ok(await find(chat.node, chat.house, GUILDS, guild.id))
  }
  t.same(client.contents(), parts)
  t.equal(client.closeCode, undefined)
})
