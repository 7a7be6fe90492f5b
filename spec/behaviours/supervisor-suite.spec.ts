import t from 'tap'
import {
  type ChildSpec,
  ignore,
  type Pid,
  Registry,
  Supervisor,
  type SupervisorApi,
  type SupervisorModule,
  type SupervisorSpec,
  type Via,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'
import { childrenOf, complaints, Diary, down, nodeWithReports, often, pidOf } from '../support/kid.ts'

/**
 * Cases of OTP's supervisor_SUITE that the other specs of supervisors do not hold; each subtest begins with the name of
 * its upstream case. docs/semantics.md says where the rest is held.
 */

t.test('sup_start_ignore_init: a supervisor may decline', async (t) => {
  const { node } = nodeWithReports(t)
  const declining: SupervisorModule<[]> = { init: () => ignore() }
  await exitsWith(t, node.supervise(declining, []), 'ignore')
  const top = await node.supervise({ children: [Supervisor.child(declining, [], { id: 'inner' })] })
  t.match(await childrenOf(node, top), [['inner', undefined]])
})

t.test('sup_start_error_return: what init may not return, and what it throws', async (t) => {
  const { node } = nodeWithReports(t)
  const moduleOf = (init: () => unknown) => ({ moduleName: 'tsup', init }) as SupervisorModule<[]>
  const bad = node.supervise(
    moduleOf(() => ['error', 'x']),
    [],
  )
  await t.rejects(bad, { code: 'bad_supervisor', cause: { reason: ['bad_return', ['tsup', 'init', ['error', 'x']]] } })
  const boom = new Error('boom')
  const throwing = moduleOf(() => {
    throw boom
  })
  await exitsWith(t, node.supervise(throwing, []), boom)
  const thrown = moduleOf(() => {
    throw 'x'
  })
  await exitsWith(t, node.supervise(thrown, []), ['bad_return_value', 'x'])
})

t.test('sup_start_fail, sup_stop: stop waits for the end, and tells another reason', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const first = await node.supervise({ children: [diary.kid('a'), diary.kid('b')] })
  await Supervisor.stop(node, first)
  t.same(diary.read().slice(2), ['b ends: shutdown', 'a ends: shutdown'])
  await exitsWith(t, Supervisor.stop(node, first), 'noproc')
  const second = await node.supervise({ children: [diary.kid('c')] })
  const ended = down(second)
  await Supervisor.stop(node, second, 'maintenance', 1000)
  t.equal(await ended, 'maintenance')
})

t.test('child_adm, which_child: what one can ask about a child', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const top = await node.supervise({ children: [diary.kid('a')] })
  const a = await pidOf(node, top, 'a')
  t.match(await Supervisor.whichChild(node, top, 'a'), ['ok', ['a', a, 'worker', [{}]]])
  t.same(await Supervisor.whichChild(node, top, 'b'), ['error', 'not_found'])
  await Supervisor.terminateChild(node, top, 'a')
  t.match(await Supervisor.whichChild(node, top, 'a'), ['ok', ['a', undefined, 'worker']])
  t.same(await Supervisor.startChild(node, top, ['x'] as never), ['error', ['invalid_child_spec', ['x']]])
})

t.test('get_callback_module: the module that a supervisor was started with', async (t) => {
  const { node } = nodeWithReports(t)
  const module: SupervisorModule<[number]> = { init: (n) => ({ intensity: n, children: [] }) }
  t.equal(await Supervisor.getCallbackModule(node, await node.supervise(module, [3])), module)
  const spec: SupervisorSpec = { children: [] }
  const made = await Supervisor.getCallbackModule(node, await node.supervise(spec))
  t.equal(await made.init.apply(undefined as never, [] as never), spec)
})

t.test('extra_return: information of a start function reaches who asked for it', async (t) => {
  const { node } = nodeWithReports(t)
  const start: ChildSpec['start'] = (parent) => ['ok', parent.spawnLink(() => parent.sleep(1e9)), 'extra']
  const top = await node.supervise({ children: [{ id: 'a', start }] })
  await Supervisor.terminateChild(node, top, 'a')
  t.match(await Supervisor.restartChild(node, top, 'a'), ['ok', {}, 'extra'])
})

