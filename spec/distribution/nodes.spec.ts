import net from 'node:net'
import t, { type Test } from 'tap'
import { Handshake, NONCE_BYTES } from '../../lib/distribution/handshake.ts'
import { type DistributionOptions, distribute } from '../../lib/distribution/index.ts'
import {
  createNode,
  type DownMessage,
  type Exit,
  exit,
  type From,
  type GenServer,
  type Name,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  type Report,
  reply,
  stop,
  sys,
} from '../../lib/index.ts'
import { Ear, ofType, SECRET } from './members.ts'

/** Two nodes of one OS process, connected over TCP. */
interface Pair {
  readonly a: OtpNode
  readonly b: OtpNode
  readonly reports: Report[]
  /** Where a listens. */
  readonly port: number
  /** An ear on each. */
  readonly here: Ear
  readonly there: Ear
  cut(): void
  /** Resolves when everything that was sent either way before has arrived. */
  arrived(): Promise<void>
}

async function pair(t: Test, options: Partial<DistributionOptions> = {}): Promise<Pair> {
  const reports: Report[] = []
  const reporter = (report: Report) => reports.push(report)
  const a = createNode({ name: 'a@here', reporter })
  const b = createNode({ name: 'b@here', reporter })
  t.teardown(() => a.kill())
  t.teardown(() => b.kill())
  const [here, there, up] = await Promise.all([Ear.open(a), Ear.open(b), Ear.open(b)])
  a.register('ear', here.context.self)
  b.register('ear', there.context.self)
  up.context.monitorNodes(true)
  const listen = { host: '127.0.0.1', port: 0 }
  const first = await distribute(a, { listen, secret: SECRET, ...options })
  const peers = [{ name: a.name, host: first.host, port: first.port }]
  await distribute(b, { listen, secret: SECRET, peers, ...options })
  await up.take(ofType('nodeup'))
  let marks = 0
  const arrived = async () => {
    const mark = `mark ${marks++}`
    a.send({ name: 'ear', node: b.name }, mark)
    await there.take((message) => message === mark)
    b.send({ name: 'ear', node: a.name }, mark)
    await here.take((message) => message === mark)
  }
  return { a, b, reports, port: first.port, here, there, arrived, cut: () => first.disconnect(b.name) }
}

interface CounterApi {
  state: number
  init: [start: number]
  call: {
    add(request: { n: number }): number
    crash(): never
    silent(): number
    refuse(): number
    forward(to: Pid): string
    bad(): unknown
  }
  cast: { reset(): void; stop(reason: unknown): void }
}

const Counter: GenServer<CounterApi> = {
  init: (start) => ok(start),
  handleCall: {
    add: ({ n }, _from, count) => reply(count + n, count + n),
    crash() {
      throw new TypeError('crashed here')
    },
    silent: (_request, _from, count) => noreply(count),
    refuse: (_request, _from, count) => stop('refused', count),
    forward(to, from, count) {
      this.send(to, ['answer', from])
      return noreply(count)
    },
    bad: (_request, _from, count) => reply(() => 1, count),
  },
  handleCast: { reset: () => noreply(0), stop: (reason, count) => stop(reason, count) },
}

const counter: Name<CounterApi> = { name: 'counter', node: 'b@here' }
const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => t.fail('it did not fail'),
    (error: Exit) => error.reason,
  )

/** Has the ear of the other node send a pid over, so that this node has it as its own. */
async function sentOver({ b, here }: Pair, pid: Pid): Promise<Pid> {
  b.send({ name: 'ear', node: 'a@here' }, ['pid', pid])
  const [, got] = (await here.take((message) => Array.isArray(message) && message[0] === 'pid')) as [string, Pid]
  t.not(got, pid)
  return got
}

