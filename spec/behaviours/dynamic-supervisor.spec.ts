import t, { type Test } from 'tap'
import {
  type Context,
  DynamicSupervisor,
  type DynamicSupervisorApi,
  type DynamicSupervisorModule,
  type DynamicSupervisorSpec,
  exit,
  ignore,
  type OtpNode,
  type Pid,
  Registry,
  type Report,
  Supervisor,
  sys,
  upgrade,
} from '../../lib/index.ts'
import { DYNAMIC_CHILDREN } from '../../lib/internal/limits.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'
import { complaints, Diary, down, gate, type KidApi, type KidOptions, nodeWithReports } from '../support/kid.ts'
import { inTestProcess } from '../support/test-process.ts'

interface Scene {
  readonly node: OtpNode
  readonly reports: Report[]
  readonly diary: Diary
  readonly top: Pid<DynamicSupervisorApi>
  kid(id: string, restart?: 'permanent' | 'transient' | 'temporary', options?: KidOptions): Promise<Pid<KidApi>>
  pids(): Promise<readonly unknown[]>
}

async function scene(
  t: Test,
  spec: DynamicSupervisorSpec | DynamicSupervisorModule<[]> = {},
  options: Parameters<typeof nodeWithReports>[1] = {},
): Promise<Scene> {
  const { node, reports } = nodeWithReports(t, options)
  const diary = new Diary()
  const named = { name: 'dynamic' }
  const dynamic = 'init' in spec ? DynamicSupervisor.child(spec, [], named) : DynamicSupervisor.child(spec, named)
  await node.supervise({ intensity: 0, children: [dynamic] })
  const top = node.whereis('dynamic') as Pid<DynamicSupervisorApi>
  reports.length = 0
  return {
    node,
    reports,
    diary,
    top,
    async kid(id, restart = 'permanent', kidOptions = {}) {
      const started = await DynamicSupervisor.startChild(node, top, diary.kid(id, { restart }, kidOptions))
      if (started === 'ignore' || started[0] === 'error') throw new Error(`${id} does not start`, { cause: started })
      return started[1]
    },
    async pids() {
      return (await DynamicSupervisor.whichChildren(node, top)).map(([, pid]) => pid)
    },
  }
}

t.test('children come, are known by their pids, and go', async (t) => {
  const { node, diary, top, kid, pids } = await scene(t)
  const a = await kid('same')
  const b = await kid('same')
  t.equal(await node.call(b, 'id'), 'same')
  t.same(await pids(), [a, b], 'one id for two is fine')
  t.match(await DynamicSupervisor.whichChildren(node, top), [
    ['undefined', a, 'worker', [{}]],
    ['undefined', b],
  ])
  t.same(await DynamicSupervisor.countChildren(node, top), { specs: 2, active: 2, supervisors: 0, workers: 2 })
  t.equal(await DynamicSupervisor.terminateChild(node, top, a), 'ok')
  t.notOk(node.isAlive(a))
  t.same(await DynamicSupervisor.terminateChild(node, top, a), ['error', 'not_found'])
  t.same(await pids(), [b])
  const { startChild } = DynamicSupervisor
  t.equal(await startChild(node, top, diary.kid('i', {}, { start: () => 'ignore' })), 'ignore')
  t.same(await startChild(node, top, diary.kid('f', {}, { start: () => 'fail' })), ['error', 'not_today'])
  t.match(await startChild(node, top, diary.kid('t', {}, { start: () => 'throw' })), ['error', RangeError])
  const boom = new Error('boom')
  t.same(await startChild(node, top, { start: () => Promise.reject(boom) }), ['error', boom])
  const start = (parent: Context) => ['ok', parent.spawnLink(() => parent.sleep(1e6)), 'info'] as const
  t.match(await startChild(node, top, { start }), ['ok', {}, 'info'])
  t.same(await startChild(node, top, { id: 1 } as never), ['error', ['invalid_child_spec', { id: 1 }]])
  t.same(await startChild(node, top, { start, restart: 'bad' as never }), ['error', ['invalid_restart_type', 'bad']])
  t.same(await startChild(node, top, { start, shutdown: -1 }), ['error', ['invalid_shutdown', -1]])
  t.equal((await pids()).length, 2, 'what failed left nothing')
})

