import {
  type Context,
  type DownMessage,
  Exit,
  exit,
  Fault,
  type Pid,
  type Ref,
  stop,
  TIMEOUT,
} from '../../lib/index.ts'
import { register, seq, stop as stopServer, unregister } from './harness/erlang.ts'
import { atom, downOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import type { Scn } from './harness/scn.ts'
import { type SrvApi, startSrv } from './harness/srv.ts'
import { type List, list } from './harness/terms.ts'

type Worker = readonly [Pid, Ref]
type Tell = (label: string, term: unknown) => void

/** Names under races: many for one name, names that are handed on, deaths against sends, calls and registrations. */
export const main: Scenario = async function (scn) {
  const f: Tell = (label, term) => scn.log(`${label} -> ${scn.fmt(term)}`)
  await oneWinner(this, scn, f)
  await oneServer(this, f)
  await freeWhenDown(this, scn, f)
  await handedOn(this, scn, f)
  await sendsAgainstDeath(this, scn, f)
  await callsAgainstRestarts(this, scn, f)
  await monitorOfAName(this, f)
  await failedStarts(this, scn, f)
  await unregisterRace(this, scn, f)
  await timerToAName(this, scn, f)
}

async function forever(this: Context): Promise<void> {
  await this.receive(atom('stop'))
}

const worker = (self: Context, body: (this: Context) => Promise<unknown>): Worker => self.spawnMonitor(body)

async function wait(self: Context, [, ref]: Worker): Promise<unknown> {
  return (await self.receive(downOf(ref))).reason
}

/** `try Expression catch error:E -> E end` */
function caught<T>(expression: () => T): T | string {
  try {
    return expression()
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code
    throw thrown
  }
}

const tryRegister = (self: Context, name: string, pid: Pid) => caught(() => register(self.node, name, pid))
const from =
  (pid: Pid) =>
  (message: unknown): message is readonly [Pid, unknown] =>
    Array.isArray(message) && message[0] === pid
/** `lists:usort` of terms that are all the same, or as the trace shows none. */
const usort = (terms: readonly unknown[], scn: Scn): List => list(new Map(terms.map((t) => [scn.fmt(t), t])).values())
const whereis = (self: Context, name: string) => self.node.whereis(name)

/** 50 processes want one name. */
async function oneWinner(self: Context, scn: Scn, f: Tell): Promise<void> {
  const me = self.self
  const ps = seq(50).map(() =>
    self.spawn(async function () {
      await this.receive(atom('go'))
      this.send(me, [this.self, tryRegister(this, 'prize', this.self)])
      await forever.call(this)
    }),
  )
  for (const p of ps) self.send(p, 'go')
  const answers: (readonly [unknown, Pid])[] = []
  for (const p of ps) answers.push([(await self.receive(from(p)))[1], p])
  const winners = answers.filter(([answer]) => answer === true)
  const winner = winners[0]![1]
  f('winners', winners.length)
  const losers = answers.filter(([answer]) => answer !== true)
  f(
    'losers',
    usort(
      losers.map(([answer]) => answer),
      scn,
    ),
  )
  f('the name leads to the winner', whereis(self, 'prize') === winner)
  f('a second name for it', tryRegister(self, 'prize2', winner))
  for (const p of ps) self.send(p, 'stop')
  for (const p of ps) await scn.waitDown(self, p)
  f('all gone', whereis(self, 'prize'))
}

/** 20 starters of one named server: one starts it, the others are told who has the name. */
async function oneServer(self: Context, f: Tell): Promise<void> {
  const workers = seq(20).map(() =>
    worker(self, async function () {
      exit(await startSrv(this, { name: 'single' }, { name: 'single' }))
    }),
  )
  const results: unknown[] = []
  for (const each of workers) results.push(await wait(self, each))
  const server = whereis(self, 'single')!
  const isTaken = (reason: unknown) => Array.isArray(reason) && reason[0] === 'already_started' && reason[1] === server
  const started = (results as (readonly [string, unknown])[]).filter(([tag, pid]) => tag === 'ok' && pid === server)
  const taken = (results as (readonly [string, unknown])[]).filter(([tag, why]) => tag === 'error' && isTaken(why))
  f('started', started.length)
  f('already started', taken.length)
  await stopServer(self, server)
}

/** Whoever hears of an end finds the name free: 200 successors, each registers itself when the one before ends. */
async function freeWhenDown(self: Context, scn: Scn, f: Tell): Promise<void> {
  let last = self.spawn(async function () {
    register(this.node, 'throne', this.self)
    await forever.call(this)
  })
  while (whereis(self, 'throne') !== last) await self.sleep(0)
  const answers: unknown[] = []
  for (const _ of seq(200)) last = await successor(self, last, answers)
  f('successions', usort(answers, scn))
  f('the last one has it', whereis(self, 'throne') === last)
  self.send(last, 'stop')
  await scn.waitDown(self, last)
  f('free', whereis(self, 'throne'))
}

async function successor(self: Context, p: Pid, answers: unknown[]): Promise<Pid> {
  const me = self.self
  const q = self.spawn(async function () {
    const m = this.monitor(p)
    this.send(me, [this.self, 'ready'])
    await this.receive(downOf(m))
    this.send(me, [this.self, [whereis(this, 'throne'), tryRegister(this, 'throne', this.self)]])
    await forever.call(this)
  })
  await self.receive(from(q))
  self.send(p, 'stop')
  answers.push((await self.receive(from(q)))[1])
  return q
}

/** A name that moves from one living process to another: what is sent goes to whom it belongs to then, in order. */
async function handedOn(self: Context, scn: Scn, f: Tell): Promise<void> {
  const me = self.self
  const box = async function (this: Context): Promise<void> {
    const [, n] = await this.receive(tagged<number>('collect'))
    const got: number[] = []
    for (const _ of seq(n)) got.push((await this.receive(tagged<number>('n')))[1])
    this.send(me, [this.self, got])
    await forever.call(this)
  }
  const [a, b] = [self.spawn(box), self.spawn(box)]
  register(self.node, 'box', a)
  for (const i of seq(10)) self.send('box', ['n', i])
  unregister(self.node, 'box')
  f(
    'between',
    caught(() => self.send('box', ['n', 'lost'])),
  )
  register(self.node, 'box', b)
  for (const i of seq(20)) self.send('box', ['n', i + 10])
  self.send(a, ['collect', 10])
  self.send(b, ['collect', 20])
  for (const [label, pid] of [
    ['first had', a],
    ['second had', b],
  ] as const) {
    const got = (await self.receive(from(pid)))[1] as number[]
    f(label, [got[0], got.at(-1), got.length])
  }
  f('both names at once', [tryRegister(self, 'box', a), tryRegister(self, 'box2', b), tryRegister(self, 'box2', a)])
  for (const pid of [a, b]) self.send(pid, 'stop')
  for (const pid of [a, b]) await scn.waitDown(self, pid)
  f('both free', [whereis(self, 'box'), whereis(self, 'box2')])
}

/** A send to a name that is being lost arrives, is lost, or is badarg; it never does anything else. */
async function sendsAgainstDeath(self: Context, scn: Scn, f: Tell): Promise<void> {
  const answers: unknown[] = []
  for (const _ of seq(100)) {
    const p = self.spawn(forever)
    register(self.node, 'mortal', p)
    const sender = worker(self, async function () {
      exit(seq(5).map(() => caught(() => this.send('mortal', 'hello')) ?? 'sent'))
    })
    self.exit(p, 'kill')
    const got = (await wait(self, sender)) as string[]
    await scn.waitDown(self, p)
    const others = got.filter((answer) => answer !== 'sent' && answer !== 'badarg')
    const isInOrder = !got.includes('badarg') || got.lastIndexOf('sent') < got.indexOf('badarg')
    answers.push([list(others), whereis(self, 'mortal'), isInOrder])
  }
  f('sent or badarg, and badarg from then on', usort(answers, scn))
}

/** Calls to a name whose server is killed and started anew: an answer, or one of two reasons. */
async function callsAgainstRestarts(self: Context, scn: Scn, f: Tell): Promise<void> {
  const phoenix = { name: 'phoenix' }
  const start = () => startSrv(self, { name: 'phoenix', state: 7 }, { name: 'phoenix' })
  await start()
  const me = self.self
  const caller = self.spawn(async function () {
    const answers: unknown[] = []
    for (let finished: unknown = TIMEOUT; finished === TIMEOUT; ) {
      answers.push(await this.call<SrvApi, 'get'>(phoenix, 'get').catch(whyOf))
      await this.sleep(0) // nobody is pre-empted here: who never waits lets nobody else run
      finished = await this.receive(atom('finish'), { after: 0 })
    }
    this.send(me, [this.self, answers])
  })
  for (const _ of seq(100)) {
    const p = whereis(self, 'phoenix')!
    self.exit(p, 'kill')
    await scn.waitDown(self, p)
    await start()
  }
  f('alive at last', await self.call<SrvApi, 'get'>(phoenix, 'get'))
  self.send(caller, 'finish')
  const answers = (await self.receive(from(caller)))[1] as unknown[]
  const others = answers.filter((answer) => answer !== 7 && answer !== 'killed' && answer !== 'noproc')
  f('what callers saw besides', usort(others, scn))
  await stopServer(self, whereis(self, 'phoenix')!)
}

/** `catch exit:{Why, {gen_server, call, [phoenix, get]}} -> Why` */
function whyOf(thrown: unknown): unknown {
  if (thrown instanceof Exit && Array.isArray(thrown.reason)) return thrown.reason[0]
  throw thrown
}

/** A monitor by name watches who has the name then. */
async function monitorOfAName(self: Context, f: Tell): Promise<void> {
  const [a, b] = [self.spawn(forever), self.spawn(forever)]
  const shown = ({ object, reason }: DownMessage) => ['process', object, reason]
  register(self.node, 'seat', a)
  const m = self.monitor('seat')
  unregister(self.node, 'seat')
  register(self.node, 'seat', b)
  const n = self.monitor('seat')
  self.send(a, 'stop')
  f('first', shown(await self.receive(downOf(m))))
  self.send(b, 'stop')
  f('second', shown(await self.receive(downOf(n))))
  const none = await self.receive<DownMessage>(undefined, { after: 20 })
  f('none', none === TIMEOUT ? 'nothing' : shown(none))
  self.monitor('seat')
  f('nobody', shown(await self.receive<DownMessage>()))
}

/** A start that fails gives the name back before it is reported. */
async function failedStarts(self: Context, scn: Scn, f: Tell): Promise<void> {
  const results: unknown[] = []
  for (const _ of seq(50)) {
    const result = await startSrv(self, { name: 'fails', init: () => stop('why') }, { name: 'fails' })
    results.push([result, whereis(self, 'fails')])
  }
  f('failed starts', usort(results, scn))
}

/** 20 processes unregister one name: one does, the others are told that there is none. */
async function unregisterRace(self: Context, scn: Scn, f: Tell): Promise<void> {
  const p = self.spawn(forever)
  register(self.node, 'common', p)
  const workers = seq(20).map(() =>
    worker(self, async function () {
      exit(caught(() => unregister(this.node, 'common')))
    }),
  )
  const results: unknown[] = []
  for (const each of workers) results.push(await wait(self, each))
  const count = (what: unknown) => results.filter((result) => result === what).length
  f('unregistered', [count(true), count('badarg')])
  f('it lives on', self.node.isAlive(p))
  f('and has a name again', [tryRegister(self, 'common', p), whereis(self, 'common') === p])
  self.send(p, 'stop')
  await scn.waitDown(self, p)
}

/** A timer to a name goes to whoever has it when the time is up. */
async function timerToAName(self: Context, scn: Scn, f: Tell): Promise<void> {
  const me = self.self
  const tell = (who: string) =>
    async function (this: Context): Promise<void> {
      await this.receive(atom('ring'))
      this.send(me, ['rang', who])
    }
  const [a, b] = [self.spawn(tell('a')), self.spawn(tell('b'))]
  register(self.node, 'bell', a)
  self.sendAfter(30, 'bell', 'ring')
  unregister(self.node, 'bell')
  register(self.node, 'bell', b)
  f('rang at', (await self.receive(tagged<string>('rang')))[1])
  self.exit(a, 'kill')
  await scn.waitDown(self, b)
  self.sendAfter(10, 'bell', 'ring')
  const other = await self.receive(tagged<string>('rang'), { after: 40 })
  f('nobody there', other === TIMEOUT ? 'lost' : other[1])
}
