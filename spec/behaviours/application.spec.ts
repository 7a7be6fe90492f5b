import t from 'tap'
import {
  Application,
  type ApplicationDefinition,
  type ApplicationSpec,
  type Context,
  child,
  defineApplication,
  exit,
  type GenServer,
  type OtpNode,
  ok,
  type Pid,
  procLib,
  Supervisor,
  Task,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { Diary, gate, nodeWithReports } from '../support/kid.ts'

/** The subtests begin with the names of the cases of OTP's application_SUITE that they hold, where there is one. */

type Spec = ApplicationSpec<Readonly<Record<string, unknown>>, string>

/** An application with one child of its own name, which writes down what happens to it. */
function app(diary: Diary, name: string, more: Partial<Spec> = {}): ApplicationDefinition {
  return defineApplication<Readonly<Record<string, unknown>>, string>({
    name,
    async start() {
      diary.lines.push(`${name} start`)
      const started = await Supervisor.startLink(this, { intensity: 0, children: [diary.kid(`${name}_kid`)] })
      return started[0] === 'ok' ? ['ok', started[1] as Pid, `state of ${name}`] : ['error', 'no top']
    },
    prepStop(state) {
      diary.lines.push(`${name} prepStop ${state}`)
      return `prepared ${state}`
    },
    stop(state) {
      diary.lines.push(`${name} stop ${state}`)
    },
    ...more,
  })
}

function topOf(node: OtpNode, application: ApplicationDefinition): Pid {
  const top = Application.getSupervisor(node, application)
  if (top === undefined) throw new Error(`${application.name} does not run`)
  return top[1]
}

const namesOf = (infos: readonly Application.ApplicationInfo[]) => infos.map(([name]) => name)
const exits = (reports: readonly { label: readonly string[]; details: object }[]) =>
  reports
    .filter(({ label }) => label[0] === 'application_controller' && label[1] === 'exit')
    .map(({ details }) => details)

t.test('load, unload: an application is known by its name, and its environment with it', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const a = app(diary, 'a', { description: 'first', vsn: '1', env: { x: 1 } })
  t.equal(Application.getEnv(node, a, 'x'), undefined)
  t.equal(Application.load(node, a), 'ok')
  t.same(Application.load(node, a), ['error', ['already_loaded', a]])
  t.equal(Application.ensureLoaded(node, a), 'ok')
  t.equal(Application.ensureLoaded(node, 'a'), 'ok')
  t.same(Application.ensureLoaded(node, 'zz'), ['error', ['not_loaded', 'zz']])
  t.same(Application.loadedApplications(node), [['a', 'first', '1']])
  t.same(Application.getEnv(node, a, 'x'), ['ok', 1])
  t.equal(await Application.start(node, 'a'), 'ok')
  t.same(Application.whichApplications(node), [['a', 'first', '1']])
  t.same(Application.unload(node, a), ['error', ['running', 'a']])
  t.equal(await Application.stop(node, a), 'ok')
  t.equal(Application.unload(node, a), 'ok')
  t.same(Application.unload(node, a), ['error', ['not_loaded', 'a']])
  t.equal(Application.getEnv(node, a, 'x'), undefined)
})

t.test('set_env, set_env_persistent, get_env: defaults, and what takes their place', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const a = app(diary, 'a', { env: { x: 1, y: 2 } })
  Application.setEnv(node, a, 'x', 'lost at the load')
  Application.setEnv(node, a, 'z', 'kept')
  Application.putAllEnv(node, { a: { y: 'overridden' }, b: { x: 3 } }, { persistent: true })
  t.same(Application.getEnv(node, 'b', 'x'), ['ok', 3], 'b need not be known')
  Application.load(node, a)
  t.same(Application.getAllEnv(node, a), [
    ['x', 1],
    ['z', 'kept'],
    ['y', 'overridden'],
  ])
  t.equal(Application.getEnv(node, a, 'x', 'default'), 1)
  t.equal(Application.getEnv(node, a, 'none', 'default'), 'default')
  Application.unsetEnv(node, a, 'x')
  t.equal(Application.getEnv(node, a, 'x'), undefined)
  Application.unsetEnv(node, a, 'y', { persistent: true })
  Application.unload(node, a)
  Application.load(node, a)
  t.same(Application.getEnv(node, a, 'y'), ['ok', 2])
})

