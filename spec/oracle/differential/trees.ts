import {
  type AutoShutdown,
  type ChildSpec,
  type Context,
  createNode,
  type DownMessage,
  type Pid,
  type Restart,
  type RestartStrategy,
  type Shutdown,
  type StartResult,
  Supervisor,
  type SupervisorApi,
  startLink,
} from '../../../lib/index.ts'
import { JumpingHost } from '../../../lib/testing/index.ts'
import * as kid from '../harness/kid.ts'
import { exitOf } from '../harness/patterns.ts'
import { Scn, scnOf } from '../harness/scn.ts'
import type { List } from '../harness/terms.ts'
import { Tree } from './tree.ts'

/** Supervision trees: erlang/trees.erl is the same. Lists are Erlang's, tuples arrays. */
export type TreeProgram = readonly [root: TreeSup, steps: List]

export type TreeSup = readonly ['sup', id: string, Restart, significant: boolean, TreeFlags, children: List]
export type TreeFlags = readonly [RestartStrategy, intensity: number, AutoShutdown]
export type TreeKid = readonly ['kid', id: string, Restart, Shutdown, significant: boolean, TreeKidOptions]
/** `starts` says how its first starts go; `slow` how many milliseconds it takes to end. */
export type TreeKidOptions = readonly [trap: boolean, starts: List, slow: number]

export type TreeStep =
  | readonly ['die', sup: string, ends: List]
  | readonly ['start_child', sup: string, TreeKid]
  | readonly ['which_children' | 'count_children', sup: string]
  | readonly ['get_childspec' | 'terminate_child' | 'restart_child' | 'delete_child', sup: string, id: string]

const PERIOD_S = 100_000

/** Runs a program on a node of its own and returns the trace. */
export async function runTree([root, steps]: TreeProgram): Promise<string[]> {
  await using node = createNode({ host: new JumpingHost(), reporter: () => {} })
  const scn = new Scn(node)
  await new Promise<void>((done) => {
    node.spawn(async function () {
      const [pid] = this.spawnMonitor(async function () {
        await drive.call(this, scn, root, steps.items as readonly TreeStep[])
      })
      const { reason } = (await this.receive()) as DownMessage
      if (reason !== 'normal') scn.log(`driver ${pid} exited: ${scn.fmt(reason)}`)
      done()
    })
  })
  return scn.lines
}

async function drive(this: Context, scn: Scn, root: TreeSup, steps: readonly TreeStep[]): Promise<void> {
  this.trapExit(true)
  const started = await startSup(this, root)
  const isStarted = started !== 'ignore' && started[0] === 'ok'
  scn.log(`start ${scn.fmt(isStarted ? 'ok' : started)}`)
  if (!isStarted) return
  const tree = new Tree(this, started[1], simpleIn(root))
  for (const [index, step] of steps.entries()) await tree.step(index + 1, step)
  this.exit(started[1], 'shutdown')
  scn.log(`root ends ${scn.fmt((await this.receive(exitOf(started[1]))).reason)}`)
}

function startSup(
  parent: Context,
  [, id, , , [strategy, intensity, autoShutdown], children]: TreeSup,
): Promise<StartResult<SupervisorApi>> {
  const specs = (children.items as (TreeSup | TreeKid)[]).map((child) => specOf(child, strategy))
  const flags = { strategy, intensity, period: PERIOD_S, autoShutdown }
  const init = function (this: { readonly self: Pid; readonly node: Context['node'] }) {
    scnOf(this.node).inc(id, this.self)
    return { ...flags, children: specs }
  }
  return Supervisor.startLink(parent, { init }, [])
}

export function specOf(child: TreeSup | TreeKid, strategy: RestartStrategy): ChildSpec {
  const [kind, id, restart] = child
  if (kind === 'sup') {
    return { id, start: (parent) => startSup(parent, child), restart, significant: child[3], type: 'supervisor' }
  }
  const [, , , shutdown, significant, options] = child
  const start: ChildSpec['start'] =
    strategy === 'simple_one_for_one'
      ? (parent, name) => startKid(parent, options, name as string)
      : (parent) => startKid(parent, options, id)
  return { id, start, restart, shutdown, significant }
}

function startKid(parent: Context, [trap, starts, slow]: TreeKidOptions, id: string): Promise<StartResult<kid.KidApi>> {
  const init: kid.KidOptions['init'] = (n) => (starts.items[n - 1] ?? 'ok') as kid.KidStart
  return startLink(parent, kid.Kid, [id, { trap, init, ...(slow > 0 && { slow }) }])
}

/** The ids of the supervisors that are simple_one_for_one. */
function simpleIn(child: TreeSup | TreeKid): string[] {
  if (child[0] === 'kid') return []
  const [, id, , , [strategy], children] = child
  const below = (children.items as (TreeSup | TreeKid)[]).flatMap(simpleIn)
  return strategy === 'simple_one_for_one' ? [id, ...below] : below
}
