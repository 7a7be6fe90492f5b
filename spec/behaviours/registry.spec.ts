import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  type Context,
  child,
  equalTerms,
  type GenServer,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  Registry,
  reply,
  start,
  startLink,
} from '../../lib/index.ts'
import { termKey } from '../../lib/kernel/term-key.ts'
import { exitsWith } from '../support/exits.ts'
import { down, gate, nodeWithReports } from '../support/kid.ts'

interface RoomApi {
  state: string
  init: [topic: string]
  call: { topic(): string }
}

const Room: GenServer<RoomApi> = {
  init: (topic) => ok(topic),
  handleCall: { topic: (_request, _from, topic) => reply(topic, topic) },
  handleInfo: (_message, topic) => noreply(topic),
}

const rooms = new Registry<string, unknown>('rooms', { keys: 'unique' })
const topics = new Registry<unknown, number>('topics', { keys: 'duplicate' })

async function nodeWithRegistries(t: Test, ...more: Registry<unknown, unknown>[]): Promise<OtpNode> {
  const { node } = nodeWithReports(t)
  const children = [rooms, topics, ...more].map((registry) => registry.child())
  await node.supervise({ strategy: 'one_for_one', intensity: 100, children })
  return node
}

/** A process that does what it is told: `tell` runs a function as that process. */
function puppet(node: OtpNode, options: { trap?: boolean } = {}) {
  const pid = node.spawn(async function () {
    this.trapExit(options.trap ?? false)
    for (;;) {
      const message = await this.receive()
      if (typeof message === 'function') message(this)
    }
  })
  const tell = <T>(what: (self: Context) => T): Promise<T> =>
    new Promise((resolve, reject) => {
      node.send(pid, (self: Context) => {
        try {
          resolve(what(self))
        } catch (error) {
          reject(error)
        }
      })
    })
  return { pid, tell }
}

t.test('a unique key is for one process, which registers itself', async (t) => {
  const node = await nodeWithRegistries(t)
  const registry = node.whereis('rooms')
  const [a, b] = [puppet(node), puppet(node)]
  t.same(await a.tell((self) => rooms.register(self, 'k', 1)), ['ok', registry])
  t.same(await a.tell((self) => rooms.register(self, 'k', 2)), ['error', ['already_registered', a.pid]])
  t.same(await b.tell((self) => rooms.register(self, 'k', 3)), ['error', ['already_registered', a.pid]])
  t.same(rooms.lookup(node, 'k'), [[a.pid, 1]])
  t.equal(rooms.whereis(node, 'k'), a.pid)
  t.same(await a.tell((self) => rooms.register(self, 'k2', 'v')), ['ok', registry])
  t.same(rooms.keys(node, a.pid), ['k', 'k2'])
  t.same(await a.tell((self) => rooms.updateValue(self, 'k', (value) => (value as number) + 10)), [11, 1])
  t.equal(await a.tell((self) => rooms.updateValue(self, 'zz', (value) => value)), 'error')
  t.equal(await b.tell((self) => rooms.updateValue(self, 'k', () => 'stolen')), 'error')
  t.same(rooms.values(node, 'k', a.pid), [11])
  t.same(rooms.values(node, 'k', b.pid), [])
  t.equal(rooms.count(node), 2)
  t.equal(await b.tell((self) => rooms.unregister(self, 'k')), 'ok', 'not its own: nothing happens')
  t.equal(rooms.whereis(node, 'k'), a.pid)
  t.equal(await a.tell((self) => rooms.unregister(self, 'k')), 'ok')
  t.equal(await a.tell((self) => rooms.unregister(self, 'k')), 'ok')
  t.same(rooms.lookup(node, 'k'), [])
  t.same(await b.tell((self) => rooms.register(self, 'k', 4)), ['ok', registry])
  t.throws(() => rooms.register(node, 'x', 1), { code: 'badarg' }, 'code outside any process has nothing to register')
})

t.test('a duplicate key is for many, in the order they came', async (t) => {
  const node = await nodeWithRegistries(t)
  const [a, b] = [puppet(node), puppet(node)]
  await a.tell((self) => topics.register(self, 't', 1))
  await b.tell((self) => topics.register(self, 't', 2))
  await a.tell((self) => topics.register(self, 't', 3))
  await a.tell((self) => topics.register(self, 'u', 4))
  t.same(topics.lookup(node, 't'), [
    [a.pid, 1],
    [b.pid, 2],
    [a.pid, 3],
  ])
  t.same(topics.keys(node, a.pid), ['t', 't', 'u'])
  t.same(topics.values(node, 't', a.pid), [1, 3])
  t.equal(topics.count(node), 4)
  const calls: unknown[] = []
  topics.dispatch(node, 't', (entries) => calls.push(entries.map(([, value]) => value)))
  topics.dispatch(node, 'nobody', (entries) => calls.push(entries))
  t.same(calls, [[1, 2, 3]], 'one call, and none without entries')
  await a.tell((self) => topics.unregister(self, 't'))
  t.same(topics.lookup(node, 't'), [[b.pid, 2]], 'all of its own, and only those')
  t.same(topics.keys(node, a.pid), ['u'])
  for (const misuse of [() => topics.via('t'), () => topics.whereis(node, 't')]) t.throws(misuse, { code: 'badarg' })
})