t.test('messages', async (t) => {
  const nodes = await pair(t)
  const { a, b, here, there } = nodes
  t.strictSame([a.nodes(), b.nodes()], [['b@here'], ['a@here']])
  const ear = await sentOver(nodes, there.context.self)
  t.equal(ear.node, 'b@here')
  here.context.send(ear, { from: here.context.self, text: 'hello' })
  const { from, text } = (await there.take()) as { from: Pid; text: string }
  t.equal(text, 'hello')
  there.context.send(from, 'back')
  t.equal(await here.take(), 'back')
  here.context.send(ear, ear)
  t.equal(await there.take(), there.context.self, 'a pid that comes home is the pid itself')

  here.context.send({ name: 'nobody', node: 'b@here' }, 'dropped')
  here.context.send({ name: 'nobody', node: 'c@here' }, 'dropped: there is no such node')
  b.exit(there.context.self, 'kill')
  here.context.send(ear, 'dropped: it has ended')
  t.throws(() => here.context.send(ear, { fun: () => 1 }), { code: 'unencodable' })
  t.throws(() => a.cast({ name: 'x', node: 'b@here' } as Name<CounterApi>, 'stop', Symbol('x')), {
    code: 'unencodable',
  })
})

t.test('calls and casts', async (t) => {
  const { a, b } = await pair(t)
  await b.start(Counter, [1], { name: 'counter' })
  t.equal(await a.call(counter, 'add', { n: 2 }), 3)
  a.cast(counter, 'reset')
  t.equal(await a.call(counter, 'add', { n: 5 }), 5, 'a cast before a call is handled before it')
  const many = await Promise.all(Array.from({ length: 1000 }, () => a.call(counter, 'add', { n: 1 })))
  t.strictSame(
    many,
    Array.from({ length: 1000 }, (_, i) => 6 + i),
    'in order',
  )
  t.equal(await sys.getState(a, counter), 1005, 'system requests, too')
  await sys.suspend(a, counter)
  t.match(await reasonOf(a.call(counter, 'add', { n: 1 }, { timeout: 20 })), ['timeout'])
  await sys.resume(a, counter)
  t.equal(await a.call(counter, 'add', { n: 0 }), 1006, 'a request that timed out was handled all the same')
})

t.test('calls that fail', async (t) => {
  const { a, b, here, arrived, cut } = await pair(t)
  const call = ['gen_server', 'call', [counter, 'silent']]
  t.strictSame(await reasonOf(a.call(counter, 'silent')), ['noproc', call])
  const unknown: Name<CounterApi> = { name: 'counter', node: 'c@here' }
  t.match(await reasonOf(a.call(unknown, 'silent')), [['nodedown', 'c@here']])
  t.match(await reasonOf(a.call(counter, 'forward', (() => 1) as never)), [{ code: 'unencodable' }])

  await b.start(Counter, [1], { name: 'counter' })
  t.strictSame(await reasonOf(a.call(counter, 'silent', undefined, { timeout: 10 })), [
    'timeout',
    ['gen_server', 'call', [counter, 'silent', 10]],
  ])
  const [error, at] = (await reasonOf(a.call(counter, 'crash'))) as [TypeError, unknown]
  t.ok(error instanceof TypeError, 'the reason that the server ended with')
  t.match(error.stack, /crash/)
  t.strictSame(at, ['gen_server', 'call', [counter, 'crash']])

  await b.start(Counter, [1], { name: 'counter' })
  t.match(await reasonOf(a.call(counter, 'refuse')), ['refused'])
  await b.start(Counter, [1], { name: 'counter' })
  t.match(await reasonOf(a.call(counter, 'bad')), [{ code: 'unencodable' }], 'a reply that cannot travel')
  t.equal(b.whereis('counter'), undefined, 'crashes the server that made it')

  await b.start(Counter, [1], { name: 'counter' })
  const pending = [reasonOf(a.call(counter, 'silent')), reasonOf(here.context.call(counter, 'silent'))]
  await arrived()
  cut()
  for (const reason of await Promise.all(pending)) t.strictSame(reason, [['nodedown', 'b@here'], call])
})

t.test('stop waits for the end of a server elsewhere', async (t) => {
  const { a, b } = await pair(t)
  await b.start(Counter, [1], { name: 'counter' })
  await a.stop(counter as never)
  t.equal(b.whereis('counter'), undefined)
  await b.start(Counter, [1], { name: 'counter' })
  await a.stop(counter as never, ['shutdown', { why: 'done' }])
  t.equal(await reasonOf(a.stop(counter as never)), 'noproc')
})

