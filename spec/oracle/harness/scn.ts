import {
  type Body,
  type Context,
  Exit,
  type Node,
  Pid,
  type Program,
  type Reason,
  type Ref,
  type Report,
  TIMEOUT,
} from '../../../lib/index.ts'
import { downOf } from './patterns.ts'
import { print, termOfError } from './printer.ts'
import { list } from './terms.ts'

const byNode = new WeakMap<Node, Scn>()

/** The trace of the scenario that runs on `node`. */
export function scnOf(node: Node): Scn {
  const scn = byNode.get(node)
  if (scn === undefined) throw new Error(`no scenario runs on ${node.name}`)
  return scn
}

/** One scenario's trace: the lines it has logged, and the names it gave to processes (erlang/scn.erl). */
export class Scn {
  readonly lines: string[] = []
  readonly #node: Node
  readonly #names = new Map<string, string>()
  readonly #incarnations = new Map<string, number>()
  #onReport: ((report: Report) => void) | undefined

  constructor(node: Node) {
    this.#node = node
    byNode.set(node, this)
  }

  log(line: string): void {
    this.lines.push(line)
  }

  /** Renders a term, with stable names for what differs from run to run. */
  fmt(term: unknown): string {
    return print(term, (of) => (of instanceof Pid ? this.who(of) : (this.#names.get(String(of)) ?? 'ref')))
  }

  /** Gives a process, or a ref, the name it is printed by. */
  name<T extends Pid | Ref>(name: string, of: T): T {
    this.#names.set(String(of), name)
    return of
  }

  /** Names a process after its id and how many there have been of it: `a#1`, `a#2`, ... */
  inc(id: string, pid: Pid): readonly [name: string, n: number] {
    const n = (this.#incarnations.get(id) ?? 0) + 1
    this.#incarnations.set(id, n)
    const name = `${id}#${n}`
    this.name(name, pid)
    return [name, n]
  }

  who(pid: Pid): string {
    return this.#names.get(String(pid)) ?? this.#node.processInfo(pid, 'registered_name')?.[1] ?? 'pid'
  }

  /** Waits until nothing has been logged for `milliseconds`. */
  async settle(milliseconds = 60): Promise<void> {
    for (let before = -1; before !== this.lines.length; ) {
      before = this.lines.length
      await this.#node.sleep(milliseconds)
    }
  }

  async flush(self: Context): Promise<unknown[]> {
    const messages: unknown[] = []
    for (;;) {
      const message = await self.receive(undefined, { after: 0 })
      if (message === TIMEOUT) return messages
      messages.push(message)
    }
  }

  async mailbox(self: Context, tag: string): Promise<void> {
    await this.settle(40)
    this.log(`${tag}: ${this.fmt(list(await this.flush(self)))}`)
  }

  /** The pid of a process that has ended. */
  async dead(self: Context): Promise<Pid<never>> {
    const [pid, ref] = self.spawnMonitor(() => 'ok')
    await self.receive(downOf(ref))
    return this.name('dead', pid) as Pid<never>
  }

  /** The reason that a process ends, or has ended, with. */
  async waitDown(self: Context, pid: Pid): Promise<Reason> {
    return (await self.receive(downOf(self.monitor(pid)))).reason
  }

  /** What an expression gives: its value, or the class and the reason of what it raises. */
  async catching(expression: () => unknown): Promise<string> {
    try {
      return this.fmt(['returned', await expression()])
    } catch (thrown) {
      if (thrown instanceof Exit) return this.fmt(['raised', 'exit', thrown.reason])
      if (thrown instanceof Error) return this.fmt(['raised', 'error', termOfError(thrown)])
      return this.fmt(['raised', 'throw', thrown])
    }
  }

  spawnNamed<A extends readonly unknown[]>(self: Context, name: string, body: Body<A> | Program, ...args: A): Pid {
    return this.name(name, self.spawn(body, ...args))
  }

  /** Has every report of the node go to `onReport`. */
  withLogs(onReport: (report: Report) => void): void {
    this.#onReport = onReport
  }

  report(report: Report): void {
    this.#onReport?.(report)
  }
}
