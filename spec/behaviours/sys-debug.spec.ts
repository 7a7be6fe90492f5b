import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  Agent,
  type Context,
  child,
  createNode,
  enterLoop,
  GenEvent,
  type GenServer,
  GenStatem,
  name,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  procLib,
  type Report,
  reply,
  type StateMachine,
  Supervisor,
  type SupervisorApi,
  start,
  startLink,
  sys,
} from '../../lib/index.ts'
import { SYS_LOG_FILE_CHARACTERS } from '../../lib/internal/limits.ts'
import type { TextFile } from '../../lib/kernel/host.ts'
import type { Process } from '../../lib/kernel/process.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'

interface CounterApi {
  state: number
  init: [start: number]
  call: { add(n: number): number; self(): Pid }
  cast: { set(n: unknown): void }
  continue: string
}

const Counter: GenServer<CounterApi> = {
  moduleName: 'counter',
  init: (start) => ok(start),
  handleCall: {
    add: (n, _from, count) => reply(count + n, count + n),
    self(_request, _from, count) {
      return reply(this.self, count)
    },
  },
  handleCast: { set: (_n, count) => noreply(count, { continue: 'again' }) },
  handleInfo: (_message, count) => noreply(count),
  handleContinue: (_what, count) => noreply(count),
}

interface SwitchApi {
  state: 'off' | 'on'
  data: number
  init: []
  call: { push(): number }
}

const Switch: StateMachine<SwitchApi> = {
  callbackMode: 'handle_event_function',
  init: () => GenStatem.ok('off', 0),
  handleEvent: (event, _state, n) =>
    event.type === 'call'
      ? GenStatem.nextState('on', n + 1, GenStatem.reply(event.from, n))
      : GenStatem.keepStateAndData(),
}

/** A machine whose only disk takes what it is given when it is told to. */
class DiskHost extends VirtualHost {
  readonly files = new Map<string, string>()
  readonly closed: string[] = []
  /** What happens to what is opened and written from now on. */
  opening: Promise<unknown> = Promise.resolve()
  writing: Promise<unknown> = Promise.resolve()
  writes = 0

  async openTextFile(path: string): Promise<TextFile> {
    await this.opening
    if (path.startsWith('/nowhere')) throw new Error('ENOENT')
    this.files.set(path, '')
    return {
      append: async (text) => {
        this.writes++
        await this.writing
        this.files.set(path, this.files.get(path)! + text)
      },
      close: async () => void this.closed.push(path),
    }
  }

  lines(path: string): readonly string[] {
    return this.files.get(path)?.split('\n').slice(0, -1) ?? []
  }
}

interface Setup {
  readonly node: OtpNode
  readonly host: DiskHost
  readonly reports: Report[]
}

function setup(t: Test): Setup {
  const reports: Report[] = []
  const host = new DiskHost()
  const node = createNode({ host, reporter: (report) => reports.push(report) })
  t.teardown(() => node.kill())
  return { node, host, reports }
}

function inProcess<T>(node: OtpNode, body: (this: Context) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    node.spawn(async function () {
      await body.call(this).then(resolve, reject)
    })
  })
}

const kinds = (events: readonly sys.SystemEvent[]) => events.map(([kind]) => kind)

t.test('sys_SUITE: log_to_file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sys-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'events')
  const node = createNode({ reporter: () => {} })
  t.teardown(() => node.kill())
  const server = await node.start(Counter, [0], { name: 'sys_SUITE_server' })
  const caller = await inProcess(node, async function () {
    t.equal(await sys.logToFile(this, server, path), 'ok')
    t.equal(await this.call(server, 'add', 44), 44)
    t.equal(await sys.logToFile(this, server, false), 'ok')
    await this.call(server, 'add', 44)
    return this.self
  })
  t.equal(
    await readFile(path, 'utf8'),
    `*DBG* sys_SUITE_server got call {add, 44} from ${caller}\n` +
      `*DBG* sys_SUITE_server sent 44 to ${caller}, new state 44\n`,
  )
  t.strictSame(await sys.logToFile(node, server, join(folder, 'no', 'events')), ['error', 'open_file'])
})

