/**
 * The portable cases of OTP's gen_server_SUITE, those that no other spec has: each subtest begins with the names of
 * the cases. The table of all of them stands in docs/semantics.md, "Suites".
 */
import t, { type Test } from 'tap'
import {
  type Context,
  createNode,
  enterLoop,
  exit,
  failure,
  type GenServer,
  ignore,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  procLib,
  Registry,
  type Report,
  reply,
  type StartOptions,
  start,
  startLink,
  startMonitor,
  stop,
  stopReply,
  sys,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'

type Handle = (this: Context, state: unknown) => unknown

interface TestApi {
  state: unknown
  init: [how: (this: Context) => unknown]
  call: { run(handle: Handle): unknown; state(): unknown }
  cast: { run(handle: Handle): void }
}

const seen: unknown[] = []

/** A server that does what it is told to. */
const Served: GenServer<TestApi> = {
  moduleName: 'served',
  init(how) {
    return how.call(this as unknown as Context) as never
  },
  handleCall: {
    run(handle, _from, state) {
      return handle.call(this as unknown as Context, state) as never
    },
    state: (_request, _from, state) => reply(state, state),
  },
  handleCast: {
    run(handle, state) {
      return handle.call(this as unknown as Context, state) as never
    },
  },
  handleInfo(message, state) {
    seen.push(message)
    return noreply(state)
  },
  handleContinue: (what) => noreply(what),
  terminate(reason, state) {
    seen.push(['terminate', reason, state])
  },
}

const fine = () => ok('state')

interface Setup {
  readonly node: OtpNode
  readonly host: VirtualHost
  readonly reports: Report[]
}

function setup(t: Test): Setup {
  const reports: Report[] = []
  const host = new VirtualHost()
  const node = createNode({ host, reporter: (report) => reports.push(report) })
  t.teardown(() => node.kill())
  seen.length = 0
  return { node, host, reports }
}

function inProcess<T>(node: OtpNode, body: (this: Context) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    node.spawn(async function () {
      await body.call(this).then(resolve, reject)
    })
  })
}

t.test('start: every form, anonymous and named, by node, registry and monitor', async (t) => {
  const { node } = setup(t)
  const registry = new Registry<unknown>('names', { keys: 'unique' })
  await node.supervise({ children: [registry.child()] })
  await inProcess(node, async function () {
    const names: readonly (StartOptions<TestApi>['name'] & {})[] = ['local', registry.via('via')]
    for (const name of [undefined, ...names]) {
      const options = name === undefined ? {} : { name }
      const started = await start(this, Served, [fine], options)
      if (started === 'ignore' || started[0] === 'error') throw new Error('not started')
      const [, pid] = started
      if (name !== undefined) {
        t.same(await start(this, Served, [fine], options), ['error', ['already_started', pid]])
        t.equal(await this.call<TestApi, 'state'>(name, 'state'), 'state')
      }
      await sys.stop(this, pid)
      t.notOk(this.node.isAlive(pid))
    }
    t.same(await start(this, Served, [() => ignore()]), 'ignore')
    t.same(await start(this, Served, [() => stop('stopped')]), ['error', 'stopped'])
    t.same(await start(this, Served, [() => failure('failed')]), ['error', 'failed'])
    const monitored = await startMonitor(this, Served, [fine])
    if (monitored === 'ignore' || monitored[0] === 'error') throw new Error('not started')
    const [pid, ref] = monitored[1]
    this.exit(pid, 'kill')
    t.match(await this.receive(), { type: 'DOWN', ref, reason: 'killed' })
    t.same(await startMonitor(this, Served, [() => stop('stopped')]), ['error', 'stopped'])
    t.equal(typeof (await this.receive(undefined, { after: 0 })), 'symbol', 'no DOWN of a failed start')
  })
})

t.test('start: a name is free again when init has failed, in each way', async (t) => {
  const { node } = setup(t)
  for (const how of [() => ignore(), () => stop('x'), () => failure('x'), () => exit('x'), () => 'bad']) {
    await node.start(Served, [how], { name: 'again' }).catch(() => {})
    t.equal(node.whereis('again'), undefined)
  }
})

