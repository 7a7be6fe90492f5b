import { type Context, type From, GenStatem, sys } from '../../lib/index.ts'
import { seq } from './harness/erlang.ts'
import { call, type Fsm, type FsmApi, type Functions, started, startFsm } from './harness/fsm.ts'
import { tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type Scn, scnOf } from './harness/scn.ts'

const { eventTimeout, keepStateAndData, nextEvent, nextState, postpone } = GenStatem
const { repeatStateAndData, reply, stateTimeout, stop, timeout } = GenStatem

type Clauses = (
  this: Context,
  type: unknown,
  content: unknown,
  state: unknown,
  data: unknown,
  from: From<unknown>,
) => unknown

/** A cast: an atom, or a tuple of an atom and one more term. */
type Cast = string | readonly [string, unknown]

async function send(self: Context, fsm: Fsm, casts: readonly Cast[]): Promise<void> {
  await sys.suspend(self, fsm)
  for (const cast of casts) {
    if (typeof cast === 'string') self.cast(fsm, cast)
    else self.cast(fsm, cast[0], cast[1])
  }
  await sys.resume(self, fsm)
  await call(self, fsm, 'sync')
}

/** Tries the clauses, then the one that answers `sync`, then logs. */
function withSync(scn: Scn, clauses: Clauses): Functions['ev'] {
  return function (type, content, state, data, from) {
    const result = clauses.call(this as never, type, content, state, data, from)
    if (result !== undefined) return result
    if (type === 'call') return keepStateAndData([reply(from, 'ok')])
    scn.log(`${scn.fmt(type)} ${scn.fmt(content)} in ${scn.fmt(state)}`)
    return keepStateAndData()
  }
}

/** A tuple's parts, or an atom as the only one. */
function parts(content: unknown): readonly [tag: unknown, argument?: unknown] {
  return Array.isArray(content) ? [content[0], content[1]] : [content]
}

/** postpone: when postponed events come again, in which order, and what becomes of postponed calls at the end. */
export const main: Scenario = async function (scn) {
  const fsm = (clauses: Clauses, state: unknown) => started(startFsm(this, { ev: withSync(scn, clauses), state }))
  scn.log('-- postponed by keep_state: not before a change; by a change: in the order of arrival, ahead of the mailbox')
  const p = await fsm((type, content, state, data) => {
    const [tag, argument] = parts(content)
    if (type === 'cast' && tag === 'go') return nextState(argument, data)
    if (type === 'cast' && tag === 'rep') return repeatStateAndData()
    if (type === 'cast' && tag === 'same') return nextState(state, data)
    if (type !== 'cast' || state !== 'a') return undefined
    scn.log(`postpone ${scn.fmt(content)}`)
    return keepStateAndData([postpone()])
  }, 'a')
  await send(this, p, ['p1', 'p2', 'same', 'rep', ['go', 'b'], 'q1', ['go', 'a'], 'p3', ['go', 'c'], 'q2'])
  scn.log(
    '-- postponed again in the state that they come again in; an event that postpones itself and changes the state comes first to its own postponing',
  )
  const p2 = await fsm((type, content, state, data) => {
    const [tag, argument] = parts(content)
    if (type !== 'cast') return undefined
    if (tag === 'go') return nextState(argument, data)
    if (tag === 'both' && state === 'a') {
      scn.log('both in a')
      return nextState('b', data, [postpone(), nextEvent({ type: 'internal', content: 'i' })])
    }
    if (tag !== 'old' || state === 'c') return undefined
    scn.log(`old in ${scn.fmt(state)}`)
    return keepStateAndData(postpone())
  }, 'a')
  await send(this, p2, ['old', 'both', 'new', ['go', 'c']])
  scn.log('-- {postpone,false} takes it back; postponing inserted events and time-outs')
  const p3 = await fsm((type, content, state, data) => {
    const [tag, argument] = parts(content)
    if (type === 'cast' && tag === 'back' && state === 'a') {
      scn.log('back')
      return keepStateAndData([postpone(), postpone(false)])
    }
    if (type === 'cast' && tag === 'ins' && state === 'a') {
      return keepStateAndData([
        nextEvent({ type: 'internal', content: 'i1' }),
        nextEvent({ type: 'info', content: 'i2' }),
      ])
    }
    if (type === 'cast' && tag === 't0' && state === 'a') {
      return keepStateAndData([stateTimeout(0, 'st'), timeout('n', 0, 'nt'), eventTimeout(0, 'et')])
    }
    if (type === 'cast' && tag === 'go') return nextState(argument, data)
    if (type === 'call' || state !== 'a') return undefined
    scn.log(`postpone ${scn.fmt(type)} ${scn.fmt(content)}`)
    return keepStateAndData(postpone())
  }, 'a')
  await send(this, p3, ['back', 'ins', 't0', ['go', 'b']])
  scn.log('-- postponed calls: answered later, or they see the end')
  const p4 = await fsm((_type, content, state, data, from) => {
    if (content === 'get' && state === 'open') return keepStateAndData([reply(from, data)])
    if (content === 'get') return keepStateAndData([postpone()])
    return content === 'open' ? nextState('open', (data as number) + 1) : stop('bye')
  }, 'closed')
  ask(this, p4, 1)
  ask(this, p4, 2)
  await scn.settle()
  this.cast(p4, 'open')
  await hear(this)
  const p5 = await fsm((_type, content) => (content === 'get' ? keepStateAndData([postpone()]) : stop('bye')), 'closed')
  ask(this, p5, 1)
  ask(this, p5, 2)
  await scn.settle()
  this.cast(p5, 'quit')
  await hear(this)
  scn.log('-- many inserted and many postponed')
  const p6 = await fsm((type, content, state, data) => {
    const [tag, argument] = parts(content)
    if (type === 'cast' && tag === 'go') {
      return nextState(
        argument,
        data,
        seq(4).map((n) => nextEvent({ type: 'internal', content: ['i', n] })),
      )
    }
    if (type === 'cast' && state === 'a') return keepStateAndData(postpone())
    if (type !== 'internal' || tag !== 'i' || argument !== 2) return undefined
    return keepStateAndData(seq(2).map((n) => nextEvent({ type: 'internal', content: ['j', n] })))
  }, 'a')
  await send(this, p6, [...seq(4).map((n) => ['p', n] as const), ['go', 'b']])
  scn.log('-- states are compared as terms')
  const p7 = await fsm(
    (type, content, state, data) => {
      if (type !== 'cast') return undefined
      if (content === 'same') return nextState(['x', { one: 1, two: 2 }], data)
      if (content === 'other') return nextState(['x', { one: 1, two: 3 }], data)
      if (content !== 'p' || (state as readonly [string, { two: number }])[1].two !== 2) return undefined
      scn.log('postpone p')
      return keepStateAndData(postpone())
    },
    ['x', { one: 1, two: 2 }],
  )
  await send(this, p7, ['p', 'same', 'other'])
}

function ask(self: Context, fsm: Fsm, n: number): void {
  const me = self.self
  const scn = scnOf(self.node)
  self.spawn(async function () {
    this.send(me, [`caller${n}`, await scn.catching(() => GenStatem.call<FsmApi, string>(this, fsm, 'get'))])
  })
}

async function hear(self: Context): Promise<void> {
  const scn = scnOf(self.node)
  for (const n of [1, 2]) {
    const [, answer] = await self.receive(tagged<string>(`caller${n}`))
    scn.log(`caller ${n} ${answer}`)
  }
}
