import t from 'tap'
import { createNode, describe, Exit, Fault, type GenServer, ok, type Report, reply } from '../lib/index.ts'
import { COMPANIONS } from './misuse/companions.ts'
import { PROCESSES } from './misuse/processes.ts'
import { SERVERS } from './misuse/servers.ts'
import { SUPERVISORS } from './misuse/supervisors.ts'
import { TOOLS } from './misuse/tools.ts'
import type { Misuse, Node, Self } from './misuse/untyped.ts'
import { WORK } from './misuse/work.ts'

/**
 * What somebody is told who uses the library wrongly, without types: a coded error at the door, or OTP's own reason,
 * that says what was wrong and what would be right. Nothing but the process concerned ends over it.
 */
const TABLES: Readonly<Record<string, readonly Misuse[]>> = {
  'the kernel': PROCESSES,
  servers: SERVERS,
  'supervisors and applications': SUPERVISORS,
  'tasks, threads and stages': WORK,
  'registries, groups, tables, sys, upgrades': TOOLS,
  'testing and nact': COMPANIONS,
}

const Bystander: GenServer<{ state: null; call: { ping(): 'pong' } }> = {
  init: () => ok(null),
  handleCall: { ping: (_request, _from, state) => reply('pong', state) },
}

for (const [part, misuses] of Object.entries(TABLES)) {
  t.test(part, async (t) => {
    for (const misuse of misuses) {
      const [what, code, says] = misuse
      const told = await outcomeOf(misuse)
      t.equal(told.code, code, what, { text: told.text })
      t.ok(told.text.includes(says), `${what}: it says so`, { says, text: told.text })
      t.ok(told.othersRun, `${what}: nobody else has ended`)
    }
  })
}

/** What comes of a misuse. */
async function outcomeOf([, , , run]: Misuse): Promise<{ code: string; text: string; othersRun: boolean }> {
  const reports: Report[] = []
  const node = createNode({ reporter: (report) => reports.push(report) })
  const bystander = await node.start(Bystander, [])
  const outcome = await new Promise<unknown>((resolve) => {
    const user = node.spawn(async function () {
      this.trapExit(true)
      try {
        resolve(await run(node as unknown as Node, this as unknown as Self))
      } catch (thrown) {
        resolve(thrown)
      }
      await this.receive((message) => message === 'enough')
    })
    node.spawn(async function () {
      this.monitor(user)
      await this.receive()
      resolve('the process that misused it has ended')
    })
  })
  const othersRun = (await node.call(bystander, 'ping')) === 'pong'
  node.kill()
  const reason = reasonIn(outcome)
  const text = [describe(reason, 9), ...reports.map(({ label, details }) => describe([label, details], 9))].join('\n')
  return { code: codeOf(reason), text, othersRun }
}

/** The reason, or the Fault, in what was thrown or returned. */
function reasonIn(outcome: unknown): unknown {
  if (outcome instanceof Exit) return outcome.reason
  if (outcome instanceof Error) return outcome
  if (Array.isArray(outcome) && (outcome[0] === 'error' || outcome[0] === 'EXIT')) return outcome[1]
  return ['nothing was wrong', outcome]
}

/** The code of a Fault, wherever it stands in a reason, or else the reason's own first word. */
function codeOf(reason: unknown): string {
  if (reason instanceof Fault) return reason.code
  if (!Array.isArray(reason)) return describe(reason)
  return codeOf(reason[0] === 'EXIT' ? reason[1] : reason[0])
}
