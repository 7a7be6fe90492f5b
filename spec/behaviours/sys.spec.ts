import t, { type Test } from 'tap'
import {
  type Context,
  createNode,
  exit,
  failure,
  type GenServer,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  type Program,
  type Report,
  reply,
  startLink,
  stopReply,
  sys,
} from '../../lib/index.ts'
import type { Process } from '../../lib/kernel/process.ts'
import { isRequest } from '../../lib/kernel/remote.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'

interface CounterApi {
  state: number
  init: [start: number]
  call: { add(n: number): number; last(n: number): number; run(body: (this: Context) => unknown): unknown }
  cast: { set(n: number): void }
  continue: string
}

const Counter: GenServer<CounterApi> = {
  moduleName: 'counter',
  init: (start) => ok(start),
  handleCall: {
    add: (n, _from, count) => reply(count + n, count + n),
    last: (n, _from, count) => stopReply('normal', n, count),
    run: (body, _from, count) => reply(body.call({} as Context), count),
  },
  handleCast: { set: (n) => noreply(n, { continue: 'again' }) },
  handleInfo: (_message, count) => noreply(count),
  handleContinue: (_what, count) => noreply(count),
}

interface Setup {
  readonly node: OtpNode
  readonly host: VirtualHost
  readonly counter: Pid<CounterApi>
  readonly reports: Report[]
}

async function setup(t: Test, name?: string): Promise<Setup> {
  const reports: Report[] = []
  const host = new VirtualHost()
  const node = createNode({ host, reporter: (report) => reports.push(report) })
  t.teardown(() => node.kill())
  const counter = await node.start(Counter, [1], name === undefined ? {} : { name })
  return { node, host, counter, reports }
}

t.test('events: what a loop tells of messages, replies and continues', async (t) => {
  const { node, counter } = await setup(t)
  await sys.log(node, counter, true)
  await node.call(counter, 'add', 2)
  node.cast(counter, 'set', 7)
  node.send(counter, 'hello')
  await node.call(counter, 'last', 9)
  const other = await node.start(Counter, [0])
  await sys.log(node, other, [true, 100])
  await node.call(other, 'add', 2)
  node.cast(other, 'set', 7)
  node.send(other, 'hello')
  const [, events] = await sys.log(node, other, 'get')
  t.match(events, [
    ['in', ['$gen_call', { operation: 'add' }, ['add', 2]]],
    ['out', 2, { operation: 'add' }, 2],
    ['in', ['$gen_cast', ['set', 7]]],
    ['noreply', 7],
    ['continue', 'again'],
    ['noreply', 7],
    ['in', 'hello'],
    ['noreply', 7],
  ])
  t.equal(events.length, 8, 'system requests are none of them')
})

t.test('log keeps the last n, the oldest first, and forgets them when it is switched off', async (t) => {
  const { node, counter, reports } = await setup(t)
  t.equal(await sys.log(node, counter, 'print'), undefined)
  t.same(await sys.log(node, counter, 'get'), ['ok', []])
  await sys.log(node, counter, true)
  for (let n = 0; n < 20; n++) await node.call(counter, 'add', 1)
  const [, ten] = await sys.log(node, counter, 'get')
  t.equal(ten.length, 10)
  t.same(ten.at(-1)?.[1], 21)
  await sys.log(node, counter, [true, 3])
  t.equal((await sys.log(node, counter, 'get'))[1].length, 10, 'a log that is kept stays as it is')
  await sys.log(node, counter, false)
  await sys.log(node, counter, [true, 3])
  for (let n = 0; n < 4; n++) await node.call(counter, 'add', 0)
  t.equal((await sys.log(node, counter, 'get'))[1].length, 3, 'a smaller log keeps the newest')
  await sys.log(node, counter, 'print')
  t.match(reports, { length: 3, 2: { level: 'notice', label: ['sys', 'trace'], details: { event: ['out', 21] } } })
  await sys.log(node, counter, false)
  t.same(await sys.log(node, counter, 'get'), ['ok', []])
  await t.rejects(sys.log(node, counter, [true, 0]), { code: 'badarg' })
})