t.test('entries are gone when anyone hears of the end of their process', async (t) => {
  const node = await nodeWithRegistries(t)
  const seen: unknown[] = []
  const look = () => seen.push(rooms.lookup(node, 'k'), topics.lookup(node, 't'), rooms.count(node), topics.count(node))
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
  t.same(seen, [[], [], 1, 2, [], [], 0, 0], 'not even what it owns finds a dead pid')
  const b = puppet(node)
  t.match(await b.tell((self) => rooms.register(self, 'k', 2)), ['ok', {}])
})

t.test('a process may be closing what it owned: its keys are free at once', async (t) => {
  const node = await nodeWithRegistries(t)
  const closed = gate()
  const a = puppet(node)
  await a.tell((self) => {
    rooms.register(self, 'k', 1)
    self.own({ [Symbol.asyncDispose]: () => closed.opened.then(() => {}) })
  })
  const ended = down(a.pid)
  node.exit(a.pid, 'kill')
  const b = puppet(node)
  t.match(await b.tell((self) => rooms.register(self, 'k', 2)), ['ok', {}])
  closed.open()
  await ended
  t.same(rooms.lookup(node, 'k'), [[b.pid, 2]], 'the end of the one before takes nothing of the next')
})

t.test('via names a server and finds it', async (t) => {
  const node = await nodeWithRegistries(t)
  const lobby = rooms.via<RoomApi>('lobby')
  await node.supervise({ intensity: 10, children: [child(Room, ['welcome'], { name: lobby })] })
  t.equal(await node.call(lobby, 'topic'), 'welcome')
  const pid = rooms.whereis(node, 'lobby')!
  t.same(await start(node, Room, ['other'], { name: lobby }), ['error', ['already_started', pid]])
  await exitsWith(t, node.call(rooms.via<RoomApi>('none'), 'topic'), ['noproc'])
  t.throws(() => node.send(rooms.via('none'), 'x'), { code: 'badarg' })
  const ended = down(pid)
  node.exit(pid, 'kill')
  await ended
  while (rooms.whereis(node, 'lobby') === undefined) await new Promise(setImmediate)
  t.not(rooms.whereis(node, 'lobby'), pid)
  t.equal(await node.call(lobby, 'topic'), 'welcome', 'started again under its key')
  await start(node, Room, ['x'], { name: rooms.via('with', { some: 'value' }) })
  t.match(rooms.lookup(node, 'with'), [[{}, { some: 'value' }]])
})

t.test('the same registry on two nodes is two registries', async (t) => {
  const [one, other] = [await nodeWithRegistries(t), await nodeWithRegistries(t)]
  await start(one, Room, ['one'], { name: rooms.via('r') })
  await start(other, Room, ['other'], { name: rooms.via('r') })
  t.equal(await one.call(rooms.via<RoomApi>('r'), 'topic'), 'one')
  t.equal(await other.call(rooms.via<RoomApi>('r'), 'topic'), 'other')
})

t.test('when the registry ends, so do those who are registered, and they only', async (t) => {
  const node = await nodeWithRegistries(t)
  const [a, b, c] = [puppet(node), puppet(node), puppet(node)]
  for (const each of [a, b]) await each.tell((self) => topics.register(self, 't', 1))
  await b.tell((self) => topics.unregister(self, 't'))
  const ended = down(a.pid)
  node.exit(node.whereis('topics')!, 'kill')
  t.equal(await ended, 'killed')
  t.ok(node.isAlive(b.pid))
  t.ok(node.isAlive(c.pid))
  const trapping = puppet(node, { trap: true })
  while (node.whereis('topics') === undefined) await new Promise(setImmediate)
  await trapping.tell((self) => topics.register(self, 't', 1))
  node.exit(node.whereis('topics')!, 'kill')
  while (node.whereis('topics') === undefined) await new Promise(setImmediate)
  t.same(topics.lookup(node, 't'), [], 'a new registry knows nothing of the one before')
  await trapping.tell((self) => topics.register(self, 't', 2))
  const gone = down(trapping.pid)
  node.exit(trapping.pid, 'kill')
  await gone
  t.equal(topics.count(node), 0)
})

t.test('a registry that does not run says so; one that is full, too', async (t) => {
  const { node } = nodeWithReports(t)
  t.throws(() => rooms.lookup(node, 'k'), { code: 'unknown_registry' })
  await exitsWith(t, node.call(rooms.via<RoomApi>('k'), 'topic'), ['noproc'])
  t.match(await start(node, Room, ['x'], { name: rooms.via('k') }), ['error', { code: 'unknown_registry' }])
  const small = new Registry<number>('small', { keys: 'unique', maxEntries: 2 })
  await node.supervise({ children: [small.child()] })
  const a = puppet(node)
  for (const key of [1, 2]) await a.tell((self) => small.register(self, key))
  await t.rejects(
    a.tell((self) => small.register(self, 3)),
    { code: 'system_limit' },
  )
  await a.tell((self) => small.unregister(self, 1))
  t.match(await a.tell((self) => small.register(self, 3)), ['ok', {}])
  t.throws(() => new Registry('x', { keys: 'many' as never }), { code: 'badarg' })
})

