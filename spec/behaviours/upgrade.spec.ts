import t, { type Test } from 'tap'
import {
  Agent,
  child,
  createNode,
  DynamicSupervisor,
  type DynamicSupervisorModule,
  defineApplication,
  type EventHandler,
  enterLoop,
  failure,
  GenEvent,
  type GenServer,
  GenStatem,
  name,
  noreply,
  type OtpNode,
  ok,
  PartitionSupervisor,
  type Pid,
  procLib,
  type Report,
  reply,
  type StartResult,
  type StateMachine,
  Supervisor,
  type SupervisorModule,
  sys,
  upgrade,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'

interface CountApi {
  state: number
  init: [start: number]
  call: { add(n: number): number | readonly [number, string]; stuck(): never }
}

const V1: GenServer<CountApi> = {
  vsn: 1,
  init: (start) => ok(start),
  handleCall: {
    add: (n, _from, count) => reply(count + n, count + n),
    stuck: (_request, _from, count) => new Promise(() => count),
  },
}

interface UnitApi {
  state: { readonly count: number; readonly unit: string }
  init: [start: number]
  call: { add(n: number): readonly [number, string] }
  codeChange: [oldVsn: unknown, state: number, extra: { readonly unit: string; readonly refuse?: number }]
}

const changes: unknown[] = []

function unwrap<P>(started: StartResult<P>): Pid<P> {
  if (started === 'ignore' || started[0] === 'error') throw new Error(String(started))
  return started[1]
}

const V2: GenServer<UnitApi> = {
  vsn: 2,
  init: (start) => ok({ count: start, unit: 'started' }),
  handleCall: {
    add: (n, _from, { count, unit }) => reply([count + n, unit], { count: count + n, unit }),
  },
  codeChange(oldVsn, count, { unit, refuse }) {
    changes.push([oldVsn, count])
    if (count === refuse) return failure('too few')
    return ok({ count, unit })
  },
}

const counter = name(V1, 'counter')
const change = { module: 'count', from: V1, to: V2, extra: { unit: 'apples' } }

function nodeFor(t: Test, options: Parameters<typeof createNode>[0] = {}): OtpNode {
  const node = createNode({ reporter: () => {}, ...options })
  t.teardown(() => node.kill())
  changes.length = 0
  return node
}

t.test('all processes of a module go on with the new one and their state', async (t) => {
  const reports: Report[] = []
  const node = nodeFor(t, { reporter: (report) => reports.push(report) })
  const [a, b] = [await node.start(V1, [1]), await node.start(V1, [2])]
  t.same(await upgrade(node, [change]), [a, b])
  t.same(await node.call(a, 'add', 1), [2, 'apples'])
  t.same(await node.call(b, 'add', 1), [3, 'apples'])
  t.same(changes, [
    [1, 1],
    [1, 2],
  ])
  t.match(reports, [
    { level: 'info', label: ['release_handler', 'upgraded'], details: { module: 'count', processes: 2 } },
  ])
})

t.test('a supervisor starts the new code again, though its specification names the old', async (t) => {
  const node = nodeFor(t)
  await node.supervise({ children: [child(V1, [1], { name: counter })] })
  await upgrade(node, [change])
  t.same(await node.call(counter, 'add', 1), [2, 'apples'])
  const before = node.whereis('counter')!
  node.exit(before, 'kill')
  while (node.whereis('counter') === undefined || node.whereis('counter') === before) await quiet()
  t.same(await node.call(counter, 'add', 1), [2, 'started'])
  const fresh = await node.start(V1, [10])
  t.same(await node.call(fresh, 'add', 1), [11, 'started'])
})

t.test('and back again', async (t) => {
  const node = nodeFor(t)
  const pid = await node.start(V1, [1])
  await upgrade(node, [change])
  const Back = { ...V1, vsn: 3, codeChange: (_vsn: unknown, { count }: UnitApi['state']) => ok(count) }
  await upgrade(node, [{ module: 'count', from: V2, to: Back }])
  t.equal(await node.call(pid, 'add', 1), 2)
  await upgrade(node, [{ module: 'count', from: Back, to: V1 }])
  const started = (await node.start(V2, [5])) as unknown as Pid<CountApi>
  t.equal(await node.call(started, 'add', 1), 6)
})

t.test('a failed upgrade rolls back all of them, with their old state and module', async (t) => {
  const node = nodeFor(t)
  const pids: Pid<CountApi>[] = []
  for (let n = 0; n < 5; n++) pids.push(await node.start(V1, [n]))
  const failed = upgrade(node, [{ ...change, extra: { unit: 'pears', refuse: 3 } }])
  await t.rejects(failed, { code: 'upgrade_failed', cause: { reason: ['count', pids[3], 'too few'] } })
  t.equal(changes.length, 4, 'three had been changed before')
  for (const [n, pid] of pids.entries()) t.equal(await node.call(pid, 'add', 1), n + 1)
  t.equal(await node.call(await node.start(V1, [7]), 'add', 1), 8, 'the old code is current')
  t.equal((await upgrade(node, [change])).length, 6, 'and may be upgraded later')
})

t.test('one that is busy for too long, or whose codeChange takes too long, fails the upgrade', async (t) => {
  const host = new VirtualHost()
  const node = nodeFor(t, { host })
  const [idle, busy] = [await node.start(V1, [1]), await node.start(V1, [2])]
  node.call(busy, 'stuck').catch(() => {})
  await quiet(host)
  const failing = upgrade(node, [change], { timeout: 100 })
  await quiet(host)
  host.advance(100)
  await quiet(host)
  host.advance(100) // to resume the one that is busy is tried as long
  await t.rejects(failing, { code: 'upgrade_failed', cause: { reason: ['count', busy] } })
  t.equal(await node.call(idle, 'add', 1), 2)
  t.same(changes, [])
  node.exit(busy, 'kill')

  let finish = () => {}
  const gate = new Promise<void>((resolve) => {
    finish = resolve
  })
  const Slow: GenServer<UnitApi> = {
    ...V2,
    async codeChange(_vsn, count) {
      await gate
      return ok({ count, unit: 'late' })
    },
  }
  const other = await node.start(V1, [10])
  const late = upgrade(node, [{ ...change, to: Slow }], { timeout: 100 })
  await quiet(host)
  host.advance(100)
  await quiet(host)
  host.advance(100)
  await t.rejects(late, { code: 'upgrade_failed' })
  t.equal(await node.call(other, 'add', 1), 11, 'the others go on with their old code')
  let answer: unknown = 'none'
  const asked = node.call(idle, 'add', 1).then((sum) => {
    answer = sum
  })
  await quiet(host)
  t.equal(answer, 'none', 'the one that hangs handles nothing')
  finish()
  await asked
  t.equal(answer, 3, 'what came too late has not taken effect')
})

t.test('an async codeChange is awaited; one that ends meanwhile is left to its supervisor', async (t) => {
  const node = nodeFor(t)
  const [a, b] = [await node.start(V1, [1]), await node.start(V1, [2])]
  const Slow: GenServer<UnitApi> = {
    ...V2,
    async codeChange(_vsn, count) {
      await quiet()
      if (count === 1) this.exit(b, 'kill')
      return ok({ count, unit: 'slow' })
    },
  }
  t.same(await upgrade(node, [{ ...change, to: Slow }]), [a])
  t.same(await node.call(a, 'add', 1), [2, 'slow'])
  t.notOk(node.isAlive(b))
})

t.test('one that somebody else has suspended is upgraded, and stays suspended', async (t) => {
  const node = nodeFor(t)
  const pid = await node.start(V1, [1])
  await sys.suspend(node, pid)
  await upgrade(node, [change])
  t.same(await sys.getState(node, pid), { count: 1, unit: 'apples' })
  t.equal((await sys.getStatus(node, pid))[3][1], 'suspended')
})

t.test('a module without codeChange takes the state as it is', async (t) => {
  const node = nodeFor(t)
  const pid = await node.start(V1, [20])
  const Doubling: GenServer<CountApi> = {
    ...V1,
    handleCall: { ...V1.handleCall, add: (n, _from, count) => reply(count + 2 * n, count + 2 * n) },
  }
  await upgrade(node, [{ module: 'count', from: V1, to: Doubling }])
  t.equal(await node.call(pid, 'add', 1), 22)
})

t.test('what is no module is refused before anything is done', async (t) => {
  const node = nodeFor(t)
  const pid = await node.start(V1, [1])
  await t.rejects(upgrade(node, [{ module: 'count', from: V1, to: {} }]), { code: 'badarg' })
  await t.rejects(upgrade(node, [{ module: 'count', from: V1, to: 'V2' as never }]), { code: 'badarg' })
  t.equal(await node.call(pid, 'add', 1), 2)
})

t.test('under load no call is lost, none answered twice, and the state is kept', async (t) => {
  const node = nodeFor(t)
  const pid = await node.start(V1, [0])
  const CALLERS = 50
  const CALLS = 400
  let answered = 0
  const units = new Set<string>()
  const callers = Array.from({ length: CALLERS }, async () => {
    for (let i = 0; i < CALLS; i++) {
      const answer = await node.call(pid, 'add', 1)
      answered++
      units.add(typeof answer === 'number' ? 'old' : answer[1])
      if (i % 20 === 0) await quiet()
    }
  })
  for (let n = 0; n < 5; n++) await quiet()
  const before = answered
  await upgrade(node, [change])
  const after = answered
  await Promise.all(callers)
  t.ok(before > 0 && after < CALLERS * CALLS, 'calls were made before, during and after')
  t.equal(answered, CALLERS * CALLS)
  t.same(await sys.getState(node, pid), { count: CALLERS * CALLS, unit: 'apples' })
  t.same([...units], ['old', 'apples'])
})

t.test('casts and messages that come meanwhile are handled by the new code, in their order', async (t) => {
  interface LogApi {
    state: readonly string[]
    cast: { note(text: string): void }
  }
  const logging = (version: string): GenServer<LogApi> => ({
    init: () => ok([]),
    handleCall: {},
    handleCast: { note: (text, log) => noreply([...log, `${version} ${text}`]) },
    handleInfo: (message, log) => noreply([...log, `${version} ${message}`]),
    async codeChange(_vsn, state) {
      await quiet()
      return ok(state as readonly string[])
    },
  })
  const [one, two] = [logging('1'), logging('2')]
  const node = nodeFor(t)
  const pid = await node.start(one, [])
  node.cast(pid, 'note', 'a')
  const done = upgrade(node, [{ module: 'log', from: one, to: two }])
  await quiet()
  node.cast(pid, 'note', 'b')
  node.send(pid, 'c')
  await done
  node.cast(pid, 'note', 'd')
  t.same(await sys.getState(node, pid), ['1 a', '2 b', '2 c', '2 d'])
})

t.test('behaviours of several kinds in one upgrade: a failure of one puts the others back, too', async (t) => {
  interface LampApi {
    state: 'on' | 'off'
    data: number
    call: { look(): string }
  }
  const lamp = (version: number): StateMachine<LampApi> => ({
    vsn: version,
    callbackMode: 'handle_event_function',
    init: () => GenStatem.ok('off', 0),
    handleEvent(event, state, data) {
      if (event.type !== 'call') return GenStatem.keepStateAndData()
      return GenStatem.keepState(data, GenStatem.reply(event.from, `${version}: ${state} ${data}`))
    },
    codeChange: (_vsn, state, data) => GenStatem.ok(state as 'on', (data as number) + 100),
  })
  const handler = (version: number, refuses: boolean): EventHandler<{ state: number; event: string }> => ({
    init: () => ok(0),
    handleEvent: (_event, count) => ok(count + version),
    codeChange: (_vsn, count) => (refuses ? failure('no') : ok((count as number) + 1000)),
  })
  const [lamp1, lamp2] = [lamp(1), lamp(2)]
  const [old, refusing, accepting] = [handler(1, false), handler(10, true), handler(10, false)]
  const node = nodeFor(t)
  const machine = unwrap(await GenStatem.start(node, lamp1, []))
  const server = await node.start(V1, [5])
  const manager = unwrap(await GenEvent.start<string>(node))
  await GenEvent.addHandler(node, manager, old)
  const told = async (): Promise<unknown> => {
    await GenEvent.syncNotify(node, manager, 'something')
    return (await sys.getState<readonly (readonly unknown[])[]>(node, manager))[0]?.[2]
  }
  const all = (to: object) => [{ module: 'lamp', from: lamp1, to: lamp2 }, change, { module: 'handler', from: old, to }]
  await t.rejects(upgrade(node, all(refusing)), {
    code: 'upgrade_failed',
    cause: { reason: ['handler', manager, 'no'] },
  })
  t.equal(await GenStatem.call(node, machine, 'look'), '1: off 0')
  t.equal(await node.call(server, 'add', 1), 6)
  t.equal(await told(), 1)
  t.same(new Set(await upgrade(node, all(accepting))), new Set([machine, server, manager]))
  t.equal(await GenStatem.call(node, machine, 'look'), '2: off 100')
  t.same(await node.call(server, 'add', 1), [7, 'apples'])
  t.equal(await told(), 1011)
})

t.test('of two upgrades at once the second waits, and leaves alone what runs the old module no more', async (t) => {
  const node = nodeFor(t)
  const server = await node.start(V1, [7])
  const slow = (unit: string): GenServer<UnitApi> => ({
    ...V2,
    codeChange: async (_vsn, count) => {
      await node.sleep(5)
      return ok({ count: count as number, unit })
    },
  })
  const [pears, plums] = [slow('pears'), slow('plums')]
  const both = await Promise.all([upgrade(node, [{ ...change, to: pears }]), upgrade(node, [{ ...change, to: plums }])])
  t.same(both, [[server], []])
  t.same(await sys.getState(node, server), { count: 7, unit: 'pears' })
  t.same(await sys.getState(node, await node.start(V1, [1])), await sys.getState(node, await node.start(plums, [1])))
})

t.test('a module of which nothing has run yet is replaced, too', async (t) => {
  const node = nodeFor(t)
  const early: GenServer<CountApi> = { ...V1 }
  t.same(await upgrade(node, [{ module: 'early', from: early, to: V2, extra: change.extra }]), [])
  t.match(await node.call(await node.start(early, [3]), 'add', 1), [4, String])
  const later: GenServer<CountApi> = { ...V1 }
  const other = nodeFor(t)
  t.equal(await other.call(await other.start(later, [3]), 'add', 1), 4, 'and nothing else')
})

t.test('a supervisor that its own supervisor starts again asks the new module, and so does a start', async (t) => {
  const node = nodeFor(t)
  const of = (...ids: string[]): SupervisorModule<[]> => ({
    init: () => ({ intensity: 9, children: ids.map((id) => child(V1, [1], { id })) }),
  })
  const [old, next] = [of('a'), of('a', 'b')]
  const top = await node.supervise({ children: [Supervisor.child(old, [], { id: 'inner', name: 'inner' })] })
  const idsOf = async () => (await Supervisor.whichChildren(node, 'inner')).map(([id]) => id).sort()
  const inner = node.whereis('inner')!
  t.same(await upgrade(node, [{ module: 'tree', from: old, to: next }]), [inner])
  t.same(await idsOf(), ['a', 'b'])
  node.exit(inner, 'kill')
  while (node.whereis('inner') === undefined || node.whereis('inner') === inner) await quiet()
  t.same(await idsOf(), ['a', 'b'])
  t.ok(
    (await Supervisor.whichChildren(node, 'inner')).every(([, pid]) => pid !== undefined),
    'both run',
  )
  t.equal(await Supervisor.getCallbackModule(node, 'inner'), next)
  t.ok(node.isAlive(top))

  const few: DynamicSupervisorModule<[]> = { init: () => ({ maxChildren: 1 }) }
  const many: DynamicSupervisorModule<[]> = { init: () => ({ maxChildren: 2 }) }
  await node.supervise({ children: [DynamicSupervisor.child(few, [], { id: 'dynamic', name: 'dynamic' })] })
  const add = () => DynamicSupervisor.startChild(node, 'dynamic', child(V1, [1]))
  t.match([await add(), await add()], [['ok'], ['error', 'max_children']])
  const dynamic = node.whereis('dynamic')!
  t.same(await upgrade(node, [{ module: 'dynamic', from: few, to: many }]), [dynamic])
  t.match([await add(), await add()], [['ok'], ['error', 'max_children']])
  node.exit(dynamic, 'kill')
  while (node.whereis('dynamic') === undefined || node.whereis('dynamic') === dynamic) await quiet()
  t.match([await add(), await add(), await add()], [['ok'], ['ok'], ['error', 'max_children']])
})

t.test('children of dynamic and partition supervisors, and agents', async (t) => {
  const node = nodeFor(t)
  await node.supervise({
    children: [
      DynamicSupervisor.child({}, { id: 'd', name: 'd' }),
      PartitionSupervisor.child({ name: 'p', childSpec: child(V1, [5]), partitions: 2 }),
    ],
  })
  const [, dynamic] = (await DynamicSupervisor.startChild(node, 'd', child(V1, [7]))) as ['ok', Pid<CountApi>]
  const partition = (): Pid<CountApi> => PartitionSupervisor.whereis(node, 'p', 1) as Pid<CountApi>
  t.equal((await upgrade(node, [change])).length, 3)
  t.same(await node.call(dynamic, 'add', 1), [8, 'apples'])
  const before = partition()
  t.same(await node.call(before, 'add', 1), [6, 'apples'])
  node.exit(before, 'kill')
  while (partition() === undefined || partition() === before) await quiet()
  t.same(await node.call(partition(), 'add', 1), [6, 'started'])

  const agent = unwrap(await Agent.start(node, () => 1))
  const doubled = { module: 'agent', from: Agent.AgentServer, to: Agent.AgentServer, extra: (n: number) => n * 2 }
  t.same(await upgrade(node, [doubled]), [agent])
  t.equal(await Agent.get(node, agent, (n) => n), 2)
  await t.rejects(upgrade(node, [{ ...doubled, extra: 'double' }]), { code: 'upgrade_failed' })
  t.equal(await Agent.get(node, agent, (n) => n), 2)
})

t.test('an event handler that is named by its old module is the new one, added or called', async (t) => {
  const handler = (version: number): EventHandler<{ state: number; call: { version(): number } }> => ({
    init: () => ok(0),
    handleEvent: (_event, count) => ok(count),
    handleCall: { version: (_request, count) => reply(version, count) },
  })
  const [old, next] = [handler(1), handler(2)]
  const node = nodeFor(t)
  const manager = unwrap(await GenEvent.start(node))
  await GenEvent.addHandler(node, manager, [old, 'one'])
  await upgrade(node, [{ module: 'handler', from: old, to: next }])
  t.equal(await GenEvent.call(node, manager, [old, 'one'], 'version'), 2)
  t.equal(await GenEvent.addHandler(node, manager, old), 'ok')
  t.same(await GenEvent.whichHandlers(node, manager), [next, [next, 'one']])
  t.equal(await GenEvent.call(node, manager, old, 'version'), 2)
  t.equal(await GenEvent.deleteHandler(node, manager, [old, 'one'], 'enough'), 'ok')
  t.same(await GenEvent.whichHandlers(node, manager), [next])
})

t.test('what no upgrade can reach is told before anything is done', async (t) => {
  const node = nodeFor(t)
  const spec = { children: [] }
  await node.supervise(spec)
  const app = defineApplication({ name: 'a', start: () => 'ignore' })
  for (const from of [spec, app, {}]) {
    await t.rejects(upgrade(node, [change, { ...change, module: 'm', from }]), {
      code: 'badarg',
      message: /only processes of a callback module/,
    })
  }
  await t.rejects(upgrade(node, [{ module: 'm', from: () => {}, to: V2 } as never]), { code: 'badarg' })
  const unknown: GenServer<CountApi> = { ...V1 }
  await t.rejects(upgrade(node, [{ module: 'm', from: unknown, to: {} }]), { code: 'badarg' })
  t.equal(await node.call(await node.start(V1, [1]), 'add', 1), 2, 'V1 is current')
})

type MoverApi = { state: 'on'; data: readonly unknown[]; call: { seen(): unknown; go(action: object): string } }

/** A machine that tells by whom its calls are handled, and goes where it is told. */
function mover(by: string, more: Partial<StateMachine<MoverApi>> = {}): StateMachine<MoverApi> {
  return {
    moduleName: by,
    callbackMode: 'handle_event_function',
    init: () => GenStatem.ok('on', ['began']),
    handleEvent({ type, operation, content, from }, _state, data) {
      if (type !== 'call') return GenStatem.keepStateAndData()
      if (operation === 'seen') return GenStatem.keepStateAndData(GenStatem.reply(from, [by, data] as never))
      return GenStatem.keepStateAndData([content, GenStatem.reply(from, by as never)] as never)
    },
    codeChange: (_vsn: unknown, _state: unknown, data: readonly unknown[]) => GenStatem.ok('on', [...data, `to ${by}`]),
    ...more,
  } as StateMachine<MoverApi>
}

t.test('a machine that has moved to another module is upgraded with that one, and with those below', async (t) => {
  const node = nodeFor(t)
  const [first, second, third] = [mover('first'), mover('second'), mover('third')]
  const [first2, second2, third2] = [mover('first2'), mover('second2'), mover('third2')]
  const pid = unwrap(await GenStatem.start(node, first, []))
  const go = (action: object) => node.call(pid, 'go', action)
  const seen = () => node.call(pid, 'seen')
  await go(GenStatem.pushCallbackModule(second as never))
  t.same(await upgrade(node, [{ module: 'second', from: second, to: second2 }]), [pid])
  t.same(await seen(), ['second2', ['began', 'to second2']])
  t.same(await upgrade(node, [{ module: 'first', from: first, to: first2 }]), [pid])
  t.same(await seen(), ['second2', ['began', 'to second2']], 'the data are not those of the one below')
  await go(GenStatem.popCallbackModule())
  t.same(await seen(), ['first2', ['began', 'to second2']])
  t.same(await upgrade(node, [{ module: 'third', from: third, to: third2 }]), [])
  await go(GenStatem.changeCallbackModule(third as never))
  t.same(await seen(), ['third2', ['began', 'to second2']], 'old code that names the old module gets the new one')
  await go(GenStatem.pushCallbackModule(first as never))
  t.same(await seen(), ['first2', ['began', 'to second2']])
  const back = { module: 'third', from: third2, to: third }
  t.same(await upgrade(node, [back]), [pid])
  t.same(await upgrade(node, [{ module: 'first2', from: first2, to: first }]), [pid])
  t.same(await seen(), ['first', ['began', 'to second2', 'to first']])
  await go(GenStatem.popCallbackModule())
  t.same(await seen(), ['third', ['began', 'to second2', 'to first']])
})

t.test('an upgrade that fails puts a stack of modules back as it was', async (t) => {
  const node = nodeFor(t)
  const [first, second] = [mover('first'), mover('second')]
  const refusing = mover('refusing', { codeChange: () => failure('no') as never })
  const pid = unwrap(await GenStatem.start(node, first, []))
  const go = (action: object) => node.call(pid, 'go', action)
  const other = unwrap(await GenStatem.start(node, second, []))
  await go(GenStatem.pushCallbackModule(second as never))
  await go(GenStatem.pushCallbackModule(first as never))
  const both = [
    { module: 'first', from: first, to: second },
    { module: 'second', from: second, to: refusing },
  ]
  await t.rejects(upgrade(node, both), { code: 'upgrade_failed' })
  const modules: unknown[] = []
  for (let i = 0; i < 3; i++) {
    modules.push(((await node.call(pid, 'seen')) as unknown[])[0])
    if (i < 2) await go(GenStatem.popCallbackModule())
  }
  t.same(modules, ['first', 'second', 'first'])
  t.same(await node.call(other, 'seen'), ['second', ['began']])
})

t.test('enterLoop with an old module becomes the new one', async (t) => {
  const node = nodeFor(t)
  await upgrade(node, [change])
  const late = procLib.spawn(node, function () {
    return enterLoop(this, V1, { count: 1, unit: 'late' } as never)
  }) as Pid<UnitApi>
  t.same(await node.call(late, 'add', 1), [2, 'late'])
  const [old, to] = [mover('old'), mover('new')]
  await upgrade(node, [{ module: 'mover', from: old, to }])
  const machine = procLib.spawn(node, function () {
    return GenStatem.enterLoop(this, old, 'on' as never, [] as never)
  }) as Pid<MoverApi>
  t.same(await node.call(machine, 'seen'), ['new', []])
})
