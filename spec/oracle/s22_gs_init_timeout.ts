import { ok, type Pid, type Self } from '../../lib/index.ts'
import { tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type SrvApi, startSrv, startSrvLink } from './harness/srv.ts'

/** {timeout,T} start option: child is killed and {error,timeout} returned. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const me = this.self
  const init = async function (this: Self<SrvApi>) {
    this.send(me, ['child', this.self])
    this.trapExit(true)
    await this.sleep(300)
    scn.log('init finished?!')
    return ok('s')
  }
  const child = async () => (await this.receive(tagged<Pid>('child')))[1]
  scn.log(`start -> ${scn.fmt(await startSrv(this, { init }, { timeout: 50 }))}`)
  scn.log(`child alive: ${this.node.isAlive(await child())}`)
  scn.log(`start_link -> ${scn.fmt(await startSrvLink(this, { init }, { timeout: 50 }))}`)
  scn.log(`child alive: ${this.node.isAlive(await child())}`)
  const named = await startSrv(this, { init }, { name: 'nm', timeout: 50 })
  scn.log(`named start -> ${scn.fmt(named)}, name free: ${scn.fmt(this.node.whereis('nm'))}`)
  await child()
  await scn.mailbox(this, 'caller mailbox (EXIT flushed)')
}
