import t from 'tap'
import {
  type Caller,
  type Context,
  type From,
  GenStatem,
  type Pid,
  procLib,
  receiveResponse,
  reqidsAdd,
  reqidsNew,
  reqidsSize,
  type Self,
  type StateMachine,
  type StatemEvent,
  sendRequest,
  sys,
  waitResponse,
} from '../../lib/index.ts'
import { exitOf, heard, reasonOf, scene, unwrap } from '../support/scene.ts'

/** The portable cases of OTP's gen_statem_SUITE that are about events and actions; each test names its case. */

const { changeCallbackModule, eventTimeout, hibernate, keepState, keepStateAndData, nextEvent, nextState } = GenStatem
const { ok, popCallbackModule, postpone, pushCallbackModule, repeatState, repeatStateAndData } = GenStatem
const { reply, stateTimeout, stop, stopAndReply, timeout } = GenStatem

// --- machines made of functions, as the suite's map_statem

interface MapApi {
  state: string
  data: unknown
  init: [machine: MapStatem]
  call: { [operation: string]: (request?: unknown) => unknown }
  cast: { [operation: string]: (request?: unknown) => void }
  internal: unknown
  stateTimeout: unknown
  eventTimeout: unknown
  timeout: { [name: string]: unknown }
}

type Clause = (this: Self<MapApi>, event: StatemEvent<MapApi>, data: never) => unknown
interface MapStatem {
  readonly init?: (this: Self<MapApi>) => unknown
  readonly [state: string]: Clause | ((this: Self<MapApi>) => unknown) | undefined
}

const machines = new WeakMap<Pid, MapStatem>()

const MapMachine: StateMachine<MapApi> = {
  callbackMode: 'handle_event_function',
  init(machine) {
    machines.set(this.self, machine)
    return machine.init ? (machine.init.call(this) as never) : ok('start', undefined)
  },
  handleEvent(event, state, data) {
    const clause = machines.get(this.self)?.[state] as Clause
    return clause.call(this, event, data as never) as never
  },
}
const Entering: StateMachine<MapApi> = { ...MapMachine, stateEnter: true }

async function startMap(self: Context, machine: MapStatem, module = MapMachine): Promise<Pid<MapApi>> {
  return unwrap(await GenStatem.startLink(self, module, [machine]))
}

function call(self: Context, to: Pid<MapApi>, operation: string, request?: unknown): Promise<unknown> {
  return GenStatem.call<MapApi, string>(self, to, operation, request)
}

t.test('stop_and_reply: replies leave before terminate, those of earlier events, too', (t) =>
  scene(t, async function () {
    const pid = await startMap(this, {
      start: ({ from }) => nextState('wait', reply(from as From<unknown>, 'reply1')),
      wait: ({ from }, earlier: never) => stopAndReply('reason', [earlier, reply(from as From<unknown>, 'reply2')]),
    })
    const first = call(this, pid, 'echo')
    const second = call(this, pid, 'stop')
    t.strictSame([await first, await second], ['reply1', 'reply2'])
    t.equal(await exitOf(this, pid), 'reason')
    t.match(await reasonOf(call(this, pid, 'hej')), ['noproc'])
  }),
)

