import t from 'tap'
import { acceptInvite, createGuild, createInvite, createMessage, guildChannels } from '../../actors/guild-client.ts'
import { type Chat, startChat } from '../support/chat.ts'
import { GatewayClient } from '../support/gateway-client.ts'

t.test('a message reaches the sessions of both nodes, once and in order', async (t) => {
  await using chat = await startChat({ nodes: 2 })
  const [alice, bob] = [await chat.account('alice'), await chat.account('bob')]
  const [one, two] = chat.houses as [Chat['house'], Chat['house']]
  const guild = await createGuild(one.node, one, alice.user.id, { name: 'tea' })
  const [channel] = await guildChannels(one.node, one, alice.user.id, guild.id)
  const invite = await createInvite(two.node, two, alice.user.id, channel!.id, {
    maxAge: 0,
    maxUses: 0,
    temporary: false,
  })
  await acceptInvite(two.node, two, bob.user.id, invite.code)
  const a = await new GatewayClient(one, alice).login(INTENTS, 1)
  const b = await new GatewayClient(two, bob).login(INTENTS, 1)
  const sent = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      createMessage(i % 2 ? one.node : two.node, i % 2 ? one : two, alice.user.id, channel!.id, { content: `${i}` }),
    ),
  )
  await a.untilEvent('MESSAGE_CREATE', 50)
  await b.untilEvent('MESSAGE_CREATE', 50)
  t.same(a.contents(), b.contents())
  t.equal(new Set(a.contents()).size, 50)
  t.same(
    a.of('MESSAGE_CREATE').map((f) => f.d.id),
    [...sent].sort((x, y) => (x.id < y.id ? -1 : 1)).map((m) => m.id),
  )
})

const INTENTS = 0x1ffff
