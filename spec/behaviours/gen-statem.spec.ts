import t, { type Test } from 'tap'
import {
  type Context,
  Exit,
  type From,
  GenStatem,
  type NameRegistry,
  type Pid,
  type Self,
  type StateMachine,
  type StatemEvent,
  type StatemResult,
  sys,
} from '../../lib/index.ts'
import { keptNode } from '../support/in-process.ts'
import { exitOf, reasonOf, scene, unwrap } from '../support/scene.ts'

/** The portable cases of OTP's gen_statem_SUITE; each test names its case. Time jumps when nothing runs. */

const { failure, ignore, keepState, keepStateAndData, nextEvent, nextState, ok } = GenStatem
const { popCallbackModule, postpone, reply, stop, stopAndReply } = GenStatem

interface LineApi {
  state: 'idle' | 'waiting' | 'connected'
  data: unknown
  init: [how?: 'sleep' | 'ignore' | 'stop' | 'error' | 'events' | 'throw' | 'bad' | 'crash' | 'exit']
  call: {
    connect(): 'accept'
    confirm(): 'yes'
    delayed(milliseconds: number): 'delayed'
    bad(result: unknown): never
    stop(reason: unknown): 'stopped'
    ping(): 'pong'
  }
  cast: { hangup(): void; test(to: Pid): void }
  internal: number
}

function init(this: Self<LineApi>, how?: string): never {
  switch (how) {
    case 'ignore':
      return ignore() as never
    case 'stop':
      return stop('stopped') as never
    case 'error':
      return failure('foobar') as never
    case 'events':
      return ok('idle', [], [nextEvent({ type: 'internal', content: 1 })]) as never
    case 'bad':
      return 4711 as never
    case 'throw':
      throw stop('thrown')
    case 'crash':
      throw new Error('bailout')
    case 'exit':
      throw new Exit('bailout')
    case 'sleep':
      return this.sleep(1000).then(() => ok('idle', 'data')) as never
    default:
      return ok('idle', 'data') as never
  }
}

function line(
  this: Self<LineApi>,
  event: StatemEvent<LineApi>,
  state: LineApi['state'],
  data: unknown,
): StatemResult<LineApi> {
  switch (event.operation) {
    case 'stop':
      return stopAndReply(event.content, reply(event.from, 'stopped'))
    case 'bad':
      return event.content as never
    case 'delayed': {
      const { from } = event
      const self = this
      this.spawn(async function () {
        await this.sleep(event.content)
        self.reply(from, 'delayed')
      })
      return keepStateAndData()
    }
    case 'ping':
      return keepStateAndData(reply(event.from, 'pong'))
    case 'connect':
      return state === 'idle' ? nextState('waiting', event.from, []) : keepStateAndData(postpone())
    case 'confirm':
      if (state !== 'waiting') return keepStateAndData(postpone())
      return nextState('connected', 'talk', [reply(data as From<'accept'>, 'accept'), reply(event.from, 'yes')])
    case 'hangup':
      return nextState('idle', 'data')
    case 'test':
      this.send(event.content, ['state', state])
      return keepState(data)
    default:
      if (event.type === 'internal') {
        const next = event.content < 3 ? [nextEvent({ type: 'internal', content: event.content + 1 })] : []
        return keepState([...(data as number[]), event.content], next)
      }
      return keepStateAndData()
  }
}

const Functions: StateMachine<LineApi> = {
  callbackMode: 'state_functions',
  init,
  states: {
    idle(event, data) {
      return line.call(this, event, 'idle', data)
    },
    waiting(event, data) {
      return line.call(this, event, 'waiting', data)
    },
    connected(event, data) {
      return line.call(this, event, 'connected', data)
    },
  },
}
const Handler: StateMachine<LineApi> = { callbackMode: 'handle_event_function', init, handleEvent: line }

/** A registry of names, for what the suite does with `global` and `dummy_via`. */
class Names implements NameRegistry {
  readonly #names = new Map<unknown, Pid>()

  whereisName(key: unknown): Pid | undefined {
    const pid = this.#names.get(key)
    return pid?.process === undefined ? undefined : pid
  }

  registerName(key: unknown, pid: Pid): boolean {
    if (this.whereisName(key) !== undefined) return false
    this.#names.set(key, pid)
    return true
  }
}

type To = Parameters<typeof GenStatem.call<LineApi, 'ping'>>[1]

/** The suite's do_func_test and do_sync_func_test: it talks, and is idle again. */
async function works(t: Test, self: Context, to: To): Promise<void> {
  const connecting = GenStatem.call<LineApi, 'connect'>(self, to, 'connect')
  t.equal(await GenStatem.call<LineApi, 'confirm'>(self, to, 'confirm'), 'yes')
  t.equal(await connecting, 'accept')
  self.cast<LineApi, 'test'>(to, 'test', self.self)
  t.strictSame(await self.receive(), ['state', 'connected'])
  self.cast<LineApi, 'hangup'>(to, 'hangup')
  t.equal(await GenStatem.call<LineApi, 'ping'>(self, to, 'ping'), 'pong')
}

