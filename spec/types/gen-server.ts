/**
 * What must not compile. `tsc --noEmit` checks this file: an error that is expected and does not come is an error.
 */
import {
  abcast,
  type Caller,
  type Context,
  createNode,
  enterLoop,
  failure,
  type GenServer,
  isAlreadyStarted,
  multiCall,
  type Name,
  name,
  noreply,
  ok,
  type Pid,
  receiveResponse,
  reply,
  sendRequest,
  start,
  stop,
  stopReply,
} from '../../lib/index.ts'

interface CounterApi {
  state: number
  init: [start: number]
  call: { add(request: { n: number }): number; label(): string }
  cast: { reset(): void; set(n: number): void }
  info: { tick: number }
}

export const Counter: GenServer<CounterApi> = {
  init: (start) => ok(start),
  handleCall: {
    add: ({ n }, _from, count) => reply(count + n, count + n),
    async label(_request, from, count) {
      this.reply(from, `${count}`)
      // @ts-expect-error a label is a string
      this.reply(from, count)
      return noreply(count)
    },
  },
  handleCast: { reset: () => noreply(0), set: (n) => noreply(n) },
  handleInfo: ({ tick }, count) => noreply(count + tick),
}

const counter: Name<CounterApi> = name(Counter, 'counter')

export async function right(caller: Caller, pid: Pid<CounterApi>): Promise<[number, string]> {
  caller.cast(pid, 'reset')
  caller.cast(counter, 'set', 3)
  const total: number = await caller.call(pid, 'add', { n: 2 }, { timeout: 100 })
  const label: string = await caller.call(counter, 'label', undefined, { timeout: 100 })
  await start(caller, Counter, [1], { name: counter })
  return [total, label]
}

export async function wrong(caller: Caller, pid: Pid<CounterApi>): Promise<void> {
  // @ts-expect-error no such operation
  await caller.call(pid, 'subtract', { n: 1 })
  // @ts-expect-error a wrong request
  await caller.call(counter, 'add', { n: '1' })
  // @ts-expect-error the request is missing
  await caller.call(counter, 'add')
  // @ts-expect-error the reply is a number
  const label: string = await caller.call(pid, 'add', { n: 1 })
  // @ts-expect-error a call is not a cast
  caller.cast(counter, 'add', { n: 1 })
  // @ts-expect-error a wrong argument of init
  await createNode().start(Counter, ['1'])
  // @ts-expect-error an argument of init is missing
  await start(caller, Counter, [])
  // @ts-expect-error no such option
  await start(caller, Counter, [1], { nme: 'counter' })
  void label
}

export const WrongReply: GenServer<CounterApi> = {
  init: (start) => ok(start),
  handleCall: {
    // @ts-expect-error the reply of another operation's type
    add: (_request, _from, count) => reply('x', count),
    // @ts-expect-error a field that is not in the request
    label: ({ n }, _from, count) => reply(String(n), count),
  },
  handleCast: Counter.handleCast,
  handleInfo: Counter.handleInfo,
}

export const WrongState: GenServer<CounterApi> = {
  // @ts-expect-error the state is a number
  init: () => ok('0'),
  handleCall: {
    add: ({ n }, _from, count) => reply(count + n, count + n),
    label: (_request, _from, count) => stop('normal', count),
  },
  handleCast: Counter.handleCast,
  handleInfo: Counter.handleInfo,
}

// @ts-expect-error a callback for `label` is missing
export const Missing: GenServer<CounterApi>['handleCall'] = { add: ({ n }, _from, count) => reply(n, count) }

/** The second version of the counter: what it makes its state from, and what it is told, stand in its protocol. */
interface CounterApiV2 {
  state: { count: number; unit: string }
  call: { add(request: { n: number }): number }
  codeChange: [oldVsn: 1, state: number, extra: { unit: string }]
}

const callsV2: GenServer<CounterApiV2>['handleCall'] = {
  add: ({ n }, _from, { count, unit }) => reply(count + n, { count: count + n, unit }),
}

export const Right: GenServer<CounterApiV2> = {
  init: () => ok({ count: 0, unit: '' }),
  handleCall: callsV2,
  codeChange: (_oldVsn, count, { unit }) => ok({ count, unit }),
}