t.test('each event is a line, whatever it holds', async (t) => {
  const { node, host } = setup(t)
  const server = await node.start(Counter, [1], { name: 'c', debug: [['log_to_file', 'f']] })
  node.cast(server, 'set', 'two\nlines')
  node.send(server, { a: [1, 'x'] })
  await node.call(server, 'add', 1)
  const machine = await inProcess(node, async function () {
    const [, machine] = (await GenStatem.start(this, Switch, [], { debug: [['log_to_file', 'm']] })) as [
      'ok',
      Pid<SwitchApi>,
    ]
    await GenStatem.call(this, machine, 'push')
    return [machine, this.self]
  })
  await sys.logToFile(node, server, false)
  await sys.noDebug(node, machine[0]!)
  t.strictSame(host.lines('f'), [
    '*DBG* c got cast {set, two\\nlines}',
    '*DBG* c new state 1',
    '*DBG* c continue again',
    '*DBG* c new state 1',
    '*DBG* c got #{a: {1, x}}',
    '*DBG* c new state 1',
    '*DBG* c got call {add, 1} from no process',
    '*DBG* c sent 2 to no process, new state 2',
  ])
  const received = host.lines('m').find((line) => line.includes('receive'))
  t.equal(received, `*DBG* ${machine[0]} receive {{call, ${machine[1]}}, push} in state off`)
  t.strictSame(host.closed, ['f', 'm'])
})

t.test('a disk that is behind: events past the bound are dropped, and counted in a line at their place', async (t) => {
  const { node, host, reports } = setup(t)
  const server = await node.start(Counter, [0], { name: 'c' })
  let caughtUp!: (value?: unknown) => void
  host.writing = new Promise((resolve) => {
    caughtUp = resolve
  })
  await sys.logToFile(node, server, 'f')
  const count = SYS_LOG_FILE_CHARACTERS / 64
  for (let i = 0; i < count; i++) node.send(server, 'x'.repeat(100))
  await node.call(server, 'add', 1)
  t.same(host.lines('f'), [], 'the process has not waited for it')
  caughtUp()
  await quiet(host)
  node.send(server, 'after')
  await sys.logToFile(node, server, false)
  const lines = host.lines('f')
  const counted = lines.findIndex((line) => line.includes('events were dropped'))
  const before = lines.slice(0, counted)
  const written = before.join('\n').length + 1
  t.ok(written <= SYS_LOG_FILE_CHARACTERS && written > SYS_LOG_FILE_CHARACTERS - 200, 'and no sooner')
  t.strictSame(lines.slice(counted), [
    `*DBG* ${2 * count + 2 - before.length} events were dropped: the disk was behind`,
    '*DBG* c got after',
    '*DBG* c new state 1',
  ])
  t.same(reports, [])
})

t.test('what waits is written at once, in order, in one piece', async (t) => {
  const { node, host } = setup(t)
  const server = await node.start(Counter, [0])
  await sys.logToFile(node, server, 'f')
  for (let i = 0; i < 1000; i++) node.send(server, i)
  await node.call(server, 'self')
  await sys.logToFile(node, server, false)
  const got = host.lines('f').filter((line) => / got \d+$/.test(line))
  t.strictSame(
    got.map((line) => Number(line.split(' ').at(-1))),
    [...Array(1000).keys()],
  )
  t.ok(host.writes < 10, `${host.writes} writes`)
})

t.test('another file takes the place of the one that is open, the same one begins anew', async (t) => {
  const { node, host } = setup(t)
  const server = await node.start(Counter, [0], { name: 'c' })
  await sys.logToFile(node, server, 'a')
  node.send(server, 1)
  await sys.logToFile(node, server, 'b')
  node.send(server, 2)
  await sys.logToFile(node, server, 'b')
  node.send(server, 3)
  t.same((await sys.getStatus(node, server))[3][3], [['log_to_file', 'b']])
  await sys.noDebug(node, server)
  t.strictSame(host.lines('a'), ['*DBG* c got 1', '*DBG* c new state 0'])
  t.strictSame(host.lines('b'), ['*DBG* c got 3', '*DBG* c new state 0'])
  t.strictSame(host.closed, ['a', 'b', 'b'])
  t.same((await sys.getStatus(node, server))[3][3], [])
})

t.test('the file is complete and closed when the end of its process is known', async (t) => {
  const { node, host } = setup(t)
  await inProcess(node, async function () {
    const server = await node.start(Counter, [0], { name: 'c', debug: [['log_to_file', 'f']] })
    const ref = this.monitor(server)
    let opened!: (value?: unknown) => void
    host.opening = new Promise((resolve) => {
      opened = resolve
    })
    const other = await node.start(Counter, [0], { debug: [['log_to_file', 'g']] })
    this.send(server, 1)
    this.send(other, 1)
    await node.call(other, 'self')
    this.exit(server, 'kill')
    t.match(await this.receive(), { type: 'DOWN', ref, reason: 'killed' })
    t.strictSame([host.closed, host.lines('f').length], [['f'], 2])
    const otherRef = this.monitor(other)
    this.exit(other, 'kill')
    opened()
    t.match(await this.receive(), { type: 'DOWN', ref: otherRef, reason: 'killed' })
    t.strictSame([host.closed, host.lines('g').length > 1], [['f', 'g'], true])
  })
})