t.test('a request may be answered from another node', async (t) => {
  const nodes = await pair(t)
  const { a, b, here, there, arrived } = nodes
  await b.start(Counter, [1], { name: 'counter' })
  const answer = async (ear: Ear, value: string) => {
    const [, from] = (await ear.take((message) => Array.isArray(message) && message[0] === 'answer')) as [
      string,
      From<string>,
    ]
    ear.context.reply(from, value)
    ear.context.reply(from, 'a second answer')
  }
  // Caller a, server b, answered by a process of a: it comes home.
  const home = a.call(counter, 'forward', here.context.self)
  await answer(here, 'from home')
  t.equal(await home, 'from home')
  // Caller and server b, answered from a.
  const away = b.call({ name: 'counter' } as Name<CounterApi>, 'forward', await passedOver(nodes))
  await answer(here, 'from away')
  t.equal(await away, 'from away')
  await arrived()
  t.strictSame([here.heard, there.heard], [[], []], 'second answers vanish')

  const late = a.call(counter, 'forward', here.context.self, { timeout: 10 })
  const [, from] = (await here.take()) as [string, From<string>]
  t.match(await reasonOf(late), ['timeout'])
  here.context.reply(from, 'too late')
  await arrived()
  t.equal(b.processOf(b.whereis('counter')!.id)!.calls, undefined, 'and the server has nothing left to answer')
})

/** The pid of the ear on a, as b has it. */
async function passedOver({ a, here, there }: Pair): Promise<Pid> {
  a.send({ name: 'ear', node: 'b@here' }, ['pid', here.context.self])
  const [, pid] = (await there.take((message) => Array.isArray(message) && message[0] === 'pid')) as [string, Pid]
  return pid
}

t.test('a request is passed to a third node and answered there', async (t) => {
  const { a, b, port, here, arrived } = await pair(t)
  const c = createNode({ name: 'c@here', reporter: () => {} })
  t.teardown(() => c.kill())
  const ear = await Ear.open(c)
  ear.context.monitorNodes(true)
  const peers = [{ name: 'a@here', host: '127.0.0.1', port }]
  await distribute(c, { listen: { host: '127.0.0.1', port: 0 }, secret: SECRET, peers })
  await ear.take(ofType('nodeup'))
  t.strictSame(b.nodes(), ['a@here'], 'who knows one node does not know all')

  // The server on b passes the request to a process of a, which passes it on to c.
  await b.start(Counter, [1], { name: 'counter' })
  const answered = a.call(counter, 'forward', here.context.self)
  const [, from] = (await here.take()) as [string, From<string>]
  c.register('ear', ear.context.self)
  here.context.send({ name: 'ear', node: 'c@here' }, { from })
  const got = (await ear.take()) as { from: From<string> }
  ear.context.reply(got.from, 'from a third node')
  t.equal(await answered, 'from a third node')
  await arrived()
  t.equal(b.processOf(b.whereis('counter')!.id)!.calls, undefined, 'the server is told that it is answered')
})

t.test('exits and links', async (t) => {
  const nodes = await pair(t)
  const { a, b, here, there, arrived } = nodes
  here.context.trapExit(true)
  const spawned = () =>
    sentOver(
      nodes,
      b.spawn(function () {
        return this.receive((message) => {
          if (Array.isArray(message) && message[0] === 'exit') exit(message[1])
          return false
        })
      }),
    )

  const linked = await spawned()
  here.context.link(linked)
  here.context.link(linked)
  here.context.send(linked, ['exit', ['bye', 1]])
  t.match(await here.take(), { type: 'EXIT', from: linked, reason: ['bye', 1] })
  here.context.link(linked)
  t.match(await here.take(), { type: 'EXIT', from: linked, reason: 'noproc' }, 'a link to a process that has ended')

  const let_go = await spawned()
  here.context.link(let_go)
  here.context.unlink(let_go)
  here.context.send(let_go, ['exit', 'unnoticed'])
  await arrived()
  t.strictSame(here.heard, [], 'no exit of a link that was removed')

  const killed = await spawned()
  here.context.link(killed)
  here.context.exit(killed, 'kill')
  t.match(await here.take(), { type: 'EXIT', reason: 'killed' })
  const normal = await spawned()
  here.context.link(normal)
  here.context.exit(normal, 'normal')
  await arrived()
  t.ok(b.processOf(normal.id), 'normal does not end another process')
  here.context.exit(normal, { any: ['term'] })
  t.match(await here.take(), { type: 'EXIT', reason: { any: ['term'] } })

  const gone = await spawned()
  here.context.exit(gone, 'kill')
  await arrived()
  const dies = await Ear.open(a)
  const ref = here.context.monitor(dies.context.self)
  dies.context.link(gone)
  t.match(await here.take(), { ref, reason: 'noproc' }, 'who does not trap exits dies of it; link itself never throws')

  there.context.trapExit(true)
  there.context.link(await passedOver(nodes))
  await arrived()
  a.exit(here.context.self, 'kill')
  t.match(await there.take(), { type: 'EXIT', reason: 'killed' }, 'a link made from the other side')
})