t.test('start_child: with throw, error and exit', async (t) => {
  const { node, top, pids } = await scene(t)
  const started = (how: () => unknown) => DynamicSupervisor.startChild(node, top, { start: how as () => ['ok', Pid] })
  const throws = (value: unknown) => () => {
    throw value
  }
  for (const value of ['oops', 'ignore', ['ok', top]]) {
    t.match(await started(throws(value)), ['error', { name: 'NoCatch', value }], 'it is not returned')
    t.match(await started(async () => throws(value)()), ['error', { name: 'NoCatch', value }])
  }
  const boom = new RangeError('boom')
  t.same(await started(throws(boom)), ['error', boom])
  t.same(await started(() => exit('oops')), ['error', 'oops'])
  t.same(await started(() => 'unknown'), ['error', 'unknown'])
  t.same(await pids(), [])
})

t.test('there is room for so many children, those that restart included', async (t) => {
  const { node, diary, top, kid } = await scene(t, { maxChildren: 2, intensity: 100 })
  await kid('a')
  const held = gate()
  const b = await kid('b', 'permanent', { start: (n) => (n === 2 ? held.opened.then(() => 'fail' as never) : 'ok') })
  const third = () => DynamicSupervisor.startChild(node, top, diary.kid('c'))
  t.same(await third(), ['error', 'max_children'])
  node.exit(b, 'kill')
  const [between, listed] = [third(), DynamicSupervisor.whichChildren(node, top)]
  held.open()
  t.same(await between, ['error', 'max_children'])
  t.match(await listed, [
    ['undefined', {}],
    ['undefined', 'restarting'],
  ])
  t.equal((await DynamicSupervisor.countChildren(node, top)).active, 2)
})

t.test('extra arguments come before those of the child', async (t) => {
  const { node, top } = await scene(t, { extraArguments: ['x', 'y'] })
  const seen: unknown[] = []
  const start = (parent: Context, ...extra: readonly unknown[]) => {
    seen.push(extra)
    return ['ok', parent.spawnLink(() => parent.sleep(1e6))] as const
  }
  const started = await DynamicSupervisor.startChild(node, top, { start })
  node.exit(started[1] as Pid, 'kill')
  await DynamicSupervisor.countChildren(node, top)
  t.same(seen, [
    ['x', 'y'],
    ['x', 'y'],
  ])
  const diary = new Diary()
  const extended = await scene(t, { extraArguments: [diary] })
  const { start: startKid } = diary.kid('k')
  const kid = { start: (parent: Context, first: unknown) => startKid(parent, ...(first === diary ? [] : ['wrong'])) }
  t.match(await DynamicSupervisor.startChild(extended.node, extended.top, kid), ['ok', {}])
})

t.test('who is started again and who is forgotten', async (t) => {
  const { node, reports, kid, pids } = await scene(t, { intensity: 100 })
  for (const [restart, reason, left] of [
    ['temporary', 'boom', 0],
    ['transient', 'normal', 0],
    ['transient', ['shutdown', 1], 0],
    ['transient', 'boom', 1],
    ['permanent', 'normal', 1],
  ] as const) {
    reports.length = 0
    const pid = await kid('k', restart)
    await node.stop(pid, reason)
    const now = await pids()
    t.equal(now.length, left, `${restart} ${String(reason)}`)
    t.notSame(now, [pid], 'a new process')
    t.equal(complaints(reports).length, restart === 'permanent' || reason === 'boom' ? 1 : 0)
    for (const other of now) await DynamicSupervisor.terminateChild(node, 'dynamic', other as Pid)
  }
})