t.test('start: what it needs has to be started before', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const a = app(diary, 'a')
  const b = app(diary, 'b', { applications: [a] })
  t.same(await Application.start(node, b), ['error', ['not_started', 'a']])
  t.equal(await Application.start(node, a), 'ok')
  t.equal(await Application.start(node, b), 'ok')
  t.same(await Application.start(node, a), ['error', ['already_started', 'a']])
  t.equal(await Application.ensureStarted(node, a), 'ok')
  t.same(await Application.start(node, 'zz'), ['error', ['not_loaded', 'zz']])
  const c = app(diary, 'c')
  t.same(await Application.start(node, c, 'always' as never), ['error', ['invalid_restart_type', 'always']])
  t.same(namesOf(Application.whichApplications(node)), ['b', 'a'])
})

t.test('ensure_all_started: the missing ones in the order of their needs, or none', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const a = app(diary, 'a')
  const b = app(diary, 'b', { applications: [a] })
  const c = app(diary, 'c', { applications: [a, b] })
  t.same(await Application.ensureAllStarted(node, c), ['ok', ['a', 'b', 'c']])
  t.same(await Application.ensureAllStarted(node, c), ['ok', []])
  await Application.stop(node, c)
  await Application.stop(node, b)
  t.same(await Application.ensureAllStarted(node, [b, c]), ['ok', ['b', 'c']])
  const bad = app(diary, 'bad', { start: () => ['error', 'no_way'] })
  const d = app(diary, 'd')
  const e = app(diary, 'e', { applications: [d, bad] })
  diary.read()
  const reason = ['no_way', ['bad', 'start', ['normal', undefined]]]
  t.same(await Application.ensureAllStarted(node, e), ['error', ['bad', reason]])
  const stopped = ['d prepStop state of d', 'd_kid ends: shutdown', 'd stop prepared state of d']
  t.same(diary.read(), ['d start', 'd_kid starts', ...stopped])
  t.same(namesOf(Application.whichApplications(node)), ['c', 'b', 'a'])
})

t.test('optional_applications: one that is optional is not waited for', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const a = app(diary, 'a')
  const b = app(diary, 'b', { applications: [a], optionalApplications: [a] })
  t.equal(await Application.start(node, b), 'ok')
})

t.test('what start may return, and what it throws', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const boom = new Error('boom')
  const thrower = (thrown: unknown) => () => {
    throw thrown
  }
  const call = ['m', 'start', ['normal', 7]]
  const cases: [Spec['start'], unknown][] = [
    [() => ['error', 'why'], ['why', call]],
    [() => 'ignore', ['bad_return', [call, 'ignore']]],
    [() => 'junk' as never, ['bad_return', [call, 'junk']]],
    [() => ['ok', 'no_pid'] as never, ['bad_return', [call, ['ok', 'no_pid']]]],
    [() => ['ok', 'no_pid', 'state'] as never, ['bad_return', [call, ['ok', 'no_pid', 'state']]]],
    [() => ['ok', undefined] as never, ['bad_return', [call, ['ok', undefined]]]],
    [thrower(boom), ['bad_return', [call, ['EXIT', boom]]]],
    [thrower('thrown'), ['bad_return', [call, 'thrown']]],
    [() => exit('normal'), [['EXIT', 'normal'], call]],
    [() => exit('gone'), ['bad_return', [call, ['EXIT', 'gone']]]],
  ]
  for (const [start, reason] of cases) {
    const a = app(diary, 'a', { moduleName: 'm', args: 7, start: start! })
    t.same(await Application.start(node, a), ['error', reason])
    t.equal(Application.unload(node, a), 'ok')
  }
  t.match(exits(reports)[0], { application: 'a', exited: ['why', call], type: 'temporary' })
  t.equal(node.processCount, 1, 'the controller is left')
})

