import type { Report } from '../../lib/index.ts'
import type { TestNode } from '../../lib/testing/index.ts'
import { js, nact, type Self, started, testing, type Untyped } from '../misuse/untyped.ts'

const { Agent, DynamicSupervisor, GenEvent, GenStage, GenStatem, PartitionSupervisor, Registry, Supervisor, Table } = js
const { Application, ConsumerSupervisor, pg, Pool, procLib, sendRequest, Task } = js

/** A server that takes whatever comes, so that what ends it is not its own code. */
export const Counter = {
  init: () => js.ok(0),
  handleCall: {
    add: (_n: unknown, _from: unknown, state: unknown) => js.reply('added', state),
    never: (_request: unknown, _from: unknown, state: unknown) => js.noreply(state),
  },
  handleCast: { add: (_n: unknown, state: unknown) => js.noreply(state) },
  handleInfo: (_message: unknown, state: unknown) => js.noreply(state),
  codeChange: (_vsn: unknown, state: unknown) => js.ok(state),
}
export const Handler = {
  init: () => js.ok(0),
  handleEvent: (_event: unknown, state: unknown) => js.ok(state),
  handleCall: { get: (_request: unknown, state: unknown) => js.reply(state, state) },
}
export const Light = {
  callbackMode: 'handle_event_function',
  init: () => GenStatem.ok('red', 0),
  handleEvent: ({ type, from }: { readonly type: string; readonly from?: unknown }) =>
    GenStatem.keepStateAndData(type === 'call' ? GenStatem.reply(from, 1) : []),
}
/** Of every role. */
export const Stage = {
  init: () => js.ok(0),
  handleDemand: (_demand: unknown, state: unknown) => js.noreply(state),
  handleEvents: (_events: unknown, _from: unknown, state: unknown) => js.noreply(state),
  handleInfo: (_message: unknown, state: unknown) => js.noreply(state),
}
const Consumer = {
  ...Stage,
  handleSubscribe: (_other: unknown, _options: unknown, _from: unknown, state: unknown) => GenStage.manual(state),
}

/** The world of one knock: a node, the process that knocks, and whatever a right argument asks for. */
export class Fixture {
  readonly node: Untyped<TestNode> = testing.createTestNode() as Untyped<TestNode>
  self!: Self
  /** Someone who has nothing to do with it. */
  pid!: unknown

  async open(): Promise<void> {
    this.self = await this.#process(true)
    this.pid = (await this.#process(false)).self
  }

  get reports(): readonly Report[] {
    return this.node.reports as unknown as readonly Report[]
  }

  /** A process that does nothing by itself, as it sees itself. */
  #process(traps: boolean): Promise<Self> {
    return new Promise((resolve) => {
      this.node.spawn(function (this: Self) {
        this.trapExit(traps)
        resolve(this)
        return new Promise(() => {})
      })
    })
  }

  /** The same, started by `procLib`. */
  special(): Promise<Self> {
    return new Promise((resolve) => {
      const body = function (this: Self) {
        procLib.initAck(this, 'ok')
        resolve(this)
        return new Promise(() => {})
      }
      void procLib.start(this.node, body, [])
    })
  }

  counter(): Promise<unknown> {
    return this.#start(Counter)
  }
  async suspended(): Promise<unknown> {
    const server = await this.counter()
    await js.sys.suspend(this.self, server)
    return server
  }
  agent(): Promise<unknown> {
    return started(Agent.start(this.node, () => 0))
  }
  async manager(): Promise<unknown> {
    const manager = await started(GenEvent.start(this.node))
    await GenEvent.addHandler(this.node, manager, Handler)
    return manager
  }
  statem(): Promise<unknown> {
    return started(GenStatem.start(this.node, Light, []))
  }
  producer(): Promise<unknown> {
    return this.#start(GenStage.producer(Stage))
  }
  consumer(): Promise<unknown> {
    return this.#start(GenStage.consumer(Consumer))
  }

  child(id: string): object {
    return js.child(Counter, [], { id }) as object
  }
  supervisor(): Promise<unknown> {
    return this.#supervise(this.child('known'))
  }
  dynamic(): Promise<unknown> {
    return started(DynamicSupervisor.startLink(this.self))
  }
  consumers(): Promise<unknown> {
    return started(
      ConsumerSupervisor.startLink(this.self, { children: [ConsumerSupervisor.template(Counter, [], { id: 'each' })] }),
    )
  }
  tasks(): Promise<unknown> {
    return started(Task.Supervisor.startLink(this.self))
  }
  async partitions(): Promise<unknown> {
    await started(PartitionSupervisor.startLink(this.self, { name: 'parts', childSpec: this.child('part') }))
    return 'parts'
  }
  async pool(): Promise<unknown> {
    await this.#supervise(Pool.child({ name: 'pool', threads: 1 }))
    return 'pool'
  }
  /** Of a worker without a thread, which takes its time to start. */
  async lease(): Promise<unknown> {
    return { type: 'lease', pool: await this.pool(), worker: this.pid }
  }
  task(): unknown {
    return Task.async(this.self, () => new Promise(() => {}))
  }

  async registry(keys: string): Promise<unknown> {
    const registry = new Registry('registry', { keys })
    await this.#supervise(registry.child())
    return registry
  }
  table(options: object = {}): unknown {
    const table = new Table(this.self, options)
    table.insert(this.self, ['term', 1])
    return table
  }
  async scope(): Promise<unknown> {
    await pg.start(this.node, 'scope')
    return 'scope'
  }
  application(): unknown {
    const start = function (this: Self) {
      return Supervisor.startLink(this, { children: [] })
    }
    return js.defineApplication({ name: 'app', env: { text: 1 }, start })
  }
  loaded(): unknown {
    Application.load(this.node, this.application())
    return 'app'
  }
  async running(): Promise<unknown> {
    await Application.start(this.node, this.application())
    return 'app'
  }
  async hosted(): Promise<unknown> {
    await this.#supervise(nact.NactHost.child(() => 1, { name: 'nact' }))
    return 'nact'
  }

  async request(): Promise<unknown> {
    return sendRequest(this.self, await this.counter(), 'never', 1)
  }
  /** The `from` of a call that waits. */
  from(): Promise<unknown> {
    return new Promise((resolve) => {
      const ask = (_request: unknown, from: unknown, state: unknown) => {
        resolve(from)
        return js.noreply(state)
      }
      void this.#start({ ...Counter, handleCall: { ask } }).then((server) => sendRequest(this.self, server, 'ask'))
    })
  }

  async #start(module: unknown): Promise<unknown> {
    return this.node.start(module, [])
  }
  async #supervise(child: unknown): Promise<unknown> {
    return this.node.supervise({ children: [child] })
  }
}
