import t, { type Test } from 'tap'
import { type Context, exit, GenStatem, type Pid, type Report, type StateMachine, sys } from '../../lib/index.ts'
import { inProcess, keptNode } from '../support/in-process.ts'

/** What a state machine refuses, how it ends, and what its reports show: as random machines did on a BEAM. */

const { changeCallbackModule, eventTimeout, keepStateAndData, nextEvent, ok, popCallbackModule, postpone } = GenStatem
const { pushCallbackModule, reply, stateTimeout, stop, timeout } = GenStatem

interface TryApi {
  state: 'a' | 'b'
  data: number
  init: [script: Script]
  call: { [operation: string]: () => unknown }
  cast: { [operation: string]: () => void }
}

/** What the callbacks return: anything, for they return what they should not, too. */
interface Script {
  readonly init?: () => unknown
  readonly enter?: () => unknown
  readonly event?: (operation: unknown) => unknown
  readonly terminate?: () => void
}

const scripts = new WeakMap<Pid, Script>()

const Tried: StateMachine<TryApi> = {
  callbackMode: 'handle_event_function',
  moduleName: 'tried',
  init(script) {
    scripts.set(this.self, script)
    return (script.init === undefined ? ok('a', 0) : script.init()) as never
  },
  handleEvent(event) {
    const { enter, event: handle } = scripts.get(this.self)!
    const returned = event.type === 'enter' ? enter?.() : handle?.(event.operation)
    return (returned ?? keepStateAndData()) as never
  },
  terminate() {
    scripts.get(this.self)!.terminate?.()
  },
}
const Entered: StateMachine<TryApi> = { ...Tried, stateEnter: true }

interface Ended {
  readonly reason: unknown
  readonly reports: readonly Report[]
}

/** Starts a machine, has `act` do something with it, and waits for its end. */
async function endOf(
  t: Test,
  module: StateMachine<TryApi>,
  script: Script,
  act: (self: Context, machine: Pid<TryApi>) => unknown = (self, machine) => self.cast(machine, 'go'),
): Promise<Ended> {
  const { node, reports } = keptNode(t)
  let reason: unknown
  await inProcess(node, async function () {
    const started = await GenStatem.startMonitor(this, module, [script])
    if (started === 'ignore' || started[0] === 'error') {
      reason = started[1]
      return
    }
    const [machine, ref] = started[1]
    await act(this, machine)
    const down = await this.receive((m): m is { ref: unknown; reason: unknown } => (m as { ref?: unknown }).ref === ref)
    reason = down.reason
  })
  return { reason, reports }
}

const labels = ({ reports }: Ended) => reports.map(({ label }) => label.join())
const STATEM = 'gen_statem,terminate'
const CRASH = 'proc_lib,crash'

t.test('what is no action is refused before it is asked where it stands', async (t) => {
  const absolute = { abs: true }
  const bad = 'bad_action_from_state_function'
  const badEnter = 'bad_state_enter_action_from_state_function'
  const call = { type: 'call', operation: 'x', from: 'nobody' } as const
  const wrong: readonly (readonly [given: unknown, term: unknown, entering: string])[] = [
    [nextEvent(call), ['next_event', ['call', 'nobody'], 'x'], badEnter],
    [popCallbackModule(), 'pop_callback_module', bad],
    [changeCallbackModule(7 as never), ['change_callback_module', 7], bad],
    [pushCallbackModule('m' as never), ['push_callback_module', 'm'], bad],
    [eventTimeout('update', 1, absolute), ['timeout', 'update', 1, ['abs', true]], bad],
    [stateTimeout('update', 1, absolute), ['state_timeout', 'update', 1, ['abs', true]], bad],
    [timeout('n', 'update', 1, absolute), [['timeout', 'n'], 'update', 1, ['abs', true]], bad],
  ]
  for (const [given, cause, entering] of wrong) {
    const returns = () => keepStateAndData([given as never])
    t.match((await endOf(t, Tried, { event: returns })).reason, { code: bad, cause })
    t.match((await endOf(t, Entered, { enter: returns })).reason, { code: entering, cause })
  }
})