t.test('otp_7669, loop_start_fail: failed starts leave no process, no name, no message', async (t) => {
  const { node } = setup(t)
  await inProcess(node, async function () {
    this.trapExit(true)
    const before = this.node.processCount
    for (let i = 0; i < 1000; i++) {
      const result = await startLink(this, Served, [() => (i % 2 === 0 ? stop('x') : ignore())], { name: 'failing' })
      if (i % 2 === 0 ? result[1] !== 'x' : result !== 'ignore') throw new Error(String(result))
    }
    t.equal(this.node.processCount, before)
    t.same(this.node.processInfo(this.self, 'links'), ['links', []])
    t.equal(typeof (await this.receive(undefined, { after: 0 })), 'symbol')
  })
})

t.test('crash: reasons that are orderly are quiet, others are reported twice, by server and by proc_lib', async (t) => {
  const { node, reports } = setup(t)
  const reasons: readonly (readonly [unknown, number])[] = [
    ['normal', 0],
    ['shutdown', 0],
    [['shutdown', 'stop_reason'], 0],
    ['crashed', 2],
  ]
  for (const [reason, count] of reasons) {
    const pid = await node.start(Served, [() => ok('state4')])
    await exitsWith(
      t,
      node.call(pid, 'run', () => exit(reason)),
      [reason, ['gen_server', 'call', [pid, ['run', Function]]]],
    )
    t.equal(reports.length, count)
  }
  t.match(reports[0]?.details, { name: Object, last_message: ['run', Function], state: 'state4', reason: 'crashed' })
})

t.test(
  'stop1 to stop7: by pid and by names, with reason and timeout, from inside, and what is not there',
  async (t) => {
    const { node, host } = setup(t)
    const registry = new Registry<unknown>('names', { keys: 'unique' })
    await node.supervise({ children: [registry.child()] })
    t.equal(await sys.stop(node, await node.start(Served, [fine])), undefined)
    await node.start(Served, [fine], { name: 'local' })
    t.equal(await sys.stop(node, 'local', 'other'), undefined)
    await node.start(Served, [fine], { name: registry.via('via') })
    t.equal(await sys.stop(node, registry.via('via')), undefined)
    await exitsWith(t, sys.stop(node, 'local'), 'noproc')
    await exitsWith(t, sys.stop(node, registry.via('via')), 'noproc')
    const slow = await node.start({ ...Served, terminate: () => new Promise(() => {}) }, [fine])
    const stopping = sys.stop(node, slow, 'normal', 100)
    await quiet(host)
    host.advance(100)
    await exitsWith(t, stopping, 'timeout')
    t.ok(node.isAlive(slow))
    const failing = await node.start({ ...Served, terminate: () => exit('in_terminate') }, [fine])
    await exitsWith(t, sys.stop(node, failing), 'in_terminate')
    t.same(
      seen.map((entry) => (entry as unknown[])[1]),
      ['normal', 'other', 'normal'],
    )
  },
)

t.test('call, calling_self: replies, timeouts and a call to itself', async (t) => {
  const { node } = setup(t)
  const pid = await node.start(Served, [fine])
  t.equal(await node.call(pid, 'run', (state) => reply('delayed', state)), 'delayed')
  const failed = node.call(pid, 'run', async function (state) {
    return reply(await this.call(this.self as Pid<TestApi>, 'state').catch((thrown) => thrown.reason), state)
  })
  t.same(await failed, ['calling_self', ['gen_server', 'call', [pid, 'state']]])
})

