import t, { type Test } from 'tap'
import {
  child,
  type GenServer,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  Registry,
  type RegistryOptions,
  reply,
  Supervisor,
  type SupervisorApi,
  start,
  startLink,
  sys,
} from '../../lib/index.ts'
import { REGISTRY_LISTENERS, REGISTRY_PARTITIONS } from '../../lib/internal/limits.ts'
import { exitsWith } from '../support/exits.ts'
import { down, gate, nodeWithReports } from '../support/kid.ts'
import { puppet } from '../support/puppet.ts'

interface RoomApi {
  state: string
  init: [topic: string]
  call: { topic(): string }
}

const Room: GenServer<RoomApi> = {
  init: (topic) => (topic === 'crash' ? oops() : ok(topic)),
  handleCall: { topic: (_request, _from, topic) => reply(topic, topic) },
  handleInfo: (_message, topic) => noreply(topic),
}

function oops(): never {
  throw new Error('oops')
}

type Keys = Registry<unknown, unknown>
type Values = Registry<unknown, number>

async function run(t: Test, ...registries: { child: Keys['child'] }[]): Promise<OtpNode> {
  const { node } = nodeWithReports(t)
  const children = registries.map((registry) => registry.child())
  await node.supervise({ strategy: 'one_for_one', intensity: 100, children })
  return node
}

const layouts: readonly (readonly [name: string, RegistryOptions])[] = [
  ['unique, 1 partition', { keys: 'unique', partitions: 1 }],
  ['unique, 8 partitions', { keys: 'unique', partitions: 8 }],
  ['duplicate, 1 partition', { keys: 'duplicate', partitions: 1 }],
  ['duplicate, 8 partitions', { keys: 'duplicate', partitions: 8 }],
  ['duplicate by pid, 8 partitions', { keys: ['duplicate', 'pid'], partitions: 8 }],
  ['duplicate by key, 8 partitions', { keys: ['duplicate', 'key'], partitions: 8 }],
]
const uniques = layouts.slice(0, 2)
const duplicates = layouts.slice(2)

/** Runs a case for each layout, as the suites do. */
function each(
  name: string,
  which: typeof layouts,
  test: (t: Test, make: (options?: Partial<RegistryOptions>) => Keys) => Promise<void>,
): void {
  t.test(name, async (t) => {
    for (const [layout, options] of which) {
      await t.test(layout, (t) => test(t, (more) => new Registry<unknown, unknown>('keys', { ...options, ...more })))
    }
  })
}

const partitionsOf = (node: OtpNode) =>
  node
    .registered()
    .filter((name) => name.startsWith('keys.PIDPartition'))
    .map((name) => node.whereis(name)!)
const linksOf = (node: OtpNode, pid: Pid) => node.processInfo(pid, 'links')?.[1] ?? []

// --- the suites of Elixir: registry_test, registry/unique_test, registry/duplicate_test

each('starts configured number of partitions', layouts, async (t, make) => {
  const node = await run(t, make())
  const count = await Supervisor.countChildren(node, { name: 'keys' } as { name: string; protocol?: SupervisorApi })
  t.equal(count.workers, partitionsOf(node).length)
  t.ok(count.workers === 1 || count.workers === 8)
})

each('counts the number of keys; 0 in an empty registry', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  t.equal(keys.count(node), 0)
  const a = puppet(node)
  await a.tell((self) => [keys.register(self, 'hello', 1), keys.register(self, 'world', 2)])
  t.equal(keys.count(node), 2)
})

each('has unique registrations, also across processes', uniques, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b] = [puppet(node), puppet(node)]
  const [outcome, owner] = await a.tell((self) => keys.register(self, 'hello', 1))
  t.equal(outcome, 'ok')
  t.ok(partitionsOf(node).includes(owner as Pid), 'the owner is a partition')
  t.same(await a.tell((self) => keys.register(self, 'hello', 2)), ['error', ['already_registered', a.pid]])
  t.same(await b.tell((self) => keys.register(self, 'hello', 3)), ['error', ['already_registered', a.pid]])
  t.match(await a.tell((self) => keys.register(self, 'world', 4)), ['ok', owner])
  t.same(keys.lookup(node, 'hello'), [[a.pid, 1]])
  t.same([...keys.keys(node, a.pid)].sort(), ['hello', 'world'])
  t.same([keys.keys(node, b.pid), keys.values(node, 'hello', b.pid), keys.values(node, 'hello', a.pid)], [[], [], [1]])
  t.same(linksOf(node, b.pid), [], 'who has nothing is not linked')
  t.throws(
    () => keys.register(node as never, 'x', 1),
    { code: 'badarg' },
    'code outside any process has nothing to register',
  )
})

