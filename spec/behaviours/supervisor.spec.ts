import t from 'tap'
import {
  child,
  exit,
  type GenServer,
  GenStatem,
  type OtpNode,
  ok,
  type Pid,
  type StateMachine,
  Supervisor,
  type SupervisorApi,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'
import {
  childrenOf,
  complaints,
  Diary,
  down,
  gate,
  type KidOptions,
  nodeWithReports,
  often,
  pidOf,
} from '../support/kid.ts'

/** The children that were started anew since `before`, in the order they stand in now. */
async function renewed(
  node: OtpNode,
  supervisor: Pid<SupervisorApi>,
  before: readonly (readonly [unknown, unknown])[],
) {
  const now = await childrenOf(node, supervisor)
  return now.filter(([, pid]) => pid !== undefined && !before.some(([, old]) => old === pid)).map(([id]) => id)
}

t.test('children start in order, are listed newest first and stop in reverse, inner trees whole', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const inner = Supervisor.child({ children: [diary.kid('x'), diary.kid('y')] }, { id: 'inner' })
  const supervisor = await node.supervise({ children: [diary.kid('a'), inner, diary.kid('b')] })
  t.same(diary.read(), ['a starts', 'x starts', 'y starts', 'b starts'])
  const listed = await Supervisor.whichChildren(node, supervisor)
  t.match(listed, [
    ['b', {}, 'worker'],
    ['inner', {}, 'supervisor'],
    ['a', {}, 'worker'],
  ])
  t.same(await Supervisor.countChildren(node, supervisor), { specs: 3, active: 3, supervisors: 1, workers: 2 })
  t.match(
    reports.map(({ level, label, details }) => [level, label[1], (details.started as { id: unknown }).id]),
    ['a', 'x', 'y', 'inner', 'b'].map((id) => ['info', 'progress', id]),
  )
  await node.stop(supervisor, 'shutdown')
  t.same(diary.read(), ['b ends: shutdown', 'y ends: shutdown', 'x ends: shutdown', 'a ends: shutdown'])
  t.equal(node.processCount, 0)
})

t.test('which siblings are stopped and started with a child that ends', async (t) => {
  const expected = {
    one_for_one: ['b starts'],
    one_for_all: ['d ends: shutdown', 'c ends: shutdown', 'a ends: shutdown', 'a starts', 'b starts', 'd starts'],
    rest_for_one: ['d ends: shutdown', 'c ends: shutdown', 'b starts', 'd starts'],
  }
  for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const) {
    const { node } = nodeWithReports(t)
    const diary = new Diary()
    const children = ['a', 'b', 'c', 'd'].map((id) =>
      diary.kid(id, { restart: id === 'c' ? 'temporary' : 'transient' }),
    )
    const supervisor = await node.supervise({ strategy, ...often, children })
    diary.read()
    const before = await childrenOf(node, supervisor)
    node.exit(await pidOf(node, supervisor, 'b'), 'kill')
    t.same(
      await renewed(node, supervisor, before),
      expected[strategy].filter((line) => line.endsWith('starts')).map((line) => line[0]),
    )
    t.same(diary.read(), expected[strategy], strategy)
    t.same(
      (await childrenOf(node, supervisor)).map(([id]) => id),
      strategy === 'one_for_one' ? ['a', 'b', 'c', 'd'] : ['a', 'b', 'd'],
      'a temporary sibling is forgotten, the others keep their places',
    )
  }
})

t.test('a group starts its transient members, too, that had ended in order', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const children = [diary.kid('a', { restart: 'transient' }), diary.kid('b')]
  const supervisor = await node.supervise({ strategy: 'one_for_all', ...often, children })
  await node.stop(await pidOf(node, supervisor, 'a'))
  t.match(await childrenOf(node, supervisor), [['a', undefined], ['b']])
  node.exit(await pidOf(node, supervisor, 'b'), 'kill')
  t.match(await childrenOf(node, supervisor), [
    ['a', {}],
    ['b', {}],
  ])
  t.equal(diary.starts.get('a'), 2)
})