t.test('a file that cannot be opened or written to is given up and reported; the process goes on', async (t) => {
  const { node, host, reports } = setup(t)
  const server = await node.start(Counter, [0], { name: 'c', debug: [['log_to_file', '/nowhere/f'], 'log'] })
  t.equal(await node.call(server, 'add', 1), 1)
  t.strictSame(await sys.logToFile(node, server, '/nowhere/g'), ['error', 'open_file'])
  await sys.logToFile(node, server, 'h')
  host.writing = Promise.reject(new Error('ENOSPC'))
  await node.call(server, 'add', 1)
  await quiet(host)
  await node.call(server, 'add', 1)
  t.strictSame(host.closed, ['h'])
  t.match(
    reports,
    ['/nowhere/f', '/nowhere/g', 'h'].map((path, i) => ({
      level: 'warning',
      label: ['sys', 'log_to_file'],
      details: { name: 'c', path, reason: { message: i < 2 ? 'ENOENT' : 'ENOSPC' } },
    })),
  )
  t.equal(reports.length, 3)
  const [[kind]] = (await sys.getStatus(node, server))[3][3] as [[string]]
  t.equal(kind, 'log', 'nothing but the log is left')
  const plain = createNode({ host: new VirtualHost(), reporter: () => {} })
  t.teardown(() => plain.kill())
  const there = await plain.start(Counter, [0])
  t.strictSame(await sys.logToFile(plain, there, 'f'), ['error', 'open_file'], 'a simulated host has no files')
  for (const path of ['', true, 5, undefined]) {
    await t.rejects(sys.logToFile(node, server, path as never), { code: 'badarg' }, `${path}`)
  }
})

t.test('a server is debugged from its first message on, as its options say', async (t) => {
  const { node, reports } = setup(t)
  const seen: unknown[] = []
  const note = (n: number, event: sys.SystemEvent, name: unknown) => {
    seen.push([n, event[0], name])
    return n + 1
  }
  const server = await node.start(Counter, [0], {
    name: 'c',
    debug: ['trace', ['log', 3], 'log', 'statistics', ['install', [note, 0]], ['install', ['id', note, 10]]],
  })
  for (let i = 0; i < 3; i++) await node.call(server, 'add', 1)
  const [, events] = await sys.log(node, server, 'get')
  t.strictSame(kinds(events), ['out', 'in', 'out'], 'the first of a kind counts')
  t.match(await sys.statistics(node, server, 'get'), ['ok', { messages_in: 3, messages_out: 3 }])
  t.equal(reports.length, 6)
  t.strictSame(seen.slice(0, 3), [
    [0, 'in', 'c'],
    [10, 'in', 'c'],
    [1, 'out', 'c'],
  ])
  await sys.remove(node, server, 'id')
  await sys.remove(node, server, note)
  await node.call(server, 'add', 1)
  t.equal(seen.length, 12)
})

t.test('what is said of a log means the log alone: `print` and `get` may also be ids', async (t) => {
  const { node, host } = setup(t)
  const server = await node.start(Counter, [0])
  const seen: string[] = []
  for (const id of ['print', 'get']) await sys.install(node, server, [id, () => void seen.push(id), undefined])
  await node.call(server, 'add', 1)
  t.strictSame(seen, ['print', 'get', 'print', 'get'])
  for (const id of ['print', 'get']) await sys.remove(node, server, id)
  await node.call(server, 'add', 1)
  t.equal(seen.length, 4)
  t.equal(await sys.logToFile(node, server, 'print'), 'ok')
  t.ok(host.files.has('print'))
})

