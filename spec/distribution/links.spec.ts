import t, { type Test } from 'tap'
import { controlFrame, TICK } from '../../lib/distribution/frames.ts'
import { Handshake, NONCE_BYTES } from '../../lib/distribution/handshake.ts'
import { distribute, type Socket, type SocketHandler } from '../../lib/distribution/index.ts'
import {
  type CallOptions,
  createNode,
  type Dest,
  type Exit,
  type GenServer,
  loop,
  type Name,
  noreply,
  ok,
  Pid,
} from '../../lib/index.ts'
import {
  HANDSHAKE_MS,
  HANDSHAKES_PENDING,
  LINK_CLOSE_MS,
  NAME_PROBE_MS,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  TICK_INTERVAL_MS,
  TICKS_MISSED,
} from '../../lib/internal/limits.ts'
import { quiet } from '../../lib/testing/index.ts'
import { abroad, Ear, join, type Member, ofType, SECRET } from './members.ts'
import { MemoryNetwork } from './memory-network.ts'

const ports = { 'a@h': 1, 'b@h': 2, 'c@h': 3 }

/** Everything that can happen without the clock, in the order that `random` chooses. */
async function settle(network: MemoryNetwork, random: (bound: number) => number = () => 0): Promise<void> {
  for (let idle = 0; idle < 3; ) {
    idle = network.step(random) ? 0 : idle + 1
    await quiet()
  }
}

interface Asked {
  state: number
  call: { ask(): number }
  cast: { fill(text: string): void }
}

/** Why a call failed. */
function asked({ node }: Member, to: Dest<Asked>, options?: CallOptions): Promise<unknown> {
  return node.call(to, 'ask', undefined, options).then(
    () => 'answered',
    (error: Exit) => error.reason,
  )
}

async function pair(t: Test, network: MemoryNetwork, options = {}): Promise<[Member, Member]> {
  const a = await join(network, 'a@h', ports, [], options)
  const b = await join(network, 'b@h', ports, ['a@h'], options)
  for (const { node } of [a, b]) t.teardown(() => node.kill())
  network.manual = true
  await settle(network)
  t.strictSame([a.seen, b.seen], [['+b@h'], ['+a@h']])
  return [a, b]
}

/** One who speaks the protocol by hand. */
class Stranger implements SocketHandler {
  readonly #handshake: Handshake
  readonly #socket: Socket
  readonly got: Uint8Array[] = []
  isClosed = false
  hasPassed = false

  constructor(network: MemoryNetwork, name: string, creation = 77, secret = SECRET, port = 1) {
    this.#handshake = new Handshake({
      role: 'initiator',
      self: { name, creation },
      secret: Buffer.from(secret),
      nonce: new Uint8Array(NONCE_BYTES).fill(creation),
    })
    this.#socket = network.connect('memory', port, this)
  }

  opened(): void {
    this.#socket.write(this.#handshake.open())
  }

  data(bytes: Uint8Array): void {
    if (this.hasPassed) return void this.got.push(bytes)
    const verdict = this.#handshake.push(bytes)
    if (verdict.send !== undefined) this.#socket.write(verdict.send)
    this.hasPassed = verdict.state === 'passed'
  }

  closed(): void {
    this.isClosed = true
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  stall(): void {
    ;(this.#socket as unknown as { isStalled: boolean }).isStalled = true
  }
}

t.test('nodes that connect to each other at once keep one connection, whatever comes first', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    let state = seed
    const random = (bound: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % bound
    }
    const network = new MemoryNetwork()
    network.manual = true
    const a = await join(network, 'a@h', ports, ['b@h'])
    const b = await join(network, 'b@h', ports, ['a@h'])
    await settle(network, random)
    for (let round = 0; round < 3 && network.connections === 0; round++) {
      for (const { host } of [a, b]) host.advance(HANDSHAKE_MS + RECONNECT_MAX_MS)
      await settle(network, random)
    }
    const seen = JSON.stringify([a.seen, b.seen, network.connections])
    if (seen !== '[["+b@h"],["+a@h"],1]') t.fail(`seed ${seed}: ${seen}`)
    a.node.kill()
    b.node.kill()
  }
  t.pass('60 orders')
})

