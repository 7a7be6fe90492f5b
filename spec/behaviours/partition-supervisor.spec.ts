import fc from 'fast-check'
import t from 'tap'
import { partitionOf } from '../../lib/behaviours/supervisor/partition-hash.ts'
import {
  Agent,
  type DynamicChildSpec,
  DynamicSupervisor,
  type DynamicSupervisorApi,
  type DynamicSupervisorModule,
  type GenServer,
  ok,
  PartitionSupervisor,
  Pid,
  Registry,
  type SupervisorApi,
  upgrade,
} from '../../lib/index.ts'
import { PARTITIONS } from '../../lib/internal/limits.ts'
import { exitsWith } from '../support/exits.ts'
import { Diary, down, nodeWithReports } from '../support/kid.ts'

const { via } = PartitionSupervisor
const spec = <P>(
  name: string,
  childSpec: DynamicChildSpec<P> | ((n: number) => DynamicChildSpec<P>),
  partitions = PARTITIONS,
) => PartitionSupervisor.child({ name, childSpec, partitions })
const agents = (partition: number) => Agent.child(() => partition)
type Number = Agent.AgentApi<number>
const same = (state: number) => state

function thrownBy(run: () => unknown): unknown {
  try {
    return run()
  } catch (thrown) {
    return thrown
  }
}

t.test('partition_supervisor_test: child_spec uses the atom name as id, the via value as id', async (t) => {
  t.match(spec('Foo', agents), { id: 'Foo', type: 'supervisor', start: Function })
  const name = new Registry<unknown>('Foo', { keys: 'unique' }).via<SupervisorApi>(['bar', 'baz'])
  t.match(PartitionSupervisor.child({ name, childSpec: agents }), { id: ['bar', 'baz'] })
})

t.test('partition_supervisor_test: start_link on success', async (t) => {
  const { node } = nodeWithReports(t)
  const childSpec = DynamicSupervisor.child()
  await node.supervise({ children: [PartitionSupervisor.child({ name: 'many', childSpec })] })
  t.equal(PartitionSupervisor.partitions(node, 'many'), PARTITIONS)
  const refs = Array.from({ length: 100 }, () => node.makeRef())
  for (const ref of refs) {
    const started = await DynamicSupervisor.startChild(
      node,
      via<DynamicSupervisorApi>('many', ref),
      Agent.child(() => ref),
    )
    t.equal(started[0], 'ok')
  }
  const held: unknown[] = []
  for (const [, supervisor] of await PartitionSupervisor.whichChildren(node, 'many')) {
    const below = await DynamicSupervisor.whichChildren(node, supervisor as Pid<DynamicSupervisorApi>)
    t.ok(below.length > 0, 'every partition has its share')
    for (const [, agent] of below) held.push(await Agent.get(node, agent as Agent.Agent<unknown>, (state) => state))
  }
  t.equal(held.length, 100)
  t.same(new Set(held), new Set(refs))
})

t.test('a partition may be a dynamic supervisor of a module, and change its settings while it runs', async (t) => {
  const { node } = nodeWithReports(t)
  const moduleOf = (maxChildren: number): DynamicSupervisorModule<[partition: number]> => ({
    init: (partition) => ({ maxChildren: maxChildren + partition }),
  })
  const before = moduleOf(0)
  const after = moduleOf(1)
  const childSpec = (partition: number) => DynamicSupervisor.child(before, [partition])
  await node.supervise({ children: [PartitionSupervisor.child({ name: 'many', childSpec, partitions: 2 })] })
  const start = (partition: number) =>
    DynamicSupervisor.startChild(
      node,
      via<DynamicSupervisorApi>('many', partition),
      Agent.child(() => 'x'),
    )
  t.same(await start(0), ['error', 'max_children'])
  t.match(await start(1), ['ok', {}])
  t.same(await start(1), ['error', 'max_children'], 'its number is an argument of its module')
  t.equal((await upgrade(node, [{ module: 'many', from: before, to: after }])).length, 2)
  for (const partition of [0, 1]) t.match(await start(partition), ['ok', {}])
})

t.test('partition_supervisor_test: with_arguments', async (t) => {
  const { node } = nodeWithReports(t)
  await node.supervise({ children: [spec('three', agents, 3)] })
  t.equal(PartitionSupervisor.partitions(node, 'three'), 3)
  for (const [key, partition] of [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 0],
    [-1, 1],
    [10n ** 20n + 1n, 2],
    [-(10n ** 20n), 1],
  ] as const) {
    t.equal(await Agent.get(node, via<Number>('three', key), same), partition, `key ${key}`)
  }
})

t.test(
  'partition_supervisor_test: raises without name, child_spec, on bad partitions, with_arguments, auto_shutdown',
  async (t) => {
    const { node } = nodeWithReports(t)
    const wrong: readonly unknown[] = [
      { childSpec: agents },
      { name: 'Foo' },
      { name: 'Foo', childSpec: agents, partitions: 0 },
      { name: 'Foo', childSpec: agents, partitions: 1.5 },
      { name: 'Foo', childSpec: agents, partitions: 65_537 },
      { name: 'Foo', childSpec: 123 },
      { name: 'Foo', childSpec: agents, autoShutdown: 'any_significant' },
    ]
    for (const each of wrong) {
      t.throws(() => PartitionSupervisor.child(each as never), { code: 'badarg' })
      const starting = new Promise((resolve) => {
        node.spawn(async function () {
          resolve(await PartitionSupervisor.startLink(this, each as never).catch((error) => error))
        })
      })
      t.match(await starting, { code: 'badarg' })
    }
  },
)

