import t from 'tap'
import {
  child,
  type GenServer,
  ok,
  type Pid,
  pg,
  Registry,
  receiveResponse,
  reply,
  Supervisor,
  sendRequest,
  Table,
  Task,
} from '../../lib/index.ts'
import { ENDED } from '../../lib/kernel/flags.ts'
import { createTestNode, leftovers, type TestNode } from '../../lib/testing/index.ts'

const HOUR = 3_600_000

interface HolderApi {
  state: null
  init: [others: { readonly server: Pid; readonly registry: Registry<string> }]
  call: { wait(): 'done' }
}

/** Holds one of everything that a process can hold. */
const Holder: GenServer<HolderApi> = {
  async init({ server, registry }) {
    this.node.register('holder', this.self)
    this.link(server)
    this.monitor(server)
    this.alias()
    this.sendAfter(HOUR, this.self, 'late')
    new Table(this, { name: 'rows' })
    registry.register(this, 'key')
    await pg.join(this, 'scope', 'group', this.self)
    void this.call(server as Pid<HolderApi>, 'wait', undefined, { timeout: HOUR })
    return ok(null)
  },
  handleCall: {
    async wait() {
      await this.sleep(HOUR)
      return reply('done', null)
    },
  },
}

const Server: GenServer<HolderApi> = { ...Holder, init: () => ok(null) }

async function held(node: TestNode): Promise<{ holder: Pid<HolderApi>; server: Pid<HolderApi> }> {
  const registry = new Registry<string>('people', { keys: 'unique' })
  await node.supervise({ children: [registry.child(), pg.child('scope')] })
  const server = await node.start(Server, [{ server: undefined as never, registry }])
  const watcher = await node.start(Server, [{ server, registry }])
  const holder = await node.start(Holder, [{ server, registry }])
  watcher.process!.link(holder)
  watcher.process!.monitor(holder)
  watcher.process!.trapExit(true)
  await node.quiet()
  return { holder, server }
}

t.test('of a process that ends nothing is left over', async (t) => {
  await using node = createTestNode()
  const { holder, server } = await held(node)
  server.process!.trapExit(true)
  t.strictSame(leftovers(node), [], 'while it lives')
  node.exit(holder, 'kill')
  await node.quiet()
  t.strictSame(leftovers(node), [])
})

t.test('what a process does not give back is told, each with a line', async (t) => {
  await using node = createTestNode()
  const { holder } = await held(node)
  holder.process!.flags |= ENDED // as if its end had been forgotten half way
  holder.process = undefined
  const kinds = [
    /^process .*, which has ended/,
    /^name holder /,
    /^link of .*, which has ended/,
    /^monitor of .* by /,
    /^timer, 3600000 ms/,
    /^alias \d+ of/,
    /^call of wait to .* by .*, which has ended/,
    /^table rows of/,
    /^key key in people\.PIDPartition0 of/,
    /^place in people\.PIDPartition0 of/,
    /^member .* of group group/,
  ]
  const lines = leftovers(node)
  for (const kind of kinds)
    t.ok(
      lines.some((line) => kind.test(line)),
      `${kind}`,
    )
  t.strictSame(
    lines.filter((line) => !kinds.some((kind) => kind.test(line))),
    [],
  )
})

t.test('what one side alone knows is told', async (t) => {
  await using node = createTestNode()
  const [a, b] = [await node.start(Server, [undefined as never]), await node.start(Server, [undefined as never])]
  a.process!.addLink(b)
  b.process!.monitor(a)
  b.process!.rare!.monitors!.clear()
  t.match(leftovers(node), [/^link of .* unknown to it$/, /^monitor of .* unknown to it$/])
})

t.test('resources that are being closed are told until they are closed', async (t) => {
  await using node = createTestNode()
  const pid = node.spawn(async function () {
    this.own({ [Symbol.asyncDispose]: () => node.sleep(100) })
    await this.receive()
  })
  const watcher = await node.start(Server, [undefined as never])
  watcher.process!.monitor(pid)
  await node.crash(pid)
  t.match(leftovers(node), [/^resources of .* are being closed$/])
  await node.advance(100)
  t.strictSame(leftovers(node), [])
})

t.test('whatever a process waits for, its timer goes with it', async (t) => {
  await using node = createTestNode()
  const stubborn: GenServer<{ state: null; init: [] }> = {
    init() {
      this.trapExit(true)
      return ok(null)
    },
    handleCall: {},
    terminate: () => new Promise<never>(() => {}),
  }
  const slow: GenServer<{ state: null; init: [] }> = { init: () => new Promise<never>(() => {}), handleCall: {} }
  const forever = () => new Promise<never>(() => {})
  const dead = (pid: Pid) => {
    node.exit(pid, 'kill')
    return node.quiet()
  }
  const waits: Record<string, () => Pid | Promise<Pid>> = {
    sleep: () =>
      node.spawn(async function () {
        await this.sleep(HOUR)
      }),
    receive: () =>
      node.spawn(async function () {
        await this.receive(undefined, { after: HOUR })
      }),
    'the start of a child': () =>
      node.spawn(async function () {
        await Supervisor.startLink(
          this,
          {
            children: [{ id: 'a', start: (parent) => child(slow, []).start(parent) }],
          },
          { timeout: HOUR },
        )
      }),
    'the end of a child': async () => {
      const supervisor = await node.supervise({ children: [child(stubborn, [], { id: 'a', shutdown: HOUR })] })
      void Supervisor.terminateChild(node, supervisor, 'a').catch(() => {})
      return supervisor
    },
    'the value of a task': () =>
      node.spawn(async function () {
        await Task.yield(this, Task.async(this, forever), HOUR)
      }),
    'a stream of tasks': () =>
      node.spawn(async function () {
        for await (const _ of Task.asyncStream(this, [1], forever, { timeout: HOUR })) break
      }),
    'a response': () =>
      node.spawn(async function () {
        const server = this.spawn(forever)
        await receiveResponse(this, sendRequest(this, server as Pid<HolderApi>, 'wait'), HOUR)
      }),
  }
  for (const [what, start] of Object.entries(waits)) {
    const pid = await start()
    await node.quiet()
    t.equal(node.timers.size, 1, what)
    await dead(pid)
    t.equal(node.timers.size, 0, what)
    t.strictSame(leftovers(node), [])
  }
})
