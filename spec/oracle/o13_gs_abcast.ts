import {
  abcast,
  type From,
  type GenServer,
  multiCall,
  name,
  noreply,
  ok,
  type Pid,
  reply,
  start,
  stop,
} from '../../lib/index.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { scnOf } from './harness/scn.ts'
import { type DoCall, Srv, started, startSrv } from './harness/srv.ts'
import { charlist, list } from './harness/terms.ts'

interface BareApi {
  state: number
  call: { get(): number }
  cast: { inc(): void }
}

/** A server without handleInfo. */
const Bare: GenServer<BareApi> = {
  init() {
    scnOf(this.node).name('bare', this.self)
    return ok(0)
  },
  handleCall: { get: (_request, _from, state) => reply(state, state) },
  handleCast: { inc: (_request, state) => noreply(state + 1) },
}

/** abcast, multi_call, requests and messages that nobody knows, answers to nobody. */
export const main: Scenario = async function (scn) {
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const n = this.node.name
  const bob = name(Srv, 'bob')
  const nobody = name(Srv, 'nobody')
  const p = await started(startSrv(this, { name: 'p' }, { name: bob }))
  scn.log('-- abcast')
  const cast = async (label: string, nodes: readonly string[] | undefined, to: typeof bob, message: string) => {
    abcast(this, nodes, to, 'message', message)
    f(label, 'abcast')
    await scn.settle()
  }
  await cast('all', undefined, bob, 'one')
  await cast('here', [n], bob, 'two')
  await cast('here, twice', [n, n], bob, 'three')
  await cast('nobody', undefined, nobody, 'x')
  await cast('no node', [], bob, 'x')
  await cast('a node that is away', ['no@where', n], bob, 'four')
  scn.log('-- multi_call')
  const told = (label: string, [replies, bad]: readonly [readonly unknown[], readonly unknown[]]) =>
    f(label, [list(replies), list(bad)])
  told('all', await multiCall(this, undefined, bob, 'get'))
  told('here', await multiCall(this, [n], bob, 'get'))
  told('nobody', await multiCall(this, [n], nobody, 'get'))
  told('no node', await multiCall(this, [], bob, 'get'))
  told('a node that is away', await multiCall(this, ['no@where', n], bob, 'get'))
  told('in time', await multiCall(this, [n], bob, 'get', undefined, { timeout: 1000 }))
  const late: DoCall = async function (_from, state) {
    await this.sleep(60)
    return reply('late', state)
  }
  told('too late', await multiCall(this, [n], bob, 'do', late, { timeout: 20 }))
  await this.sleep(100)
  await scn.mailbox(this, 'late reply')
  told('it ends', await multiCall(this, [n], bob, 'do', (_from, state) => stop('normal', state)))
  await scn.mailbox(this, 'mailbox')
  told('gone', await multiCall(this, [n], bob, 'get'))
  f('whereis', this.node.whereis('bob'))
  f('alive', this.node.isAlive(p))
  scn.log('-- answers to nobody')
  const q = await started(startSrv(this, { name: 'q' }))
  const kills: DoCall = function (from, state) {
    this.put('from', from)
    this.exit(from.pid!, 'kill')
    return reply('x', state)
  }
  const c = this.spawn(async function () {
    await this.call(q, 'do', kills)
  })
  f('a caller that has ended', await scn.waitDown(this, c))
  f('alive', this.node.isAlive(q))
  const again: DoCall = function (_from, state) {
    this.reply(this.get('from') as From<unknown>, 'x')
    return reply('ok', state)
  }
  f('again', await this.call(q, 'do', again))
  const m = this.monitor(q)
  const nonsense: DoCall = function (_from, state) {
    this.reply('nonsense' as never, 'x' as never)
    return noreply(state)
  }
  f('a malformed from', charlist(await scn.catching(() => this.call(q, 'do', nonsense))))
  f('down', (await this.receive(downOf(m))).reason)
  scn.log('-- messages that nobody knows')
  const r = await started(startSrv(this, { name: 'r' }))
  for (const message of ['hello', ['DOWN', 'x'], ['tuple', 1], 42, ['timeout', 'x', 'y']]) this.send(r, message)
  await scn.settle()
  f('alive', this.node.isAlive(r))
  scn.log('-- a module without handle_info')
  scn.withLogs(({ level, label, details }) => {
    scn.log(`   REPORT ${level} ${scn.fmt(label)}`)
    if ('message' in details) scn.log(`   ${scn.fmt(details.message)}`)
  })
  const bare = async (): Promise<Pid<BareApi>> => (await start(this, Bare, []))[1] as Pid<BareApi>
  const b = await bare()
  this.send(b, 'hello')
  await scn.settle()
  this.cast(b, 'inc')
  f('goes on', await this.call(b, 'get'))
  this.send(b, ['EXIT', this.self, 'boom'])
  await scn.settle()
  f('goes on', await this.call(b, 'get'))
  scn.withLogs(() => {})
  scn.log('-- requests that it does not know')
  const mb = this.monitor(b)
  this.cast(b, 'nonsense' as 'inc')
  f('cast', (await this.receive(downOf(mb))).reason)
  const d = await bare()
  const md = this.monitor(d)
  f('call', charlist(await scn.catching(() => this.call(d, 'nonsense' as 'get'))))
  f('down', (await this.receive(downOf(md))).reason)
}