t.test('partition_supervisor_test: start_link with a via name', async (t) => {
  const { node } = nodeWithReports(t)
  const registry = new Registry<string>('partitions', { keys: 'unique' })
  const name = registry.via<SupervisorApi>('x')
  const children = [registry.child(), PartitionSupervisor.child({ name, childSpec: agents })]
  await node.supervise({ children })
  t.equal(PartitionSupervisor.partitions(node, name), PARTITIONS)
  t.equal(await Agent.get(node, via<Number>(name, 1), same), 1)
  const unknown = registry.via<SupervisorApi>('unknown')
  t.match(
    thrownBy(() => PartitionSupervisor.partitions(node, unknown)),
    { reason: ['noproc'] },
  )
  await exitsWith(t, PartitionSupervisor.countChildren(node, 'unknown'), ['noproc'])
})

t.test('partition_supervisor_test: stop/1 is synchronous', async (t) => {
  const { node } = nodeWithReports(t)
  const children = [PartitionSupervisor.child({ name: 'x', childSpec: agents }, { restart: 'temporary' })]
  await node.supervise({ children })
  await PartitionSupervisor.stop(node, 'x')
  t.equal(node.whereis('x'), undefined)
  t.match(
    thrownBy(() => PartitionSupervisor.partitions(node, 'x')),
    { reason: ['noproc', ['PartitionSupervisor', 'partitions', ['x']]] },
  )
})

t.test('partition_supervisor_test: which_children/1, count_children/1', async (t) => {
  const { node } = nodeWithReports(t)
  await node.supervise({ children: [spec('w', agents), spec('s', DynamicSupervisor.child())] })
  const children = [...(await PartitionSupervisor.whichChildren(node, 'w'))].reverse()
  t.same(
    children.map(([id, pid, type]) => [id, pid, type]),
    Array.from({ length: PARTITIONS }, (_, n) => [n, PartitionSupervisor.whereis(node, 'w', n), 'worker']),
  )
  const both = { active: PARTITIONS, specs: PARTITIONS }
  t.same(await PartitionSupervisor.countChildren(node, 'w'), { ...both, supervisors: 0, workers: PARTITIONS })
  t.same(await PartitionSupervisor.countChildren(node, 's'), { ...both, supervisors: PARTITIONS, workers: 0 })
})

t.test(
  'a partition that is started again is found under the same key; one that stays away is not replaced',
  async (t) => {
    const { node } = nodeWithReports(t)
    const diary = new Diary()
    const kids = (n: number) => diary.kid(`k${n}`, n === 1 ? { restart: 'temporary' } : {})
    await node.supervise({ children: [PartitionSupervisor.child({ name: 'kids', childSpec: kids, partitions: 2 })] })
    const pids = [0, 1].map((key) => PartitionSupervisor.whereis(node, 'kids', key)!)
    for (const pid of pids) {
      const ended = down(pid)
      node.exit(pid, 'kill')
      await ended
    }
    await PartitionSupervisor.whichChildren(node, 'kids')
    t.not(PartitionSupervisor.whereis(node, 'kids', 0), pids[0])
    t.equal(PartitionSupervisor.partitions(node, 'kids'), 2, 'routes do not depend on who runs')
    t.equal(PartitionSupervisor.whereis(node, 'kids', 1), undefined)
    await exitsWith(t, node.call(via<DynamicSupervisorApi>('kids', 3), 'whichChildren'), [
      'noproc',
      ['gen_server', 'call', []],
    ])
    t.throws(() => node.send(via('kids', 1), 'x'), { code: 'badarg' })
    node.cast(via<{ cast: { x(): void } }>('kids', 1), 'x')
  },
)

t.test(
  'without the supervisor: calls and sends exit, casts are dropped, no other process is taken for one',
  async (t) => {
    const { node } = nodeWithReports(t)
    const nope = ['noproc', ['PartitionSupervisor', 'partitions', ['nope']]]
    const to = via<DynamicSupervisorApi & { cast: { x(): void } }>('nope', 1)
    await exitsWith(t, node.call(to, 'whichChildren'), nope)
    t.match(
      thrownBy(() => node.send(to, 'x')),
      { reason: nope },
    )
    node.cast(to, 'x')
    node.sendAfter(1, to, 'x')
    await node.sleep(2)
    const Other: GenServer<{ state: number; call: object }> = { init: () => ok(1), handleCall: {} }
    await node.start(Other, [], { name: 'other' })
    t.match(
      thrownBy(() => PartitionSupervisor.partitions(node, 'other')),
      { reason: ['noproc'] },
    )
    await node.supervise({ children: [spec('mine', agents)] })
    t.throws(() => via('mine', 1).via.registerName(['mine', 1], node.whereis('mine')!), { code: 'badarg' })
    t.throws(() => PartitionSupervisor.whereis(node, 'mine', () => 1), { code: 'badarg' }, 'a function is no key')
  },
)

