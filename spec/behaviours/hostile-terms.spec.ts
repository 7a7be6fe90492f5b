import t, { type Test } from 'tap'
import {
  Agent,
  type ChildSpec,
  ConsumerSupervisor,
  type Context,
  child,
  DynamicSupervisor,
  type DynamicSupervisorApi,
  equalTerms,
  exit,
  GenEvent,
  type GenServer,
  GenStage,
  GenStatem,
  noreply,
  ok,
  type Pid,
  type Protocol,
  reply,
  type StateMachine,
  Supervisor,
  sys,
  Task,
} from '../../lib/index.ts'
import { createTestNode, type TestNode } from '../../lib/testing/index.ts'
import { Numbers } from '../support/stages.ts'

/** A term is data. What is sent and is none, because reading it throws, harms nobody but who sent it. */

const NAMES = ['type', 'from', 'reason', 'ref', 'object', 'id', 'start', 'restart', 'partition', 'selector', 'x']

/** An object whose getters throw; `fields` are as they should be. */
function hostile(fields: Readonly<Record<string, unknown>> = {}): object {
  const names = NAMES.filter((name) => !(name in fields))
  return Object.defineProperties(
    { ...fields },
    Object.fromEntries(names.map((name) => [name, { get: boom, enumerable: true }])),
  )
}

function hostileList(length: number): unknown[] {
  const parts = Array.from({ length }, () => ({ get: boom, enumerable: true }))
  return Object.defineProperties(new Array(length), { ...parts } as PropertyDescriptorMap)
}

function boom(): never {
  throw new RangeError('a getter')
}

interface EchoApi extends Protocol {
  state: number
  call: { get(): number }
}

const Echo: GenServer<EchoApi> = {
  init: () => ok(7),
  handleCall: { get: (_request, _from, state) => reply(state, state) },
  handleInfo: (_message, state) => noreply(state),
}

const EchoOfEvent: GenServer<{ state: number; init: [event: unknown] }> = {
  init: () => ok(7),
  handleCall: {},
  handleInfo: (_message, state) => noreply(state),
}

const Lamp: StateMachine<{ state: 'on'; data: number }> = {
  callbackMode: 'handle_event_function',
  init: () => GenStatem.ok('on', 7),
  handleEvent: () => GenStatem.keepStateAndData(),
}

const Sink: GenServer<{ state: number; in: number }> = GenStage.consumer<{ state: number; in: number }>({
  init: () => ok(7),
  handleEvents: (_events, _from, state) => noreply(state),
  handleInfo: (_message, state) => noreply(state),
})

function nodeFor(t: Test): TestNode {
  const node = createTestNode()
  t.teardown(() => node.kill())
  return node
}

t.test('a message: whoever gets it goes on', async (t) => {
  const node = nodeFor(t)
  const template = ConsumerSupervisor.template(EchoOfEvent, [])
  await node.supervise({
    children: [
      child(Echo, [], { name: 'server' }),
      GenStatem.child(Lamp, [], { name: 'machine' }),
      GenEvent.child({ name: 'events' }),
      Agent.child(() => 7, { name: 'agent' }),
      child(Numbers, [[], 3], { name: 'producer' }),
      child(Sink, [], { name: 'consumer' }),
      Supervisor.child({ children: [] }, { name: 'supervisor' }),
      DynamicSupervisor.child({}, { name: 'dynamic' }),
      ConsumerSupervisor.child({ children: [template] }, { name: 'consumers' }),
      Task.Supervisor.child({}, { name: 'tasks' }),
    ],
  })
  const names = node.registered().filter((name) => name !== 'application_controller')
  t.ok(names.length >= 10)
  const ref = node.makeRef()
  for (const name of names) {
    const pid = node.whereis(name) as Pid
    const from = [pid, ref]
    for (const message of [
      hostile(),
      hostile({ type: 'EXIT' }),
      hostile({ type: 'EXIT', from: pid }),
      hostile({ type: 'DOWN', ref }),
      hostileList(2),
      hostileList(3),
      ['$gen_producer', hostileList(2), ['ask', 1]],
      ['$gen_producer', from, hostileList(2)],
      ['$gen_producer', from, ['subscribe', hostileList(2), {}]],
      ['$gen_producer', from, ['subscribe', undefined, hostile()]],
      ['$gen_consumer', from, hostileList(2)],
    ]) {
      node.send(pid, message)
      await node.quiet()
      t.ok(node.whereis(name) === pid, name)
    }
    await sys.getState(node, pid)
  }
})

