import * as kid from './harness/kid.ts'
import type { Scenario } from './harness/scenario.ts'
import * as tsup from './harness/tsup.ts'

/** Only the dead child is restarted; position in which_children unchanged. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const flags = { strategy: 'one_for_one', intensity: 10, period: 10 } as const
  const s = await tsup.start(this, flags, [kid.spec('a'), kid.spec('b'), kid.spec('c')])
  const ids = async () => scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
  await kid.die(this, await kid.pid(this, s, 'b'), 'boom')
  await scn.settle()
  await ids()
  await kid.die(this, await kid.pid(this, s, 'a'), 'kill')
  await scn.settle()
  await ids()
  await kid.die(this, await kid.pid(this, s, 'c'), 'normal')
  await scn.settle()
  await ids()
  scn.log(`sup exit ${scn.fmt(await tsup.stop(this, s))}`)
}
