import t, { type Test } from 'tap'
import {
  type Context,
  createNode,
  type DownMessage,
  Exit,
  exit,
  type GenServer,
  NoCatch,
  noreply,
  ok,
  type Pid,
  reply,
  Supervisor,
  Task,
  type TaskHandle,
  TIMEOUT,
} from '../../lib/index.ts'
import { VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'
import { down, gate, nodeWithReports } from '../support/kid.ts'
import { inTestProcess } from '../support/test-process.ts'

/** A process that waits for ever. */
function idle(this: Context): Promise<never> {
  return new Promise(() => {})
}

/** Announces itself to `to`, waits for a message, and tells `to` that it is done. */
function waitAndSend(to: Pid): (this: Context) => Promise<'done'> {
  return async function () {
    this.send(to, 'ready')
    await this.receive()
    this.send(to, 'done')
    return 'done'
  }
}

/** A task of the process that has ended; its own messages are what the test puts into the mailbox. */
async function endedTask(context: Context, ...messages: unknown[]): Promise<TaskHandle<unknown>> {
  const [pid] = context.spawnMonitor(() => {})
  await context.receive((message) => (message as DownMessage).object === pid)
  const task: TaskHandle = { type: 'task', pid, ref: context.node.makeRef(), owner: context.self }
  for (const message of messages) {
    context.send(context.self, message === REPLY ? [task.ref, 'result'] : downOf(task, message))
  }
  return task
}

/** A task without a process. */
function bareTask(context: Context): TaskHandle<unknown> {
  return { type: 'task', pid: undefined, ref: context.node.makeRef(), owner: context.self }
}

const REPLY = Symbol('reply')
function downOf({ ref, pid }: TaskHandle, reason: unknown): DownMessage {
  return { type: 'DOWN', ref, object: pid ?? { name: 'name', node: 'node' }, reason }
}

const nothing = async (t: Test, context: Context, what = 'nothing is left in the mailbox') =>
  t.equal(await context.receive(undefined, { after: 0 }), TIMEOUT, what)

async function taskOfAnother(context: Context): Promise<TaskHandle<unknown>> {
  const { self } = context
  context.spawn(async function () {
    this.send(self, Task.async(this, idle))
    await idle.call(this)
  })
  return context.receive()
}

t.test('start, startLink, async', async (t) => {
  t.test('async/1: a linked and watched process; the reply comes first, then its end', async (t) => {
    await inTestProcess(t, async function () {
      const task = Task.async(this, waitAndSend(this.self))
      t.match(task, { type: 'task', pid: {}, ref: {}, owner: this.self })
      t.ok(Object.isFrozen(task))
      t.match(this.node.processInfo(this.self, 'links'), ['links', [task.pid]])
      t.equal(await this.receive(), 'ready')
      this.send(task.pid!, 'go')
      t.equal(await this.receive(), 'done')
      t.same(await this.receive(), [task.ref, 'done'])
      t.match(await this.receive(), { type: 'DOWN', ref: task.ref, object: task.pid, reason: 'normal' })
      await nothing(t, this)
    })
  })

  t.test('async/3: arguments come in by the closure', async (t) => {
    await inTestProcess(t, async function () {
      const add = (a: number, b: number) => a + b
      t.equal(
        await Task.await(
          this,
          Task.async(this, () => add(1, 2)),
        ),
        3,
      )
      t.throws(() => Task.async(this, undefined as never), { code: 'badarg' })
      t.throws(() => Task.async(this.node as never, () => 1), { code: 'badarg' }, 'only a process has tasks')
    })
  })

  t.test('start/1, start/3: neither linked nor watched; from outside any process, too', async (t) => {
    await inTestProcess(t, async function () {
      const [outcome, pid] = Task.start(this, waitAndSend(this.self))
      t.equal(outcome, 'ok')
      t.same(this.node.processInfo(this.self, 'links'), ['links', []])
      t.equal(await this.receive(), 'ready')
      this.send(pid, 'go')
      t.equal(await this.receive(), 'done')
      await down(pid)
      await nothing(t, this)
      Task.start(this.node, waitAndSend(this.self))
      t.equal(await this.receive(), 'ready')
    })
  })

  t.test('start_link/1, start_link/3: linked, and nothing is sent', async (t) => {
    await inTestProcess(t, async function () {
      const [, pid] = Task.startLink(this, waitAndSend(this.self))
      t.same(this.node.processInfo(this.self, 'links'), ['links', [pid]])
      t.equal(await this.receive(), 'ready')
      this.send(pid, 'go')
      t.equal(await this.receive(), 'done')
      await down(pid)
      await nothing(t, this)
    })
  })

  t.test('async, start, start_link with $callers', async (t) => {
    await inTestProcess(t, async function () {
      const grandparent = this.self
      t.same(Task.callers(this), [])
      const chain = Task.async(this, async function () {
        t.same(Task.callers(this), [grandparent])
        t.same(this.get('$callers'), [grandparent])
        const inner = Task.async(this, function () {
          return Task.callers(this)
        })
        const seen = await Task.await(this, inner)
        Task.startLink(this, function () {
          this.send(grandparent, Task.callers(this))
        })
        return [seen, this.self] as const
      })
      const [seen, parent] = await Task.await(this, chain)
      t.same(seen, [parent, grandparent])
      t.same(await this.receive(), [parent, grandparent])
    })
  })

  t.test('can be supervised directly; generates child_spec/1', async (t) => {
    const { node } = nodeWithReports(t)
    const ran = gate()
    const spec = Task.child(() => ran.open())
    t.match(spec, { id: 'Task', restart: 'temporary' })
    t.match(Task.child(idle, { id: 'id', restart: 'permanent', shutdown: 1 }), {
      id: 'id',
      restart: 'permanent',
      shutdown: 1,
    })
    const top = await node.supervise({ children: [spec, Task.child(idle, { id: 'idle' })] })
    await ran.opened
    t.match(await Supervisor.countChildren(node, top), { active: 1, workers: 1 })
  })

  t.test('a failure is reported once, with who asked for it; an orderly end is not', async (t) => {
    const { node, reports } = nodeWithReports(t)
    const boom = new Error('boom')
    const { pid } = await new Promise<TaskHandle>((resolve) => {
      node.spawn(async function () {
        node.register('owner', this.self)
        this.trapExit(true)
        for (const reason of ['normal', 'shutdown', ['shutdown', 1]]) {
          await Task.yield(
            this,
            Task.async(this, () => exit(reason)),
          )
        }
        const task = Task.async(this, function fails() {
          throw boom
        })
        await Task.yield(this, task)
        resolve(task)
      })
    })
    const details = { name: pid, starter: 'owner', function: 'fails', reason: boom }
    t.match(reports, [{ level: 'error', label: ['Task.Supervisor', 'terminating'], details }])
    t.equal(reports.length, 1)
  })
})

t.test('ignore/1', async (t) => {
  t.test('discards on time, and nothing arrives later', async (t) => {
    await inTestProcess(t, async function () {
      const held = gate()
      const task = Task.async(this, () => held.opened)
      t.equal(Task.ignore(this, task), undefined)
      t.same(this.node.processInfo(this.self, 'links'), ['links', []])
      held.open()
      await down(task.pid!)
      await nothing(t, this)
    })
  })

  t.test('discards late: gives the reply that is there', async (t) => {
    await inTestProcess(t, async function () {
      const task = Task.async(this, () => 'value')
      await down(task.pid!)
      t.same(Task.ignore(this, task), ['ok', 'value'])
      await nothing(t, this)
    })
  })

  t.test('discards on down: the reason; later, nothing', async (t) => {
    await inTestProcess(t, async function () {
      const task = Task.async(this, () => exit('normal'))
      await down(task.pid!)
      t.same(Task.ignore(this, task), ['exit', 'normal'])
      t.equal(Task.ignore(this, task), undefined)
      await nothing(t, this)
    })
  })

  t.test('exits on :noconnection', async (t) => {
    await inTestProcess(t, async function () {
      const task = await endedTask(this, 'noconnection')
      await exitsWith(t, (async () => Task.ignore(this, task))(), [
        ['nodedown', this.node.name],
        ['Task', 'ignore', [task]],
      ])
    })
  })

  t.test('raises when invoked from a non-owner process, and for a task without a process', async (t) => {
    await inTestProcess(t, async function () {
      const other = await taskOfAnother(this)
      t.throws(() => Task.ignore(this, other), { code: 'not_owner' })
      t.throws(() => Task.ignore(this, bareTask(this)), { code: 'badarg' })
    })
  })
})

t.test('completed/1', async (t) => {
  await inTestProcess(t, async function () {
    const task = Task.completed(this, 'value')
    t.equal(task.pid, undefined)
    t.equal(await Task.await(this, task), 'value')
    t.same(await Task.awaitMany(this, [Task.completed(this, 1), Task.completed(this, 'b')]), [1, 'b'])
    t.same(await Task.yield(this, Task.completed(this, 2)), ['ok', 2])
    const third = Task.completed(this, 3)
    t.same(await Task.yieldMany(this, [third]), [[third, ['ok', 3]]])
    await t.rejects(Task.shutdown(this, Task.completed(this, 4)), { code: 'badarg' })
    t.throws(() => Task.ignore(this, Task.completed(this, 5)), { code: 'badarg' })
  })
})

t.test('await/2', async (t) => {
  t.test('exits on timeout; what comes later is dropped', async (t) => {
    const host = new VirtualHost()
    const node = createNode({ host, reporter: () => {} })
    await inTestProcess(
      t,
      async function () {
        const bare = bareTask(this)
        await exitsWith(t, Task.await(this, bare, 0), ['timeout', ['Task', 'await', [bare, 0]]])
        const held = gate()
        const task = Task.async(this, () => held.opened)
        const waiting = Task.await(this, task)
        host.advance(4999)
        host.advance(1)
        await exitsWith(t, waiting, ['timeout', ['Task', 'await', [task, 5000]]])
        held.open()
        await down(task.pid!)
        await nothing(t, this)
        await t.rejects(Task.await(this, task, -1), { code: 'bad_timeout' })
      },
      node,
    )
  })

  for (const [what, body, pattern] of [
    ['normal exit', () => exit('normal'), 'normal'],
    ['task throw', () => Promise.reject('unknown'), NoCatch],
    ['task error', () => Promise.reject(new RangeError('oops')), RangeError],
    ['task undef function error', () => (undefined as unknown as () => void)(), TypeError],
    ['task exit', () => exit('unknown'), 'unknown'],
  ] as const) {
    t.test(`exits on ${what}`, async (t) => {
      await inTestProcess(t, async function () {
        this.trapExit(true)
        const task = Task.async(this, body)
        await exitsWith(t, Task.await(this, task), [pattern, ['Task', 'await', [task, 5000]]])
        t.match(await this.receive(), { type: 'EXIT', from: task.pid })
        await nothing(t, this)
      })
    })
  }

  t.test('exits on :noconnection, and from a named monitor', async (t) => {
    await inTestProcess(t, async function () {
      await exitsWith(t, Task.await(this, await endedTask(this, 'noconnection')), [['nodedown', this.node.name], {}])
      const named = bareTask(this)
      this.send(this.self, downOf(named, 'noconnection'))
      await exitsWith(t, Task.await(this, named), [['nodedown', 'node'], {}])
    })
  })

  t.test('raises when invoked from a non-owner process', async (t) => {
    await inTestProcess(t, async function () {
      await t.rejects(Task.await(this, await taskOfAnother(this), 1), { code: 'not_owner' })
      await t.rejects(Task.await(this, 'no task' as never), { code: 'badarg' })
    })
  })

  t.test('the crash of a linked task ends an owner that does not trap exits, with its reason', async (t) => {
    const { node } = nodeWithReports(t)
    const boom = new Error('boom')
    let went = false
    const owner = node.spawn(async function () {
      await Task.await(
        this,
        Task.async(this, () => Promise.reject(boom)),
      )
      went = true
    })
    t.equal(await down(owner), boom)
    t.notOk(went)
  })

  t.test('a task ends with its owner, and one that nobody awaits takes its owner along', async (t) => {
    const { node } = nodeWithReports(t)
    let task: TaskHandle | undefined
    const owner = node.spawn(async function () {
      task = Task.async(this, idle)
      await idle.call(this)
    })
    await new Promise((resolve) => setImmediate(resolve))
    node.exit(owner, 'kill')
    t.equal(await down(task!.pid!), 'noproc')
    const late = node.spawn(async function () {
      void Task.await(this, Task.async(this, idle), 1)
      await idle.call(this)
    })
    t.match(await down(late), ['timeout', ['Task', 'await', {}]])
  })

  t.test('in a server: waited for in the callback, or heard of in handleInfo', async (t) => {
    interface Api {
      state: { readonly heard: readonly unknown[]; readonly from?: Parameters<Context['reply']>[0] }
      call: { inPlace(): number; later(): readonly unknown[] }
    }
    const Server: GenServer<Api> = {
      init: () => ok({ heard: [] }),
      handleCall: {
        async inPlace(_request, _from, state) {
          this.send(this.self, 'meanwhile')
          return reply(
            await Task.await(
              this,
              Task.async(this, () => 42),
            ),
            state,
          )
        },
        later(_request, from, state) {
          Task.async(this, () => 'value')
          return noreply({ ...state, from: from as never })
        },
      },
      handleInfo(message, state) {
        const heard = [...state.heard, message]
        if (heard.length === 3) this.reply(state.from!, heard as never)
        return noreply({ ...state, heard })
      },
    }
    const { node } = nodeWithReports(t)
    const server = await node.start(Server, [])
    t.equal(await node.call(server, 'inPlace'), 42)
    const [first, second, third] = await node.call(server, 'later')
    t.equal(first, 'meanwhile', 'what came while the callback waited')
    t.match(second, [{}, 'value'])
    t.match(third, { type: 'DOWN', ref: (second as unknown[])[0], reason: 'normal' })
  })

  t.test('a task is waited for once at a time', async (t) => {
    await inTestProcess(t, async function () {
      const held = gate()
      const task = Task.async(this, () => held.opened)
      const waiting = Task.await(this, task)
      await t.rejects(Task.yield(this, task), { code: 'badarg' })
      held.open()
      t.equal(await waiting, 'ok')
    })
  })
})

t.test('await_many/2', async (t) => {
  t.test('returns list of replies, in input order, ignoring response order; the empty list at once', async (t) => {
    await inTestProcess(t, async function () {
      const [a, b] = [gate(), gate()]
      const tasks = [Task.async(this, () => a.opened.then(() => 1)), Task.async(this, () => b.opened.then(() => 'b'))]
      const waiting = Task.awaitMany(this, tasks)
      b.open()
      await down(tasks[1]!.pid!)
      a.open()
      t.same(await waiting, [1, 'b'])
      await nothing(t, this)
      t.same(await Task.awaitMany(this, []), [])
      const twice = Task.async(this, () => 1)
      t.same(await Task.awaitMany(this, [twice, twice]), [1, 1])
    })
  })

  t.test('ignores messages from other processes, and additional messages after a reply', async (t) => {
    await inTestProcess(t, async function () {
      const other = this.node.makeRef()
      const bare = bareTask(this)
      for (const message of [other, [other, 1], [bare.ref, 3], [bare.ref, 4], 'x']) this.send(this.self, message)
      t.same(await Task.awaitMany(this, [bare]), [3])
      t.same([await this.receive(), await this.receive()], [other, [other, 1]])
      t.same([await this.receive(), await this.receive()], [[bare.ref, 4], 'x'])
    })
  })

  t.test('exits on timeout', async (t) => {
    await inTestProcess(t, async function () {
      const tasks = [bareTask(this), Task.async(this, () => 1)]
      await exitsWith(t, Task.awaitMany(this, tasks, 0), ['timeout', ['Task', 'await_many', [tasks, 0]]])
    })
  })

  t.test('immediately exits when any task exits, crashes, throws; exits with the same reason', async (t) => {
    await inTestProcess(t, async function () {
      this.trapExit(true)
      for (const [body, reason] of [
        [() => exit('normal'), 'normal'],
        [() => exit('unknown'), 'unknown'],
        [() => Promise.reject(new RangeError('oops')), RangeError],
        [() => Promise.reject('thrown'), NoCatch],
      ] as const) {
        const tasks = [Task.async(this, idle), Task.async(this, body)] as const
        const waiting = Task.awaitMany(this, tasks, Number.POSITIVE_INFINITY)
        await exitsWith(t, waiting, [reason, ['Task', 'await_many', [tasks, 'infinity']]])
      }
    })
  })

  t.test('immediately exits on :noconnection, and from a named monitor', async (t) => {
    await inTestProcess(t, async function () {
      const gone = await endedTask(this, 'noconnection')
      await exitsWith(t, Task.awaitMany(this, [gone]), [['nodedown', this.node.name], {}])
      const named = bareTask(this)
      this.send(this.self, downOf(named, 'noconnection'))
      await exitsWith(t, Task.awaitMany(this, [named]), [['nodedown', 'node'], {}])
    })
  })

  t.test('raises when invoked from a non-owner process', async (t) => {
    await inTestProcess(t, async function () {
      await t.rejects(Task.awaitMany(this, [await taskOfAnother(this)]), { code: 'not_owner' })
    })
  })
})

t.test('yield/2', async (t) => {
  t.test('returns {:ok, result} when reply and :DOWN in message queue', async (t) => {
    await inTestProcess(t, async function () {
      const task = await endedTask(this, REPLY, 'abnormal')
      t.same(await Task.yield(this, task, 0), ['ok', 'result'])
      await nothing(t, this)
    })
  })

  t.test('returns nil on timeout, and may be called again', async (t) => {
    await inTestProcess(t, async function () {
      const held = gate()
      const task = Task.async(this, () => held.opened)
      t.equal(await Task.yield(this, task, 0), undefined)
      t.equal(await Task.yield(this, task, 1), undefined)
      held.open()
      t.same(await Task.yield(this, task), ['ok', 'ok'])
      await nothing(t, this)
    })
  })

  t.test('returns exit on normal exit', async (t) => {
    await inTestProcess(t, async function () {
      const task = Task.async(this, () => exit('normal'))
      t.same(await Task.yield(this, task), ['exit', 'normal'])
    })
  })

  t.test('exits on :noconnection; raises when invoked from a non-owner process', async (t) => {
    await inTestProcess(t, async function () {
      const gone = await endedTask(this, 'noconnection')
      await exitsWith(t, Task.yield(this, gone), [
        ['nodedown', this.node.name],
        ['Task', 'yield', [gone, 5000]],
      ])
      await t.rejects(Task.yield(this, await taskOfAnother(this)), { code: 'not_owner' })
    })
  })
})

t.test('yield_many/2', async (t) => {
  t.test(
    'returns {:ok, result} when reply and :DOWN in message queue; nil on timeout; exit on normal exit',
    async (t) => {
      await inTestProcess(t, async function () {
        const both = await endedTask(this, REPLY, 'abnormal')
        t.same(await Task.yieldMany(this, [both], { timeout: 0 }), [[both, ['ok', 'result']]])
        await nothing(t, this)
        const late = bareTask(this)
        t.same(await Task.yieldMany(this, [late], { timeout: 0 }), [[late, undefined]])
        const normal = Task.async(this, () => exit('normal'))
        t.same(await Task.yieldMany(this, [normal]), [[normal, ['exit', 'normal']]])
        t.same(await Task.yieldMany(this, []), [])
      })
    },
  )

  t.test('returns results from multiple tasks; on infinity timeout', async (t) => {
    await inTestProcess(t, async function () {
      const tasks = [bareTask(this), bareTask(this), bareTask(this)] as const
      const [first, second, third] = tasks
      this.send(this.self, [first.ref, 'result'])
      this.send(this.self, downOf(third, 'normal'))
      t.same(await Task.yieldMany(this, tasks, { timeout: 0 }), [
        [first, ['ok', 'result']],
        [second, undefined],
        [third, ['exit', 'normal']],
      ])
      for (const { ref } of tasks) this.send(this.self, [ref, 'result'])
      const results = await Task.yieldMany(this, tasks, { timeout: Number.POSITIVE_INFINITY })
      t.same(
        results.map(([, result]) => result),
        tasks.map(() => ['ok', 'result']),
      )
    })
  })

  t.test('returns results from one success, from two, with limit', async (t) => {
    await inTestProcess(t, async function () {
      const [a, b] = [gate(), gate()]
      const tasks = [
        Task.async(this, () => a.opened),
        Task.async(this, () => b.opened),
        Task.async(this, idle),
      ] as const
      b.open()
      t.same(
        (await Task.yieldMany<unknown>(this, tasks, { limit: 1, timeout: Number.POSITIVE_INFINITY })).map(([, r]) => r),
        [undefined, ['ok', 'ok'], undefined],
      )
      a.open()
      const [, , third] = tasks
      t.same(
        (await Task.yieldMany<unknown>(this, [tasks[0], third], { limit: 1 })).map(([, r]) => r),
        [['ok', 'ok'], undefined],
        'those that are left can be waited for again',
      )
      await t.rejects(Task.yieldMany(this, [third], { limit: -1 }), { code: 'badarg' })
    })
  })

  t.test('on_timeout: :ignore, :kill_task', async (t) => {
    await inTestProcess(t, async function () {
      const held = gate()
      const ignored = Task.async(this, () => held.opened)
      t.same(await Task.yieldMany(this, [ignored], { timeout: 0, onTimeout: 'ignore' }), [[ignored, undefined]])
      t.ok(this.node.isAlive(ignored.pid!))
      held.open()
      await down(ignored.pid!)
      const killed = Task.async(this, idle)
      t.same(await Task.yieldMany(this, [killed], { timeout: 0, onTimeout: 'kill_task' }), [[killed, undefined]])
      t.notOk(this.node.isAlive(killed.pid!))
      await nothing(t, this)
    })
  })

  t.test('exits on :noconnection; raises when invoked from a non-owner process', async (t) => {
    await inTestProcess(t, async function () {
      await exitsWith(t, Task.yieldMany(this, [await endedTask(this, 'noconnection')]), [
        ['nodedown', this.node.name],
        ['Task', 'yield_many', {}],
      ])
      await t.rejects(Task.yieldMany(this, [await taskOfAnother(this)]), { code: 'not_owner' })
    })
  })
})

for (const how of [5000, 'brutal_kill'] as const) {
  const told = how === 'brutal_kill' ? 'killed' : 'shutdown'
  t.test(`shutdown/2, ${how}`, async (t) => {
    for (const reason of ['abnormal', 'normal', 'shutdown']) {
      t.test(`returns {:ok, result} when reply and ${reason} :DOWN in message queue`, async (t) => {
        await inTestProcess(t, async function () {
          const task = await endedTask(this, REPLY, reason)
          t.same(await Task.shutdown(this, task, how), ['ok', 'result'])
          await nothing(t, this)
        })
      })
    }

    for (const reason of ['abnormal', 'normal', 'shutdown', 'killed']) {
      const expected = reason === told ? undefined : ['exit', reason]
      t.test(`returns ${expected === undefined ? 'nil' : 'exit'} on ${reason} :DOWN in message queue`, async (t) => {
        await inTestProcess(t, async function () {
          t.same(await Task.shutdown(this, await endedTask(this, reason), how), expected)
          await nothing(t, this)
        })
      })
    }

    t.test('returns nil on shutting down, and on killing, a task', async (t) => {
      await inTestProcess(t, async function () {
        const task = Task.async(this, async function () {
          this.trapExit(how === 'brutal_kill')
          await idle.call(this)
        })
        t.equal(await Task.shutdown(this, task, how), undefined)
        t.notOk(this.node.isAlive(task.pid!))
        await nothing(t, this)
      })
    })

    t.test('exits on noconnection :DOWN in message queue; {:exit, :noproc} if task handled', async (t) => {
      await inTestProcess(t, async function () {
        const gone = await endedTask(this, 'noconnection')
        await exitsWith(t, Task.shutdown(this, gone, how), [
          ['nodedown', this.node.name],
          ['Task', 'shutdown', [gone, how]],
        ])
        t.same(await Task.shutdown(this, await endedTask(this), how), ['exit', 'noproc'])
      })
    })

    t.test('raises if task PID is nil, and when invoked from a non-owner process', async (t) => {
      await inTestProcess(t, async function () {
        await t.rejects(Task.shutdown(this, bareTask(this), how), { code: 'badarg' })
        await t.rejects(Task.shutdown(this, await taskOfAnother(this), how), { code: 'not_owner' })
        await t.rejects(Task.shutdown(this, Task.async(this, idle), -1), { code: 'bad_timeout' })
      })
    })
  })
}

t.test('shutdown/2: returns exit on killing a task after shutdown timeout', async (t) => {
  await inTestProcess(t, async function () {
    const task = Task.async(this, async function () {
      this.trapExit(true)
      this.send(task.owner, 'ready')
      await idle.call(this)
    })
    t.equal(await this.receive(), 'ready')
    t.same(await Task.shutdown(this, task, 1), ['exit', 'killed'])
    await nothing(t, this)
  })
})

t.test('an Exit that a task throws is its reason, not an Exit', async (t) => {
  await inTestProcess(t, async function () {
    this.trapExit(true)
    const task = Task.async(this, () => {
      throw new Exit(['a', 'reason'])
    })
    t.same(await Task.yield(this, task), ['exit', ['a', 'reason']])
  })
})