t.test('three restarts in five seconds are allowed, of all children together', async (t) => {
  const host = new VirtualHost()
  const { node, reports, top, kid, pids } = await scene(t, {}, { host })
  await kid('a')
  await kid('b')
  for (let i = 0; i < 3; i++) {
    const [first] = await pids()
    node.exit(first as Pid, 'kill')
  }
  t.equal((await pids()).length, 2)
  host.advance(7000)
  for (let i = 0; i < 3; i++) {
    const [first] = await pids()
    node.exit(first as Pid, 'kill')
  }
  t.equal((await pids()).length, 2)
  const ended = down(top)
  const [, last] = await pids()
  node.exit(last as Pid, 'kill')
  t.equal(await ended, 'shutdown')
  t.match(complaints(reports).slice(6, 8), [['child_terminated'], ['shutdown', 'undefined']])
})

t.test('a restart that fails is tried again, one that is declined is not', async (t) => {
  const { node, reports, diary, kid, pids } = await scene(t, { intensity: 5 })
  const k = await kid('k', 'permanent', { start: (n) => (n === 2 || n === 3 ? 'fail' : 'ok') })
  node.exit(k, 'kill')
  while (diary.starts.get('k') !== 4) await quiet()
  t.equal((await pids()).length, 1)
  t.same(
    complaints(reports).map((complaint) => (complaint as unknown[])[0]),
    ['child_terminated', 'start_error', 'start_error'],
  )
  t.match(reports.find(({ label }) => label[1] === 'start_error')?.details, { offender: { pid: ['restarting', k] } })
  const i = await kid('i', 'permanent', { start: (n) => (n === 1 ? 'ok' : 'ignore') })
  node.exit(i, 'kill')
  t.equal((await pids()).length, 1)
})

t.test('all children are stopped at the same time, each within its own time', async (t) => {
  const host = new VirtualHost()
  const { node, reports, diary, top, kid } = await scene(t, {}, { host })
  const slow = gate()
  await kid('a', 'permanent', { terminate: () => slow.opened })
  await kid('b', 'permanent', { terminate: () => new Promise(() => {}) })
  await kid('c')
  diary.read()
  const ended = down(top)
  const stopped = node.stop(top, 'shutdown')
  await quiet(host)
  t.same(diary.read(), ['a ends: shutdown', 'b ends: shutdown', 'c ends: shutdown'])
  slow.open()
  await quiet(host)
  t.equal((await Promise.race([ended, 'waiting'])) as unknown, 'waiting')
  host.advance(5000)
  await stopped
  t.same(complaints(reports).slice(0, 1), [['shutdown_error', 'undefined', 'killed']])
})

t.test('what is wrong with a specification', async (t) => {
  const { node } = nodeWithReports(t)
  for (const [spec, what] of [
    [{ strategy: 'one_for_all' }, ['invalid_strategy', 'one_for_all']],
    [{ intensity: 1.5 }, ['invalid_intensity', 1.5]],
    [{ period: 0 }, ['invalid_period', 0]],
    [{ maxChildren: -1 }, ['invalid_max_children', -1]],
    [{ extraArguments: 'x' }, ['invalid_extra_arguments', 'x']],
  ] as const) {
    const child = DynamicSupervisor.child(spec as never, { id: 'd' })
    const reason = ['shutdown', ['failed_to_start_child', 'd', ['supervisor_data', what]]]
    await t.rejects(node.supervise({ children: [child] }), { code: 'bad_supervisor', cause: { reason } })
  }
})

t.test('ten thousand children start, fail and stop without a quadratic step', async (t) => {
  const { node, top, kid, pids } = await scene(t, { intensity: 10_000 })
  const kids: Pid[] = []
  for (let i = 0; i < 10_000; i++) kids.push(await kid(`k${i}`, 'permanent', { trap: false }))
  for (const pid of kids) node.exit(pid, 'kill')
  const now = await pids()
  t.equal(now.length, 10_000)
  const old = new Set<unknown>(kids)
  t.notOk(now.some((pid) => old.has(pid)))
  await node.stop(top, 'shutdown')
})