t.test('of two connections at once, the one that the greater name began is kept', async (t) => {
  const network = new MemoryNetwork()
  network.manual = true
  const a = await join(network, 'a@h', ports, ['b@h'])
  const b = await join(network, 'b@h', ports, ['a@h'])
  t.teardown(() => a.node.kill())
  t.teardown(() => b.node.kill())
  while (network.round()) await quiet() // both make the same progress
  t.strictSame([a.seen, b.seen, network.connections], [['+b@h'], ['+a@h'], 1])
  const kept = network.sockets.filter((socket) => !socket.isClosed && socket.remote !== 'the initiator')
  t.strictSame(
    kept.map((socket) => socket.remote),
    ['memory:1'],
    'the one to a',
  )
})

t.test('a node that is idle sends ticks, and one that is silent is cut', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  for (let i = 0; i < 3 * TICKS_MISSED; i++) {
    for (const { host } of [a, b]) host.advance(TICK_INTERVAL_MS)
    await settle(network)
  }
  t.strictSame([a.seen, b.seen], [['+b@h'], ['+a@h']], 'ticks keep it alive')
  t.strictSame(a.distribution.nodes(), ['b@h'])
  network.stall()
  a.host.advance(TICK_INTERVAL_MS * (TICKS_MISSED + 1))
  await quiet()
  t.strictSame(a.seen, ['+b@h', '-b@h'])
  t.match(a.reports.at(-1), { label: ['distribution', 'nodedown'], details: { reason: /peer_silent/ } })
})

t.test('a node that was asleep looks at what has arrived before it judges', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  b.host.advance(TICK_INTERVAL_MS * 2) // b's ticks are on the way
  a.host.stall(TICK_INTERVAL_MS * 100) // a's clock has gone on without a
  a.host.advance(0)
  await settle(network)
  a.host.advance(TICK_INTERVAL_MS)
  await settle(network)
  t.strictSame(a.seen, ['+b@h'])
})

t.test('a call to a node that does not keep up is busy, and one far behind is cut', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await pair(t, network, { softBytes: 10_000, hardBytes: 200_000 })
  const to: Name<Asked> = { name: 'nobody', node: 'b@h' }
  const ear = await Ear.open(a.node)
  const ref = ear.context.monitor(new Pid({ name: 'b@h', creation: 1 }, 1))
  await ear.take(ofType('DOWN')) // an earlier start of b
  network.stall()
  a.node.cast(to, 'fill', 'x'.repeat(5000))
  await quiet()
  const waiting = asked(a, to)
  a.node.cast(to, 'fill', 'x'.repeat(9000))
  t.strictSame(await asked(a, to), ['busy', ['gen_server', 'call', [to, 'ask']]])
  t.ok(ref)
  t.strictSame(a.distribution.nodes(), ['b@h'])
  for (let i = 0; i < 50; i++) a.node.cast(to, 'fill', 'x'.repeat(5000))
  await quiet()
  t.strictSame(a.seen, ['+b@h', '-b@h'])
  t.strictSame(
    await waiting,
    [
      ['nodedown', 'b@h'],
      ['gen_server', 'call', [to, 'ask']],
    ],
    'a call across it fails',
  )
  t.match(a.reports.at(-1), { details: { reason: /link_overflow/ } })
})

t.test('what waits for a connection is bounded, too', async (t) => {
  const network = new MemoryNetwork()
  network.manual = true
  const a = await join(network, 'a@h', ports, ['b@h'], { softBytes: 10_000, hardBytes: 50_000 })
  t.teardown(() => a.node.kill())
  const to: Name<Asked> = { name: 'nobody', node: 'b@h' }
  for (let i = 0; i < 3; i++) a.node.cast(to, 'fill', 'x'.repeat(5000))
  t.strictSame(await asked(a, to), ['busy', ['gen_server', 'call', [to, 'ask']]])
  const ear = await Ear.open(a.node)
  ear.context.monitor(to)
  for (let i = 0; i < 10; i++) a.node.cast(to, 'fill', 'x'.repeat(5000))
  t.match(await ear.take(), { type: 'DOWN', reason: 'noconnection' })
  t.match(await asked(a, to), [['nodedown', 'b@h']])
})

