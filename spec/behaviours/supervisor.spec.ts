import t, { type Test } from 'tap'
import {
  type Context,
  type ExitMessage,
  exit,
  type OtpNode,
  type Pid,
  Supervisor,
  type SupervisorApi,
  type SupervisorSpec,
  TIMEOUT,
} from '../../lib/index.ts'
import { exitsWith } from '../support/exits.ts'
import { complaints, Diary, down, gate, type KidApi, type KidOptions, nodeWithReports } from '../support/kid.ts'
import { settled, VirtualHost } from '../support/virtual-host.ts'

const often = { intensity: 100, period: 5 }

/** `[id, pid]` of each child in the order they were started. */
async function childrenOf(node: OtpNode, supervisor: Pid<SupervisorApi>): Promise<(readonly [unknown, unknown])[]> {
  return (await Supervisor.whichChildren(node, supervisor)).map(([id, pid]) => [id, pid] as const).reverse()
}

async function pidOf(node: OtpNode, supervisor: Pid<SupervisorApi>, id: string): Promise<Pid<KidApi>> {
  const found = (await childrenOf(node, supervisor)).find(([other]) => other === id)
  return found?.[1] as Pid<KidApi>
}

/** The children that were started anew since `before`, in the order they stand in now. */
async function renewed(
  node: OtpNode,
  supervisor: Pid<SupervisorApi>,
  before: readonly (readonly [unknown, unknown])[],
) {
  const now = await childrenOf(node, supervisor)
  return now.filter(([, pid]) => pid !== undefined && !before.some(([, old]) => old === pid)).map(([id]) => id)
}

/** Runs `body` in a process that traps exits; what it throws fails the test. */
function inProcess(t: Test, node: OtpNode, body: (this: Context) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    node.spawn(async function () {
      this.trapExit(true)
      await body.call(this).then(resolve, reject)
    })
    t.teardown(() => node.kill())
  })
}

const isExit = (message: unknown): message is ExitMessage => (message as ExitMessage).type === 'EXIT'

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
  t.match(reports[1], { level: 'error', details: { errorContext: 'shutdown', supervisor } })
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
    while ((await Supervisor.countChildren(node, supervisor)).active < 3) await settled()
    const firstAttempt =
      strategy === 'one_for_all' ? ['c ends: shutdown', 'a ends: shutdown', 'a starts'] : ['c ends: shutdown']
    t.same(diary.read(), [...firstAttempt, ...expected[strategy], 'c starts'], strategy)
  }
})

t.test('how long a child may take to end', async (t) => {
  const never = () => new Promise<never>(() => {})
  const slow = gate()
  const cases: [shutdown: number | 'brutal_kill' | undefined, KidOptions, after: number, unknown[], string[]][] = [
    [1000, {}, 0, [], ['k ends: shutdown']],
    [80, { terminate: never }, 80, [['shutdown_error', 'k', 'killed']], ['k ends: shutdown']],
    [undefined, { terminate: never }, 5000, [['shutdown_error', 'k', 'killed']], ['k ends: shutdown']],
    [Number.POSITIVE_INFINITY, { terminate: () => slow.opened }, 1e8, [], ['k ends: shutdown']],
    ['brutal_kill', { terminate: never }, 0, [], []],
    [0, { terminate: never }, 0, [['shutdown_error', 'k', 'killed']], []],
    [1000, { trap: false }, 0, [], []],
    [1000, { terminate: () => exit('weird') }, 0, [['shutdown_error', 'k', 'weird']], ['k ends: shutdown']],
    [1000, { terminate: () => exit('normal') }, 0, [['shutdown_error', 'k', 'normal']], ['k ends: shutdown']],
  ]
  for (const [shutdown, options, after, complained, lines] of cases) {
    const host = new VirtualHost()
    const { node, reports } = nodeWithReports(t, { host })
    const diary = new Diary()
    const spec = shutdown === undefined ? {} : { shutdown }
    const supervisor = await node.supervise({ children: [diary.kid('k', spec, options)] })
    diary.read()
    let ended = false
    const stopped = node.stop(supervisor, 'shutdown').then(() => {
      ended = true
    })
    await settled()
    if (after > 0) {
      host.advance(after - 1)
      await settled()
      t.notOk(ended, `${shutdown}: not before its time`)
      host.advance(1)
      if (shutdown === Number.POSITIVE_INFINITY) slow.open()
    }
    await stopped
    t.same(complaints(reports), complained, `${shutdown}`)
    t.same(diary.read(), lines)
  }
})