each('has unique registrations even if the partition is delayed', uniques, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b] = [puppet(node), puppet(node)]
  const [, owner] = await a.tell((self) => keys.register(self, 'hello', 1))
  await sys.suspend(node, owner as Pid)
  const ended = down(a.pid)
  node.exit(a.pid, 'kill')
  await ended
  t.match(await b.tell((self) => keys.register(self, 'hello', 2)), ['ok', {}])
  t.same(keys.lookup(node, 'hello'), [[b.pid, 2]])
  await sys.resume(node, owner as Pid)
  t.same(keys.lookup(node, 'hello'), [[b.pid, 2]])
})

each('has duplicate registrations, also across processes', duplicates, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b] = [puppet(node), puppet(node)]
  for (const value of [1, 2]) t.match(await a.tell((self) => keys.register(self, 'hello', value)), ['ok', {}])
  await a.tell((self) => keys.register(self, 'world', 3))
  t.same(keys.keys(node, a.pid), ['hello', 'hello', 'world'])
  t.same(keys.values(node, 'hello', a.pid), [1, 2])
  t.same([keys.keys(node, b.pid), keys.values(node, 'hello', b.pid)], [[], []])
  await b.tell((self) => keys.register(self, 'hello', 4))
  const found = [...keys.lookup(node, 'hello')].sort(([, x], [, y]) => Number(x) - Number(y))
  t.same(found, [
    [a.pid, 1],
    [a.pid, 2],
    [b.pid, 4],
  ])
})

each('compares keys as terms (===)', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const a = puppet(node)
  const terms = () => ['t', ['t', 7], { channel: 7n }, 1, 1n, '1', null, undefined, Number.NaN, new Uint8Array([1])]
  for (const [index, key] of terms().entries()) await a.tell((self) => keys.register(self, key, index))
  await a.tell((self) => keys.register(self, a.pid, 'own'))
  t.same(
    terms().map((key) => keys.values(node, key, a.pid)),
    terms().map((_, index) => [index]),
    'an equal term is the same key, another one is not',
  )
  t.same(keys.lookup(node, a.pid), [[a.pid, 'own']])
  const [symbol, fun] = [Symbol('s'), () => 1]
  await a.tell((self) => [keys.register(self, symbol, 's'), keys.register(self, fun, 'f')])
  t.same([keys.lookup(node, symbol), keys.lookup(node, fun)], [[[a.pid, 's']], [[a.pid, 'f']]])
})

each('updates current process value', uniques, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b] = [puppet(node), puppet(node)]
  t.equal(await a.tell((self) => keys.updateValue(self, 'hello', oops)), 'error')
  await b.tell((self) => keys.register(self, 'hello', 'value'))
  t.equal(await a.tell((self) => keys.updateValue(self, 'hello', oops)), 'error', 'not its own')
  await a.tell((self) => keys.register(self, 'world', 1))
  t.same(await a.tell((self) => keys.updateValue(self, 'world', (value) => Number(value) + 1)), [2, 1])
  t.same(keys.lookup(node, 'world'), [[a.pid, 2]])
})

each('dispatches to a single key', uniques, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const a = puppet(node)
  t.equal(keys.dispatch(node, 'hello', oops), 'ok', 'nobody is there')
  await a.tell((self) => keys.register(self, 'hello', 1))
  const seen: unknown[] = []
  t.equal(
    keys.dispatch(node, 'hello', (entries) => seen.push(entries)),
    'ok',
  )
  t.same(seen, [[[a.pid, 1]]])
})

