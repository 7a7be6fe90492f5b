import { type ChildSpec, type Pid, Supervisor } from '../../lib/index.ts'
import { seq } from './harness/erlang.ts'
import * as kid from './harness/kid.ts'
import { exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import * as tsup from './harness/tsup.ts'

type Restart = NonNullable<ChildSpec['restart']>

/** intensity/period: exceeding it stops the rest in reverse order, supervisor exits with shutdown. */
export const main: Scenario = async function (scn) {
  const run = async (tag: string, flags: tsup.Flags, deaths: number): Promise<void> => {
    scn.log(`-- ${tag}`)
    const s = await tsup.start(this, flags, [kid.spec('a'), kid.spec('b'), kid.spec('c')])
    for (const _ of seq(deaths)) {
      if (!this.node.isAlive(s)) break
      await kid.die(this, await kid.pid(this, s, 'b'), 'boom')
      await scn.settle(40)
    }
    if (this.node.isAlive(s)) {
      scn.log('sup alive')
      await tsup.stop(this, s)
    } else scn.log(`sup exited ${scn.fmt((await this.receive(exitOf(s))).reason)}`)
  }
  this.trapExit(true)
  await run('default flags (1 in 5s), 2 deaths', {}, 2)
  await run('intensity 0, 1 death', { intensity: 0 }, 1)
  await run('intensity 2 in 5, 2 deaths', { intensity: 2, period: 5 }, 2)
  await run('intensity 2 in 5, 3 deaths', { intensity: 2, period: 5 }, 3)
  // old restarts outside the window are forgotten (whole-second resolution: Now - R > period)
  scn.log('-- intensity 1 period 1, deaths 2.2s apart')
  const s = await tsup.start(this, { intensity: 1, period: 1 }, [kid.spec('w')])
  for (const _ of [1, 2, 3]) {
    await kid.die(this, await kid.pid(this, s, 'w'), 'boom')
    await this.sleep(2200)
  }
  scn.log(`sup alive ${this.node.isAlive(s)}`)
  await tsup.stop(this, s)
  // a parent supervisor sees the exhausted child exit with shutdown and restarts it if permanent
  scn.log('-- nested: inner supervisor exhausted, outer restarts it')
  const inner = (restart: Restart) =>
    Supervisor.child({ intensity: 0, children: [kid.spec('x')] }, { id: 'inner', restart })
  const o = await tsup.start(this, { intensity: 1, period: 10 }, [inner('permanent')])
  const kill = async (outer: tsup.Sup): Promise<void> => {
    const i = await innerOf(outer)
    await kid.die(this, await kid.pid(this, i, 'x'), 'boom')
    await scn.settle()
  }
  const innerOf = async (outer: tsup.Sup): Promise<tsup.Sup> => {
    const [info] = await Supervisor.whichChildren(this, outer)
    return info![1] as Pid as tsup.Sup
  }
  await kill(o)
  scn.log(`outer alive ${this.node.isAlive(o)}`)
  await kill(o)
  scn.log(`outer exited ${scn.fmt((await this.receive(exitOf(o))).reason)}`)
  scn.log('-- nested transient supervisor: shutdown counts as normal, so it is not restarted')
  const o2 = await tsup.start(this, { intensity: 1, period: 10 }, [inner('transient')])
  await kill(o2)
  const children = scn.fmt(await tsup.children(this, o2))
  scn.log(`outer2 alive ${this.node.isAlive(o2)} children ${children}`)
}