t.test('a reason that cannot travel is described', async (t) => {
  const nodes = await pair(t)
  const { b, here } = nodes
  here.context.trapExit(true)
  const odd = await sentOver(
    nodes,
    b.spawn(async function () {
      await this.receive()
      exit({ of: [() => 1, 'x'] })
    }),
  )
  here.context.link(odd)
  here.context.monitor(odd)
  here.context.send(odd, 'go')
  const reason = ['unencodable', '#{of: {fun , x}}']
  t.match(await here.take(ofType('EXIT')), { reason })
  t.match(await here.take(ofType('DOWN')), { reason })
})

t.test('monitors', async (t) => {
  const nodes = await pair(t)
  const { a, b, here, arrived } = nodes
  const pid = await sentOver(nodes, await b.start(Counter, [1], { name: 'counter' }))
  const byPid = here.context.monitor(pid)
  const byName = here.context.monitor(counter, { tag: 'GONE' })
  const removed = here.context.monitor(pid)
  t.ok(here.context.demonitor(removed))
  await arrived()
  a.cast(counter, 'stop', 'done')
  const down = (await here.take(ofType('DOWN'))) as DownMessage
  t.strictSame([down.ref, down.object, down.reason], [byPid, pid, 'done'])
  const gone = (await here.take(ofType('GONE'))) as DownMessage
  t.strictSame([gone.ref, gone.object, gone.reason], [byName, { name: 'counter', node: 'b@here' }, 'done'])
  await arrived()
  t.strictSame(here.heard, [])
  t.notOk(here.context.demonitor(byPid), 'it has fired')

  here.context.monitor(pid)
  t.match(await here.take(), { type: 'DOWN', object: pid, reason: 'noproc' })
  here.context.monitor(counter)
  t.match(await here.take(), { type: 'DOWN', object: { name: 'counter', node: 'b@here' }, reason: 'noproc' })
  here.context.monitor({ name: 'counter', node: 'c@here' })
  t.match(await here.take(), { type: 'DOWN', reason: 'noconnection' })
})

t.test('a connection that is lost is seen by all that went across it', async (t) => {
  const nodes = await pair(t)
  const { a, b, here, there, cut, arrived } = nodes
  for (const ear of [here, there]) {
    ear.context.trapExit(true)
    ear.context.monitorNodes(true)
  }
  const far = await sentOver(nodes, there.context.self)
  const near = await passedOver(nodes)
  here.context.link(far)
  here.context.monitor(far)
  there.context.monitor(near)
  const third = await Ear.open(b)
  third.context.link(near)
  const ref = there.context.monitor(third.context.self)
  await arrived()
  cut()
  t.match(await here.take(ofType('nodedown')), { node: 'b@here' })
  t.match(await there.take(ofType('nodedown')), { node: 'a@here' })
  t.match(await here.take((m) => ofType('EXIT')(m) && (m as { from: Pid }).from.id === far.id), {
    reason: 'noconnection',
  })
  t.match(await here.take(ofType('EXIT')), { reason: 'noconnection' })
  t.match(await here.take(ofType('DOWN')), { reason: 'noconnection' })
  t.match(await there.take(ofType('EXIT')), { reason: 'noconnection' })
  const downs = [await there.take(ofType('DOWN')), await there.take(ofType('DOWN'))] as DownMessage[]
  t.strictSame(
    downs.map(({ reason }) => reason),
    ['noconnection', 'noconnection'],
  )
  t.ok(
    downs.some((down) => down.ref === ref),
    'who does not trap exits has ended',
  )

  await Promise.all([here.take(ofType('nodeup')), there.take(ofType('nodeup'))])
  here.context.send(far, 'after')
  t.equal(await there.take(), 'after', 'the pids are good again')
  t.strictSame([here.heard, there.heard], [[], []], 'everything was seen once')
  t.same(a.nodes(), ['b@here'])
})

