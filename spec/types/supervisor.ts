import {
  Agent,
  Application,
  type ChildSpec,
  type Context,
  child,
  DynamicSupervisor,
  type DynamicSupervisorModule,
  defineApplication,
  GenEvent,
  type GenServer,
  isAlreadyStarted,
  name,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  Registry,
  reply,
  Supervisor,
  type SupervisorApi,
  type SupervisorModule,
} from '../../lib/index.ts'

/** What of supervisors and registries compiles, and what does not. Checked by the compiler; nothing here runs. */
interface RoomApi {
  state: string
  init: [topic: string, limit: number]
  call: { topic(): string }
  cast: { rename(topic: string): void }
}

const Room: GenServer<RoomApi> = {
  init: (topic) => ok(topic),
  handleCall: { topic: (_request, _from, topic) => reply(topic, topic) },
  handleCast: { rename: (topic) => noreply(topic) },
}

const Other: GenServer<{ state: null; init: [] }> = { init: () => ok(null), handleCall: {} }

export const specs: readonly ChildSpec[] = [
  child(Room, ['x', 1], { id: 'r', restart: 'transient', shutdown: 'brutal_kill' }),
  child(Room, ['x', 1], { name: name(Room, 'room') }),
  child(Other, [], { id: 'o', shutdown: Number.POSITIVE_INFINITY }),
  // @ts-expect-error neither an id nor a name
  child(Room, ['x', 1]),
  // @ts-expect-error neither an id nor a name
  child(Room, ['x', 1], { restart: 'transient' }),
  // @ts-expect-error neither an id nor a name
  Supervisor.child({ children: [] }),
  // @ts-expect-error neither an id nor a name
  DynamicSupervisor.child(),
  // @ts-expect-error neither an id nor a name
  GenEvent.child(),
  // @ts-expect-error neither an id nor a name
  Agent.child(() => 1),
  // @ts-expect-error an id is missing
  { start: () => 'ignore' },
  Supervisor.child({ children: [] }, { id: 'top' }),
  DynamicSupervisor.child({}, { name: 'rooms' }),
  GenEvent.child({ name: 'events' }),
  Agent.child(() => 1, { id: 0 }),
  // @ts-expect-error an argument of init is missing
  child(Room, ['x'], { id: 'r' }),
  // @ts-expect-error a wrong argument of init
  child(Room, ['x', 'y'], { id: 'r' }),
  // @ts-expect-error an argument too many
  child(Other, [1], { id: 'r' }),
  // @ts-expect-error no such restart type
  child(Room, ['x', 1], { id: 'r', restart: 'sometimes' }),
  // @ts-expect-error no such way to shut down
  child(Room, ['x', 1], { id: 'r', shutdown: 'gently' }),
  // @ts-expect-error the name of another module
  child(Other, [], { name: name(Room, 'room') }),
  // @ts-expect-error a start function returns a start result
  { id: 'x', start: () => 'ok' },
]

export async function requests(node: OtpNode, room: Pid<RoomApi>): Promise<void> {
  const top: Pid<SupervisorApi> = await node.supervise({ strategy: 'one_for_all', children: specs })
  // @ts-expect-error no such strategy
  await node.supervise({ strategy: 'all_for_one', children: specs })
  const Pool: SupervisorModule<[size: number]> = { init: () => ({ children: specs }) }
  await node.supervise(Pool, [1], { name: 'pool' })
  // @ts-expect-error a wrong argument of the module
  await node.supervise(Pool, ['one'])
  // @ts-expect-error a module needs its arguments
  Supervisor.child(Pool)
  Supervisor.template(Room, ['x'])
  Supervisor.template(Room, [])
  // @ts-expect-error not the first arguments of init
  Supervisor.template(Room, [1])
  // @ts-expect-error a room is no supervisor
  await Supervisor.whichChildren(node, room)
  const started = await Supervisor.startChild(node, top, child(Room, ['x', 1], { id: 'r' }))
  if (isAlreadyStarted(started)) node.cast(started[1][1], 'rename', 'y')
  if (started[0] === 'ok' && started[1] !== undefined) {
    const topic: string = await node.call(started[1], 'topic')
    // @ts-expect-error a room has no such operation
    await node.call(started[1], 'close', topic)
  }
  // @ts-expect-error a supervisor's child has an id or a name
  await Supervisor.startChild(node, top, child(Room, ['x', 1]))
  const session = await DynamicSupervisor.startChild(node, 'sessions', child(Room, ['x', 1]))
  if (isAlreadyStarted(session)) node.cast(session[1][1], 'rename', 'y')
  if (session !== 'ignore' && session[0] === 'ok') node.cast(session[1], 'rename', 'y')
  for (const [, pid, type] of await Supervisor.whichChildren(node, top)) {
    if (type === 'supervisor' && typeof pid === 'object') await Supervisor.countChildren(node, pid)
    // @ts-expect-error a worker is no supervisor
    if (type === 'worker' && typeof pid === 'object') await Supervisor.countChildren(node, pid)
  }
}