t.test('a connection that cannot be made is tried again, later and later', async (t) => {
  const network = new MemoryNetwork()
  const a = await join(network, 'a@h', ports, ['b@h'])
  t.teardown(() => a.node.kill())
  const to: Name<Asked> = { name: 'nobody', node: 'b@h' }
  const pending = asked(a, to)
  await quiet()
  t.strictSame(
    await pending,
    [
      ['nodedown', 'b@h'],
      ['gen_server', 'call', [to, 'ask']],
    ],
    'a call that waited for it',
  )
  t.strictSame(a.seen, [], 'a node that was never there does not go down')
  const ear = await Ear.open(a.node)
  ear.context.trapExit(true)
  ear.context.link(new Pid({ name: 'b@h', creation: 3 }, 1))
  t.match(await ear.take(), { type: 'EXIT', reason: 'noconnection' }, 'a link to it, while it rests')
  ear.context.monitor(to)
  t.match(await ear.take(), { type: 'DOWN', reason: 'noconnection' })

  const waits: number[] = []
  for (let i = 0; i < 12; i++) {
    const tried = network.sockets.length
    const before = a.host.now
    while (network.sockets.length === tried) a.host.advance(10)
    waits.push(a.host.now - before)
    await quiet()
  }
  t.ok(waits[0]! <= RECONNECT_MIN_MS * 2 + 10, `${waits}`)
  t.ok(waits.every((wait) => wait >= RECONNECT_MIN_MS / 2 && wait <= RECONNECT_MAX_MS + 10))
  t.ok(waits.at(-1)! >= RECONNECT_MAX_MS / 2)
  t.equal(a.reports.length, 1, 'and reported once')

  const b = await join(network, 'b@h', ports, [])
  t.teardown(() => b.node.kill())
  a.host.advance(RECONNECT_MAX_MS)
  await quiet()
  t.strictSame(a.seen, ['+b@h'])
})

t.test('a node of the list is connected again when it is needed, and by itself', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  const b2 = abroad(b.node.spawn(loop((message) => b.seen.push(String(message)), 0)))
  t.ok(b.distribution.disconnect('a@h'))
  await settle(network)
  t.strictSame(
    [a.seen, b.seen],
    [
      ['+b@h', '-b@h'],
      ['+a@h', '-a@h'],
    ],
  )
  t.notOk(b.distribution.disconnect('a@h'), 'there is none to close')
  b.node.send({ name: 'nobody', node: 'a@h' }, 'needs a connection')
  await settle(network)
  t.strictSame([a.seen.at(-1), b.seen.at(-1)], ['+b@h', '+a@h'])
  a.node.send(b2, 'again')
  await settle(network)
  t.equal(b.seen.at(-1), 'again', 'and its pids are good')

  b.distribution.disconnect('a@h')
  await settle(network)
  t.equal(b.seen.at(-1), '-a@h')
  b.host.advance(RECONNECT_MIN_MS)
  await settle(network)
  t.equal(b.seen.at(-1), '+a@h')
})

t.test('a node that is started anew takes the place of its predecessor, whose pids are dead', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  const old = abroad(b.node.spawn(loop(() => 0, 0)))
  const ear = await Ear.open(a.node)
  ear.context.trapExit(true)
  ear.context.link(old)
  ear.context.monitor(old)
  await settle(network)
  // The old one is gone without a word: its end of the connection is still there, but silent.
  network.stall()
  await b.distribution.close()
  const again = await join(network, 'b@h', ports, ['a@h'])
  t.teardown(() => again.node.kill())
  await settle(network)
  t.strictSame(a.seen, ['+b@h'], 'it might be another node of the same name')
  a.host.advance(NAME_PROBE_MS)
  await settle(network)
  t.strictSame(a.seen, ['+b@h', '-b@h', '+b@h'], 'down before up')
  t.match(await ear.take(ofType('EXIT')), { reason: 'noconnection' })
  t.match(await ear.take(ofType('DOWN')), { reason: 'noconnection' })

  const stale = abroad(old as Pid<Asked>)
  const now = abroad(again.node.spawn(loop((message) => again.seen.push(String(message)), 0)))
  a.node.send(stale, 'to the old one')
  a.node.send(now, 'to the new one')
  ear.context.link(stale)
  ear.context.monitor(stale)
  const call = asked(a, stale)
  await settle(network)
  t.strictSame(again.seen.slice(1), ['to the new one'])
  t.match(await ear.take(ofType('EXIT')), { reason: 'noproc' })
  t.match(await ear.take(ofType('DOWN')), { reason: 'noproc' })
  t.match(await call, ['noproc'])
})

t.test('the pids of its own earlier start are dead to a node', async (t) => {
  const network = new MemoryNetwork()
  const a = await join(network, 'a@h', ports, [])
  t.teardown(() => a.node.kill())
  const stale = new Pid<Asked>({ name: 'a@h', creation: 5 }, 1)
  const ear = await Ear.open(a.node)
  ear.context.trapExit(true)
  a.node.send(stale, 'dropped')
  ear.context.link(stale)
  t.match(await ear.take(), { type: 'EXIT', reason: 'noproc' })
  ear.context.monitor(stale)
  t.match(await ear.take(), { type: 'DOWN', reason: 'noproc' })
  t.match(await asked(a, stale), ['noproc'])
})

