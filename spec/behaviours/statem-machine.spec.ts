import fc from 'fast-check'
import t from 'tap'
import {
  type Action,
  eventTimeout,
  nextEvent,
  postpone,
  stateTimeout,
  timeout,
} from '../../lib/behaviours/gen-statem/statem-actions.ts'
import { EventRecord } from '../../lib/behaviours/gen-statem/statem-event.ts'
import { Machine } from '../../lib/behaviours/gen-statem/statem-machine.ts'
import type { Timeout, TimeoutClock } from '../../lib/behaviours/gen-statem/statem-timeouts.ts'

/**
 * The core of gen_statem against a model that is written the way the manual tells the rules: lists that are rebuilt with
 * every event. What either does with events that arrive, results with any actions, and time that passes, is compared
 * after each step.
 */

interface Timer {
  readonly timeout: Timeout
  readonly due: number
}

/** The core with a mailbox and a clock that only `advance` moves. */
class TestMachine extends Machine implements TimeoutClock {
  now = 0
  readonly mailbox: (EventRecord | Timeout)[] = []
  readonly timers: Timer[] = []

  protected override makeClock(): TimeoutClock {
    return this
  }

  start(started: Timeout, time: number, absolute: boolean): Timer {
    const timer = { timeout: started, due: absolute ? Math.max(time, this.now) : this.now + time }
    this.timers.push(timer)
    return timer
  }

  stop(timer: Timer): void {
    const at = this.timers.indexOf(timer)
    if (at >= 0) this.timers.splice(at, 1)
  }

  advance(milliseconds: number): void {
    this.now += milliseconds
    const due = this.timers.filter((timer) => timer.due <= this.now).sort((a, b) => a.due - b.due)
    for (const timer of due) {
      this.stop(timer)
      this.mailbox.push(timer.timeout)
    }
  }

  take(): EventRecord | undefined {
    if (this.hasNext) return this.next()
    for (;;) {
      const message = this.mailbox.shift()
      if (message === undefined || message instanceof EventRecord) return message
      if (this.timeouts?.expired(message)) return message.event
    }
  }

  handle({ to, actions }: Step): string | undefined {
    const event = this.take()
    if (event === undefined) return undefined
    this.begin(event)
    this.goTo(to ?? this.state, this.nextData)
    for (const action of actions) if (this.plan(action.real, false) !== undefined) throw new Error('a bad action')
    this.commit()
    return show(event)
  }

  get shown(): unknown {
    const running = (this.timeouts?.list() ?? []).map(({ event }) => show(event)).sort()
    return { state: this.state, ready: this.ready.map(show), postponed: this.postponed.map(show), running }
  }
}

function show({ type, name, content }: EventRecord): string {
  return `${type} ${name ?? '-'} ${content}`
}

type Key = 'timeout -' | 'state_timeout -' | 'timeout a' | 'timeout b'

type Asked =
  | { readonly kind: 'postpone'; readonly flag: boolean }
  | { readonly kind: 'insert'; readonly content: number }
  | {
      readonly kind: 'timeout'
      readonly key: Key
      readonly time: number | 'cancel' | 'update'
      readonly abs: boolean
      readonly content: number
    }

interface ActionPair {
  readonly asked: Asked
  readonly real: Action
}

interface Step {
  readonly to: string | undefined
  readonly actions: readonly ActionPair[]
}

interface ModelTimeout {
  readonly key: Key
  content: number
  readonly id: number
  /** When it is due; `undefined`: its time was 0, and it is in the queue. */
  readonly due: number | undefined
}

/** The rules, W2 to W7. */
class Model {
  state = 's'
  now = 0
  ready: string[] = []
  postponed: string[] = []
  /** In the order in which they were started. */
  running: ModelTimeout[] = []
  mailbox: (string | { readonly expired: number })[] = []
  #ids = 0

