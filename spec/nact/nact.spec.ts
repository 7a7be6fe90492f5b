import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ActorContext,
  configurePersistence,
  dispatch,
  type PersistentActorContext,
  persistentQuery,
  query,
  type Ref,
  spawn,
  spawnPersistent,
  start,
  stop,
} from 'nact'
import t, { type Test } from 'tap'
import { createNode, type GenServer, loop, noreply, ok, type Pid, reply } from '../../lib/index.ts'
import { connect, NactHost, persistOn, persistOnCassandra, toPid, toRef } from '../../lib/nact/index.ts'
import { openLmdbDisk, openMemoryDisk } from '../../lib/storage/index.ts'
import { createTestNode } from '../../lib/testing/index.ts'
import { keyspaceOf, onCassandra } from '../support/cassandra.ts'

interface Add {
  type: 'add'
  request?: { n: number }
  sender?: Ref<number>
}

/** An actor as nact's users write them: it knows nothing of where it runs. */
function counter(count: number | undefined, message: Add | 'crash'): number {
  if (message === 'crash') throw new Error('the counter broke')
  const next = (count ?? 0) + (message.request?.n ?? 1)
  if (message.sender !== undefined) dispatch(message.sender, next)
  return next
}

const hosted = (name: string) => NactHost.child((system) => ({ counter: spawn(system, counter, 'counter') }), { name })
type Actors = { counter: Ref<Add | 'crash'> }

t.test('a crash of a top-level actor ends its host, and the supervisor starts all of it again', async (t) => {
  await using node = createTestNode()
  await node.supervise({ children: [hosted('host')] })
  const before = await NactHost.actors<Actors>(node, 'host')
  const first = node.whereis('host')!
  const end = node.endOf(first)
  t.equal(await query(before.counter, (sender: Ref<number>): Add => ({ type: 'add', sender }), 1000), 1)
  dispatch(before.counter, 'crash')
  t.match(await end, ['nact', 'counter', { message: 'the counter broke' }])
  await node.registeredAs('host', first)
  const after = await NactHost.actors<Actors>(node, 'host')
  t.equal(await query(after.counter, (sender: Ref<number>): Add => ({ type: 'add', sender }), 1000), 1, 'a fresh state')
  await t.rejects(
    query(before.counter, (sender: Ref<number>): Add => ({ type: 'add', sender }), 1000),
    'those of the first start are gone',
  )
  t.match(node.reportsOf('supervisor', 'child_terminated'), [{ details: { reason: ['nact', 'counter', Error] } }])
})

t.test('an onCrash decides first; what it escalates ends the host', async (t) => {
  await using node = createTestNode()
  const decisions = ['resume', 'escalate'] as const
  let crashes = 0
  const host = NactHost.child(
    (system) =>
      spawn(system, counter, 'counter', { onCrash: (_message, _error, context) => context[decisions[crashes++]!] }),
    { name: 'host', restart: 'temporary' },
  )
  await node.supervise({ children: [host] })
  const actor = await NactHost.actors<Ref<Add | 'crash'>>(node, 'host')
  const end = node.endOf(node.whereis('host')!)
  dispatch(actor, { type: 'add' })
  dispatch(actor, 'crash')
  t.equal(await query(actor, (sender: Ref<number>): Add => ({ type: 'add', sender }), 1000), 2, 'resumed')
  dispatch(actor, 'crash')
  t.match(await end, ['nact', 'counter', Error])
})

t.test('the system ends with its host, however that ends', async (t) => {
  await using node = createTestNode()
  const children = [hosted('one'), hosted('two')].map((spec) => ({ ...spec, restart: 'temporary' as const }))
  await node.supervise({ children: children.map((spec, id) => ({ ...spec, id })) })
  const { counter: one } = await NactHost.actors<Actors>(node, 'one')
  const { counter: two } = await NactHost.actors<Actors>(node, 'two')
  const system = await NactHost.system(node, 'two')
  node.exit(node.whereis('one')!, 'kill')
  await node.shutdown()
  for (const ref of [one, two])
    await t.rejects(query(ref, (sender: Ref<number>): Add => ({ type: 'add', sender }), 1000))
  t.throws(() => spawn(system, counter, 'late'))
})

