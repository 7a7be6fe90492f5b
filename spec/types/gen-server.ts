/**
 * What must not compile. `tsc --noEmit` checks this file: an error that is expected and does not come is an error.
 */
import {
  type Caller,
  createNode,
  type GenServer,
  type Name,
  name,
  noreply,
  ok,
  type Pid,
  reply,
  start,
  stop,
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
}

export const WrongState: GenServer<CounterApi> = {
  // @ts-expect-error the state is a number
  init: () => ok('0'),
  handleCall: {
    add: ({ n }, _from, count) => reply(count + n, count + n),
    label: (_request, _from, count) => stop('normal', count),
  },
}

// @ts-expect-error a callback for `label` is missing
export const Missing: GenServer<CounterApi>['handleCall'] = { add: ({ n }, _from, count) => reply(n, count) }