t.test('one_for_all_other_child_fails_restart, rest_for_one_other_child_fails_restart', async (t) => {
  for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
    const { node, reports } = nodeWithReports(t)
    const diary = new Diary()
    const failing = diary.kid('b', {}, { start: (n) => (n === 2 ? 'fail' : 'ok') })
    const top = await node.supervise({ strategy, ...often, children: [diary.kid('a'), failing, diary.kid('c')] })
    node.exit(await pidOf(node, top, 'a'), 'kill')
    while ((await Supervisor.countChildren(node, top)).active < 3) await quiet()
    t.match(
      complaints(reports),
      [
        ['child_terminated', 'a', 'killed'],
        ['start_error', 'b'],
      ],
      strategy,
    )
    t.equal(diary.starts.get('a'), strategy === 'one_for_all' ? 3 : 2)
    t.equal(diary.starts.get('c'), 2)
  }
})

t.test(
  'hanging_restart_loop: a child that never starts again does not keep the supervisor from answering',
  async (t) => {
    for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const) {
      const { node } = nodeWithReports(t)
      const diary = new Diary()
      const kid = diary.kid('k', {}, { start: (n) => (n === 1 ? 'ok' : 'fail') })
      const top = await node.supervise({ strategy, intensity: 1_000_000, children: [diary.kid('a'), kid] })
      node.exit(await pidOf(node, top, 'k'), 'kill')
      await quiet()
      t.match(await Supervisor.whichChild(node, top, 'k'), ['ok', ['k', 'restarting']])
      t.same(await Supervisor.deleteChild(node, top, 'k'), ['error', 'restarting'])
      t.same(await Supervisor.startChild(node, top, diary.kid('k')), ['error', 'already_present'])
      t.equal(await Supervisor.terminateChild(node, top, 'k'), 'ok')
      const starts = diary.starts.get('k')
      await quiet()
      t.equal(diary.starts.get('k'), starts, `${strategy}: no further attempt`)
      await Supervisor.stop(node, top)
    }
  },
)

t.test('child_unlink: a child that has unlinked itself is stopped all the same', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const start: ChildSpec['start'] = (parent) => [
    'ok',
    parent.spawnLink(async function () {
      this.unlink(parent.self)
      await this.receive()
    }),
  ]
  const top = await node.supervise({ children: [{ id: 'a', start }] })
  await quiet()
  const a = await pidOf(node, top, 'a')
  node.send(a, 'end')
  await quiet()
  t.equal((await Supervisor.countChildren(node, top)).active, 0, 'nobody told the supervisor')
  t.equal(await Supervisor.terminateChild(node, top, 'a'), 'ok')
  t.same(complaints(reports), [['shutdown_error', 'a', 'child_process_unlinked']])
})

t.test('already_started_outside_supervisor: the process is named, and is no child', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const first = await node.supervise({ children: [diary.kid('a', { name: 'the_one' })] })
  const top = await node.supervise({ children: [] })
  const outside = await pidOf(node, first, 'a')
  const kid = diary.kid('b', { name: 'the_one' })
  t.same(await Supervisor.startChild(node, top, kid), ['error', ['already_started', outside]])
  t.equal((await Supervisor.countChildren(node, top)).specs, 0)
})

t.test('tree: the end of a branch is the end of all below it', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const branch = (id: string): ChildSpec =>
    Supervisor.child({ intensity: 0, children: [diary.kid(id)] }, { id: `${id}s` })
  const top = await node.supervise({ ...often, children: [branch('a'), branch('b')] })
  const sub = (await childrenOf(node, top))[0]![1] as Pid<SupervisorApi>
  diary.read()
  node.exit(await pidOf(node, sub, 'a'), 'kill')
  await quiet()
  t.same(diary.read(), ['a starts'])
  await Supervisor.terminateChild(node, top, 'bs')
  t.same(diary.read(), ['b ends: shutdown'])
  t.same(await Supervisor.countChildren(node, top), { specs: 2, active: 1, supervisors: 2, workers: 0 })
})

