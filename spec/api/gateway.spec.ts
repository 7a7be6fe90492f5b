import { once } from 'node:events'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { Account } from '../support/chat.ts'
import { type Server, startServer, transports } from './server.ts'

/** The gateway over real sockets, and what it says to clients that break its rules. */
for (const transport of transports()) {
  t.test(`the gateway on ${transport.name}`, async (t) => {
    await using server = await startServer(transport)
    const { chat } = server
    const alice = await chat.account('alice')
    const guild = await chat.guild([alice])

    await t.test('a session: identified, told of its guild, cut, resumed', async (t) => {
      const first = await Client.open(server)
      t.match(await first.next(10), { d: { heartbeat_interval: 41_250 }, s: null, t: null })
      first.send(1, null)
      await first.next(11)
      first.identify(alice)
      const ready = await first.next(0, 'READY')
      t.match(ready, { s: 1, d: { v: 10, user: { username: 'alice' }, guilds: [{ id: guild.id, unavailable: true }] } })
      t.match(ready.d.resume_gateway_url, `ws://127.0.0.1:${server.port}`)
      t.match(await first.next(0, 'GUILD_CREATE'), { s: 2, d: { id: guild.id, unavailable: false } })
      first.socket.terminate()
      await chat.say(alice, guild.channelId, ['while away'])
      const second = await Client.open(server)
      second.send(6, { token: alice.token, session_id: ready.d.session_id, seq: 2 })
      t.match(await second.next(0), { s: 3, t: 'MESSAGE_CREATE', d: { content: 'while away' } })
      t.match(await second.next(0), { s: 4, t: 'RESUMED' })
      second.socket.terminate()
      const third = await Client.open(server)
      third.send(6, { token: `Bot ${alice.token}`, session_id: ready.d.session_id, seq: 4 })
      t.match(await third.next(0), { t: 'RESUMED' }, 'a token as some libraries send it')
      third.socket.close(1000)
    })

    await t.test('what breaks the rules is closed with its code, and nobody else is disturbed', async (t) => {
      const bystander = await Client.open(server)
      bystander.identify(alice)
      await bystander.next(0, 'GUILD_CREATE')
      const identify = identifyOf(alice)
      const malformed: readonly [what: string, frames: readonly (string | object)[], code: number][] = [
        ['an unknown opcode', [{ op: 99 }], 4001],
        ['an opcode of servers', [{ op: 10 }], 4001],
        ['malformed JSON', ['{"op":'], 4002],
        ['an opcode that is no number', [{ op: '1' }], 4002],
        ['a frame of more than 4096 bytes', [{ op: 1, d: 'x'.repeat(4096) }], 4002],
        ['IDENTIFY without a token', [{ op: 2, d: { ...identify.d, token: undefined } }], 4002],
        ['IDENTIFY with intents of text', [{ op: 2, d: { ...identify.d, intents: 'all' } }], 4002],
        ['a presence before IDENTIFY', [{ op: 3, d: { status: 'online', activities: [] } }], 4003],
        ['a wrong token', [{ op: 2, d: { ...identify.d, token: 'wrong' } }], 4004],
        ['a second IDENTIFY', [identifyOf(await chat.account('bob')), identify], 4005],
        ['a malformed presence', [identifyOf(await chat.account('bob')), { op: 3, d: { status: 'asleep' } }], 4002],
        ['a shard that cannot be', [{ op: 2, d: { ...identify.d, shard: [2, 2] } }], 4010],
        ['a shard below none', [{ op: 2, d: { ...identify.d, shard: [-1, 2] } }], 4010],
        ['intents below none', [{ op: 2, d: { ...identify.d, intents: -1 } }], 4013],
        ['intents that are not there', [{ op: 2, d: { ...identify.d, intents: 2 ** 40 } }], 4013],
        ['121 frames in a minute', Array.from({ length: 121 }, () => ({ op: 1, d: null })), 4008],
      ]
      for (const [what, frames, code] of malformed) {
        const client = await Client.open(server)
        for (const frame of frames) client.text(typeof frame === 'string' ? frame : JSON.stringify(frame))
        t.equal(await client.closed, code, what)
      }
      t.equal(await (await Client.open(server, '?v=12&encoding=json')).closed, 4012, 'a version that is not spoken')
      await t.rejects(Client.open(server, '?v=10&encoding=etf'), { message: /400/ }, 'an encoding that is not spoken')
      const unknown = await Client.open(server)
      unknown.send(6, { token: alice.token, session_id: 'nothing', seq: 1 })
      t.equal((await unknown.next(9)).d, false, 'a session that is not there')

      const [sent] = await chat.say(alice, guild.channelId, ['still there?'])
      t.match(await bystander.next(0, 'MESSAGE_CREATE'), { d: { id: sent!.id } })
    })
    t.same(
      chat.reports.filter(({ level }) => level === 'error'),
      [],
      'nothing of this was a defect',
    )
  })

  t.test(`a heartbeat that is missed, on ${transport.name}`, async (t) => {
    await using server = await startServer(transport, { heartbeatMs: 50, heartbeatGraceMs: 50 })
    const silent = await Client.open(server)
    t.equal((await silent.next(10)).d.heartbeat_interval, 50)
    t.equal(await silent.closed, 4009)
  })

  t.test(`a node that is shut down tells its clients, on ${transport.name}`, (t) => shutDown(t, startServer(transport)))
}

async function shutDown(t: Test, starting: Promise<Server>): Promise<void> {
  await using server = await starting
  const client = await Client.open(server)
  client.identify(await server.chat.account('alice'))
  await client.next(0, 'READY')
  const stopped = server.chat.node.shutdown()
  t.equal((await client.next(7)).d, null)
  t.equal(await client.closed, 1012)
  await stopped
}

interface Frame {
  readonly op: number
  readonly t: string | null
  readonly s: number | null
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent
  readonly d: any
}

/** A client that says what it is told. */
class Client {
  readonly socket: WebSocket
  /** The code that the socket was closed with. */
  readonly closed: Promise<number>
  readonly #frames: Frame[] = []
  #hear: () => void = () => {}

  /** Resolves when the socket is open; rejects when it is refused. */
  static async open({ port }: Server, query = '?v=10&encoding=json'): Promise<Client> {
    const client = new Client(new WebSocket(`ws://127.0.0.1:${port}/${query}`))
    await once(client.socket, 'open')
    client.socket.on('error', () => {})
    return client
  }

  private constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('message', (data) => {
      this.#frames.push(JSON.parse(String(data)))
      this.#hear()
    })
  }

  /** The next frame of this opcode, and of this event; those before it are dropped. */
  async next(op: number, event?: string): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame === undefined) {
        await new Promise<void>((resolve) => {
          this.#hear = resolve
        })
      } else if (frame.op === op && (event === undefined || frame.t === event)) return frame
    }
  }

  text(text: string): void {
    this.socket.send(text)
  }

  send(op: number, d: unknown): void {
    this.text(JSON.stringify({ op, d }))
  }

  identify(account: Account): void {
    this.text(JSON.stringify(identifyOf(account)))
  }
}

function identifyOf({ token }: Account) {
  return { op: 2, d: { token, intents: 1 | (1 << 9) | (1 << 15), properties: { os: 'linux' } } }
}
