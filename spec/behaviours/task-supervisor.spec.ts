import t from 'tap'
import {
  type Context,
  createNode,
  type DynamicSupervisorApi,
  exit,
  NoCatch,
  type Pid,
  Registry,
  Supervisor,
  Task,
  type TaskSupervisorSpec,
  TIMEOUT,
} from '../../lib/index.ts'
import { exitsWith } from '../support/exits.ts'
import { down, nodeWithReports } from '../support/kid.ts'
import { inTestProcess } from '../support/test-process.ts'

const { children, startChild, terminateChild } = Task.Supervisor

async function supervisorOf(context: Context, spec?: TaskSupervisorSpec): Promise<Pid<DynamicSupervisorApi>> {
  const started = await Task.Supervisor.startLink(context, spec)
  if (started === 'ignore' || started[0] === 'error') throw new Error('it does not start')
  return started[1]
}

function linksOf({ node, self }: Context): readonly unknown[] {
  return node.processInfo(self, 'links')?.[1] ?? []
}

/** Announces itself to `to`, waits for a message, and returns 'done'. */
function waits(to: Pid): (this: Context) => Promise<'done'> {
  return async function () {
    this.send(to, 'ready')
    await this.receive()
    return 'done'
  }
}

t.test('can be supervised directly; multiple supervisors are identified with a simple child spec', async (t) => {
  const { node } = nodeWithReports(t)
  const registry = new Registry('names', { keys: 'unique' })
  const via = registry.via<DynamicSupervisorApi>('tasks')
  const top = await node.supervise({
    children: [
      registry.child(),
      Task.Supervisor.child({}, { name: 'simple' }),
      Task.Supervisor.child({}, { name: via }),
    ],
  })
  t.same(await children(node, 'simple'), [])
  t.same(await children(node, via), [])
  const [, pid] = (await Supervisor.startChild(node, top, Task.Supervisor.child())) as ['ok', Pid]
  t.same(await children(node, pid as Pid<DynamicSupervisorApi>), [])
  t.same(await Supervisor.startChild(node, top, Task.Supervisor.child()), ['error', ['already_started', pid]])
  t.match(Task.Supervisor.child(), { id: 'Task.Supervisor', type: 'supervisor' })
  t.match(Task.Supervisor.child({}, { id: 'mine' }), { id: 'mine' })
})

t.test('counts and returns children', async (t) => {
  await inTestProcess(t, async function () {
    const supervisor = await supervisorOf(this)
    t.same(await children(this, supervisor), [])
    t.same(await Supervisor.countChildren(this, supervisor), { specs: 0, active: 0, supervisors: 0, workers: 0 })
  })
})

for (const [name, isLinked] of [
  ['async', true],
  ['asyncNolink', false],
] as const) {
  const start = Task.Supervisor[name]
  t.test(`${name}/1`, async (t) => {
    t.test(`spawns tasks under the supervisor, ${isLinked ? 'linked to' : 'not linked to'} the caller`, async (t) => {
      await inTestProcess(t, async function () {
        const supervisor = await supervisorOf(this)
        const task = await start(this, supervisor, waits(this.self))
        t.same(await children(this, supervisor), [task.pid])
        t.equal(linksOf(this).includes(task.pid), isLinked)
        t.same(this.node.processInfo(task.pid!, 'parent'), ['parent', supervisor])
        t.equal(await this.receive(), 'ready')
        this.send(task.pid!, 'go')
        t.same(await this.receive(), [task.ref, 'done'])
        t.match(await this.receive(), { type: 'DOWN', ref: task.ref, reason: 'normal' })
        t.same(await children(this, supervisor), [])
        t.equal(await Task.await(this, await start(this, supervisor, () => 1)), 1)
        t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT)
      })
    })

    t.test('with custom shutdown', async (t) => {
      await inTestProcess(t, async function () {
        this.trapExit(true)
        const supervisor = await supervisorOf(this)
        const body = async function (this: Context) {
          this.trapExit(true)
          await new Promise(() => {})
        }
        const { pid } = await start(this, supervisor, body, { shutdown: 'brutal_kill' })
        this.exit(supervisor, 'shutdown')
        t.match(await this.receive((m) => (m as { type?: string }).type === 'DOWN'), { object: pid, reason: 'killed' })
      })
    })

    t.test('raises when :max_children is reached', async (t) => {
      await inTestProcess(t, async function () {
        const supervisor = await supervisorOf(this, { maxChildren: 1 })
        await start(this, supervisor, waits(this.self))
        await t.rejects(
          start(this, supervisor, () => 1),
          { code: 'max_children' },
        )
      })
    })

    t.test('with $callers', async (t) => {
      await inTestProcess(t, async function () {
        const supervisor = await supervisorOf(this)
        const inner = function (this: Context) {
          return Task.callers(this)
        }
        const task = await start(this, supervisor, async function () {
          return [this.self, await Task.await(this, await start(this, supervisor, inner))] as const
        })
        const [parent, seen] = await Task.await(this, task)
        t.same(seen, [parent, this.self])
      })
    })

    t.test('await/1 exits on task throw, task error, task exit; a stranger to all that is not linked', async (t) => {
      await inTestProcess(t, async function () {
        this.trapExit(isLinked)
        const supervisor = await supervisorOf(this)
        for (const [body, reason] of [
          [() => Promise.reject('unknown'), NoCatch],
          [() => Promise.reject(new RangeError('oops')), RangeError],
          [() => exit('unknown'), 'unknown'],
        ] as const) {
          const task = await start(this, supervisor, body)
          await exitsWith(t, Task.await(this, task), [reason, ['Task', 'await', [task, 5000]]])
          if (isLinked) t.match(await this.receive(), { type: 'EXIT', from: task.pid })
          t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT)
        }
      })
    })
  })
}