t.test('start_phases: they follow the start, in their order', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const startPhase: Spec['startPhase'] = (phase, type, args) => {
    diary.lines.push(`${phase} ${type} ${String(args)}`)
    return phase === 'bad' ? ['error', 'phase'] : 'ok'
  }
  const phases = (...names: string[]) => ({ startPhase, startPhases: names.map((name, i) => [name, i] as const) })
  t.equal(await Application.start(node, app(diary, 'a', phases('one', 'two'))), 'ok')
  t.same(diary.read(), ['a start', 'a_kid starts', 'one normal 0', 'two normal 1'])
  const failed = await Application.start(node, app(diary, 'b', phases('bad', 'never')))
  t.same(failed, ['error', ['phase', ['b', 'start_phase', ['bad', 'normal', 0]]]])
  t.same(diary.read(), ['b start', 'b_kid starts', 'bad normal 0', 'b_kid ends: shutdown'])
})

t.test('otp_1586: included applications are loaded with what includes them, and parts of its tree', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const deep = app(diary, 'deep', { env: { z: 26 } })
  const cart = app(diary, 'cart', { env: { size: 3 }, includedApplications: [deep] })
  const seen: unknown[] = []
  const shop = app(diary, 'shop', {
    includedApplications: [cart],
    async start() {
      seen.push(Application.getEnv(this, cart, 'size', 0), Application.getEnv(this, deep, 'z', 0))
      const inner = { children: [diary.kid('cart_kid')] }
      const children = [diary.kid('shop_kid'), Supervisor.child(inner, { id: 'cart', name: 'cart_top' })]
      return (await Supervisor.startLink(this, { intensity: 0, children })) as ['ok', Pid]
    },
  })
  t.equal(Application.load(node, shop), 'ok')
  t.same(namesOf(Application.loadedApplications(node)), ['shop', 'cart', 'deep'])
  t.same(Application.load(node, cart), ['error', ['already_loaded', cart]])
  t.equal(await Application.start(node, shop), 'ok')
  t.same(namesOf(Application.whichApplications(node)), ['shop'], 'they are not started')
  t.same(seen, [3, 26])
  t.same(diary.read(), ['shop_kid starts', 'cart_kid starts'])
  t.same(Application.getApplication(node, node.whereis('cart_top')!), ['ok', 'shop'])
  t.equal(Application.getSupervisor(node, cart), undefined)
  t.same(await Application.stop(node, cart), ['error', ['not_started', 'cart']])
  t.equal(await Application.stop(node, shop), 'ok')
  t.same(diary.read(), [
    'shop prepStop undefined',
    'cart_kid ends: shutdown',
    'shop_kid ends: shutdown',
    'shop stop prepared undefined',
  ])

  t.equal(await Application.start(node, cart), 'ok', 'one of them may be started by itself')
  t.equal(Application.unload(node, shop), 'ok')
  t.same(namesOf(Application.loadedApplications(node)), ['cart', 'deep'], 'what runs by itself stays')
  await Application.stop(node, cart)
  t.equal(Application.unload(node, cart), 'ok')
  t.same(Application.loadedApplications(node), [])
})

t.test('start_phases of included applications: those of what includes them, by each that has them', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const phases = (name: string, ...list: readonly string[]): Partial<Spec> => ({
    startPhases: list.map((phase) => [phase, `${name}'s`]),
    startPhase(phase, type, args) {
      diary.lines.push(`${name} ${phase} ${type} ${String(args)} ${Application.getApplication(this)?.[1]}`)
      return phase === 'bad' && name === 'inner' ? ['error', 'phase'] : 'ok'
    },
  })
  const deepest = app(diary, 'deepest', phases('deepest', 'go', 'init'))
  const inner = app(diary, 'inner', { ...phases('inner', 'go', 'other', 'bad'), includedApplications: [deepest] })
  const outer = (...list: readonly string[]) =>
    app(diary, 'outer', { ...phases('outer', ...list), includedApplications: [inner, app(diary, 'x', phases('x'))] })
  t.equal(await Application.start(node, outer('init', 'takeover', 'go')), 'ok')
  t.same(diary.read(), [
    'outer start',
    'outer_kid starts',
    "outer init normal outer's outer",
    "deepest init normal deepest's outer",
    "outer takeover normal outer's outer",
    "outer go normal outer's outer",
    "inner go normal inner's outer",
    "deepest go normal deepest's outer",
  ])
  await Application.stop(node, 'outer')
  Application.unload(node, 'outer')
  diary.read()
  const reason = ['phase', ['inner', 'start_phase', ['bad', 'normal', "inner's"]]]
  t.same(await Application.start(node, outer('bad', 'go')), ['error', reason])
  t.same(diary.read(), [
    'outer start',
    'outer_kid starts',
    "outer bad normal outer's outer",
    "inner bad normal inner's outer",
    'outer_kid ends: shutdown',
  ])
  const without = app(diary, 'without')
  const wrong = app(diary, 'wrong', { ...phases('wrong', 'go'), includedApplications: [without] })
  t.same(await Application.start(node, wrong), ['error', ['start_phases_undefined', 'without']])
  const none = app(diary, 'none', { includedApplications: [without] })
  t.equal(await Application.start(node, none), 'ok', 'without phases of its own there are none to walk')
  t.throws(() => app(diary, 'y', { includedApplications: ['inner'] as never }), { code: 'bad_application' })
  t.throws(() => app(diary, 'y', { includedApplications: inner as never }), { code: 'bad_application' })
})

