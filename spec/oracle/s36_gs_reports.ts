import { type Context, exit, type Pid, procLib, type Report, stop, sys } from '../../lib/index.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type Functions, type SrvApi, started, startSrv } from './harness/srv.ts'
import { charlist, error, list } from './harness/terms.ts'

/** What the emulator itself writes about a process that nobody of OTP started: the pid and the reason, in this text. */
const EMULATOR_TEXT = 'Error in process ~p with exit value:~n~p~n'

/** logger events produced by gen_server / proc_lib for each kind of end. */
export const main: Scenario = async function (scn) {
  scn.withLogs(({ level, label, details, metadata }: Report) => {
    if (label[0] === 'process') {
      const event = [charlist(EMULATOR_TEXT), list([details.pid, details.reason])]
      return scn.log(`   log ${level} ${scn.fmt(event)}`)
    }
    const keys = scn.fmt(list(['label', ...Object.keys(details)].sort()))
    const domain = metadata?.domain === undefined ? 'none' : scn.fmt(list(metadata.domain))
    scn.log(`   log ${level} ${scn.fmt(label)} keys=${keys} domain=${domain}`)
  })
  const t = async (name: string, functions: Functions, act: (pid: Pid<SrvApi>) => unknown): Promise<void> => {
    scn.log(name)
    const p = await started(startSrv(this, { ...functions, term: () => 'ok' }))
    const m = this.monitor(p)
    await act(p)
    await this.receive(downOf(m))
    await scn.settle(30)
  }
  await t('stop normal', {}, (p) => sys.stop(this, p))
  await t('stop shutdown', {}, (p) => sys.stop(this, p, 'shutdown', 1000))
  await t('stop {shutdown,x}', {}, (p) => sys.stop(this, p, ['shutdown', 'x'], 1000))
  await t('stop other', {}, (p) => sys.stop(this, p, 'other', 1000))
  await t('callback error', {}, (p) => this.cast(p, 'do', () => error('e')))
  await t('killed', {}, (p) => this.exit(p, 'kill'))
  await t('untrapped exit signal', {}, (p) => this.exit(p, 'boom'))
  scn.log('init stop')
  await startSrv(this, { init: () => stop('why') })
  await scn.settle(30)
  scn.log('init error')
  await startSrv(this, { init: () => error('why') })
  await scn.settle(30)
  const crashing = async (name: string, body: (this: Context) => void): Promise<void> => {
    scn.log(name)
    const [, m] = this.spawnMonitor(body)
    await this.receive(downOf(m))
    await scn.settle(40)
  }
  await crashing('plain spawn crash', () => error('plain'))
  await crashing('plain spawn exit(x)', () => exit('x'))
  scn.log('proc_lib crash report info keys')
  scn.withLogs(({ label, details }) => {
    if (label[1] !== 'crash') return
    const [info, linked] = details.report as readonly [object, readonly unknown[]]
    scn.log(`   ${scn.fmt(list(Object.keys(info)))} linked ${scn.fmt(list(linked))}`)
  })
  procLib.spawn(this, () => error('x'))
  await scn.settle(40)
}
