import { exit, name, noreply, type Pid, type Reason, reply, stop, stopReply, TIMEOUT } from '../../lib/index.ts'
import { downOf, exitOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type DoCall, type Functions, Srv, type SrvApi, started, startSrv, startSrvLink } from './harness/srv.ts'
import { error } from './harness/terms.ts'

function raise(term: unknown): never {
  throw term
}

/** {stop, Reason, Reply, State}: terminate runs first, the reply follows it, then the end. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const t = async (label: string, functions: Functions, run: DoCall, timeout = 5000): Promise<void> => {
    scn.log(`-- ${label}`)
    const p = await started(startSrvLink(this, { ...functions, name: 's' }))
    const result = await scn.catching(() => this.call(p, 'do', run, { timeout }))
    scn.log(`call ${result}`)
    const message = await this.receive(exitOf(p), { after: 300 })
    if (message === TIMEOUT) {
      scn.log('alive')
      this.exit(p, 'kill')
      await this.receive(exitOf(p))
    } else scn.log(`exit ${scn.fmt(message.reason)}`)
    await scn.mailbox(this, 'left')
  }
  const bye =
    (reason: Reason): DoCall =>
    () =>
      stopReply(reason, 'bye', 'new_state')
  await t('normal', {}, bye('normal'))
  await t('shutdown', {}, bye('shutdown'))
  await t('boom', {}, bye('boom'))
  await t('infinity', {}, bye('boom'), Number.POSITIVE_INFINITY)
  const slow: Functions = {
    async term(reason, state) {
      scn.log(`terminate ${scn.fmt(reason)} ${scn.fmt(state)}`)
      await this.sleep(60)
      scn.log('terminated')
    },
  }
  await t('terminate takes its time', slow, bye('normal'))
  const slower: Functions = {
    async term() {
      await this.sleep(100)
      scn.log('terminated')
    },
  }
  await t('too much of it', slower, bye('normal'), 20)
  const crashes: Functions = {
    term() {
      scn.log('terminate')
      error('broken')
    },
  }
  await t('terminate crashes', crashes, bye('normal'))
  await t('terminate exits', { term: () => exit('broken') }, bye('normal'))
  await t('terminate throws', { term: () => raise('broken') }, bye('boom'))
  const killed: Functions = {
    async term() {
      this.exit(this.self, 'kill')
      await this.sleep(50)
    },
  }
  await t('terminate is killed', killed, bye('normal'))
  await t('answered before', {}, async function (from) {
    this.reply(from, 'early')
    await this.sleep(40)
    return stopReply('normal', 'later', 's')
  })
  await t('by throw', {}, (_from, state) => raise(stopReply('thrown', 'bye', state)))
  await t('noreply stop', {}, (_from, state) => stop('normal', state))
  const answers: Functions = {
    async term(_reason, from) {
      this.reply(from as never, 'from_terminate' as never)
      await this.sleep(30)
    },
  }
  await t('noreply stop, terminate answers', answers, (from) => stop('normal', from))
  scn.log('-- others that wait get the reason')
  const me = this.self
  const p = await started(startSrv(this, { name: 's' }))
  for (const i of [1, 2]) {
    this.spawn(async function () {
      await this.sleep(20 * i)
      this.send(me, [String(i), await scn.catching(() => this.call(p, 'i', i))])
    })
  }
  const slowly: DoCall = async function (_from, state) {
    await this.sleep(100)
    return stopReply('done', 'bye', state)
  }
  scn.log(`first ${await scn.catching(() => this.call(p, 'do', slowly))}`)
  for (const i of ['1', '2']) scn.log(`${i} ${(await this.receive(tagged<string>(i)))[1]}`)
  scn.log('-- where there is nobody to answer it is a bad return')
  const wrong = (state: unknown) => stopReply('normal', 'r', state)
  const places: readonly [string, Functions, (q: Pid<SrvApi>) => void][] = [
    ['cast', {}, (q) => this.cast(q, 'do', wrong)],
    ['info', { info: (_message, state) => wrong(state) }, (q) => this.send(q, 'x')],
    [
      'continue',
      { continue: (_what, state) => wrong(state) },
      (q) => this.cast(q, 'do', (state) => noreply(state, { continue: 'c' })),
    ],
    ['cast_reply', {}, (q) => this.cast(q, 'do', (state) => reply('r', state))],
  ]
  for (const [label, functions, act] of places) {
    const q = await started(startSrv(this, { ...functions, name: 'q' }))
    const m = this.monitor(q)
    act(q)
    scn.log(`${label} ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  }
  scn.log('-- the name is there in terminate, and gone afterwards')
  const bob = name(Srv, 'bob')
  const functions: Functions = {
    name: 'bob',
    term() {
      scn.log(`in terminate ${this.node.whereis('bob') === this.self}`)
    },
  }
  await started(startSrv(this, functions, { name: bob }))
  scn.log(scn.fmt(await this.call(bob, 'do', (_from, state) => stopReply('normal', 'bye', state))))
  await scn.settle()
  scn.log(scn.fmt(this.node.whereis('bob')))
}
