import t, { type Test } from 'tap'
import {
  type Context,
  createNode,
  type DownMessage,
  enterLoop,
  exit,
  type GenServer,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  pinoReporter,
  procLib,
  type Report,
  reply,
  start,
  startLink,
  stop,
  sys,
  TIMEOUT,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'

interface Setup {
  readonly node: OtpNode
  readonly reports: Report[]
  readonly host: VirtualHost
}

function setup(t: Test): Setup {
  const reports: Report[] = []
  const host = new VirtualHost()
  const node = createNode({ host, reporter: (report) => reports.push(report) })
  t.teardown(() => node.kill())
  return { node, reports, host }
}

function inProcess<T>(node: OtpNode, body: (this: Context) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    node.spawn(async function () {
      await body.call(this).then(resolve, reject)
    })
  })
}

interface EchoApi {
  state: unknown
  init: [how: (this: Context) => unknown]
  call: { get(): unknown; run(body: (this: Context) => unknown): unknown }
  continue: string
}

const Echo: GenServer<EchoApi> = {
  moduleName: 'echo',
  init(how) {
    return how.call(this as unknown as Context) as never
  },
  handleCall: {
    get: (_request, _from, state) => reply(state, state),
    run(body, _from, state) {
      return reply(body.call(this as unknown as Context), state)
    },
  },
  handleInfo: (message, state) => noreply([state, message]),
  handleContinue: (what) => noreply(what),
}

// --- start, init_ack, init_fail

t.test('a start resolves with what the process acknowledged, whatever it is', async (t) => {
  const { node } = setup(t)
  const body = async function (this: Context, word: string) {
    procLib.initAck(this, ['ok', word])
    procLib.initAck(this, 'a second one counts for nothing')
    await this.receive()
  }
  const mailbox = { limit: 9, policy: 'reject' } as const
  t.same(await procLib.start(node, body, ['hello'], { priority: 'high', mailbox }), ['ok', 'hello'])
  const given = node.processInfo(node.processes()[0]!, ['priority', 'mailbox'])
  t.same(given, Object.entries({ priority: 'high', mailbox: { ...mailbox, lost: 0 } }))
  await inProcess(node, async function () {
    const [ack, ref] = await procLib.startMonitor(this, body, ['watched'])
    t.same(ack, ['ok', 'watched'])
    const pid = this.node.processes().at(-1)!
    this.exit(pid, 'enough')
    t.match(await this.receive(), { type: 'DOWN', ref, reason: 'enough' })
  })
})

t.test('one that ends first, or takes too long, has failed to start', async (t) => {
  const { node, host } = setup(t)
  t.same(await procLib.start(node, () => exit('early'), []), ['error', 'early'])
  t.same(await procLib.start(node, () => 'done', []), ['error', 'normal'])
  t.match(
    await procLib.start(node, () => {
      throw new RangeError('broken')
    }, []),
    ['error', RangeError],
  )
  const slow = async function (this: Context) {
    await this.sleep(1000)
  }
  const starting = procLib.start(node, slow, [], { timeout: 20 })
  await quiet(host)
  host.advance(20)
  t.same(await starting, ['error', 'timeout'])
  t.equal(node.processCount, 0)
  await t.rejects(procLib.start(node, slow, [], { timeout: -1 }), { code: 'bad_timeout' })
})

t.test('startMonitor: a failed start leaves its DOWN, and is known by the ref', async (t) => {
  const { node, host } = setup(t)
  const slow = async function (this: Context) {
    await this.sleep(1000)
  }
  const fails = function (this: Context): never {
    return procLib.initFail(this, ['error', 'no_disk'], 'bad')
  }
  const says = function (this: Context) {
    procLib.initAck(this, ['error', 'no'])
  }
  const done: unknown[] = []
  for (const trapping of [false, true]) {
    for (const [body, result, reason] of [
      [() => exit('early'), ['error', 'early'], 'early'],
      [() => undefined, ['error', 'normal'], 'normal'],
      [fails, ['error', 'no_disk'], 'bad'],
      [says, ['error', 'no'], 'normal'],
      [slow, ['error', 'timeout'], 'killed'],
    ] as const) {
      const checked = inProcess(node, async function () {
        this.trapExit(trapping)
        const [value, ref] = await procLib.startMonitor<[]>(this, body, [], { timeout: 20 })
        t.same(value, result)
        t.match(await this.receive(), { type: 'DOWN', ref, reason })
        t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT)
        done.push(body)
      })
      await quiet(host)
      host.advance(20)
      await checked
    }
  }
  t.equal(done.length, 10)
})

