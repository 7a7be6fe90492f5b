import t from 'tap'
import {
  type ChildSpec,
  child,
  type GenServer,
  ok,
  type Pid,
  Registry,
  reply,
  Supervisor,
  type SupervisorApi,
  type SupervisorModule,
  stopReply,
  Task,
} from '../../lib/index.ts'
import { nodeWithReports } from '../support/kid.ts'

interface StackApi {
  state: readonly string[]
  init: [stack: readonly string[]]
  call: { pop(): string | undefined; stop(): 'ok' }
}

const Stack: GenServer<StackApi> = {
  init: (stack) => ok(stack),
  handleCall: {
    pop: (_request, _from, [head, ...rest]) => reply(head, rest),
    stop: (_request, _from, stack) => stopReply('normal', 'ok', stack),
  },
}

const StackSup: SupervisorModule<[stack: readonly string[], name: string]> = {
  init: (stack, name) => ({ intensity: 3, children: [child(Stack, [stack], { name })] }),
}

const permanent = { strategy: 'one_for_one', intensity: 3, period: 5 } as const

t.test('supervisor_test: generates child_spec/1', async (t) => {
  const spec = Supervisor.child(StackSup, [['hello'], 'x'], { id: 'Stack.Sup' })
  t.match(spec, { id: 'Stack.Sup', type: 'supervisor', start: Function })
  t.notHas(spec, 'restart')
  const custom = { id: 'id', restart: 'temporary' } as const
  t.match(Supervisor.child({ children: [] }, custom), { ...custom, type: 'supervisor' })
})

t.test('supervisor_test: child_spec/2', async (t) => {
  const body = () => 'done'
  t.match(Task.child(body), { id: 'Task', restart: 'temporary' })
  const over = { id: 'foo', restart: 'permanent', shutdown: Number.POSITIVE_INFINITY } as const
  t.match(Task.child(body, over), over)
  t.match(child(Stack, [[]], over), over)
  t.throws(() => child({} as never, [] as never), { code: 'badarg' })
})

t.test('supervisor_test: start_link/2 with via, start_link/3 with local', async (t) => {
  const { node } = nodeWithReports(t)
  const names = new Registry<string>('names', { keys: 'unique' })
  await node.supervise({ children: [names.child()] })
  for (const name of ['my_sup', names.via<SupervisorApi>('via_sup')]) {
    await node.supervise({ ...permanent, children: [] }, { name })
    t.same(await Supervisor.whichChildren(node, name), [])
  }
})

t.test('supervisor_test: start_link/2, start_link/3', async (t) => {
  const { node } = nodeWithReports(t)
  const started = await new Promise<Pid<SupervisorApi>>((resolve) => {
    node.spawn(async function () {
      const [, pid] = (await Supervisor.startLink(this, StackSup, [['hello'], 'stat'])) as ['ok', Pid<SupervisorApi>]
      resolve(pid)
      await this.receive()
    })
  })
  const dynamic = await node.supervise({ ...permanent, children: [child(Stack, [['hello']], { name: 'dyn' })] })
  for (const [name, supervisor] of [
    ['stat', started],
    ['dyn', dynamic],
  ] as const) {
    const before = node.whereis(name)
    t.equal(await node.call<StackApi, 'pop'>(name, 'pop'), 'hello')
    t.equal(await node.call<StackApi, 'stop'>(name, 'stop'), 'ok')
    await Supervisor.whichChildren(node, supervisor)
    t.not(node.whereis(name), before)
    t.equal(await node.call<StackApi, 'pop'>(name, 'pop'), 'hello')
    await Supervisor.stop(node, supervisor)
    t.equal(node.whereis(name), undefined)
  }
  for (const name of [5, { invalid: 'tuple' }, { via: 'Via', key: 'x' }]) {
    await t.rejects(node.supervise({ children: [] }, { name: name as never }))
  }
})

t.test('supervisor_test: start_child/2 supports new child spec, with invalid child spec', async (t) => {
  const { node } = nodeWithReports(t)
  const supervisor = await node.supervise({ ...permanent, children: [] })
  t.match(
    await Supervisor.startChild(
      node,
      supervisor,
      Task.child(() => new Promise(() => {})),
    ),
    ['ok', {}],
  )
  const plain: ChildSpec = {
    id: 'plain',
    restart: 'temporary',
    start: (parent) => ['ok', parent.spawnLink(() => 'ok')],
  }
  t.match(await Supervisor.startChild(node, supervisor, plain), ['ok', {}])
  const wrong: readonly (readonly [unknown, unknown])[] = [
    [{}, 'missing_id'],
    [{ id: 1 }, 'missing_start'],
    [{ id: 1, start: 2 }, ['invalid_mfa', 2]],
  ]
  for (const [spec, reason] of wrong) {
    t.same(await Supervisor.startChild(node, supervisor, spec as ChildSpec), ['error', reason])
  }
})

t.test('supervisor_test: child life-cycle', async (t) => {
  const { node } = nodeWithReports(t)
  const supervisor = await node.supervise({ ...permanent, children: [] })
  t.same(await Supervisor.whichChildren(node, supervisor), [])
  t.same(await Supervisor.countChildren(node, supervisor), { specs: 0, active: 0, supervisors: 0, workers: 0 })
  const [, stack] = await Supervisor.startChild(node, supervisor, child(Stack, [['hello']], { id: 'Stack' }))
  t.equal(await node.call(stack as Pid<StackApi>, 'pop'), 'hello')
  t.same(await Supervisor.whichChildren(node, supervisor), [['Stack', stack, 'worker', [Stack]]])
  t.same(await Supervisor.countChildren(node, supervisor), { specs: 1, active: 1, supervisors: 0, workers: 1 })
  t.same(await Supervisor.deleteChild(node, supervisor, 'Stack'), ['error', 'running'])
  t.equal(await Supervisor.terminateChild(node, supervisor, 'Stack'), 'ok')
  const [, again] = await Supervisor.restartChild(node, supervisor, 'Stack')
  t.equal(await node.call(again as Pid<StackApi>, 'pop'), 'hello')
  t.equal(await Supervisor.terminateChild(node, supervisor, 'Stack'), 'ok')
  t.equal(await Supervisor.deleteChild(node, supervisor, 'Stack'), 'ok')
  t.same(await Supervisor.whichChildren(node, supervisor), [])
})