  advance(milliseconds: number): void {
    this.now += milliseconds
    const due = this.running.filter(
      (timer) => timer.due !== undefined && timer.due <= this.now && !this.#isOnItsWay(timer.id),
    )
    for (const { id } of due.sort((a, b) => a.due! - b.due! || a.id - b.id)) this.mailbox.push({ expired: id })
  }

  #isOnItsWay(id: number): boolean {
    return this.mailbox.some((message) => typeof message === 'object' && message.expired === id)
  }

  handle({ to = this.state, actions }: Step): string | undefined {
    const event = this.#take()
    if (event === undefined) return undefined
    const asked = actions.map((action) => action.asked)
    const flags = asked.filter((action) => action.kind === 'postpone')
    if (flags.at(-1)?.flag) this.postponed.push(event)
    if (to !== this.state) {
      this.ready = [...this.postponed, ...this.ready]
      this.postponed = []
      this.#cancel('state_timeout -')
    }
    this.#cancel('timeout -')
    this.#timeouts(asked)
    const inserted = asked.filter((action) => action.kind === 'insert').map(({ content }) => `internal - ${content}`)
    this.ready = [...inserted, ...this.ready]
    this.state = to
    return event
  }

  #take(): string | undefined {
    if (this.ready.length > 0) return this.ready.shift()
    const queued = this.running.find(({ due }) => due === undefined)
    if (queued !== undefined) return this.#fire(queued)
    while (this.mailbox.length > 0) {
      const message = this.mailbox.shift()!
      if (typeof message === 'string') return message
      const timer = this.running.find(({ id }) => id === message.expired)
      if (timer !== undefined) return this.#fire(timer)
    }
    return undefined
  }

  #fire(timer: ModelTimeout): string {
    this.#cancel(timer.key)
    return `${timer.key} ${timer.content}`
  }

  #cancel(key: Key): void {
    this.running = this.running.filter((timer) => timer.key !== key)
  }

  /** The last action of each key counts. Timers are started in reverse, queued ones in order. */
  #timeouts(asked: readonly Asked[]): void {
    const all = asked.filter((action) => action.kind === 'timeout')
    const last = all.filter((action, i) => !all.slice(i + 1).some(({ key }) => key === action.key))
    const queued: ModelTimeout[] = []
    for (const { key, time, abs, content } of last.reverse()) {
      const present = this.running.find((timer) => timer.key === key)
      if (time === 'update' && present !== undefined) present.content = content
      else {
        this.#cancel(key)
        if (time === 'cancel' || time === Number.POSITIVE_INFINITY) continue
        if (time === 0 || time === 'update') queued.unshift({ key, content, id: ++this.#ids, due: undefined })
        else this.running.push({ key, content, id: ++this.#ids, due: abs ? Math.max(time, this.now) : this.now + time })
      }
    }
    this.running.push(...queued)
  }

  get shown(): unknown {
    const running = this.running.map(({ key, content }) => `${key} ${content}`).sort()
    return { state: this.state, ready: this.ready, postponed: this.postponed, running }
  }
}

const time = fc.oneof(
  fc.constantFrom(0, 0, 1, 2, 5, Number.POSITIVE_INFINITY),
  fc.constantFrom('cancel' as const, 'update' as const),
)
const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({ kind: fc.constant('postpone' as const), flag: fc.boolean() }),
  fc.record({ kind: fc.constant('insert' as const), content: fc.nat(99) }),
  fc.record({
    kind: fc.constant('timeout' as const),
    key: fc.constantFrom<Key>('timeout -', 'state_timeout -', 'timeout a', 'timeout b'),
    time,
    abs: fc.boolean(),
    content: fc.nat(99),
  }),
)

function realOf(action: Asked): Action {
  return untyped(action) as Action
}

function untyped(action: Asked): unknown {
  if (action.kind === 'postpone') return postpone(action.flag)
  if (action.kind === 'insert') return nextEvent({ type: 'internal', content: action.content })
  const { key, content, time } = action
  const when = time as number
  const abs = action.abs && time !== 'update' // an update has no time that could be a point in time
  if (key === 'timeout -') return eventTimeout(when, content, { abs })
  if (key === 'state_timeout -') return stateTimeout(when, content, { abs })
  // Names are compared as terms: that of `b` is another array each time.
  return timeout(key.endsWith('a') ? 'a' : ['b'], when, content, { abs })
}

const step: fc.Arbitrary<Step> = fc.record({
  to: fc.option(fc.constantFrom('s', 't', 'u'), { nil: undefined }),
  actions: fc.array(
    asked.map((action) => ({ asked: action, real: realOf(action) })),
    { maxLength: 6 },
  ),
})
const command = fc.oneof(
  { weight: 3, arbitrary: fc.nat(99).map((content) => ({ arrives: content })) },
  { weight: 6, arbitrary: step.map((handled) => ({ handled })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }).map((milliseconds) => ({ passes: milliseconds })) },
)