export const WrongNewState: GenServer<CounterApiV2> = {
  init: () => ok({ count: 0, unit: '' }),
  handleCall: callsV2,
  // @ts-expect-error the old state is not the new one
  codeChange: (_oldVsn, count) => ok(count),
}

export const WrongOldState: GenServer<CounterApiV2> = {
  init: () => ok({ count: 0, unit: '' }),
  handleCall: callsV2,
  // @ts-expect-error the old state was a number
  codeChange: (_oldVsn, state: string, { unit }) => ok({ count: state.length, unit }),
}

export async function requests(self: Context, pid: Pid<CounterApi>): Promise<void> {
  const id = sendRequest(self, pid, 'add', { n: 1 })
  const response = await receiveResponse(self, id)
  if (response[0] === 'reply') response[1] satisfies number
  // @ts-expect-error the reply is a number
  if (response[0] === 'reply') response[1] satisfies string
  // @ts-expect-error no such operation
  sendRequest(self, pid, 'subtract', { n: 1 })
  // @ts-expect-error the request is missing
  sendRequest(self, pid, 'add')
  const [replies] = await multiCall(self, undefined, counter, 'label', undefined, { timeout: 10 })
  replies satisfies readonly (readonly [string, string])[]
  // @ts-expect-error a wrong request
  await multiCall(self, undefined, counter, 'add', { n: '1' })
  abcast(self, ['a@here'], counter, 'set', 1)
  // @ts-expect-error a wrong request
  abcast(self, ['a@here'], counter, 'set', '1')
  await enterLoop(self, Counter, 1)
  // @ts-expect-error the state is a number
  await enterLoop(self, Counter, '1')
}

interface QueueApi {
  state: readonly string[]
  call: { push(item: string): number }
  cast: { drop(): void }
  info: { tick: number }
  continue: 'load'
}

export const Queue: GenServer<QueueApi> = {
  init: () => ok([], { continue: 'load' }),
  handleCall: { push: (item, _from, items) => stopReply('full', items.length, [...items, item]) },
  handleCast: { drop: () => noreply([]) },
  handleContinue: (what, items) => noreply([...items, what satisfies 'load']),
  handleInfo: ({ tick }, items) => stop(tick, items),
  codeChange: (_oldVsn, _state, _extra) => failure('not this'),
  terminate(_reason, items) {
    this.send(this.self, items.length)
  },
}

export const WrongQueue: GenServer<QueueApi> = {
  init: () => ok([]),
  // @ts-expect-error the reply at the end is a number, too
  handleCall: { push: (item, _from, items) => stopReply('full', item, items) },
  // @ts-expect-error it is told to load
  handleContinue: (what: 'save', items) => noreply([...items, what]),
  // @ts-expect-error a tick is a number
  handleInfo: ({ tick }, items) => noreply([...items, tick]),
  // @ts-expect-error a handler that returns nothing
  handleCast: { drop: () => {} },
  // @ts-expect-error the new state is a list
  codeChange: () => ok('items'),
}

const { init: _init, ...rest } = Queue
// @ts-expect-error init is missing
export const Uninitialized: GenServer<QueueApi> = rest

export const Extra: GenServer<QueueApi> = {
  ...Queue,
  handleCall: {
    push: (_item, _from, items) => reply(1, items),
    // @ts-expect-error no such operation
    pop: (_request: undefined, _from: unknown, items: readonly string[]) => reply(1, items),
  },
}

export async function names(caller: Caller): Promise<void> {
  const queue: Name<QueueApi> = name(Queue, 'queue')
  const started = await start(caller, Queue, [], { name: queue })
  // @ts-expect-error any reason: which one is not known yet
  if (started[0] === 'error') caller.cast(started[1][1], 'drop')
  if (isAlreadyStarted(started)) caller.cast(started[1][1], 'drop')
  // @ts-expect-error what carries the name is of this module
  if (isAlreadyStarted(started)) caller.cast(started[1][1], 'reset')
  // @ts-expect-error the name of a server of another module
  await start(caller, Counter, [1], { name: queue })
  // @ts-expect-error what has this name counts nothing
  await caller.call(queue, 'add', { n: 1 })
  // @ts-expect-error an argument too many
  await start(caller, Queue, ['x'])
  // @ts-expect-error the options are an object
  await caller.call(queue, 'push', 'x', 100)
}