t.test('initFail ends the process first; a parent that traps exits finds no EXIT', async (t) => {
  const { node, reports } = setup(t)
  await inProcess(node, async function () {
    this.trapExit(true)
    const failing = function (this: Context, result: 'ignore' | readonly ['error', unknown], reason: unknown): never {
      return procLib.initFail(this, result, reason)
    }
    t.same(await procLib.startLink(this, failing, [['error', 'no socket'], 'normal']), ['error', 'no socket'])
    t.same(await procLib.startLink(this, failing, ['ignore', 'normal']), 'ignore')
    t.same(reports, [], 'an orderly reason is not reported')
    t.same(await procLib.startLink(this, failing, [['error', 'bad'], 'no_disk']), ['error', 'bad'])
    t.equal(await this.receive(undefined, { after: 0 }).then(String), 'Symbol(TIMEOUT)')
  })
  t.match(reports, [{ label: ['proc_lib', 'crash'], details: { report: [{ error_info: ['exit', 'no_disk'] }, []] } }])
})

t.test('a parent that does not trap exits ends with the child that could not start', async (t) => {
  const { node } = setup(t)
  const reason = await inProcess(node, async function () {
    const [, ref] = this.spawnMonitor(async function () {
      await procLib.startLink(this, () => exit('early'), [])
    })
    return (await this.receive<DownMessage>((message): message is DownMessage => (message as DownMessage).ref === ref))
      .reason
  })
  t.equal(reason, 'early')
})

t.test('a process of its own making under a supervisor', async (t) => {
  const { node } = setup(t)
  const clock = async function (this: Context) {
    this.trapExit(true)
    this.node.register('clock', this.self)
    procLib.initAck(this, ['ok', this.self])
    await this.receive()
  }
  await node.supervise({
    children: [{ id: 'clock', start: (parent: Context) => procLib.startLink(parent, clock, []) }],
  })
  const first = node.whereis('clock')!
  node.exit(first, 'kill')
  while (node.whereis('clock') === undefined || node.whereis('clock') === first) await quiet()
  t.not(node.whereis('clock'), first)
})

// --- enter_loop

t.test('enterLoop: a function becomes a server, with what its mailbox held', async (t) => {
  const { node } = setup(t)
  const pid = procLib.spawn(node, async function () {
    await this.receive((message) => message === 'go')
    this.node.register('looping', this.self)
    return enterLoop(this, Echo, 'state', { name: 'looping', continue: 'continued' })
  }) as Pid<EchoApi>
  node.send(pid, 'waited')
  const answer = node.call(pid, 'get')
  node.send(pid, 'go')
  t.same(await answer, ['continued', 'waited'], 'continue first, then what had been put aside')
  t.same(await sys.getState(node, 'looping'), ['continued', 'waited'])
  t.same(await node.stop(pid), undefined)
})

t.test('enterLoop: hibernateAfter, as in a start', async (t) => {
  const { node, host } = setup(t)
  const pid = procLib.spawn(node, async function () {
    enterLoop(this, Echo, 1, { hibernateAfter: 50 })
  }) as Pid<EchoApi>
  const does = () => node.processInfo(pid, 'current_function')?.[1]?.[1]
  await quiet(host)
  host.advance(49)
  await quiet(host)
  t.not(does(), 'hibernate')
  host.advance(1)
  await quiet(host)
  t.equal(does(), 'hibernate')
  t.equal(await node.call(pid, 'get'), 1)
  host.advance(50)
  await quiet(host)
  t.equal(does(), 'hibernate', 'again after each message')
  const hasty = function (this: Context): Promise<never> {
    return enterLoop(this, Echo, 1, { hibernateAfter: -1 })
  }
  t.match(await endAfterGo(node, byProcLib, hasty), { code: 'bad_timeout' })
})

