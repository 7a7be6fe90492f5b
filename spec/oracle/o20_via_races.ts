import {
  type Body,
  type Caller,
  type Context,
  child,
  exit,
  ignore,
  noreply,
  ok,
  type Pid,
  type ProcessCaller,
  Registry,
  reply,
  type StartResult,
  startMonitor,
  stop,
  stopReply,
} from '../../lib/index.ts'
import * as erlang from './harness/erlang.ts'
import { atom, downOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type DoCall, type Functions, Srv, type SrvApi, started, startSrv, startSrvLink } from './harness/srv.ts'
import { error, list, module } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

const reg = module('reg', new Registry<unknown>('reg', { keys: 'unique' }))
const via = (key: unknown) => reg.via<SrvApi>(key)
const whereis = (caller: Caller, key: unknown) => reg.whereis(caller, key)
const register = (self: ProcessCaller, key: unknown) => (reg.register(self, key)[0] === 'ok' ? 'yes' : 'no')

/** Runs a function in a process of its own; what it gives is to be awaited. */
function go<T>(self: Context, run: (this: Context) => T | Promise<T>): Promise<T> {
  return new Promise((resolve) => {
    const body: Body = async function () {
      resolve(await run.call(this))
    }
    self.spawn(body)
  })
}

function all<T>(self: Context, n: number, run: (this: Context) => T | Promise<T>): Promise<T[]> {
  return Promise.all(erlang.seq(n).map(() => go(self, run)))
}

/** Has the server do something, and answers what it gives. */
function inServer(self: Context, pid: Pid<SrvApi>, run: (self: ProcessCaller) => unknown): Promise<unknown> {
  return self.call(pid, 'do', function (_from, state) {
    return reply(run(this), state)
  })
}

/** Starts until it was its turn. */
async function turn(self: Context, functions: Functions): Promise<void> {
  for (;;) {
    const result = await startSrv(self, functions, { name: via('k') })
    if (result[0] === 'ok') return void (await erlang.stop(self, result[1] as Pid))
    const [, [, holder]] = result as readonly ['error', readonly ['already_started', Pid]]
    await self.receive(downOf(self.monitor(holder)))
  }
}

/** Registers itself as soon as nobody else is; keeps the key until told. */
async function claim(self: Context, to: Pid): Promise<string> {
  self.send(to, 'tries')
  while (register(self, 'k') === 'no') await self.sleep(1)
  self.send(to, ['has', self.self])
  await self.receive(atom('done'))
  return 'had_it'
}

