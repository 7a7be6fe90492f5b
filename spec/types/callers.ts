/**
 * What only a process can do is asked of none else, and a destination that says nothing of what it answers is not
 * called. `tsc --noEmit` checks this file: an error that is expected and does not come is an error.
 */
import {
  Application,
  abcast,
  type Caller,
  type Context,
  type Dest,
  GenEvent,
  type GenServer,
  GenStage,
  GenStatem,
  name,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  type ProcessCaller,
  pg,
  procLib,
  Registry,
  reply,
  type Self,
  startMonitor,
  Table,
  Task,
  type TaskHandle,
} from '../../lib/index.ts'

interface CounterApi {
  state: number
  call: { add(n: number): number }
  cast: { reset(): void }
}

const Counter: GenServer<CounterApi> = {
  init: () => ok(0),
  handleCall: {
    async add(n, _from, count) {
      // A callback's `this` is a process, and so is the `this` of a function that is spawned.
      await Task.await(
        this,
        Task.async(this, () => n),
      )
      within(this, this)
      return reply(count + n, count + n)
    },
  },
  handleCast: { reset: () => noreply(0) },
}

const rooms = new Registry<string>('rooms', { keys: 'unique' })

export function within(self: Self<CounterApi>, same: ProcessCaller, raw?: Context): readonly Caller[] {
  rooms.register(self, 'lobby')
  rooms.register(same, 'lobby')
  const table = new Table<{ id: string }>(self)
  return [self, same, raw ?? self].filter((one) => table.member(one, 'a'))
}

export async function outside(node: OtpNode, someone: Caller, task: TaskHandle, supervisor: Dest<never>) {
  // @ts-expect-error a task belongs to a process
  Task.async(node, () => 1)
  // @ts-expect-error a caller may be a node
  Task.async(someone, () => 1)
  // @ts-expect-error a link is with a process
  Task.startLink(node, () => {})
  // @ts-expect-error a task belongs to a process
  Task.completed(node, 1)
  // @ts-expect-error a task is awaited by its owner
  await Task.await(node, task)
  // @ts-expect-error a task is awaited by its owner
  await Task.awaitMany(node, [task])
  // @ts-expect-error a task is awaited by its owner
  await Task.yield(node, task)
  // @ts-expect-error a task is awaited by its owner
  await Task.yieldMany(node, [task])
  // @ts-expect-error a task is ended by its owner
  await Task.shutdown(node, task)
  // @ts-expect-error a task is given up by its owner
  Task.ignore(node, task)
  // @ts-expect-error its tasks are linked with a process
  Task.asyncStream(node, [1], (n) => n)
  // @ts-expect-error a task belongs to a process
  await Task.Supervisor.async(node, supervisor, () => 1)
  // @ts-expect-error a task belongs to a process
  await Task.Supervisor.asyncNolink(node, supervisor, () => 1)
  // @ts-expect-error a table is owned by a process
  new Table<{ id: string }>(node)
  // @ts-expect-error a process registers itself
  rooms.register(node, 'lobby')
  // @ts-expect-error a process unregisters itself
  rooms.unregister(node, 'lobby')
  // @ts-expect-error a lock is held by a process
  await rooms.lock(node, 'lobby', () => {})
  // @ts-expect-error a monitor tells a process
  await startMonitor(node, Counter, [])
  // @ts-expect-error a monitor tells a process
  await GenEvent.startMonitor(node)
  // @ts-expect-error a monitor tells a process
  await pg.monitorScope(node, 'scope')
  // @ts-expect-error a process acknowledges its own start
  procLib.initAck(node, 'ready')
  // @ts-expect-error a link is with a process
  procLib.spawnLink(node, () => {})
  // @ts-expect-error a consumer asks
  GenStage.ask(node, [{} as Pid, {} as never], 1)
  // @ts-expect-error a node belongs to no application
  Application.getApplication(node)
  Application.getApplication(node, {} as Pid)
}

export async function bareNames(node: OtpNode, anyone: Pid): Promise<void> {
  const counter = name(Counter, 'counter')
  await node.call(counter, 'add', 1)
  await node.call<CounterApi, 'add'>('counter', 'add', 1)
  node.send('counter', 'any message')
  // @ts-expect-error a bare name says nothing of what it answers
  await node.call('counter', 'add', 1)
  // @ts-expect-error a bare name says nothing of what it answers
  node.cast('counter', 'reset')
  // @ts-expect-error a name that was written by hand says nothing, either
  await node.call({ name: 'counter' }, 'add', 1)
  // @ts-expect-error nor does a pid of anyone
  await node.call(anyone, 'add', 1)
  // @ts-expect-error nor does a bare name on other nodes
  abcast(node, undefined, 'counter', 'reset')
  // @ts-expect-error nor that of a state machine
  await GenStatem.call(node, 'lamp', 'flip')
}