t.test('a child that is not permanent may end in order on its own account while it is stopped', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const terminate = () => exit(['shutdown', 'done'])
  const supervisor = await node.supervise({ children: [diary.kid('k', { restart: 'transient' }, { terminate })] })
  await node.stop(supervisor, 'shutdown')
  t.same(complaints(reports), [])
})

t.test('a child counts as down when what it owned is closed, not before', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const closed = gate()
  const owns = { [Symbol.asyncDispose]: () => closed.opened.then(() => {}) }
  const children = [diary.kid('a'), diary.kid('b', { shutdown: 1000 }, { owns })]
  const supervisor = await node.supervise({ strategy: 'rest_for_one', ...often, children })
  diary.read()
  const b = await pidOf(node, supervisor, 'b')
  node.exit(b, 'kill')
  t.notOk(node.isAlive(b))
  const stopped = node.stop(supervisor, 'shutdown')
  await settled()
  t.same(diary.read(), [], 'the next is not stopped while the one before is closing')
  closed.open()
  await stopped
  t.same(diary.read(), ['a ends: shutdown'])
  t.same(complaints(reports), [['shutdown_error', 'b', 'killed']])
})

t.test('children are added, stopped, started, deleted and shown', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const s = await node.supervise({ children: [diary.kid('a')] })
  const started = await Supervisor.startChild(node, s, diary.kid('b'))
  if (started[0] !== 'ok' || started[1] === undefined) throw new Error('b does not run')
  const b = started[1]
  t.equal(await node.call(b, 'id'), 'b', 'the pid has the type of the child')
  t.same(await Supervisor.startChild(node, s, diary.kid('b')), ['error', ['already_started', b]])
  t.same(await Supervisor.restartChild(node, s, 'b'), ['error', 'running'])
  t.same(await Supervisor.deleteChild(node, s, 'b'), ['error', 'running'])
  t.equal(await Supervisor.terminateChild(node, s, 'b'), 'ok')
  t.equal(await Supervisor.terminateChild(node, s, 'b'), 'ok')
  t.notOk(node.isAlive(b))
  t.same(await Supervisor.startChild(node, s, diary.kid('b')), ['error', 'already_present'])
  t.match(await Supervisor.restartChild(node, s, 'b'), ['ok', {}])
  t.equal(await Supervisor.terminateChild(node, s, 'b'), 'ok')
  t.equal(await Supervisor.deleteChild(node, s, 'b'), 'ok')
  const { terminateChild, restartChild, deleteChild, getChildspec } = Supervisor
  for (const operation of [terminateChild, restartChild, deleteChild, getChildspec]) {
    t.same(await operation(node, s, 'zz'), ['error', 'not_found'])
  }
  const temporary = { restart: 'temporary' } as const
  t.match(await Supervisor.startChild(node, s, diary.kid('t', temporary)), ['ok', {}])
  t.equal(await Supervisor.terminateChild(node, s, 't'), 'ok')
  t.same(await Supervisor.restartChild(node, s, 't'), ['error', 'not_found'])
  const ignored = { start: () => 'ignore' as const }
  t.same(await Supervisor.startChild(node, s, diary.kid('i', {}, ignored)), ['ok', undefined])
  t.same(await Supervisor.startChild(node, s, diary.kid('j', temporary, ignored)), ['ok', undefined])
  const failing = await Supervisor.startChild(node, s, diary.kid('f', {}, { start: () => 'fail' }))
  t.match(failing, ['error', ['not_today', ['child', undefined, 'f']]])
  t.equal((failing[1] as [unknown, unknown[]])[1].length, 9, "OTP's record")
  t.match(await childrenOf(node, s), [['a', {}], ['i']])
  const extra = {
    id: 'e',
    start: (parent: Context) => ['ok', parent.spawnLink(() => parent.sleep(1e6)), 'info'] as const,
  }
  t.match(await Supervisor.startChild(node, s, extra), ['ok', {}, 'info'])
  t.match(await Supervisor.getChildspec(node, s, 'a'), [
    'ok',
    { id: 'a', restart: 'permanent', shutdown: 5000, type: 'worker', significant: false, modules: [{}] },
  ])
})

t.test('an id is any term, and the same term is the same id', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const supervisor = await node.supervise({ children: [diary.kid('k', { id: ['guild', 7, { shard: 1n }] })] })
  t.equal(await Supervisor.terminateChild(node, supervisor, ['guild', 7, { shard: 1n }]), 'ok')
  t.same(await Supervisor.terminateChild(node, supervisor, ['guild', 7, { shard: 1 }]), ['error', 'not_found'])
})

