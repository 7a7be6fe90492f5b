import t, { type Test } from 'tap'
import {
  type ChildSpec,
  type OtpNode,
  type Pid,
  type Report,
  Supervisor,
  type SupervisorApi,
  type SupervisorSpec,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { complaints, Diary, down, gate, type KidApi, type KidOptions, nodeWithReports, often } from '../support/kid.ts'

/** The strategy simple_one_for_one. The subtests begin with the names of the cases of supervisor_SUITE that they hold. */

interface Scene {
  readonly node: OtpNode
  readonly reports: Report[]
  readonly diary: Diary
  readonly top: Pid<SupervisorApi>
  add(id: string, options?: KidOptions): Promise<Pid<KidApi>>
  pids(): Promise<readonly unknown[]>
}

async function scene(
  t: Test,
  over: Partial<ChildSpec> = {},
  flags: Partial<SupervisorSpec> = often,
  options: Parameters<typeof nodeWithReports>[1] = {},
): Promise<Scene> {
  const { node, reports } = nodeWithReports(t, options)
  const diary = new Diary()
  const template: ChildSpec = {
    id: 'kid',
    start: (parent, id, kidOptions) => diary.kid(id as string, {}, kidOptions as KidOptions).start(parent),
    modules: ['kid'],
    ...over,
  }
  const top = await node.supervise({ ...flags, strategy: 'simple_one_for_one', children: [template] })
  return {
    node,
    reports,
    diary,
    top,
    async add(id, kidOptions = {}) {
      const started = await Supervisor.startChild(node, top, [id, kidOptions])
      if (started[0] === 'error') throw new Error(`${id} does not start`, { cause: started })
      return started[1] as Pid<KidApi>
    },
    async pids() {
      return (await Supervisor.whichChildren(node, top)).map(([, pid]) => pid)
    },
  }
}

t.test('child_adm_simple: children have pids and no ids', async (t) => {
  const { node, top, add, pids } = await scene(t)
  const a = await add('a')
  const b = await add('b')
  t.same(await Supervisor.whichChildren(node, top), [
    ['undefined', a, 'worker', ['kid']],
    ['undefined', b, 'worker', ['kid']],
  ])
  t.same(await Supervisor.countChildren(node, top), { specs: 1, active: 2, supervisors: 0, workers: 2 })
  t.same(await Supervisor.whichChild(node, top, b), ['ok', ['undefined', b, 'worker', ['kid']]])
  t.same(await Supervisor.whichChild(node, top, top), ['error', 'not_found'])
  for (const ask of [Supervisor.restartChild, Supervisor.deleteChild]) {
    t.same(await ask(node, top, a), ['error', 'simple_one_for_one'])
  }
  for (const ask of [Supervisor.terminateChild, Supervisor.whichChild]) {
    t.same(await ask(node, top, 'kid'), ['error', 'simple_one_for_one'])
  }
  t.match(await Supervisor.getChildspec(node, top, 'kid'), ['ok', { id: 'kid', shutdown: 5000 }])
  t.match(await Supervisor.getChildspec(node, top, a), ['ok', { id: 'kid' }])
  t.same(await Supervisor.getChildspec(node, top, top), ['error', 'not_found'])
  t.equal(await Supervisor.terminateChild(node, top, a), 'ok')
  t.equal(await Supervisor.terminateChild(node, top, a), 'ok', 'also for one that has ended')
  t.same(await Supervisor.terminateChild(node, top, top), ['error', 'not_found'])
  t.same(await pids(), [b])
})

t.test('simple_one_for_one_extra: arguments come behind those of the template', async (t) => {
  const { node } = nodeWithReports(t)
  const seen: unknown[][] = []
  const Worker = {
    init(...args: unknown[]) {
      seen.push(args)
      return { kind: 0 } as never
    },
    handleCall: {},
  }
  const template = Supervisor.template(Worker as never, ['a', 'b'] as never)
  const top = await node.supervise({ strategy: 'simple_one_for_one', children: [template] })
  await Supervisor.startChild(node, top, ['c', 'd'])
  await Supervisor.startChild(node, top, [])
  t.same(seen, [
    ['a', 'b', 'c', 'd'],
    ['a', 'b'],
  ])
})

t.test('sup_start_ignore_permanent_child_start_child_simple: what does not start is not kept', async (t) => {
  const { node, diary, top, pids } = await scene(t)
  t.same(await Supervisor.startChild(node, top, ['i', { start: () => 'ignore' }]), ['ok', undefined])
  t.same(await Supervisor.startChild(node, top, ['f', { start: () => 'fail' }]), ['error', 'not_today'])
  t.match(await Supervisor.startChild(node, top, ['t', { start: () => 'throw' }]), ['error', RangeError])
  t.match(await Supervisor.startChild(node, top, diary.kid('s')), ['error', ['EXIT', { code: 'badarg' }]])
  t.same(await pids(), [])
  await Supervisor.stop(node, top)
})

t.test('simple_one_for_one: the child that ended is started again, with its own arguments', async (t) => {
  const { node, reports, diary, add, pids } = await scene(t)
  const a = await add('a')
  const b = await add('b')
  diary.read()
  node.exit(a, 'kill')
  const now = await pids()
  t.same(diary.read(), ['a starts'])
  t.equal(now.length, 2)
  t.ok(now.includes(b) && !now.includes(a))
  t.same(complaints(reports), [['child_terminated', 'kid', 'killed']])
  t.notOk(
    reports.some(({ label }) => label[1] === 'progress'),
    'as in OTP these starts are no progress',
  )
})

t.test('simple_one_for_one_escalation: too many restarts are those of all children together', async (t) => {
  const { node, reports, top, add } = await scene(t, {}, { intensity: 1 })
  const ended = down(top)
  for (const pid of [await add('a'), await add('b')]) node.exit(pid, 'kill')
  t.equal(await ended, 'shutdown')
  t.match(reports.find(({ label }) => label[1] === 'shutdown')?.details, {
    last_reasons: [
      ['kid', 'killed'],
      ['kid', 'killed'],
    ],
  })
})

t.test('hanging_restart_loop_simple: a restart that fails is tried again', async (t) => {
  const { node, reports, diary, top, add, pids } = await scene(t)
  const held = gate()
  const a = await add('a', {
    start: (n) => (n === 2 ? held.opened.then(() => 'fail' as never) : n === 3 ? 'fail' : 'ok'),
  })
  node.exit(a, 'kill')
  const [count, which] = [Supervisor.countChildren(node, top), Supervisor.whichChild(node, top, a)]
  held.open()
  t.same(await count, { specs: 1, active: 0, supervisors: 0, workers: 1 })
  t.same(await which, ['ok', ['undefined', 'restarting', 'worker', ['kid']]])
  while (diary.starts.get('a') !== 4) await quiet()
  t.equal((await pids()).length, 1)
  const errors = reports.filter(({ label }) => label[1] === 'start_error')
  t.match(errors[0]?.details, { offender: { pid: a } })
  t.match(errors[1]?.details, { offender: { pid: ['restarting', a] } })
})

t.test('a child that declines when it is started again is forgotten', async (t) => {
  const { node, top, add, pids } = await scene(t)
  node.exit(await add('a', { start: (n) => (n === 1 ? 'ok' : 'ignore') }), 'kill')
  t.same(await pids(), [])
  await Supervisor.stop(node, top)
})

t.test('simple_one_for_one_shutdown, sup_stop_timeout_dynamic: all are stopped at the same time', async (t) => {
  const host = new VirtualHost()
  const { node, reports, diary, top, add } = await scene(t, { shutdown: 80 }, often, { host })
  const slow = { terminate: () => new Promise(() => {}) }
  await add('a', slow)
  await add('b', slow)
  await add('c')
  diary.read()
  const stopped = Supervisor.stop(node, top)
  await quiet(host)
  t.same(diary.read(), ['a ends: shutdown', 'b ends: shutdown', 'c ends: shutdown'])
  host.advance(80)
  await stopped
  const [report] = reports.filter(({ label }) => label[1] === 'shutdown_error')
  t.match(report?.details, { reason: 'killed', offender: { nb_children: 2, id: 'kid', shutdown: 80 } })
})

t.test('sup_stop_brutal_kill_dynamic', async (t) => {
  const { node, reports, diary, top, add } = await scene(t, { shutdown: 'brutal_kill' })
  await add('a')
  await add('b')
  diary.read()
  await Supervisor.stop(node, top)
  t.same(diary.read(), [])
  t.same(complaints(reports), [])
})

t.test('significant_simple: the supervisor ends with the first, or with the last, of its children', async (t) => {
  const over = { restart: 'transient', significant: true } as const
  for (const [autoShutdown, ends] of [
    ['any_significant', 1],
    ['all_significant', 2],
  ] as const) {
    const { node, top, add } = await scene(t, over, { autoShutdown })
    const kids = [await add('a'), await add('b')]
    const ended = down(top)
    for (const pid of kids.slice(0, ends)) {
      t.ok(node.isAlive(top), autoShutdown)
      await node.stop(pid)
      await quiet()
    }
    t.equal(await ended, 'shutdown')
  }
})

t.test('sup_flags: there is exactly one template', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  for (const children of [[], [diary.kid('a'), diary.kid('b')]]) {
    const started = node.supervise({ strategy: 'simple_one_for_one', children })
    await t.rejects(started, { code: 'bad_supervisor', cause: { reason: ['bad_start_spec', children] } })
  }
  const inner = Supervisor.child({ strategy: 'simple_one_for_one', children: [] }, { id: 'x' })
  const failed = ['shutdown', ['failed_to_start_child', 'x', ['bad_start_spec', []]]]
  await t.rejects(node.supervise({ children: [inner] }), { code: 'bad_supervisor', cause: { reason: failed } })
})

t.test('ten thousand children start, fail and stop without a quadratic step', async (t) => {
  const { node, top, add, pids } = await scene(t, {}, { intensity: 10_000 })
  const kids: Pid[] = []
  for (let i = 0; i < 10_000; i++) kids.push(await add('k', { trap: false }))
  for (const pid of kids) node.exit(pid, 'kill')
  const now = await pids()
  t.equal(now.length, 10_000)
  const old = new Set<unknown>(kids)
  t.notOk(now.some((pid) => old.has(pid)))
  await Supervisor.stop(node, top)
  t.equal(node.processCount, 0)
})
