import {
  type Exit,
  exit,
  type Name,
  name,
  noreply,
  type Pid,
  reply,
  stop,
  stopReply,
  TIMEOUT,
} from '../../lib/index.ts'
import { downOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type DoCall, type Functions, Srv, type SrvApi, started, startSrv, startSrvLink } from './harness/srv.ts'
import { error } from './harness/terms.ts'

/** What `throw(Term)` does. */
function raise(term: unknown): never {
  throw term
}

/** A server ends while it is called: the caller exits with the server's own reason, whichever way it ended. */
export const main: Scenario = async function (scn) {
  const t = async (label: string, functions: Functions, run: DoCall): Promise<void> => {
    scn.log(label)
    const p = await started(startSrv(this, { ...functions, name: 's' }))
    const m = this.monitor(p)
    scn.log(`   call ${await scn.catching(() => this.call(p, 'do', run))}`)
    const message = await this.receive(downOf(m), { after: 200 })
    if (message === TIMEOUT) {
      scn.log('   alive')
      this.exit(p, 'kill')
      await this.receive(downOf(m))
    } else scn.log(`   down ${scn.fmt(message.reason)}`)
    await scn.mailbox(this, '   left')
  }
  await t('stop normal', {}, (_from, state) => stop('normal', state))
  await t('stop shutdown', {}, (_from, state) => stop('shutdown', state))
  await t('stop {shutdown,_}', {}, (_from, state) => stop(['shutdown', 'why'], state))
  await t('stop boom', {}, (_from, state) => stop('boom', state))
  await t('stop with a reply', {}, (_from, state) => stopReply('boom', 'bye', state))
  await t('stop normal with a reply', {}, (_from, state) => stopReply('normal', 'bye', state))
  await t('error', {}, () => error('oops'))
  await t('exit', {}, () => exit('leave'))
  await t('exit normal', {}, () => exit('normal'))
  await t('exit kill', {}, () => exit('kill'))
  await t('throw that is no result', {}, () => raise('ball'))
  await t('throw of a result', {}, (_from, state) => raise(reply('thrown', state)))
  await t('throw of a stop', {}, (_from, state) => raise(stop('thrown', state)))
  await t('bad return', {}, () => 'nothing')
  await t('bad return, almost a stop', {}, () => stop('normal'))
  await t('bad return, almost a reply', {}, (_from, state) => ['reply', state])
  await t('bad return, a timeout that is none', {}, (_from, state) => reply('x', state, { timeout: -1 }))
  await t('killed by itself', {}, function (_from, state) {
    this.exit(this.self, 'kill')
    return noreply(state)
  })
  await t('exit signal from itself', {}, function (_from, state) {
    this.exit(this.self, 'sig')
    return noreply(state)
  })
  await t('linked process dies', {}, function (_from, state) {
    this.spawnLink(() => exit('linked'))
    return noreply(state)
  })
  await t('answered, then stopped', {}, async function (from, state) {
    this.reply(from, 'early')
    await this.sleep(40)
    return stop('late', state)
  })
  await t('answered, then crashed', {}, async function (from) {
    this.reply(from, 'early')
    await this.sleep(40)
    error('late')
  })
  const stopLater: Functions = { continue: (_go, state) => stop('later', state) }
  await t('ends in continue after noreply', stopLater, (_from, state) => noreply(state, { continue: 'go' }))
  const crashLater: Functions = {
    async continue() {
      await this.sleep(40)
      return error('later')
    },
  }
  await t('crashes in continue after reply', crashLater, (_from, state) => reply('got', state, { continue: 'go' }))
  await t('ends on the next message', {}, function (_from, state) {
    this.cast(this.self, 'do', (next) => stop('next', next))
    return noreply(state)
  })
  const waited: Functions = { info: (_timeout, state) => stop('waited', state) }
  await t('ends on its timeout', waited, (_from, state) => noreply(state, { timeout: 10 }))
  await t('terminate crashes', { term: () => error('in_terminate') }, (_from, state) => stop('normal', state))
  await t('terminate exits', { term: () => exit('in_terminate') }, (_from, state) => stop('boom', state))
  await t('terminate throws', { term: () => raise('in_terminate') }, (_from, state) => stop('boom', state))
  const answers: Functions = {
    term(_reason, from) {
      this.reply(from as never, 'from_terminate' as never)
    },
  }
  await t('terminate answers', answers, (from) => stop('boom', from))
  const boom: DoCall = (_from, state) => stop('boom', state)
  scn.log('-- by name')
  const bob = name(Srv, 'bob')
  await started(startSrv(this, {}, { name: bob }))
  scn.log(await scn.catching(() => this.call(bob, 'do', boom, { timeout: 1000 })))
  await started(startSrv(this, {}, { name: bob }))
  const here: Name<SrvApi> = { name: 'bob', node: this.node.name }
  scn.log(await scn.catching(() => this.call(here, 'do', boom, { timeout: Number.POSITIVE_INFINITY })))
  scn.log('-- a call that waits when another one ends the server')
  const p1 = await started(startSrv(this, { name: 's' }))
  const me = this.self
  for (const i of [1, 2]) {
    this.spawn(async function () {
      await this.sleep(10 * i)
      this.send(me, [String(i), await scn.catching(() => this.call(p1, 'i', i))])
    })
  }
  const slowly: DoCall = async function (_from, state) {
    await this.sleep(100)
    return stop('boom', state)
  }
  scn.log(`first ${await scn.catching(() => this.call(p1, 'do', slowly))}`)
  for (const i of ['1', '2']) scn.log(`${i} ${(await this.receive(tagged<string>(i)))[1]}`)
  scn.log('-- a server that calls another one that dies')
  const a = await started(startSrv(this, { name: 'a' }))
  const b = await started(startSrv(this, { name: 'b' }))
  const ma = this.monitor(a)
  const deep: DoCall = async function (_from, state) {
    return reply(await this.call(b, 'do', () => exit('deep')), state)
  }
  scn.log(await scn.catching(() => this.call(a, 'do', deep)))
  scn.log(`a down ${scn.fmt((await this.receive(downOf(ma))).reason)}`)
  scn.log('-- a server that calls itself')
  const c = await started(startSrv(this, { name: 'c' }))
  const itself: DoCall = async function (_from, state) {
    const caught = await this.call(this.self, 'get').catch((thrown: Exit) => ['EXIT', thrown.reason])
    return reply(caught, state)
  }
  scn.log(await scn.catching(() => this.call(c, 'do', itself)))
  scn.log('-- a process that is no server')
  const d = scn.spawnNamed(this, 'd', async function () {
    await this.receive()
    exit('no_server')
  })
  scn.log(await scn.catching(() => this.call(d as Pid<{ call: { hello(): void } }>, 'hello')))
  scn.log('-- a linked caller that traps exits: the call fails, and the exit message is there')
  this.trapExit(true)
  const e = await started(startSrvLink(this, { name: 'e' }))
  scn.log(await scn.catching(() => this.call(e, 'do', boom)))
  await scn.mailbox(this, 'mailbox')
  scn.log("-- a linked caller that does not dies with the server's reason, not with the call's")
  const k = this.spawn(async function () {
    const g = await started(startSrvLink(this, { name: 'g' }))
    await this.call(g, 'do', boom).catch(() => {})
    await this.receive(tagged('never'))
  })
  scn.log(scn.fmt(await scn.waitDown(this, k)))
}
