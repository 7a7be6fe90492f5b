import { type Dest, name, type Pid, reply, sys } from '../../lib/index.ts'
import { cast, stop } from './harness/erlang.ts'
import type { Scenario } from './harness/scenario.ts'
import { Srv, type SrvApi, started, startSrv } from './harness/srv.ts'
import { charlist, GlobalName, global } from './harness/terms.ts'

/** Exit reason shapes of gen_server:call/stop against missing servers. */
export const main: Scenario = async function (scn) {
  const d: Pid<SrvApi> = await scn.dead(this)
  const nosuch = name(Srv, 'nosuch')
  const missing: readonly Dest<SrvApi>[] = [
    nosuch,
    d,
    new GlobalName('nosuch'),
    { via: global, key: 'nosuch' },
    { name: 'nosuch', node: this.node.name },
    { name: 'nosuch', node: 'other@nowhere' },
  ]
  for (const n of missing) scn.log(`call(${scn.fmt(n)}) -> ${await scn.catching(() => this.call(n, 'req'))}`)
  const brief = await scn.catching(() => this.call(nosuch, 'req', undefined, { timeout: 100 }))
  scn.log(`call with timeout -> ${brief}`)
  const endless = { timeout: Number.POSITIVE_INFINITY }
  scn.log(`call with infinity -> ${await scn.catching(() => this.call(d, 'req', undefined, endless))}`)
  for (const n of missing) scn.log(`cast(${scn.fmt(n)}) -> ${await scn.catching(() => cast(this, n))}`)
  for (const n of missing.slice(0, 3)) scn.log(`stop(${scn.fmt(n)}) -> ${await scn.catching(() => stop(this, n))}`)
  const selfCaller = name(Srv, 'self_caller')
  const s = await started(startSrv(this, {}, { name: selfCaller }))
  const byPid = await this.call(s, 'do', async function (_from, state) {
    return reply(await scn.catching(() => this.call(this.self, 'x')), state)
  })
  scn.log(`call self by pid -> ${byPid}`)
  const byName = await this.call(s, 'do', async function (_from, state) {
    return reply(await scn.catching(() => this.call(selfCaller, 'x')), state)
  })
  scn.log(`call self by name -> ${byName}`)
  scn.log(`call bad timeout -> ${await scn.catching(() => this.call(s, 'x', undefined, { timeout: -1 }))}`)
  scn.log(`call bad server ref -> ${await scn.catching(() => this.call<SrvApi, 'x'>(charlist('str'), 'x'))}`)
  scn.log(`sys:get_state(nosuch) -> ${await scn.catching(() => sys.getState(this, nosuch))}`)
}