t.test('toRef: nact dispatches to a process and queries it', async (t) => {
  await using node = createNode()
  const received: unknown[] = []
  const answers = loop((message: unknown, seen: number) => {
    received.push(message)
    const { sender } = message as { sender?: Ref<number> }
    if (sender !== undefined) dispatch(sender, seen + 1)
    return seen + 1
  }, 0)
  const pid = node.spawn(answers)
  node.register('answers', pid)
  const ref = toRef<unknown>(node, pid)
  t.equal(toRef(node, pid), ref, 'one reference for one destination')
  dispatch(ref, 'hello')
  t.equal(await query(toRef<unknown>(node, 'answers'), (sender: Ref<number>) => ({ sender }), 1000), 2)
  t.equal(received[0], 'hello')
  await t.rejects(
    query(ref, () => 'no answer to this', 20),
    { message: 'Query Timeout' },
  )
  const ended = new Promise((down) => {
    node.spawn(async function () {
      this.monitor(pid)
      down(await this.receive())
    })
  })
  await new Promise((turn) => setImmediate(turn))
  stop(ref)
  t.match(await ended, { type: 'DOWN', reason: 'shutdown' })
  t.doesNotThrow(() => dispatch(ref, 'to nobody'))
})

t.test('toPid: a process stands for an actor', async (t) => {
  await using node = createNode()
  const system = start(connect)
  const heard: unknown[] = []
  const actor = spawn(
    system,
    (state: number, message: Add | string, context: ActorContext<Add | string, Ref<never>>) => {
      heard.push(message)
      if (message === 'stop') stop(context.self)
      return typeof message === 'string' ? state : counter(state, message)
    },
    'counter',
    { initialState: 0 },
  )
  const pid = toPid(node, actor) as Pid<{ call: { add(request: { n: number }): number }; cast: { add(): void } }>
  node.send(pid, 'hello')
  node.cast(pid, 'add')
  t.equal(await node.call(pid, 'add', { n: 3 }), 4)
  t.match(heard, ['hello', { type: 'add' }, { type: 'add', request: { n: 3 } }])
  const down = new Promise((resolve) => {
    node.spawn(async function () {
      this.monitor(pid)
      resolve(await this.receive())
    })
  })
  await new Promise((turn) => setImmediate(turn))
  node.send(pid, 'stop')
  t.match(await down, { type: 'DOWN', reason: 'normal' })
  t.throws(() => toPid(node, actor), { code: 'noproc' })
  await node.stop(toPid(node, spawn(system, counter, 'other')))
  stop(system)
})

t.test('a server here and an actor of nact call each other', async (t) => {
  await using node = createNode()
  const system = start(connect)
  interface DoublerApi {
    state: undefined
    init: []
    call: { double(request: { n: number }): number }
    info: { n: number; sender: Ref<number> }
  }
  const Doubler: GenServer<DoublerApi> = {
    init: () => ok(undefined),
    handleCall: { double: ({ n }, _from, state) => reply(n * 2, state) },
    handleInfo({ n, sender }, state) {
      dispatch(sender, n * 2)
      return noreply(state)
    },
  }
  const doubler = toRef<{ n: number; sender: Ref<number> }>(node, await node.start(Doubler, []))
  const quadrupler = spawn(
    system,
    async (state: undefined, { request: { n }, sender }: { request: { n: number }; sender: Ref<number> }) => {
      dispatch(sender, 2 * (await query(doubler, (from: Ref<number>) => ({ n, sender: from }), 1000)))
      return state
    },
    'quadrupler',
  )
  const pid = toPid(node, quadrupler) as Pid<{ call: { of(request: { n: number }): number } }>
  t.equal(await node.call(pid, 'of', { n: 5 }), 20)
  stop(system)
})

/** A ledger that persists what it is told and sums it up. */
async function ledger(
  this: PersistentActorContext<number | { ask: Ref<number> }, Ref<never>> & { recovering?: boolean },
  sum: number,
  message: number | { ask: Ref<number> },
): Promise<number> {
  if (typeof message !== 'number') {
    dispatch(message.ask, sum)
    return sum
  }
  if (!this.recovering) await this.persist(message)
  return sum + message
}