t.test('statistics count from when they are switched on', async (t) => {
  const { node, host, counter } = await setup(t)
  t.same(await sys.statistics(node, counter, 'get'), ['ok', 'no_statistics'])
  await sys.statistics(node, counter, true)
  const [, none] = await sys.statistics(node, counter, 'get')
  host.advance(250)
  await node.call(counter, 'add', 1)
  node.cast(counter, 'set', 3)
  await sys.suspend(node, counter)
  const [, some] = await sys.statistics(node, counter, 'get')
  if (none === 'no_statistics' || some === 'no_statistics') throw new Error('they are counted')
  t.match(none, { messages_in: 0, messages_out: 0, current_time: none.start_time })
  t.match(some, { messages_in: 2, messages_out: 1, start_time: none.start_time, current_time: none.start_time + 250 })
  t.ok(some.reductions > none.reductions)
})

t.test('trace reports each event to the reporter', async (t) => {
  const { node, counter, reports } = await setup(t, 'counted')
  await sys.trace(node, counter, true)
  await node.call(counter, 'add', 1)
  await sys.trace(node, counter, false)
  await node.call(counter, 'add', 1)
  t.match(reports, [
    { level: 'notice', label: ['sys', 'trace'], details: { name: 'counted', event: ['in', ['$gen_call']] } },
    { level: 'notice', label: ['sys', 'trace'], details: { name: 'counted', event: ['out', 2] } },
  ])
  t.equal(reports.length, 2)
})

t.test('install: a function sees every event until it is done, throws, or is removed', async (t) => {
  const { node, counter } = await setup(t, 'counted')
  const seen: unknown[] = []
  const note: sys.DebugFunction<number> = (state, event, name) => {
    seen.push([state, event[0], name])
    return state + 1
  }
  await sys.install(node, counter, [note, 0])
  await sys.install(node, counter, [note, 100])
  await sys.install(node, counter, ['once', () => 'done', 'x'])
  await sys.install(node, counter, [
    'broken',
    () => {
      throw new Error('in a debug function')
    },
    'x',
  ])
  const [, , , before] = await sys.getStatus(node, counter)
  t.same(
    (before[3] as readonly unknown[][]).map(([id]) => id),
    [note, 'once', 'broken'],
    'one that is there is not installed again',
  )
  await node.call(counter, 'add', 1)
  t.same(seen, [
    [0, 'in', 'counted'],
    [1, 'out', 'counted'],
  ])
  const [, , , after] = await sys.getStatus(node, counter)
  t.same(after[3], [[note, [note, 2]]])
  await sys.remove(node, counter, note)
  await node.call(counter, 'add', 1)
  t.equal(seen.length, 2)
  await t.rejects(sys.install(node, counter, ['no function', 'x', 1] as never), { code: 'badarg' })
})

t.test('noDebug switches everything off', async (t) => {
  const { node, counter, reports } = await setup(t)
  await sys.statistics(node, counter, true)
  await sys.log(node, counter, true)
  await sys.trace(node, counter, true)
  await sys.install(node, counter, [(state: number) => state, 0])
  await sys.noDebug(node, counter)
  await node.call(counter, 'add', 1)
  t.same((await sys.getStatus(node, counter))[3][3], [])
  t.same(reports, [])
})