t.test('what is wrong with a specification is said in the terms of OTP', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const s = await node.supervise({ children: [] })
  const kid = diary.kid('x')
  const { start } = kid
  const wrongChildren: [unknown, unknown][] = [
    [{ id: 'x' }, 'missing_start'],
    [{ start }, 'missing_id'],
    ['nonsense', ['invalid_child_spec', 'nonsense']],
    [{ id: 'x', start: 5 }, ['invalid_mfa', 5]],
    [{ ...kid, restart: 'sometimes' }, ['invalid_restart_type', 'sometimes']],
    [{ ...kid, shutdown: -1 }, ['invalid_shutdown', -1]],
    [{ ...kid, type: 'manager' }, ['invalid_child_type', 'manager']],
    [{ ...kid, modules: 'kid' }, ['invalid_modules', 'kid']],
    [{ ...kid, significant: 1 }, ['invalid_significant', 1]],
    [
      { ...kid, restart: 'transient', significant: true },
      [
        'bad_combination',
        [
          ['auto_shutdown', 'never'],
          ['significant', true],
        ],
      ],
    ],
  ]
  await inProcess(t, node, async function () {
    for (const [spec, reason] of wrongChildren) {
      t.same(await Supervisor.startChild(this, s, spec as never), ['error', reason])
      t.same(await Supervisor.startLink(this, { children: [spec as never] }), ['error', ['start_spec', reason]])
    }
    const wrong: [object, unknown][] = [
      [{ strategy: 'all_for_one' }, ['supervisor_data', ['invalid_strategy', 'all_for_one']]],
      [{ intensity: -1 }, ['supervisor_data', ['invalid_intensity', -1]]],
      [{ period: 0 }, ['supervisor_data', ['invalid_period', 0]]],
      [{ autoShutdown: 'maybe' }, ['supervisor_data', ['invalid_auto_shutdown', 'maybe']]],
      [{ children: [kid, kid] }, ['start_spec', ['duplicate_child_name', 'x']]],
      [{ children: 'none' }, ['bad_start_spec', 'none']],
    ]
    for (const [part, reason] of wrong) {
      const spec = { children: [], ...part } as SupervisorSpec
      t.same(await Supervisor.startLink(this, spec), ['error', reason])
      await t.rejects(node.supervise(spec), { code: 'bad_supervisor', cause: { reason } })
    }
    t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT, 'no exit is left in the mailbox')
  })
})

t.test('significant children take their supervisor along when they end for good', async (t) => {
  type Death = readonly [id: string, reason: 'normal' | 'boom']
  const cases: [SupervisorSpec['autoShutdown'], SupervisorSpec['children'], Death[], 'shutdown' | 'alive'][] = []
  const diary = new Diary()
  const significant = (id: string, restart: 'transient' | 'temporary' = 'transient') =>
    diary.kid(id, { restart, significant: true })
  const other = diary.kid('o', { restart: 'transient' })
  cases.push(
    ['any_significant', [significant('a'), significant('b'), other], [['a', 'normal']], 'shutdown'],
    ['any_significant', [significant('a'), other], [['a', 'boom']], 'alive'],
    ['any_significant', [significant('a', 'temporary'), other], [['a', 'boom']], 'shutdown'],
    ['any_significant', [significant('a'), other], [['o', 'normal']], 'alive'],
    ['all_significant', [significant('a'), significant('b'), other], [['a', 'normal']], 'alive'],
    [
      'all_significant',
      [significant('a'), significant('b'), other],
      [
        ['a', 'normal'],
        ['b', 'normal'],
      ],
      'shutdown',
    ],
  )
  for (const [autoShutdown, children, deaths, expected] of cases) {
    const { node } = nodeWithReports(t)
    const supervisor = await node.supervise({ autoShutdown, children, ...often } as SupervisorSpec)
    const ended = down(supervisor)
    for (const [id, reason] of deaths) await node.stop(await pidOf(node, supervisor, id), reason)
    if (expected === 'shutdown') t.equal(await ended, 'shutdown')
    else t.ok(await Supervisor.countChildren(node, supervisor))
  }
  const { node } = nodeWithReports(t)
  const supervisor = await node.supervise({ autoShutdown: 'any_significant', children: [significant('a'), other] })
  await Supervisor.terminateChild(node, supervisor, 'a')
  t.equal((await Supervisor.countChildren(node, supervisor)).active, 1, 'stopped by hand it does not count')
})

