import type { ChildOptions, RestartStrategy } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import * as tsup from './harness/tsup.ts'

type KidSpec = readonly [id: string, over?: ChildOptions<kid.KidApi>, options?: kid.KidOptions]

/** A group restart in which a child fails to start: who stays, who is stopped again, what is tried again. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  scn.withLogs(({ label: [by, what], details }) => {
    if (by !== 'supervisor' || what === 'progress') return
    const { id, pid } = details.offender as { id: unknown; pid: unknown }
    scn.log(`   REPORT ${what} ${scn.fmt(details.reason)} ${scn.fmt(id)} ${scn.fmt(pid)}`)
  })
  const fails = (from: number, to: number): kid.KidOptions => ({
    init: (n) => (n >= from && n <= to ? ['stop', 'not_yet'] : 'ok'),
  })
  const run = async (
    strategy: RestartStrategy,
    intensity: number,
    victim: string,
    label: string,
    kids: readonly KidSpec[],
  ): Promise<void> => {
    scn.log(`-- ${strategy}, ${label}`)
    const specs = kids.map(([i, over, options]) => kid.spec(`${i}_${label}`, over, options))
    const s = await tsup.start(this, { strategy, intensity, period: 5 }, specs)
    const m = this.monitor(s)
    await kid.die(this, await kid.pid(this, s, `${victim}_${label}`), 'boom')
    await scn.settle()
    const alive = this.node.isAlive(s)
    if (alive) {
      scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
      this.exit(s, 'shutdown')
    }
    scn.log(`sup ${alive ? '' : 'gave up '}${scn.fmt((await this.receive(downOf(m))).reason)}`)
    await scn.flush(this)
  }
  const once = fails(2, 2)
  const transient = { restart: 'transient' } as const
  for (const strategy of ['one_for_all', 'rest_for_one', 'one_for_one'] as const) {
    await run(strategy, 5, 'b', 'c_fails_once', [['a'], ['b'], ['c', {}, once], ['d']])
    await run(strategy, 5, 'b', 'c_fails_twice', [['a'], ['b'], ['c', {}, fails(2, 3)], ['d']])
    await run(strategy, 5, 'b', 'b_fails_once', [['a'], ['b', {}, once], ['c']])
    await run(strategy, 2, 'b', 'c_never_starts', [['a'], ['b'], ['c', {}, fails(2, 99)], ['d']])
    await run(strategy, 5, 'a', 'first_dies_last_fails', [['a'], ['b'], ['c', {}, once]])
    await run(strategy, 5, 'c', 'last_dies_and_fails', [['a'], ['b'], ['c', {}, once]])
    await run(strategy, 5, 'b', 'c_and_d_fail_in_turn', [['a'], ['b'], ['c', {}, once], ['d', {}, once]])
    await run(strategy, 5, 'b', 'temporary_sibling', [['a'], ['b'], ['t', { restart: 'temporary' }], ['c', {}, once]])
    const ignores: kid.KidOptions = { init: (n) => (n === 2 ? 'ignore' : 'ok') }
    await run(strategy, 5, 'b', 'c_ignores', [['a'], ['b'], ['c', {}, ignores], ['d']])
    await run(strategy, 5, 'b', 'transient_fails', [['a'], ['b', transient, once], ['c', transient, once]])
  }
}
