import { fault } from '../../internal/errors.ts'
import { TASK_TIMEOUT_MS } from '../../internal/limits.ts'
import type { ProcessCaller } from '../../kernel/context.ts'
import { type DownMessage, describe } from '../../kernel/exit.ts'
import { countFrom, isTimeout, mustBeOptions, type OptionKinds, oneOf, TIME } from '../../kernel/options.ts'
import type { Ref } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { TimerEntry } from '../../kernel/timer-wheel.ts'
import { startFor, stopFor } from '../../kernel/waits.ts'
import { inNameOf, processOf } from '../caller.ts'
import {
  isTaskMessage,
  ownerOfTask,
  seenReason,
  silentMonitor,
  type TaskHandle,
  type TaskMessage,
  type TaskMonitor,
  takeTaskMessage,
  timeoutTerm,
} from './task-handle.ts'
import { failed, hasReplied, resultOf, type TaskResult } from './task-result.ts'
import { ignore, shutdown } from './task-shutdown.ts'

/** What the tasks of a list return, in its order. */
export type ValuesOf<T extends readonly TaskHandle[]> = {
  -readonly [K in keyof T]: T[K] extends TaskHandle<infer V> ? V : never
}

export interface YieldManyOptions {
  /** Milliseconds to wait for all of them together, or `Infinity`. 5000 unless told otherwise. */
  readonly timeout?: number
  /** How many of them have to be done; all, unless told otherwise. */
  readonly limit?: number
  /** What becomes of those that are not done: nothing, the default; `ignore`; or `shutdown` with `brutal_kill`. */
  readonly onTimeout?: 'nothing' | 'ignore' | 'kill_task'
}

/**
 * Waits for a task and resolves with what its function returned.
 * @throws Exit with `[reason, ['Task', 'await', [task, timeout]]]`, reason being the one that the task ended with, or
 * `timeout`: a task that is late goes on, and what it sends is dropped.
 * @throws Fault `not_owner` in another process than the one that asked for the task.
 */
export function await_<V>(caller: ProcessCaller, task: TaskHandle<V>, timeout: number = TASK_TIMEOUT_MS): Promise<V> {
  return inNameOf(caller, async () => {
    const owner = ownerOfTask(caller, task)
    const message = (await gather(owner, [task], timeout, { limit: 1, strict: true })).get(task.ref)
    if (message !== undefined && hasReplied(message)) return message[1] as V
    owner.demonitor(task.ref, { flush: true })
    throw failed(owner, 'await', message === undefined ? 'timeout' : seenReason(message), [task, timeoutTerm(timeout)])
  })
}

/**
 * Waits for all `tasks` and resolves with what they returned, in their order. It fails as soon as one of them does.
 * @throws Exit with `[reason, ['Task', 'await_many', [tasks, timeout]]]`, as `await` does.
 */
export function awaitMany<const T extends readonly TaskHandle[]>(
  caller: ProcessCaller,
  tasks: T,
  timeout: number = TASK_TIMEOUT_MS,
): Promise<ValuesOf<T>> {
  return inNameOf(caller, async () => {
    const owner = ownerOfAll(caller, tasks)
    const messages = await gather(owner, tasks, timeout, { limit: tasks.length, strict: true })
    const values: unknown[] = []
    for (const { ref } of tasks) {
      const message = messages.get(ref)
      if (message !== undefined && hasReplied(message)) values.push(message[1])
      else owner.demonitor(ref, { flush: true })
    }
    if (values.length === tasks.length) return values as ValuesOf<T>
    const ended = [...messages.values()].find((message): message is DownMessage => !hasReplied(message))
    const reason = ended === undefined ? 'timeout' : seenReason(ended)
    throw failed(owner, 'await_many', reason, [tasks, timeoutTerm(timeout)])
  })
}

/**
 * Waits for a task, but not longer than `timeout`: resolves with `['ok', value]`, with `['exit', reason]` when it ended
 * before, or with `undefined`; then it can be waited for again.
 * @throws Fault `not_owner`.
 */
export function yield_<V>(
  caller: ProcessCaller,
  task: TaskHandle<V>,
  timeout: number = TASK_TIMEOUT_MS,
): Promise<TaskResult<V>> {
  return inNameOf(caller, async () => {
    const owner = ownerOfTask(caller, task)
    const messages = await gather(owner, [task], timeout, { limit: 1, strict: false })
    return resultOf(owner, messages.get(task.ref), 'yield', [task, timeoutTerm(timeout)])
  })
}

const YIELD_MANY: OptionKinds<YieldManyOptions> = {
  timeout: TIME,
  limit: countFrom(0, 'tasks'),
  onTimeout: oneOf('nothing', 'ignore', 'kill_task'),
}

