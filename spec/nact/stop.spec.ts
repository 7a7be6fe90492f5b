import { dispatch, type Ref, spawn, start, stop } from 'nact'
import t, { type Test } from 'tap'
import type { Pid } from '../../lib/index.ts'
import { connect, NactHost, toPid } from '../../lib/nact/index.ts'
import { createTestNode, leftovers } from '../../lib/testing/index.ts'

type TestNode = ReturnType<typeof createTestNode>
type Parent = Parameters<typeof spawn>[0]
type Decision = 'escalate' | 'stop' | 'stopAll' | 'stopChild' | 'reset' | 'resetAll' | 'resetChild'

/** An actor whose messages each wait for the gate; the tests write down what became of it. */
class Worker {
  readonly handled: unknown[] = []
  stops = 0
  readonly ref: Ref<unknown>
  readonly open: () => void

  constructor(parent: Parent, name: string, properties: object = {}) {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    this.open = open
    const work = async (_state: unknown, message: unknown) => {
      this.handled.push(message)
      if (message === 'crash') throw new Error('the worker broke')
      await gate
      if (message === 'late crash') throw new Error('too late')
    }
    this.ref = spawn(parent as never, work, name, { ...properties, afterStop: () => this.stops++ } as never)
  }

  /** Resolves when the first of the messages is in hand and the others wait. */
  async busyWith(node: TestNode, ...messages: readonly unknown[]): Promise<void> {
    for (const message of messages) dispatch(this.ref, message)
    await node.until(() => this.handled.length === 1)
  }
}

interface Family {
  readonly parent: Worker
  readonly child: Worker
  readonly grandchild: Worker
}

function family(parent: Parent): Family {
  const top = new Worker(parent, 'parent')
  const child = new Worker(top.ref, 'child')
  return { parent: top, child, grandchild: new Worker(child.ref, 'grandchild') }
}

async function hosted(node: TestNode): Promise<Family & { host: Pid }> {
  await node.supervise({ children: [NactHost.child(family, { name: 'host', restart: 'temporary' })] })
  return { ...(await NactHost.actors<Family>(node, 'host')), host: node.whereis('host')! }
}

/** Enough turns for nact to go on with a message, or to decide about an error, if it did. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next))
}

/** Everybody's message in hand is let to its end; of those that wait none is handled; all have been stopped, once. */
async function allStopped(t: Test, node: TestNode, workers: readonly Worker[]): Promise<void> {
  await node.until(() => workers.every(({ stops }) => stops > 0), 'afterStop of all')
  for (const { open } of workers) open()
  await turns()
  for (const worker of workers) {
    t.strictSame(worker.handled, ['in hand'])
    t.equal(worker.stops, 1)
  }
}

t.test('a kill of the host: what is queued is not handled any more, and afterStop is called', async (t) => {
  await using node = createTestNode()
  const { parent, child, grandchild, host } = await hosted(node)
  const workers = [parent, child, grandchild]
  for (const worker of workers) await worker.busyWith(node, 'in hand', 'queued', 'queued')
  node.exit(host, 'kill')
  await allStopped(t, node, workers)
})

t.test('a message that was dispatched and not begun is dropped', async (t) => {
  const system = start(connect)
  const { parent, child } = family(system)
  for (const { ref } of [parent, child]) dispatch(ref, 'not begun')
  stop(system)
  await turns()
  t.strictSame([parent.handled, child.handled], [[], []])
  t.strictSame([parent.stops, child.stops], [1, 1])
})

t.test('stop of a connected system, or of an actor, stops all below', async (t) => {
  await using node = createTestNode()
  const system = start(connect)
  const { parent, child, grandchild } = family(system)
  const other = new Worker(system, 'other')
  for (const worker of [parent, child, grandchild, other]) await worker.busyWith(node, 'in hand', 'queued')
  stop(parent.ref)
  await allStopped(t, node, [parent, child, grandchild])
  t.equal(other.stops, 0)
  stop(system)
  await allStopped(t, node, [other])
})

t.test('children have stopped when afterStop of their parent is called', async (t) => {
  await using node = createTestNode()
  const system = start(connect)
  const order: string[] = []
  const noted = (parent: Parent, name: string) =>
    spawn(parent as never, () => {}, name, { afterStop: () => order.push(name) } as never) as Ref<unknown>
  noted(noted(noted(system, 'parent'), 'child'), 'grandchild')
  stop(system)
  await node.until(() => order.length === 3)
  t.strictSame(order, ['grandchild', 'child', 'parent'])
})

const ends: Record<string, (node: TestNode, host: Pid, actors: Family) => void> = {
  'a crash of a top-level actor': (_node, _host, { parent }) => dispatch(parent.ref, 'crash'),
  'a crash of the host': (node, host) => void node.crash(host),
  'a kill of the host': (node, host) => node.exit(host, 'kill'),
  'a shutdown of the host': (node, host) => node.exit(host, 'shutdown'),
  'stop of the parent actor': (_node, _host, { parent }) => stop(parent.ref),
}