const rooms = new Registry<string, { since: number }>('rooms', { keys: 'unique' })
const plain = new Registry<readonly [string, number]>('plain', { keys: 'duplicate' })

export async function registries(self: Context, room: Pid<RoomApi>): Promise<void> {
  rooms.register(self, 'lobby', { since: 1 })
  plain.register(self, ['a', 1])
  const since: number | undefined = rooms.lookup(self, 'lobby')[0]?.[1].since
  const topic: string = await self.call(rooms.via<RoomApi>('lobby'), 'topic')
  // @ts-expect-error a wrong key
  rooms.register(self, 1, { since: 1 })
  // @ts-expect-error a wrong value
  rooms.register(self, 'lobby', { since: '1' })
  // @ts-expect-error the value is missing
  rooms.register(self, 'lobby')
  // @ts-expect-error a room has no such operation
  await self.call(rooms.via<RoomApi>('lobby'), 'close')
  // @ts-expect-error no such kind of keys
  new Registry('x', { keys: 'some' })
  void [since, topic, room]
}

const settings = defineApplication({ name: 'settings', env: { folder: 'data', depth: 1 } })

export function environment(node: OtpNode): string {
  Application.setEnv(node, settings, 'folder', 'x')
  // @ts-expect-error a value of another type
  Application.setEnv(node, settings, 'depth', 'x')
  // @ts-expect-error no such key
  Application.getEnv(node, settings, 'width')
  const depth: number = Application.getEnv(node, settings, 'depth', 0)
  return Application.getEnv(node, settings, 'folder', 'none').repeat(depth)
}

export async function dynamic(node: OtpNode, room: Pid<RoomApi>): Promise<void> {
  DynamicSupervisor.child({ maxChildren: 10, extraArguments: ['x'] }, { name: 'sessions' })
  // @ts-expect-error there is one strategy only
  DynamicSupervisor.child({ strategy: 'one_for_all' })
  // @ts-expect-error children come later
  DynamicSupervisor.child({ children: specs })
  const Sessions: DynamicSupervisorModule<[most: number]> = { init: (maxChildren) => ({ maxChildren }) }
  DynamicSupervisor.child(Sessions, [10], { name: 'sessions' })
  // @ts-expect-error a wrong argument of the module
  DynamicSupervisor.child(Sessions, ['ten'])
  // @ts-expect-error a module needs its arguments
  DynamicSupervisor.child(Sessions, { name: 'sessions' })
  // @ts-expect-error a supervisor's module tells its children
  await node.supervise(Sessions, [10])
  // @ts-expect-error children come later
  const Eager: DynamicSupervisorModule<[]> = { init: () => ({ children: specs }) }
  await DynamicSupervisor.startLink(node, Eager, [])
  await DynamicSupervisor.terminateChild(node, 'sessions', room)
  // @ts-expect-error its children are known by their pids
  await DynamicSupervisor.terminateChild(node, 'sessions', 'room')
  // @ts-expect-error a module is no specification
  await DynamicSupervisor.startChild(node, 'sessions', Room)
  // @ts-expect-error children are a list
  await node.supervise({ children: child(Room, ['x', 1], { id: 'room' }) })
  // @ts-expect-error a number of restarts
  await node.supervise({ intensity: 'few', children: specs })
  // @ts-expect-error never, any_significant or all_significant
  await node.supervise({ autoShutdown: true, children: specs })
}
