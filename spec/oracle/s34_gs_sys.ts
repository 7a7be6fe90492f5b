import { type Context, type Dest, sys } from '../../lib/index.ts'
import { makeCall, SYSTEM } from '../../lib/kernel/calls.ts'
import { Process } from '../../lib/kernel/process.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { Srv, started, startSrv } from './harness/srv.ts'
import { error, list } from './harness/terms.ts'

/** A system request that no function of `sys` makes: `{system, From, Request}` sent by hand. */
function systemRequest(self: Context, to: Dest, request: string): Promise<unknown> {
  if (!(self instanceof Process)) throw new Error('not in a process')
  return makeCall(self, to, SYSTEM, request, [], undefined)
}

/** sys: get_state, replace_state, suspend/resume, statistics, log, install, get_status, terminate, change_code. */
export const main: Scenario = async function (scn) {
  const done = async (doing: Promise<void>): Promise<string> => ((await doing) === undefined ? 'ok' : 'not ok')
  const p = await started(startSrv(this, { name: 's', state: 1 }))
  const before = await sys.getState(this, p)
  const replaced = await sys.replaceState<number>(this, p, (state) => state + 41)
  scn.log(`get_state ${before}, replace_state ${replaced}, get_state ${await sys.getState(this, p)}`)
  scn.log(`replace_state crash -> ${await scn.catching(() => sys.replaceState(this, p, () => error('no')))}`)
  scn.log(`state unchanged ${await sys.getState(this, p)}`)
  scn.log(`suspend ${await done(sys.suspend(this, p))}, suspend again ${await done(sys.suspend(this, p))}`)
  this.cast(p, 'message', 'queued1')
  this.cast(p, 'message', 'queued2')
  const suspended = await scn.catching(() => this.call(p, 'get', undefined, { timeout: 30 }))
  scn.log(`call while suspended -> ${suspended}`)
  scn.log(`get_state works while suspended ${await sys.getState(this, p)}`)
  scn.log(`resume ${await done(sys.resume(this, p))}`)
  await this.call(p, 'sync')
  await sys.statistics(this, p, true)
  await this.call(p, 'a')
  this.cast(p, 'message', 'b')
  this.send(p, 'c')
  await this.call(p, 'd')
  const [, st] = await sys.statistics(this, p, 'get')
  if (st === 'no_statistics') throw new Error('badmatch')
  const keys = scn.fmt(list(Object.keys(st)))
  scn.log(`statistics in ${st.messages_in} out ${st.messages_out} keys ${keys}`)
  await sys.statistics(this, p, false)
  scn.log(`stats off: ${scn.fmt(await sys.statistics(this, p, 'get'))}`)
  await sys.log(this, p, [true, 3])
  await this.call(p, 'a')
  this.cast(p, 'message', 'b')
  const [, l] = await sys.log(this, p, 'get')
  scn.log(`log(3) ${scn.fmt(list(l.map((event) => event[0])))}`)
  await sys.noDebug(this, p)
  const count: sys.DebugFunction<number> = (counted, event) => {
    if (event[0] === 'in') return counted + 1
    scn.log(`debug fun counted ${counted}`)
    return 'done'
  }
  await sys.install(this, p, [count, 0])
  await this.call(p, 'a')
  const [, , [, m], [pd, sysState, parent, dbg, misc]] = await sys.getStatus(this, p)
  const [header] = misc[0] as readonly [string]
  const shown = `pdict? ${Array.isArray(pd)} sysstate ${sysState} parent ${parent === p} dbg ${scn.fmt(list(dbg))}`
  scn.log(`get_status module ${m} ${shown} misc header ${header}`)
  await sys.suspend(this, p)
  scn.log(`change_code ${scn.fmt(await sys.changeCode(this, p, Srv, 'old', 'extra'))}`)
  await sys.resume(this, p)
  const running = await scn.catching(() => sys.changeCode(this, p, Srv, 'old', 'extra'))
  scn.log(`change_code when running -> ${running}`)
  scn.log(`bogus system msg -> ${scn.fmt(['tag', await systemRequest(this, p, 'bogus')])}`)
  const mr = this.monitor(p)
  scn.log(`sys:terminate ${await done(sys.terminate(this, p, 'by_sys'))}`)
  const { reason } = await this.receive(downOf(mr))
  scn.log(`down ${scn.fmt(reason)}`)
}