/** Servers under the keys of a registry: who gets a key, what becomes of it when its server ends or is stopped. */
export const main: Scenario = async function (scn) {
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const c = async (label: string, run: () => unknown) => scn.log(`${label} -> ${await scn.catching(run)}`)
  const me = this.self
  const k = via('k')
  const named = { name: k }
  const where = (key: unknown) => f('whereis', whereis(this, key) ?? 'undefined')
  const keys = (pid: Pid) => f('keys', list(reg.keys(this, pid)))
  const links = (pid: Pid) => f('links', erlang.linksOf(this.node, pid).items.length)
  const call = async () => f('call', await this.call(k, 'get'))
  const holder = () => (whereis(this, 'k') as Pid<SrvApi>) ?? error('undefined')
  const start = (functions: Functions) => started(startSrv(this, functions, named))
  await started(reg.startLink(this) as Promise<StartResult<SrvApi>>)
  const winner = (name: string): Functions => ({
    name,
    init() {
      this.send(me, 'ran_init')
      return ok(name)
    },
  })
  const race = async (results: readonly StartResult<SrvApi>[]) => {
    const w = whereis(this, 'k')
    const told = ([kind, reason]: readonly unknown[]) =>
      kind === 'error' && (reason as readonly unknown[])[0] === 'already_started' && (reason as unknown[])[1] === w
    f('got it', results.filter((result) => result[0] === 'ok' && result[1] === w).length)
    f('were told', results.filter((result) => result !== 'ignore' && told(result)).length)
    f('inits', (await scn.flush(this)).filter((message) => message === 'ran_init').length)
  }

  scn.log('-- racing starters')
  const first = winner('first')
  await race(
    await all(this, 20, function () {
      return startSrv(this, first, named)
    }),
  )
  this.send(k, 'hello')
  this.cast(k, 'message', 'hi')
  await call()
  keys(holder())
  f('count', reg.count(this))
  this.trapExit(true)
  f('linked', await startSrvLink(this, winner('x'), named))
  f('monitored', await startMonitor(this, Srv, [winner('x')], named))
  await scn.mailbox(this, 'mailbox')

  scn.log('-- the winner is killed while callers wait, and others wait for its end')
  const p1 = holder()
  const busy: DoCall = function (_from, state) {
    this.send(me, 'busy')
    return noreply(state)
  }
  const calls = erlang.seq(3).map(() =>
    go(this, function () {
      return scn.catching(() => this.call(k, 'do', busy))
    }),
  )
  for (const _ of calls) await this.receive(atom('busy'))
  const second = winner('second')
  const starts = erlang.seq(10).map(() =>
    go(this, async function () {
      const ref = this.monitor(p1)
      this.send(me, 'watches')
      await this.receive(downOf(ref))
      return startSrv(this, second, named)
    }),
  )
  for (const _ of starts) await this.receive(atom('watches'))
  this.exit(p1, 'kill')
  for (const failed of await Promise.all(calls)) scn.log(`call -> ${failed}`)
  await race(await Promise.all(starts))
  await call()

  scn.log('-- a key whose server has just ended')
  this.exit(holder(), 'kill')
  where('k')
  await c('call', () => this.call(k, 'get'))
  await c('cast', () => erlang.cast(this, k))
  await c('send', () => erlang.send(this, k, 'hello'))
  await c('stop', () => erlang.stop(this, k))
  f('count', reg.count(this))
  const ends: readonly [string, DoCall][] = [
    ['stops', (_from, state) => stop('normal', state)],
    ['stops with a reason', (_from, state) => stop('why', state)],
    ['replies and stops', (_from, state) => stopReply('normal', 'bye', state)],
    ['exits', () => exit('oops')],
    [
      'is killed',
      function () {
        this.exit(this.self, 'kill')
        return new Promise(() => {})
      },
    ],
  ]
  for (const [label, run] of ends) {
    const p = await start({ name: 'p' })
    await c(label, () => this.call(k, 'do', run))
    await scn.waitDown(this, p)
    where('k')
    await c('again', () => this.call(k, 'get'))
  }

  scn.log('-- starts that fail leave the key')
  const inits: readonly [string, NonNullable<Functions['init']>][] = [
    ['ignore', () => ignore()],
    ['stop', () => stop('why')],
    ['exit', () => exit('why')],
    [
      'unregisters itself',
      function () {
        reg.unregister(this, 'k')
        return ok(0)
      },
    ],
  ]
  for (const [label, run] of inits) {
    const functions: Functions = {
      name: 'x',
      init() {
        scn.log(`in init ${whereis(this, 'k') === this.self}`)
        return run.call(this)
      },
    }
    f(label, await startSrv(this, functions, named))
    where('k')
  }

  scn.log('-- while an init runs that fails')
  let proceed = () => {}
  const gate = new Promise<void>((resolve) => {
    proceed = resolve
  })
  const slowly: Functions = {
    name: 'slow',
    async init() {
      this.send(me, 'in_init')
      await gate
      return stop('failed')
    },
  }
  const slow = go(this, function () {
    return startSrv(this, slowly, named)
  })
  await this.receive(atom('in_init'))
  f('another start', await startSrv(this, winner('x'), named))
  const waiting = go(this, function () {
    this.send(me, 'calls')
    return scn.catching(() => this.call(k, 'get'))
  })
  await this.receive(atom('calls'))
  await scn.settle()
  proceed()
  f('started', await slow)
  scn.log(`call -> ${await waiting}`)
  where('k')

  scn.log('-- each in its turn')
  const turns = { inside: 0, together: 0, had: 0 }
  const guest: Functions = {
    name: 'p',
    init() {
      turns.had++
      if (++turns.inside !== 1) turns.together++
      return ok(0)
    },
    term: () => turns.inside--,
  }
  await all(this, 10, function () {
    return turn(this, guest)
  })
  f('had', turns.had)
  f('together', turns.together)
  where('k')

  scn.log('-- registered again in a DOWN handler')
  const p4 = await start({ name: 'old' })
  const heir: Functions = {
    name: 'heir',
    init() {
      this.monitor(p4)
      return ok('waiting')
    },
    info(message) {
      const answer = register(this, 'k')
      this.send(me, ['registered', answer])
      return noreply([answer, (message as { reason: unknown }).reason])
    },
  }
  const heirs: Pid[] = []
  for (const _ of erlang.seq(10)) heirs.push(await started(startSrv(this, heir)))
  await erlang.stop(this, k, ['shutdown', 'handover'])
  const answers: string[] = []
  for (const _ of heirs) answers.push((await this.receive(tagged<string>('registered')))[1])
  f('yes', answers.filter((answer) => answer === 'yes').length)
  f('no', answers.filter((answer) => answer === 'no').length)
  await call()
  f('one of them', heirs.includes(holder()))
  for (const pid of heirs) this.exit(pid, 'kill')
  where('k')

  scn.log('-- unregister')
  const p5 = await start({ name: 'owner' })
  const unregistered = await all(this, 10, function () {
    return reg.unregister(this, 'k')
  })
  f('by others', list(new Set(unregistered)))
  where('k')
  links(p5)
  f('by itself', await inServer(this, p5, (self) => reg.unregister(self, 'k')))
  where('k')
  f('again', await inServer(this, p5, (self) => reg.unregister(self, 'k')))
  links(p5)
  await c('by key', () => this.call(k, 'get'))
  f('by pid', await this.call(p5, 'get'))
  const next = winner('next')
  await race(
    await all(this, 10, function () {
      return startSrv(this, next, named)
    }),
  )
  await erlang.stop(this, p5)
  where('k')
  f('the end of the one before takes nothing', await this.call(k, 'get'))
  const p6 = holder()
  const claimers: Pid[] = []
  const claims = erlang.seq(10).map(() =>
    go(this, function () {
      claimers.push(this.self)
      return claim(this, me)
    }),
  )
  for (const _ of claims) await this.receive(atom('tries'))
  await inServer(this, p6, (self) => reg.unregister(self, 'k'))
  const [, claimer] = await this.receive(tagged<Pid>('has'))
  f('one claims it', whereis(this, 'k') === claimer)
  for (const pid of claimers) this.send(pid, 'done')
  f('each in its turn', list(new Set(await Promise.all(claims))))
  where('k')
  await scn.flush(this)
  await erlang.stop(this, p6)

  scn.log('-- two keys, one process')
  const k2 = ['k', 2]
  const p7 = await start({ name: 'both' })
  const again = (key: unknown) => inServer(this, p7, (self) => register(self, key))
  f('its own again', await again('k'))
  f('another', await again(k2))
  keys(p7)
  links(p7)
  f('same', whereis(this, k2) === p7)
  f('start under the second', await startSrv(this, winner('x'), { name: via(k2) }))
  f('call', await this.call(via(k2), 'get'))
  f('unregister one', await inServer(this, p7, (self) => reg.unregister(self, 'k')))
  keys(p7)
  links(p7)
  where('k')
  f('the other', whereis(this, k2))
  f('taken meanwhile', (await startSrv(this, { name: 'other' }, named))[0])
  f('it back', await again('k'))
  keys(p7)
  await erlang.stop(this, k)
  f('it back', await again('k'))
  await erlang.stop(this, via(k2))
  where('k')
  where(k2)
  f('count', reg.count(this))

  scn.log('-- stop')
  await start({ name: 'p' })
  f('stop', await erlang.stop(this, k))
  await c('again', () => erlang.stop(this, k))
  await start({ name: 'p' })
  f('with a reason', await erlang.stop(this, k, ['shutdown', 'done'], 1000))
  where('k')
  await start({ name: 'p', term: () => exit('badly') })
  await c('terminate fails', () => erlang.stop(this, k))
  where('k')
  const p8 = await start({ name: 'p' })
  const stops = await all(this, 10, function () {
    return scn.catching(() => erlang.stop(this, k))
  })
  const late = ['{raised,exit,noproc}', '{raised,exit,{normal,{sys,terminate,[<p>,normal,infinity]}}}']
  f('one stops it', stops.filter((result) => result === '{returned,ok}').length)
  f('the others are late', stops.filter((result) => late.includes(result)).length)
  f('alive', this.node.isAlive(p8))
  where('k')

  scn.log('-- a supervisor starts it again under its key')
  const kid: Functions = {
    name: 'kid',
    init() {
      this.send(me, ['up', this.self])
      return ok(0)
    },
  }
  const flags = { strategy: 'one_for_one', intensity: 9, period: 5 } as const
  const s = await tsup.start(this, flags, [child(Srv, [kid], { id: 'a', name: k })])
  for (const _ of erlang.seq(3)) {
    const [, p] = await this.receive(tagged<Pid>('up'))
    f('under its key', whereis(this, 'k') === p)
    await call()
    this.exit(p, 'kill')
  }
  const [, p9] = await this.receive(tagged<Pid>('up'))
  await call()
  this.unlink(s)
  this.exit(s, 'shutdown')
  await scn.waitDown(this, s)
  f('alive', this.node.isAlive(p9))
  where('k')
  await scn.mailbox(this, 'mailbox')
}