t.test('partition_supervisor_test: resize!', async (t) => {
  const { node } = nodeWithReports(t)
  const { partitions, resize, whereis } = PartitionSupervisor
  await node.supervise({ children: [spec('sized', agents, 3)] })
  const pids = [0, 1, 2].map((n) => whereis(node, 'sized', n)!)
  t.equal(await resize(node, 'sized', 3), 3, 'nothing to do')
  t.equal(await resize(node, 'sized', 2), 3)
  t.equal(partitions(node, 'sized'), 2)
  t.notOk(pids[2]!.process, 'the last one was stopped')
  t.equal(whereis(node, 'sized', 2), pids[0], 'its keys belong to others')
  t.match(await PartitionSupervisor.countChildren(node, 'sized'), { specs: 3, active: 2 })
  t.equal(await resize(node, 'sized', 0), 2)
  t.equal(whereis(node, 'sized', 0), undefined)
  await exitsWith(t, Agent.get(node, via<Number>('sized', 'key'), same), ['noproc'])
  const sizes = await Promise.all([resize(node, 'sized', 3), resize(node, 'sized', 1), resize(node, 'sized', 2)])
  t.same(sizes, [0, 3, 1], 'one after the other')
  for (const key of [0, 1, 2]) t.equal(await Agent.get(node, via<Number>('sized', key), same), key % 2)
  for (const wrong of [-1, 4, 1.5, '2' as never]) {
    await t.rejects(resize(node, 'sized', wrong), { code: 'badarg', message: /0 to 3/ })
  }
  await exitsWith(t, resize(node, 'nobody', 1), ['noproc', ['PartitionSupervisor', 'partitions', ['nobody']]])
})

t.test('a partition that does not start again: the size stays, and another attempt may succeed', async (t) => {
  const { node } = nodeWithReports(t)
  let broken = false
  const childSpec = (partition: number) =>
    Agent.child(() => {
      if (broken && partition === 1) throw new Error('broken')
      return partition
    })
  await node.supervise({ children: [spec('shaky', childSpec, 3)] })
  await PartitionSupervisor.resize(node, 'shaky', 1)
  broken = true
  await exitsWith(t, PartitionSupervisor.resize(node, 'shaky', 3), new Error('broken'))
  t.equal(PartitionSupervisor.partitions(node, 'shaky'), 1)
  broken = false
  t.equal(await PartitionSupervisor.resize(node, 'shaky', 3), 1)
  t.equal(await Agent.get(node, via<Number>('shaky', 2), same), 2)
})

t.test('strategy and intensity are those of all partitions together', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const childSpec = (n: number) => diary.kid(`k${n}`)
  const kids = { name: 'kids', childSpec, partitions: 3, strategy: 'one_for_all', intensity: 1 } as const
  await node.supervise({ children: [PartitionSupervisor.child(kids, { restart: 'temporary' })] })
  const supervisor = node.whereis('kids')!
  diary.read()
  node.exit(PartitionSupervisor.whereis(node, 'kids', 1)!, 'kill')
  while (diary.lines.length < 5) await node.sleep(1)
  t.same(diary.read(), ['k2 ends: shutdown', 'k0 ends: shutdown', 'k0 starts', 'k1 starts', 'k2 starts'])
  const ended = down(supervisor)
  node.exit(PartitionSupervisor.whereis(node, 'kids', 2)!, 'kill')
  t.equal(await ended, 'shutdown')
  t.ok(reports.some(({ details }) => details.reason === 'reached_max_restart_intensity'))
})

t.test('the hash: fixed for ever, the same for equal terms, and even', async (t) => {
  const pid = new Pid({ name: 'a@host', creation: 1 }, 7)
  const fixed: readonly (readonly [unknown, number])[] = [
    ['', 405834],
    ['room', 659472],
    ['1', 391312],
    [1.5, 161894],
    [true, 233733],
    [null, 117279],
    [undefined, 470094],
    [['room', 7], 889367],
    [{ b: 2, a: 1 }, 552457],
    [new Uint8Array([1, 2, 3]), 634536],
    [pid, 156259],
  ]
  t.same(
    fixed.map(([key]) => partitionOf(key, 1_000_003)),
    fixed.map(([, partition]) => partition),
  )
  t.equal(partitionOf({ a: 1, b: 2 }, 1_000_003), partitionOf({ b: 2, a: 1 }, 1_000_003))
  const keys = fc.anything({ withBigInt: true, withNullPrototype: true })
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 100 }), (key, n) => {
      const partition = partitionOf(key, n)
      return Number.isInteger(partition) && partition >= 0 && partition < n
    }),
  )
  const counts = new Array<number>(8).fill(0)
  for (let i = 0; i < 8000; i++) counts[partitionOf(`user:${i}`, 8)]!++
  t.ok(
    counts.every((count) => count > 850 && count < 1150),
    'within 15 percent of each other',
    { counts },
  )
})
