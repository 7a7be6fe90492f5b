import { Supervisor } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

/** Start order, shutdown order (reverse), which_children order, nested supervisor. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const s = await tsup.start(this, { strategy: 'one_for_one' }, [kid.spec('a'), kid.spec('b'), kid.spec('c')])
  scn.name('sup', s)
  const before = await Supervisor.whichChildren(this, s)
  scn.log(`which_children ${scn.fmt(list(before.map(([i, p, t]) => [i, p, t])))}`)
  const count = await Supervisor.countChildren(this, s)
  scn.log(`count_children ${scn.fmt(list(Object.entries(count)))}`)
  await Supervisor.startChild(this, s, kid.spec('d'))
  const after = await Supervisor.whichChildren(this, s)
  scn.log(`after start_child ids ${scn.fmt(list(after.map(([i]) => i)))}`)
  scn.log(`sup exit ${scn.fmt(await tsup.stop(this, s))}`)
  // nested: the inner tree is stopped completely before the earlier sibling
  const inner = Supervisor.child({ children: [kid.spec('x'), kid.spec('y')] }, { id: 'inner' })
  const t = await tsup.start(this, {}, [kid.spec('p'), inner, kid.spec('q')])
  scn.log('-- stopping outer')
  scn.log(`outer exit ${scn.fmt(await tsup.stop(this, t))}`)
}