t.test('the core does what the rules say, whatever happens', async () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const model = new Model()
      const machine = new TestMachine('s', undefined)
      for (const happens of commands) {
        if ('arrives' in happens) {
          model.mailbox.push(`info - ${happens.arrives}`)
          machine.mailbox.push(new EventRecord('info', happens.arrives))
        } else if ('passes' in happens) {
          model.advance(happens.passes)
          machine.advance(happens.passes)
        } else {
          const expected = model.handle(happens.handled)
          const event = machine.handle(happens.handled)
          if (event !== expected) throw new Error(`handled ${event} instead of ${expected}`)
        }
        const [is, shouldBe] = [JSON.stringify(machine.shown), JSON.stringify(model.shown)]
        if (is !== shouldBe) throw new Error(`${is}\n${shouldBe}`)
      }
      machine.timeouts?.clear()
      if (machine.timers.length > 0) throw new Error('a timer is left')
    }),
    { numRuns: 2000 },
  )
})

t.test('nothing has happened until the commit', async (t) => {
  const machine = new TestMachine('s', 0)
  machine.begin(new EventRecord('info', 1))
  machine.goTo('t', 1)
  machine.plan(realOf({ kind: 'postpone', flag: true }), false)
  machine.plan(realOf({ kind: 'insert', content: 2 }), false)
  machine.plan(realOf({ kind: 'timeout', key: 'timeout a', time: 5, abs: false, content: 3 }), false)
  t.match(machine, { state: 's', data: 0, hasNext: false, postponed: [], timers: [] })
  t.ok(machine.isPostponing)
  t.equal(machine.commit(), true)
  t.match(machine, { state: 't', data: 1, postponed: [], timers: [{ due: 5 }] })
  t.strictSame(machine.ready.map(show), ['internal - 2', 'info - 1'])
})

t.test('which actions are wrong, and where', async (t) => {
  const machine = new TestMachine('s', 0)
  machine.begin(new EventRecord('enter', 's'))
  const insertion = realOf({ kind: 'insert', content: 1 })
  t.equal(machine.plan(insertion, true), 'bad_state_enter_action')
  t.equal(machine.plan(realOf({ kind: 'postpone', flag: true }), true), 'bad_state_enter_action')
  t.equal(machine.plan(realOf({ kind: 'postpone', flag: false }), true), undefined)
  t.equal(machine.plan(stateTimeout(1, 'x') as unknown as Action, true), undefined)
  for (const wrong of [-1, 1.5, Number.NaN, 2 ** 53, 'soon']) {
    t.equal(machine.plan(stateTimeout(wrong as number, 'x') as unknown as Action, false), 'bad_action', String(wrong))
  }
  t.equal(machine.plan(stateTimeout(-1.5, 'x', { abs: true }) as unknown as Action, false), undefined)
  t.equal(machine.plan(nextEvent({ type: 'enter', content: 1 }) as unknown as Action, false), 'bad_action')
  t.equal(machine.plan(nextEvent({ type: 'call', content: 1 }) as unknown as Action, false), 'bad_action')
})
