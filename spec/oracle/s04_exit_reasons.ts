import { type Body, exit } from '../../lib/index.ts'
import { downOf, exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { error, match } from './harness/terms.ts'

const nomod: { nofun: () => void } = Object.create(null)

/** Shape of the exit reason for each way of ending, seen by monitor and by trapping link. */
export const main: Scenario = async function (scn) {
  const cases: readonly (readonly [string, Body])[] = [
    ['return', () => 'anything'],
    ['exit_normal', () => exit('normal')],
    ['exit_term', () => exit(['a', 'b'])],
    ['error', () => error('oops')],
    [
      'throw',
      () => {
        throw 'ball'
      },
    ],
    ['badarith', () => 1n / BigInt('0')],
    [
      'badmatch',
      () => {
        const no: unknown = 'no'
        match(Array.isArray(no) && no[0] === 'ok', no)
      },
    ],
    ['undef', () => nomod.nofun()],
    ['error_args', () => error('e')],
  ]
  this.trapExit(true)
  for (const [n, f] of cases) {
    const [, m] = this.spawnMonitor(f)
    scn.log(`${scn.fmt(n)} monitor: ${scn.fmt((await this.receive(downOf(m))).reason)}`)
    const l = this.spawnLink(f)
    scn.log(`${scn.fmt(n)} link:    ${scn.fmt((await this.receive(exitOf(l))).reason)}`)
  }
}