t.test('an owner that has ended when its task would start has none', async (t) => {
  const { node } = nodeWithReports(t)
  await node.supervise({ children: [Task.Supervisor.child({}, { name: 'tasks' })] })
  const before = node.processCount
  let ran = false
  const owner = node.spawn(async function () {
    void Task.Supervisor.async(this, 'tasks', () => {
      ran = true
    })
    this.exit(this.self, 'kill')
  })
  await down(owner)
  t.same(await children(node, 'tasks'), [])
  t.equal(node.processCount, before)
  t.notOk(ran)
  await exitsWith(
    t,
    startChild(node, 'nobody', () => {}),
    ['noproc', ['gen_server', 'call', {}]],
  )
  await t.rejects(
    Task.Supervisor.async(node as never, 'tasks', () => {}),
    { code: 'badarg' },
    'a node owns no task',
  )
})

t.test('start_child/1', async (t) => {
  t.test('a task that nobody waits for; start_child/3', async (t) => {
    await inTestProcess(t, async function () {
      const supervisor = await supervisorOf(this)
      const [, pid] = (await startChild(this, supervisor, waits(this.self))) as ['ok', Pid]
      t.same(await children(this, supervisor), [pid])
      t.notOk(linksOf(this).includes(pid))
      t.equal(await this.receive(), 'ready')
      this.send(pid, 'go')
      await down(pid)
      t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT)
      await t.rejects(startChild(this, supervisor, 'not a function' as never), { code: 'badarg' })
    })
  })

  t.test('with custom shutdown', async (t) => {
    await inTestProcess(t, async function () {
      this.trapExit(true)
      const supervisor = await supervisorOf(this)
      const [, pid] = (await startChild(this, supervisor, waits(this.self), { shutdown: 'brutal_kill' })) as ['ok', Pid]
      this.monitor(pid)
      this.exit(supervisor, 'shutdown')
      t.match(await this.receive((m) => (m as { type?: string }).type === 'DOWN'), { reason: 'killed' })
    })
  })

  t.test('with custom restart: temporary unless told otherwise', async (t) => {
    await inTestProcess(t, async function () {
      const supervisor = await supervisorOf(this)
      for (const restart of ['permanent', undefined] as const) {
        const options = restart === undefined ? {} : { restart }
        const [, pid] = (await startChild(this, supervisor, waits(this.self), options)) as ['ok', Pid]
        t.equal(await this.receive(), 'ready')
        this.exit(pid, 'shutdown')
        const now = await children(this, supervisor)
        t.notOk(now.includes(pid))
        if (restart === 'permanent') t.equal(await this.receive(), 'ready')
        t.equal(now.length, 1, 'the one that is permanent')
      }
    })
  })

  t.test('with $callers, kept by a task that is started again', async (t) => {
    await inTestProcess(t, async function () {
      const grandparent = this.self
      const supervisor = await supervisorOf(this)
      const tell = async function (this: Context) {
        this.send(grandparent, Task.callers(this))
        await this.receive()
      }
      const [, pid] = (await startChild(this, supervisor, tell, { restart: 'permanent' })) as ['ok', Pid]
      t.same(await this.receive(), [grandparent])
      this.exit(pid, 'kill')
      t.same(await this.receive(), [grandparent])
    })
  })

  t.test('from outside any process, and over max_children', async (t) => {
    const node = createNode({ reporter: () => {} })
    t.teardown(() => node.kill())
    await node.supervise({ children: [Task.Supervisor.child({ maxChildren: 1 }, { name: 'tasks' })] })
    const never = () => new Promise(() => {})
    t.match(await startChild(node, 'tasks', never), ['ok', {}])
    t.same(await startChild(node, 'tasks', never), ['error', 'max_children'])
  })
})

t.test('terminate_child/2', async (t) => {
  await inTestProcess(t, async function () {
    const supervisor = await supervisorOf(this)
    const [, pid] = (await startChild(this, supervisor, waits(this.self))) as ['ok', Pid]
    t.same(await children(this, supervisor), [pid])
    t.equal(await terminateChild(this, supervisor, pid), 'ok')
    t.same(await children(this, supervisor), [])
    t.same(await terminateChild(this, supervisor, pid), ['error', 'not_found'])
  })
})
