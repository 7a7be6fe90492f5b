import { GenStatem, type Self, sys } from '../../lib/index.ts'
import { stop as stopServer } from './harness/erlang.ts'
import { call, type FsmApi, type Functions, started, startFsm } from './harness/fsm.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'

const { eventTimeout, keepStateAndData, nextEvent, nextState, ok, repeatStateAndData, reply, stateTimeout, timeout } =
  GenStatem
const infinity = Number.POSITIVE_INFINITY
const inserted = nextEvent({ type: 'internal', content: 'i' })

/** A clause: what it returns, or undefined when it does not match. */
type Clauses = (this: Self<FsmApi>, event: string, state: unknown) => unknown
type Cast = string | readonly [string, unknown]
type Actions = Parameters<typeof keepStateAndData>[0]

/** the three kinds of time-outs: 0, infinity, cancel, update, absolute, what cancels them, which of several comes first. */
export const main: Scenario = async function (scn) {
  const ev = (clauses: Clauses): Functions['ev'] => {
    return function (type, content, state, _data, from) {
      if (type === 'call') return keepStateAndData([reply(from, 'ok')])
      const result = clauses.call(this, `${scn.fmt(type)} ${scn.fmt(content)}`, state)
      if (result !== undefined) return result
      scn.log(`${scn.fmt(type)} ${scn.fmt(content)} in ${scn.fmt(state)}`)
      return keepStateAndData()
    }
  }
  const run = async (title: string, clauses: Clauses, casts: readonly Cast[], wait: number) => {
    scn.log(`-- ${title}`)
    const p = await started(startFsm(this, { ev: ev(clauses), state: 'a' }))
    await sys.suspend(this, p)
    for (const cast of casts) {
      if (typeof cast === 'string') this.cast(p, cast)
      else this.cast(p, cast[0], cast[1])
    }
    await sys.resume(this, p)
    await call(this, p, 'sync')
    await this.sleep(wait)
    await stopServer(this, p)
  }
  const on = (events: Readonly<Record<string, Actions | (() => unknown)>>): Clauses => {
    return (event) => {
      const actions = events[event]
      if (actions === undefined) return undefined
      return typeof actions === 'function' ? actions() : keepStateAndData(actions)
    }
  }
  const go = (...actions: Extract<Actions, readonly unknown[]>) => on({ 'cast go': actions })
  const kinds = [eventTimeout(30, 'e'), stateTimeout(60, 's'), timeout('n', 90, 'g'), timeout('m', 120, ['x', 'y'])]
  await run('each kind', go(...kinds), ['go'], 200)
  const both = go(eventTimeout(60, 'e'), stateTimeout(30, 's'))
  await run('the event time-out ends with any event, another time-out too', both, ['go'], 120)
  await run('a message ends it', go(eventTimeout(60, 'e')), ['go', 'other'], 120)
  const outlives = on({ 'cast go': stateTimeout(60, 's'), 'cast {to,a}': () => nextState('a', 0) })
  await run('the state time-out outlives events, not a change', outlives, ['go', ['to', 'a'], 'x'], 120)
  const change = () => nextState('b', 0)
  const changed = on({ 'cast go': [stateTimeout(60, 's'), timeout('n', 60, 'g')], 'cast {to,b}': change })
  await run('a change ends it', changed, ['go', ['to', 'b']], 120)
  const goes = () => nextState('b', 0, [stateTimeout(60, 's')])
  const repeated = on({ 'cast go': goes, 'cast rep': () => repeatStateAndData() })
  const title = 'started with the change it belongs to the new state; repeat_state keeps it'
  await run(title, repeated, ['go', 'rep'], 120)
  const again = on({ 'cast {go,1}': timeout('n', 30, 'first'), 'cast {go,2}': timeout('n', 60, 'second') })
  const starts = [1, 2].map((n) => ['go', n] as const)
  await run('started again: replaced', again, starts, 120)
  const twice = [stateTimeout(10, 's1'), timeout('n', 20, 'n1'), stateTimeout(40, 's2'), timeout('n', 30, 'n2')]
  await run('the last of duplicates counts', go(...twice), ['go'], 120)
  const stopped = on({
    'cast go': [stateTimeout(20, 's'), timeout('n', 20, 'n'), timeout('m', 20, 'm')],
    'cast stop': [
      stateTimeout(infinity, 'x'),
      timeout('n', 'cancel'),
      timeout('absent', 'cancel'),
      eventTimeout('cancel'),
    ],
  })
  await run('infinity and cancel', stopped, ['go', 'stop'], 80)
  const same = [stateTimeout(20, 's'), stateTimeout('cancel'), timeout('n', 'cancel'), timeout('n', 20, 'n')]
  await run('cancel in the same list', go(...same), ['go'], 80)
  const updated = on({
    'cast go': [stateTimeout(20, 's'), timeout('n', 40, 'n')],
    'cast up': [stateTimeout('update', 's2'), timeout('n', 'update', 'n2')],
  })
  await run('update: the content only', updated, ['go', 'up'], 100)
  const none = [stateTimeout('update', 's'), timeout('n', 'update', 'n'), eventTimeout('update', 'e')]
  await run('update of none: at once', go(...none), ['go', 'other'], 50)
  const zeros = go(stateTimeout(0, 's'), timeout('n', 0, 'n'), timeout('m', 0, 'm'), inserted)
  await run('0: before the mailbox, behind inserted ones, in order', zeros, ['go', 'queued'], 50)
  const ended = go(timeout('n', 0, 'n'), eventTimeout(0, 'e'), stateTimeout(0, 's'))
  await run('0: an event time-out that is not the first is ended by the others', ended, ['go'], 50)
  const first = go(eventTimeout(0, 'e'), timeout('n', 0, 'n'))
  await run('0: an event time-out that is the first', first, ['go', 'queued'], 50)
  const queued = on({
    'cast go': [timeout('n', 0, 'n'), stateTimeout(0, 's')],
    '{timeout,n} n': () => {
      scn.log('n changes the state')
      return nextState('b', 0)
    },
  })
  await run('0: a state time-out that is queued ends with a change', queued, ['go'], 50)
  const three = [timeout('n', 0, 'n'), timeout('m', 0, 'm'), timeout('o', 0, 'o'), inserted]
  const moved = on({ 'cast go': three, 'internal i': [timeout('n', 0, 'n2'), timeout('m', 'update', 'm2')] })
  await run('0: started again while queued it goes to the end, updated it stays', moved, ['go'], 50)
  const two = [timeout('n', 0, 'n'), timeout('m', 0, 'm')]
  const cancelled = on({ 'cast go': [...two, inserted], 'internal i': timeout('n', 'cancel') })
  await run('0: cancelled while queued', cancelled, ['go'], 50)
  const fromZero = on({
    'cast go': two,
    '{timeout,n} n': () => {
      scn.log('n')
      const cast = nextEvent({ type: 'cast', operation: 'inserted', content: undefined })
      return keepStateAndData([timeout('n', 0, 'again'), cast])
    },
  })
  await run('0 from 0: behind those that are queued', fromZero, ['go', 'queued'], 50)
  const alike = go(timeout('x', 30, 1), timeout('y', 30, 2), stateTimeout(30, 3))
  await run('of the same time: the one that was named last comes first', alike, ['go'], 80)
  const late: Clauses = async function (event) {
    if (event === 'cast go') return keepStateAndData([stateTimeout(10, 's')])
    await this.sleep(40)
    scn.log('waited')
    return keepStateAndData([stateTimeout('cancel')])
  }
  await run('one whose message is on its way and that is cancelled does not come', late, ['go', 'wait'], 50)
  const lateUpdate: Clauses = function (event) {
    if (event === 'cast go') return keepStateAndData([timeout('n', 10, 'n')])
    if (event !== 'cast wait') return undefined
    return this.sleep(40).then(() => keepStateAndData([timeout('n', 'update', 'n2')]))
  }
  await run('one on its way that is updated comes with the new content', lateUpdate, ['go', 'wait'], 50)
  const behind: Clauses = function (event) {
    if (event === 'cast go') return keepStateAndData([timeout('n', 10, 'n')])
    if (event !== 'cast wait') return undefined
    this.cast(this.self, 'before')
    return this.sleep(40).then(() => keepStateAndData())
  }
  await run('one on its way is behind the messages that came before it', behind, ['go', 'wait'], 50)
  const absolute: Clauses = function (event) {
    if (event !== 'cast go') return undefined
    const now = this.node.host.monotonic()
    return keepStateAndData([
      stateTimeout(now + 40, 's', { abs: true }),
      timeout('n', now + 20, 'n', { abs: true }),
      timeout('past', now - 10, 'p', { abs: true }),
      timeout('m', 60, 'm', { abs: false }),
    ])
  }
  await run('absolute', absolute, ['go'], 120)
  scn.log('-- suspended: they fire and wait')
  const p = await started(startFsm(this, { state: 'a', ev: ev(go(stateTimeout(20, 's'), timeout('n', 10, 'n'))) }))
  this.cast(p, 'go')
  await call(this, p, 'sync')
  await sys.suspend(this, p)
  await this.sleep(60)
  scn.log('resume')
  await sys.resume(this, p)
  await call(this, p, 'sync')
  await stopServer(this, p)
  scn.log('-- sys requests do not end the event time-out')
  const p2 = await started(startFsm(this, { state: 'a', ev: ev(go(eventTimeout(40, 'e'))) }))
  this.cast(p2, 'go')
  scn.log(scn.fmt(await sys.getState(this, p2)))
  await this.sleep(20)
  scn.log(scn.fmt(await sys.getState(this, p2)))
  await this.sleep(60)
  await stopServer(this, p2)
  scn.log('-- from init and from an enter call')
  const init = () => ok('a', 0, [stateTimeout(20, 'init'), timeout('n', 0, 'zero')])
  const entered = on({ 'enter a': stateTimeout(40, 'enter') })
  const p3 = await started(startFsm(this, { enter: true, init, ev: ev(entered) }))
  await this.sleep(80)
  await stopServer(this, p3)
  this.trapExit(true)
  scn.log('-- times that are none')
  const wrong = [stateTimeout(-1, 'x'), eventTimeout('soon' as 'update', 'x'), timeout('n', 1.5, 'x')]
  for (const action of wrong) {
    const q = await started(startFsm(this, { ev: () => keepStateAndData([action]) }))
    const m = this.monitor(q)
    this.cast(q, 'x')
    const { code, cause } = (await this.receive(downOf(m))).reason as { code: string; cause: unknown }
    scn.log(scn.fmt([code, cause]))
  }
}