each('dispatches to multiple keys in serial, and in parallel', duplicates, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const people = Array.from({ length: 12 }, () => puppet(node))
  for (const [index, { tell }] of people.entries()) {
    await tell((self) => [keys.register(self, 'hello', index), keys.register(self, 'world', -index)])
  }
  const isSpread = partitionsOf(node).length > 1 && new Set(people.map(({ pid }) => pid.id % 8)).size > 1
  const byKey = t.name.startsWith('duplicate by key')
  for (const parallel of [false, true]) {
    t.equal(await keys.dispatch(node, 'nobody', oops, { parallel }), 'ok')
    for (const [key, sign] of [
      ['hello', 1],
      ['world', -1],
    ] as const) {
      const calls: number[][] = []
      const before = node.processCount
      const done = keys.dispatch(node, key, (entries) => calls.push(entries.map(([, v]) => sign * Number(v))), {
        parallel,
      })
      const beside = node.processCount - before
      t.equal(await done, 'ok')
      t.same(
        calls.flat().sort((x, y) => x - y),
        people.map((_, index) => index),
      )
      t.equal(calls.length > 1, isSpread && !byKey, 'a call for each partition that has some')
      t.equal(beside, parallel && isSpread && !byKey ? calls.length : 0, 'in parallel in processes of their own')
    }
  }
})

t.test('a crash in a parallel dispatch is the crash of who dispatches', async (t) => {
  const keys = new Registry<string, number>('keys', { keys: 'duplicate', partitions: 2 })
  const node = await run(t, keys)
  const [a, b] = [puppet(node), puppet(node, { trap: true })]
  await a.tell((self) => keys.register(self, 'k', 1))
  await exitsWith(t, keys.dispatch(node, 'k', oops, { parallel: true }), { message: 'oops' })
  const failed = b.tell((self) => keys.dispatch(self, 'k', oops, { parallel: true }))
  await exitsWith(t, failed, { message: 'oops' })
  await b.tell(() => 'done')
  t.match(b.heard, [{ type: 'EXIT', reason: { message: 'oops' } }], 'they are linked')
  await b.tell((self) => keys.dispatch(self, 'k', () => {}, { parallel: true }))
  await b.tell(() => 'done')
  t.equal(b.heard.length, 1, 'and not any more when it is done')
})

each('unregisters by key; with no entries, too', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b] = [puppet(node), puppet(node)]
  t.equal(await a.tell((self) => keys.unregister(self, 'hello')), 'ok')
  await a.tell((self) => [keys.register(self, 'hello', 1), keys.register(self, 'world', 1)])
  await a.tell((self) => keys.register(self, 'hello', 2))
  t.equal(await b.tell((self) => keys.unregister(self, 'hello')), 'ok', 'not its own: nothing happens')
  t.ok(keys.lookup(node, 'hello').length > 0)
  t.equal(await a.tell((self) => keys.unregister(self, 'hello')), 'ok')
  t.same(keys.keys(node, a.pid), ['world'], 'all of its own are gone')
  t.equal(await a.tell((self) => keys.unregister(self, 'world')), 'ok')
  t.same([keys.keys(node, a.pid), keys.count(node)], [[], 0])
})

each('unregisters with tricky keys', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const a = puppet(node)
  await a.tell((self) => [keys.register(self, '_', 'foo'), keys.register(self, '$1', 'bar')])
  await a.tell((self) => [keys.register(self, 'hello', 'a'), keys.unregister(self, '_')])
  t.same(keys.keys(node, a.pid), ['$1', 'hello'])
})

