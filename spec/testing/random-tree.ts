import { tablesOf } from '../../lib/behaviours/table/table-directory.ts'
import { DynamicSupervisor, equalTerms, Pid, pg, Supervisor, type SupervisorApi } from '../../lib/index.ts'
import { createTestNode, leftovers, type TestNode } from '../../lib/testing/index.ts'
import {
  end,
  endOne,
  expected,
  flagsOf,
  type Model,
  type ModelDynamic,
  type ModelKid,
  type ModelSupervisor,
  modelOf,
  running,
  type Shape,
  start,
  terminate,
} from '../support/tree-model.ts'
import { SCOPE, Town } from './inhabitants.ts'

/** More time than anything here takes. */
const LONG = 120_000

/** The tree as its supervisors tell it. */
interface Seen {
  /** In the form of `expected`. */
  readonly shape: unknown
  readonly pids: ReadonlyMap<string, Pid>
  /** The children of dynamic supervisors, by the id of these. */
  readonly dynamic: ReadonlyMap<string, readonly Pid[]>
  readonly all: ReadonlySet<Pid>
}

/**
 * Grows a tree by the seed, has chance strike it, and compares it with its specification each time it is quiet.
 * @throws Error that says what is wrong.
 */
export async function liveThrough(seed: number): Promise<void> {
  const node = createTestNode({ seed })
  const tree = new RandomTree(node)
  try {
    await tree.grow()
    for (let round = 0; round < 4; round++) {
      if (node.host.below(2) === 0) await tree.exactRound()
      else await tree.wildRound()
    }
    await tree.fell()
  } finally {
    node.kill()
  }
}

class RandomTree {
  readonly #node: TestNode
  readonly #town: Town
  readonly #model: ModelSupervisor
  #root!: Pid<SupervisorApi>
  #seen!: Seen
  #openCalls = 0
  /** The processes that are not in the tree: what registers and groups. */
  #others!: ReadonlySet<Pid>

  constructor(node: TestNode) {
    this.#node = node
    this.#town = new Town(node)
    this.#model = modelOf({ ...this.#shapeOfSupervisor(2), brittle: false })
  }