/** The suite's stop_it: it stops normally and answers. */
async function stops(t: Test, self: Context, to: To): Promise<void> {
  t.equal(await GenStatem.call<LineApi, 'stop'>(self, to, 'stop', 'normal'), 'stopped')
  await self.sleep(1)
}

for (const [mode, Line] of [
  ['state_functions', Functions],
  ['handle_event_function', Handler],
] as const) {
  t.test(`start1, start6: anonymous, linked; with a monitor (${mode})`, (t) =>
    scene(t, async function () {
      const pid = unwrap(await GenStatem.startLink(this, Line, []))
      await works(t, this, pid)
      await stops(t, this, pid)
      t.equal(await exitOf(this, pid), 'normal')
      const [watched, ref] = unwrap(await GenStatem.startMonitor(this, Line, []))
      await works(t, this, watched)
      await stops(t, this, watched)
      t.match(await this.receive(), { type: 'DOWN', ref, reason: 'normal' })
    }),
  )

  t.test(`start2: anonymous, stopped with shutdown (${mode})`, (t) =>
    scene(t, async function () {
      const pid = unwrap(await GenStatem.start(this, Line, []))
      await works(t, this, pid)
      t.equal(await GenStatem.call(this, pid, 'stop', 'shutdown'), 'stopped')
      t.match(await reasonOf(GenStatem.call(this, pid, 'ping')), ['noproc', ['gen_statem', 'call']])
    }),
  )

  t.test(`start3: with a time to start in (${mode})`, (t) =>
    scene(t, async function () {
      const pid = unwrap(await GenStatem.start(this, Line, [], { timeout: 5 }))
      await works(t, this, pid)
      await stops(t, this, pid)
      t.strictSame(await GenStatem.start(this, Line, ['sleep'], { timeout: 5 }), ['error', 'timeout'])
    }),
  )

  t.test(`start4, start5a, start5b: init declines, stops, fails (${mode})`, (t) =>
    scene(t, async function () {
      t.equal(await GenStatem.start(this, Line, ['ignore']), 'ignore')
      t.strictSame(await GenStatem.start(this, Line, ['stop']), ['error', 'stopped'])
      t.strictSame(await GenStatem.start(this, Line, ['error']), ['error', 'foobar'])
    }),
  )

  t.test(`start7 to start12: under names, of the node and of a registry (${mode})`, (t) =>
    scene(t, async function () {
      const via = { via: new Names(), key: ['my', 'stm'] } as const
      for (const name of ['my_stm', GenStatem.name(Line, 'my_stm'), via]) {
        const pid = unwrap(await GenStatem.startLink(this, Line, [], { name }))
        const taken = ['error', ['already_started', pid]]
        t.strictSame(await GenStatem.startLink(this, Line, [], { name }), taken)
        t.strictSame(await GenStatem.start(this, Line, [], { name }), taken)
        t.strictSame(await GenStatem.startMonitor(this, Line, [], { name }), taken)
        await works(t, this, pid)
        await works(t, this, name)
        await stops(t, this, name)
        t.equal(await exitOf(this, pid), 'normal')
        const [again, ref] = unwrap(await GenStatem.startMonitor(this, Line, [], { name }))
        await stops(t, this, again)
        t.match(await this.receive(), { type: 'DOWN', ref, reason: 'normal' })
        const third = unwrap(await GenStatem.start(this, Line, [], { name }))
        await stops(t, this, third)
      }
    }),
  )

  t.test(`next_events: what init inserts is handled in its order (${mode})`, (t) =>
    scene(t, async function () {
      const pid = unwrap(await GenStatem.start(this, Line, ['events']))
      t.strictSame(await sys.getState(this, pid), ['idle', [1, 2, 3]])
    }),
  )

  t.test(`stop1 to stop7: by pid and by name, with a reason, with a timeout that is none (${mode})`, (t) =>
    scene(t, async function () {
      const via = { via: new Names(), key: 'to_stop' }
      for (const name of [undefined, 'to_stop', { name: 'to_stop', node: this.node.name }, via]) {
        const pid = unwrap(await GenStatem.start(this, Line, [], name === undefined ? {} : { name }))
        await sys.stop(this, name ?? pid)
        t.notOk(this.node.isAlive(pid))
        t.equal(await reasonOf(sys.stop(this, name ?? pid)), 'noproc')
      }
      const other = unwrap(await GenStatem.start(this, Line, []))
      await sys.stop(this, other, 'other_reason')
      t.notOk(this.node.isAlive(other))
      const third = unwrap(await GenStatem.start(this, Line, []))
      t.not(await reasonOf(sys.stop(this, third, 'other_reason', 'soon' as never)), 'nothing was thrown')
      t.ok(this.node.isAlive(third))
      await sys.stop(this, third)
    }),
  )

  t.test(`abnormal1, abnormal1clean, abnormal1dirty: calls that wait too long (${mode})`, (t) =>
    scene(t, async function () {
      const pid = unwrap(await GenStatem.start(this, Line, [], { name: 'abnormal1' }))
      const ask = (milliseconds: number, limit: number | readonly ['clean_timeout' | 'dirty_timeout', number]) =>
        GenStatem.call(this, pid, 'delayed', milliseconds, { timeout: limit })
      for (const kind of [undefined, 'clean_timeout', 'dirty_timeout'] as const) {
        const limit = (milliseconds: number) => (kind === undefined ? milliseconds : ([kind, milliseconds] as const))
        t.equal(await ask(100, limit(2000)), 'delayed')
        const why = ['timeout', ['gen_statem', 'call', [pid, ['delayed', 1000], limit(100)]]]
        t.strictSame(await reasonOf(ask(1000, limit(100))), why)
      }
      await sys.stop(this, pid)
    }),
  )

  t.test(`abnormal2, abnormal3, abnormal4: bad results and actions (${mode})`, (t) =>
    scene(t, async function () {
      const notAnAction = keepStateAndData(['badaction'] as never)
      const badTimeout = ['badtimeout', 4711, 'ouch']
      for (const [result, code, cause] of [
        ['badreturn', 'bad_return_from_state_function', 'badreturn'],
        [undefined, 'bad_return_from_state_function', undefined],
        [ok('idle', 'data'), 'bad_return_from_state_function', ['ok', 'idle', 'data']],
        [notAnAction, 'bad_action_from_state_function', 'badaction'],
        [keepStateAndData([badTimeout] as never), 'bad_action_from_state_function', badTimeout],
        [keepStateAndData(popCallbackModule()), 'bad_action_from_state_function', 'pop_callback_module'],
        [keepStateAndData(reply({} as never, 1 as never)), 'bad_action_from_state_function', ['reply', {}, 1]],
        [stopAndReply('why', postpone() as never), 'bad_reply_action_from_state_function', 'postpone'],
      ] as const) {
        const pid = unwrap(await GenStatem.startLink(this, Line, []))
        const why = await reasonOf(GenStatem.call(this, pid, 'bad', result))
        t.match(why, [{ code, cause }, ['gen_statem', 'call', [pid]]])
        t.match(await exitOf(this, pid), { code, cause })
      }
    }),
  )
}

