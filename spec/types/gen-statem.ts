/**
 * What must not compile of state machines. `tsc --noEmit` checks this file: an error that is expected and does not come
 * is an error.
 */
import {
  type Caller,
  GenStatem,
  type Name,
  type Pid,
  type StateMachine,
  type StatemEvent,
  type StatemResult,
} from '../../lib/index.ts'

const { eventTimeout, keepState, keepStateAndData, nextEvent, nextState, ok, postpone, reply } = GenStatem
const { pushCallbackModule, stateTimeout, stop, stopAndReply, timeout } = GenStatem

interface DoorApi {
  state: 'locked' | 'open'
  data: { readonly code: string; readonly typed: string }
  init: [code: string]
  call: { status(): 'locked' | 'open'; tries(request: { since: number }): number }
  cast: { button(digit: string): void; reset(): void }
  info: { tick: number }
  internal: 'ring'
  stateTimeout: 'lock'
  eventTimeout: 'forget'
  timeout: { alarm: number; nap: readonly string[] }
}

export const Door: StateMachine<DoorApi> = {
  callbackMode: 'state_functions',
  stateEnter: true,
  init: (code) =>
    ok('locked', { code, typed: '' }, [timeout('alarm', 1000, 1), nextEvent({ type: 'internal', content: 'ring' })]),
  states: {
    locked(event, door) {
      switch (event.type) {
        case 'enter': {
          const before: 'locked' | 'open' = event.content
          return keepState({ ...door, typed: before })
        }
        case 'call':
          if (event.operation === 'status') return keepStateAndData(reply(event.from, 'locked'))
          return keepStateAndData([reply(event.from, event.content.since), postpone()])
        case 'cast':
          if (event.operation === 'reset') return keepState({ ...door, typed: '' })
          return nextState('open', { ...door, typed: event.content }, [stateTimeout(5000, 'lock'), postpone()])
        case 'timeout':
          if (event.name === 'alarm') return keepState(door, timeout('alarm', event.content + 1, 2))
          return event.name === undefined ? stop(event.content) : keepStateAndData(timeout('nap', 'cancel'))
        default:
          return keepStateAndData([eventTimeout(10, 'forget'), eventTimeout('cancel'), stateTimeout('update', 'lock')])
      }
    },
    async open(event, door) {
      if (event.operation === 'tries') return stopAndReply('normal', reply(event.from, 3), door)
      if (event.type === 'info') return keepState(door, timeout('alarm', event.content.tick, 1))
      if (event.type === 'timeout' && event.name === 'nap')
        return keepStateAndData(timeout('nap', 0, [...event.content]))
      return common(event, door)
    },
  },
  terminate(_reason, state, door) {
    const where: 'locked' | 'open' = state
    this.node.report({ level: 'info', label: ['door', where], details: { code: door.code } })
  },
}

function common(event: StatemEvent<DoorApi>, door: DoorApi['data']): StatemResult<DoorApi> {
  return event.type === 'enter' ? keepStateAndData() : nextState('locked', door, pushCallbackModule(Door))
}

export async function right(caller: Caller, pid: Pid<DoorApi>): Promise<number> {
  caller.cast(pid, 'button', '1')
  const door: Name<DoorApi> = GenStatem.name(Door, 'door')
  await GenStatem.start(caller, Door, ['1234'], { name: door })
  const status: 'locked' | 'open' = await GenStatem.call(caller, door, 'status', undefined, { timeout: 10 })
  return GenStatem.call(caller, pid, 'tries', { since: status.length })
}

export async function wrong(caller: Caller, pid: Pid<DoorApi>): Promise<void> {
  // @ts-expect-error no such operation
  await GenStatem.call(caller, pid, 'open')
  // @ts-expect-error a wrong request
  await GenStatem.call(caller, pid, 'tries', { since: '1' })
  // @ts-expect-error the reply is a number
  const tries: string = await GenStatem.call(caller, pid, 'tries', { since: 1 })
  // @ts-expect-error a cast is no call
  await GenStatem.call(caller, pid, 'button', '1')
  // @ts-expect-error a wrong argument of init
  await GenStatem.startLink(caller, Door, [1])
  // @ts-expect-error an argument of init is missing
  await GenStatem.startMonitor(caller, Door, [])
  void tries
}

const init: StateMachine<DoorApi>['init'] = (code) => ok('locked', { code, typed: '' })

export const wrongInit: StateMachine<DoorApi>['init'] = (code) =>
  // @ts-expect-error there is no such state
  ok('closed', { code, typed: '' })

export const MissingState: StateMachine<DoorApi> = {
  callbackMode: 'state_functions',
  init,
  // @ts-expect-error the state function `open` is missing
  states: { locked: () => keepStateAndData() },
}

// @ts-expect-error with handle_event_function there is handleEvent
export const MissingHandler: StateMachine<DoorApi> = { callbackMode: 'handle_event_function', init }

export const Wrong: StateMachine<DoorApi> = {
  callbackMode: 'handle_event_function',
  init,
  handleEvent(event, state, door) {
    // @ts-expect-error there is no such state
    if (state === 'closed') return keepStateAndData()
    // @ts-expect-error there is no such event
    if (event.type === 'knock') return keepStateAndData()
    switch (event.operation) {
      case 'status':
        // @ts-expect-error the reply of another operation's type
        return keepStateAndData(reply(event.from, 3))
      case 'tries':
        // @ts-expect-error no such field in the request
        return keepStateAndData(reply(event.from, event.content.until))
      case 'button':
        // @ts-expect-error a button's content is text
        return keepState(door, timeout('alarm', event.content.since, 1))
      // @ts-expect-error no such operation
      case 'knock':
        return keepStateAndData()
      default:
        // @ts-expect-error a time is a number, 'cancel' or 'update'
        return keepStateAndData([stateTimeout('soon', 'lock')])
    }
  },
}