t.test('every way of starting takes them: links, children, machines, managers, agents, supervisors', async (t) => {
  const { node } = setup(t)
  const debug = [['log', 50]] as const
  const logged = async (pid: Pid) => kinds((await sys.log(node, pid, 'get'))[1])
  await inProcess(node, async function () {
    const [, linked] = (await startLink(this, Counter, [0], { debug })) as ['ok', Pid<CounterApi>]
    await this.call(linked, 'add', 1)
    t.strictSame(await logged(linked), ['in', 'out'])
    const [, machine] = (await GenStatem.startLink(this, Switch, [], { debug })) as ['ok', Pid<SwitchApi>]
    await GenStatem.call(this, machine, 'push')
    t.strictSame(await logged(machine), ['enter', 'consume', 'in', 'out', 'consume'])
    const [, manager] = (await GenEvent.startLink(this, { debug })) as ['ok', Pid]
    GenEvent.notify(this, manager as never, 'event' as never)
    t.strictSame(await logged(manager), ['in'])
    const [, agent] = (await Agent.startLink(this, () => 1, { debug })) as ['ok', Pid<Agent.AgentApi<number>>]
    await Agent.get(this, agent, (n) => n)
    t.strictSame(await logged(agent), ['in', 'out'])
    const children = [child(Counter, [0], { id: 'c', debug })]
    const [, supervisor] = (await Supervisor.startLink(this, { children }, { debug })) as ['ok', Pid<SupervisorApi>]
    const [found] = await Supervisor.whichChildren(this, supervisor)
    const pid = found?.[1] as Pid<CounterApi>
    t.strictSame(await logged(supervisor), ['in', 'out'])
    await this.call(pid, 'self')
    t.strictSame(await logged(pid), ['in', 'out'])
    for (const pid of [linked, machine, manager, agent, supervisor]) this.unlink(pid)
  })
})

t.test('so do loops that are entered, and a process of ones own says it itself', async (t) => {
  const { node, host } = setup(t)
  const enter = (enterIt: (this: Context) => Promise<never>) =>
    inProcess(node, async function () {
      const [, pid] = (await procLib.start(
        this,
        async function () {
          procLib.initAck(this, ['ok', this.self])
          return enterIt.call(this)
        },
        [],
      )) as ['ok', Pid<CounterApi>]
      return pid
    })
  const server = await enter(function () {
    return enterLoop(this, Counter, 7, { debug: ['log', ['log_to_file', 'f']] })
  })
  await node.call(server, 'add', 1)
  t.strictSame(kinds((await sys.log(node, server, 'get'))[1]), ['in', 'out'])
  await sys.logToFile(node, server, false)
  t.equal(host.lines('f').length, 2)
  const machine = await enter(function () {
    return GenStatem.enterLoop(this, Switch, 'off', 0, { debug: ['log'] })
  })
  t.strictSame(kinds((await sys.log(node, machine, 'get'))[1]), ['enter', 'consume'])
  const process = server.process as Process
  sys.debugOptions(process, [])
  sys.debugOptions(process, [['log', 1], 'statistics'])
  t.equal((await sys.log(node, server, 'get'))[1].length, 2, 'a log that is there stays as it is')
  t.match(await sys.statistics(node, server, 'get'), ['ok', { messages_in: 0 }])
  t.throws(() => sys.debugOptions(server as never, []), { code: 'badarg' })
})

t.test('a start under a name that is taken leaves the file of its holder alone', async (t) => {
  const { node, host } = setup(t)
  const options = { name: 'c', debug: [['log_to_file', 'f']] } as const
  const [first, second] = await inProcess(node, async function () {
    return Promise.all([start(this, Counter, [0], options), start(this, Counter, [0], options)])
  })
  t.strictSame([first[0], second], ['ok', ['error', ['already_started', first[1]]]])
  await node.call(name(Counter, 'c'), 'self')
  await sys.logToFile(node, 'c', false)
  t.equal(host.lines('f').length, 2)
})

t.test('options that are none are refused before anything is started', async (t) => {
  const { node } = setup(t)
  const wrong: unknown[] = [
    'trace',
    5,
    null,
    {},
    ['tracing'],
    [['trace', true]],
    [['log', 0]],
    [['log', '10']],
    [['log_to_file', '']],
    [['log_to_file']],
    [['install', 5]],
    [['install', [1, 2]]],
    [undefined],
  ]
  const before = node.processCount
  for (const debug of wrong) {
    const options = { debug, name: 'c' } as never
    await t.rejects(node.start(Counter, [0], options), { code: 'badarg' }, `${JSON.stringify(debug)}`)
  }
  await t.rejects(
    inProcess(node, async function () {
      return GenStatem.start(this, Switch, [], { debug: ['x'] } as never)
    }),
    { code: 'badarg' },
  )
  await quiet(node.host as VirtualHost)
  t.equal(node.processCount, before)
  t.equal(node.whereis('c'), undefined)
})