t.test('significant: a supervisor that ends with its children is for its own supervisor an orderly end', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const significant = diary.kid('s', { restart: 'transient', significant: true })
  const inner = { autoShutdown: 'any_significant', children: [significant] } as const
  for (const [restart, left] of [
    ['temporary', 0],
    ['transient', 1],
    ['permanent', 1],
  ] as const) {
    const top = await node.supervise({ ...often, children: [Supervisor.child(inner, { id: 'inner', restart })] })
    const sub = (await childrenOf(node, top))[0]![1] as Pid<SupervisorApi>
    const ended = down(sub)
    await node.stop(await pidOf(node, sub, 's'))
    t.equal(await ended, 'shutdown')
    const children = await childrenOf(node, top)
    t.equal(children.length, left, restart)
    t.equal(children[0]?.[1] !== undefined, restart === 'permanent')
    await Supervisor.stop(node, top)
  }
})

t.test('multiple_restarts: the window moves with the time, in whole seconds', async (t) => {
  const host = new VirtualHost()
  const { node } = nodeWithReports(t, { host })
  const diary = new Diary()
  const top = await node.supervise({ intensity: 2, period: 3, children: [diary.kid('a')] })
  for (let i = 0; i < 10; i++) {
    node.exit(await pidOf(node, top, 'a'), 'kill')
    t.ok(node.isAlive(await pidOf(node, top, 'a')))
    host.advance(2000)
  }
  const ended = down(top)
  for (let i = 0; i < 2; i++) {
    const a = await pidOf(node, top, 'a')
    node.exit(a, 'kill')
    await quiet(host)
  }
  t.equal(await ended, 'shutdown')
})

t.test('temporary_bystander: a temporary sibling is stopped with its group, and forgotten', async (t) => {
  for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
    const { node } = nodeWithReports(t)
    const diary = new Diary()
    const children = [diary.kid('a'), diary.kid('b', { restart: 'temporary' })]
    const top = await node.supervise({ strategy, ...often, children })
    node.exit(await pidOf(node, top, 'a'), 'kill')
    t.match(await childrenOf(node, top), [['a', {}]], strategy)
    t.equal((await Supervisor.countChildren(node, top)).specs, 1)
  }
})

t.test('simple_one_for_one_corruption: exits of processes that are no children change nothing', async (t) => {
  for (const strategy of ['simple_one_for_one', 'one_for_one'] as const) {
    const { node, reports } = nodeWithReports(t)
    const diary = new Diary()
    const top = await node.supervise({ strategy, intensity: 0, children: [diary.kid('a', { restart: 'temporary' })] })
    if (strategy === 'simple_one_for_one') await Supervisor.startChild(node, top, [])
    const [kid] = await Supervisor.whichChildren(node, top)
    node.send(top, { type: 'EXIT', from: node.spawn(() => {}), reason: 'a stranger' })
    await node.stop(kid![1] as Pid, 'abnormal')
    node.send(top, { type: 'EXIT', from: kid![1], reason: 'again' })
    t.equal((await Supervisor.countChildren(node, top)).active, 0)
    t.equal(complaints(reports).length, 1)
  }
})

t.test('simple_global_supervisor: a supervisor under a name of a registry', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const names = new Registry<string>('names', { keys: 'unique' })
  await node.supervise({ children: [names.child()] })
  const via: Via<SupervisorApi> = { via: names, key: 'top' }
  const top = await node.supervise({ ...often, children: [diary.kid('a')] }, { name: via })
  const a = await pidOf(node, top, 'a')
  node.exit(a, 'kill')
  const [found] = await Supervisor.whichChildren(node, via)
  t.ok(found?.[1] !== a && node.isAlive(found?.[1] as Pid))
  await Supervisor.stop(node, via)
  t.notOk(node.isAlive(top))
})
