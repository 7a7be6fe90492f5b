import { type Body, exit, Fault, Pid, type SpawnReply } from '../../lib/index.ts'
import { about, downOf, exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'

const nomod: { nofun: Body } = Object.create(null)

/** spawn, spawn_link, spawn_monitor, spawn_opt. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const l = this.spawnLink(() => exit('a'))
  scn.log(`spawn_link EXIT ${scn.fmt((await this.receive(exitOf(l))).reason)}`)
  const [, m] = this.spawnMonitor(() => exit('b'))
  scn.log(`spawn_monitor DOWN ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  const [p3, m3] = this.spawnOpt(() => exit('c'), { link: true, monitor: true })
  await this.sleep(20)
  const both = (await scn.flush(this)).filter((x) => exitOf(p3)(x) || downOf(m3)(x))
  const types = both.map((x) => (x as { type: string }).type)
  scn.log(`spawn_opt [link,monitor] both: ${scn.fmt(list(types.sort()))}`)
  const u = this.spawn(nomod.nofun)
  const why = await scn.waitDown(this, u)
  const gone = why === 'noproc' || (why instanceof Fault && why.code === 'undef')
  scn.log(`spawn of undefined function returns a pid, dies: ${scn.fmt(gone ? 'already_gone' : why)}`)
  const [, m4] = this.spawnMonitor(nomod.nofun)
  scn.log(`spawn_monitor undefined fn -> ${scn.fmt((await this.receive(downOf(m4))).reason)}`)
  scn.log(`spawn bad args -> ${await scn.catching(() => this.spawn(1 as never, 2, 3))}`)
  const id = this.spawnRequest(() => exit('normal'), { replyTag: 'rt', monitor: true })
  const isReply = about<SpawnReply>('rt', id)
  await this.receive((x) => isReply(x) && x.result[0] === 'ok' && x.result[1] instanceof Pid)
  scn.log('spawn_request reply {rt,ref,ok,pid}')
  scn.log(`spawn_request monitor ref == request id, DOWN ${scn.fmt((await this.receive(downOf(id))).reason)}`)
  const [, m6] = this.spawnOpt(() => 'ok', { monitor: { tag: 'mytag' } })
  const isTagged = downOf(m6, 'mytag')
  await this.receive((x) => isTagged(x) && x.reason === 'normal')
  scn.log('spawn_opt monitor tag ok')
}