t.test('terminate: brutal_kill, infinity and a time of its own, in one supervisor', async (t) => {
  const host = new VirtualHost()
  const { node, reports, diary, top } = await scene(t, {}, { host })
  const slow = gate()
  const add = (id: string, shutdown: number | 'brutal_kill', options: KidOptions = {}) =>
    DynamicSupervisor.startChild(node, top, diary.kid(id, { shutdown }, options))
  await add('killed', 'brutal_kill')
  await add('patient', Number.POSITIVE_INFINITY, { terminate: () => slow.opened })
  await add('late', 10, { terminate: () => new Promise(() => {}) })
  await add('odd', 10, { terminate: () => exit('odd') })
  diary.read()
  const stopped = DynamicSupervisor.stop(node, top, 'shutdown')
  await quiet(host)
  t.same(diary.read(), ['patient ends: shutdown', 'late ends: shutdown', 'odd ends: shutdown'])
  host.advance(10)
  await quiet(host)
  t.ok(node.isAlive(top), 'one has all the time it needs')
  slow.open()
  await stopped
  const found = complaints(reports).map((complaint) => (complaint as unknown[])[2])
  t.same(found.slice(0, 2), ['odd', 'killed'])
})

t.test('terminate_child: which ends are as they should be', async (t) => {
  const { node, reports, diary, top } = await scene(t, { intensity: 100 })
  const ALL = ['permanent', 'transient', 'temporary'] as const
  const add = async (restart: (typeof ALL)[number], shutdown: number | 'brutal_kill', options: KidOptions) => {
    const started = await DynamicSupervisor.startChild(node, top, diary.kid('k', { restart, shutdown }, options))
    reports.length = 0
    return started[1] as Pid
  }
  const errors = () =>
    complaints(reports).flatMap((complaint) => {
      const [label, , reason] = complaint as readonly unknown[]
      return label === 'shutdown_error' ? [reason] : []
    })
  for (const [reason, reported] of [
    ['shutdown', []],
    [['shutdown', 'done'], []],
    ['normal', ['permanent']],
    ['odd', ALL],
  ] as const) {
    for (const restart of ALL) {
      const pid = await add(restart, 1000, { terminate: () => exit(reason) })
      await DynamicSupervisor.terminateChild(node, top, pid)
      const isReported = (reported as readonly string[]).includes(restart)
      t.strictSame(errors(), isReported ? [reason] : [], `told to end: ${restart} ${String(reason)}`)
    }
  }
  for (const restart of ALL) {
    await DynamicSupervisor.terminateChild(node, top, await add(restart, 'brutal_kill', {}))
    t.strictSame(errors(), [], `killed: ${restart}`)
  }
  for (const [restart, reason, reported] of [
    ['permanent', 'normal', true],
    ['transient', 'normal', false],
    ['transient', 'shutdown', true],
    ['temporary', ['shutdown', 'done'], true],
    ['temporary', 'killed', true],
  ] as const) {
    for (const shutdown of [1000, 'brutal_kill'] as const) {
      const pid = await add(restart, shutdown, { trap: false })
      const terminated = DynamicSupervisor.terminateChild(node, top, pid)
      pid.process?.end(reason) // before the supervisor comes to it
      await terminated
      t.strictSame(errors(), reported ? [reason] : [], `it had ended: ${restart} ${String(reason)}`)
    }
  }
})

t.test('a start is no progress that is reported', async (t) => {
  const { node, reports, kid, pids } = await scene(t)
  node.exit(await kid('a'), 'kill')
  t.equal((await pids()).length, 1)
  t.notOk(reports.some(({ label }) => label[1] === 'progress'))
})

t.test('terminate_child: one that waits for its next attempt is not started any more', async (t) => {
  const { node, diary, top, kid, pids } = await scene(t, { intensity: 100 })
  const held = gate()
  const k = await kid('k', 'permanent', { start: (n) => (n === 2 ? held.opened.then(() => 'fail' as never) : 'ok') })
  node.exit(k, 'kill')
  const terminated = DynamicSupervisor.terminateChild(node, top, k)
  held.open()
  t.equal(await terminated, 'ok')
  t.same(await pids(), [])
  t.equal(diary.starts.get('k'), 2)
})

t.test('start_link: a name is registered, and taken', async (t) => {
  const { node, top } = await scene(t)
  const again = DynamicSupervisor.child({}, { id: 'again', name: 'dynamic' })
  const reason = ['shutdown', ['failed_to_start_child', 'again', ['already_started', top]]]
  await exitsWith(t, node.supervise({ children: [again] }), reason)
})