t.test('enterLoop: it goes no further, even when nobody waits for it', async (t) => {
  const { node, host } = setup(t)
  const pid = procLib.spawn(node, async function () {
    enterLoop(this, Echo, 1, { timeout: 50 })
  }) as Pid<EchoApi>
  await quiet(host)
  t.ok(node.isAlive(pid))
  host.advance(50)
  t.same(await node.call(pid, 'get'), [1, 'timeout'])
})

t.test('enterLoop: the parent is who started it, whether linked or not', async (t) => {
  const { node } = setup(t)
  let looping: Pid | undefined
  const ended: unknown[] = []
  const Ending: GenServer<EchoApi> = { ...Echo, terminate: (reason) => void ended.push(reason) }
  const parent = node.spawn(async function () {
    procLib.spawnLink(this, async function () {
      looping = this.self
      this.trapExit(true)
      return enterLoop(this, Ending, 1)
    })
    await this.receive()
    exit('over')
  })
  while (looping === undefined) await quiet()
  t.same((await sys.getStatus(node, looping))[3][2], parent)
  node.send(parent, 'end')
  while (node.isAlive(looping)) await quiet()
  t.same(ended, ['over'])
})

/** What a process ends with when it is told to begin. */
function endAfterGo(
  node: OtpNode,
  spawn: (this: Context, body: (this: Context) => Promise<void>) => Pid,
  body: (this: Context) => unknown,
): Promise<unknown> {
  return inProcess(node, async function () {
    const pid = spawn.call(this, async function () {
      await this.receive()
      await body.call(this)
    })
    const ref = this.monitor(pid)
    this.send(pid, 'go')
    return (await this.receive<DownMessage>((message): message is DownMessage => (message as DownMessage).ref === ref))
      .reason
  })
}

const plainly = function (this: Context, body: (this: Context) => Promise<void>): Pid {
  return this.spawn(body)
}
const byProcLib = function (this: Context, body: (this: Context) => Promise<void>): Pid {
  return procLib.spawn(this, body)
}

t.test('enterLoop: not from a process of another kind, nor under the name of another', async (t) => {
  const { node } = setup(t)
  const enter = function (this: Context): Promise<never> {
    return enterLoop(this, Echo, 1)
  }
  t.equal(await endAfterGo(node, plainly, enter), 'process_was_not_started_by_proc_lib')
  const misnamed = function (this: Context): Promise<never> {
    return enterLoop(this, Echo, 1, { name: 'another' })
  }
  t.equal(await endAfterGo(node, byProcLib, misnamed), 'process_not_registered')
  const server = await node.start(Echo, [() => ok(1)])
  await exitsWith(t, node.call(server, 'run', enter), [{ code: 'badarg' }])
  const hasty = function (this: Context): Promise<never> {
    return enterLoop(this, Echo, 1, { timeout: -1 })
  }
  t.match(await endAfterGo(node, byProcLib, hasty), { code: 'bad_timeout' })
})

t.test('hibernate goes on with another function when a message is there', async (t) => {
  const { node } = setup(t)
  const seen: unknown[] = []
  const awake = async function (this: Context, word: string) {
    seen.push(word, await this.receive(), await this.receive())
  }
  const pid = procLib.spawn(node, function (this: Context) {
    return procLib.hibernate(this, awake, 'awake')
  })
  await quiet()
  t.same(seen, [])
  node.send(pid, 1)
  node.send(pid, 2)
  await quiet()
  t.same(seen, ['awake', 1, 2])
})