t.test('a module that was pushed cannot be popped by a state enter call', async (t) => {
  const { reason } = await endOf(t, Entered, {
    event: () => GenStatem.repeatStateAndData(pushCallbackModule(Entered)),
    enter: once(() => keepStateAndData(popCallbackModule())),
  })
  t.match(reason, { code: 'bad_state_enter_action_from_state_function', cause: 'pop_callback_module' })
})

/** Nothing the first time: the state is entered at the start, too. */
function once(then: () => unknown): () => unknown {
  let calls = 0
  return () => (calls++ === 0 ? undefined : then())
}

t.test('of the postponed events the newest is shown first: to tools, to formatStatus, in the report', async (t) => {
  const newest = [
    ['cast', 'two'],
    ['cast', 'one'],
  ]
  let formatted: unknown
  const module: StateMachine<TryApi> = {
    ...Tried,
    formatStatus(status) {
      formatted = status.postponed
      return status
    },
  }
  const event = (operation: unknown) => (operation === 'go' ? stop('why') : keepStateAndData(postpone()))
  const { reports } = await endOf(t, module, { event }, async (self, machine) => {
    self.cast(machine, 'one')
    self.cast(machine, 'two')
    const [, , , [, , , , misc]] = await sys.getStatus(self, machine)
    t.match(misc, [{}, {}, ['data', [{}, {}, ['Postponed', newest], {}]]])
    t.same(formatted, newest)
    self.cast(machine, 'go')
  })
  t.match(reports[0], { label: ['gen_statem', 'terminate'], details: { postponed: newest } })
})

t.test('an end by an error in terminate is reported whatever its reason is', async (t) => {
  const stopping = (terminate?: () => void) => ({ event: () => stop('normal'), ...(terminate && { terminate }) })
  const exited = await endOf(
    t,
    Tried,
    stopping(() => exit('normal')),
  )
  t.equal(exited.reason, 'normal')
  t.same(labels(exited), [STATEM])
  t.match(exited.reports[0]?.details, { reason: 'normal', queue: [['cast', 'go']] })
  const failed = await endOf(
    t,
    Tried,
    stopping(() => exit('worse')),
  )
  t.equal(failed.reason, 'worse')
  t.same(labels(failed), [STATEM, CRASH])
  const thrown = await endOf(
    t,
    Tried,
    stopping(() => {
      throw 'a value'
    }),
  )
  t.equal(thrown.reason, 'normal')
  t.same(labels(thrown), [])
})

t.test('an init that fails is reported as a machine without state and data; one that stops is not', async (t) => {
  const failing: readonly (readonly [init: () => unknown, reason: unknown, reported: readonly string[]])[] = [
    [() => exit('why'), 'why', [STATEM, CRASH]],
    [() => exit('normal'), 'normal', [STATEM]],
    [() => 'nonsense', ['bad_return_from_init', 'nonsense'], [STATEM, CRASH]],
    [() => stop('why'), 'why', [CRASH]],
  ]
  for (const [init, reason, reported] of failing) {
    const ended = await endOf(t, Tried, { init })
    t.same(ended.reason, reason)
    t.same(labels(ended), reported)
    if (reported[0] === STATEM) {
      t.match(ended.reports[0]?.details, { reason, state: [undefined, undefined], queue: [], modules: ['tried'] })
    }
  }
  const error = new Error('oops')
  const threw = await endOf(t, Tried, {
    init: () => {
      throw error
    },
  })
  t.equal(threw.reason, error)
  t.same(labels(threw), [STATEM, CRASH])
})

t.test('the event of a call may be inserted again', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    let asked = 0
    const Again: StateMachine<TryApi> = {
      ...Tried,
      init: () => ok('a', 0),
      handleEvent: (event) =>
        asked++ === 0 ? keepStateAndData(nextEvent(event as never)) : keepStateAndData(reply(event.from!, 'late')),
      terminate: () => {},
    }
    const started = await GenStatem.start(this, Again, [{}])
    t.equal(started[0], 'ok')
    t.equal(await GenStatem.call<TryApi, string>(this, started[1] as Pid<TryApi>, 'x'), 'late')
  })
})