t.test('state_enter: entered at first, after a change and by repeat_state, with replies and time-outs of 0', (t) =>
  scene(t, async function () {
    const me = this.self
    const tell = (self: Caller, n: number, ...what: unknown[]) => self.send(me, [n, ...what])
    const pid = await startMap(
      this,
      {
        init: () => ok('start', 1),
        start(event, n: number) {
          if (event.type === 'enter') tell(this, n, 'enter', 'start', event.content)
          if (event.type === 'internal') tell(this, n, 'internal', 'start', event.content)
          if (event.type !== 'call') return keepState(n + 1)
          if (event.operation === 'repeat') return repeatState(n + 1, [reply(event.from, [n, 'repeat', 'start'])])
          if (event.operation === 'stop') return stopAndReply('bye', [reply(event.from, [n, 'stop'])], n + 1)
          return nextState('wait', n + 1, [reply(event.from, [n, 'echo', 'start']), eventTimeout(0, n)])
        },
        wait(event, n: number) {
          if (event.type === 'enter' && n < 5) {
            tell(this, n, 'enter', event.content)
            return repeatState(n + 1, [eventTimeout(0, n), stateTimeout(0, n)])
          }
          if (event.type === 'enter') {
            tell(this, n, 'enter', 'wait', event.content)
            return keepState(n + 1, [eventTimeout(0, n), stateTimeout(0, n)])
          }
          if (event.type === 'call' && event.operation === 'repeat') {
            return repeatStateAndData([reply(event.from, [n, 'repeat', 'wait']), eventTimeout(0, n)])
          }
          if (event.type === 'call') {
            const actions = [nextEvent({ type: 'internal', content: 'wait' }), reply(event.from, [n, 'echo', 'wait'])]
            return nextState('start', n + 1, actions)
          }
          tell(this, n, event.type, event.content)
          return keepState(n + 1)
        },
      },
      Entering,
    )
    t.strictSame(await heard(this), [[1, 'enter', 'start', 'start']])
    t.strictSame(await call(this, pid, 'echo'), [2, 'echo', 'start'])
    t.strictSame(await heard(this), [
      [3, 'enter', 'start'],
      [4, 'enter', 'start'],
      [5, 'enter', 'wait', 'start'],
      [6, 'timeout', 5],
      [7, 'state_timeout', 5],
    ])
    t.strictSame(await sys.getState(this, pid), ['wait', 8])
    t.strictSame(await call(this, pid, 'repeat'), [8, 'repeat', 'wait'])
    t.strictSame(await heard(this), [
      [8, 'enter', 'wait', 'wait'],
      [9, 'timeout', 8],
      [10, 'state_timeout', 8],
    ])
    t.strictSame(await call(this, pid, 'echo'), [11, 'echo', 'wait'])
    t.strictSame(await heard(this), [
      [12, 'enter', 'start', 'wait'],
      [13, 'internal', 'start', 'wait'],
    ])
    t.strictSame(await call(this, pid, 'repeat'), [14, 'repeat', 'start'])
    t.strictSame(await heard(this), [[15, 'enter', 'start', 'start']])
    t.strictSame(await call(this, pid, 'stop'), [16, 'stop'])
    t.equal(await exitOf(this, pid), 'bye')
  }),
)

t.test('event_order: inserted, postponed, mailbox; the event time-out of 0 is overtaken by all', (t) =>
  scene(t, async function () {
    const pid = await startMap(this, {
      start: ({ type, from }) => {
        if (type === 'cast') return keepStateAndData(postpone())
        return nextState(
          'buffer',
          [],
          [
            nextEvent({ type: 'internal', content: 3 }),
            nextEvent({ type: 'internal', content: 4 }),
            eventTimeout(0, 5),
            reply(from as From<unknown>, 'ok'),
          ],
        )
      },
      buffer({ type, content, from, operation }, seen: readonly unknown[]) {
        if (type !== 'call') return keepState([...seen, operation ?? content])
        return nextState('stop', seen, [reply(from, seen), nextEvent({ type: 'internal', content: 'reason' })])
      },
      stop: ({ content }) => stop(content),
    })
    this.cast(pid, 'one')
    this.cast(pid, 'two')
    await call(this, pid, 'buffer')
    t.strictSame(await call(this, pid, 'stop'), [3, 4, 'one', 'two'])
    t.equal(await exitOf(this, pid), 'reason')
  }),
)

t.test(
  'state_timeout: a change cancels it, 0 comes after inserted events, in order, and ends the event time-out',
  (t) =>
    scene(t, async function () {
      const pid = await startMap(this, {
        start({ content: time, from }) {
          this.send(this.self, 'message_to_self')
          const actions = [eventTimeout(time as number, 1), stateTimeout(time as number, 1)]
          return nextState('state1', { time, from, seen: [] }, [
            ...actions,
            nextEvent({ type: 'internal', content: 1 }),
          ])
        },
        state1: (_event, data) =>
          nextState('state2', data, [
            eventTimeout(0, 2),
            stateTimeout(0, 2),
            nextEvent({ type: 'internal', content: 2 }),
          ]),
        state2({ type, content }, data: { time: number; from: From<unknown>; seen: unknown[] }) {
          const seen = [...data.seen, [type, content]]
          if (type === 'internal') return keepState({ ...data, seen }, [eventTimeout(0, 3)])
          if (content === 2) return keepState({ ...data, seen }, [eventTimeout(0, 4), stateTimeout(0, 5)])
          if (content === 4) return keepState({ ...data, seen }, [stateTimeout(0, 6), eventTimeout(0, 7)])
          return nextState('state3', undefined, [reply(data.from, seen), stateTimeout(data.time, 8)])
        },
        state3({ type, from }, waiting) {
          if (type === 'call') return keepState(from)
          return type === 'info' ? keepStateAndData() : stopAndReply('normal', reply(waiting, 'ok' as never))
        },
      })
      const began = this.node.host.monotonic()
      const seen = [['internal', 2], ['state_timeout', 2], ['timeout', 4], ['state_timeout', 6]] // biome-ignore format: a list
      t.strictSame(await call(this, pid, 'go', 500), seen)
      t.equal(await call(this, pid, 'check'), 'ok')
      t.equal(this.node.host.monotonic() - began, 500)
      t.equal(await exitOf(this, pid), 'normal')
    }),
)