t.test('ancestors and the initial call', async (t) => {
  const { node } = setup(t)
  const found = await inProcess(node, async function () {
    this.node.register('grandparent', this.self)
    const parent = (await procLib.startLink(
      this,
      async function middle(this: Context, _unused: number) {
        const child = await startLink(this, Echo, [() => ok(1)])
        procLib.initAck(this, ['ok', [this.self, child]])
        await this.receive()
      },
      [1],
    )) as unknown as readonly ['ok', readonly [Pid, readonly ['ok', Pid]]]
    const [middle, [, child]] = parent[1]
    t.same(procLib.translateInitialCall(node, middle), ['middle', 'apply', 1])
    t.same(procLib.translateInitialCall(node, child), ['echo', 'init', 1])
    t.same(procLib.ancestors(node, child), [middle, 'grandparent'])
    return middle
  })
  while (node.isAlive(found)) {
    node.exit(found, 'kill')
    await quiet()
  }
  t.equal(procLib.ancestors(node, found), undefined)
  t.equal(procLib.translateInitialCall(node, found), undefined)
})

t.test('the dictionary has what proc_lib puts there, which a process may put and erase like the rest', async (t) => {
  const { node } = setup(t)
  const run = (server: Pid<EchoApi>, body: (this: Context) => unknown) => node.call(server, 'run', body)
  await inProcess(node, async function () {
    const [, server] = (await startLink(this, Echo, [() => ok(1)])) as readonly ['ok', Pid<EchoApi>]
    const initial = ['echo', 'init', 1]
    const both = [
      ['$initial_call', initial],
      ['$ancestors', [this.self]],
    ]
    t.same(node.processInfo(server, 'dictionary'), ['dictionary', both])
    t.same(node.processInfo(server, { dictionary: '$ancestors' })?.[1], [this.self])
    const read = () =>
      run(server, function () {
        return [this.get(), this.getKeys(), this.get('$ancestors'), this.get('$initial_call'), this.get('$none')]
      })
    t.same(await read(), [both, ['$initial_call', '$ancestors'], [this.self], initial, undefined])
    const change = () =>
      run(server, function () {
        return [this.put('$ancestors', ['me']), this.erase('$initial_call'), this.get('$initial_call')]
      })
    t.same(await change(), [[this.self], initial, undefined])
    t.same(await read(), [[['$ancestors', ['me']]], ['$ancestors'], ['me'], undefined, undefined])
    t.same(procLib.ancestors(node, server), ['me'])
    const start = () =>
      run(server, function () {
        return startLink(this, Echo, [() => ok(1)])
      })
    const [, child] = (await start()) as readonly ['ok', Pid]
    t.same(procLib.ancestors(node, child), [server, 'me'], 'as its children see it, too')
    const erase = () =>
      run(server, function () {
        return [this.erase(), this.erase(), this.get('$ancestors'), this.get()]
      })
    t.same(await erase(), [[['$ancestors', ['me']]], [], undefined, []])
    this.unlink(server)
  })
  await inProcess(node, async function () {
    t.same(this.get(), [], 'a process of its own making has none')
    t.equal(this.get('$ancestors'), undefined)
  })
})

// --- reports

t.test('the crash of a server gives two reports, with the keys and domains of OTP', async (t) => {
  const { node, reports, host } = setup(t)
  const neighbour = node.spawn(async function neighbour() {
    await this.receive()
  })
  const echo = await node.start(Echo, [
    function (this: Context) {
      this.put('locale', 'de')
      this.setLabel('the echo')
      this.link(neighbour)
      return ok(7)
    },
  ])
  node.register('echoing', echo)
  let caller: Pid | undefined
  await inProcess(node, async function () {
    caller = this.self
    const failed = this.call(echo, 'run', () => {
      throw new RangeError('broken')
    })
    this.send(echo, 'never handled')
    await exitsWith(t, failed, [RangeError])
  })
  t.equal(reports.length, 2)
  t.match(reports[0], {
    level: 'error',
    label: ['gen_server', 'terminate'],
    metadata: { domain: ['otp'], pid: echo, node: node.name, time: host.wall() },
    details: {
      name: 'echoing',
      last_message: ['run', Function],
      state: 7,
      log: [],
      reason: RangeError,
      client_info: [caller, [caller, []]],
    },
  })
  t.match(reports[1], {
    level: 'error',
    label: ['proc_lib', 'crash'],
    metadata: { domain: ['otp', 'sasl'], pid: echo },
  })
  const [info, neighbours] = reports[1]!.details.report as readonly [Record<string, unknown>, readonly object[]]
  t.match(info, {
    initial_call: ['echo', 'init', 1],
    pid: echo,
    registered_name: 'echoing',
    process_label: 'the echo',
    error_info: ['error', RangeError, /RangeError: broken\n/],
    message_queue_len: 1,
    messages: ['never handled'],
    links: [neighbour],
    dictionary: [
      ['locale', 'de'],
      ['$process_label', 'the echo'],
    ],
    trap_exit: false,
  })
  t.match(neighbours, [{ neighbour: { pid: neighbour, registered_name: [], trap_exit: false } }])
})

