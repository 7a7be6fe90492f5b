import { Writable } from 'node:stream'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import {
  child,
  createNode,
  DynamicSupervisor,
  Exit,
  exit,
  type GenServer,
  GenStatem,
  lineReporter,
  noreply,
  ok,
  type Pid,
  pinoReporter,
  type Reason,
  Registry,
  type Report,
  type StateMachine,
  Supervisor,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'

/** What an operator reads on the console when processes end. */
interface RoomApi {
  state: string
  init: [topic: string]
  cast: { act(act: () => void): void }
}

const Room: GenServer<RoomApi> = {
  moduleName: 'room',
  init: (topic) => (topic === 'closed' ? exit('no key') : ok(topic)),
  handleCall: {},
  handleCast: {
    act(act, topic) {
      act()
      return noreply(topic)
    },
  },
}

/** A node, and what its console has shown so far: a text for each report. */
function setup(t: Test) {
  const shown: string[] = []
  const reports: Report[] = []
  const write = lineReporter((text) => shown.push(text))
  const reporter = (report: Report) => {
    reports.push(report)
    write(report)
  }
  const node = createNode({ host: new VirtualHost(), reporter })
  t.teardown(() => node.kill())
  const about = (...label: Report['label']) => shown.filter((text) => text.includes(`] ${label.join(' ')} `))
  const act = async (to: Pid<RoomApi>, run: () => void) => {
    node.cast(to, 'act', run)
    await quiet()
  }
  return { node, reports, shown, about, act }
}

type Asker = { call(to: Pid, operation: string): Promise<unknown> }

const boom = () => {
  throw new Error('boom')
}

t.test('a server with a name of a registry is called by it, as by OTP what follows `via`', async (t) => {
  const { node, about, act } = setup(t)
  const rooms = new Registry('rooms', { keys: 'unique' })
  await node.supervise({ children: [rooms.child()] })
  await act(await node.start(Room, ['hall'], { name: rooms.via('lobby') }), boom)
  t.match(about('gen_server', 'terminate')[0], ' name={rooms, lobby} last_message=')

  const own = new Map<unknown, Pid>()
  const keeper = {
    whereisName: (key: unknown) => own.get(key),
    registerName: (key: unknown, pid: Pid) => own.set(key, pid) !== undefined,
  }
  await act(await node.start(Room, ['hall'], { name: { via: keeper, key: 7 } }), boom)
  t.match(about('gen_server', 'terminate')[1], ' name=7 last_message=')
})

t.test('a supervisor with a name of a registry is called `{via, Registry, {registry, key}}`', async (t) => {
  const { node, about, act } = setup(t)
  const rooms = new Registry('rooms', { keys: 'unique' })
  const floor = Supervisor.child({ children: [child(Room, ['hall'], { name: 'hall' })] }, { name: rooms.via('floor') })
  await node.supervise({ children: [rooms.child(), floor] })
  await act(node.whereis('hall') as Pid<RoomApi>, boom)
  t.match(about('supervisor', 'child_terminated')[0], ' supervisor={via, Registry, {rooms, floor}} errorContext=')
})

t.test('the offender is told with what started it: module, function and arguments', async (t) => {
  const { node, reports, about, act } = setup(t)
  const Door: StateMachine<{ state: 'shut'; data: number; init: [key: number] }> = {
    moduleName: 'door',
    callbackMode: 'state_functions',
    init: (key) => GenStatem.ok('shut', key),
    states: { shut: boom },
  }
  const startClock = () => ['error', 'no time'] as const
  await node.supervise({
    intensity: 9,
    children: [
      child(Room, ['hall'], { name: 'hall' }),
      GenStatem.child(Door, [7], { name: 'door' }),
      DynamicSupervisor.child({}, { name: 'rooms' }),
      Supervisor.child({ intensity: 0, children: [child(Room, ['attic'], { name: 'attic' })] }, { id: 'top' }),
      Supervisor.child(
        { strategy: 'simple_one_for_one', children: [Supervisor.template(Room, [])] },
        { name: 'simple' },
      ),
    ],
  })
  const started = await DynamicSupervisor.startChild(node, 'rooms', child(Room, ['one of many']))
  const simple = (await Supervisor.startChild(node, 'simple', ['by hand'])) as readonly ['ok', Pid<RoomApi>]
  t.match(started, { 0: 'ok' })
  await act(node.whereis('hall') as Pid<RoomApi>, boom)
  node.send('door', 'knock')
  await quiet()
  await act((started as readonly ['ok', Pid<RoomApi>])[1], boom)
  await act(simple[1], boom)
  await act(node.whereis('attic') as Pid<RoomApi>, boom)
  const told = about('supervisor', 'child_terminated')
  t.match(told[0], ', id: hall, mfargs: {room, startLink, {hall}}, restart_type: permanent')
  t.match(told[1], ', id: door, mfargs: {door, startLink, {7}}, ')
  t.match(told[2], ', id: undefined, mfargs: {room, startLink, {one of many}}, ')
  t.match(told[3], ', id: template, mfargs: {room, startLink, {by hand}}, ')
  t.match(told[4], ', id: attic, mfargs: {room, startLink, {attic}}, ')
  t.match(told[5], ', id: top, mfargs: {supervisor, startLink, ')
  await t.rejects(
    node.supervise({ children: [{ id: 'clock', start: startClock, modules: [{ moduleName: 'clock' }] }] }),
  )
  await t.rejects(node.supervise({ children: [{ id: 'clock', start: startClock }] }))
  const failed = about('supervisor', 'start_error')
  t.match(failed[0], ', id: clock, mfargs: {clock, startClock, undefined}, ')
  t.match(failed[1], ', id: clock, mfargs: fun startClock, ')
  const progress = reports.find(({ label }) => label[1] === 'progress')
  t.match(progress?.details.started, { id: 'hall', mfargs: ['room', 'startLink', ['hall']] })
})

t.test(
  'the causes of an error follow its stack, each with its own, and an end is found to those in a circle',
  async (t) => {
    const { node, about, act } = setup(t)
    const root: Error = new RangeError('root')
    const inner = new TypeError('inner', { cause: root })
    await act(await node.start(Room, ['hall']), () => {
      throw new Error('outer', { cause: inner })
    })
    const [first] = about('gen_server', 'terminate')
    t.match(
      first,
      /reason=Error: outer\n {4}at .*\n {2}\[cause\] TypeError: inner\n {4}at .*\n {2}\[cause\] RangeError: root\n {4}at /s,
    )
    t.notMatch(about('proc_lib', 'crash')[0], '[cause]', 'once')

    const circle = new Error('circle')
    circle.cause = new Error('half', { cause: circle })
    await act(await node.start(Room, ['hall']), () => {
      throw circle
    })
    t.match(about('gen_server', 'terminate')[1], /\[cause\] Error: half\n {4}at .*\n {2}\[cause\] Error: circle$/s)

    let endless = new Error('0')
    for (let n = 1; n < 100; n++) endless = new Error(`${n}`, { cause: endless })
    await act(await node.start(Room, ['hall']), () => {
      throw endless
    })
    t.equal(about('gen_server', 'terminate')[2]?.split('[cause]').length, 9)

    await act(await node.start(Room, ['hall']), () => {
      throw new Error('refused', { cause: { code: 'E\nACCES' } })
    })
    t.match(about('gen_server', 'terminate')[3], /\n {2}\[cause\] #\{code: E\\nACCES\}$/)
  },
)

t.test('an error within a reason is told with its stack, too', async (t) => {
  const { node, about } = setup(t)
  const failing = { id: 'clock', start: boom }
  await t.rejects(node.supervise({ children: [failing] }))
  t.match(about('supervisor', 'start_error')[0], /reason=\{EXIT, Error: boom\} .*\n {4}at .*boom/s)
})

t.test('what stands in a message of an error forges no line', async (t) => {
  const { node, shown, act } = setup(t)
  await act(await node.start(Room, ['hall']), () => {
    throw new Error('a\n    at here\n[error] forged\n\u001b[2J    at there')
  })
  for (const line of shown.join('\n').split('\n')) t.match(line, /^(\[error\] (gen_server|proc_lib)| {4}at )/)
  t.notMatch(shown.join(''), '\u001b')
})

t.test('an exit on purpose within a callback is told with the place where it was raised', async (t) => {
  const { node, reports, about, act } = setup(t)
  await act(await node.start(Room, ['hall']), function leave() {
    exit('boom')
  })
  t.match(about('gen_server', 'terminate')[0], / reason=boom\n {4}at .*\n {4}at leave .*reports\.spec/)
  t.notMatch(about('proc_lib', 'crash')[0], '\n', 'its stack, too, once')
  t.match(reports[0]?.details, { reason: 'boom', stack: /at leave/ })
  t.match(reports[1]?.details.report, [{ error_info: ['exit', 'boom', /at leave/] }])

  const deaf = node.spawn(async function () {
    await this.receive()
  })
  const Asking: GenServer<{ state: null; cast: { ask(): void } }> = {
    init: () => ok(null),
    handleCall: {},
    handleCast: {
      async ask(_request, state) {
        await (this as unknown as Asker).call(deaf, 'anything')
        return noreply(state)
      },
    },
  }
  node.cast(await node.start(Asking, []), 'ask')
  await quiet()
  t.match(about('gen_server', 'terminate')[1], /reason=\{normal, [^\n]*$/, 'a call that failed later has no place')
  t.equal('stack' in reports[2]!.details, false)

  await t.rejects(node.start(Room, ['closed']))
  t.match(about('proc_lib', 'crash')[2], / reason=no key\n {4}at .*\n {4}at .*init/)

  const Door: StateMachine<{ state: 'shut'; data: null }> = {
    callbackMode: 'state_functions',
    init: () => GenStatem.ok('shut', null),
    states: { shut: () => exit('kicked in') },
  }
  const door = await GenStatem.start(node, Door, [])
  t.match(door, { 0: 'ok' })
  node.send((door as readonly ['ok', Pid])[1], 'knock')
  await quiet()
  t.match(about('gen_statem', 'terminate')[0], / reason=kicked in.*\n {4}at .*\n {4}at .*shut/)
})

t.test('an end by an exit in `terminate` is reported, whatever its reason, and has no crash report', async (t) => {
  const { node, about } = setup(t)
  const Leaver: GenServer<{ state: Reason; init: [reason: Reason] }> = {
    init: (reason) => ok(reason),
    handleCall: {},
    terminate: (_reason, state) => exit(state),
  }
  for (const reason of ['normal', 'shutdown', ['shutdown', 'moved']]) {
    const pid = await node.start(Leaver, [reason])
    t.equal(await node.stop(pid).catch((error: Exit) => error.reason), reason === 'normal' ? undefined : reason)
  }
  await quiet()
  t.equal(about('gen_server', 'terminate').length, 3)
  t.match(about('gen_server', 'terminate')[2], / reason=\{shutdown, moved\}/)
  t.strictSame(about('proc_lib', 'crash'), [])
})

t.test('an Exit made of an error, or of a reason with one in it, has that error as its cause', (t) => {
  const error = new Error('no disk')
  t.equal(new Exit(error).cause, error)
  t.equal(new Exit(['shutdown', ['failed_to_start_child', 'a', ['shutdown', ['failed', 'b', error]]]]).cause, error)
  t.equal(
    new Exit([
      [error, ['gen_server', 'call', ['a', 'get']]],
      ['gen_server', 'call', ['b', 'get']],
    ]).cause,
    error,
  )
  t.equal(new Exit(['timeout', ['gen_server', 'call', ['a', ['put', error]]]]).cause, undefined, 'not of the request')
  t.notOk('cause' in new Exit('boom'))
  t.end()
})

t.test('at the level of the console: each child that died, and why when its supervisor gives up', async (t) => {
  const { node, shown, act } = setup(t)
  await node.supervise({ intensity: 1, children: [child(Room, ['hall'], { name: 'hall' })] })
  for (const reason of ['first', 'second']) await act(node.whereis('hall') as Pid<RoomApi>, () => exit(reason))
  const told = shown.filter((text) => text.includes('] supervisor '))
  t.equal(told.length, 3)
  t.match(told[0], /^\[error\] supervisor child_terminated .* reason=first .* id: hall/)
  t.match(told[1], /^\[error\] supervisor child_terminated .* reason=second .* id: hall/)
  t.match(told[2], /^\[error\] supervisor shutdown .* reason=reached_max_restart_intensity .* id: hall/)
  t.match(told[2], 'last_reasons={{hall, second}, {hall, first}}')
  t.notMatch(shown.join(), 'progress')
})

t.test('pino: what a line is about keeps out of the way of what pino itself, and its user, write', async (t) => {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const app = fastify({ logger: { level: 'info', name: 'shop', stream } })
  const node = createNode({ host: new VirtualHost(), reporter: pinoReporter(app.log) })
  t.teardown(() => node.kill())
  const started = await node.start(Room, ['hall'], { name: 'hall' })
  node.cast(started, 'act', () => {
    throw new Error('outer', { cause: new Error('inner') })
  })
  await quiet()
  node.report({
    level: 'warning',
    label: ['a', 'b'],
    details: { level: 1, time: 2, msg: 3, hostname: 4, v: 5, err: 6 },
  })
  const [terminate, crash, own] = lines
  for (const line of lines) {
    t.match(line, { name: 'shop', pid: process.pid, hostname: String, time: Number }, 'as pino has them')
  }
  t.match(terminate, { level: 50, msg: 'gen_server terminate', label: ['gen_server', 'terminate'] })
  t.match(terminate?.details, { name: 'hall', state: 'hall', reason: 'Error: outer' })
  t.match(terminate?.err, { type: 'Error', message: 'outer: inner', stack: /outer.*caused by: Error: inner/s })
  t.match(crash, { process: String(started), domain: ['otp', 'sasl'], err: { type: 'Error' } })
  t.match(crash?.details, { report: [{ pid: String(started), registered_name: 'hall' }, []] })
  t.match(own, { level: 40, msg: 'a b', details: { level: 1, time: 2, msg: 3, hostname: 4, v: 5, err: 6 } })
  t.notOk(own?.err)
})

t.test('pino: a line has a bounded number of parts, whatever it is about', (t) => {
  const lines: unknown[] = []
  const write = (line: object) => lines.push(line)
  const report = pinoReporter({ error: write, warn: write, info: write, debug: write })
  const many = Array.from({ length: 100_000 }, (_, i) => i)
  const self: Record<string, unknown> = { many, map: new Map(many.map((n) => [n, n])) }
  for (const key of 'abcdefgh') self[key] = self
  report({ level: 'error', label: ['a', 'b'], details: self })
  t.ok(JSON.stringify(lines).length < 100_000)
  t.match(JSON.stringify(lines), '... ')
  t.end()
})
