import {
  type ChildSpec,
  type Context,
  child,
  DynamicSupervisor,
  exit,
  type From,
  type GenServer,
  GenStatem,
  noreply,
  ok,
  type Pid,
  pg,
  Registry,
  type RegistryOptions,
  reply,
  type StateMachine,
  Supervisor,
  stop,
  Table,
  Task,
} from '../../lib/index.ts'
import type { TestNode } from '../../lib/testing/index.ts'
import { flagsOf, type Model, type ModelKid, OFTEN } from '../support/tree-model.ts'

/**
 * The processes of a random tree. Whatever they are, when they begin they take hold of some of what a process can hold,
 * by chance: names, monitors, links, timers, aliases, tables, registrations, memberships, resources, companions.
 */
export const KINDS = ['server', 'machine', 'raw', 'task'] as const
type Kind = (typeof KINDS)[number]

export const SCOPE = 'groups'
const LAYOUTS: readonly RegistryOptions[] = [
  { keys: 'unique', partitions: 2 },
  { keys: 'duplicate', partitions: 2 },
  { keys: ['duplicate', 'key'], partitions: 2 },
]
const HOUR = 3_600_000

export class Town {
  readonly node: TestNode
  readonly registry: Registry<unknown, number>
  /** Processes beside the tree, each with the one it belongs to. */
  readonly companions: Map<Pid, Pid> = new Map()
  readonly #people = new Set<Pid<AnyPerson>>()

  constructor(node: TestNode) {
    this.node = node
    this.registry = new Registry<unknown, number>('people', LAYOUTS[this.below(LAYOUTS.length)]!)
  }