each('allows listeners', layouts, async (t, make) => {
  const keys = make({ listeners: ['ear', 'other'] })
  const node = await run(t, keys)
  const [ear, other, a] = [puppet(node), puppet(node), puppet(node)]
  node.register('ear', ear.pid)
  node.register('other', other.pid)
  await a.tell((self) => [keys.register(self, 'hello', 'world'), keys.register(self, 'k', 1)])
  await a.tell((self) => [keys.unregister(self, 'hello'), keys.unregister(self, 'none')])
  const ended = down(a.pid)
  node.exit(a.pid, 'kill')
  await ended
  await Promise.all([ear.tell(() => 'heard'), other.tell(() => 'heard')])
  const expected = [
    ['register', 'keys', 'hello', a.pid, 'world'],
    ['register', 'keys', 'k', a.pid, 1],
    ['unregister', 'keys', 'hello', a.pid],
    ['unregister', 'keys', 'none', a.pid],
  ]
  t.same(ear.heard, expected, 'also that nothing was removed; but nothing of a death')
  t.same(other.heard, expected)
  node.exit(ear.pid, 'kill')
  const b = puppet(node)
  await t.rejects(
    b.tell((self) => keys.register(self, 'x', 1)),
    { code: 'badarg' },
    'a listener that does not run',
  )
})

each('links and unlinks on register/unregister', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const a = puppet(node)
  const [, owner] = await a.tell((self) => keys.register(self, 'hello', 1))
  t.same(linksOf(node, a.pid), [owner])
  t.same((await a.tell((self) => keys.register(self, 'world', 1)))[1], owner)
  await a.tell((self) => keys.unregister(self, 'hello'))
  t.same(linksOf(node, a.pid), [owner])
  await a.tell((self) => keys.unregister(self, 'world'))
  t.same(linksOf(node, a.pid), [])
})

each('clean up registry on process crash', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const people = Array.from({ length: 9 }, () => puppet(node))
  for (const [index, { tell }] of people.entries()) {
    await tell((self) => [keys.register(self, index, 1), keys.register(self, ['at', index], 2)])
  }
  t.equal(keys.count(node), 18)
  const ends = people.map(({ pid }) => down(pid))
  for (const { pid } of people) node.exit(pid, 'kill')
  await Promise.all(ends)
  t.equal(keys.count(node), 0)
  for (const partition of partitionsOf(node)) {
    await sys.getState(node, partition)
    t.same(linksOf(node, partition), [node.whereis('keys')], 'linked with its supervisor alone')
  }
})

t.test('raises on unknown registry name', async (t) => {
  const { node } = nodeWithReports(t)
  const keys = new Registry<unknown, unknown>('keys', { keys: 'unique' })
  const a = puppet(node)
  t.throws(() => keys.lookup(node, 'k'), { code: 'unknown_registry' })
  t.throws(() => keys.meta(node, 'k'), { code: 'unknown_registry' })
  const misuses: readonly Promise<unknown>[] = [
    a.tell((self) => keys.register(self, 'k', 1)),
    a.tell((self) => keys.unregister(self, 'k')),
    a.tell((self) => keys.lock(self, 'k', () => 1)),
  ]
  for (const misuse of misuses) await t.rejects(misuse, { code: 'unknown_registry' })
  await exitsWith(t, node.call(keys.via<RoomApi>('k'), 'topic'), ['noproc'])
  t.match(await start(node, Room, ['x'], { name: keys.via('k') }), ['error', { code: 'unknown_registry' }])
})

each('via callbacks; uses value provided in via', uniques, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const lobby = keys.via<RoomApi>('lobby')
  await node.supervise({ intensity: 10, children: [child(Room, ['welcome'], { name: lobby })] })
  t.equal(await node.call(lobby, 'topic'), 'welcome')
  const pid = keys.whereis(node, 'lobby')!
  t.same(await start(node, Room, ['other'], { name: lobby }), ['error', ['already_started', pid]])
  await exitsWith(t, node.call(keys.via<RoomApi>('none'), 'topic'), ['noproc'])
  t.throws(() => node.send(keys.via('none'), 'x'), { code: 'badarg' })
  t.match(await start(node, Room, ['crash'], { name: keys.via('fails') }), ['error', { message: 'oops' }])
  t.equal(keys.whereis(node, 'fails'), undefined, 'a start that fails leaves no name behind')
  const ended = down(pid)
  node.exit(pid, 'kill')
  await ended
  while (keys.whereis(node, 'lobby') === undefined) await new Promise(setImmediate)
  t.not(keys.whereis(node, 'lobby'), pid)
  t.equal(await node.call(lobby, 'topic'), 'welcome', 'started again under its key')
  const [, valued] = (await start(node, Room, ['x'], { name: keys.via('with', { some: 'value' }) })) as ['ok', Pid]
  t.same(keys.lookup(node, 'with'), [[valued, { some: 'value' }]])
  t.equal(await node.call(keys.via<RoomApi>('with', 'whatever'), 'topic'), 'x')
  t.same(keys.lookup(node, 'lobby'), [[keys.whereis(node, 'lobby'), undefined]])
})