t.test('getStatus has the shape of OTP', async (t) => {
  const { node } = await setup(t)
  let child: Pid<CounterApi> | undefined
  const parent = node.spawn(async function () {
    const started = await startLink(this, Counter, [5], { name: 'counted' })
    if (started !== 'ignore' && started[0] === 'ok') child = started[1]
    await this.receive()
  })
  while (child === undefined) await quiet()
  const status = await sys.getStatus(node, child)
  t.match(status, ['status', child, ['module', 'gen_server']])
  const [dictionary, state, itsParent, debug, misc] = status[3]
  t.same(dictionary, [
    ['$initial_call', ['counter', 'init', 1]],
    ['$ancestors', [parent]],
  ])
  t.same([state, itsParent, debug], ['running', parent, []])
  t.same(misc, [
    ['header', 'Status for generic server counted'],
    [
      'data',
      [
        ['Status', 'running'],
        ['Parent', parent],
        ['Logged events', []],
      ],
    ],
    ['data', [['State', 5]]],
  ])
  await sys.suspend(node, child)
  t.equal((await sys.getStatus(node, child))[3][1], 'suspended')
})

t.test('formatStatus shapes what is told, and one that fails is told of', async (t) => {
  let format: (status: object) => unknown = (status) => ({ ...status, state: 'secret' })
  const Shy: GenServer<CounterApi> = { ...Counter, formatStatus: (status) => format(status) as never }
  const reports: Report[] = []
  const node = createNode({ reporter: (report) => reports.push(report) })
  t.teardown(() => node.kill())
  const shown = async (): Promise<unknown> => {
    const misc = (await sys.getStatus(node, shy))[3][4] as readonly (readonly [string, readonly unknown[][]])[]
    return misc.at(-1)?.[1]?.[0]
  }
  const shy = await node.start(Shy, [42])
  t.same(await shown(), ['State', 'secret'])
  t.equal(await sys.getState(node, shy), 42, 'the state itself is not formatted')
  const failures: readonly (readonly [typeof format, string])[] = [
    [() => exit('x'), 'crashed'],
    [
      () => {
        throw 'x'
      },
      'crashed',
    ],
    [() => 'x', 'did not return a map'],
    [() => ({ state: 'x' }), 'returned a map with unknown keys'], // OTP's words for one that lacks keys
  ]
  for (const [failing, what] of failures) {
    format = failing
    t.same(await shown(), ['State', `counter:format_status/1 ${what}`])
  }
  format = (status) => ({ ...status, state: 'hidden', message: 'hidden', reason: 'hidden', log: [] })
  await exitsWith(
    t,
    node.call(shy, 'run', () => exit('broken')),
    ['broken'],
  )
  const terminate = reports.find(({ label }) => label[1] === 'terminate')
  t.match(terminate?.details, { state: 'hidden', last_message: 'hidden', reason: 'hidden' })
})

t.test('changeCode: only while suspended; what fails leaves all as it was', async (t) => {
  const { node, counter } = await setup(t)
  interface TextApi extends Omit<CounterApi, 'call'> {
    call: { add(n: number): string }
    codeChange: [oldVsn: unknown, state: number, extra: string]
  }
  const changes: unknown[] = []
  const Text = {
    ...Counter,
    vsn: 2,
    handleCall: { add: (n: number, _from: unknown, count: number) => reply(`${count + n}`, count + n) },
    codeChange(oldVsn: unknown, state: number, extra: string) {
      changes.push([oldVsn, state, extra])
      if (extra === 'refuse') return failure('not now')
      if (extra === 'throw') throw new RangeError('broken')
      if (extra === 'bad') return 'nothing' as never
      return ok(state * 10)
    },
  } as unknown as GenServer<TextApi>
  const change = (extra: unknown) => sys.changeCode(node, counter, Text, 1, extra)
  t.same(await change('fine'), ['error', ['unknown_system_msg', ['change_code', Text, 1, 'fine']]])
  await sys.suspend(node, counter)
  t.same(await change('refuse'), ['error', 'not now'])
  t.match(await change('throw'), ['error', RangeError])
  t.same(await change('bad'), ['error', ['bad_return_value', 'nothing']])
  t.match(await sys.changeCode(node, counter, {}, 1, 'fine'), ['error', { code: 'badarg' }])
  t.equal(await sys.getState(node, counter), 1)
  t.equal(await change('fine'), 'ok')
  t.equal(await sys.getState(node, counter), 10)
  await sys.resume(node, counter)
  t.equal(await node.call(counter as unknown as Pid<TextApi>, 'add', 5), '15', 'the new module answers')
  t.same(changes.at(-1), [1, 1, 'fine'])
})

