import { type DownMessage, type Node, Pid, type Reason, Ref } from '../../../lib/index.ts'
import { createTestNode, type TestNode } from '../../../lib/testing/index.ts'
import { Scn } from '../harness/scn.ts'
import { List } from '../harness/terms.ts'
import { type Command, puppet, Task } from './puppet-commands.ts'

/** Puppets are processes that do what they are told, one step at a time: erlang/puppets.erl is the same. */
export interface PuppetProgram {
  readonly count: number
  readonly steps: readonly (readonly [actor: number, Command])[]
}

/** Runs a program on a node of its own, on which `seed` decides who runs next; returns the trace. */
export async function runPuppets({ count, steps }: PuppetProgram, seed: number): Promise<string[]> {
  await using node = createTestNode({ seed })
  const driver = new Driver(node)
  for (let i = 0; i < count; i++) driver.add(node.spawn(puppet))
  for (const [index, [actor, command]] of steps.entries()) await driver.step(index + 1, actor, command)
  return driver.trace
}

const ITEMS = ['messages', 'links', 'monitors', 'monitored_by', 'registered_name', 'trap_exit'] as const

/** What is looked at of a puppet that nobody has said anything to. */
const AT_FIRST = 'links, monitors, watched by, name [], traps false'

/** What is looked at of a puppet, by its item. */
type Info = ReadonlyMap<string, unknown>

class Driver {
  readonly #node: TestNode
  readonly #scn: Scn
  /** All puppets and refs, in the order in which they were seen. */
  readonly #pids: Pid[] = []
  readonly #refs: Ref[] = []
  readonly #alive = new Set<Pid>()
  /** Those that ended in this step. */
  readonly #ended = new Map<Pid, Reason>()
  readonly #boxes = new Map<Pid, readonly unknown[]>()
  readonly #states = new Map<Pid, string>()
  /** Tells of the ends; the puppets have it among those who watch them. */
  readonly #watcher: { readonly pid: Pid; watch: (pid: Pid) => void }