each('raises if used on via, or with update_value', duplicates, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const a = puppet(node)
  for (const misuse of [() => keys.via('t'), () => keys.whereis(node, 't')]) t.throws(misuse, { code: 'badarg' })
  await t.rejects(
    a.tell((self) => keys.updateValue(self, 't', (value) => value)),
    { code: 'badarg' },
  )
})

t.test('rejects invalid options (invalid tuple syntax)', async (t) => {
  const wrong: readonly object[] = [
    { keys: 'many' },
    { keys: ['duplicate', 'invalid'] },
    { keys: 'unique', partitions: 0 },
    { keys: 'unique', partitions: 1.5 },
    { keys: 'unique', partitions: REGISTRY_PARTITIONS + 1 },
    { keys: 'unique', listeners: [7] },
    { keys: 'unique', listeners: Array.from({ length: REGISTRY_LISTENERS + 1 }, () => 'ear') },
  ]
  for (const options of wrong) t.throws(() => new Registry('x', options as RegistryOptions), { code: 'badarg' })
})

t.test('meta: given at the start, put, read, deleted', async (t) => {
  const keys = new Registry<string>('keys', { keys: 'unique', meta: [['given', 'before']] })
  const node = await run(t, keys)
  t.same(keys.meta(node, 'given'), ['ok', 'before'])
  t.equal(keys.meta(node, 'none'), 'error')
  t.equal(keys.putMeta(node, ['a', 1], undefined), 'ok')
  t.same(keys.meta(node, ['a', 1]), ['ok', undefined])
  node.exit(node.whereis('keys.PIDPartition0')!, 'kill')
  while (node.whereis('keys.PIDPartition0') === undefined) await new Promise(setImmediate)
  t.same(keys.meta(node, ['a', 1]), ['ok', undefined], 'it outlives a partition')
  t.equal(keys.deleteMeta(node, ['a', 1]), 'ok')
  t.equal(keys.deleteMeta(node, ['a', 1]), 'ok')
  t.equal(keys.meta(node, ['a', 1]), 'error')
  keys.putMeta(node, 'given', 'changed')
  const ended = down(node.whereis('keys')!)
  node.exit(node.whereis('keys')!, 'kill')
  await ended
  for (let meta: unknown; meta === undefined; ) {
    await new Promise(setImmediate)
    try {
      meta = keys.meta(node, 'given')
      t.same(meta, ['ok', 'before'], 'a new registry begins with what it was given')
    } catch (error) {
      t.match(error, { code: 'unknown_registry' })
    }
  }
})

// --- locks

each('does not lock when using different keys; locks when using the same key', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b, c] = [puppet(node), puppet(node), puppet(node)]
  const [one, two] = [gate(), gate()]
  const order: string[] = []
  const hold = (label: string, opened: Promise<unknown>) => async () => {
    order.push(`${label} has it`)
    await opened
    return label
  }
  const first = a.tell((self) => keys.lock(self, ['k', 1], hold('a', one.opened)))
  const second = b.tell((self) => keys.lock(self, ['k', 1], hold('b', two.opened)))
  t.equal(await c.tell((self) => keys.lock(self, ['k', 2], () => 'c')), 'c')
  t.same(order, ['a has it'])
  one.open()
  t.equal(await first, 'a')
  two.open()
  t.equal(await second, 'b')
  t.same(order, ['a has it', 'b has it'])
  t.equal(await c.tell((self) => keys.lock(self, ['k', 1], () => 'free')), 'free')
  for (const partition of partitionsOf(node)) {
    const { locks, held, waiting } = await sys.getState<{
      locks: Map<unknown, unknown>
      held: Map<unknown, unknown>
      waiting: number
    }>(node, partition)
    t.same([locks.size, held.size, waiting], [0, 0, 0], 'nothing is left of a lock')
  }
})