t.test('get_key: what a loaded application says of itself', async (t) => {
  const { node } = nodeWithReports(t)
  const [needed, included] = [defineApplication({ name: 'needed' }), defineApplication({ name: 'included' })]
  const a = app(new Diary(), 'a', {
    description: 'first',
    vsn: '1',
    applications: [needed],
    optionalApplications: [needed],
    includedApplications: [included],
    env: { x: 1 },
    args: [7],
    moduleName: 'm',
    startPhases: [['go', 8]],
    startPhase: () => 'ok',
  })
  t.equal(Application.getKey(node, a, 'vsn'), undefined)
  t.equal(Application.getAllKey(node, a), undefined)
  Application.load(node, a)
  Application.setEnv(node, a, 'y', 2)
  const keys = {
    description: 'first',
    vsn: '1',
    included_applications: ['included'],
    optional_applications: ['needed'],
    applications: ['needed'],
    env: [
      ['x', 1],
      ['y', 2],
    ],
    mod: ['m', [7]],
    start_phases: [['go', 8]],
  } as const
  t.same(Application.getAllKey(node, 'a'), ['ok', keys])
  for (const [key, value] of Object.entries(keys)) {
    t.same(Application.getKey(node, a, key as keyof typeof keys), ['ok', value])
  }
  t.equal(Application.getKey(node, a, 'foo' as never), undefined)
  t.equal(Application.getKey(node, a, 'toString' as never), undefined)
  t.throws(() => Application.getKey(node, a, 7 as never), { code: 'badarg' })
  t.same(Application.getKey(node, included, 'mod'), ['ok', []])
  t.same(Application.getKey(node, included, 'start_phases'), ['ok', undefined])
  t.throws(() => Application.load(node, { name: 'b', env: {} } as never), { code: 'bad_application' })
  t.throws(() => Application.load(node, 'a' as never), { code: 'bad_application' })
})

t.test('stop: the callbacks around the end of the top supervisor', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const a = app(diary, 'a')
  const b = app(diary, 'b', { applications: [a] })
  await Application.ensureAllStarted(node, b)
  diary.read()
  const both = [Application.stop(node, a), Application.stop(node, a)]
  t.same(await Promise.all(both), ['ok', 'ok'], 'that b needs it is no hindrance')
  t.same(diary.read(), ['a prepStop state of a', 'a_kid ends: shutdown', 'a stop prepared state of a'])
  t.same(await Application.stop(node, a), ['error', ['not_started', 'a']])
  t.same(exits(reports), [{ application: 'a', exited: 'stopped', type: 'temporary' }])
  const failing = app(diary, 'f', { prepStop: () => exit('bad'), stop: () => exit('bad') })
  await Application.start(node, failing)
  t.equal(await Application.stop(node, failing), 'ok', 'callbacks that fail do not hold it up')
})

