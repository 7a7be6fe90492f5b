import { type ChildSpec, Supervisor } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import * as tsup from './harness/tsup.ts'

/** rest_for_one: what comes after the child that died is stopped and started again with it. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const sup = (kids: readonly ChildSpec[]) =>
    tsup.start(this, { strategy: 'rest_for_one', intensity: 3, period: 5 }, kids)
  const show = async (s: tsup.Sup) => scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
  const stop = (s: tsup.Sup) => tsup.stop(this, s)
  const die = async (s: tsup.Sup, id: string, reason: string) => {
    await kid.die(this, await kid.pid(this, s, id), reason)
    await scn.settle()
  }
  const victims = [
    ['a', 'boom'],
    ['b', 'boom'],
    ['c', 'kill'],
    ['d', 'boom'],
    ['b', 'normal'],
    ['b', 'shutdown'],
  ] as const
  for (const [victim, why] of victims) {
    scn.log(`-- ${victim} dies ${why}`)
    const s = await sup([kid.spec('a'), kid.spec('b'), kid.spec('c'), kid.spec('d')])
    await die(s, victim, why)
    await show(s)
    await stop(s)
  }
  scn.log('-- transient and temporary siblings')
  const t = kid.spec('t', { restart: 'temporary' })
  const s1 = await sup([kid.spec('a'), kid.spec('b'), t, kid.spec('u', { restart: 'transient' }), kid.spec('c')])
  await die(s1, 'u', 'normal')
  await show(s1)
  await die(s1, 'b', 'boom')
  await show(s1)
  scn.log('-- a transient that ends normally restarts nothing, abnormally the rest')
  await die(s1, 'u', 'normal')
  await show(s1)
  await Supervisor.restartChild(this, s1, 'u')
  await die(s1, 'u', 'boom')
  await show(s1)
  await stop(s1)
  scn.log('-- a temporary one that dies restarts nothing')
  const s2 = await sup([kid.spec('a'), t, kid.spec('c')])
  await die(s2, 't', 'boom')
  await show(s2)
  scn.log('-- a child that is added comes last; one that is stopped is started, too')
  await Supervisor.startChild(this, s2, kid.spec('n'))
  await Supervisor.terminateChild(this, s2, 'c')
  await show(s2)
  await die(s2, 'a', 'boom')
  await show(s2)
  await die(s2, 'c', 'boom')
  await show(s2)
  await stop(s2)
  scn.log('-- a nested supervisor is one of the rest')
  const sub = Supervisor.child({ children: [kid.spec('x'), kid.spec('y')] }, { id: 'sub' })
  const s3 = await sup([kid.spec('a'), sub, kid.spec('z')])
  await die(s3, 'a', 'boom')
  await stop(s3)
  scn.log('-- the rest may take its time, and be killed')
  const slow = kid.spec('b', { shutdown: 50 }, { slow: 5000 })
  const s4 = await sup([kid.spec('a'), slow, kid.spec('c', { shutdown: 'brutal_kill' }), kid.spec('d')])
  await kid.die(this, await kid.pid(this, s4, 'a'), 'boom')
  await scn.settle(200)
  await show(s4)
  await stop(s4)
  scn.log('-- too many')
  const s5 = await sup([kid.spec('a'), kid.spec('b'), kid.spec('c')])
  for (let i = 0; i < 3; i++) await die(s5, 'b', 'boom')
  await kid.die(this, await kid.pid(this, s5, 'b'), 'boom')
  scn.log(`sup ${scn.fmt((await this.receive(exitOf(s5))).reason)}`)
}