each('locks when the one holding the lock raises, or terminates', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b, c] = [puppet(node), puppet(node), puppet(node)]
  const [opened, held] = [gate(), gate()]
  const fails = a.tell((self) =>
    keys.lock(self, 'k', async () => {
      await opened.opened
      throw new Error('oops')
    }),
  )
  const next = b.tell((self) => keys.lock(self, 'k', () => new Promise(() => held.open())))
  opened.open()
  await t.rejects(fails, { message: 'oops' })
  await held.opened
  const last = c.tell((self) => keys.lock(self, 'k', () => 'done'))
  node.exit(b.pid, 'kill')
  t.equal(await last, 'done')
  t.ok(next)
  t.equal(await c.tell((self) => keys.lock(self, 'k', () => 'free')), 'free')
})

each('locks when the one waiting for the lock terminates, or gives up', layouts, async (t, make) => {
  const keys = make()
  const node = await run(t, keys)
  const [a, b, c] = [puppet(node), puppet(node), puppet(node)]
  const [opened, held] = [gate(), gate()]
  const first = a.tell((self) =>
    keys.lock(self, 'k', () => {
      held.open()
      return opened.opened
    }),
  )
  await held.opened
  const never = b.tell((self) => keys.lock(self, 'k', oops))
  await b.tell(() => 'waits')
  node.exit(b.pid, 'kill')
  await exitsWith(
    t,
    c.tell((self) => keys.lock(self, 'k', oops, 5)),
    ['timeout'],
  )
  opened.open()
  t.equal(await first, 'ok')
  t.equal(await c.tell((self) => keys.lock(self, 'k', () => 'done')), 'done', 'who gave up is not in line')
  t.ok(never)
})

// --- of this runtime

t.test('entries are gone when anyone hears of the end of their process', async (t) => {
  const rooms: Values = new Registry<unknown, number>('rooms', { keys: 'unique' })
  const topics: Values = new Registry<unknown, number>('topics', { keys: 'duplicate', partitions: 4 })
  const node = await run(t, rooms, topics)
  const seen: unknown[] = []
  const look = () => seen.push(rooms.lookup(node, 'k'), topics.lookup(node, 't'), rooms.whereis(node, 'k'))
  const a = puppet(node)
  const ended = down(a.pid).then(look)
  await a.tell((self) => {
    rooms.register(self, 'k', 1)
    topics.register(self, 't', 1)
    topics.register(self, 't', 2)
    self.own({ [Symbol.dispose]: look })
  })
  node.exit(a.pid, 'kill')
  await ended
  t.same(seen, [[], [], undefined, [], [], undefined], 'not even what it owns finds a dead pid')
  t.same([rooms.count(node), topics.count(node)], [0, 0])
})

t.test('a process may be closing what it owned: its keys are free at once', async (t) => {
  const rooms: Values = new Registry<unknown, number>('rooms', { keys: 'unique', partitions: 3 })
  const node = await run(t, rooms)
  const closed = gate()
  const [a, b] = [puppet(node), puppet(node)]
  let taken: unknown
  await a.tell((self) => {
    rooms.register(self, 'k', 1)
    rooms.register(self, 'l', 1)
    self.own({
      [Symbol.asyncDispose]: () => {
        taken = rooms.whereis(node, 'k')
        return closed.opened.then(() => {})
      },
    })
  })
  const ended = down(a.pid)
  node.exit(a.pid, 'kill')
  t.equal(taken, undefined)
  t.match(await b.tell((self) => rooms.register(self, 'k', 2)), ['ok', {}])
  closed.open()
  await ended
  t.same([rooms.lookup(node, 'k'), rooms.count(node)], [[[b.pid, 2]], 1], 'its end takes nothing of the next')
})

t.test('the same registry on two nodes is two registries', async (t) => {
  const rooms: Keys = new Registry<unknown, unknown>('rooms', { keys: 'unique' })
  const [one, other] = [await run(t, rooms), await run(t, rooms)]
  await start(one, Room, ['one'], { name: rooms.via('r') })
  await start(other, Room, ['other'], { name: rooms.via('r') })
  t.equal(await one.call(rooms.via<RoomApi>('r'), 'topic'), 'one')
  t.equal(await other.call(rooms.via<RoomApi>('r'), 'topic'), 'other')
  t.same(rooms.keys(one, rooms.whereis(other, 'r')!), [], 'a process of another node has no keys here')
})

