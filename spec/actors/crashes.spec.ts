import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { GUILDS } from '../../actors/guild-protocol.ts'
import type { House } from '../../actors/house.ts'
import { Intent } from '../../actors/intents.ts'
import { PRESENCES } from '../../actors/presence.ts'
import { RELAYS } from '../../actors/relay.ts'
import { find, type Kind } from '../../actors/routing.ts'
import { type Chat, startChat } from '../support/chat.ts'
import { GatewayClient } from '../support/gateway-client.ts'

const CHAT = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT

type Step =
  | { readonly do: 'say'; readonly count: number }
  | { readonly do: 'kill guild' | 'kill presence' }
  | { readonly do: 'kill relay' | 'cut socket' | 'resume' | 'acknowledge'; readonly who: 0 | 1 }
  | { readonly do: 'cut cable' }
  | { readonly do: 'wait'; readonly turns: number }

const who = fc.constantFrom(0 as const, 1 as const)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('say' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill guild' as const, 'kill presence' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('kill relay' as const, 'cut socket' as const, 'resume' as const, 'acknowledge' as const),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut cable' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 20 }) }) },
)

/** A run of the chat on two nodes, with a client on each; guild and storage are on the first. */
class Run {
  readonly #chat: Chat
  readonly #clients: readonly [GatewayClient, GatewayClient]
  readonly #guild: { readonly id: string; readonly channelId: string }
  readonly #sending: Promise<readonly { readonly id: string }[]>[] = []
  #said = 0

  constructor(chat: Chat, clients: readonly [GatewayClient, GatewayClient], guild: { id: string; channelId: string }) {
    this.#chat = chat
    this.#clients = clients
    this.#guild = guild
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'say':
        return this.#say(step.count)
      case 'kill guild':
        return this.#kill(GUILDS, this.#guild.id, this.#chat.house)
      case 'kill presence':
        return this.#kill(PRESENCES, this.#clients[1].account.user.id, this.#chat.house)
      case 'kill relay':
        return this.#kill(RELAYS, this.#guild.id, this.#chat.houses[step.who]!)
      case 'cut socket':
        return this.#clients[step.who].cut()
      case 'resume':
        return this.#resume(step.who)
      case 'acknowledge':
        return this.#clients[step.who].send(1, this.#clients[step.who].sequence)
      case 'cut cable':
        this.#chat.cable.cut()
        return this.#chat.cable.mend()
      case 'wait':
        for (let turn = 0; turn < step.turns; turn++) await new Promise(setImmediate)
    }
  }

  /** What was acknowledged, once a last message has come to everybody. */
  async end(): Promise<readonly string[]> {
    const acknowledged = (await Promise.all(this.#sending)).flat()
    const [last] = await this.#chat.say(this.#clients[0].account, this.#guild.channelId, ['last'])
    await Promise.all([this.#catchUp(0), this.#catchUp(1)])
    return [...acknowledged, last!].map(({ id }) => id).sort()
  }

  /** As a client does: comes back as often as it is thrown out, for instance while the storage cannot be reached. */
  async #catchUp(index: 0 | 1): Promise<void> {
    const client = this.#clients[index]
    const isDone = () => client.contents().includes('last')
    while (!isDone()) {
      this.#resume(index)
      await client.until(() => isDone() || client.closeCode !== undefined)
      await setTimeout(10)
    }
  }

  /** All is said from the first node: the second one's way to the guild may be cut. */
  #say(count: number): void {
    const contents = Array.from({ length: count }, () => String(this.#said++))
    const author = this.#clients[this.#said % 2]!.account
    const { house } = this.#chat
    this.#sending.push(
      Promise.all(contents.map((content) => this.#chat.sayAt(house, author, this.#guild.channelId, content))),
    )
  }

  /** One that does not run, or whose node cannot be asked, is as good as killed. */
  async #kill(kind: Kind, key: string, house: House): Promise<void> {
    const pid = await find(house.node, house, kind, key).catch(() => null)
    if (pid !== null) house.node.exit(pid, 'kill')
  }

  #resume(index: 0 | 1): void {
    const client = this.#clients[index]
    if (client.closeCode === undefined) return
    client.connect()
    client.resume()
  }
}

t.test('whatever crashes, what is acknowledged comes to everybody once and in order', async (t) => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
    await using chat = await startChat({ nodes: 2 })
    const accounts = [await chat.account('alice'), await chat.account('bob')] as const
    const guild = await chat.guild(accounts)
    const clients = [
      await new GatewayClient(chat.houses[0]!, accounts[0]).login(CHAT, 1),
      await new GatewayClient(chat.houses[1]!, accounts[1]).login(CHAT, 1),
    ] as const
    const run = new Run(chat, clients, guild)
    for (const step of steps) await run.take(step)
    const acknowledged = await run.end()
    for (const client of clients) {
      const got = client.of('MESSAGE_CREATE').map(({ d }) => d.id)
      if (got.join() !== acknowledged.join())
        throw new Error(`${client.account.user.username} got ${client.contents()}`)
      const numbered = client.frames.flatMap(({ s }) => s ?? [])
      if (numbered.some((s, index) => s !== index + 1)) throw new Error(`numbered ${numbered}`)
      const away = client.of('GUILD_DELETE').length
      if (client.of('GUILD_CREATE').length !== away + 1) throw new Error('it went away and did not come back')
    }
  })
  await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 60_000, endOnFailure: true })
  t.pass()
})