/** `Simple` of dynamic_supervisor_test: what its init returns is what it is given. */
const Simple = {
  moduleName: 'Simple',
  init: (returned: unknown) => returned,
} as unknown as DynamicSupervisorModule<[returned: unknown]>

/** A module whose init returns `spec`. */
const moduleOf = (spec: DynamicSupervisorSpec): DynamicSupervisorModule<[]> => ({ init: () => spec })

const WRONG: readonly (readonly [spec: object, what: unknown])[] = [
  [{ strategy: 'unknown' }, ['invalid_strategy', 'unknown']],
  [{ intensity: -1 }, ['invalid_intensity', -1]],
  [{ period: 0 }, ['invalid_period', 0]],
  [{ maxChildren: -1 }, ['invalid_max_children', -1]],
  [{ extraArguments: -1 }, ['invalid_extra_arguments', -1]],
  [{ autoShutdown: 'any_significant' }, ['invalid_auto_shutdown', 'any_significant']],
]

t.test('start_link: with non-ok init', (t) =>
  inTestProcess(t, async function () {
    this.trapExit(true)
    const start = (returned: unknown) => DynamicSupervisor.startLink(this, Simple, [returned])
    for (const [spec, what] of WRONG) t.same(await start(spec), ['error', ['supervisor_data', what]])
    for (const returned of ['unknown', [], undefined]) {
      t.same(await start(returned), ['error', ['bad_return', ['Simple', 'init', returned]]])
    }
    t.equal(await start(ignore()), 'ignore')
    t.match(await start(Promise.resolve({})), ['ok', {}])
  }),
)

t.test(
  'start_link: what is wrong with a module is told by the supervisor above, with what would be right',
  async (t) => {
    const { node } = nodeWithReports(t)
    const child = DynamicSupervisor.child(Simple, ['unknown'], { id: 'd' })
    const reason = ['shutdown', ['failed_to_start_child', 'd', ['bad_return', ['Simple', 'init', 'unknown']]]]
    await t.rejects(node.supervise({ children: [child] }), { code: 'bad_supervisor', cause: { reason } })
  },
)

t.test('start_link: with registered process', (t) =>
  inTestProcess(t, async function () {
    const started = await DynamicSupervisor.startLink(this, Simple, [{}], { name: 'registered' })
    if (started === 'ignore' || started[0] === 'error') throw new Error('it does not start', { cause: started })
    const [, pid] = started
    t.match(this.node.processInfo(pid, 'links'), ['links', [this.self]])
    t.equal(this.node.whereis('registered'), pid)
    t.equal(await DynamicSupervisor.getCallbackModule(this, 'registered'), Simple)
    await DynamicSupervisor.stop(this, 'registered')
    t.notOk(this.node.isAlive(pid))
  }),
)

t.test('start_link: with spawn_opt, which are options of the start', async (t) => {
  const { node } = nodeWithReports(t)
  await node.supervise({ children: [DynamicSupervisor.child({}, { name: 'high', priority: 'high' })] })
  t.same(node.processInfo(node.whereis('high')!, 'priority'), ['priority', 'high'])
})

t.test('init: default options', async (t) => {
  const { node, top, kid } = await scene(t, moduleOf({}))
  const { spec } = (await sys.getState(node, top)) as DynamicSupervisorApi['state']
  t.same(spec, { intensity: 3, period: 5, maxChildren: DYNAMIC_CHILDREN, extraArguments: [] })
  t.ok(node.isAlive(await kid('a')))
})

t.test('several are told apart by their names, whatever kind these are of', async (t) => {
  const { node } = nodeWithReports(t)
  const registry = new Registry<string>('names', { keys: 'unique' })
  const names = ['simple', registry.via<DynamicSupervisorApi>('via')]
  const top = await node.supervise({
    children: [registry.child(), ...names.map((name) => DynamicSupervisor.child({}, { name }))],
  })
  for (const name of names) t.same(await DynamicSupervisor.whichChildren(node, name), [])
  const nameless = DynamicSupervisor.child({}, { id: 'nameless' })
  const [, pid] = await Supervisor.startChild(node, top, nameless)
  t.same(await DynamicSupervisor.whichChildren(node, pid as Pid<DynamicSupervisorApi>), [])
  t.same(await Supervisor.startChild(node, top, nameless), ['error', ['already_started', pid]])
})