t.test('cast, cast_fast, info: in the order they were sent, whatever they are', async (t) => {
  const { node } = setup(t)
  const pid = await node.start(Served, [() => ok([])])
  const note = (n: number) => (state: unknown) => noreply([...(state as unknown[]), n])
  for (let n = 0; n < 100; n++) {
    node.cast(pid, 'run', note(n))
    if (n % 10 === 0) node.send(pid, n)
  }
  t.same(
    await node.call(pid, 'state'),
    Array.from({ length: 100 }, (_, n) => n),
  )
  t.same(seen, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
  t.equal(node.cast<TestApi, 'run'>('nobody', 'run', note(0)), undefined, 'to nobody: no error')
})

t.test('stop results: with a reply, without, with a shutdown, out of each callback', async (t) => {
  const { node } = setup(t)
  const run = async (act: (pid: Pid<TestApi>) => unknown) => {
    const pid = await node.start(Served, [() => ok('s')])
    await act(pid)
    while (node.isAlive(pid)) await quiet()
    return seen.at(-1)
  }
  t.same(await run((pid) => node.call(pid, 'run', () => stopReply('normal', 'bye', 't'))), ['terminate', 'normal', 't'])
  const failing = (handle: Handle) => (pid: Pid<TestApi>) => node.call(pid, 'run', handle).catch(() => {})
  t.same(await run(failing(() => stop(['shutdown', 'x'], 'u'))), ['terminate', ['shutdown', 'x'], 'u'])
  t.same(await run((pid) => node.cast(pid, 'run', () => stop('y', 'v'))), ['terminate', 'y', 'v'])
  const bad = ['bad_return_value', ['stop', 'x']]
  t.same(await run(failing(() => stop('x'))), ['terminate', bad, 's'], 'a stop without a state is none here')
  const worse = ['bad_return_value', ['reply', 'r', 's', -1]]
  const answered: unknown[] = []
  const asking = (pid: Pid<TestApi>) =>
    node
      .call(pid, 'run', (state) => reply('r', state, { timeout: -1 }))
      .catch((thrown) => answered.push(thrown.reason[0]))
  t.same(await run(asking), ['terminate', worse, 's'])
  t.same(answered, [worse], 'a result that is wrong gives no reply')
  for (const wrong of [5000, 'hibernate', null] as unknown as { timeout: number }[]) {
    const term = ['bad_return_value', ['reply', 'r', 's', wrong]]
    t.same(await run(failing((state) => reply('r', state, wrong))), ['terminate', term, 's'], 'options are an object')
  }
})

t.test('handle_event_timeout, _zero, _plain, start_event_timeout: the time without a message', async (t) => {
  const { node, host } = setup(t)
  const waiting =
    (timeout: number): Handle =>
    (state) =>
      reply('ok', state, { timeout })
  const pid = await node.start(Served, [() => ok('state', { timeout: 50 })])
  host.advance(50)
  await quiet(host)
  t.same(seen, ['timeout'], 'from init')
  host.advance(1000)
  await quiet(host)
  t.equal(seen.length, 1, 'once')
  await node.call(pid, 'run', waiting(50))
  node.send(pid, 'in time')
  await quiet(host)
  host.advance(1000)
  await quiet(host)
  t.same(seen, ['timeout', 'in time'], 'any message ends it')
  await node.call(pid, 'run', waiting(0))
  await quiet(host)
  t.same(seen.splice(0), ['timeout', 'in time', 'timeout'])
  await node.call(pid, 'run', function (state) {
    this.send(this.self, 'first')
    return reply('ok', state, { timeout: 0 })
  })
  await quiet(host)
  t.same(seen.splice(0), ['first'], 'no time at all is less than a message that waits')
})

t.test(
  'timeouts: a system request starts the time anew, from its full length; a suspended server does not wait',
  async (t) => {
    const { node, host } = setup(t)
    const pid = await node.start(Served, [() => ok('state', { timeout: 100 })])
    host.advance(60)
    await sys.getState(node, pid)
    host.advance(60)
    await quiet(host)
    t.same(seen, [])
    host.advance(40)
    await quiet(host)
    t.same(seen.splice(0), ['timeout'])
    const other = await node.start(Served, [() => ok('state', { timeout: 100 })])
    await sys.suspend(node, other)
    host.advance(1000)
    await sys.resume(node, other)
    await quiet(host)
    t.same(seen, [])
    host.advance(100)
    await quiet(host)
    t.same(seen.splice(0), ['timeout'])
    const third = await node.start(Served, [() => ok('state', { timeout: 100 })])
    await sys.suspend(node, third)
    node.send(third, 'waited')
    await sys.resume(node, third)
    await quiet(host)
    host.advance(1000)
    await quiet(host)
    t.same(seen, ['waited'], 'a message that came meanwhile ends it')
    t.equal(node.timers.size, 0)
  },
)

t.test('a server that ends takes its timer along', async (t) => {
  const { node } = setup(t)
  const pid = await node.start(Served, [() => ok('state', { timeout: 100_000 })], { hibernateAfter: 5000 })
  t.equal(node.timers.size, 2)
  node.exit(pid, 'kill')
  t.equal(node.timers.size, 0)
})

t.test('hibernate, auto_hibernate: a hint that process info shows until a message comes', async (t) => {
  const { node, host } = setup(t)
  const where = (pid: Pid) => node.processInfo(pid, 'current_function')?.[1]
  const pid = await node.start(Served, [() => ok('state', { hibernate: true })])
  t.same(where(pid), ['served', 'hibernate'])
  await sys.getState(node, pid)
  t.same(where(pid), ['served', 'hibernate'], 'a system request does not wake it for good')
  await node.call(pid, 'state')
  t.same(where(pid), ['served', 'loop'])
  const other = await node.start(Served, [fine], { hibernateAfter: 100 })
  host.advance(99)
  await node.call(other, 'state')
  host.advance(99)
  t.same(where(other), ['served', 'loop'])
  host.advance(1)
  t.same(where(other), ['served', 'hibernate'])
  await t.rejects(node.start(Served, [fine], { hibernateAfter: -1 }), { code: 'bad_timeout' })
})

t.test('spec_init, spec_init_local_registered_parent, otp_5854: enterLoop with and without names', async (t) => {
  const { node } = setup(t)
  const registry = new Registry<unknown>('names', { keys: 'unique' })
  await node.supervise({ children: [registry.child()] })
  const enter = async (name: 'local' | 'via' | undefined, claimed = name): Promise<unknown> => {
    const looping = await procLib.start(
      node,
      async function (this: Context) {
        if (name === 'local') this.node.register('local', this.self)
        if (name === 'via') registry.register(this, 'via', undefined)
        procLib.initAck(this, this.self)
        await this.receive()
        if (claimed === undefined) return enterLoop(this, Served, 'looping')
        return enterLoop(this, Served, 'looping', { name: claimed === 'via' ? registry.via('via') : 'local' })
      },
      [],
    )
    const pid = looping as Pid<TestApi>
    return inProcess(node, async function () {
      const ref = this.monitor(pid)
      this.send(pid, 'go')
      const state = await this.call(pid, 'state').catch(() => 'ended')
      this.exit(pid, 'kill')
      const down = await this.receive<{ reason: unknown }>(
        (m): m is { reason: unknown } => (m as { ref?: unknown }).ref === ref,
      )
      return state === 'ended' ? down.reason : state
    })
  }
  t.equal(await enter(undefined), 'looping')
  t.equal(await enter('local'), 'looping')
  t.equal(await enter('via'), 'looping')
  t.equal(await enter(undefined, 'local'), 'process_not_registered')
  t.equal(await enter(undefined, 'via'), 'process_not_registered')
})

t.test('undef_handle_call, _cast, _info, _continue, _init, _terminate1, _terminate2', async (t) => {
  const { node, reports } = setup(t)
  interface BareApi {
    state: number
    call: { stop(): void; goOn(): void }
    cast: { unknown(): void }
  }
  const bareModule: Omit<GenServer<BareApi>, 'handleCast'> = {
    init: () => ok(0),
    handleCall: {
      stop: (_request, _from, state) => stopReply('normal', undefined, state),
      goOn: (_request, _from, state) => reply(undefined, state, { continue: 'what' }),
    },
  }
  // As who writes it without types.
  const Bare = bareModule as GenServer<BareApi>
  const bare = await node.start(Bare, [])
  node.send(bare, 'nobody handles it')
  await node.call(bare, 'stop')
  t.match(reports.splice(0), [
    {
      level: 'warning',
      label: ['gen_server', 'no_handle_info'],
      details: { name: bare, message: 'nobody handles it', module: 'gen_server' },
      metadata: { domain: ['otp'] },
    },
  ])
  t.notOk(node.isAlive(bare), 'terminate may be left out')
  const stopped = await node.start(Bare, [])
  t.equal(await node.stop(stopped), undefined)
  for (const act of [
    (pid: Pid<BareApi>) => node.cast(pid, 'unknown'),
    (pid: Pid<BareApi>) => node.call(pid, 'nothing' as never, ...([] as never)).catch(() => {}),
    (pid: Pid<BareApi>) => node.call(pid, 'goOn').catch(() => {}),
  ]) {
    const pid = await node.start(Bare, [])
    await act(pid)
    while (node.isAlive(pid)) await quiet()
    t.match(reports.at(-2)?.details, { reason: { code: 'function_clause' } })
  }
  t.throws(() => node.start({ handleCall: {} } as never, []), { code: 'badarg' })
})

t.test('undef_in_terminate, undef_in_handle_info: what a callback throws is the reason', async (t) => {
  const { node, reports } = setup(t)
  const failing = await node.start({ ...Served, terminate: () => (undefined as never as () => void)() }, [fine])
  await exitsWith(t, sys.stop(node, failing), TypeError)
  const info = await node.start({ ...Served, handleInfo: () => (undefined as never as () => never)() }, [fine])
  node.send(info, 'x')
  while (node.isAlive(info)) await quiet()
  t.match(reports.at(-2)?.details, { reason: TypeError, last_message: 'x' })
})

t.test('terminate_crash_format, error_format_status: the state in the report, when terminate fails, too', async (t) => {
  const { node, reports } = setup(t)
  const Formatting: GenServer<TestApi> = {
    ...Served,
    terminate: () => exit('crash_terminate'),
    formatStatus: (status) => ({ ...status, state: ['formatted', status.state] }),
  }
  const pid = await node.start(Formatting, [() => ok('s')])
  await exitsWith(
    t,
    node.call(pid, 'run', () => exit('crash')),
    ['crash_terminate'],
  )
  t.match(reports[0]?.details, { reason: 'crash_terminate', state: ['formatted', 's'] })
})

t.test('get_state, replace_state: also while suspended, and a change that fails', async (t) => {
  const { node } = setup(t)
  const pid = await node.start(Served, [() => ok(1)], { name: 'stateful' })
  t.equal(await sys.getState(node, 'stateful'), 1)
  t.same(await sys.replaceState(node, pid, (state) => [state, 2]), [1, 2])
  await sys.suspend(node, pid)
  t.same(await sys.getState(node, pid), [1, 2])
  t.equal(await sys.replaceState(node, pid, () => 'new'), 'new')
  const raises: readonly (readonly [() => never, unknown])[] = [
    [() => exit('x'), ['exit', 'x']],
    [
      () => {
        throw 'thrown'
      },
      ['throw', 'thrown'],
    ],
    [
      () => {
        throw new RangeError('x')
      },
      ['error', RangeError],
    ],
  ]
  for (const [change, raised] of raises) {
    const cause = [['gen_server', 'system_replace_state'], raised]
    await t.rejects(sys.replaceState(node, pid, change), { code: 'callback_failed', cause })
  }
  await sys.resume(node, pid)
  t.equal(await node.call(pid, 'state'), 'new')
})

t.test('format_log, log: the events that sys keeps are in the report', async (t) => {
  const { node, reports } = setup(t)
  const pid = await node.start(Served, [fine])
  await sys.log(node, pid, true)
  await node.call(pid, 'state')
  node.cast(pid, 'run', () => exit('x'))
  while (node.isAlive(pid)) await quiet()
  t.match(reports[0]?.details.log, [
    ['in', ['$gen_call', {}, 'state']],
    ['out', 'state', {}, 'state'],
    ['in', ['$gen_cast', ['run', Function]]],
  ])
})

t.test('throws that count as results, and those that do not', async (t) => {
  const { node } = setup(t)
  const pid = await node.start(Served, [
    () => {
      throw ok('thrown')
    },
  ])
  t.equal(
    await node.call(pid, 'run', (state) => {
      throw reply('caught', state)
    }),
    'caught',
  )
  const odd = node.call(pid, 'run', () => {
    throw 'odd'
  })
  await exitsWith(t, odd, [['bad_return_value', 'odd']])
  t.same(seen, [['terminate', ['bad_return_value', 'odd'], 'thrown']])
})

t.test('a server that was not started linked lets its starter go, whatever it is linked to later', async (t) => {
  const { node } = setup(t)
  let pid: Pid | undefined
  const starter = node.spawn(async function () {
    const started = await start(this, Served, [
      function () {
        this.trapExit(true)
        return ok('s')
      },
    ])
    if (started !== 'ignore' && started[0] === 'ok') this.link(started[1])
    pid = started[1] as Pid
    await this.receive()
  })
  while (pid === undefined) await quiet()
  node.exit(starter, 'gone')
  await quiet()
  t.ok(node.isAlive(pid))
  t.match(seen, [{ type: 'EXIT', from: starter, reason: 'gone' }], 'it is a message like any other')
})