  below(bound: number): number {
    return this.node.host.below(bound)
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** A process of any kind. */
  anyone(): Pid {
    return this.one(this.node.processes())
  }

  /** The inhabitants that live: those that take any message. */
  people(): Pid<AnyPerson>[] {
    for (const person of this.#people) if (!this.node.isAlive(person)) this.#people.delete(person)
    return [...this.#people]
  }

  moveIn(person: Pid): void {
    this.#people.add(person as Pid<AnyPerson>)
  }

  /** The child that a model stands for. */
  specOf(model: Model): ChildSpec {
    const { id } = model
    if (model.kind === 'kid') return this.kidOf(id, model)
    if (model.kind === 'dynamic') return DynamicSupervisor.child(OFTEN, { id })
    const children = model.children.map((member) => this.specOf(member))
    return Supervisor.child({ ...flagsOf(model), children }, { id })
  }

  kidOf(id: string, { restart, trap }: Pick<ModelKid, 'restart' | 'trap'>): ChildSpec {
    const shutdown = this.one([200, 1000, 0, Number.POSITIVE_INFINITY, 'brutal_kill'] as const)
    const options = { id, restart, shutdown }
    return this.#specOf(this.one(KINDS), { id, trap, town: this }, options)
  }

  #specOf(kind: Kind, person: Person, options: Pick<Required<ChildSpec>, 'id' | 'restart' | 'shutdown'>): ChildSpec {
    if (kind === 'server') return child(Server, [person], options)
    if (kind === 'machine') return GenStatem.child(Machine, [person], options)
    if (kind === 'raw') return { ...options, start: (parent) => ['ok', parent.spawnLink(raw, person, parent.self)] }
    return Task.child(function () {
      settle(this, { ...person, trap: false })
      return this.sleep(HOUR)
    }, options)
  }
}

interface Person {
  readonly id: string
  readonly trap: boolean
  readonly town: Town
}

interface ServerApi {
  state: Person
  init: [person: Person]
  call: { wait(milliseconds: number): 'done' }
  cast: { leave(): void; visit(to: Pid<AnyPerson>): void }
}
/** What every process can do, whatever it runs. */
type Me = Omit<Context, 'receive'>
export type AnyPerson = Pick<ServerApi, 'call' | 'cast'>

const Server: GenServer<ServerApi> = {
  async init(person) {
    settle(this, person)
    if (person.town.once(6)) await this.sleep(person.town.below(300))
    return ok(person)
  },
  handleCall: {
    async wait(milliseconds, from, person) {
      await spend(this, person, milliseconds, from)
      return reply('done', person)
    },
  },
  handleCast: {
    leave: (_request, person) => stop('normal', person),
    async visit(to, person) {
      await visit(this, person, to)
      return noreply(person)
    },
  },
  handleInfo: (_message, person) => noreply(person, person.town.once(3) ? { timeout: HOUR } : {}),
  async terminate(_reason, { town }) {
    if (town.once(3)) await this.sleep(town.below(3000))
  },
}

interface MachineApi {
  state: 'still' | 'moving'
  data: Person
  init: [person: Person]
  call: ServerApi['call']
  cast: ServerApi['cast']
  stateTimeout: 'rest'
  timeout: { far: null }
}

const Machine: StateMachine<MachineApi> = {
  callbackMode: 'handle_event_function',
  init(person) {
    settle(this, person)
    return GenStatem.ok('still', person, GenStatem.timeout('far', HOUR, null))
  },
  async handleEvent(event, state, person) {
    if (event.type === 'state_timeout') return GenStatem.nextState('still', person)
    if (event.operation === 'leave') return stop('normal')
    if (event.operation === 'visit') await visit(this, person, event.content)
    if (event.operation !== 'wait') return GenStatem.keepStateAndData()
    if (state === 'moving') return GenStatem.keepStateAndData(GenStatem.postpone())
    await spend(this, person, event.content, event.from)
    const rest = GenStatem.stateTimeout(person.town.below(500), 'rest')
    return GenStatem.nextState('moving', person, [GenStatem.reply(event.from, 'done'), rest])
  },
  async terminate(_reason, _state, { town }) {
    if (town.once(3)) await this.sleep(town.below(3000))
  },
}

async function raw(this: Context, person: Person, parent: Pid): Promise<void> {
  settle(this, person)
  for (;;) {
    const message = await this.receive<Record<string, unknown>>(undefined, { after: HOUR })
    if (message === null || typeof message !== 'object') continue
    if (message.operation === 'leave') return
    if (message.type === 'EXIT' && message.from === parent) {
      await this.sleep(person.town.below(2000))
      exit(message.reason)
    }
  }
}

/** Takes its time over a request: waits, or has a task wait. */
async function spend(self: Me, { town }: Person, milliseconds: number, from: From<'done'>): Promise<void> {
  if (town.once(4)) self.reply(from, 'done')
  if (town.once(2)) return self.sleep(milliseconds)
  const task = Task.async(self, function () {
    return this.sleep(milliseconds)
  })
  await Task.yield(self, task, 500)
  await Task.shutdown(self, task, 'brutal_kill')
}

/** Asks another one; that nobody answers is no reason to end. */
async function visit(self: Me, { town }: Person, to: Pid<AnyPerson>): Promise<void> {
  const timeout = town.once(2) ? 1000 : 5000
  await self.call(to, 'wait', town.below(2000), { timeout }).catch(() => {})
}

/** Takes hold of this and that. */
function settle(self: Me, person: Person): void {
  const { town, trap } = person
  const { node } = town
  self.trapExit(trap)
  town.moveIn(self.self)
  for (const take of [takeName, watch, bind, setTimers, takeAliases, makeTable, signUp, bringCompanion, own]) {
    if (town.once(3)) take(self, person)
  }
  if (trap && town.once(2)) {
    const other = town.anyone()
    if (other.process?.trapsExits) self.link(other)
  }
  node.send(self.self, 'hello')
}

function takeName(self: Me, { id, town }: Person): void {
  const name = `person ${id}`
  if (town.node.whereis(name) === undefined) town.node.register(name, self.self)
}

function watch(self: Me, { town }: Person): void {
  self.monitor(town.anyone())
  self.monitor(`person ${town.below(4)}`)
  const ref = self.monitor(town.anyone(), { alias: town.one(['demonitor', 'reply_demonitor', 'explicit_unalias']) })
  if (town.once(2)) town.node.send(ref, 'by an alias')
  if (town.once(3)) self.demonitor(ref, { flush: true })
}

/** A linked process that ends with this one, however it ends. */
function bind(self: Me, { town }: Person): void {
  const owner = self.self
  const helper = self.spawnLink(async function () {
    this.trapExit(true)
    const isExit = (message: unknown) => (message as { from?: unknown }).from === owner
    if (this.node.isAlive(owner)) await this.receive(isExit)
  })
  town.companions.set(helper, owner)
}

function setTimers(self: Me, { town }: Person): void {
  self.sendAfter(HOUR, self.self, 'late')
  self.startTimer(town.below(1000), self.self, 'soon')
  self.sendAfter(town.below(1000), town.one(town.people()), 'to another')
  self.sendAfter(town.below(1000), 'nobody', 'to a name')
  const cancelled = self.startTimer(HOUR, town.one(town.people()), 'never')
  self.cancelTimer(cancelled)
  self.startTimer(HOUR, town.one(town.people()), 'perhaps')
}

function takeAliases(self: Me, { town }: Person): void {
  self.alias()
  const once = self.alias({ reply: true })
  if (town.once(2)) town.node.send(once, 'answer')
  else self.unalias(once)
}

function makeTable(self: Me, { id, town }: Person): void {
  const name = Table.named<readonly [string, number]>(`table ${id}`)
  if (Table.whereis(town.node, name) === undefined) new Table<readonly [string, number]>(self, { name: name.table })
  new Table(self).insert(self, ['a', 1])
}

function signUp(self: Me, { id, town }: Person): void {
  const { registry } = town
  registry.register(self, id, 1)
  registry.register(self, town.below(3), 2)
  if (town.once(3)) registry.unregister(self, id)
  void pg.join(self, SCOPE, town.below(3), self.self)
  if (town.once(3)) void pg.monitor(self, SCOPE, town.below(3))
}

/** A process that watches this one and ends when it does. */
function bringCompanion(self: Me, { town }: Person): void {
  const owner = self.self
  const companion = town.node.spawn(async function () {
    const ref = this.monitor(owner)
    await this.receive((message) => (message as { ref?: unknown }).ref === ref)
  })
  town.companions.set(companion, owner)
}

/** What takes time to close. */
function own(self: Me, { town }: Person): void {
  const { node } = town
  self.own({ [Symbol.asyncDispose]: () => node.sleep(town.below(1500)) })
  void self.signal
}