t.test('what last_message and client_info are for each kind of message', async (t) => {
  interface DyingApi {
    state: number
    init: [trap: boolean]
    call: { die(): never }
    cast: { die(n: number): void }
  }
  const Dying: GenServer<DyingApi> = {
    init(trap) {
      this.trapExit(trap)
      return ok(0)
    },
    handleCall: { die: (_request, _from, state) => stop('x', state) },
    handleCast: { die: (_n, state) => stop('x', state) },
    handleInfo: (_message, state) => stop('x', state),
  }
  const { node, reports } = setup(t)
  const last = async (act: (pid: Pid<DyingApi>) => unknown): Promise<unknown> => {
    const pid = await node.start(Dying, [false])
    await act(pid)
    while (node.isAlive(pid)) await quiet()
    const { last_message, client_info } = reports.at(-2)!.details
    return [last_message, client_info]
  }
  t.same(await last((pid) => node.call(pid, 'die').catch(() => {})), ['die', undefined], 'a call from outside')
  t.same(await last((pid) => node.cast(pid, 'die', 1)), [['$gen_cast', ['die', 1]], undefined])
  t.same(await last((pid) => node.send(pid, 'die')), ['die', undefined])
  t.same(await last((pid) => node.stop(pid, 'x')), [[], undefined], 'told to stop')
  const dead = await inProcess(node, async function () {
    let pid: Pid<DyingApi> | undefined
    const caller = this.spawn(async function () {
      pid = await node.start(Dying, [false])
      await sys.suspend(node, pid)
      await this.call(pid, 'die', undefined, { timeout: 1000 })
    })
    while (pid === undefined || node.processInfo(pid, 'message_queue_len')?.[1] !== 1) await quiet()
    this.exit(caller, 'kill')
    await sys.resume(node, pid)
    return caller
  })
  while (reports.length < 10) await quiet()
  t.same(reports.at(-2)?.details.client_info, [dead, 'dead'])
})

t.test('what is quiet: orderly ends, kills, exit signals; what is not: a bad start', async (t) => {
  const { node, reports } = setup(t)
  for (const reason of ['normal', 'shutdown', ['shutdown', 'x']]) {
    await node.stop(await node.start(Echo, [() => ok(1)]), reason)
  }
  for (const reason of ['kill', 'boom']) node.exit(await node.start(Echo, [() => ok(1)]), reason)
  t.same(reports, [])
  t.same(await start(node, Echo, [() => stop('why')]), ['error', 'why'])
  t.match(
    await start(node, Echo, [
      () => {
        throw new RangeError('why')
      },
    ]),
    ['error', RangeError],
  )
  t.same(
    reports.map(({ label }) => label),
    [
      ['proc_lib', 'crash'],
      ['proc_lib', 'crash'],
    ],
  )
})

t.test('a crash report lists a hundred of the messages that wait, and fifteen neighbours', async (t) => {
  const { node, reports } = setup(t)
  await inProcess(node, async function () {
    const pid = procLib.spawn(this, async function () {
      for (let n = 0; n < 20; n++) {
        this.spawnLink(async function () {
          await this.receive()
        })
      }
      await this.receive((message) => message === 199)
      exit('crowded')
    })
    for (let n = 0; n < 300; n++) this.send(pid, n)
    const ref = this.monitor(pid)
    await this.receive((message) => (message as DownMessage).ref === ref)
  })
  const [info, neighbours] = reports[0]!.details.report as readonly [{ messages: unknown[] }, readonly object[]]
  t.match(info, { message_queue_len: 299, messages: { length: 100, 0: 0, 99: 99 } })
  t.equal(neighbours.length, 15)
})

