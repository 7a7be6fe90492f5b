import t, { type Test } from 'tap'
import { distribute } from '../../lib/distribution/index.ts'
import {
  type Context,
  createNode,
  exit,
  failure,
  GenStatem,
  type OtpNode,
  type Pid,
  type Report,
  type StateMachine,
  type StatemStatus,
  sys,
  upgrade,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { abroad, Ear, ofType, SECRET } from '../distribution/members.ts'
import { exitsWith } from '../support/exits.ts'
import { inProcess, keptNode } from '../support/in-process.ts'
import { exitOf, reasonOf, unwrap } from '../support/scene.ts'

/** What a state machine is to the rest of OTP: sys, reports, code change, supervisors, kills. Names as in the suite. */

const { keepState, keepStateAndData, nextEvent, nextState, ok, postpone, reply, stateTimeout, stop, timeout } =
  GenStatem

interface LampApi {
  state: 'off' | 'on'
  data: number
  init: [flips: number]
  call: { flips(): number; off(): 'ok'; bad(): never; slow(): 'done' }
  cast: { flip(): void; later(): void; spin(): void; quit(reason: unknown): void }
  internal: number
  stateTimeout: string
  timeout: { dim: string }
}

const ended: unknown[] = []

const Lamp: StateMachine<LampApi> = {
  callbackMode: 'handle_event_function',
  moduleName: 'lamp',
  init: (flips) => ok('off', flips),
  handleEvent(event, state, flips) {
    switch (event.operation) {
      case 'flips':
        return keepStateAndData(reply(event.from, flips))
      case 'flip':
        return nextState(state === 'on' ? 'off' : 'on', flips + 1)
      case 'off':
        return state === 'on' ? keepStateAndData(postpone()) : keepStateAndData(reply(event.from, 'ok'))
      case 'later':
        return keepStateAndData([timeout('dim', 60_000, 'dimmer'), stateTimeout(50_000, 'out')])
      case 'bad':
        return 'badreturn' as never
      case 'slow':
        return this.sleep(50).then(() => keepStateAndData(reply(event.from, 'done')))
      case 'quit':
        return exit(event.content)
      case 'spin':
        return keepStateAndData(nextEvent({ type: 'internal', content: 1 }))
      default:
        if (event.type !== 'internal') return keepStateAndData()
        return keepState(flips + 1, nextEvent({ type: 'internal', content: event.content + 1 }))
    }
  },
  terminate(reason, state, flips) {
    ended.push([reason, state, flips])
  },
}

async function startLamp(
  t: Test,
  module = Lamp,
  options: Parameters<typeof createNode>[0] = {},
): Promise<{ node: OtpNode; lamp: Pid<LampApi>; reports: Report[] }> {
  ended.length = 0
  const { node, reports } = keptNode(t, options)
  return { node, lamp: unwrap(await GenStatem.start(node, module, [0], { name: 'lamp' })), reports }
}

t.test('sys1: a suspended machine handles nothing, and then all of it in order', async (t) => {
  const { node, lamp } = await startLamp(t)
  await sys.suspend(node, lamp)
  const flips = GenStatem.call(node, lamp, 'flips')
  node.cast(lamp, 'flip')
  const after = GenStatem.call(node, lamp, 'flips')
  t.strictSame(await sys.getState(node, lamp), ['off', 0])
  await quiet()
  t.strictSame(await sys.getState(node, lamp), ['off', 0])
  await sys.resume(node, lamp)
  t.strictSame([await flips, await after], [0, 1])
})

t.test('get_state and replace_state: by pid and name, suspended or not; one that throws changes nothing', async (t) => {
  const { node, lamp } = await startLamp(t)
  t.strictSame(await sys.getState(node, 'lamp', 5000), ['off', 0])
  t.strictSame(await sys.replaceState(node, lamp, ([state]: readonly unknown[]) => [state, 7]), ['off', 7])
  t.strictSame(await sys.replaceState(node, lamp, ([, flips]: readonly unknown[]) => ['on', flips]), ['on', 7])
  const failing = () => {
    throw new Error('fail')
  }
  await t.rejects(sys.replaceState(node, lamp, failing), {
    code: 'callback_failed',
    cause: [
      ['gen_statem', 'system_replace_state'],
      ['error', Error],
    ],
  })
  await sys.suspend(node, lamp)
  t.strictSame(await sys.replaceState(node, lamp, () => ['error', 8]), ['error', 8], 'any term is a state')
  await sys.replaceState(node, lamp, () => ['off', 9])
  await sys.resume(node, lamp)
  t.equal(await GenStatem.call(node, lamp, 'flips'), 9)
})

t.test('replace_state puts no postponed event back: that takes an event', async (t) => {
  const { node, lamp } = await startLamp(t)
  node.cast(lamp, 'flip')
  const off = GenStatem.call(node, lamp, 'off')
  await sys.replaceState(node, lamp, () => ['off', 0])
  let answered = false
  off.then(() => {
    answered = true
  })
  t.equal(await GenStatem.call(node, lamp, 'flips'), 0)
  t.notOk(answered)
  node.cast(lamp, 'flip')
  node.cast(lamp, 'flip')
  t.equal(await off, 'ok')
})

t.test('sys.log tells what it receives, postpones, consumes and answers', async (t) => {
  const { node, lamp } = await startLamp(t)
  await sys.log(node, lamp, [true, 20])
  node.cast(lamp, 'flip')
  const off = GenStatem.call(node, lamp, 'off')
  node.cast(lamp, 'flip')
  await off
  const [, events] = await sys.log(node, lamp, 'get')
  const from = { operation: 'off' }
  const call = ['call', from]
  t.match(events, [
    ['in', ['cast', 'flip'], 'off'],
    ['consume', ['cast', 'flip'], 'off', 'on'],
    ['in', [call, 'off'], 'on'],
    ['postpone', [call, 'off'], 'on', 'on'],
    ['in', ['cast', 'flip'], 'on'],
    ['consume', ['cast', 'flip'], 'on', 'off'],
    ['out', 'ok', from],
    ['consume', [call, 'off'], 'off', 'off'],
  ])
  t.equal(events.length, 8)
  await sys.log(node, lamp, false)
  await sys.log(node, lamp, [true, 20])
  node.cast(lamp, 'later')
  t.match(await sys.log(node, lamp, 'get'), [
    'ok',
    [
      ['in', ['cast', 'later'], 'off'],
      ['consume', ['cast', 'later'], 'off', 'off'],
      ['start_timer', ['state_timeout', 50_000, 'out', []], 'off'],
      ['start_timer', [['timeout', 'dim'], 60_000, 'dimmer'], 'off'],
    ],
  ])
  await sys.statistics(node, lamp, true)
  await GenStatem.call(node, lamp, 'flips')
  t.match(await sys.statistics(node, lamp, 'get'), ['ok', { messages_in: 1, messages_out: 1 }])
})

t.test('call_format_status, error_format_status, terminate_crash_format, format_all_status', async (t) => {
  const Shaped: StateMachine<LampApi> = {
    ...Lamp,
    formatStatus: (status: StatemStatus) => ({
      ...status,
      state: `${status.state} shown`,
      data: 'hidden',
      timeouts: status.timeouts.map((shown) => ['timeouts', shown]),
      postponed: status.postponed.map((shown) => ['postponed', shown]),
      log: [['log']],
      ...(status.queue === undefined ? {} : { queue: status.queue.map((shown) => ['queue', shown]), reason: 'shaped' }),
    }),
    terminate(reason) {
      if (reason === 'normal') throw new Error('crash_terminate')
    },
  }
  const { node, lamp, reports } = await startLamp(t, Shaped)
  node.cast(lamp, 'flip')
  node.cast(lamp, 'later')
  const off = GenStatem.call(node, lamp, 'off')
  const [status, pid, module, [, state, , , misc]] = await sys.getStatus(node, 'lamp')
  t.strictSame([status, pid, module, state], ['status', lamp, ['module', 'gen_statem'], 'running'])
  t.match(misc, [
    ['header', 'Status for state machine lamp'],
    ['data', [['Status', 'running'], ['Parent'], ['Logged events', [['log']]]]],
    [
      'data',
      [
        ['Modules', ['lamp']],
        [
          'Time-outs',
          [
            2,
            [
              ['timeouts', ['state_timeout', 'out']],
              ['timeouts', [['timeout', 'dim'], 'dimmer']],
            ],
          ],
        ],
        ['Postponed', [['postponed', [['call'], 'off']]]],
        ['State', ['on shown', 'hidden']],
      ],
    ],
  ])
  await exitsWith(t, GenStatem.call(node, lamp, 'bad'), [{ code: 'bad_return_from_state_function' }])
  await exitsWith(t, off, [{ code: 'bad_return_from_state_function' }])
  t.match(reports, [
    {
      level: 'error',
      label: ['gen_statem', 'terminate'],
      details: {
        name: 'lamp',
        queue: [['queue', [['call'], 'bad']]],
        postponed: [['postponed', [['call'], 'off']]],
        modules: ['lamp'],
        callback_mode: 'handle_event_function',
        state_enter: false,
        state: ['on shown', 'hidden'],
        timeouts: [2],
        log: [['log']],
        reason: 'shaped',
      },
    },
    { label: ['proc_lib', 'crash'] },
  ])
  t.equal(node.timers.size, 0, 'its time-outs are gone')
  reports.length = 0
  const other = unwrap(await GenStatem.start(node, Shaped, [0]))
  await exitsWith(t, sys.stop(node, other), Error)
  t.match(reports, [{ label: ['gen_statem', 'terminate'], details: { state: ['off shown', 'hidden'] } }, {}])
})

t.test('crash_in_format_status, throw_in_format_status: told in the place of the data', async (t) => {
  const failing = () => {
    throw new Error('no')
  }
  for (const [formatStatus, told] of [
    [failing, 'lamp:format_status/1 crashed'],
    [() => 'x', 'lamp:format_status/1 did not return a map'],
    [() => ({ state: 1 }), 'lamp:format_status/1 returned a map with unknown keys'],
  ] as const) {
    const { node, lamp, reports } = await startLamp(t, { ...Lamp, formatStatus: formatStatus as never })
    await exitsWith(t, GenStatem.call(node, lamp, 'bad'), [{ code: 'bad_return_from_state_function' }])
    t.match(reports[0]?.details, { state: ['off', told] })
  }
})

t.test('undef_terminate1, undef_terminate2, undef_in_terminate, and orderly ends, which are quiet', async (t) => {
  const { terminate: _, ...rest } = Lamp
  for (const module of [Lamp, rest as StateMachine<LampApi>]) {
    for (const reason of ['normal', 'shutdown', ['shutdown', 'x']]) {
      const { node, lamp, reports } = await startLamp(t, module)
      await sys.stop(node, lamp, reason)
      t.strictSame(ended, module === Lamp ? [[reason, 'off', 0]] : [])
      t.strictSame(reports, [])
    }
    const { node, lamp, reports } = await startLamp(t, module)
    await sys.stop(node, lamp, 'other')
    t.match(reports, [{ details: { reason: 'other', queue: [] } }, { label: ['proc_lib', 'crash'] }])
  }
  const undefined_ = { ...Lamp, terminate: () => (undefined as unknown as () => void)() }
  const { node, lamp } = await startLamp(t, undefined_)
  await exitsWith(t, sys.stop(node, lamp), TypeError)
})

t.test('code_change, undef_code_change: state and data of the new module, or as they were', async (t) => {
  const LampV2: StateMachine<LampApi> = {
    ...Lamp,
    vsn: 2,
    codeChange: (oldVsn, state, data, extra) =>
      extra === 'refuse'
        ? failure('refused')
        : ok(state as 'on', (data as number) + (oldVsn === undefined ? 100 : 1000)),
    handleEvent: (event, _state, flips) =>
      event.operation === 'flips' ? keepStateAndData(reply(event.from, -flips)) : keepStateAndData(),
  }
  const { node, lamp } = await startLamp(t)
  await sys.suspend(node, lamp)
  t.strictSame(await sys.changeCode(node, lamp, LampV2, undefined, 'refuse'), ['error', 'refused'])
  t.strictSame(await sys.getState(node, lamp), ['off', 0])
  t.equal(await sys.changeCode(node, lamp, LampV2, undefined, 'extra'), 'ok')
  t.equal(await sys.changeCode(node, lamp, { ...LampV2, codeChange: undefined } as never, 2, 'extra'), 'ok')
  await sys.resume(node, lamp)
  t.equal(await GenStatem.call(node, lamp, 'flips'), -100)
  const other = unwrap(await GenStatem.start(node, Lamp, [5]))
  t.strictSame(await upgrade(node, [{ module: 'lamp', from: Lamp, to: LampV2 }]), [other])
  t.equal(await GenStatem.call(node, other, 'flips'), -105)
  const third = unwrap(await GenStatem.start(node, Lamp, [5]))
  t.equal(await GenStatem.call(node, third, 'flips'), -5, 'what is started later runs the new module')
})

t.test('an async state function holds back what comes, and can be killed', async (t) => {
  const host = new VirtualHost()
  const { node, lamp } = await startLamp(t, Lamp, { host })
  const slow = GenStatem.call(node, lamp, 'slow')
  const flips = GenStatem.call(node, lamp, 'flips')
  await quiet(host)
  host.advance(50)
  t.strictSame([await slow, await flips], ['done', 0])
  const killed = GenStatem.call(node, lamp, 'slow')
  await quiet(host)
  node.exit(lamp, 'kill')
  await exitsWith(t, killed, ['killed', ['gen_statem', 'call', [lamp, 'slow', 'infinity']]])
  host.advance(50)
  await quiet(host)
  t.strictSame(ended, [], 'terminate does not run')
  t.equal(node.timers.size, 0)
})

t.test('a machine that inserts events without end keeps neither others nor timers from running', async (t) => {
  const { node, lamp } = await startLamp(t)
  const other = unwrap(await GenStatem.start(node, Lamp, [1]))
  node.cast(lamp, 'spin')
  t.equal(await GenStatem.call(node, other, 'flips'), 1)
  await node.sleep(5)
  t.equal(await GenStatem.call(node, other, 'flips'), 1)
  t.ok((node.processInfo(lamp, 'message_queue_len')?.[1] ?? 2) <= 1, 'what it sends itself does not pile up')
  node.exit(lamp, 'kill')
})

t.test('what a callback throws: an exit, an error, a result', async (t) => {
  const { node, lamp } = await startLamp(t)
  await inProcess(node, async function () {
    const ref = this.monitor(lamp)
    this.cast(lamp, 'quit', ['shutdown', 'early'])
    t.match(await this.receive(), { ref, reason: ['shutdown', 'early'] })
  })
  t.strictSame(ended, [[['shutdown', 'early'], 'off', 0]])
})

t.test('a parent that ends takes a machine that traps exits along, with terminate', async (t) => {
  const Trapping: StateMachine<LampApi> = {
    ...Lamp,
    init(flips) {
      this.trapExit(true)
      return ok('off', flips)
    },
  }
  ended.length = 0
  const { node } = keptNode(t)
  await inProcess(node, async function (this: Context) {
    this.trapExit(true)
    const lamp = unwrap(await GenStatem.startLink(this, Trapping, [0]))
    this.exit(lamp, 'shutdown')
    t.equal(await exitOf(this, lamp), 'shutdown')
  })
  t.strictSame(ended, [['shutdown', 'off', 0]])
})

t.test('a supervisor starts it again, under its name, with what the specification says', async (t) => {
  const { node } = keptNode(t)
  const name = GenStatem.name(Lamp, 'hall')
  await node.supervise({ children: [GenStatem.child(Lamp, [3], { name })] })
  const first = node.whereis('hall')!
  await exitsWith(t, GenStatem.call(node, name, 'bad'), [{ code: 'bad_return_from_state_function' }])
  await quiet()
  t.not(node.whereis('hall'), first)
  t.equal(await GenStatem.call(node, name, 'flips'), 3)
  t.equal(GenStatem.child(Lamp, [1], { id: 'x' }).id, 'x')
  t.strictSame(GenStatem.child(Lamp, [1]).modules, [Lamp])
})

t.test('stop8, stop9, stop10: on another node, by pid, by name, and when that node is gone', async (t) => {
  const nodes = ['a@here', 'b@here'].map((name) => createNode({ name, reporter: () => {} })) as [OtpNode, OtpNode]
  const [a, b] = nodes
  for (const node of nodes) t.teardown(() => node.kill())
  const [up, down] = await Promise.all([Ear.open(a), Ear.open(a)])
  up.context.monitorNodes(true)
  down.context.monitorNodes(true)
  const listen = { host: '127.0.0.1', port: 0 }
  const there = await distribute(b, { listen, secret: SECRET })
  await distribute(a, { listen, secret: SECRET, peers: [{ name: b.name, host: there.host, port: there.port }] })
  await up.take(ofType('nodeup'))
  const name = { name: 'lamp', node: b.name }
  for (const by of ['pid', 'name'] as const) {
    const lamp = unwrap(await GenStatem.start(b, Lamp, [4], { name: 'lamp' }))
    const to = by === 'pid' ? abroad(lamp) : name
    t.equal(await GenStatem.call<LampApi, 'flips'>(a, to, 'flips'), 4)
    await exitsWith(t, GenStatem.call<LampApi, 'bad'>(a, to, 'bad'), [
      { code: 'bad_return_from_state_function' },
      ['gen_statem', 'call', [to, 'bad']],
    ])
    t.notOk(b.isAlive(lamp))
    const again = unwrap(await GenStatem.start(b, Lamp, [4], { name: 'lamp' }))
    const target = by === 'pid' ? abroad(again) : name
    await sys.stop(a, target)
    t.notOk(b.isAlive(again))
    await exitsWith(t, sys.stop(a, target), 'noproc')
  }
  b.kill()
  await down.take(ofType('nodedown'))
  await exitsWith(t, sys.stop(a, name), [
    ['nodedown', 'b@here'],
    ['sys', 'terminate'],
  ])
})

t.test('a machine of states that do not exist, from an untyped module', async (t) => {
  const { node } = keptNode(t, {})
  const Untyped = {
    callbackMode: 'state_functions',
    init: () => ok('start', 0),
    states: { start: () => nextState('gone', 0) },
  }
  const pid = unwrap(await GenStatem.start(node, Untyped as never, []))
  node.send(pid, 'go')
  t.match(await reasonOf(GenStatem.call(node, pid, 'x' as never, ...([] as never))), [{ code: 'undef' }])
  const quiet = unwrap(
    await GenStatem.start(node, { ...Untyped, states: { start: () => stop('normal') } } as never, []),
  )
  t.match(await reasonOf(GenStatem.call(node, quiet, 'x' as never, ...([] as never))), ['normal'])
})