const door = { code: '1', typed: '' }

export const WrongResults: readonly (() => StatemResult<DoorApi>)[] = [
  // @ts-expect-error there is no such state
  () => nextState('closed', door),
  // @ts-expect-error the data lacks a field
  () => nextState('open', { code: '1' }),
  // @ts-expect-error a field of the data of another type
  () => keepState({ ...door, typed: 1 }),
  // @ts-expect-error the data at the end is of the same type
  () => stop('normal', 'door'),
  // @ts-expect-error a bare time is what its event time-out delivers, and that is no number here
  () => keepStateAndData(10),
  // @ts-expect-error a state time-out of another content
  () => keepStateAndData(stateTimeout(10, 'unlock')),
  // @ts-expect-error an event time-out of another content
  () => keepStateAndData([postpone(), eventTimeout(10, 'lock')]),
  // @ts-expect-error no time-out has this name
  () => keepStateAndData([timeout('clock', 10, 1)]),
  // @ts-expect-error a time-out of this name has another content
  () => keepStateAndData([timeout('alarm', 10, 'one')]),
  // @ts-expect-error no such internal event
  () => keepStateAndData(nextEvent({ type: 'internal', content: 'knock' })),
  // @ts-expect-error no such cast
  () => keepStateAndData(nextEvent({ type: 'cast', operation: 'knock', content: undefined })),
  // @ts-expect-error a state enter call cannot be inserted
  () => keepStateAndData(nextEvent({ type: 'enter', content: 'open' })),
  // @ts-expect-error a module of another protocol
  () => keepStateAndData(pushCallbackModule(Lamp)),
  // @ts-expect-error an action is not a result
  () => postpone(),
  // @ts-expect-error a result is not an action
  () => keepStateAndData(keepStateAndData()),
  // @ts-expect-error stopAndReply takes replies only
  () => stopAndReply('normal', postpone()),
  // @ts-expect-error a handler that returns nothing
  () => undefined,
]

interface LampApi {
  state: 'on' | 'off'
  data: number
  cast: { flip(): void }
}

const Lamp: StateMachine<LampApi> = {
  callbackMode: 'state_functions',
  init: () => ok('off', 0),
  states: { on: (_event, flips) => nextState('off', flips), off: (_event, flips) => nextState('on', flips + 1) },
}

export const Lit: StateMachine<LampApi> = {
  callbackMode: 'state_functions',
  init: () => ok('off', 0),
  states: { on: (_event, flips) => keepState(flips), off: (_event, flips) => keepState(flips) },
  codeChange: () => ok('on', 1),
}

export const Unlit: StateMachine<LampApi> = {
  callbackMode: 'state_functions',
  init: () => ok('off', 0),
  states: Lit.states,
  // @ts-expect-error there is no such state
  codeChange: () => ok('dim', 1),
}

export const Undated: StateMachine<LampApi> = {
  callbackMode: 'state_functions',
  init: () => ok('off', 0),
  states: Lit.states,
  // @ts-expect-error the data is a number
  codeChange: () => ok('on', 'once'),
}

export async function children(caller: Caller): Promise<void> {
  GenStatem.child(Door, ['1234'], { name: GenStatem.name(Door, 'door') })
  // @ts-expect-error a wrong argument of init
  GenStatem.child(Door, [1234])
  // @ts-expect-error the name of a machine of another module
  GenStatem.child(Lit, [], { name: GenStatem.name(Door, 'door') })
  // @ts-expect-error the name of a machine of another module
  await GenStatem.start(caller, Lit, [], { name: GenStatem.name(Door, 'door') })
  // @ts-expect-error a machine is no server
  await GenStatem.start(caller, { init: () => ok('off', 0), handleCall: {} }, [])
  caller.cast(GenStatem.name(Lit, 'lamp'), 'flip')
  // @ts-expect-error no such cast
  caller.cast(GenStatem.name(Lit, 'lamp'), 'button', '1')
}

interface RetryApi {
  state: 'on'
  data: null
  eventTimeout: number
  timeout: readonly [name: readonly ['retry', id: number], content: 'again'] | readonly [name: 'all', content: null]
}

export const Retry: StateMachine<RetryApi> = {
  callbackMode: 'handle_event_function',
  init: () => ok('on', null, [timeout(['retry', 1], 10, 'again'), timeout('all', 10, null), 20]),
  handleEvent(event) {
    if (event.type !== 'timeout') return keepStateAndData()
    if (event.name === undefined) return keepStateAndData(event.content + 1)
    if (event.name === 'all') return keepStateAndData()
    const [, id] = event.name
    return keepStateAndData(timeout(['retry', id + 1], 10, event.content))
  },
}

export const WrongNames: readonly (() => StatemResult<RetryApi>)[] = [
  // @ts-expect-error the name of a retry has a number
  () => keepStateAndData(timeout(['retry', 'one'], 10, 'again')),
  // @ts-expect-error the content of another name
  () => keepStateAndData(timeout('all', 10, 'again')),
]
