import * as kid from './harness/kid.ts'
import type { Scenario } from './harness/scenario.ts'
import * as tsup from './harness/tsup.ts'

/** one_for_all: others terminated in reverse start order with shutdown, then all started in start order. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const s = await tsup.start(this, { strategy: 'one_for_all', intensity: 10, period: 10 }, [
    kid.spec('a'),
    kid.spec('b', { restart: 'transient' }),
    kid.spec('t', { restart: 'temporary' }),
    kid.spec('c'),
  ])
  const ids = async () => scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
  scn.log('-- b dies abnormally')
  await kid.die(this, await kid.pid(this, s, 'b'), 'boom')
  await scn.settle()
  await ids()
  scn.log('-- transient b exits normal: nobody else touched')
  await kid.die(this, await kid.pid(this, s, 'b'), 'normal')
  await scn.settle()
  await ids()
  scn.log('-- c dies: stopped transient b is started again too')
  await kid.die(this, await kid.pid(this, s, 'c'), 'boom')
  await scn.settle()
  await ids()
  scn.log(`sup exit ${scn.fmt(await tsup.stop(this, s))}`)
}