t.test('group leader: whatever an application has started ends with it', async (t) => {
  const { node } = nodeWithReports(t)
  const pids: Pid[] = []
  const Server: GenServer<{ state: null; init: [] }> = {
    init() {
      pids.push(
        this.spawn(async function () {
          this.trapExit(true)
          pids.push(this.spawn(() => new Promise(() => {})))
          await this.receive()
        }),
      )
      return ok(null)
    },
    handleCall: {},
  }
  const seen: unknown[] = []
  const a = defineApplication({
    name: 'a',
    start() {
      seen.push(Application.getApplication(this))
      return Supervisor.startLink(this, { children: [child(Server, [], { id: 'server' })] })
    },
  })
  t.equal(await Application.start(node, a), 'ok')
  await quiet()
  t.equal(pids.length, 2)
  t.same(seen, [['ok', 'a']])
  t.same(
    pids.map((pid) => Application.getApplication(node, pid)),
    [
      ['ok', 'a'],
      ['ok', 'a'],
    ],
  )
  const outside = node.spawn(() => new Promise(() => {}))
  t.equal(Application.getApplication(node, outside), undefined)
  await Application.stop(node, a)
  t.same(
    pids.map((pid) => node.isAlive(pid)),
    [false, false],
  )
  t.ok(node.isAlive(outside))
})

t.test('exit types: whose end ends the node', async (t) => {
  const cases = [
    ['temporary', 'kill', 'alive'],
    ['temporary', 'normal', 'alive'],
    ['transient', 'normal', 'alive'],
    ['transient', 'kill', 'down'],
    ['permanent', 'normal', 'down'],
    ['permanent', 'kill', 'down'],
  ] as const
  for (const [type, how, expected] of cases) {
    const { node, reports } = nodeWithReports(t)
    const diary = new Diary()
    const a = app(diary, 'a')
    const b = app(diary, 'b')
    await Application.start(node, b)
    await Application.start(node, a, type)
    diary.read()
    const top = topOf(node, a)
    if (how === 'kill') node.exit(top, 'kill')
    else await Supervisor.stop(node, top as Pid<never>)
    const reason = how === 'kill' ? 'killed' : 'normal'
    if (expected === 'down') t.same(await node.terminated, ['application_terminated', 'a', reason], `${type} ${how}`)
    else await quiet()
    t.equal(node.ended, expected === 'down')
    t.match(exits(reports)[0], { application: 'a', exited: reason, type })
    const lines = diary.read()
    t.ok(lines.includes('a prepStop state of a') && lines.includes('a stop prepared state of a'))
    t.equal(lines.includes('b stop prepared state of b'), expected === 'down', 'the others are stopped in order')
    if (expected === 'alive') {
      t.same(namesOf(Application.whichApplications(node)), ['b'])
      const needing = app(diary, 'n', { applications: [a] })
      t.same(await Application.start(node, needing), ['error', ['not_running', 'a']])
      t.equal(await Application.start(node, a, type), 'ok', 'and it can be started again')
    }
  }
})

t.test('otp_2718: a permanent application that cannot be started ends the node', async (t) => {
  for (const type of ['permanent', 'transient'] as const) {
    const { node } = nodeWithReports(t)
    const bad = app(new Diary(), 'bad', { start: () => ['error', 'no'] })
    const call = ['bad', 'start', ['normal', undefined]]
    t.same(await Application.start(node, bad, type), ['error', ['no', call]])
    t.same(await node.terminated, ['application_start_failure', 'bad', ['no', call]])
  }
  const { node } = nodeWithReports(t)
  const declining = app(new Diary(), 'declining', { start: () => exit('normal') })
  t.match(await Application.start(node, declining, 'transient'), ['error', [['EXIT', 'normal']]])
  await quiet()
  t.notOk(node.ended)
})

t.test('a node stops applications and supervisors in the reverse order of their starts', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  await Application.start(node, app(diary, 'a'))
  await node.supervise({ children: [diary.kid('root')] })
  await Application.start(node, app(diary, 'b'))
  diary.read()
  await node.shutdown()
  t.same(await node.terminated, 'normal')
  const ends = (name: string) => [
    `${name} prepStop state of ${name}`,
    `${name}_kid ends: shutdown`,
    `${name} stop prepared state of ${name}`,
  ]
  t.same(diary.read(), [...ends('b'), 'root ends: shutdown', ...ends('a')])
})