t.test('a second node of the same name is refused while the first answers', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  const second = new Stranger(network, 'b@h', 99)
  await settle(network)
  t.ok(second.isClosed)
  t.notOk(second.hasPassed)
  t.strictSame([a.seen, b.seen], [['+b@h'], ['+a@h']])
  const own = new Stranger(network, 'a@h', 99)
  await settle(network)
  t.ok(own.isClosed, 'nor one with the name of the node itself')
  t.match(a.reports.at(-1)?.details.reason, /node_name_taken/)
})

t.test('whoever does not know the secret gets nowhere', async (t) => {
  const network = new MemoryNetwork()
  const a = await join(network, 'a@h', ports, [])
  const b = await join(network, 'b@h', ports, ['a@h'], { secret: 'some other secret text' })
  t.teardown(() => a.node.kill())
  t.teardown(() => b.node.kill())
  const pending = asked(b, { name: 'x', node: 'a@h' })
  await quiet()
  await quiet()
  t.match(await pending, [['nodedown', 'a@h']])
  t.strictSame([a.seen, b.seen], [[], []])
  t.match(a.reports, [{ label: ['distribution', 'connection_refused'], details: { reason: /wrong_secret/ } }])
  t.match(b.reports, [{ label: ['distribution', 'connect_failed'], details: { reason: /wrong_secret/ } }])
})

t.test('a peer that is slow in the handshake is cut in time', async (t) => {
  const network = new MemoryNetwork()
  const a = await join(network, 'a@h', ports, [])
  t.teardown(() => a.node.kill())
  let closed = 0
  const silent = { opened: () => {}, data: () => {}, closed: () => closed++ }
  const socket = network.connect('memory', 1, silent)
  await quiet()
  const hello = new Handshake({
    role: 'initiator',
    self: { name: 'x@h', creation: 1 },
    secret: Buffer.from(SECRET),
    nonce: new Uint8Array(NONCE_BYTES),
  }).open()
  for (const byte of hello.subarray(0, 40)) {
    socket.write(Uint8Array.of(byte))
    a.host.advance(HANDSHAKE_MS / 41)
    await quiet()
  }
  t.equal(closed, 0)
  a.host.advance(HANDSHAKE_MS / 41 + 1)
  await quiet()
  t.equal(closed, 1, 'a byte now and then gains no time')
})

t.test('of too many that are in the handshake, the oldest give way', async (t) => {
  const network = new MemoryNetwork()
  const a = await join(network, 'a@h', ports, [])
  t.teardown(() => a.node.kill())
  const closed = new Set<number>()
  for (let i = 0; i < HANDSHAKES_PENDING * 2; i++) {
    network.connect('memory', 1, { opened: () => {}, data: () => {}, closed: () => closed.add(i) })
  }
  await quiet()
  t.equal(closed.size, HANDSHAKES_PENDING)
  t.ok([...closed].every((i) => i < HANDSHAKES_PENDING))
  const honest = new Stranger(network, 'x@h')
  await quiet()
  await quiet()
  t.ok(honest.hasPassed)
  t.strictSame(a.seen, ['+x@h'])
})

t.test('a node that sends what no node sends is cut, and nothing else is disturbed', async (t) => {
  const network = new MemoryNetwork()
  const a = await join(network, 'a@h', ports, [])
  const b = await join(network, 'b@h', ports, ['a@h'])
  t.teardown(() => a.node.kill())
  t.teardown(() => b.node.kill())
  await quiet()
  await quiet()
  const frames: [string, Uint8Array, RegExp][] = [
    ['garbage', Uint8Array.of(0, 0, 0, 3, 0xc1, 0xc1, 0xc1), /bad_frame/],
    ['a signal that does not exist', Uint8Array.of(0, 0, 0, 4, 0x91, 0x92, 99, 1), /bad_signal/],
    ['a frame that is too large', Uint8Array.of(0x7f, 0, 0, 0), /frame_too_large/],
  ]
  for (const [name, bytes, reason] of frames) {
    const stranger = new Stranger(network, 'x@h')
    await quiet()
    await quiet()
    t.ok(stranger.hasPassed)
    stranger.write(controlFrame(TICK))
    stranger.write(bytes)
    await quiet()
    t.ok(stranger.isClosed, name)
    t.match(a.reports.at(-1)?.details.reason, reason)
  }
  t.strictSame(a.distribution.nodes(), ['b@h'])
})