t.test('timeout_cancel_and_update: cancelled, updated while it runs, and when its time is up', (t) =>
  scene(t, async function () {
    const pid = await startMap(this, {
      start({ from }) {
        this.send(this.self, 'message_to_self')
        return nextState('state1', from, [stateTimeout(17, 1), nextEvent({ type: 'internal', content: 1 })])
      },
      state1({ type, content }, data) {
        if (type === 'internal') return keepStateAndData([stateTimeout('cancel'), timeout('a', 17, 1)])
        if (type === 'info') return keepStateAndData([timeout('a', 'update', 'a')])
        if (content !== 'a') return stop('not updated')
        return nextState('state2', data, [stateTimeout(17, 2), nextEvent({ type: 'internal', content: 2 })])
      },
      state2({ type, content }, from: From<unknown>) {
        if (type === 'internal') {
          return this.sleep(50).then(() => keepStateAndData([stateTimeout('update', 'b'), eventTimeout(17, 2)]))
        }
        return nextState('state3', 3, [reply(from, [type, content]), eventTimeout(17_000, 17_000)])
      },
      state3: ({ from }) => stopAndReply('normal', [reply(from as From<unknown>, 'ok')]),
    })
    t.strictSame(await call(this, pid, 'test'), ['state_timeout', 'b'])
    const [, , , [, , , , misc]] = await sys.getStatus(this, pid)
    t.match(JSON.stringify(misc), '["Time-outs",[1,[["timeout",17000]]]]')
    t.equal(await call(this, pid, 'stop'), 'ok')
    t.equal(await exitOf(this, pid), 'normal')
  }),
)

t.test('event_types: next_event inserts events of all types', (t) =>
  scene(t, async function () {
    const pid = await startMap(this, {
      init: () => ok('start', [], [nextEvent({ type: 'internal', content: 0 })]),
      start(event, seen: readonly unknown[]) {
        const { type, content, operation, name, from } = event
        const next = [...seen, [type, name ?? operation, content]]
        if (type !== 'call' || next.length > 2) {
          return next.length < 9 ? keepState(next) : stopAndReply('shutdown', [reply(from as From<unknown>, next)])
        }
        return keepState(next, [
          nextEvent({ type: 'internal', content: 1 }),
          nextEvent({ type: 'state_timeout', content: 2 }),
          nextEvent({ type: 'timeout', content: 3 }),
          nextEvent({ type: 'info', content: 4 }),
          nextEvent({ type: 'cast', operation: 'five', content: 5 }),
          nextEvent({ type: 'timeout', name: 'six', content: 6 }),
          nextEvent(event),
        ])
      },
    })
    t.strictSame(await call(this, pid, 'stop', 7), [
      ['internal', undefined, 0],
      ['call', 'stop', 7],
      ['internal', undefined, 1],
      ['state_timeout', undefined, 2],
      ['timeout', undefined, 3],
      ['info', undefined, 4],
      ['cast', 'five', 5],
      ['timeout', 'six', 6],
      ['call', 'stop', 7],
    ])
    t.equal(await exitOf(this, pid), 'shutdown')
  }),
)

t.test('what init postpones is nothing, for there is no event yet', (t) =>
  scene(t, async function () {
    const actions = [postpone(), nextEvent({ type: 'internal', content: 1 })]
    const pid = await startMap(this, {
      init: () => ok('start', [], actions),
      start: ({ content }, seen: readonly unknown[]) => nextState('next', [...seen, content]),
      next: ({ content }, seen: readonly unknown[]) => keepState([...seen, content]),
    })
    t.strictSame(await sys.getState(this, pid), ['next', [1]])
    await sys.stop(this, pid)
    t.equal(await exitOf(this, pid), 'normal')
  }),
)