t.test('when a partition ends, so do those who are registered in it, and they only', async (t) => {
  const topics: Values = new Registry<unknown, number>('topics', { keys: 'duplicate', partitions: 2 })
  const node = await run(t, topics)
  const people = Array.from({ length: 4 }, () => puppet(node)).sort((a, b) => (a.pid.id % 2) - (b.pid.id % 2))
  const [even, left, odd, trapping] = [people[0]!, people[1]!, people[2]!, puppet(node, { trap: true })]
  for (const { tell } of [even, left, odd, trapping]) await tell((self) => topics.register(self, 't', 1))
  await left.tell((self) => topics.unregister(self, 't'))
  const ended = down(even.pid)
  const partition = node.whereis('topics.PIDPartition0')!
  node.exit(partition, 'kill')
  t.equal(await ended, 'killed')
  t.ok(node.isAlive(left.pid) && node.isAlive(odd.pid))
  while (node.whereis('topics.PIDPartition0') === undefined) await new Promise(setImmediate)
  t.ok(
    topics.lookup(node, 't').some(([pid]) => pid === odd.pid),
    'the other partition has kept what it had',
  )
  t.notOk(topics.lookup(node, 't').some(([pid]) => pid === even.pid))
})

t.test(
  'when a unique registry ends, all who are registered do; a new one knows nothing of the one before',
  async (t) => {
    const rooms: Values = new Registry<unknown, number>('rooms', { keys: 'unique', partitions: 2 })
    const node = await run(t, rooms)
    const [a, b, trapping] = [puppet(node), puppet(node), puppet(node, { trap: true })]
    for (const [key, { tell }] of [a, b, trapping].entries()) await tell((self) => rooms.register(self, key, 1))
    const ends = [down(a.pid), down(b.pid)]
    node.exit(node.whereis('rooms.PIDPartition0')!, 'kill')
    const reasons = await Promise.all(ends)
    t.same([...reasons].sort(), ['killed', 'shutdown'], 'the other partition is shut down by their supervisor')
    while (node.whereis('rooms.PIDPartition1') === undefined) await new Promise(setImmediate)
    t.same(rooms.count(node), 0)
    await trapping.tell((self) => rooms.register(self, 'again', 2))
    const gone = down(trapping.pid)
    node.exit(trapping.pid, 'kill')
    await gone
    t.equal(rooms.count(node), 0)
  },
)

t.test('a registry that is full says so, over all its partitions', async (t) => {
  const small = new Registry<number>('small', { keys: 'unique', partitions: 3, maxEntries: 4 })
  const node = await run(t, small)
  const a = puppet(node)
  for (const key of [1, 2, 3, 4]) await a.tell((self) => small.register(self, key))
  await t.rejects(
    a.tell((self) => small.register(self, 5)),
    { code: 'system_limit' },
  )
  await a.tell((self) => small.unregister(self, 1))
  t.match(await a.tell((self) => small.register(self, 5)), ['ok', {}])
})

t.test('a registry, and a server with a key, started with startLink', async (t) => {
  const rooms: Keys = new Registry<unknown, unknown>('rooms', { keys: 'unique' })
  const { node } = nodeWithReports(t)
  const a = puppet(node, { trap: true })
  const [, registry] = (await a.tell((self) => rooms.startLink(self))) as ['ok', Pid]
  t.same(await a.tell((self) => rooms.startLink(self)), ['error', ['already_started', registry]])
  const [, room] = (await a.tell((self) => startLink(self, Room, ['x'], { name: rooms.via('linked') }))) as ['ok', Pid]
  t.same(rooms.lookup(node, 'linked'), [[room, undefined]])
  const [aDown, roomDown] = [down(registry), down(room)]
  node.exit(a.pid, 'kill')
  t.same(await Promise.all([aDown, roomDown]), ['killed', 'killed'])
})