t.test('who is started again after which end, and what is reported', async (t) => {
  const ends = ['normal', 'shutdown', ['shutdown', 'x'], 'boom', 'kill'] as const
  const expected = {
    permanent: ['again', 'again', 'again', 'again', 'again'],
    transient: ['kept', 'kept', 'kept', 'again', 'again'],
    temporary: ['forgotten', 'forgotten', 'forgotten', 'forgotten', 'forgotten'],
  }
  for (const restart of ['permanent', 'transient', 'temporary'] as const) {
    const fates: string[] = []
    for (const reason of ends) {
      const { node, reports } = nodeWithReports(t)
      const diary = new Diary()
      const supervisor = await node.supervise({ ...often, children: [diary.kid('k', { restart })] })
      const kid = await pidOf(node, supervisor, 'k')
      if (reason === 'kill') node.exit(kid, 'kill')
      else await node.stop(kid, reason)
      const [left] = await childrenOf(node, supervisor)
      fates.push(left === undefined ? 'forgotten' : left[1] === undefined ? 'kept' : 'again')
      const orderly = reason !== 'boom' && reason !== 'kill'
      const isReported = restart === 'permanent' || !orderly
      const why = reason === 'kill' ? 'killed' : reason
      t.same(complaints(reports), isReported ? [['child_terminated', 'k', why]] : [], `${restart} ${String(reason)}`)
    }
    t.same(fates, expected[restart], restart)
  }
})

t.test('too many restarts in the period end the supervisor with shutdown, the rest in reverse', async (t) => {
  const host = new VirtualHost()
  const { node, reports } = nodeWithReports(t, { host })
  const diary = new Diary()
  const children = [diary.kid('a'), diary.kid('b'), diary.kid('c')]
  const supervisor = await node.supervise({ intensity: 1, period: 5, children })
  node.exit(await pidOf(node, supervisor, 'b'), 'kill')
  t.ok(await pidOf(node, supervisor, 'b'), 'started again')
  host.advance(6000)
  node.exit(await pidOf(node, supervisor, 'b'), 'kill')
  t.ok(await pidOf(node, supervisor, 'b'), 'the first restart is forgotten by now')
  diary.read()
  reports.length = 0
  const ended = down(supervisor)
  host.advance(4000)
  node.exit(await pidOf(node, supervisor, 'b'), 'kill')
  t.equal(await ended, 'shutdown')
  t.same(diary.read(), ['c ends: shutdown', 'a ends: shutdown'])
  t.same(complaints(reports), [
    ['child_terminated', 'b', 'killed'],
    ['shutdown', 'b', 'reached_max_restart_intensity'],
  ])
  const last_reasons = Array.from({ length: 3 }, () => ['b', 'killed'])
  const details = { errorContext: 'shutdown', supervisor: [supervisor, 'supervisor'], last_reasons }
  t.match(reports[1], { level: 'error', details })
})

t.test(
  'an exhausted supervisor is a child that ended in order: a permanent one starts anew, a transient not',
  async (t) => {
    for (const restart of ['permanent', 'transient'] as const) {
      const { node } = nodeWithReports(t)
      const diary = new Diary()
      const inner = Supervisor.child({ intensity: 0, children: [diary.kid('x')] }, { id: 'inner', restart })
      const outer = await node.supervise({ ...often, children: [inner] })
      const before = (await Supervisor.whichChildren(node, outer))[0]
      if (before?.[2] !== 'supervisor' || typeof before[1] !== 'object') throw new Error('no supervisor')
      const ended = down(before[1])
      const [x] = await Supervisor.whichChildren(node, before[1])
      node.exit(x?.[1] as Pid, 'kill')
      t.equal(await ended, 'shutdown')
      await Supervisor.countChildren(node, outer)
      t.equal(diary.starts.get('x'), restart === 'permanent' ? 2 : 1)
      t.equal((await Supervisor.countChildren(node, outer)).active, restart === 'permanent' ? 1 : 0)
    }
  },
)

