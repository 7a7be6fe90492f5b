import { type Context, type Pid, type Reason, Supervisor, type SupervisorApi, sys } from '../../../lib/index.ts'
import * as kid from '../harness/kid.ts'
import { type Scn, scnOf } from '../harness/scn.ts'
import { type List, list } from '../harness/terms.ts'
import { specOf, type TreeStep } from './trees.ts'

/** A supervisor as it is found. */
interface Found {
  readonly pid: Pid<SupervisorApi>
  readonly children: readonly FoundChild[]
}

interface FoundChild {
  readonly id: string
  readonly pid: Pid | undefined
  /** When it is a supervisor. */
  readonly tree: Found | undefined
}

/** A tree that runs, what is done to it, and what it then looks like. */
export class Tree {
  readonly #self: Context
  readonly #scn: Scn
  readonly #root: Pid<SupervisorApi>
  readonly #simple: readonly string[]

  constructor(self: Context, root: Pid<SupervisorApi>, simple: readonly string[]) {
    this.#self = self
    this.#scn = scnOf(self.node)
    this.#root = root
    this.#simple = simple
  }

  async step(number: number, step: TreeStep): Promise<void> {
    const scn = this.#scn
    const tree = await this.#find()
    if (tree === undefined) return
    scn.log(`${number} ${scn.fmt(step)}`)
    const at = foundAs(step[1], 'root', tree)
    const result = at === undefined ? 'no_supervisor' : await this.#perform(step, at)
    const after = await this.#find()
    scn.log(`  -> ${after === undefined ? 'down' : this.#shape(after)}, ${scn.fmt(result)}`)
  }

  async #perform(step: TreeStep, at: Found): Promise<unknown> {
    try {
      return await this.#ask(step, at)
    } catch {
      return 'ended'
    }
  }

  async #ask(step: TreeStep, { pid, children }: Found): Promise<unknown> {
    const self = this.#self
    const isSimple = this.#simple.includes(step[1])
    switch (step[0]) {
      case 'die':
        return this.#endAll(pid, children, step[2].items as [string, Reason][])
      case 'start_child':
        return withoutFunctions(
          isSimple
            ? await Supervisor.startChild(self, pid, [`${step[2][1]}s`])
            : await Supervisor.startChild(self, pid, specOf(step[2], 'one_for_one')),
        )
      case 'which_children': {
        const all = (await Supervisor.whichChildren(self, pid)).map(([id, child, type]) => [id, child, type])
        return list(isSimple ? this.#sorted(all) : all)
      }
      case 'count_children':
        return Supervisor.countChildren(self, pid)
      default: {
        const known = children.find(({ id }) => id === step[2])?.pid
        return this.#askOf(step[0], pid, isSimple && known !== undefined ? known : step[2])
      }
    }
  }

  async #askOf(
    request: 'get_childspec' | 'terminate_child' | 'restart_child' | 'delete_child',
    pid: Pid<SupervisorApi>,
    id: unknown,
  ): Promise<unknown> {
    const self = this.#self
    if (request === 'terminate_child') return Supervisor.terminateChild(self, pid, id)
    if (request === 'restart_child') return withoutFunctions(await Supervisor.restartChild(self, pid, id))
    if (request === 'delete_child') return Supervisor.deleteChild(self, pid, id)
    const found = await Supervisor.getChildspec(self, pid, id)
    if (found[0] === 'error') return found
    const { id: of, restart, shutdown, significant, type } = found[1]
    return ['ok', { id: of, restart, shutdown, significant, type }]
  }

  /** Ends children, all of them before their supervisor looks. */
  async #endAll(
    sup: Pid<SupervisorApi>,
    children: readonly FoundChild[],
    ends: readonly (readonly [id: string, Reason])[],
  ): Promise<List> {
    const self = this.#self
    const done: unknown[] = []
    await sys.suspend(self, sup)
    for (const [id, reason] of ends) {
      const { pid, tree } = children.find((child) => child.id === id) ?? {}
      if (tree !== undefined) await sys.stop(self, tree.pid, reason)
      else if (pid !== undefined) await kid.die(self, pid as Pid<kid.KidApi>, reason)
      done.push(pid === undefined ? 'absent' : 'ok')
    }
    await sys.resume(self, sup)
    return list(done)
  }

  /** Asks until nothing is being restarted, and no supervisor ends meanwhile; nothing when the root has ended. */
  async #find(): Promise<Found | undefined> {
    while (this.#self.node.isAlive(this.#root)) {
      const found = await this.#foundAt(this.#root)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #foundAt(pid: Pid<SupervisorApi>): Promise<Found | undefined> {
    const infos = await Supervisor.whichChildren(this.#self, pid).catch(() => undefined)
    if (infos === undefined) return undefined
    const children: FoundChild[] = []
    for (const [id, child, type] of infos) {
      if (child === 'restarting') return undefined
      const tree =
        type === 'supervisor' && child !== undefined ? await this.#foundAt(child as Pid<SupervisorApi>) : undefined
      if (type === 'supervisor' && child !== undefined && tree === undefined) return undefined
      children.unshift({ id: this.#idOf(id, child), pid: child, tree })
    }
    // Those of simple_one_for_one have neither ids nor an order.
    return { pid, children: infos[0]?.[0] === 'undefined' ? this.#sorted(children, (child) => child.pid) : children }
  }

  #idOf(id: unknown, child: Pid | undefined): string {
    return id === 'undefined' ? this.#scn.who(child!).split('s#')[0]! : (id as string)
  }

  /** In the order of how they are printed. */
  #sorted<T>(terms: readonly T[], by: (term: T) => unknown = (term) => term): T[] {
    const text = (term: T) => this.#scn.fmt(by(term))
    return [...terms].sort((a, b) => (text(a) < text(b) ? -1 : 1))
  }

  #shape({ pid, children }: Found): string {
    const parts = children.map(({ id, pid, tree }) => {
      if (tree !== undefined) return this.#shape(tree)
      return pid === undefined ? `${id} stopped` : this.#scn.fmt(pid)
    })
    return `${this.#scn.fmt(pid)}(${parts.join(' ')})`
  }
}

function foundAs(sought: string, id: string, tree: Found): Found | undefined {
  if (sought === id) return tree
  for (const child of tree.children) {
    const found = child.tree && foundAs(sought, child.id, child.tree)
    if (found !== undefined) return found
  }
  return undefined
}

/** A failure has the child's record, in which functions and modules are others in Erlang. */
function withoutFunctions(result: readonly unknown[]): unknown {
  const [error, failure] = result
  if (error !== 'error' || !Array.isArray(failure) || !Array.isArray(failure[1])) return result
  const [reason, record] = failure as [unknown, unknown[]]
  return record[0] === 'child' ? ['error', [reason, record.filter((_, index) => index !== 3 && index !== 8)]] : result
}