t.test('a key is any term, and the same term is the same key', async (t) => {
  const node = await nodeWithRegistries(t)
  const a = puppet(node)
  const keys = ['t', ['t', 7], { channel: 7n }, 7, 7n, '7', null, undefined, Number.NaN, a.pid, new Uint8Array([1, 2])]
  for (const [index, key] of keys.entries()) await a.tell((self) => topics.register(self, key, index))
  const copies = [
    't',
    ['t', 7],
    { channel: 7n },
    7,
    7n,
    '7',
    null,
    undefined,
    Number.NaN,
    a.pid,
    new Uint8Array([1, 2]),
  ]
  t.same(
    copies.map((key) => topics.values(node, key, a.pid)),
    copies.map((_, index) => [index]),
  )
})

t.test('terms have the same key exactly when they are equal', async () => {
  const node = nodeWithReports(t).node
  const shared = [new (class {})(), () => 1, Symbol('s'), Symbol.for('s'), node.makeRef(), node.spawn(() => {})]
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(...shared, null, undefined, true, false, 0, -0, Number.NaN, 'null', '0', '\u0000', '"1:a'),
    fc.string({ maxLength: 2 }),
    fc.integer({ min: 0, max: 20 }),
    fc.bigInt({ min: 0n, max: 20n }),
    fc.constantFrom(
      new Error('x'),
      new Error('x'),
      new RangeError('x'),
      new Date(5),
      new Date(5),
      new Date(Number.NaN),
    ),
    fc.uint8Array({ maxLength: 2 }),
  )
  const { term } = fc.letrec<{ term: unknown }>((tie) => ({
    term: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('term'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('term'), { maxKeys: 3 }),
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 1), tie('term')), { maxLength: 2 }).map((pairs) => new Map(pairs)),
      fc.array(fc.constantFrom<unknown>('a', 1, 1n), { maxLength: 3 }).map((members) => new Set(members)),
    ),
  }))
  const same = (a: unknown, b: unknown) => new Set([termKey(a), termKey(b)]).size === 1
  fc.assert(
    fc.property(term, term, (a, b) => same(a, b) === equalTerms(a, b)),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.clone(term, 2), ([a, b]) => same(a, b) === equalTerms(a, b)),
    { numRuns: 1000 },
  )
})

t.test('a model: whatever happens, the registry holds what its living processes registered', async (t) => {
  const keys = ['x', 'y', ['z', 1]]
  const step = fc.oneof(
    fc.record({ op: fc.constant('register' as const), who: fc.nat({ max: 3 }), key: fc.nat({ max: 2 }) }),
    fc.record({ op: fc.constant('unregister' as const), who: fc.nat({ max: 3 }), key: fc.nat({ max: 2 }) }),
    fc.record({ op: fc.constant('kill' as const), who: fc.nat({ max: 3 }), key: fc.constant(0) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 30 }), async (unique, steps) => {
      const { node } = nodeWithReports(t)
      const registry = new Registry<unknown, number>('model', { keys: unique ? 'unique' : 'duplicate' })
      await node.supervise({ children: [registry.child()] })
      const people = Array.from({ length: 4 }, () => puppet(node))
      let model: { pid: Pid; key: unknown; value: number }[] = []
      for (const [value, { op, who, key }] of steps.entries()) {
        const person = people[who]!
        if (op === 'kill') {
          node.exit(person.pid, 'kill')
          model = model.filter(({ pid }) => pid !== person.pid)
          people[who] = puppet(node)
        } else if (op === 'unregister') {
          await person.tell((self) => registry.unregister(self, keys[key]))
          model = model.filter((entry) => entry.pid !== person.pid || entry.key !== keys[key])
        } else {
          const taken = unique && model.some((entry) => entry.key === keys[key])
          const [outcome] = await person.tell((self) => registry.register(self, keys[key], value))
          if ((outcome === 'error') !== taken) return false
          if (!taken) model.push({ pid: person.pid, key: keys[key], value })
        }
        const expected = keys.map((k) => model.filter((e) => e.key === k).map((e) => [e.pid, e.value]))
        if (registry.count(node) !== model.length) return false
        if (
          !equalTerms(
            keys.map((k) => registry.lookup(node, k)),
            expected,
          )
        )
          return false
        const registered = new Set(model.map(({ pid }) => pid))
        const linked = node.processInfo(node.whereis('model')!, 'links')?.[1]?.filter((pid) => registered.has(pid))
        if (linked?.length !== registered.size) return false
      }
      node.kill()
      return true
    }),
    { numRuns: 60 },
  )
})

t.test('a server that is started with startLink can carry a key, too', async (t) => {
  const node = await nodeWithRegistries(t)
  const a = puppet(node, { trap: true })
  const started = await a.tell((self) => startLink(self, Room, ['x'], { name: rooms.via('linked') }))
  t.same(rooms.lookup(node, 'linked'), [[(await started)[1], undefined]])
})