t.test('otp_2973: while one application starts, others do, and who asks for the same waits with it', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const held = gate()
  const slow = app(diary, 'slow', {
    async start() {
      await held.opened
      const started = await Supervisor.startLink(this, { children: [] })
      return started as ['ok', Pid]
    },
  })
  const first = Application.start(node, slow)
  const second = Application.start(node, slow)
  t.equal(await Application.start(node, app(diary, 'quick')), 'ok')
  held.open()
  t.same(await Promise.all([first, second]), ['ok', 'ok'])
  t.same(namesOf(Application.whichApplications(node)), ['slow', 'quick'])
  const bad = app(diary, 'bad', { start: () => quiet().then(() => ['error', 'no'] as const) })
  const reason = ['error', ['no', ['bad', 'start', ['normal', undefined]]]]
  t.same(await Promise.all([Application.start(node, bad), Application.start(node, bad)]), [reason, reason])
})

t.test(
  'shutdown_timeout: an application that does not stop holds the node up no longer than it is given',
  async (t) => {
    const host = new VirtualHost()
    const { node } = nodeWithReports(t, { host })
    const stuck = app(new Diary(), 'stuck', { prepStop: () => new Promise(() => {}) })
    await Application.start(node, stuck)
    let isDown = false
    const shutdown = node.shutdown(1000).then(() => {
      isDown = true
    })
    await quiet(host)
    host.advance(999)
    await quiet(host)
    t.notOk(isDown)
    host.advance(1)
    await shutdown
    t.ok(node.ended)
  },
)

t.test('an application may start another; a library runs nothing', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const library = defineApplication({ name: 'library' })
  const a = app(diary, 'a', {
    applications: [library],
    async startPhase() {
      return Application.start(this, app(diary, 'b')) as Promise<'ok'>
    },
    startPhases: [['other', 0]],
  })
  t.same(await Application.ensureAllStarted(node, a), ['ok', ['library', 'a']])
  t.same(namesOf(Application.whichApplications(node)), ['a', 'b', 'library'])
  t.equal(Application.getSupervisor(node, library), undefined)
  t.equal(await Application.stop(node, library), 'ok')
})

t.test('one that ends as soon as it has started is heard of', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const a = defineApplication({
    name: 'a',
    async start() {
      const started = await Supervisor.startLink(this, { children: [] })
      const top = started[1] as Pid
      this.node.exit(top, 'kill')
      return ['ok', top]
    },
  })
  await Application.start(node, a)
  await quiet()
  t.match(exits(reports), [{ application: 'a' }])
  t.same(Application.whichApplications(node), [])
})

t.test('tasks and processes of proc_lib belong to the application that starts them, and end with it', async (t) => {
  const { node } = nodeWithReports(t)
  const sleep = async function (this: Context) {
    await this.receive()
  }
  const begin = async function (this: Context) {
    procLib.initAck(this, ['ok', this.self])
    await this.receive()
  }
  const pids: Pid[] = []
  const a = defineApplication({
    name: 'a',
    async start() {
      const top = await Supervisor.startLink(this, { children: [Task.Supervisor.child({}, { name: 'tasks' })] })
      pids.push(this.spawn(sleep), procLib.spawn(this, sleep), Task.start(this, sleep)[1], Task.async(this, sleep).pid!)
      const [, begun] = (await procLib.start(this, begin, [])) as readonly ['ok', Pid]
      pids.push(begun)
      pids.push((await Task.Supervisor.startChild(this, 'tasks', sleep))[1] as Pid)
      const stream = Task.asyncStream(this, [1], async function () {
        pids.push(this.self)
        await this.receive()
      })
      void stream[Symbol.asyncIterator]().next()
      return top as readonly ['ok', Pid]
    },
  })
  t.equal(await Application.start(node, a), 'ok')
  await quiet()
  const living = pids.map((pid) => Application.getApplication(node, pid))
  t.same(living, Array(7).fill(['ok', 'a']))
  t.equal(await Application.stop(node, a), 'ok')
  t.equal(node.processCount, 1, 'the controller is left')
})

t.test('a definition is checked', async (t) => {
  const wrong: [object, RegExp][] = [
    [{}, /needs a name/],
    [{ name: 'a', env: 1 }, /env .*an object/],
    [{ name: 'a', applications: ['b'] }, /a depends on b/],
    [{ name: 'a', startPhases: [['x', 1]] }, /no startPhase/],
  ]
  for (const [spec, message] of wrong) {
    t.throws(() => defineApplication(spec as Spec), { code: 'bad_application', message })
  }
})
