import { Pid, Supervisor } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import type { Scenario } from './harness/scenario.ts'
import { match } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

/** permanent/transient/temporary x exit reasons: restarted? spec kept? */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  for (const t of ['permanent', 'transient', 'temporary'] as const) {
    for (const r of ['normal', 'shutdown', ['shutdown', 'x'], 'boom', 'kill']) {
      const s = await tsup.start(this, { intensity: 5, period: 5 }, [kid.spec('k', { restart: t })])
      const p = await kid.pid(this, s, 'k')
      await kid.die(this, p, r)
      await scn.settle(30)
      const [info] = await Supervisor.whichChildren(this, s)
      let res = 'restarted'
      if (info === undefined) res = 'spec_removed'
      else if (info[1] === undefined) res = 'stopped_spec_kept'
      else match(info[1] instanceof Pid && info[1] !== p, info)
      scn.log(`=> ${t} exits ${scn.fmt(r)}: ${res}`)
      await tsup.stop(this, s)
    }
  }
}
