import {
  type ChildOptions,
  type ChildSpec,
  type Context,
  child,
  type DynamicChildSpec,
  DynamicSupervisor,
  type DynamicSupervisorApi,
  type DynamicSupervisorSpec,
  type Pid,
  type Reason,
  TIMEOUT,
} from '../../lib/index.ts'
import { seq } from './harness/erlang.ts'
import * as kid from './harness/kid.ts'
import { exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'

type Sup = Pid<DynamicSupervisorApi>

/** The match `{:ok, pid} = ...`. */
function ok<P>(result: unknown): Pid<P> {
  if (!Array.isArray(result) || result[0] !== 'ok') throw new Error('badmatch', { cause: result })
  return result[1]
}

async function startLink(self: Context, spec: DynamicSupervisorSpec = {}): Promise<Sup> {
  return ok(await DynamicSupervisor.startLink(self, { strategy: 'one_for_one', ...spec }))
}

/** `inspect` of an atom, or of a tuple of an atom and a number. */
function inspect(reason: Reason): string {
  return Array.isArray(reason) ? `{:${reason[0]}, ${reason[1]}}` : `:${reason}`
}

/** Elixir DynamicSupervisor: max_children, extra_arguments, default intensity, retry, restart types. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const start = (supervisor: Sup, spec: DynamicChildSpec) => DynamicSupervisor.startChild(this, supervisor, spec)
  const startKid = (supervisor: Sup, id: string, over: ChildOptions<kid.KidApi> = {}, options: kid.KidOptions = {}) =>
    start(supervisor, kid.spec(id, over, options))
  const which = (supervisor: Sup) => DynamicSupervisor.whichChildren(this, supervisor)
  const count = (supervisor: Sup) => DynamicSupervisor.countChildren(this, supervisor)
  const firstOf = async (supervisor: Sup) => (await which(supervisor))[0]?.[1] as Pid<kid.KidApi>

  const s = await startLink(this, { maxChildren: 2 })
  const a = ok(await startKid(s, 'a'))
  const b = ok<kid.KidApi>(await startKid(s, 'b'))
  f('third with max_children 2', await startKid(s, 'c'))
  const modulesOf = (modules: unknown) => list((modules as unknown[]).map((m) => (m === kid.Kid ? 'kid' : m)))
  f('which', list((await which(s)).map(([i, , t, m]) => [i, t, modulesOf(m)])))
  f('count', await count(s))
  f('terminate', await DynamicSupervisor.terminateChild(this, s, a))
  f('terminate again', await DynamicSupervisor.terminateChild(this, s, a))
  f('now room', (await startKid(s, 'c'))[0])
  await kid.die(this, b, 'boom')
  await scn.settle()
  f('restarted, count', await count(s))
  await DynamicSupervisor.terminateChild(this, s, await firstOf(s))
  f('failed start leaves nothing', await startKid(s, 'f', {}, { init: () => ['stop', 'why'] }))
  f('ignore', await startKid(s, 'i', {}, { init: () => 'ignore' }))
  f('count', await count(s))
  f('same id twice is fine', (await startKid(s, 'd'))[0])
  f('bad spec', await start(s, { id: 1 } as never))
  f('spec errors', await start(s, { id: 1, start: () => 'ignore', restart: 'bad' as never }))
  await DynamicSupervisor.stop(this, s)
  await scn.settle()
  await scn.flush(this)
  scn.log('-- extra_arguments are prepended')
  const e = await startLink(this, { extraArguments: ['x'] })
  f('started', (await start(e, child(kid.Kid, [{}] as never)))[0])
  await DynamicSupervisor.stop(this, e)
  await scn.flush(this)
  scn.log('-- default restart intensity is 3 in 5s')
  const d = await startLink(this)
  ok(await startKid(d, 'r'))
  for (const _ of seq(4)) {
    if (this.node.isAlive(d)) await kid.die(this, await firstOf(d), 'boom')
    await scn.settle()
  }
  const exit = await this.receive(exitOf(d), { after: 0 })
  if (exit === TIMEOUT) f('sup alive', 1)
  else f('sup exit', exit.reason)
  scn.log('-- :$gen_restart retry after failing restart')
  const g = await startLink(this, { intensity: 5 })
  const k = ok<kid.KidApi>(
    await startKid(g, 'k', {}, { init: (n) => (n === 2 || n === 3 ? ['stop', 'not_yet'] : 'ok') }),
  )
  await kid.die(this, k, 'boom')
  await scn.settle()
  f('count', await count(g))
  scn.log('-- temporary/transient')
  const cases: readonly (readonly [NonNullable<ChildSpec['restart']>, Reason])[] = [
    ['temporary', 'boom'],
    ['transient', 'normal'],
    ['transient', ['shutdown', 1]],
    ['transient', 'boom'],
    ['permanent', 'normal'],
  ]
  for (const [restart, why] of cases) {
    const s2 = await startLink(this)
    const c = ok<kid.KidApi>(await startKid(s2, 't', { restart }, { quiet: true }))
    await kid.die(this, c, why)
    await scn.settle()
    f(`${restart} ${inspect(why)} children left`, (await which(s2)).length)
    await DynamicSupervisor.stop(this, s2)
  }
  f('bad strategy', await DynamicSupervisor.startLink(this, { strategy: 'one_for_all' as never }))
}
