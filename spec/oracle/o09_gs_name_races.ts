import {
  exit,
  ignore,
  name,
  ok,
  type Pid,
  type Reason,
  type Self,
  type StartResult,
  startMonitor,
  stop,
  sys,
} from '../../lib/index.ts'
import { atom, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type Functions, Srv, type SrvApi, started, startSrv, startSrvLink } from './harness/srv.ts'
import { error, GlobalName, global, list } from './harness/terms.ts'

/** Servers that start under one name: who gets it, what the others are told, when it is free again. */
export const main: Scenario = async function (scn) {
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const bob = name(Srv, 'bob')
  const whereis = () => f('whereis', this.node.whereis('bob'))
  const init = (n: number): Functions => ({
    name: 'q',
    init() {
      scn.log(`init ${n}, whereis ${scn.fmt(this.node.whereis('bob'))}`)
      return ok(n)
    },
  })
  scn.log('-- one after the other')
  await started(startSrv(this, { ...init(1), name: 'p' }, { name: bob }))
  f('second', await startSrv(this, init(2), { name: bob }))
  f('linked', await startSrvLink(this, init(3), { name: bob }))
  f('monitored', await startMonitor(this, Srv, [init(4)], { name: bob }))
  await scn.mailbox(this, 'mailbox')
  f('state', await this.call(bob, 'get'))
  scn.log('-- a parent that traps exits')
  this.trapExit(true)
  f('linked', await startSrvLink(this, init(5), { name: bob }))
  await scn.mailbox(this, 'mailbox')
  scn.log('-- the name of a process that is no server, of itself, and undefined')
  this.node.register('me', this.self)
  f('its own', await startSrv(this, {}, { name: name(Srv, 'me') }))
  this.node.unregister('me')
  f('undefined', await startSrv(this, { name: 'u' }, { name: name(Srv, 'undefined') }))
  scn.log('-- free again when it has ended')
  await sys.stop(this, bob)
  whereis()
  const p2 = await started(startSrv(this, { ...init(6), name: 'p2' }, { name: bob }))
  this.exit(p2, 'kill')
  await scn.waitDown(this, p2)
  whereis()
  scn.log('-- starts that fail leave no name')
  const failures: readonly [string, (this: Self<SrvApi>) => unknown][] = [
    ['ignore', () => ignore()],
    ['stop', () => stop('why')],
    ['error', () => error('why')],
    ['exit', () => exit('why')],
    [
      'throw',
      () => {
        throw 'why'
      },
    ],
    ['bad', () => 'bad'],
    [
      'unregisters itself',
      function () {
        this.node.unregister('bob')
        return ok(0)
      },
    ],
  ]
  for (const [label, run] of failures) {
    const functions: Functions = {
      name: 'x',
      init() {
        scn.log(`in init ${this.node.whereis('bob') === this.self}`)
        return run.call(this)
      },
    }
    f(label, await startSrv(this, functions, { name: bob }))
    whereis()
  }
  for (const [label, run] of failures.slice(0, 2)) {
    f(`linked ${label}`, await startSrvLink(this, { name: 'x', init: run }, { name: bob }))
    whereis()
    await scn.settle()
    await scn.flush(this)
  }
  scn.log('-- while init runs')
  const me = this.self
  /** Starts a server whose init waits for `go`, which is not a message here: a callback cannot receive. */
  const startSlowly = async (result: () => unknown): Promise<() => void> => {
    let go: () => void = () => {}
    const gone = new Promise<void>((resolve) => {
      go = resolve
    })
    this.spawn(async function () {
      const functions: Functions = {
        name: 'slow',
        async init() {
          this.send(me, 'in_init')
          await gone
          return result()
        },
      }
      this.send(me, ['started', await startSrv(this, functions, { name: bob })])
    })
    await this.receive(atom('in_init'))
    return go
  }
  const callBob = () =>
    this.spawn(async function () {
      this.send(me, ['called', await scn.catching(() => this.call(bob, 'get'))])
    })
  const go1 = await startSlowly(() => ok('slow'))
  f('another start', await startSrv(this, init(7), { name: bob }))
  callBob()
  this.cast(bob, 'message', 'early')
  await scn.settle()
  go1()
  const [, r1] = await this.receive(tagged('started'))
  const [, r2] = await this.receive(tagged<string>('called'))
  await scn.settle()
  f('started', r1)
  scn.log(`called -> ${r2}`)
  await sys.stop(this, bob)
  scn.log('-- while an init runs that fails')
  const go2 = await startSlowly(() => stop('failed'))
  f('another start', await startSrv(this, init(8), { name: bob }))
  callBob()
  await scn.settle()
  go2()
  f('started', (await this.receive(tagged('started')))[1])
  scn.log(`called -> ${(await this.receive(tagged<string>('called')))[1]}`)
  whereis()
  scn.log('-- many at once')
  const race = name(Srv, 'race')
  const winner: Functions = {
    name: 'winner',
    init() {
      this.send(me, 'ran_init')
      return ok(0)
    },
  }
  for (let i = 0; i < 20; i++) {
    this.spawn(async function () {
      this.send(me, ['res', await startSrv(this, winner, { name: race })])
    })
  }
  const results: StartResult<SrvApi>[] = []
  for (let i = 0; i < 20; i++) results.push((await this.receive(tagged<StartResult<SrvApi>>('res')))[1])
  await scn.settle()
  const w: Pid | undefined = this.node.whereis('race')
  const isLoss = (reason: Reason) => Array.isArray(reason) && reason[0] === 'already_started' && reason[1] === w
  f('winners', results.filter((result) => result[0] === 'ok' && result[1] === w).length)
  f('losers', results.filter((result) => result[0] === 'error' && isLoss(result[1])).length)
  f('left', list(await scn.flush(this)))
  await sys.stop(this, race)
  scn.log('-- global and via')
  const g = new GlobalName('glob')
  await started(startSrv(this, { name: 'g' }, { name: g }))
  f('second', await startSrv(this, { name: 'q' }, { name: g }))
  f('via', await startSrv(this, { name: 'q' }, { name: { via: global, key: 'glob' } }))
  f('call', await this.call(g as { via: typeof global; key: unknown; protocol?: SrvApi }, 'get'))
  await sys.stop(this, g)
  f('free', await startSrv(this, { name: 'g2', init: () => ignore() }, { name: g }))
  f('free after ignore', global.whereisName('glob', this.node))
}
