import { type Context, createNode, type DownMessage, type Host, systemHost } from '../../../lib/index.ts'
import { JumpingHost } from '../../../lib/testing/index.ts'
import { Scn } from './scn.ts'

/** A scenario: the body of a process, as `main/0` of its Erlang original. */
export type Scenario = (this: Context, scn: Scn) => Promise<void>

/** Milliseconds after which a scenario is given up. */
const SCENARIO_MS = 60_000

/** Runs a scenario on a node of its own and returns its trace. */
export async function traceOf(main: Scenario, clock: 'virtual' | 'real'): Promise<string> {
  const host: Host = clock === 'virtual' ? new JumpingHost() : systemHost
  await using node = createNode({ host, reporter: (report) => scn.report(report) })
  const scn: Scn = new Scn(node)
  await new Promise<void>((done) => {
    node.spawn(async function () {
      const [pid, ref] = this.spawnMonitor(async function () {
        await main.call(this, scn)
      })
      scn.name('main', pid)
      const message = await this.receive(undefined, { after: SCENARIO_MS })
      const end = message as DownMessage
      if (end.ref !== ref) scn.log('SCENARIO TIMEOUT')
      else if (end.reason !== 'normal') scn.log(`main exited: ${scn.fmt(end.reason)}`)
      await scn.settle(30)
      done()
    })
  })
  return scn.lines.map((line) => `${line}\n`).join('')
}
