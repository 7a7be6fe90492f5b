import t from 'tap'
import {
  ConsumerSupervisor,
  child,
  DynamicSupervisor,
  type EventHandler,
  GenEvent,
  type GenServer,
  GenStage,
  GenStatem,
  noreply,
  type OtpNode,
  ok,
  PartitionSupervisor,
  type Pid,
  procLib,
  type Ref,
  reply,
  type StateMachine,
  Supervisor,
  sendRequest,
  sys,
  Task,
  type TraceFlag,
  type TraceMessage,
} from '../../lib/index.ts'
import { JumpingHost, VirtualHost } from '../../lib/testing/index.ts'
import { inProcess, keptNode } from '../support/in-process.ts'
import { eventsOf, keeper } from '../support/keeper.ts'
import { unwrap } from '../support/scene.ts'

/** Traces and system monitors of the behaviours that keep a machine of their own around the state of a module. */

const aMoment = () => new Promise<void>((resolve) => setImmediate(resolve))

/** What is traced of `pid` from now on. */
function traced(node: OtpNode, pid: Pid, flags: readonly TraceFlag[]): unknown[] {
  const { pid: tracer, got } = keeper(node)
  node.trace(pid, tracer, flags)
  return got
}

interface DoorApi {
  state: 'shut' | 'open'
  data: number
  call: { look(): number }
  cast: { push(): void }
  internal: string
  stateTimeout: string
  timeout: { n: string }
}

const { keepState, keepStateAndData, nextEvent, nextState, stateTimeout, timeout } = GenStatem

const Door: StateMachine<DoorApi> = {
  moduleName: 'door',
  callbackMode: 'state_functions',
  stateEnter: true,
  init: () => GenStatem.ok('shut', 0),
  states: {
    shut(event, count) {
      if (event.type === 'call') return keepStateAndData([GenStatem.reply(event.from, count)])
      if (event.type !== 'cast') return keepStateAndData()
      const actions = [
        stateTimeout(5, 'st'),
        timeout('n', 5, 'c'),
        nextEvent({ type: 'internal', content: 'i' }),
      ] as const
      return nextState('open', count + 1, actions)
    },
    async open(event, count) {
      if (event.type === 'call') return keepStateAndData([GenStatem.reply(event.from, count)])
      if (event.type === 'enter' || event.type === 'internal') return keepStateAndData()
      await this.sleep(1)
      return keepState(count + 1)
    },
  },
}

t.test('a state machine: its state functions with what they get, its state and data, and OTP time-outs', async (t) => {
  const { node } = keptNode(t, { host: new JumpingHost() })
  const door = unwrap(await GenStatem.start(node, Door, []))
  const got = traced(node, door, ['receive', 'call', 'state', 'send'])
  node.cast(door, 'push')
  await node.sleep(100)
  await GenStatem.call(node, door, 'look')
  await sys.replaceState<readonly [string, number]>(node, door, () => ['shut', 9])
  await node.sleep(1)
  t.match(eventsOf(got), [
    ['receive', ['$gen_cast', 'push']],
    ['call', ['door', 'shut', ['cast', 'push', 0]]],
    ['call', ['door', 'open', ['enter', 'shut', 1]]],
    ['call', ['door', 'open', ['internal', 'i', 1]]],
    ['state', ['open', 1]],
    ['receive', ['timeout', {}, ['timeout', 'n']]],
    ['receive', ['timeout', {}, 'state_timeout']],
    ['call', ['door', 'open', [['timeout', 'n'], 'c', 1]]],
    ['state', ['open', 2]],
    ['call', ['door', 'open', ['state_timeout', 'st', 2]]],
    ['state', ['open', 3]],
    ['receive', ['$gen_call', {}, 'look']],
    ['call', ['door', 'open', [['call', {}], 'look', 3]]],
    ['send', ['reply', 3], undefined],
    ['receive', ['system', {}, {}]],
    ['send', ['reply', {}], undefined],
    ['state', ['shut', 9]],
  ])
  t.equal(got.length, 17)
})

t.test('a state machine with one function for all states; the end, and who runs long', async (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  const Turnstile: StateMachine<{ state: 'locked' | 'open'; data: string[]; cast: { coin(): void; push(): void } }> = {
    callbackMode: 'handle_event_function',
    init: () => GenStatem.ok('locked', []),
    handleEvent({ operation }, state, data) {
      if (operation === 'coin') return nextState('open', data)
      host.stall(30)
      return state === 'open' ? GenStatem.stop('normal', data) : keepStateAndData()
    },
    terminate() {},
  }
  const pid = unwrap(await GenStatem.start(node, Turnstile, []))
  const { pid: monitor, got: told } = keeper(node)
  node.systemMonitor(monitor, { longSchedule: 20 })
  const got = traced(node, pid, ['call', 'state'])
  for (const operation of ['push', 'coin', 'push'] as const) node.cast(pid, operation)
  await aMoment()
  t.match(eventsOf(got), [
    ['call', ['gen_statem', 'handleEvent', ['cast', 'push', 'locked', []]]],
    ['call', ['gen_statem', 'handleEvent', ['cast', 'coin', 'locked', []]]],
    ['state', ['open', []]],
    ['call', ['gen_statem', 'handleEvent', ['cast', 'push', 'open', []]]],
    ['call', ['gen_statem', 'terminate', ['normal', 'open', []]]],
  ])
  const info = { timeout: 30, in: 'gen_statem:handleEvent' }
  t.match(told, [{ info }, { info }])
})