t.test('a term that was changed after it was sent so that it cannot travel ends the connection', async (t) => {
  const network = new MemoryNetwork()
  const [a] = await pair(t, network)
  const term: Record<string, unknown> = { good: true }
  a.node.send({ name: 'x', node: 'b@h' }, term)
  term.bad = Symbol('bad')
  await settle(network)
  t.equal(a.seen[1], '-b@h')
  t.match(a.reports.at(-1)?.details.reason, /unencodable/)
})

t.test('closing writes what waits, and leaves a node by itself', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  const ear = await Ear.open(a.node)
  b.node.send(abroad(ear.context.self), 'last words')
  void b.distribution.close()
  await settle(network)
  t.equal(await ear.take(), 'last words')
  t.strictSame([a.seen.at(-1), b.seen.at(-1)], ['-b@h', '-a@h'])
  t.strictSame(b.distribution.nodes(), [])
  t.match(await asked(b, { name: 'x', node: 'a@h' }), [['nodedown', 'a@h']])
  t.equal(b.distribution.close(), b.distribution.close(), 'closing again does nothing')
  const again = await distribute(b.node, { listen: { host: 'memory', port: 2 }, secret: SECRET, transport: network })
  await again.close()
})

t.test('a node that is killed tells the others, and holds nothing open', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  const ear = await Ear.open(a.node)
  ear.context.monitor(abroad(b.node.spawn(loop(() => 0, 0))))
  await settle(network)
  b.node.kill()
  await settle(network)
  t.match(await ear.take(), { type: 'DOWN', reason: 'killed' })
  t.equal(a.seen.at(-1), '-b@h')
  t.equal(network.connections, 0)
})

t.test('a node that is killed does not wait long for one that does not read', async (t) => {
  const network = new MemoryNetwork()
  const [, b] = await pair(t, network)
  network.stall()
  b.node.send({ name: 'nobody', node: 'a@h' }, 'never read')
  b.node.kill()
  await quiet()
  t.equal(network.connections, 1)
  b.host.advance(LINK_CLOSE_MS)
  t.equal(network.connections, 0)
  await quiet()
  t.equal(b.host.nextDue, undefined, 'nothing keeps the clock of the dead node going')
})

t.test('what cannot be distributed', async (t) => {
  const network = new MemoryNetwork()
  const listen = { host: 'memory', port: 1 }
  const options = { listen, secret: SECRET, transport: network }
  const node = createNode({ name: 'a@h', reporter: () => {} })
  t.teardown(() => node.kill())
  await t.rejects(distribute(createNode(), options), { code: 'badarg' }, 'a node without a name')
  await t.rejects(distribute(node, { ...options, secret: 'short' }), { code: 'weak_secret' })
  await t.rejects(distribute(node, { ...options, peers: [{ name: 'b@h', host: 'x', port: 0 }] }), { code: 'badarg' })
  const distribution = await distribute(node, options)
  await t.rejects(distribute(node, { ...options, listen: { host: 'memory', port: 2 } }), { code: 'badarg' })
  const other = createNode({ name: 'b@h', reporter: () => {} })
  await t.rejects(distribute(other, options), { code: 'port_in_use' })
  await (await distribute(other, { ...options, listen: { host: 'memory', port: 2 } })).close()
  t.equal(distribution.port, 1)
  t.notMatch(JSON.stringify(distribution), SECRET)
})

t.test('servers on other nodes keep no trace of calls that are settled', async (t) => {
  const network = new MemoryNetwork()
  const [a, b] = await pair(t, network)
  const Silent: GenServer<Asked> = {
    init: () => ok(0),
    handleCall: { ask: () => noreply(0) },
    handleCast: { fill: () => noreply(0) },
  }
  const server = await b.node.start(Silent, [])
  const process = b.node.processOf(server.id)!
  const late = asked(a, abroad(server), { timeout: 50 })
  await settle(network)
  t.ok(process.calls, 'it is waited for')
  a.host.advance(100)
  t.match(await late, ['timeout'])
  await settle(network)
  t.equal(process.calls, undefined, 'the caller waits no more')
  const lost = asked(a, abroad(server))
  await settle(network)
  t.ok(process.calls)
  network.cut()
  await settle(network)
  t.match(await lost, [['nodedown', 'b@h']])
  t.equal(process.calls, undefined, 'the node of the caller is gone')
})