/** As `yield`, for many tasks and in one time: `[task, result]` of each, in their order. */
export function yieldMany<V>(
  caller: ProcessCaller,
  tasks: readonly TaskHandle<V>[],
  options: YieldManyOptions = {},
): Promise<readonly (readonly [TaskHandle<V>, TaskResult<V>])[]> {
  return inNameOf(caller, async () => {
    const owner = ownerOfAll(caller, tasks)
    mustBeOptions('yieldMany', options, YIELD_MANY)
    const { timeout = TASK_TIMEOUT_MS, limit = tasks.length, onTimeout = 'nothing' } = options
    const messages = await gather(owner, tasks, timeout, { limit, strict: false })
    const results: (readonly [TaskHandle<V>, TaskResult<V>])[] = []
    for (const task of tasks) {
      const message = messages.get(task.ref)
      let result: TaskResult<V> = resultOf(owner, message, 'yield_many', [tasks, timeoutTerm(timeout)])
      if (message === undefined && onTimeout === 'ignore') result = ignore(owner, task)
      else if (message === undefined && onTimeout === 'kill_task') result = await shutdown(owner, task, 'brutal_kill')
      results.push([task, result])
    }
    return results
  })
}

function ownerOfAll(caller: ProcessCaller, tasks: readonly TaskHandle[]): Process {
  if (!Array.isArray(tasks)) throw fault('badarg', 'tasks are an array of what Task.async returns')
  for (const task of tasks) ownerOfTask(caller, task)
  return processOf(caller)
}

interface Enough {
  /** Tasks that must have sent something. */
  readonly limit: number
  /** Whether one that ended without a reply is enough, too. */
  readonly strict: boolean
}

/**
 * What tasks have sent by the time that enough of them have, or that `timeout` is over: one message of each. It takes
 * what is in the mailbox; a task that has sent nothing yet is not searched for there, however long the mailbox is.
 */
function gather(
  owner: Process,
  tasks: readonly TaskHandle[],
  timeout: number,
  enough: Enough,
): Promise<ReadonlyMap<Ref, TaskMessage>> {
  if (!isTimeout(timeout)) throw fault('bad_timeout', `got ${describe(timeout)}`)
  return new Promise((resolve) => {
    if (!owner.ended) new Gathering(owner, tasks, enough, resolve).begin(timeout)
  })
}

class Gathering extends TimerEntry {
  readonly owner: Process
  readonly #tasks: ReadonlyMap<Ref, TaskHandle>
  readonly #limit: number
  readonly #strict: boolean
  readonly #resolve: (messages: ReadonlyMap<Ref, TaskMessage>) => void
  readonly #messages = new Map<Ref, TaskMessage>()
  readonly #awaited = new Set<TaskMonitor>()
  #over = false

  constructor(
    owner: Process,
    tasks: readonly TaskHandle[],
    { limit, strict }: Enough,
    resolve: (messages: ReadonlyMap<Ref, TaskMessage>) => void,
  ) {
    super()
    this.owner = owner
    this.#tasks = new Map(tasks.map((task) => [task.ref, task]))
    this.#limit = Math.min(limit, this.#tasks.size)
    this.#strict = strict
    this.#resolve = resolve
  }

  begin(timeout: number): void {
    for (const task of this.#tasks.values()) {
      if (this.#messages.size >= this.#limit) break
      const monitor = silentMonitor(this.owner, task)
      if (monitor !== undefined) this.#listen(monitor)
      else this.#look(task.ref)
    }
    if (this.#over) return
    if (this.#messages.size >= this.#limit || timeout === 0) this.#finish()
    else if (timeout !== Number.POSITIVE_INFINITY) startFor(this.owner, this, timeout)
  }

  #listen(monitor: TaskMonitor): void {
    if (monitor.waiter !== undefined) throw fault('badarg', 'this task is waited for already')
    this.#awaited.add(monitor)
    monitor.waiter = (message) => {
      monitor.waiter = undefined
      this.#awaited.delete(monitor)
      this.#hear(monitor.ref, message)
    }
  }

  #look(ref: Ref): void {
    const message = takeTaskMessage(this.owner, ref, isTaskMessage)
    if (message !== undefined) this.#hear(ref, message)
  }

  #hear(ref: Ref, message: TaskMessage): void {
    this.#messages.set(ref, message)
    const answered = hasReplied(message)
    if (answered) this.owner.demonitor(ref, { flush: true })
    if (this.#messages.size >= this.#limit || (this.#strict && !answered)) this.#finish()
  }

  override expire(): void {
    this.#finish()
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    stopFor(this.owner, this)
    for (const monitor of this.#awaited) monitor.waiter = undefined
    if (!this.owner.ended) this.#resolve(this.#messages)
  }
}