async function change(node: OtpNode, top: Pid, to: object): Promise<unknown> {
  await sys.suspend(node, top)
  const result = await sys.changeCode(node, top, to, 1, undefined)
  await sys.resume(node, top)
  return result
}

t.test('code_change: with non-ok init the settings stay', async (t) => {
  const { node, diary, top, kid, pids } = await scene(t, moduleOf({ maxChildren: 1 }))
  const a = await kid('a')
  const before = await DynamicSupervisor.getCallbackModule(node, top)
  for (const [spec, what] of WRONG) {
    t.same(await change(node, top, moduleOf(spec)), ['error', ['supervisor_data', what]])
  }
  const returned = { moduleName: 'm', init: () => 'unknown' }
  t.same(await change(node, top, returned), ['error', ['bad_return', ['m', 'init', 'unknown']]])
  const boom = new Error('boom')
  t.same(await change(node, top, { init: () => Promise.reject(boom) }), ['error', boom])
  t.equal(await DynamicSupervisor.getCallbackModule(node, top), before)
  t.equal(await change(node, top, { init: () => ignore() }), 'ok')
  t.same(await DynamicSupervisor.startChild(node, top, diary.kid('b')), ['error', 'max_children'])
  t.same(await pids(), [a])
})

t.test(
  'code_change: with ok init the children stay, also when they are too many, and the new settings count',
  async (t) => {
    const { node, diary, top, kid, pids } = await scene(t, moduleOf({}))
    const kids = [await kid('a'), await kid('b')]
    const to = moduleOf({ maxChildren: 1, extraArguments: ['x'] })
    t.equal(await change(node, top, to), 'ok')
    t.equal(await DynamicSupervisor.getCallbackModule(node, top), to)
    t.same(await pids(), kids)
    t.same(await DynamicSupervisor.startChild(node, top, diary.kid('c')), ['error', 'max_children'])
    for (const pid of kids) await DynamicSupervisor.terminateChild(node, top, pid)
    const seen: unknown[] = []
    const start = (parent: Context, ...extra: readonly unknown[]) => {
      seen.push(...extra)
      return ['ok', parent.spawnLink(() => parent.sleep(1e6))] as const
    }
    t.match(await DynamicSupervisor.startChild(node, top, { start }), ['ok', {}])
    t.same(seen, ['x'])
  },
)

t.test('code_change: restarts that there were go on counting', async (t) => {
  const { node, top, kid, pids } = await scene(t, { intensity: 5 })
  await kid('a')
  for (let i = 0; i < 2; i++) node.exit((await pids())[0] as Pid, 'kill')
  t.equal(await change(node, top, { intensity: 2 }), 'ok', 'a specification in the place of one')
  const ended = down(top)
  node.exit((await pids())[0] as Pid, 'kill')
  t.equal(await ended, 'shutdown')
})

t.test('an upgrade of the module reaches its supervisors, and is taken back when it fails', async (t) => {
  const old = moduleOf({ maxChildren: 1, intensity: 100 })
  const { node, diary, top, kid, pids } = await scene(t, old)
  await kid('a', 'permanent', { trap: false })
  const failing = { module: 'old', from: old, to: moduleOf({ maxChildren: -1 }) }
  await t.rejects(upgrade(node, [failing]), { code: 'upgrade_failed' })
  t.same(await DynamicSupervisor.startChild(node, top, diary.kid('b')), ['error', 'max_children'])
  t.same(await upgrade(node, [{ module: 'old', from: old, to: moduleOf({ maxChildren: 2, intensity: 100 }) }]), [top])
  await kid('b')
  node.exit((await pids())[0] as Pid, 'kill')
  t.equal((await pids()).length, 2)
  const [, , , items] = await sys.getStatus(node, top)
  t.match((items[4] as readonly unknown[]).at(-1), ['supervisor', [['Callback', { init: Function }]]])
})