t.test('a message waits in the mailbox of one that looks for another', async (t) => {
  const node = nodeFor(t)
  const seen: unknown[] = []
  node.spawn(async function () {
    this.trapExit(true)
    this.send(this.self, hostile())
    const task = Task.async(this, () => 7)
    seen.push(await Task.await(this, task))
    const [pid, ref] = this.spawnMonitor(() => undefined)
    await this.sleep(1)
    seen.push(this.node.isAlive(pid), this.demonitor(ref, { flush: true }), typeof (await this.receive()))
  })
  await node.quiet()
  await node.advance(1)
  await node.quiet()
  t.same(seen, [7, false, false, 'object'])
})

t.test('the specification of a child: who asks is told that it is none', async (t) => {
  const node = nodeFor(t)
  const top = await node.supervise({ children: [DynamicSupervisor.child({}, { name: 'dynamic' })] })
  const start = (parent: Context) => ['ok', parent.spawnLink(() => parent.sleep(1e9))] as const
  const cyclic: unknown[] = []
  cyclic.push(cyclic)
  for (const spec of [hostile(), hostile({ id: 'k' }), { id: hostile(), start }, { id: cyclic, start }]) {
    t.ok(isRefused(await Supervisor.startChild(node, top, spec as ChildSpec), spec))
  }
  const spec = hostile()
  t.ok(isRefused(await DynamicSupervisor.startChild(node, 'dynamic', spec as ChildSpec), spec))
  t.ok(node.isAlive(top))
})

function isRefused(answer: unknown, spec: object): boolean {
  const [error, why] = answer as readonly [unknown, readonly unknown[]]
  return error === 'error' && why[0] === 'invalid_child_spec' && why[1] === spec
}

t.test('what a start function returns, and what a child ends with', async (t) => {
  const node = nodeFor(t)
  const children = [DynamicSupervisor.child({}, { name: 'dynamic' })]
  const top = await node.supervise({ intensity: 10, children })
  const dynamic = node.whereis('dynamic') as Pid<DynamicSupervisorApi>
  const unreadable = () => hostileList(2) as never
  t.match(await Supervisor.startChild(node, top, { id: 'k', start: unreadable }), ['error', [['EXIT', RangeError]]])
  t.match(await DynamicSupervisor.startChild(node, dynamic, { start: unreadable }), ['error', RangeError])
  for (const reason of [hostile(), hostileList(2)]) {
    let starts = 0
    const start = (parent: Context) => {
      const how = starts++ % 2 === 0 ? () => exit(reason) : () => parent.sleep(1e9)
      return ['ok', parent.spawnLink(how)] as const
    }
    t.equal((await Supervisor.startChild(node, top, { id: 'k', start, restart: 'transient' }))[0], 'ok')
    await node.quiet()
    t.equal((await DynamicSupervisor.startChild(node, dynamic, { start, restart: 'transient' }))[0], 'ok')
    await node.quiet()
    t.equal(starts, 4, 'both were started again')
    await Supervisor.terminateChild(node, top, 'k')
    await Supervisor.deleteChild(node, top, 'k')
  }
  t.ok(node.isAlive(top) && node.isAlive(dynamic))
})

t.test('reasons that cannot be read are told one by one', async (t) => {
  const node = nodeFor(t)
  const start = (parent: Context) => {
    const body = async function (this: Context) {
      this.trapExit(true)
      await this.receive()
      exit(hostile())
    }
    return ['ok', parent.spawnLink(body)] as const
  }
  const top = await node.supervise({ strategy: 'simple_one_for_one', children: [{ id: 'template', start }] })
  for (let i = 0; i < 3; i++) await Supervisor.startChild(node, top, [])
  await node.quiet()
  await Supervisor.stop(node, top, 'shutdown')
  t.equal(node.reportsOf('supervisor', 'shutdown_error').length, 3)
})

t.test('terms: one that cannot be read equals itself only', async (t) => {
  const one = hostile()
  t.ok(equalTerms(one, one))
  t.notOk(equalTerms(one, hostile()))
  t.notOk(equalTerms([one], [hostile()]))
  t.notOk(equalTerms(hostileList(1), [1]))
})
