import { TIMEOUT } from '../../lib/index.ts'
import { link, linksOf, unlink } from './harness/erlang.ts'
import type { Scenario } from './harness/scenario.ts'

/** link/1 to a dead pid with and without trap_exit. */
export const main: Scenario = async function (scn) {
  const d = await scn.dead(this)
  const a = this.spawn(async function () {
    const r = await scn.catching(() => link(this, d))
    scn.log(`no trap: link returned ${r}`)
    await this.sleep(50)
    scn.log('no trap: still alive?!')
  })
  scn.log(`no trap: process ended with ${scn.fmt(await scn.waitDown(this, a))}`)
  const b = this.spawn(async function () {
    this.trapExit(true)
    const r = await scn.catching(() => link(this, d))
    scn.log(`trap: link -> ${r}`)
    const m = await this.receive(undefined, { after: 50 })
    scn.log(m === TIMEOUT ? 'trap: nothing' : `trap: got ${scn.fmt(m)}`)
  })
  scn.log(`trap: process ended with ${scn.fmt(await scn.waitDown(this, b))}`)
  const linked = await scn.catching(() => link(this, this.self))
  scn.log(`link(self()) -> ${linked}, links=${scn.fmt(linksOf(this.node, this.self))}`)
  scn.log(`link(not_a_pid) -> ${await scn.catching(() => link(this, 'foo' as never))}`)
  scn.log(`unlink(dead) -> ${await scn.catching(() => unlink(this, d))}`)
}
