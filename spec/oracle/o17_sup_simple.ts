import {
  type ChildStart,
  type Context,
  exit,
  type Pid,
  type Restart,
  Supervisor,
  type SupervisorSpec,
  startLink,
} from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { error, list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

type Over = Partial<SupervisorSpec['children'][number]>

/** The child's arguments: those of the template, then those of startChild. */
const start =
  (id: string) =>
  (parent: Context, options: unknown = {}): Promise<ChildStart> =>
    startLink(parent, kid.Kid, [id, options as kid.KidOptions])

async function odd(parent: Context, what: unknown): Promise<ChildStart> {
  const [how, value] = what as readonly [string, never]
  if (how === 'ret') return value
  if (how === 'crash') return error(value)
  if (how === 'out') return exit(value)
  const [, pid] = (await startLink(parent, kid.Kid, [value, {}])) as readonly ['ok', Pid]
  return ['ok', pid, 'extra']
}

/** simple_one_for_one: arguments, children without ids, stopping all at once. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const sup = async (flags: tsup.Flags = {}, over: Over = {}): Promise<tsup.Sup> => {
    const template = { id: 'tmpl', start: start('k'), ...over }
    const all: tsup.Flags = { strategy: 'simple_one_for_one', intensity: 3, period: 5, ...flags }
    const s = await tsup.start(this, all, [template])
    scn.name('sup', s)
    return s
  }
  const stop = async (s: tsup.Sup) => scn.log(`   sup ${scn.fmt(await tsup.stop(this, s))}`)
  const add = (s: tsup.Sup, ...args: readonly unknown[]) => Supervisor.startChild(this, s, args)
  const added = async (s: tsup.Sup, ...args: readonly kid.KidOptions[]) => (await add(s, ...args))[1] as Pid<kid.KidApi>
  const pids = async (s: tsup.Sup) => (await Supervisor.whichChildren(this, s)).map(([, pid]) => pid as Pid<kid.KidApi>)
  const w = async (s: tsup.Sup) => list((await pids(s)).map((pid) => scn.who(pid)).sort())
  scn.log('-- starting')
  const s = await sup()
  f('none yet', list(await Supervisor.whichChildren(this, s)))
  const r1 = await add(s)
  f('first', r1)
  const r2 = await add(s, {})
  f('second', r2)
  const k1 = r1[1] as Pid<kid.KidApi>
  const k2 = r2[1] as Pid<kid.KidApi>
  const which = (await Supervisor.whichChildren(this, s)).map(([id, pid, type]) => [id, pid, type])
  f('which_children', list(which.sort(([, a], [, b]) => (scn.fmt(a) < scn.fmt(b) ? -1 : 1))))
  f('count', list(Object.entries(await Supervisor.countChildren(this, s)).sort(([a], [b]) => (a < b ? -1 : 1))))
  f('init ignores', await add(s, { init: () => 'ignore' }))
  f('init stops', await add(s, { init: () => ['stop', 'why'] }))
  f('init crashes', await add(s, { init: () => ['crash', 'why'] }))
  f('children', await w(s))
  scn.log('-- by pid')
  const terminate = (what: unknown) => Supervisor.terminateChild(this, s, what)
  const childspec = async (what: unknown) => {
    const found = await Supervisor.getChildspec(this, s, what)
    return found[0] === 'ok' ? found[1].id : found
  }
  f('terminate by id', await terminate('tmpl'))
  f('restart_child', await Supervisor.restartChild(this, s, 'tmpl'))
  f('delete_child', await Supervisor.deleteChild(this, s, 'tmpl'))
  f('restart by pid', await Supervisor.restartChild(this, s, k1))
  f('delete by pid', await Supervisor.deleteChild(this, s, k1))
  f('childspec by id', await childspec('tmpl'))
  f('childspec by pid', await childspec(k1))
  f('childspec of a stranger', await childspec(this.self))
  f('terminate', await terminate(k1))
  f('again', await terminate(k1))
  f('a stranger', await terminate(this.self))
  f('a dead stranger', await terminate(await scn.dead(this)))
  f('children', await w(s))
  scn.log('-- restart')
  await kid.die(this, k2, 'boom')
  await scn.settle()
  f('children', await w(s))
  const [k3] = await pids(s)
  await kid.die(this, k3!, 'normal')
  await scn.settle()
  f('permanent, normal', await w(s))
  await stop(s)
  scn.log('-- transient and temporary')
  for (const restart of ['transient', 'temporary'] satisfies Restart[]) {
    for (const why of ['normal', 'boom']) {
      const sx = await sup({}, { restart })
      await kid.die(this, await added(sx), why)
      await scn.settle()
      f(`${restart} ${why}`, (await pids(sx)).length)
      await stop(sx)
    }
  }
  scn.log('-- too many restarts')
  const s2 = await sup({ intensity: 1 })
  const first = await added(s2)
  await kid.die(this, await added(s2), 'boom')
  await scn.settle()
  await kid.die(this, first, 'boom')
  f('sup exit', (await this.receive(exitOf(s2))).reason)
  scn.log('-- a restart that fails, then succeeds')
  const s3 = await sup()
  const inits: kid.KidStart[] = ['ok', ['stop', 'not_yet']]
  await kid.die(this, await added(s3, { init: () => inits.shift() ?? 'ok' }), 'boom')
  await scn.settle()
  f('children', (await pids(s3)).length)
  await stop(s3)
  scn.log('-- other results of the start function')
  const s5 = await sup({}, { start: odd as never })
  const results: readonly (readonly [string, unknown])[] = [
    ['ret', 'ignore'],
    ['ret', ['error', 'why']],
    ['ret', 'nonsense'],
    ['ret', ['ok', 7]],
    ['ret', ['ok', 7, 'x']],
    ['crash', 'oops'],
    ['out', 'bye'],
    ['info', 'inf'],
  ]
  for (const result of results) {
    const outcome = await add(s5, result)
    const thrown = outcome[0] === 'error' && Array.isArray(outcome[1]) && outcome[1][0] === 'EXIT' && outcome[1][1]
    f(scn.fmt(result), thrown instanceof Error ? ['error', ['EXIT', thrown.message]] : outcome)
  }
  f('children', (await pids(s5)).length)
  await stop(s5)
  scn.log('-- all are stopped at once')
  const s6 = await sup({}, { shutdown: 2000 })
  for (let i = 0; i < 5; i++) await add(s6, { quiet: true, slow: 300 })
  const t0 = this.node.host.monotonic()
  await stop(s6)
  f('in parallel', this.node.host.monotonic() - t0 < 900)
  scn.log('-- and killed after the same time')
  scn.withLogs(({ label: [by, what], details }) => {
    if (by !== 'supervisor' || what === 'progress') return
    const { nb_children: nb, pid } = details.offender as { nb_children?: unknown; pid?: unknown }
    scn.log(`   REPORT ${what} ${scn.fmt(details.reason)} nb=${scn.fmt(nb)} pid=${scn.fmt(pid)}`)
  })
  const s7 = await sup({}, { shutdown: 200 })
  for (let i = 0; i < 3; i++) await add(s7, { quiet: true, slow: 60_000 })
  await add(s7, { quiet: true })
  await stop(s7)
  scn.log('-- brutal_kill, and children that end in their own way')
  const s8 = await sup({}, { shutdown: 'brutal_kill' })
  for (let i = 0; i < 2; i++) await add(s8)
  await stop(s8)
  const s9 = await sup()
  for (let i = 0; i < 2; i++) await add(s9, { quiet: true, term: () => exit('own') })
  await stop(s9)
  const s11 = await sup()
  await add(s11, { quiet: true, term: () => exit('normal') })
  await stop(s11)
  const s10 = await sup({}, { restart: 'temporary' })
  await add(s10, { quiet: true, term: () => exit('normal') })
  await stop(s10)
}
