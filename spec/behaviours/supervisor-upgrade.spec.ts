import t, { type Test } from 'tap'
import {
  ignore,
  type OtpNode,
  type Pid,
  Supervisor,
  type SupervisorApi,
  type SupervisorModule,
  type SupervisorSpec,
  sys,
} from '../../lib/index.ts'
import { quiet } from '../../lib/testing/index.ts'
import { childrenOf, Diary, down, nodeWithReports, pidOf } from '../support/kid.ts'

/** Code change of a supervisor: the cases `code_change` and `significant_upgrade` of supervisor_SUITE, over `sys`. */

async function change(node: OtpNode, top: Pid, to: object): Promise<unknown> {
  await sys.suspend(node, top)
  const result = await sys.changeCode(node, top, to, 1, undefined)
  await sys.resume(node, top)
  return result
}

const moduleOf = (spec: SupervisorSpec): SupervisorModule<[]> => ({ init: () => spec })

interface Scene {
  readonly node: OtpNode
  readonly diary: Diary
  readonly top: Pid<SupervisorApi>
  readonly pids: ReadonlyMap<string, Pid>
}

async function scene(t: Test, flags: Partial<SupervisorSpec> = {}): Promise<Scene> {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const children = [diary.kid('a'), diary.kid('b'), diary.kid('c')]
  const top = await node.supervise(moduleOf({ ...flags, children }), [])
  const pids = new Map((await childrenOf(node, top)).map(([id, pid]) => [id as string, pid as Pid]))
  diary.read()
  return { node, diary, top, pids }
}

t.test('code_change: children keep their processes under the new specifications', async (t) => {
  const { node, diary, top, pids } = await scene(t)
  const children = [diary.kid('c', { shutdown: 1 }), diary.kid('n'), diary.kid('a', { restart: 'transient' })]
  const to = moduleOf({ strategy: 'one_for_all', intensity: 7, children })
  t.equal(await change(node, top, to), 'ok')
  t.same(diary.read(), [], 'nothing is started or stopped')
  t.same(await childrenOf(node, top), [
    ['c', pids.get('c')],
    ['n', undefined],
    ['a', pids.get('a')],
    ['b', pids.get('b')],
  ])
  t.match(await Supervisor.getChildspec(node, top, 'c'), ['ok', { shutdown: 1 }])
  t.match(await Supervisor.getChildspec(node, top, 'a'), ['ok', { restart: 'transient' }])
  t.equal(await Supervisor.getCallbackModule(node, top), to)
  t.match(await Supervisor.restartChild(node, top, 'n'), ['ok', {}])
  t.equal(await Supervisor.terminateChild(node, top, 'b'), 'ok')
  t.equal(await Supervisor.deleteChild(node, top, 'b'), 'ok')
  diary.read()
  node.exit(pids.get('c')!, 'kill')
  t.ok(await pidOf(node, top, 'n'))
  t.same(diary.read(), ['a ends: shutdown', 'n ends: shutdown', 'c starts', 'n starts', 'a starts'], 'one_for_all')
})

t.test('code_change: intensity counts from the restarts that there were', async (t) => {
  const { node, diary, top } = await scene(t, { intensity: 5 })
  for (let i = 0; i < 2; i++) node.exit(await pidOf(node, top, 'a'), 'kill')
  const children = [diary.kid('a')]
  t.equal(await change(node, top, moduleOf({ intensity: 2, children })), 'ok')
  const ended = down(top)
  node.exit(await pidOf(node, top, 'a'), 'kill')
  t.equal(await ended, 'shutdown')
})

t.test('code_change: what is wrong is refused, and everything stays', async (t) => {
  const { node, diary, top, pids } = await scene(t)
  const before = await Supervisor.getCallbackModule(node, top)
  const twice = [diary.kid('a'), diary.kid('a')]
  const cases: [object, unknown][] = [
    [moduleOf({ children: twice }), ['duplicate_child_name', 'a']],
    [moduleOf({ children: [{ id: 'a' } as never] }), 'missing_start'],
    [moduleOf({ intensity: -1, children: [] }), ['invalid_intensity', -1]],
    [
      moduleOf({ strategy: 'simple_one_for_one', children: [diary.kid('a')] }),
      ['invalid_strategy', 'simple_one_for_one'],
    ],
    [{ moduleName: 'm', init: () => 'x' }, ['bad_return', ['m', 'init', 'x']]],
  ]
  for (const [to, reason] of cases) t.same(await change(node, top, to), ['error', reason])
  t.match(await change(node, top, {}), ['error', { code: 'badarg' }])
  t.equal(await Supervisor.getCallbackModule(node, top), before)
  t.same(new Map(await childrenOf(node, top)), pids)
  t.equal(await change(node, top, { init: () => ignore() }), 'ok')
  t.same(new Map(await childrenOf(node, top)), pids, 'ignore changes nothing')
})

t.test('code_change: a specification may take the place of a specification', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const top = await node.supervise({ children: [diary.kid('a')] })
  t.equal(await change(node, top, { children: [diary.kid('a'), diary.kid('b')] }), 'ok')
  t.match(await childrenOf(node, top), [
    ['a', {}],
    ['b', undefined],
  ])
})

t.test('code_change_simple: the new template counts for the children that run', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const simple = (id: string): SupervisorSpec => ({
    strategy: 'simple_one_for_one',
    intensity: 9,
    children: [{ ...diary.kid(id, {}, { trap: false }), id: 'template' }],
  })
  const top = await node.supervise(simple('old'))
  const [, pid] = await Supervisor.startChild(node, top, [])
  t.equal(await change(node, top, moduleOf(simple('new'))), 'ok')
  node.exit(pid as Pid, 'kill')
  await quiet()
  t.same(diary.read(), ['old starts', 'new starts'])
  const refused = await change(node, top, moduleOf({ children: [] }))
  t.same(refused, ['error', ['invalid_strategy', 'one_for_one']])
})

t.test('significant_upgrade: automatic shutdown may be switched on, and off', async (t) => {
  const { node, diary, top } = await scene(t)
  const significant = [diary.kid('a', { restart: 'transient', significant: true })]
  t.equal(await change(node, top, moduleOf({ autoShutdown: 'any_significant', children: significant })), 'ok')
  t.equal(await change(node, top, moduleOf({ children: [diary.kid('a', { restart: 'transient' })] })), 'ok')
  await node.stop(await pidOf(node, top, 'a'))
  t.equal((await Supervisor.countChildren(node, top)).active, 2, 'off')
  await Supervisor.restartChild(node, top, 'a')
  t.equal(await change(node, top, moduleOf({ autoShutdown: 'any_significant', children: significant })), 'ok')
  const ended = down(top)
  await node.stop(await pidOf(node, top, 'a'))
  t.equal(await ended, 'shutdown')
})