t.test('of two children that are dead before the supervisor looks', async (t) => {
  for (const [strategy, restarts, started] of [
    ['one_for_one', 2, ['a starts', 'c starts']],
    ['one_for_all', 1, ['b ends: shutdown', 'a starts', 'b starts', 'c starts']],
  ] as const) {
    const { node, reports } = nodeWithReports(t)
    const diary = new Diary()
    const children = [diary.kid('a'), diary.kid('b'), diary.kid('c')]
    const supervisor = await node.supervise({ strategy, intensity: restarts, period: 100, children })
    const [a, , c] = await childrenOf(node, supervisor)
    diary.read()
    node.exit(a?.[1] as Pid, 'kill')
    node.exit(c?.[1] as Pid, 'kill')
    t.equal((await Supervisor.countChildren(node, supervisor)).active, 3, 'allowed, and no restart more')
    t.same(diary.read(), started)
    const second = strategy === 'one_for_one' ? 'child_terminated' : 'shutdown_error'
    t.same(complaints(reports), [
      ['child_terminated', 'a', 'killed'],
      [second, 'c', 'killed'],
    ])
    const ended = down(supervisor)
    node.exit(await pidOf(node, supervisor, 'a'), 'kill')
    t.equal(await ended, 'shutdown', 'the allowance was used up to the last')
  }
})

t.test('a child that does not start: those before it are stopped again', async (t) => {
  const { node, reports } = nodeWithReports(t)
  for (const [how, reason] of [
    ['fail', 'not_today'],
    ['throw', RangeError],
  ] as const) {
    const diary = new Diary()
    const children = [diary.kid('a'), diary.kid('b'), diary.kid('c', {}, { start: () => how }), diary.kid('d')]
    reports.length = 0
    await exitsWith(t, node.supervise({ children }), ['shutdown', ['failed_to_start_child', 'c', reason]])
    const failed = `c does not start: ${how}`
    t.same(diary.read(), ['a starts', 'b starts', failed, 'b ends: shutdown', 'a ends: shutdown'])
    t.match(complaints(reports), [['start_error', 'c', reason]])
    t.equal(node.processCount, 0)
  }
  const boom = new Error('boom')
  const starts: [() => never, unknown][] = [
    [() => 'junk' as never, 'junk'],
    [() => ['ok', 'no pid'] as never, ['ok', 'no pid']],
    [() => Promise.reject(boom) as never, ['EXIT', boom]],
    [() => exit('gone'), ['EXIT', 'gone']],
    [() => ['error', 'refused'] as never, 'refused'],
  ]
  for (const [start, reason] of starts) {
    const failed = ['shutdown', ['failed_to_start_child', 'j', reason]]
    await exitsWith(t, node.supervise({ children: [{ id: 'j', start }] }), failed)
  }
})

t.test('a child that declines is kept without a process, a temporary one not at all', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const ignored = { start: () => 'ignore' as const }
  const children = [diary.kid('a', {}, ignored), diary.kid('b', { restart: 'temporary' }, ignored), diary.kid('c')]
  const supervisor = await node.supervise({ children })
  t.match(await childrenOf(node, supervisor), [
    ['a', undefined],
    ['c', {}],
  ])
  t.same(await Supervisor.countChildren(node, supervisor), { specs: 2, active: 1, supervisors: 0, workers: 2 })
})

t.test('a restart that fails is tried again; what was queued is served before and sees it', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const held = gate()
  const inInit = gate()
  const start: KidOptions['start'] = (n) => {
    if (n !== 2) return 'ok'
    inInit.open()
    return held.opened.then(() => 'fail' as never)
  }
  const supervisor = await node.supervise({ ...often, children: [diary.kid('k', {}, { start })] })
  const kid = await pidOf(node, supervisor, 'k')
  node.exit(kid, 'kill')
  await inInit.opened
  const queued = Supervisor.whichChildren(node, supervisor)
  const restart = Supervisor.restartChild(node, supervisor, 'k')
  const remove = Supervisor.deleteChild(node, supervisor, 'k')
  held.open()
  t.match(await queued, [['k', 'restarting', 'worker']])
  t.same(await restart, ['error', 'restarting'])
  t.same(await remove, ['error', 'restarting'])
  t.ok(node.isAlive(await pidOf(node, supervisor, 'k')))
  t.same(complaints(reports), [
    ['child_terminated', 'k', 'killed'],
    ['start_error', 'k', 'not_today'],
  ])
})

