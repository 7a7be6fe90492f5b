/**
 * What must not compile of event managers, agents and partition supervisors. `tsc --noEmit` checks this file.
 */
import {
  Agent,
  type Caller,
  child,
  type EventHandler,
  GenEvent,
  type GenServer,
  ok,
  PartitionSupervisor,
  reply,
} from '../../lib/index.ts'

interface Alarm {
  readonly room: string
  readonly celsius: number
}

export const Hottest: EventHandler<{
  state: number
  args: number | readonly [number, unknown]
  event: Alarm
  call: { celsius(): number; above(limit: number): boolean }
}> = {
  init: (args) => ok(typeof args === 'number' ? args : args[0]),
  handleEvent: ({ celsius }, hottest) => ok(Math.max(celsius, hottest)),
  handleCall: {
    celsius: (_request, hottest) => reply(hottest, hottest),
    above: (limit, hottest) => reply(hottest > limit, hottest),
  },
}

export const Silent: EventHandler<{ state: string; event: string }> = {
  init: () => ok(''),
  handleEvent: (_event, state) => ok(state),
}

export async function managers(caller: Caller, alarms: GenEvent.EventManager<Alarm>): Promise<void> {
  GenEvent.notify(caller, alarms, { room: 'kitchen', celsius: 1 })
  // @ts-expect-error: an event of another kind
  GenEvent.notify(caller, alarms, { room: 'kitchen' })
  await GenEvent.addHandler(caller, alarms, Hottest, 20)
  await GenEvent.addHandler(caller, alarms, [Hottest, 'upstairs'], 20)
  // @ts-expect-error: another argument than init takes
  await GenEvent.addHandler(caller, alarms, Hottest, 'twenty')
  // @ts-expect-error: an argument is missing
  await GenEvent.addHandler(caller, alarms, Hottest)
  // @ts-expect-error: a handler that does not understand the events of this manager
  await GenEvent.addHandler(caller, alarms, Silent)
  const celsius: number | readonly ['error', unknown] = await GenEvent.call(caller, alarms, Hottest, 'celsius')
  await GenEvent.call(caller, alarms, Hottest, 'above', 30)
  // @ts-expect-error: another request than the operation takes
  await GenEvent.call(caller, alarms, Hottest, 'above', 'thirty')
  // @ts-expect-error: an operation that there is not
  await GenEvent.call(caller, alarms, Hottest, 'below', celsius)
  await GenEvent.swapHandler(caller, alarms, [Hottest, 'why'], [Hottest, 20])
  // @ts-expect-error: not what the new handler's init takes
  await GenEvent.swapHandler(caller, alarms, [Hottest, 'why'], [Hottest, 'twenty'])
}

export const wrongHandlers: readonly EventHandler<{ state: number; event: Alarm }>[] = [
  // @ts-expect-error: handleEvent is missing
  { init: () => ok(1) },
  // @ts-expect-error: a state of another kind
  { init: () => ok('one'), handleEvent: (_event, state) => ok(state) },
  // @ts-expect-error: a reply is for calls
  { init: () => ok(1), handleEvent: (_event, state) => reply('x', state) },
]

export async function agents(caller: Caller, agent: Agent.Agent<number>): Promise<void> {
  const text: string = await Agent.get(caller, agent, (n) => n.toFixed())
  await Agent.update(caller, agent, (n) => n + text.length)
  // @ts-expect-error: a state of another kind
  await Agent.update(caller, agent, (n) => `${n}`)
  // @ts-expect-error: no pair of an answer and a state
  await Agent.getAndUpdate(caller, agent, (n) => n)
  // @ts-expect-error: a state of another kind
  Agent.cast(caller, agent, () => 'x')
}

export const Counter: GenServer<{ state: number; init: [number]; call: { value(): number } }> = {
  init: (start) => ok(start),
  handleCall: { value: (_request, _from, state) => reply(state, state) },
}

export async function partitions(caller: Caller): Promise<number> {
  PartitionSupervisor.child({ name: 'counters', childSpec: (partition) => child(Counter, [partition]) })
  // @ts-expect-error: a name is needed
  PartitionSupervisor.child({ childSpec: child(Counter, [1]) })
  // @ts-expect-error: simple_one_for_one has no fixed children
  PartitionSupervisor.child({ name: 'x', childSpec: child(Counter, [1]), strategy: 'simple_one_for_one' })
  const counter = PartitionSupervisor.via<{ call: { value(): number } }>('counters', 'a key')
  // @ts-expect-error: an operation that there is not
  await caller.call(counter, 'reset')
  return caller.call(counter, 'value')
}

export const Changing: EventHandler<{ state: number; event: Alarm }> = {
  init: () => ok(0),
  handleEvent: (_event, state) => ok(state),
  codeChange: (_oldVsn, state) => ok(Number(state)),
}

export const Changed: EventHandler<{ state: number; event: Alarm }> = {
  init: () => ok(0),
  handleEvent: (_event, state) => ok(state),
  // @ts-expect-error the new state is a number
  codeChange: (_oldVsn, state) => ok(String(state)),
}

export async function named(caller: Caller, alarms: GenEvent.EventManager<Alarm>): Promise<void> {
  GenEvent.child<Alarm>({ name: 'alarms' })
  // @ts-expect-error a manager is started without handlers
  GenEvent.child<Alarm>([Hottest])
  // @ts-expect-error a handler is a module
  await GenEvent.addHandler(caller, alarms, 'Hottest', 20)
  // @ts-expect-error the reply is a number, or an error
  const celsius: string = await GenEvent.call(caller, alarms, Hottest, 'celsius')
  Agent.child(() => 1, { name: 'one' })
  // @ts-expect-error an agent is given a function
  Agent.child(1)
  // @ts-expect-error an agent is given a function
  await Agent.get(caller, 'one', 'count')
  // @ts-expect-error an argument of the child is wrong
  PartitionSupervisor.child({ name: 'counters', childSpec: (partition) => child(Counter, [`${partition}`]) })
  void celsius
}