t.test('the exit of its parent ends a supervisor, whatever the reason; that of a stranger does not', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const spec = { children: [diary.kid('a'), diary.kid('b')] }
  await inProcess(t, node, async function () {
    for (const reason of ['boom', 'normal', 'shutdown']) {
      const started = await Supervisor.startLink(this, spec)
      const supervisor = started[1] as Pid<SupervisorApi>
      node.exit(supervisor, 'shutdown')
      t.equal((await Supervisor.countChildren(node, supervisor)).active, 2, 'alive')
      this.exit(supervisor, reason)
      t.equal((await this.receive(isExit)).reason, reason)
      t.same(diary.read().slice(2), ['b ends: shutdown', 'a ends: shutdown'])
    }
  })
})

t.test('a supervisor whose parent ends in order ends with normal', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const leave = gate()
  const ended = new Promise((resolve) => {
    node.spawn(async function () {
      const started = await Supervisor.startLink(this, { children: [diary.kid('a')] })
      resolve(down(started[1] as Pid))
      await leave.opened
    })
  })
  leave.open()
  t.equal(await ended, 'normal')
  t.same(diary.read(), ['a starts', 'a ends: shutdown'])
})

t.test('a message that no supervisor expects is reported and ignored, an unknown request ends it', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const supervisor = await node.supervise({ children: [diary.kid('a')] }, { name: 'top' })
  node.send('top', 'hello')
  await Supervisor.countChildren(node, 'top')
  t.match(reports.at(-1), {
    label: ['supervisor', 'unexpected_message'],
    details: { supervisor: 'top', message: 'hello' },
  })
  await exitsWith(t, node.call(supervisor, 'foo' as never, ...([] as never)), [{ code: 'function_clause' }])
  t.same(diary.read(), ['a starts', 'a ends: shutdown'])
})

t.test('while a child starts, requests wait; a kill does not, and takes the children along', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const inInit = gate()
  const start = () => {
    inInit.open()
    return new Promise<never>(() => {})
  }
  const supervisor = await node.supervise({ children: [diary.kid('a', {}, { trap: false })] })
  const adding = Supervisor.startChild(node, supervisor, diary.kid('b', {}, { start }))
  await inInit.opened
  const waiting = Supervisor.countChildren(node, supervisor)
  await exitsWith(t, node.call(supervisor, 'countChildren', undefined, { timeout: 0 }), ['timeout'])
  const ended = down(supervisor)
  node.exit(supervisor, 'kill')
  t.equal(await ended, 'killed')
  await exitsWith(t, waiting, ['killed'])
  await exitsWith(t, adding, ['killed'])
  const [left, ...none] = node.processes()
  t.same([left === undefined, none], [false, []], 'only the one that traps exits and is in init is left')
})

t.test('a supervisor that is killed while it stops a child does nothing more', async (t) => {
  const host = new VirtualHost()
  const { node, reports } = nodeWithReports(t, { host })
  const diary = new Diary()
  const done = gate()
  const children = [diary.kid('a', {}, { trap: false }), diary.kid('b', {}, { terminate: () => done.opened })]
  const supervisor = await node.supervise({ children })
  const stopping = Supervisor.terminateChild(node, supervisor, 'b')
  await settled()
  node.exit(supervisor, 'kill')
  await exitsWith(t, stopping, ['killed'])
  host.advance(60_000)
  t.equal(node.processCount, 1, 'b goes on terminating: nobody is left to kill it')
  done.open()
  await settled()
  t.equal(node.processCount, 0)
  t.same(complaints(reports), [])
})

t.test('a start function that settles after its supervisor was killed changes nothing', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const late = gate()
  const start = () => late.opened.then(() => 'ignore' as const)
  const starting = node.supervise({ children: [{ id: 'late', start }, diary.kid('next')] }, { name: 'top' })
  await settled()
  node.exit(node.whereis('top')!, 'kill')
  late.open()
  await exitsWith(t, starting, 'killed')
  await settled()
  t.same(diary.read(), [])
})

t.test('a child under a name is found under it again after a restart', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const children = [diary.kid('a', { name: 'first' })]
  await node.supervise({ ...often, children }, { name: 'top' })
  const before = node.whereis('first')!
  node.exit(before, 'kill')
  t.equal(await Supervisor.countChildren(node, 'top').then(({ active }) => active), 1)
  const after = node.whereis('first')
  t.ok(after !== undefined && after !== before)
})
