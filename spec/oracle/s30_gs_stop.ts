import { exit, noreply, reply, sys } from '../../lib/index.ts'
import { stop } from './harness/erlang.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { started, startSrv, startSrvLink } from './harness/srv.ts'
import { error } from './harness/terms.ts'

const infinity = Number.POSITIVE_INFINITY

/** gen_server:stop/1,3. */
export const main: Scenario = async function (scn) {
  const a = await started(startSrv(this, { name: 'a' }))
  scn.log(`stop/1 -> ${await scn.catching(() => stop(this, a))}`)
  const b = await started(startSrv(this, { name: 'b' }))
  scn.log(`stop(B,custom,inf) -> ${await scn.catching(() => stop(this, b, 'custom', infinity))}`)
  const c = await started(startSrv(this, { name: 'c', term: () => this.sleep(200) }))
  const short = await scn.catching(() => stop(this, c, 'normal', 20))
  scn.log(`stop with short timeout -> ${short}; alive after: ${this.node.isAlive(c)}`)
  await scn.waitDown(this, c)
  const d = await started(startSrv(this, { name: 'd', term: () => error('boom') }))
  scn.log(`terminate crashes -> ${await scn.catching(() => stop(this, d))}`)
  const e = await started(startSrv(this, { name: 'e', term: () => exit('other') }))
  scn.log(`terminate exits other -> ${await scn.catching(() => stop(this, e))}`)
  const f = await started(startSrv(this, { name: 'f' }))
  this.spawn(async function () {
    await this.sleep(30)
    this.exit(f, 'kill')
  })
  const killed = await scn.catching(() => {
    this.cast(f, 'do', async function (state) {
      await this.sleep(200)
      return noreply(state)
    })
    return stop(this, f)
  })
  scn.log(`killed while busy -> ${killed}`)
  // messages queued before stop are processed first
  const g = await started(startSrv(this, { name: 'g' }))
  this.cast(g, 'message', 1)
  this.cast(g, 'message', 2)
  await stop(this, g)
  // messages queued after the stop request are dropped
  const h = await started(startSrv(this, { name: 'h' }))
  await sys.suspend(this, h)
  this.cast(h, 'message', 'before_stop')
  const mh = this.monitor(h)
  this.spawn(async function () {
    await stop(this, h)
  })
  const wh = (await this.receive(downOf(mh))).reason
  scn.log(`suspended server can be stopped: ${scn.fmt(wh)} (the queued cast was never handled)`)
  const i = await started(startSrvLink(this, { name: 'i' }))
  const inside = await this.call(i, 'do', async function (_from, state) {
    return reply(await scn.catching(() => stop(this, this.self)), state)
  })
  scn.log(`stop(self) from inside -> ${inside}`)
  // linked caller, stop with abnormal reason kills the non trapping linked caller
  const [, m] = this.spawnMonitor(async function () {
    const j = await started(startSrvLink(this, { name: 'j' }))
    await stop(this, j, 'abnormal', infinity)
    await this.sleep(50)
    exit('survived')
  })
  scn.log(`linked caller of stop(J,abnormal): ${scn.fmt((await this.receive(downOf(m))).reason)}`)
}