type Engine = ReturnType<typeof persistOn>

/** Every kind of engine, each made anew: what one wrote another reads. */
const engines: Record<'memory' | 'lmdb' | 'cassandra', (t: Test) => Promise<() => Promise<Engine>>> = {
  async memory() {
    const disk = openMemoryDisk()
    return async () => persistOn(disk)
  },
  async lmdb(t) {
    const folder = mkdtempSync(join(tmpdir(), 'guildhall-nact-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const disk = await openLmdbDisk(folder)
    t.teardown(() => disk.close())
    return async () => persistOn(disk)
  },
  async cassandra(t) {
    const cassandra = await keyspaceOf(t, 'nact')
    return () => persistOnCassandra(cassandra)
  },
}

for (const kind of ['memory', 'lmdb', 'cassandra'] as const) {
  const needs = kind === 'cassandra' ? onCassandra : {}
  t.test(`events and snapshots of spawnPersistent on ${kind}`, needs, async (t) => {
    const open = await engines[kind](t)
    const sum = (actor: Ref<number | { ask: Ref<number> }>) =>
      query(actor, (ask: Ref<number>) => ({ ask }), 5000) as Promise<number>
    const first = start(configurePersistence(await open()))
    const properties = { initialState: 0, snapshotEvery: 4 }
    const book = spawnPersistent(first, ledger as never, 'book', 'book', properties as never) as Ref<
      number | { ask: Ref<number> }
    >
    for (let n = 1; n <= 10; n++) dispatch(book, n)
    t.equal(await sum(book), 55)
    stop(first)

    const second = start(configurePersistence(await open()))
    const again = spawnPersistent(second, ledger as never, 'book', 'again', properties as never) as Ref<
      number | { ask: Ref<number> }
    >
    t.equal(await sum(again), 55, 'recovered')
    dispatch(again, 45)
    t.equal(await sum(again), 100)
    const total = persistentQuery(second, (state: number, n: number) => state + n, 'book', { initialState: 0 })
    t.equal(await total(), 100)
    stop(second)
  })
}

for (const kind of ['memory', 'lmdb', 'cassandra'] as const) {
  const needs = kind === 'cassandra' ? onCassandra : {}
  t.test(`an engine on ${kind} reads by number, limit and tags, and takes each number once`, needs, async (t) => {
    await readsByNumber(t, await (await engines[kind](t))())
  })
}

async function readsByNumber(t: Test, engine: Engine): Promise<void> {
  const event = (key: string, sequenceNumber: number, tags: string[] = []) => ({
    data: { n: sequenceNumber },
    sequenceNumber,
    key,
    createdAt: 0,
    isDeleted: false,
    tags,
  })
  for (let n = 1; n <= 1200; n++) await engine.persist(event('many', n, n % 2 === 0 ? ['even'] : []))
  await engine.persist(event('mann', 1))
  for (let n = 9998; n <= 10_001; n++) await engine.persist(event('edge', n))
  const numbers = async (key: string, ...query: [number, number, string[]]) =>
    ((await engine.events(key, ...query)) as unknown as { sequenceNumber: number }[]).map((e) => e.sequenceNumber)
  t.equal((await numbers('many', 0, Number.POSITIVE_INFINITY, [])).length, 1200)
  t.strictSame(await numbers('many', 1198, 10, []), [1199, 1200])
  t.strictSame(await numbers('many', 10, 3, ['even']), [12, 14, 16])
  t.strictSame(await numbers('many', 1200, 3, []), [])
  t.strictSame(await numbers('edge', 0, 10, []), [9998, 9999, 10_000, 10_001])
  t.strictSame(await numbers('edge', 9999, 10, []), [10_000, 10_001])
  t.equal(await engine.events('many', 0, 3000, []).reduce((count) => count + 1, 0), 1200)
  await t.rejects(engine.persist(event('many', 7)), { code: 'event_exists' })
  await t.rejects(engine.persist(event('x'.repeat(300), 1)), { code: 'badarg' })
  await t.rejects(engine.persist(event('a\0b', 1)), { code: 'badarg' })
}
