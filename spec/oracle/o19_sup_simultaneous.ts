import { type ChildSpec, type RestartStrategy, Supervisor, sys } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { downOf, exitOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import * as tsup from './harness/tsup.ts'

/** Children that are dead before the supervisor looks: how often it restarts, and what it counts. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const run = async (
    strategy: RestartStrategy,
    intensity: number,
    victims: readonly string[],
    label: string,
    kids: readonly ChildSpec[],
  ): Promise<void> => {
    scn.log(`-- ${strategy}, intensity ${intensity}, ${label}`)
    const s = await tsup.start(this, { strategy, intensity, period: 5 }, kids)
    const m = this.monitor(s)
    const pids = []
    for (const victim of victims) pids.push(await kid.pid(this, s, victim))
    await sys.suspend(this, s)
    for (const pid of pids) {
      await kid.die(this, pid, 'boom')
      await scn.settle()
    }
    scn.log('resume')
    await sys.resume(this, s).catch(() => {})
    await scn.settle(100)
    const alive = this.node.isAlive(s)
    if (alive) {
      scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
      this.exit(s, 'shutdown')
    }
    scn.log(`sup ${alive ? '' : 'gave up '}${scn.fmt((await this.receive(downOf(m))).reason)}`)
    await scn.flush(this)
  }
  const all: readonly RestartStrategy[] = ['one_for_one', 'one_for_all', 'rest_for_one']
  const groups: readonly RestartStrategy[] = ['one_for_all', 'rest_for_one']
  const abc = [kid.spec('a'), kid.spec('b'), kid.spec('c')]
  for (const strategy of all) for (const i of [1, 2]) await run(strategy, i, ['a', 'b'], 'a and b', abc)
  for (const strategy of all) await run(strategy, 1, ['b', 'a'], 'b and a', abc)
  for (const strategy of all) await run(strategy, 2, ['c', 'a'], 'c and a', abc)
  for (const strategy of groups) await run(strategy, 1, ['a', 'b', 'c'], 'all', abc)
  await run('one_for_one', 3, ['a', 'b', 'c'], 'all', abc)
  const tmp = [kid.spec('a'), kid.spec('t', { restart: 'temporary' }), kid.spec('c')]
  for (const strategy of all) await run(strategy, 1, ['a', 't'], 'a and a temporary one', tmp)
  for (const strategy of all) await run(strategy, 1, ['t', 'a'], 'a temporary one and a', tmp)
  scn.log('-- a request that was queued behind the deaths')
  const me = this.self
  const s = await tsup.start(this, { intensity: 5 }, abc)
  const pa = await kid.pid(this, s, 'a')
  const pb = await kid.pid(this, s, 'b')
  await sys.suspend(this, s)
  await kid.die(this, pa, 'boom')
  this.spawn(async function () {
    this.send(me, ['which', await tsup.children(this, s)])
  })
  await scn.settle()
  await kid.die(this, pb, 'boom')
  await scn.settle()
  await sys.resume(this, s)
  scn.log(`which ${scn.fmt((await this.receive(tagged('which')))[1])}`)
  await scn.settle()
  await tsup.stop(this, s)
  scn.log('-- terminate_child of one that is dead already')
  const t = await tsup.start(this, { intensity: 5 }, abc)
  const ta = await kid.pid(this, t, 'a')
  await sys.suspend(this, t)
  this.spawn(async function () {
    this.send(me, ['term', await Supervisor.terminateChild(this, t, 'a')])
  })
  await scn.settle()
  await kid.die(this, ta, 'boom')
  await scn.settle()
  await sys.resume(this, t)
  scn.log(`terminate ${scn.fmt((await this.receive(tagged('term')))[1])}`)
  await scn.settle()
  scn.log(`children ${scn.fmt(await tsup.children(this, t))}`)
  await tsup.stop(this, t)
  scn.log('-- simple_one_for_one')
  const u = await tsup.start(this, { strategy: 'simple_one_for_one', intensity: 1 }, [kid.spec('u')])
  for (let i = 0; i < 2; i++) await Supervisor.startChild(this, u, [])
  await sys.suspend(this, u)
  this.exit(u, 'shutdown')
  await scn.settle()
  await sys.resume(this, u)
  scn.log(`sup ${scn.fmt((await this.receive(exitOf(u))).reason)}`)
}
