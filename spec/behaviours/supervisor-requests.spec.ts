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
    await quiet(host)
    if (after > 0) {
      host.advance(after - 1)
      await quiet(host)
      t.notOk(ended, `${shutdown}: not before its time`)
      host.advance(1)
      if (shutdown === Number.POSITIVE_INFINITY) slow.open()
    }
    await stopped
    t.same(complaints(reports), complained, `${shutdown}`)
    t.same(diary.read(), lines)
    t.equal(node.timers.size, 0, 'no timer is left over')
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
  await quiet()
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

t.test('what a start function throws that is no error counts as returned', async (t) => {
  const { node } = nodeWithReports(t)
  const top = await node.supervise({ children: [] })
  const started = (thrown: unknown) => {
    const start = () => {
      throw thrown
    }
    return Supervisor.startChild(node, top, { id: 'k', start, restart: 'temporary' })
  }
  const pid = node.spawn((): Promise<never> => new Promise(() => {}))
  const boom = new RangeError('boom')
  t.same(await started('ignore'), ['ok', undefined])
  t.match(await started(['error', 'why']), ['error', ['why', {}]])
  t.match(await started('oops'), ['error', ['oops', {}]])
  t.match(await started(boom), ['error', [['EXIT', boom], {}]])
  t.same(await started(['ok', pid]), ['ok', pid])
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
    const two = [kid, diary.kid('y')]
    const wrong: [object, unknown][] = [
      [{ strategy: 'all_for_one' }, ['supervisor_data', ['invalid_strategy', 'all_for_one']]],
      [{ intensity: -1 }, ['supervisor_data', ['invalid_intensity', -1]]],
      [{ period: 0 }, ['supervisor_data', ['invalid_period', 0]]],
      [{ autoShutdown: 'maybe' }, ['supervisor_data', ['invalid_auto_shutdown', 'maybe']]],
      [{ children: [kid, kid] }, ['start_spec', ['duplicate_child_name', 'x']]],
      [{ strategy: 'simple_one_for_one' }, ['bad_start_spec', []]],
      [{ strategy: 'simple_one_for_one', children: two }, ['bad_start_spec', two]],
    ]
    for (const [part, reason] of wrong) {
      const spec = { children: [], ...part } as SupervisorSpec
      t.same(await Supervisor.startLink(this, spec), ['error', reason])
      await t.rejects(node.supervise(spec), { code: 'bad_supervisor', cause: { reason } })
    }
    t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT, 'no exit is left in the mailbox')
  })
})

t.test('specifications of children are checked without a supervisor', (t) => {
  const spec = { id: 'a', start: () => 'ignore' as const }
  const significant = { ...spec, restart: 'transient', significant: true } as const
  const never = [
    ['auto_shutdown', 'never'],
    ['significant', true],
  ]
  const wrong = (...given: unknown[]) => Supervisor.checkChildspecs(...(given as [never]))
  t.equal(Supervisor.checkChildspecs([]), 'ok')
  t.equal(Supervisor.checkChildspecs([spec, { ...spec, id: 'b' }]), 'ok')
  t.equal(Supervisor.checkChildspecs([significant]), 'ok')
  t.equal(Supervisor.checkChildspecs([significant], 'all_significant'), 'ok')
  t.same(Supervisor.checkChildspecs([significant], 'never'), ['error', ['bad_combination', never]])
  t.same(Supervisor.checkChildspecs([spec, spec]), ['error', ['duplicate_child_name', 'a']])
  t.same(wrong([{ ...spec, restart: 'x' }]), ['error', ['invalid_restart_type', 'x']])
  t.same(wrong([{}]), ['error', 'missing_id'])
  t.same(wrong('x'), ['error', ['badarg', 'x']])
  t.same(wrong([spec], 'x'), ['error', ['badarg', 'x']])
  t.end()
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
  node.send('top', { type: 'EXIT' })
  node.send('top', null)
  node.send('top', 'hello')
  await Supervisor.countChildren(node, 'top')
  t.match(reports.at(-1), {
    label: ['supervisor', 'unexpected_message'],
    details: { supervisor: ['local', 'top'], message: 'hello' },
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
  await quiet(host)
  node.exit(supervisor, 'kill')
  await exitsWith(t, stopping, ['killed'])
  host.advance(60_000)
  t.equal(node.processCount, 1, 'b goes on terminating: nobody is left to kill it')
  done.open()
  await quiet(host)
  t.equal(node.processCount, 0)
  t.same(complaints(reports), [])
})

t.test('a start function that settles after its supervisor was killed changes nothing', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const late = gate()
  const start = () => late.opened.then(() => 'ignore' as const)
  const next = () => {
    diary.lines.push('next')
    return 'ignore' as const
  }
  const children = [
    { id: 'late', start },
    { id: 'next', start: next },
  ]
  const starting = node.supervise({ children }, { name: 'top' })
  await quiet()
  node.exit(node.whereis('top')!, 'kill')
  late.open()
  await exitsWith(t, starting, 'killed')
  await quiet()
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