t.test('suspend and resume may be repeated; the parent still ends a suspended server', async (t) => {
  const { node, counter } = await setup(t)
  await sys.suspend(node, counter)
  await sys.suspend(node, counter)
  node.cast(counter, 'set', 5)
  await sys.resume(node, counter)
  await sys.resume(node, counter)
  t.equal(await node.call(counter, 'add', 1), 6)
  let child: Pid<CounterApi> | undefined
  const ended: unknown[] = []
  const Trapping: GenServer<CounterApi> = {
    ...Counter,
    init(start) {
      this.trapExit(true)
      return ok(start)
    },
    terminate: (reason) => void ended.push(reason),
  }
  const parent = node.spawn(async function () {
    const started = await startLink(this, Trapping, [0])
    if (started !== 'ignore' && started[0] === 'ok') child = started[1]
    await this.receive()
  })
  while (child === undefined) await quiet()
  await sys.suspend(node, child)
  node.exit(parent, 'over')
  while (node.isAlive(child)) await quiet()
  t.same(ended, ['over'])
})

t.test('a system request that nobody answers fails as calls do, and tells what was asked', async (t) => {
  const { node } = await setup(t)
  await exitsWith(t, sys.getState(node, 'nobody'), ['noproc', ['sys', 'get_state', ['nobody']]])
  await exitsWith(t, sys.statistics(node, 'nobody', true, 10), ['noproc', ['sys', 'statistics', ['nobody', true, 10]]])
})

/** A behaviour of one's own: it adds up the numbers it is sent. */
class Adder implements Program, sys.SystemServer {
  readonly behaviour = 'adder'

  start(process: Process): void {
    process.state = 0
  }

  run(process: Process, quantum: number): number {
    let handled = 0
    while (handled < quantum && process.waiting > 0 && !process.ended) {
      const message = process.take()
      handled++
      if (isRequest(message)) sys.handleSystem(this, process, message)
      else if (sys.isSuspended(process)) process.putAside(message)
      else {
        if (sys.isDebugged(process)) sys.debugEvent(process, ['in', message])
        process.state = (process.state as number) + (message as number)
      }
    }
    return handled
  }

  modulesOf = () => [Adder]
  getState = (process: Process) => process.state
  replaceState(process: Process, change: (state: unknown) => unknown): unknown {
    process.state = change(process.state)
    return process.state
  }
  terminate(process: Process, reason: unknown): void {
    process.end(reason)
  }
  changeCode(): never {
    throw new Error('it has no code to change')
  }
  formatStatus = (process: Process) => sys.statusOf(process, 'adder', [['Sum', process.state]])
}

t.test('special_process: a behaviour of ones own answers all of it', async (t) => {
  const { node } = await setup(t)
  const adder = node.spawn(new Adder())
  await sys.log(node, adder, true)
  node.send(adder, 2)
  await sys.suspend(node, adder)
  node.send(adder, 3)
  t.equal(await sys.getState(node, adder), 2)
  t.equal(await sys.replaceState(node, adder, () => 10), 10)
  t.match(await sys.changeCode(node, adder, {}, 1, 2), ['error', { message: 'it has no code to change' }])
  await sys.resume(node, adder)
  t.equal(await sys.getState(node, adder), 13)
  t.same(await sys.log(node, adder, 'get'), [
    'ok',
    [
      ['in', 2],
      ['in', 3],
    ],
  ])
  const [, , module, [, , , , misc]] = await sys.getStatus(node, adder)
  t.same(
    [module, misc.at(-1)],
    [
      ['module', 'adder'],
      ['data', [['Sum', 13]]],
    ],
  )
  await sys.terminate(node, adder, 'done')
  while (node.isAlive(adder)) await quiet()
})
