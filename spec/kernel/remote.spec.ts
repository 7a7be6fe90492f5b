import t, { type Test } from 'tap'
import { distribute } from '../../lib/distribution/index.ts'
import {
  type Context,
  createNode,
  type ExitMessage,
  exit,
  loop,
  type OtpNode,
  type Pid,
  type Ref,
  type SpawnReply,
  TIMEOUT,
} from '../../lib/index.ts'
import { abroad, join, type Member, ofType, SECRET } from '../distribution/members.ts'
import { MemoryNetwork } from '../distribution/memory-network.ts'
import { inProcess } from '../support/in-process.ts'

const A = 'a@here'
const B = 'b@here'
const PORTS = { [A]: 1, [B]: 2 }

interface Pair {
  readonly network: MemoryNetwork
  readonly a: Member
  readonly b: Member
}

/** Two connected nodes. */
async function pair(t: Test, options: Parameters<typeof join>[4] = {}): Promise<Pair> {
  const network = new MemoryNetwork()
  const b = await join(network, B, PORTS, [], options)
  const a = await join(network, A, PORTS, [B], options)
  t.teardown(() => a.node.kill())
  t.teardown(() => b.node.kill())
  while (a.node.nodes().length === 0 || b.node.nodes().length === 0) await turn()
  return { network, a, b }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Waits until all that was sent has arrived. */
async function arrived(): Promise<void> {
  for (let i = 0; i < 30; i++) await turn()
}

/** A ref as another node has it. */
function far(ref: Ref): Ref {
  return Object.assign(Object.create(Object.getPrototypeOf(ref)), { address: { ...ref.address }, id: ref.id })
}

async function flush(self: Context): Promise<unknown[]> {
  const found: unknown[] = []
  for (;;) {
    const message = await self.receive(undefined, { after: 0 })
    if (message === TIMEOUT) return found
    found.push(message)
  }
}

t.test('an alias is sent to from another node, until it is no more', async (t) => {
  const { a, b } = await pair(t)
  await inProcess(a.node, async function () {
    const alias = this.alias()
    const once = this.alias({ reply: true })
    for (const message of [1, 2]) for (const to of [alias, once]) b.node.send(far(to), message)
    await arrived()
    t.strictSame(await flush(this), [1, 1, 2])
    this.unalias(alias)
    b.node.send(far(alias), 3)
    const watched = b.node.spawn(loop((state) => state, undefined))
    const ref = this.monitor(abroad(watched), { alias: 'reply_demonitor' })
    await arrived()
    b.node.send(far(ref), 'answer')
    await arrived()
    b.node.exit(watched, 'bye')
    await arrived()
    t.strictSame(await flush(this), ['answer'], 'the monitor there is gone, too')
  })
})

const worker = function (this: Context, to: Pid, text: string): void {
  this.send(to, [text, this.node.name])
  exit('done')
}

t.test('what another node offers is spawned there, with its arguments', async (t) => {
  const { a, b } = await pair(t)
  b.node.offer('worker', worker)
  await inProcess(a.node, async function () {
    const pid = await this.spawn({ node: B, name: 'worker' }, this.self, 'hello')
    t.equal(pid.node, B)
    t.strictSame(await this.receive(), ['hello', B])
    const outside = await a.node.spawn({ node: B, name: 'worker' }, this.self, 'from outside')
    t.equal(outside.node, B)
    t.strictSame(await this.receive(), ['from outside', B])
    await t.rejects(
      this.spawn({ node: B, name: 'worker' }, () => 1),
      { code: 'unencodable' },
    )
    a.node.offer('worker', worker)
    const here = await this.spawn({ node: A, name: 'worker' }, this.self, 'here')
    t.equal(here.address, a.node.address)
    t.strictSame(await this.receive(), ['here', A])
  })
})

t.test('it is linked and monitored before it runs', async (t) => {
  const { a, b } = await pair(t)
  b.node.offer('worker', worker)
  b.node.offer('idle', async function () {
    await this.receive(() => false)
  })
  await inProcess(a.node, async function () {
    this.trapExit(true)
    const linked = await this.spawnLink({ node: B, name: 'worker' }, this.self, 'linked')
    t.strictSame(await this.receive(), ['linked', B])
    t.match(await this.receive(), { type: 'EXIT', from: linked, reason: 'done' })
    const [watched, ref] = await this.spawnMonitor({ node: B, name: 'worker' }, this.self, 'watched')
    t.strictSame(await this.receive(), ['watched', B])
    t.strictSame(await this.receive(), { type: 'DOWN', ref, object: watched, reason: 'done' })
    const [both, tagged] = await this.spawnOpt({ node: B, name: 'idle' }, { link: true, monitor: { tag: 'gone' } })
    t.strictSame(b.node.processInfo(b.node.processOf(both.id)!.pid, 'links')?.[1]?.length, 1)
    this.exit(both, 'kill')
    const messages = [await this.receive(), await this.receive()]
    t.match(messages.find(ofType('gone')), { ref: tagged, reason: 'killed' })
    t.match(messages.find(ofType('EXIT')), { from: both, reason: 'killed' })
  })
})

t.test('a spawnRequest is answered ahead of anything from the new process', async (t) => {
  const { a, b } = await pair(t)
  b.node.offer('worker', worker)
  await inProcess(a.node, async function () {
    const ref = this.spawnRequest({ node: B, name: 'worker' }, { monitor: true, replyTag: 'rt' }, this.self, 'asked')
    const answer = (await this.receive()) as SpawnReply
    t.match(answer, { type: 'rt', ref, result: ['ok', { id: Number }] })
    t.strictSame(await this.receive(), ['asked', B])
    t.match(await this.receive(), { type: 'DOWN', ref, reason: 'done' })
    this.spawnRequest({ node: 'c@nowhere', name: 'worker' }, {})
    t.match(await this.receive(), { type: 'spawn_reply', result: ['error', 'noconnection'] })
  })
})

t.test('a spawnRequest that is given up has no answer, no link and no monitor, whatever comes of it', async (t) => {
  const { a, b, network } = await pair(t)
  const ended: unknown[] = []
  b.node.offer('idle', async function (which: unknown) {
    this.trapExit(true)
    ended.push([which, ((await this.receive()) as ExitMessage).reason])
  })
  const idle = { node: B, name: 'idle' }
  await inProcess(a.node, async function () {
    this.trapExit(true)
    network.manual = true
    const asked = [
      this.spawnRequest(idle, {}, 'alone'),
      this.spawnRequest(idle, { link: true }, 'linked'),
      this.spawnRequest(idle, { monitor: { tag: 'gone', alias: 'demonitor' } }, 'watched'),
      this.spawnRequest(idle, { link: true, monitor: true }, 'both'),
      this.spawnRequest({ node: B, name: 'nobody' }, { reply: 'error_only' }),
    ]
    const stranger = this.spawnRequest(idle, { link: true }, 'stranger')
    await inProcess(a.node, async function () {
      t.equal(this.spawnRequestAbandon(stranger), false, 'it belongs to who has asked')
    })
    for (const ref of asked) t.equal(this.spawnRequestAbandon(ref), true)
    for (const ref of asked) t.equal(this.spawnRequestAbandon(ref), false, 'once')
    for (let i = 0; i < 30; i++) {
      network.round()
      await turn()
    }
    const [answer, ...others] = (await flush(this)) as SpawnReply[]
    t.match(answer, { type: 'spawn_reply', ref: stranger, result: ['ok', { node: B }] })
    t.strictSame(others, [])
    t.equal(this.spawnRequestAbandon(stranger), false, 'it is answered')
    t.strictSame(ended, [
      ['linked', 'abandoned'],
      ['both', 'abandoned'],
    ])
    t.strictSame(a.node.processInfo(this.self, ['links', 'monitors']), [
      ['links', [answer?.result[1]]],
      ['monitors', []],
    ])
    this.trapExit(false)
  })
})

t.test('given up, a connection that breaks is not told; what is spawned here is answered at once', async (t) => {
  const { a, network } = await pair(t)
  await inProcess(a.node, async function () {
    this.trapExit(true)
    network.stall()
    const ref = this.spawnRequest({ node: B, name: 'worker' }, { link: true, monitor: true })
    t.equal(this.spawnRequestAbandon(ref), true)
    a.distribution.disconnect(B)
    t.strictSame(await flush(this), [])
    const here = this.spawnRequest(() => {}, {})
    t.equal(this.spawnRequestAbandon(here), false)
    t.match(await this.receive(), { type: 'spawn_reply', ref: here })
    t.equal(this.spawnRequestAbandon(a.node.makeRef()), false)
    t.throws(() => this.spawnRequestAbandon('ref' as never), { code: 'badarg' })
  })
})

t.test(
  'a name that is not offered gives a process that ends with undef; wrong options are refused at once',
  async (t) => {
    const { a, b } = await pair(t)
    b.node.offer('worker', worker)
    b.node.offer('worker', undefined)
    await inProcess(a.node, async function () {
      await this.spawnMonitor({ node: B, name: 'worker' })
      t.match(await this.receive(), { type: 'DOWN', reason: { code: 'undef' } })
      const [pid] = await this.spawnMonitor({ node: B, name: 'worker' })
      t.equal(pid.node, B)
      const urgent = { priority: 'urgent' as never }
      t.throws(() => this.spawnOpt({ node: B, name: 'worker' }, urgent), { code: 'badarg' })
    })
    t.throws(() => b.node.offer('x', 1 as never), { code: 'badarg' })
  },
)

/** A node that is away, or goes away before it answers. */
async function lost(t: Test, node: OtpNode, name: string, before: () => void): Promise<void> {
  await inProcess(node, async function () {
    this.trapExit(true)
    const spawned = [
      this.spawn({ node: name, name: 'worker' }),
      this.spawnLink({ node: name, name: 'worker' }),
      this.spawnMonitor({ node: name, name: 'worker' }),
    ] as const
    before()
    const [plain, linked, [watched, ref]] = await Promise.all(spawned)
    t.strictSame([plain.node, linked.node, watched.node], [name, name, name])
    const messages = await flush(this)
    t.match(messages.find(ofType('EXIT')), { from: linked, reason: 'noconnection' })
    t.match(messages.find(ofType('DOWN')), { ref, object: watched, reason: 'noconnection' })
    t.equal(messages.length, 2)
  })
}

t.test('on a node that is away a pid of nobody is given, whose DOWN is noconnection', async (t) => {
  const { a } = await pair(t)
  await lost(t, a.node, 'c@nowhere', () => {})
  await inProcess(a.node, async function () {
    const ref = this.monitor(await this.spawn({ node: 'c@nowhere', name: 'worker' }))
    t.match(await this.receive(), { ref, reason: 'noconnection' })
  })
})

t.test('so it is when the connection breaks before the answer', async (t) => {
  const { a, b, network } = await pair(t)
  network.stall()
  await lost(t, a.node, B, () => a.distribution.disconnect(B))
  t.ok(b.node.ended === false)
})

t.test('a parent that has ended meanwhile takes the linked process along', async (t) => {
  const { a, b } = await pair(t)
  const ended: unknown[] = []
  b.node.offer('idle', async function () {
    this.own({ [Symbol.dispose]: () => ended.push('closed') })
    await this.receive(() => false)
  })
  a.node.spawn(function () {
    void this.spawnLink({ node: B, name: 'idle' })
  })
  await arrived()
  t.strictSame(ended, ['closed'])
})

t.test('a full node refuses, and says system_limit', async (t) => {
  const network = new MemoryNetwork()
  const node = createNode({ name: B, maxProcesses: 1, reporter: () => {} })
  t.teardown(() => node.kill())
  node.spawn(loop((state) => state, undefined))
  node.offer('worker', worker)
  await distribute(node, { listen: { host: 'memory', port: PORTS[B] }, secret: SECRET, transport: network })
  const a = await join(network, A, PORTS, [B])
  t.teardown(() => a.node.kill())
  await inProcess(a.node, async function () {
    await t.rejects(this.spawn({ node: B, name: 'worker' }), { code: 'system_limit' })
    this.spawnRequest({ node: B, name: 'worker' }, {})
    t.match(await this.receive(), { type: 'spawn_reply', result: ['error', 'system_limit'] })
  })
})

t.test('who sends over a congested link is told of to the system monitor, once until the link is free', async (t) => {
  const { a, b, network } = await pair(t, { softBytes: 1000 })
  const got: unknown[] = []
  const monitor = a.node.spawn(loop((message) => void got.push(message), undefined))
  a.node.systemMonitor(monitor, { busyLink: true })
  const ear = abroad(b.node.spawn(loop((state) => state, undefined)))
  await inProcess(a.node, async function () {
    network.stall()
    this.send(ear, 'x'.repeat(2000))
    for (let i = 0; i < 3; i++) this.send(ear, i)
    await arrived()
    t.strictSame(got, [{ type: 'monitor', pid: this.self, event: 'busy_link', info: { node: B } }])
  })
})