t.test('crash, supervisor and progress reports come whole through pino', async (t) => {
  const lines: (readonly [string, Record<string, unknown>, string])[] = []
  const write = (method: string) => (line: object, text: string) => {
    lines.push([method, JSON.parse(JSON.stringify({ ...line, err: undefined })), text])
    if ('err' in line) t.type(line.err, Error)
  }
  const logger = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') }
  const node = createNode({ name: 'n@here', host: new VirtualHost(), reporter: pinoReporter(logger) })
  t.teardown(() => node.kill())
  await node.supervise({
    children: [{ id: 'echo', start: (parent: Context) => startLink(parent, Echo, [() => ok(1n)], { name: 'echo' }) }],
  })
  const first = node.whereis('echo') as Pid<EchoApi>
  const failed = node.call(first, 'run', () => {
    throw new RangeError('broken')
  })
  await failed.catch(() => {})
  while (lines.length < 5) await quiet()
  t.same(
    lines.map(([method, , text]) => `${method} ${text}`),
    [
      'info supervisor progress',
      'error gen_server terminate',
      'error proc_lib crash',
      'error supervisor child_terminated',
      'info supervisor progress',
    ],
  )
  t.match(lines[1]?.[1], {
    label: ['gen_server', 'terminate'],
    domain: ['otp'],
    process: String(first),
    node: 'n@here',
  })
  t.match(lines[1]?.[1].details, { name: 'echo', state: '1', reason: 'RangeError: broken' })
  t.match(lines[2]?.[1].details, { report: [{ initial_call: ['echo', 'init', 1], pid: String(first), messages: [] }] })
  t.match(lines[3]?.[1].details, { errorContext: 'child_terminated', offender: { id: 'echo', pid: String(first) } })
  t.match(lines[4]?.[1].details, { started: { id: 'echo', pid: String(node.whereis('echo')) } })
})

t.test('pino: the level of the logger decides, before any work', (t) => {
  const lines: unknown[] = []
  const write = (line: object, text: string) => lines.push([line, text])
  const isLevelEnabled = (level: string) => level === 'error' || level === 'warn'
  const report = pinoReporter({ error: write, warn: write, info: write, debug: write, isLevelEnabled })
  for (const level of ['error', 'warning', 'notice', 'info', 'debug'] as const) {
    report({ level, label: ['a', level], details: { map: new Map([['k', new Set([1])]]), run() {}, at: Symbol('s') } })
  }
  t.same(lines, [
    [{ label: ['a', 'error'], details: { map: [['k', [1]]], run: 'fun run', at: 'Symbol(s)' } }, 'a error'],
    [{ label: ['a', 'warning'], details: { map: [['k', [1]]], run: 'fun run', at: 'Symbol(s)' } }, 'a warning'],
  ])
  t.end()
})

t.test('crash report: of ancestors that have ended the nearest is named by its pid', async (t) => {
  const { node, reports } = setup(t)
  const child = async function (this: Context, up: Pid) {
    this.send(up, this.self)
    await this.receive()
    exit('boom')
  }
  const [parent, pid] = await inProcess(node, async function () {
    const middle = procLib.spawn(
      this,
      function (this: Context, up: Pid) {
        this.node.register('middle', this.self)
        procLib.spawn(this, child, up)
      },
      this.self,
    )
    const pid = await this.receive<Pid>()
    const ref = this.monitor(middle)
    await this.receive((message) => (message as DownMessage).ref === ref)
    return [middle, pid]
  })
  node.send(pid, 'go')
  await quiet()
  t.match(reports, [{ label: ['proc_lib', 'crash'], details: { report: [{ pid, ancestors: [parent] }, []] } }])
})