t.test('generic_timers: several, absolute, 0, Infinity, replaced', (t) =>
  scene(t, async function () {
    const began = this.node.host.monotonic()
    const pid = await startMap(this, {
      start(event) {
        const named = [timeout('a', 1500, 1), stateTimeout(1500, 1), timeout('b', 1000, 1)]
        return nextState('state1', undefined, [...named, nextEvent(event as never)])
      },
      state1({ from }) {
        return nextState('state2', [], [
          timeout('c', this.node.host.monotonic() + 500, 2, { abs: true }),
          timeout('d', 0, 2, { abs: false }),
          eventTimeout(0, 2),
          timeout('b', Number.POSITIVE_INFINITY, 2),
          timeout('a', 1000, from),
        ]) // biome-ignore format: a list
      },
      state2({ name, content }, seen: readonly unknown[]) {
        const next = [...seen, [name, this.node.host.monotonic() - began]]
        return name === 'a' ? stopAndReply('shutdown', [reply(content as From<unknown>, next)]) : keepState(next)
      },
    })
    t.strictSame(await call(this, pid, 'stop'), [['d', 0], ['c', 500], ['a', 1000]]) // biome-ignore format: a list
    t.equal(await exitOf(this, pid), 'shutdown')
    t.equal(this.node.timers.size, 0, 'no timer is left')
  }),
)

t.test('a bare time is an event time-out with itself as its content', (t) =>
  scene(t, async function () {
    const pid = await startMap(this, {
      init: () => ok('start', [], 30),
      start({ type, content, from }, seen: readonly unknown[]) {
        if (type === 'timeout')
          return keepState([...seen, content], content === 30 ? 0 : [20, Number.POSITIVE_INFINITY])
        return stopAndReply('shutdown', [reply(from as From<unknown>, seen)])
      },
    })
    await this.sleep(100)
    t.strictSame(await call(this, pid, 'seen'), [30, 0], 'and Infinity cancels')
    t.equal(await exitOf(this, pid), 'shutdown')
    for (const bad of [-1, 1.5, Number.NaN]) {
      const wrong = await startMap(this, { start: () => keepStateAndData(bad) })
      this.send(wrong, 'go')
      const reason = await exitOf(this, wrong)
      t.match(reason, { code: 'bad_action_from_state_function', cause: bad })
    }
  }),
)

t.test('the names of generic time-outs are terms', (t) =>
  scene(t, async function () {
    const pid = await startMap(this, {
      init: () =>
        ok('start', [], [
          timeout(['retry', 1], 10, 'first'),
          timeout(['retry', 2], 10, 'second'),
          timeout(['retry', 1], 20, 'first again'),
          timeout({ id: 1 }, 30, 'record'),
          timeout('retry,1', 40, 'text'),
          timeout(7, 50, 'cancelled'),
          timeout(null, 60, 'null'),
        ] as never), // biome-ignore format: a list
      start({ type, name, content, from }, seen: readonly unknown[]) {
        if (type !== 'timeout') return stopAndReply('shutdown', [reply(from as From<unknown>, seen)])
        return keepState([...seen, [name, content]], timeout(7, 'cancel') as never)
      },
    })
    await this.sleep(100)
    t.strictSame(await call(this, pid, 'seen'), [
      [['retry', 2], 'second'],
      [['retry', 1], 'first again'],
      [{ id: 1 }, 'record'],
      ['retry,1', 'text'],
      [null, 'null'],
    ])
    t.equal(await exitOf(this, pid), 'shutdown')
    t.throws(() => timeout(undefined, 10, 'x'), { code: 'badarg' })
  }),
)

