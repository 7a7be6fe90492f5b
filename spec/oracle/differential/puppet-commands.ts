import {
  type Context,
  Exit,
  exit,
  type MonitorOptions,
  type Pid,
  type Reason,
  type Ref,
  type SpawnOptions,
  type SpawnRequestOptions,
  TIMEOUT,
} from '../../../lib/index.ts'
import * as erlang from '../harness/erlang.ts'
import { exitOf } from '../harness/patterns.ts'
import { termOfError } from '../harness/printer.ts'
import { error, List } from '../harness/terms.ts'

/** What stands for a puppet, a ref or a name in a command: the first two by number, of those there are by then. */
export type PidAt = readonly ['pid', number]
export type RefAt = readonly ['ref', number]
export type NameOf = readonly ['name', string]
export type To = PidAt | RefAt | NameOf

/** How a process ends itself. */
export type Leave = readonly ['leave', 'exit' | 'error' | 'throw', Reason]

/** Which message is taken. Nothing is asked for whose order is not promised: an end is told of in one of many. */
export type What = 'message' | readonly ['from' | 'exit', PidAt] | readonly ['down', RefAt]

/** What a puppet can be told. Options are lists, as in Erlang. */
export type Command =
  | Leave
  | readonly ['link' | 'unlink' | 'alive', PidAt]
  | readonly ['monitor', PidAt | NameOf, List]
  | readonly ['demonitor', RefAt, List]
  | readonly ['exit', PidAt, Reason]
  | readonly ['trap_exit', boolean]
  | readonly ['register', NameOf, PidAt]
  | readonly ['unregister' | 'whereis', NameOf]
  | readonly ['send', To]
  | readonly ['alias', List]
  | readonly ['unalias' | 'cancel_timer' | 'read_timer', RefAt]
  | readonly ['timer', 'send_after' | 'start_timer', number, PidAt | NameOf]
  | readonly ['spawn' | 'spawn_request', List, 'stay' | Leave]
  | readonly ['receive', What]
  | readonly ['burst', List]

/** A step for a puppet, with what its numbers stand for. */
export class Task {
  readonly command: Command
  readonly number: unknown
  readonly pids: readonly Pid[]
  readonly refs: readonly Ref[]
  readonly done: (result: unknown) => void

  constructor(
    command: Command,
    number: unknown,
    pids: readonly Pid[],
    refs: readonly Ref[],
    done: (result: unknown) => void,
  ) {
    this.command = command
    this.number = number
    this.pids = pids
    this.refs = refs
    this.done = done
  }

  pid([, i]: PidAt): Pid {
    return this.pids[i % this.pids.length]!
  }

  ref([, i]: RefAt): Ref {
    return this.refs[i % this.refs.length]!
  }

  to<T extends To>(to: T): Pid | Ref | string {
    return to[0] === 'pid' ? this.pid(to) : to[0] === 'ref' ? this.ref(to) : to[1]
  }
}

/** The body of a puppet. */
export async function puppet(this: Context): Promise<never> {
  for (;;) {
    const task = await this.receive((message): message is Task => message instanceof Task)
    const { command, number } = task
    if (command[0] === 'leave') leave(command)
    if (command[0] === 'burst') {
      this.trapExit(true)
      const results: unknown[] = []
      for (const [index, each] of (command[1].items as Command[]).entries()) {
        results.push(await act(this, task, each, [number, index + 1]))
      }
      task.done(new List(results))
    } else task.done(await act(this, task, command, number))
  }
}

function leave([, how, reason]: Leave): never {
  if (how === 'exit') return exit(reason)
  if (how === 'throw') throw reason
  return error(reason as string)
}

async function act(self: Context, task: Task, command: Command, number: unknown): Promise<unknown> {
  try {
    return ['returned', await perform(self, task, command, ['m', self.self, number])]
  } catch (thrown) {
    if (thrown instanceof Exit) return ['raised', 'exit', thrown.reason]
    return ['raised', 'error', termOfError(thrown as Error)]
  }
}

/** Does one thing, and returns what the function answers in Erlang. */
function perform(self: Context, task: Task, command: Command, message: unknown): unknown {
  const { node } = self
  switch (command[0]) {
    case 'link':
      return erlang.link(self, task.pid(command[1]))
    case 'unlink':
      return erlang.unlink(self, task.pid(command[1]))
    case 'alive':
      return node.isAlive(task.pid(command[1]))
    case 'monitor':
      return self.monitor(task.to(command[1]) as Pid | string, optionsOf<MonitorOptions>(command[2]))
    case 'demonitor':
      return self.demonitor(task.ref(command[1]), optionsOf<{ flush?: boolean }>(command[2]))
    case 'exit':
      return erlang.exit(self, task.pid(command[1]), command[2])
    case 'trap_exit':
      return self.trapExit(command[1])
    case 'register':
      return erlang.register(node, command[1][1], task.pid(command[2]))
    case 'unregister':
      return erlang.unregister(node, command[1][1])
    case 'whereis':
      return node.whereis(command[1][1])
    case 'send':
      return erlang.send(self, task.to(command[1]) as Pid, message)
    case 'alias':
      return self.alias(optionsOf<{ reply?: boolean }>(command[1]))
    case 'unalias':
      return self.unalias(task.ref(command[1]))
    case 'timer':
      return startTimer(self, command[1], command[2], task.to(command[3]) as Pid | string, message)
    case 'cancel_timer':
      return running(self.cancelTimer(task.ref(command[1])))
    case 'read_timer':
      return running(self.readTimer(task.ref(command[1])))
    case 'spawn':
      return self.spawnOpt(bodyOf(command[2]), optionsOf<SpawnOptions & { monitor?: false }>(command[1]))
    case 'spawn_request':
      return self.spawnRequest(bodyOf(command[2]), optionsOf<SpawnRequestOptions>(command[1]))
    case 'receive':
      return take(self, task, command[1])
    default:
      throw new Error('undef')
  }
}

/** `[link, {monitor, [{tag, T}]}]` as `{ link: true, monitor: { tag: T } }`. */
function optionsOf<O>(options: List): O {
  const pairs = options.items.map((option) => (Array.isArray(option) ? option : [option, true]))
  return Object.fromEntries(
    pairs.map(([key, value]) => [
      key === 'reply_tag' ? 'replyTag' : key,
      value instanceof List ? optionsOf(value) : value,
    ]),
  ) as O
}

function startTimer(
  self: Context,
  kind: 'send_after' | 'start_timer',
  time: number,
  to: Pid | string,
  message: unknown,
): Ref {
  return kind === 'send_after' ? self.sendAfter(time, to, message) : self.startTimer(time, to, message)
}

/** How much is left depends on the machine. */
function running(left: number | false): 'running' | false {
  return left === false ? left : 'running'
}

function bodyOf(then: 'stay' | Leave): (this: Context) => Promise<never> | never {
  return then === 'stay' ? puppet : () => leave(then)
}

async function take(self: Context, task: Task, what: What): Promise<unknown> {
  const message = await self.receive((message) => isWanted(message, task, what), { after: 0 })
  return message === TIMEOUT ? 'timeout' : message
}

function isWanted(message: unknown, task: Task, what: What): boolean {
  if (what === 'message') return Array.isArray(message)
  if (what[0] === 'down')
    return Reflect.get(Object(message), 'object') !== undefined && isAbout(message, task.ref(what[1]))
  const from = task.pid(what[1])
  return what[0] === 'exit' ? exitOf(from)(message) : Array.isArray(message) && message[1] === from
}

function isAbout(message: unknown, ref: Ref): boolean {
  return Reflect.get(Object(message), 'ref') === ref
}