t.test('every attempt to restart counts', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const start = (n: number) => (n === 1 ? 'ok' : 'fail')
  const supervisor = await node.supervise({ intensity: 3, period: 5, children: [diary.kid('k', {}, { start })] })
  const ended = down(supervisor)
  const kid = await pidOf(node, supervisor, 'k')
  node.exit(kid, 'kill')
  t.equal(await ended, 'shutdown')
  t.equal(diary.starts.get('k'), 4)
  const offenders = reports.filter(({ level }) => level === 'error').map(({ label, details }) => [label[1], details])
  t.match(offenders, [
    ['child_terminated', { offender: { pid: kid } }],
    ['start_error', { offender: { pid: kid } }],
    ['start_error', { offender: { pid: ['restarting', kid] } }],
    ['start_error', { offender: { pid: ['restarting', kid] } }],
    ['shutdown', { offender: { pid: ['restarting', kid] } }],
  ])
})

t.test('a child that is stopped while it waits for its next attempt is not started', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const held = gate()
  const start: KidOptions['start'] = (n) => (n === 2 ? held.opened.then(() => 'fail' as never) : 'ok')
  const supervisor = await node.supervise({ ...often, children: [diary.kid('k', {}, { start })] })
  node.exit(await pidOf(node, supervisor, 'k'), 'kill')
  const stopped = Supervisor.terminateChild(node, supervisor, 'k')
  held.open()
  t.equal(await stopped, 'ok')
  t.match(await childrenOf(node, supervisor), [['k', undefined]])
  t.equal(diary.starts.get('k'), 2)
})

t.test('a group of which a member does not start is tried again from where the strategy says', async (t) => {
  const expected = {
    one_for_all: ['b starts', 'c does not start: fail', 'b ends: shutdown', 'a ends: shutdown', 'a starts', 'b starts'],
    rest_for_one: ['b starts', 'c does not start: fail'],
  }
  for (const strategy of ['one_for_all', 'rest_for_one'] as const) {
    const { node } = nodeWithReports(t)
    const diary = new Diary()
    const start = (n: number) => (n === 2 ? 'fail' : 'ok')
    const children = [diary.kid('a'), diary.kid('b'), diary.kid('c', {}, { start })]
    const supervisor = await node.supervise({ strategy, ...often, children })
    diary.read()
    node.exit(await pidOf(node, supervisor, 'b'), 'kill')
    while ((await Supervisor.countChildren(node, supervisor)).active < 3) await quiet()
    const firstAttempt =
      strategy === 'one_for_all' ? ['c ends: shutdown', 'a ends: shutdown', 'a starts'] : ['c ends: shutdown']
    t.same(diary.read(), [...firstAttempt, ...expected[strategy], 'c starts'], strategy)
  }
})

t.test('a child is started with the options of a start', async (t) => {
  const { node } = nodeWithReports(t)
  const Idle: GenServer<{ state: number }> = { init: () => ok(0), handleCall: {} }
  const mailbox = { limit: 2, policy: 'reject' } as const
  const machine: StateMachine<{ state: 'on'; data: number }> = {
    callbackMode: 'handle_event_function',
    init: () => GenStatem.ok('on', 0),
    handleEvent: () => GenStatem.keepStateAndData(),
  }
  await node.supervise({
    children: [
      child(Idle, [], { name: 'bounded', mailbox, priority: 'high', hibernateAfter: 5 }),
      GenStatem.child(machine, [], { name: 'machine', mailbox }),
    ],
  })
  const info = (name: string, item: 'mailbox' | 'priority') => node.processInfo(node.whereis(name)!, item)
  t.match(info('bounded', 'mailbox'), ['mailbox', mailbox])
  t.same(info('bounded', 'priority'), ['priority', 'high'])
  t.match(info('machine', 'mailbox'), ['mailbox', mailbox])
  const Stuck: GenServer<{ state: number }> = { init: () => new Promise(() => {}), handleCall: {} }
  await exitsWith(t, node.supervise({ children: [child(Stuck, [], { id: 'stuck', timeout: 1 })] }), [
    'shutdown',
    ['failed_to_start_child', 'stuck', 'timeout'],
  ])
})