t.test('requests to behaviours of every kind are sent messages', async (t) => {
  const { node } = keptNode(t)
  const manager = unwrap(await GenEvent.start(node))
  const Echo: GenServer<{ state: number; init: []; call: { ask(): 'yes' } }> = {
    init: () => ok(0),
    handleCall: { ask: (_request, _from, state) => reply('yes', state) },
  }
  const echo = await node.start(Echo, [])
  const door = unwrap(await GenStatem.start(node, Door, []))
  await inProcess(node, async function () {
    const got = traced(node, this.self, ['send'])
    await GenStatem.call(this, door, 'look')
    await GenEvent.whichHandlers(this, manager)
    await sys.getState(this, door)
    sendRequest(this, echo, 'ask')
    await aMoment()
    t.match(eventsOf(got), [
      ['send', ['$gen_call', this.self, 'look'], door],
      ['send', ['$gen_call', this.self, 'whichHandlers'], manager],
      ['send', ['system', this.self, ['get_state', []]], door],
      ['send', ['$gen_call', {}, 'ask'], echo],
    ])
  })
})

interface TallyApi {
  state: number
  args: number
  event: number
  call: { sum(): number }
}

function tally(moduleName: string): EventHandler<TallyApi> {
  return {
    moduleName,
    init: (args) => ok(args),
    async handleEvent(event, state) {
      await this.sleep(1)
      return ok(state + event)
    },
    handleCall: { sum: (_request, state) => reply(state, state) },
    terminate() {},
  }
}

t.test('an event manager: the callbacks of each handler, and the handlers with their states', async (t) => {
  const { node } = keptNode(t, { host: new JumpingHost() })
  const manager = unwrap(await GenEvent.start<number>(node))
  const [a, b] = [tally('a'), tally('b')]
  const got = traced(node, manager, ['call', 'state'])
  await GenEvent.addHandler(node, manager, a, 1)
  await GenEvent.addHandler(node, manager, b, 2)
  await GenEvent.syncNotify(node, manager, 5)
  await GenEvent.call(node, manager, a, 'sum')
  await GenEvent.deleteHandler(node, manager, b, 'bye')
  await node.sleep(1)
  t.strictSame(eventsOf(got), [
    ['call', ['a', 'init', [1]]],
    ['state', [[a, false, 1]]],
    ['call', ['b', 'init', [2]]],
    [
      'state',
      [
        [b, false, 2],
        [a, false, 1],
      ],
    ],
    ['call', ['b', 'handleEvent', [5, 2]]],
    ['call', ['a', 'handleEvent', [5, 1]]],
    [
      'state',
      [
        [b, false, 7],
        [a, false, 1],
      ],
    ],
    [
      'state',
      [
        [b, false, 7],
        [a, false, 6],
      ],
    ],
    ['call', ['a', 'handleCall.sum', [undefined, 6]]],
    ['call', ['b', 'terminate', ['bye', 7]]],
    ['state', [[a, false, 6]]],
  ])
})

interface CountApi extends GenStage.StageProtocol {
  state: number
  init: []
  out: number
  call: { next(): number }
}

t.test('a stage: the callbacks of its module, and its state, not what the stage keeps around it', async (t) => {
  const { node } = keptNode(t)
  const Count: GenServer<CountApi> = GenStage.producer<CountApi>({
    moduleName: 'count',
    init: () => ok(0),
    handleDemand: async (demand, next) =>
      GenStage.emit(
        Array.from({ length: demand }, (_, i) => next + i),
        next + demand,
      ),
    handleCall: { next: (_request, _from, next) => reply(next, next) },
    handleInfo: (_message, next) => noreply(next + 1),
    terminate() {},
  })
  interface TakeApi extends GenStage.StageProtocol {
    state: readonly number[]
    init: []
    in: number
  }
  const Take: GenServer<TakeApi> = GenStage.consumer<TakeApi>({
    moduleName: 'take',
    init: () => ok([]),
    handleSubscribe: (_other, _options, _from, state) => GenStage.manual(state),
    handleEvents: (events, _from, taken) => noreply([...taken, ...events]),
  })
  const count = await node.start(Count, [])
  const take = await node.start(Take, [])
  const above = traced(node, count, ['call', 'state'])
  const below = traced(node, take, ['call', 'state'])
  const [, tag] = (await GenStage.syncSubscribe(node, take, { to: count })) as readonly ['ok', Ref]
  await inProcess(node, async function () {
    GenStage.ask(this, [count, tag], 2)
  })
  await aMoment()
  t.equal(await node.call(count, 'next'), 2)
  node.send(count, 'info')
  await sys.stop(node, count, 'shutdown')
  await aMoment()
  t.match(eventsOf(above), [
    ['call', ['count', 'handleDemand', [2, 0]]],
    ['state', 2],
    ['call', ['count', 'handleCall.next', [undefined, {}, 2]]],
    ['call', ['count', 'handleInfo', ['info', 2]]],
    ['state', 3],
    ['call', ['count', 'terminate', ['shutdown', 3]]],
  ])
  t.match(eventsOf(below), [
    ['call', ['take', 'handleSubscribe', ['producer', {}, [count, tag], []]]],
    ['call', ['take', 'handleEvents', [[0, 1], [count, tag], []]]],
    ['state', [0, 1]],
  ])
  t.equal(below.length, 3)
})

