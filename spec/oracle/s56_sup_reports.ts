import * as kid from './harness/kid.ts'
import { exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

/** every report a supervisor emits: labels, context, offender keys. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  scn.withLogs(({ level, label: [by, l], details, metadata }) => {
    if (by !== 'supervisor') return
    const child = list(Object.keys((details.offender ?? details.started) as object))
    const context = scn.fmt(details.errorContext)
    const domain = scn.fmt(list(metadata?.domain ?? []))
    const reason = scn.fmt(details.reason)
    scn.log(`   ${level} ${l} ctx=${context} reason=${reason} domain=${domain} child_keys=${scn.fmt(child)}`)
  })
  scn.log('start')
  const s = await tsup.start(this, { intensity: 1, period: 5 }, [kid.spec('a')])
  await scn.settle(30)
  scn.log('child crash + restart')
  await kid.die(this, await kid.pid(this, s, 'a'), 'boom')
  await scn.settle(30)
  scn.log('second crash')
  await kid.die(this, await kid.pid(this, s, 'a'), 'boom')
  await this.receive(exitOf(s))
  await scn.settle(30)
  scn.log('temporary crash')
  const t = await tsup.start(this, {}, [kid.spec('t', { restart: 'temporary' })])
  await kid.die(this, await kid.pid(this, t, 't'), 'boom')
  await scn.settle(30)
  scn.log('transient normal exit (no error report)')
  const u = await tsup.start(this, {}, [kid.spec('u', { restart: 'transient' })])
  await kid.die(this, await kid.pid(this, u, 'u'), 'normal')
  await scn.settle(30)
  scn.log('permanent normal exit')
  const v = await tsup.start(this, {}, [kid.spec('v')])
  await kid.die(this, await kid.pid(this, v, 'v'), 'normal')
  await scn.settle(30)
  scn.log('start error')
  await tsup.startLink(this, {}, [kid.spec('w', {}, { init: () => ['stop', 'why'] })])
  await scn.settle(30)
}
