import { type ChildOptions, exit, Supervisor } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { downOf, exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

/** shutdown: timeout -> kill, brutal_kill, infinity; supervisor reports; child refusing. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  scn.withLogs(({ label: [by, l], details }) => {
    if (by !== 'supervisor' || l === 'progress') return
    const { errorContext, reason, offender } = details
    const ctx = scn.fmt(errorContext)
    const id = scn.fmt((offender as { id: unknown }).id)
    scn.log(`   REPORT ${l} ctx=${ctx} reason=${scn.fmt(reason)} child=${id}`)
  })
  const { host } = this.node
  const run = async (tag: string, over: ChildOptions<kid.KidApi>, options: kid.KidOptions): Promise<void> => {
    scn.log(`-- ${tag}`)
    const s = await tsup.start(this, {}, [kid.spec('k', over, options)])
    const p = await kid.pid(this, s, 'k')
    const m = this.monitor(p)
    const t0 = host.monotonic()
    this.exit(s, 'shutdown')
    scn.log(`child down ${scn.fmt((await this.receive(downOf(m))).reason)}`)
    scn.log(`sup exit ${scn.fmt((await this.receive(exitOf(s))).reason)}`)
    const dt = host.monotonic() - t0
    scn.log(`took ${dt < 40 ? '<40ms' : dt < 140 ? '40..140ms' : dt < 400 ? '140..400ms' : '>400ms'}`)
    await scn.settle(20)
  }
  await run('shutdown 1000, quick', { shutdown: 1000 }, {})
  await run('shutdown 80, terminate takes 5s -> killed', { shutdown: 80 }, { slow: 5000 })
  await run('shutdown infinity, terminate takes 200', { shutdown: Number.POSITIVE_INFINITY }, { slow: 200 })
  await run('brutal_kill', { shutdown: 'brutal_kill' }, { slow: 5000 })
  await run('shutdown 0', { shutdown: 0 }, { slow: 5000 })
  await run('not trapping exits: terminate not called', { shutdown: 1000 }, { trap: false, slow: 500 })
  await run('terminate exits with another reason', { shutdown: 1000 }, { term: () => exit('weird') })
  await run('terminate exits normal (permanent child)', { shutdown: 1000 }, { term: () => exit('normal') })
  const transient = { shutdown: 1000, restart: 'transient' } as const
  await run('terminate exits normal (transient child)', transient, { term: () => exit('normal') })
  await run('child_spec default shutdown for worker is 5000, for supervisor infinity', {}, {})
  const sup = Supervisor.child({ children: [] }, { id: 's' })
  // the modules behind kid.erl and tsup.erl: ours, and that of all supervisors
  const modules = new Map<unknown, string>([
    [kid.Kid, 'kid'],
    [sup.modules?.[0], 'tsup'],
  ])
  const s = await tsup.start(this, {}, [kid.spec('k'), sup])
  for (const i of ['k', 's']) {
    const [, sp] = await Supervisor.getChildspec(this, s, i)
    if (sp === 'not_found') throw new Error('badmatch', { cause: sp })
    const { start: _start, ...rest } = sp
    const named = { ...rest, modules: list([...rest.modules].map((module) => modules.get(module))) }
    scn.log(`${i} defaults ${scn.fmt(named)}`)
  }
}