t.test('enter_loop: a process of procLib becomes a machine, with its name and its first actions', (t) =>
  scene(t, async function () {
    const machine: MapStatem = {
      start: ({ type, content, from }, seen: readonly unknown[]) =>
        type === 'call' ? keepStateAndData(reply(from, seen)) : keepState([...seen, content]),
    }
    const body = async function (this: Context, name: string | undefined, register: boolean): Promise<void> {
      if (register) this.node.register('enters', this.self)
      procLib.initAck(this, ['ok', this.self])
      machines.set(this.self, machine)
      this.send(this.self, 'queued')
      const actions = [nextEvent({ type: 'internal', content: 'first' }), timeout('n', 0, 'zero')]
      return GenStatem.enterLoop(
        this,
        MapMachine,
        'start',
        ['began'],
        name === undefined ? { actions } : { name, actions },
      )
    }
    for (const register of [false, true]) {
      const result = await procLib.startLink(this, body, [register ? 'enters' : undefined, register])
      const pid = unwrap(result) as Pid<MapApi>
      t.strictSame(await call(this, pid, 'seen'), ['began', 'first', 'zero', 'queued'])
      await sys.stop(this, pid)
      t.equal(await exitOf(this, pid), 'normal')
    }
    const wrong = unwrap(await procLib.startLink(this, body, ['other', true]))
    t.equal(await exitOf(this, wrong), 'process_not_registered')
    const [raw, ref] = this.spawnMonitor(function () {
      return GenStatem.enterLoop(this, MapMachine, 'start', undefined)
    })
    t.match(await this.receive(), { ref, object: raw, reason: 'process_was_not_started_by_proc_lib' })
  }),
)

t.test('send_request_{receive,wait,check}_reqid_collection', (t) =>
  scene(t, async function () {
    const pid = await startMap(this, {
      start: ({ operation, content, from }) => {
        if (operation === 'quit') return stop('bye')
        return operation === 'echo' ? keepStateAndData(reply(from as From<unknown>, content)) : keepStateAndData()
      },
    })
    const echo = (content: unknown) => sendRequest<MapApi, string>(this, pid, 'echo', content)
    t.strictSame(await receiveResponse(this, echo('one')), ['reply', 'one'])
    const lost = sendRequest<MapApi, string>(this, pid, 'silent')
    t.equal(await waitResponse(this, lost, 10), 'timeout')
    const all = reqidsAdd(lost, 'lost', reqidsAdd(echo('two'), 'second', reqidsNew()))
    t.equal(reqidsSize(all), 2)
    const [response, label, rest] = (await receiveResponse(this, all, 1000, true)) as readonly [unknown, unknown, never]
    t.strictSame([response, label], [['reply', 'two'], 'second'])
    this.cast(pid, 'quit')
    const [failed, which] = (await waitResponse(this, rest, 1000, true)) as unknown as readonly [unknown, unknown]
    t.strictSame([failed, which], [['error', ['bye', pid]], 'lost'])
    t.equal(await exitOf(this, pid), 'bye')
  }),
)

t.test('pop_too_many, and modules that are changed, pushed and popped', (t) =>
  scene(t, async function () {
    const Second: StateMachine<MapApi> = {
      callbackMode: 'state_functions',
      stateEnter: true,
      init: () => ok('start', 0),
      states: {
        start: (event) => {
          if (event.type === 'enter') return keepStateAndData()
          if (event.operation === 'pop')
            return keepStateAndData([popCallbackModule(), reply(event.from as never, 'ok' as never)])
          return repeatStateAndData(reply(event.from as never, 'second' as never))
        },
      },
    }
    const pid = await startMap(this, {
      start: ({ operation, from }) => {
        const answer = reply(from as From<unknown>, 'first')
        if (operation === 'push') return keepStateAndData([pushCallbackModule(Second), answer])
        if (operation === 'change') return keepStateAndData([changeCallbackModule(Second), answer, hibernate()])
        return operation === 'pop' ? keepStateAndData(popCallbackModule()) : keepStateAndData(answer)
      },
    })
    const answers: unknown[] = []
    for (const request of ['who', 'push', 'who', 'pop', 'who', 'change', 'who']) {
      answers.push(await call(this, pid, request))
    }
    t.strictSame(answers, ['first', 'first', 'second', 'ok', 'first', 'first', 'second'])
    t.match(await reasonOf(call(this, pid, 'pop')), [
      { code: 'bad_action_from_state_function', cause: 'pop_callback_module' },
    ])
    t.match(await exitOf(this, pid), { code: 'bad_action_from_state_function' })
    const other = await startMap(this, { start: () => keepStateAndData(changeCallbackModule({} as typeof Second)) })
    t.match(await reasonOf(call(this, other, 'x')), [{ code: 'badarg' }], 'a module that is none')
    t.match(await exitOf(this, other), { code: 'badarg' })
  }),
)