const Idle: GenServer<{ state: number }> = { moduleName: 'idle', init: () => ok(0), handleCall: {} }

const PARTS = { name: 'parts', childSpec: child(Idle, []), partitions: 2 }

t.test('supervisors: their children are their state', async (t) => {
  const { node } = keptNode(t)
  await node.supervise({ children: [PartitionSupervisor.child(PARTS)] })
  const partitions = traced(node, node.whereis('parts')!, ['call', 'state'])
  await PartitionSupervisor.resize(node, 'parts', 1)
  await aMoment()
  const [call, state] = eventsOf(partitions)
  t.match(call, ['call', ['supervisor', 'handleCall.terminateChild', [{ id: 1 }, {}, [{ 0: 1 }, { 0: 0 }]]]])
  t.match(state, ['state', [{ 0: 1, 1: undefined }, { 0: 0 }]])
  await inProcess(node, async function () {
    const supervisor = unwrap(await Supervisor.startLink(this, { children: [] }))
    const dynamic = unwrap(await DynamicSupervisor.startLink(this, {}))
    const got = traced(node, supervisor, ['call', 'state'])
    const more = traced(node, dynamic, ['call', 'state'])
    const spec = child(Idle, [], { id: 'a', restart: 'temporary' })
    const [, pid] = await Supervisor.startChild(this, supervisor, spec)
    await Supervisor.whichChildren(this, supervisor)
    node.exit(pid as Pid, 'kill')
    const [, other] = await DynamicSupervisor.startChild(this, dynamic, child(Idle, []))
    await DynamicSupervisor.terminateChild(this, dynamic, other as Pid)
    await aMoment()
    const running = ['a', pid, 'worker', [Idle]]
    t.match(eventsOf(got), [
      ['call', ['supervisor', 'handleCall.startChild', [{ id: 'a' }, {}, []]]],
      ['state', [running]],
      ['call', ['supervisor', 'handleCall.whichChildren', [undefined, {}, [running]]]],
      ['call', ['supervisor', 'handleInfo', [{ type: 'EXIT', from: pid, reason: 'killed' }, [running]]]],
      ['state', []],
    ])
    t.equal(got.length, 5)
    const nameless = ['undefined', other, 'worker', [Idle]]
    t.match(eventsOf(more), [
      ['call', ['DynamicSupervisor', 'handleCall.startChild', [{}, {}, []]]],
      ['state', [nameless]],
      ['call', ['DynamicSupervisor', 'handleCall.terminateChild', [{ pid: other }, {}, [nameless]]]],
      ['state', []],
    ])
  })
})

t.test('a consumer supervisor is traced as the stage that it is, with its children as the state', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const start = () => ['ok', this.spawn(async () => new Promise(() => {}))] as const
    const template = { id: 'a', start, restart: 'temporary' } as const
    const supervisor = unwrap(await ConsumerSupervisor.startLink(this, { children: [template] }))
    const got = traced(node, supervisor, ['call', 'state'])
    const [, pid] = await ConsumerSupervisor.startChild(this, supervisor, [1])
    await aMoment()
    const running = ['undefined', pid, 'worker', {}]
    t.match(eventsOf(got), [
      ['call', ['ConsumerSupervisor', 'handleCall.startChild', [[1], {}, []]]],
      ['state', [running]],
    ])
  })
})

t.test('tasks and processes of proc_lib are spawned as others are, also for who traces what is spawned', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const got = traced(node, this.self, ['procs', 'set_on_spawn'])
    const task = Task.async(this, () => {})
    const special = procLib.spawn(this, async () => {})
    await Task.await(this, task)
    await aMoment()
    const spawned = eventsOf(got).filter(([kind]) => kind === 'spawn')
    t.same(
      spawned.map(([, pid]) => pid),
      [task.pid, special],
    )
    const ends = got.filter((message) => (message as TraceMessage).event[0] === 'exit')
    t.same(new Set(ends.map((message) => (message as TraceMessage).pid)), new Set([task.pid, special]))
  })
})
