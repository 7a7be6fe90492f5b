import { exit, noreply, type Pid, stop, sys, TIMEOUT } from '../../lib/index.ts'
import { atom, downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type Functions, type SrvApi, started, startSrvLink } from './harness/srv.ts'
import { error } from './harness/terms.ts'

/** terminate/2: exactly when it runs and with which reason. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const t = async (name: string, functions: Functions, act: (p: Pid<SrvApi>) => unknown): Promise<void> => {
    scn.log(name)
    const p = await started(startSrvLink(this, { ...functions, name: 's' }))
    const m = this.monitor(p)
    await Promise.resolve(act(p)).catch(() => {})
    const message = await this.receive(downOf(m), { after: 100 })
    if (message === TIMEOUT) {
      scn.log('   still alive')
      this.exit(p, 'kill')
      await this.receive(downOf(m))
    } else scn.log(`   down ${scn.fmt(message.reason)}`)
    await scn.flush(this)
  }
  const stopNormally = (p: Pid<SrvApi>) => this.cast(p, 'do', (state) => stop('normal', state))
  await t('{stop,normal,S}', {}, stopNormally)
  await t('{stop,oops,S}', {}, (p) => this.cast(p, 'do', (state) => stop('oops', state)))
  await t('callback error', {}, (p) => this.cast(p, 'do', () => error('e')))
  await t('callback exit', {}, (p) => this.cast(p, 'do', () => exit('x')))
  const throwing = () => {
    throw 't'
  }
  await t('callback throw (bad return)', {}, (p) => this.cast(p, 'do', throwing))
  await t('bad return value', {}, (p) => this.cast(p, 'do', () => 'bad'))
  await t('gen_server:stop/1', {}, (p) => sys.stop(this, p))
  await t('gen_server:stop(P, other, _)', {}, (p) => sys.stop(this, p, 'other', 1000))
  await t('parent exit signal shutdown, not trapping', {}, (p) => this.exit(p, 'shutdown'))
  await t('parent exit signal shutdown, trapping', { trap: true }, (p) => this.exit(p, 'shutdown'))
  await t('parent exit signal normal, not trapping', {}, (p) => this.exit(p, 'normal'))
  await t('parent exit signal normal, trapping', { trap: true }, (p) => this.exit(p, 'normal'))
  await t('kill, trapping', { trap: true }, (p) => this.exit(p, 'kill'))
  await t('non-parent exit signal boom, not trapping', {}, (p) =>
    this.spawn(function () {
      this.exit(p, 'boom')
    }),
  )
  await t('non-parent exit signal boom, trapping -> handle_info', { trap: true }, (p) => {
    const x = this.spawn(async function () {
      await this.receive(atom('go'))
      this.exit(p, 'boom')
    })
    scn.name('stranger', x)
    this.send(x, 'go')
  })
  await t('linked child dies, not trapping', {}, (p) =>
    this.cast(p, 'do', function (state) {
      this.spawnLink(() => exit('kid_died'))
      return noreply(state)
    }),
  )
  await t('linked child dies, trapping -> handle_info', { trap: true }, (p) =>
    this.cast(p, 'do', function (state) {
      const k = this.spawnLink(async function () {
        await this.receive(atom('go'))
        exit('kid_died')
      })
      scn.name('kid', k)
      this.send(k, 'go')
      return noreply(state)
    }),
  )
  const crashing = () => {
    scn.log('   in terminate')
    error('in_term')
  }
  await t('terminate itself crashes', { term: crashing }, stopNormally)
  const throwingIt = () => {
    throw 'in_term'
  }
  await t('terminate itself throws', { term: throwingIt }, stopNormally)
  await t('terminate itself exits', { term: () => exit('in_term') }, stopNormally)
  const early = await startSrvLink(this, { init: () => stop('early') })
  scn.log(`init {stop,_}: ${scn.fmt(early)} (no terminate)`)
}
