import type { Pid } from '../../lib/index.ts'
import { type Context, enterLoop, exit, procLib, type Reason } from '../../lib/index.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { scnOf } from './harness/scn.ts'
import { Srv, type SrvApi } from './harness/srv.ts'

async function boot(this: Context, ack: unknown, name: string): Promise<never> {
  scnOf(this.node).name(name, this.self)
  procLib.initAck(this, ack)
  return enterLoop(this, Srv, 7)
}

/** enter_loop and proc_lib start_link/init_ack. */
export const main: Scenario = async function (scn) {
  const down = async (pid: Pid): Promise<Reason> => (await this.receive(downOf(this.monitor(pid)))).reason
  const [, p] = (await procLib.start(this, boot, [['ok', 'dummy'], 'e'])) as readonly [string, unknown]
  scn.log(`init_ack value is whatever was passed: ${scn.fmt(p)}`)
  const q = procLib.spawn(this, async function () {
    return enterLoop(this, Srv, 7)
  })
  scn.log(`enter_loop state ${scn.fmt(await this.call(q as Pid<SrvApi>, 'get'))}`)
  const r = this.spawn(async function () {
    return enterLoop(this, Srv, 7)
  })
  const w = await down(r)
  scn.log(`plain spawn + enter_loop dies: ${scn.fmt(w === 'noproc' ? 'process_was_not_started_by_proc_lib' : w)}`)
  const named = procLib.spawn(this, async function () {
    return enterLoop(this, Srv, 7, { name: 'notme' })
  })
  scn.log(`wrong name: ${scn.fmt(await down(named))}`)
  const early = await procLib.start(this, () => exit('early'), [])
  scn.log(`proc_lib:start child exits before ack -> ${scn.fmt(early)}`)
  const returned = await procLib.start(this, () => this.self, [])
  scn.log(`proc_lib:start normal return before ack -> ${scn.fmt(returned)}`)
  const sleeping = procLib.start(
    this,
    async function () {
      await this.sleep(1000)
    },
    [],
    { timeout: 20 },
  )
  scn.log(`proc_lib:start timeout -> ${scn.fmt(await sleeping)}`)
  const initial = scn.fmt(procLib.translateInitialCall(this, q))
  scn.log(`initial_call ${initial}, ancestors is list ${Array.isArray(procLib.ancestors(this, q))}`)
}