for (const [how, end] of Object.entries(ends)) {
  t.test(`${how} ends the stand-ins of its actors, and leaves none`, async (t) => {
    await using node = createTestNode()
    const { host, ...actors } = await hosted(node)
    const before = node.processes().length
    const pids = Object.values(actors).map(({ ref }) => toPid(node, ref))
    const downs = pids.map((pid) => node.endOf(pid))
    end(node, host, actors)
    t.strictSame(await Promise.all(downs), ['normal', 'normal', 'normal'])
    await node.quiet()
    t.equal(node.processes().length, before - (node.whereis('host') === undefined ? 1 : 0))
    t.strictSame(leftovers(node), [])
    for (const { ref } of Object.values(actors)) t.throws(() => toPid(node, ref), { code: 'noproc' })
  })
}

t.test('stop of a connected system ends the stand-ins of its actors', async (t) => {
  await using node = createTestNode()
  const system = start(connect)
  const before = node.processes().length
  const downs = Object.values(family(system)).map(({ ref }) => node.endOf(toPid(node, ref)))
  stop(system)
  t.strictSame(await Promise.all(downs), ['normal', 'normal', 'normal'])
  await node.quiet()
  t.equal(node.processes().length, before)
  t.strictSame(leftovers(node), [])
})

for (const decision of ['escalate', 'stop', 'stopAll', 'reset', 'resetAll'] as const satisfies Decision[]) {
  t.test(`what fails after the end of its actor is let be: ${decision}`, async (t) => {
    await using node = createTestNode()
    let decided = 0
    const onCrash = (_message: unknown, _error: unknown, context: Record<string, unknown>) => {
      decided++
      return context[decision]
    }
    const setup = (system: Parent) => {
      const parent = new Worker(system, 'parent')
      return ['one', 'two'].map((name) => new Worker(parent.ref, name, { onCrash }))
    }
    await node.supervise({ children: [NactHost.child(setup, { name: 'host', restart: 'temporary' })] })
    const workers = await NactHost.actors<Worker[]>(node, 'host')
    for (const worker of workers) await worker.busyWith(node, 'late crash', 'queued')
    stop(workers[0]!.ref)
    node.exit(node.whereis('host')!, 'kill')
    await node.until(() => workers.every(({ stops }) => stops === 1))
    for (const { open } of workers) open()
    await turns()
    t.equal(decided, 0)
    for (const { stops, handled } of workers) t.strictSame([stops, handled], [1, ['late crash']])
  })
}

for (const decision of [
  'escalate',
  'stop',
  'stopAll',
  'stopChild',
  'reset',
  'resetAll',
  'resetChild',
] as const satisfies Decision[]) {
  t.test(`a decision that comes after the end of its host changes nothing: ${decision}`, async (t) => {
    await using node = createTestNode()
    let decide = (): void => {}
    const decided = new Promise<void>((resolve) => {
      decide = resolve
    })
    let asked = 0
    const onCrash = async (_message: unknown, _error: unknown, context: Record<string, unknown>) => {
      asked++
      await decided
      return context[decision]
    }
    const escalate = (_message: unknown, _error: unknown, { escalate }: { escalate: symbol }) => escalate
    let initials = 0
    const setup = (system: Parent) => {
      const top = new Worker(system, 'parent', { onCrash, initialStateFunc: () => initials++ })
      return { top, child: new Worker(top.ref, 'child', { onCrash: escalate }) }
    }
    await node.supervise({ children: [NactHost.child(setup, { name: 'host', restart: 'temporary' })] })
    const { top, child } = await NactHost.actors<ReturnType<typeof setup>>(node, 'host')
    dispatch(child.ref, 'crash')
    await node.until(() => asked === 1)
    node.exit(node.whereis('host')!, 'kill')
    await node.until(() => top.stops === 1 && child.stops === 1)
    decide()
    await turns()
    t.strictSame([top.stops, child.stops, initials], [1, 1, 1])
  })
}

t.test('an actor has one pid on a node, and a new one after that was killed', async (t) => {
  await using node = createTestNode()
  await using other = createTestNode()
  const { parent } = await hosted(node)
  const pid = toPid(node, parent.ref)
  t.equal(toPid(node, parent.ref), pid)
  const abroad = toPid(other, parent.ref)
  t.not(abroad, pid)
  node.exit(pid, 'kill')
  const next = toPid(node, parent.ref)
  t.not(next, pid)
  const ends = [node.endOf(next), other.endOf(abroad)]
  stop(parent.ref)
  t.same(await Promise.all(ends), ['normal', 'normal'])
})