  #below(bound: number): number {
    return this.#town.below(bound)
  }

  // --- growing

  #shapeOfSupervisor(depth: number): Extract<Shape, { kind: 'supervisor' }> {
    const strategy = this.#town.one(['one_for_one', 'one_for_all', 'rest_for_one'] as const)
    const children = Array.from({ length: 1 + this.#below(4) }, () => this.#shape(depth))
    return { kind: 'supervisor', strategy, brittle: this.#town.once(4), children }
  }

  #shape(depth: number): Shape {
    const restart = this.#town.one(['permanent', 'permanent', 'transient', 'temporary'] as const)
    if (depth > 0 && this.#town.once(3)) return this.#shapeOfSupervisor(depth - 1)
    if (this.#town.once(6)) return { kind: 'dynamic', restart }
    return { kind: 'kid', restart, trap: this.#town.once(2) }
  }

  async grow(): Promise<void> {
    const node = this.#node
    await this.#inTime(node.supervise({ children: [this.#town.registry.child(), pg.child(SCOPE)] }))
    this.#others = new Set(node.processes())
    const children = this.#model.children.map((model) => this.#town.specOf(model))
    this.#root = await this.#inTime(node.supervise({ ...flagsOf(this.#model), children }))
    start(this.#model)
    for (const model of running(this.#model)) if (model.kind === 'dynamic') await this.#populate(model)
    await this.#mustBeWhole()
  }

  async #populate(model: ModelDynamic): Promise<void> {
    const supervisor = (await this.#look()).pids.get(model.id)!
    for (let i = this.#below(4); i > 0; i--) {
      const spec = this.#town.kidOf(`${model.id}.${i}`, { restart: model.restart, trap: this.#town.once(2) })
      const started = await this.#inTime(DynamicSupervisor.startChild(this.#node, supervisor as never, spec))
      if (started[0] === 'ok') model.count++
    }
  }

  /** Waits for what takes virtual time. */
  async #inTime<T>(pending: Promise<T>): Promise<T> {
    await this.#node.advance(LONG)
    return pending
  }

  // --- striking

  /** One blow, or several to siblings at once, whose outcome the model knows. */
  async exactRound(): Promise<void> {
    const models = running(this.#model).slice(1)
    if (models.length === 0) return
    const model = this.#town.one(models)
    this.#askAround()
    if (this.#town.once(6)) await this.#terminate(model)
    else if (model.kind === 'supervisor') this.#strikeSupervisor(model)
    else if (model.kind === 'dynamic') this.#strikeDynamic(model)
    else this.#strikeSiblings(model)
    await this.#node.quiet()
    this.#mustBeTold()
    await this.#node.advance(LONG)
    await this.#mustBeWhole()
  }

  #strikeSupervisor(model: Model): void {
    const pid = this.#seen.pids.get(model.id)!
    if (this.#town.once(2)) this.#node.exit(pid, 'kill')
    else void this.#node.stop(pid, 'boom').catch(() => {})
    end(model, false)
  }

  #strikeDynamic(model: ModelDynamic): void {
    const pids = this.#seen.dynamic.get(model.id)!
    if (pids.length === 0 || this.#town.once(4)) return this.#strikeSupervisor(model)
    endOne(model, this.#strike(this.#town.one(pids)))
  }

  #strikeSiblings(first: ModelKid): void {
    const siblings = first.parent!.children.filter((one) => one.kind === 'kid' && one.status === 'running')
    const struck = siblings.filter((one) => one === first || this.#town.once(3))
    const blows = struck.map((one) => ({
      one,
      starts: one.starts,
      orderly: this.#strike(this.#seen.pids.get(one.id)!),
    }))
    for (const { one, starts, orderly } of blows) {
      if (one.starts === starts && one.status === 'running') end(one, orderly)
    }
  }

  /** Ends a process now, in one of the ways that processes end; tells whether that counts as orderly. */
  #strike(pid: Pid): boolean {
    const process = pid.process!
    const how = this.#below(4)
    if (how === 0) process.crash(new Error('struck'))
    else if (how === 1) this.#node.exit(pid, 'kill')
    else process.end(how === 2 ? 'boom' : 'normal')
    return how === 3
  }

  async #terminate(model: Model): Promise<void> {
    const { parent } = model
    const supervisor = this.#seen.pids.get(parent!.id) as Pid<SupervisorApi>
    await this.#inTime(Supervisor.terminateChild(this.#node, supervisor, model.id))
    terminate(model)
    if (model.status !== 'stopped' || this.#town.once(2)) return
    await this.#inTime(Supervisor.restartChild(this.#node, supervisor, model.id))
    start(model)
  }

  /** Blows to anybody at any time: while things start, stop, wait. What comes of it must be allowed. */
  async wildRound(): Promise<void> {
    for (let blows = 1 + this.#below(4); blows > 0; blows--) {
      this.#askAround()
      this.#strikeAnyone()
      if (this.#town.once(2)) continue
      await this.#node.quiet()
      this.#mustBeTold()
      await this.#node.advance(this.#below(1500))
    }
    await this.#node.advance(LONG)
    this.#seen = await this.#look()
    adopt(this.#model, this.#seen.shape)
    await this.#mustBeWhole()
  }

  #strikeAnyone(): void {
    const people = this.#town.people()
    if (people.length > 0 && this.#town.once(4)) return this.#node.cast(this.#town.one(people), 'leave')
    const victims = this.#node.processes().filter((pid) => !this.#others.has(pid) && pid !== this.#root)
    if (victims.length === 0) return
    const victim = this.#town.one(victims)
    if (this.#town.once(3)) this.#node.exit(victim, this.#town.one(['boom', 'shutdown', 'normal']))
    else if (people.some((person) => person === victim)) this.#strike(victim)
    else this.#node.exit(victim, 'kill') // a supervisor never ends with normal while it has children
  }

  /** Requests that are under way when things end. */
  #askAround(): void {
    const people = this.#town.people()
    for (const pid of people) {
      if (!this.#town.once(4)) continue
      if (this.#town.once(2)) this.#node.cast(pid, 'visit', this.#town.one(people))
      this.#openCalls++
      const answered = this.#node.call(pid, 'wait', this.#below(3000))
      answered.catch(() => {}).finally(() => this.#openCalls--)
    }
  }

  // --- looking

  async #look(): Promise<Seen> {
    const pids = new Map<string, Pid>()
    const dynamic = new Map<string, Pid[]>()
    const all = new Set<Pid>([this.#root])
    const see = async (model: Model, pid: Pid): Promise<unknown> => {
      pids.set(model.id, pid)
      all.add(pid)
      if (model.kind === 'kid') return [model.id, 'running']
      const children = [...(await Supervisor.whichChildren(this.#node, pid as Pid<SupervisorApi>))].reverse()
      if (model.kind === 'dynamic') {
        const list = children.map(([, one]) => one as Pid)
        for (const one of list) all.add(one)
        dynamic.set(model.id, list)
        return [model.id, list.length]
      }
      const shapes: unknown[] = []
      for (const [id, one] of children) {
        const member = model.children.find((known) => known.id === id)
        if (member === undefined) throw new Error(`${String(id)} is no child of ${model.id}`)
        shapes.push(one instanceof Pid ? await see(member, one) : [id, one ?? 'stopped'])
      }
      return [model.id, shapes]
    }
    return { shape: await see(this.#model, this.#root), pids, dynamic, all }
  }

  async #mustBeWhole(): Promise<void> {
    if (!this.#node.isAlive(this.#root)) throw new Error('the root has ended')
    this.#seen = await this.#look()
    const { shape, all } = this.#seen
    if (!equalTerms(shape, expected(this.#model))) {
      throw new Error(`${JSON.stringify(shape)} instead of ${JSON.stringify(expected(this.#model))}`)
    }
    for (const pid of this.#node.processes()) {
      const owner = this.#town.companions.get(pid)
      if (!all.has(pid) && !this.#others.has(pid) && !(owner !== undefined && all.has(owner))) {
        throw new Error(`${pid} belongs to nobody`)
      }
    }
    for (const pid of all) if (!this.#node.isAlive(pid)) throw new Error(`${pid} is in the tree and has ended`)
    this.#mustBeClean()
  }

  /** Even while much is still waited for, nothing that has ended is known to anybody. */
  #mustBeTold(): void {
    const left = leftovers(this.#node).filter((line) => !line.startsWith('resources'))
    if (left.length > 0) throw new Error(`left over at once: ${left.join('; ')}`)
  }

  #mustBeClean(): void {
    const left = leftovers(this.#node)
    if (left.length > 0) throw new Error(`left over: ${left.join('; ')}`)
    if (this.#openCalls > 0) throw new Error(`${this.#openCalls} calls were never settled`)
  }

  /** Shuts the tree down, and then the node. */
  async fell(): Promise<void> {
    const node = this.#node
    this.#askAround()
    await this.#inTime(node.stop(this.#root, 'shutdown'))
    const left = node.processes().filter((pid) => !this.#others.has(pid))
    if (left.length > 0) throw new Error(`the tree is down, and not ${left.join(', ')}`)
    this.#mustBeClean()
    if (node.timers.size > 0 || node.aliases.size > 0 || [...tablesOf(node).owners()].length > 0) {
      throw new Error(`${node.timers.size} timers, ${node.aliases.size} aliases, or a table outlived the tree`)
    }
    if (this.#town.registry.count(node) > 0 || pg.whichGroups(node, SCOPE).length > 0)
      throw new Error('somebody is on a list')
    await this.#inTime(node.shutdown())
    if (node.processCount > 0 || node.registered().length > 0) throw new Error('the node is not empty')
  }
}

/** Makes the model what was seen, when that could come of it. */
function adopt(model: Model, seen: unknown): void {
  const [id, what] = seen as readonly [string, unknown]
  if (id !== model.id || what === 'restarting') cannotBe(model, seen)
  if (what === 'stopped') {
    const mayStop = model.kind === 'kid' && model.restart === 'transient'
    if (model.status !== 'stopped' && !mayStop) cannotBe(model, seen)
    model.status = 'stopped'
    return
  }
  model.status = 'running'
  if (model.kind === 'dynamic') {
    if ((what as number) > model.count) cannotBe(model, seen)
    model.count = what as number
  }
  if (model.kind === 'supervisor') adoptAll(model, what as readonly unknown[])
}

function adoptAll(model: ModelSupervisor, seen: readonly unknown[]): void {
  const shapes = new Map(seen.map((shape) => [(shape as readonly [string])[0], shape]))
  for (const member of model.children) {
    const shape = shapes.get(member.id)
    if (shape !== undefined) adopt(member, shape)
    else if (member.kind === 'kid' && member.restart === 'temporary') member.status = 'forgotten'
    else cannotBe(model, seen)
  }
}

function cannotBe(model: Model, seen: unknown): never {
  throw new Error(`${JSON.stringify(seen)} cannot come of ${JSON.stringify(expected(model))}`)
}