t.test('shutdown: an orderly end is quiet and is seen by the linked process', (t) =>
  scene(t, async function () {
    const pid = unwrap(await GenStatem.startLink(this, Functions, []))
    await works(t, this, pid)
    t.equal(await GenStatem.call(this, pid, 'stop', ['shutdown', 'reason']), 'stopped')
    t.strictSame(await exitOf(this, pid), ['shutdown', 'reason'])
    t.match(await reasonOf(GenStatem.call(this, pid, 'ping')), [
      'noproc',
      ['gen_statem', 'call', [pid, 'ping', 'infinity']],
    ])
  }),
)

t.test('loop_start_fail: a start that fails leaves nothing, neither name nor EXIT', (t) =>
  scene(t, async function () {
    const name = 'failing'
    for (const start of [GenStatem.start, GenStatem.startLink, GenStatem.startMonitor]) {
      for (let i = 0; i < 3; i++) {
        t.strictSame(await start(this, Functions, ['stop'], { name }), ['error', 'stopped'])
        t.equal(await start(this, Functions, ['ignore'], { name }), 'ignore')
        t.strictSame(await start(this, Functions, ['bad'], { name }), ['error', ['bad_return_from_init', 4711]])
        t.match(await start(this, Functions, ['crash'], { name }), ['error', { message: 'bailout' }])
        t.strictSame(await start(this, Functions, ['exit'], { name }), ['error', 'bailout'])
        t.strictSame(await start(this, Functions, ['throw'], { name }), ['error', 'thrown'])
        t.strictSame(await start(this, Functions, ['sleep'], { name, timeout: 200 }), ['error', 'timeout'])
      }
    }
  }),
)

t.test('a module that is none is refused at the door', async (t) => {
  const { node } = keptNode(t)
  for (const [wrong, what] of [
    [undefined, /object/],
    [{}, /init/],
    [{ init }, /callbackMode/],
    [{ init, callbackMode: 'state_functions' }, /states/],
    [{ init, callbackMode: 'handle_event_function' }, /handleEvent/],
  ] as const) {
    t.throws(() => GenStatem.start(node, wrong as never, []), { code: 'badarg', message: what })
  }
})