  constructor(node: TestNode) {
    this.#node = node
    this.#scn = new Scn(node)
    this.#watcher = watcherOn(node, (pid, reason) => {
      this.#alive.delete(pid)
      this.#ended.set(pid, reason)
    })
  }

  get trace(): string[] {
    return this.#scn.lines
  }

  add(pid: Pid): void {
    this.#pids.push(pid)
    this.#scn.name(`p${this.#pids.length}`, pid)
    this.#alive.add(pid)
    this.#watcher.watch(pid)
  }

  async step(number: number, by: number, command: Command): Promise<void> {
    await this.#node.quiet()
    const actor = this.#pids[by % this.#pids.length]!
    if (!this.#alive.has(actor) || (this.#refs.length === 0 && mentionsRef(command))) return
    this.#ended.clear()
    let result: unknown
    const done = (returned: unknown) => {
      result = returned
    }
    this.#node.send(actor, new Task(command, number, [...this.#pids], [...this.#refs], done))
    await this.#node.quiet()
    if (command[0] === 'timer' && command[2] < 1000) await this.#node.advance(5)
    this.#adoptPids(result)
    const infos = await this.#settle()
    const scn = this.#scn
    const told = this.#alive.has(actor) ? result : 'ends'
    this.#adoptRefs(told)
    scn.log(`${number} ${scn.fmt(actor)} ${scn.fmt(command)} -> ${scn.fmt(told)}`)
    for (const [pid, reason] of this.#ended) scn.log(`  ${scn.fmt(pid)} ends ${scn.fmt(reason)}`)
    for (const [pid, info] of infos) this.#changes(pid, info)
  }

  /** A ref is known when a command returns it. */
  #adoptRefs(result: unknown): void {
    for (const part of partsOf(result)) {
      if (!(part instanceof Ref) || this.#refs.includes(part)) continue
      this.#refs.push(part)
      this.#scn.name(`r${this.#refs.length}`, part)
    }
  }

  /** A new puppet is known when its pid is seen anywhere. */
  #adoptPids(term: unknown): void {
    for (const part of partsOf(term)) {
      if (part instanceof Pid && part !== this.#watcher.pid && !this.#pids.includes(part)) this.add(part)
    }
  }

  /** Looks at all puppets until no new one is seen. */
  async #settle(): Promise<Map<Pid, Info>> {
    for (;;) {
      await this.#node.quiet()
      const known = this.#pids.length
      const infos = new Map<Pid, Info>()
      for (const pid of this.#alive) infos.set(pid, new Map(this.#node.processInfo(pid, ITEMS) as [string, unknown][]))
      this.#adoptPids([...infos.values()].flatMap((info) => [...info.values()]))
      if (this.#pids.length === known) return infos
    }
  }

  /** Writes what is new about a puppet. */
  #changes(pid: Pid, info: Info): void {
    const scn = this.#scn
    const box = info.get('messages') as readonly unknown[]
    const [gone, come] = difference(this.#boxes.get(pid) ?? [], box)
    for (const message of gone) scn.log(`  ${scn.fmt(pid)} no longer has ${scn.fmt(message)}`)
    for (const message of come) this.#write(pid, message)
    this.#boxes.set(pid, box)
    const state = this.#stateOf(info)
    if (state !== (this.#states.get(pid) ?? AT_FIRST)) scn.log(`  ${scn.fmt(pid)} is ${state}`)
    this.#states.set(pid, state)
  }

  /** `!` marks what is told of an end, `:` all else. */
  #write(pid: Pid, message: unknown): void {
    const scn = this.#scn
    const [sender, isNotice] = originOf(message)
    const isEnd = isNotice && !(sender instanceof Pid && this.#alive.has(sender))
    scn.log(`  ${scn.fmt(pid)} < ${scn.fmt(sender)} ${isEnd ? '!' : ':'} ${scn.fmt(message)}`)
  }

  #stateOf(info: Info): string {
    const fmt = (term: unknown) => this.#scn.fmt(term)
    const sorted = (item: string): string[] => {
      const terms = (info.get(item) as readonly unknown[]).filter((term) => term !== this.#watcher.pid)
      return terms.map(fmt).sort()
    }
    return [
      ['links', ...sorted('links')].join(' '),
      ['monitors', ...sorted('monitors')].join(' '),
      ['watched by', ...sorted('monitored_by')].join(' '),
      `name ${fmt(info.get('registered_name'))}`,
      `traps ${fmt(info.get('trap_exit'))}`,
    ].join(', ')
  }
}

/** A process that tells of the end of each it is to watch. */
function watcherOn(
  node: Node,
  ended: (pid: Pid, reason: Reason) => void,
): { readonly pid: Pid; watch: (pid: Pid) => void } {
  const pid = node.spawn(async function () {
    for (;;) {
      const message = await this.receive()
      if (message instanceof Pid) this.monitor(message)
      else ended((message as DownMessage).object as Pid, (message as DownMessage).reason)
    }
  })
  return { pid, watch: (puppet) => node.send(pid, puppet) }
}

function mentionsRef(term: unknown): boolean {
  if (term instanceof List) return term.items.some(mentionsRef)
  if (!Array.isArray(term)) return false
  return (term[0] === 'ref' && typeof term[1] === 'number') || term.some(mentionsRef)
}

/** What a term is made of. */
function partsOf(term: unknown): unknown[] {
  if (term instanceof List) return term.items.flatMap(partsOf)
  if (Array.isArray(term)) return term.flatMap(partsOf)
  const isRecord = typeof term === 'object' && term !== null && Object.getPrototypeOf(term) === Object.prototype
  return isRecord ? Object.values(term).flatMap(partsOf) : [term]
}

/** What was taken from a mailbox, and what has come. */
function difference(before: readonly unknown[], now: readonly unknown[]): [gone: unknown[], come: readonly unknown[]] {
  let kept = 0
  const gone = before.filter((message) => {
    const stays = message === now[kept]
    if (stays) kept++
    return !stays
  })
  return [gone, now.slice(kept)]
}

/** Who a message is from, and whether it is told by a link, a monitor or an exit signal. */
function originOf(message: unknown): readonly [sender: unknown, isNotice: boolean] {
  if (Array.isArray(message)) return [message[1], false]
  const { type, from, object, result } = message as Record<string, unknown>
  if (from !== undefined) return [from, true]
  if (object !== undefined) return [object, true]
  return [Array.isArray(result) ? result[1] : type === 'timeout' ? 'timer' : type, false]
}