t.test('the order of signals of all kinds is kept', async (t) => {
  const nodes = await pair(t)
  const { b, here, arrived } = nodes
  here.context.trapExit(true)
  for (let round = 0; round < 50; round++) {
    const heard: unknown[] = []
    const pid = await sentOver(
      nodes,
      b.spawn(async function () {
        this.trapExit(true)
        for (;;) {
          const message = await this.receive()
          heard.push(typeof message === 'object' ? (message as { reason: unknown }).reason : message)
          if (message === 'end') return
        }
      }),
    )
    here.context.send(pid, 1)
    here.context.link(pid)
    here.context.exit(pid, 2)
    here.context.send(pid, 3)
    here.context.unlink(pid)
    here.context.exit(pid, 4)
    const ref = here.context.monitor(pid)
    here.context.send(pid, 'end')
    here.context.send(pid, 'after the end')
    const [first] = [await here.take(ofType('DOWN'))] as DownMessage[]
    t.strictSame([first!.ref, first!.reason, heard], [ref, 'normal', [1, 2, 3, 4, 'end']])
  }
  await arrived()
  t.strictSame(here.heard, [], 'the link was gone when it ended')
})

t.test('a large message, and one that is too large', async (t) => {
  const { a, b, there } = await pair(t)
  const bytes = new Uint8Array(5_000_000).fill(7)
  a.send({ name: 'ear', node: 'b@here' }, { bytes })
  const got = (await there.take()) as { bytes: Uint8Array }
  t.equal(Buffer.compare(got.bytes, bytes), 0)
  t.throws(() => a.send({ name: 'ear', node: 'b@here' }, new Uint8Array(9_000_000)), { code: 'signal_too_large' })
  b.send({ name: 'ear', node: 'a@here' }, 'still connected')
  t.strictSame(a.nodes(), ['b@here'])
})

t.test('a node that does not read is cut, and calls to it fail', async (t) => {
  const { a, port, here } = await pair(t, { softBytes: 500_000, hardBytes: 4_000_000 })
  here.context.monitorNodes(true)
  // A stranger who passes the handshake and then reads no more.
  const handshake = new Handshake({
    role: 'initiator',
    self: { name: 'deaf@here', creation: 1 },
    secret: Buffer.from(SECRET),
    nonce: new Uint8Array(NONCE_BYTES),
  })
  const socket = net.connect(port, '127.0.0.1', () => socket.write(handshake.open()))
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    const verdict = handshake.push(bytes)
    if (verdict.send !== undefined) socket.write(verdict.send)
    if (verdict.state === 'passed') socket.pause()
  })
  await here.take(ofType('nodeup'))
  const deaf: Name<CounterApi> = { name: 'counter', node: 'deaf@here' }
  let busy = 0
  while (a.nodes().includes('deaf@here')) {
    a.cast(deaf, 'stop', 'x'.repeat(100_000))
    const reason = (await reasonOf(a.call(deaf, 'silent', undefined, { timeout: 0 }))) as unknown[]
    if (reason[0] === 'busy') busy++
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(busy > 0, 'congested first')
  t.match(await here.take(ofType('nodedown')), { node: 'deaf@here' })
  t.strictSame(a.nodes(), ['b@here'], 'the others are not disturbed')
})

t.test('a timer whose message cannot travel is reported', async (t) => {
  const { here, reports, arrived } = await pair(t)
  const to = { name: 'ear', node: 'b@here' }
  here.context.sendAfter(1, to, { fun: () => 1 })
  here.context.sendAfter(2, here.context.self, 'due')
  t.equal(await here.take(), 'due')
  await arrived()
  t.match(reports.at(-1), { label: ['timer', 'not_sent'], details: { to, reason: { code: 'unencodable' } } })
})

t.test('a port that is in use', async (t) => {
  const { port } = await pair(t)
  const node = createNode({ name: 'third@here', reporter: () => {} })
  t.teardown(() => node.kill())
  const options = { listen: { host: '127.0.0.1', port }, secret: SECRET }
  await t.rejects(distribute(node, options), { code: 'port_in_use' })
  await t.rejects(distribute(node, { ...options, listen: { host: '192.0.2.1', port: 0 } }), {
    code: 'host_unavailable',
  })
  const free = await distribute(node, { ...options, listen: { host: '127.0.0.1', port: 0 } })
  t.ok(free.port > 0, 'what failed can be tried again')
  await free.close()
})
