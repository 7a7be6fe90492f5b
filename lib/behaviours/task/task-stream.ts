import { fault } from '../../internal/errors.ts'
import { TASK_CONCURRENCY, TASK_STREAM_AHEAD, TASK_TIMEOUT_MS } from '../../internal/limits.ts'
import type { Context, ProcessCaller } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import { ANY, FLAG, isTimeout, mustBeOptions, type OptionKinds, oneOf, TIME } from '../../kernel/options.ts'
import type { Process } from '../../kernel/process.ts'
import type { Program } from '../../kernel/program.ts'
import { link, setMonitor } from '../../kernel/signals.ts'
import { becomeParent } from '../../kernel/spawn.ts'
import { flushExit } from '../../kernel/take-message.ts'
import { processOf } from '../caller.ts'
import { Departure } from '../supervisor/child-stop.ts'
import { timeoutTerm } from './task-handle.ts'
import { TaskStart } from './task-process.ts'
import { StreamTask } from './task-stream-task.ts'

/** What a stream runs for each item of its input, in a task: `this` is the task's process. */
export type StreamBody<I, V> = (this: Context, item: I) => V | PromiseLike<V>

export interface StreamOptions {
  /** Tasks that run at a time, 1 or more; TASK_CONCURRENCY unless told otherwise. */
  readonly maxConcurrency?: number
  /** Whether results come in the order of the input, as they do unless told otherwise, or in that of their ends. */
  readonly ordered?: boolean
  /** Milliseconds that each task may take, or `Infinity`. 5000 unless told otherwise. */
  readonly timeout?: number
  /**
   * What becomes of a task that takes longer. It is killed; with `exit`, the default, the stream fails as well; with
   * `kill_task` its result is `['exit', 'timeout']`.
   */
  readonly onTimeout?: 'exit' | 'kill_task'
  /** Whether a result of `exit` names its item: `['exit', [item, reason]]`. */
  readonly zipInputOnExit?: boolean
}

/** What a stream gives for an item: the value, or the reason its task ended with. */
export type StreamResult<I, V, O extends StreamOptions = StreamOptions> =
  | readonly ['ok', V]
  | readonly ['exit', O extends { readonly zipInputOnExit: true } ? readonly [I, Reason] : Reason]

/**
 * Starts a task of a stream; in the name of `keeper`, and linked to it if it is to be. Calls `begun` with its process
 * before that runs. Fails when no task can be started.
 */
export type Launch = (keeper: Process, start: TaskStart, begun: (task: Process) => void) => PromiseLike<void> | void

/** See `Task.asyncStream`. Each time the result is iterated, the input is, and the tasks run anew. */
export function stream<I, V, O extends StreamOptions>(
  caller: ProcessCaller,
  input: Iterable<I> | AsyncIterable<I>,
  body: StreamBody<I, V>,
  options: O | undefined,
  launch: Launch,
): AsyncIterable<StreamResult<I, V, O>> {
  const owner = processOf(caller)
  const plan = completePlan(body, options)
  return {
    [Symbol.asyncIterator]: () => new Stream<I, StreamResult<I, V, O>>(owner, iteratorOf(input), plan, launch),
  }
}

interface Plan extends Required<StreamOptions> {
  readonly body: (this: Context, item: never) => unknown
}

/** With `shutdown` for the tasks of a supervisor, which looks at it itself. */
const STREAM: OptionKinds<StreamOptions & { readonly shutdown?: unknown }> = {
  maxConcurrency: { right: '1 or more', takes: (value) => value !== 0 && isTimeout(value) },
  ordered: FLAG,
  timeout: TIME,
  onTimeout: oneOf('exit', 'kill_task'),
  zipInputOnExit: FLAG,
  shutdown: ANY,
}

function completePlan(body: Plan['body'], options: StreamOptions = {}): Plan {
  mustBeOptions('a stream of tasks', options, STREAM)
  const { maxConcurrency = TASK_CONCURRENCY, ordered = true, timeout = TASK_TIMEOUT_MS } = options
  const { onTimeout = 'exit', zipInputOnExit = false } = options
  if (typeof body !== 'function') throw fault('badarg', 'a stream runs a function for each item')
  return { body, maxConcurrency, ordered, timeout, onTimeout, zipInputOnExit }
}

function iteratorOf<I>(input: Iterable<I> | AsyncIterable<I>): Iterator<I> | AsyncIterator<I> {
  if (Symbol.asyncIterator in Object(input)) return (input as AsyncIterable<I>)[Symbol.asyncIterator]()
  if (Symbol.iterator in Object(input)) return (input as Iterable<I>)[Symbol.iterator]()
  throw fault('badarg', 'the input of a stream is iterable')
}

/**
 * The keeper of a stream: the process that its tasks are linked to, linked to the owner and trapping exits as it does.
 * So a task that crashes ends an owner that does not trap exits, and leaves no message with one that does.
 */
class Keeper implements Program {
  start(): void {}

  run(process: Process, quantum: number): number {
    const count = Math.min(quantum, process.waiting)
    for (let i = 0; i < count; i++) process.take()
    return count
  }
}

const KEEPER: Program = new Keeper()

interface Demand<R> {
  resolve(result: IteratorResult<R, undefined>): void
  reject(error: unknown): void
}

const DONE: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined })

/**
 * One run of a stream.
 *
 *     next() ──> a result that is there, or: take items and start tasks while there is room ──> wait for an end
 *     task:      running ──reply──> running ──its process ends──> result ──> next()
 *     return(), a failure, the end of the owner ──> the tasks that run are killed, the input is closed
 *
 * Nothing is taken from the input unless somebody waits for a result. A result counts when the process of its task has
 * ended, so that there are never more of them than `maxConcurrency`.
 */
class Stream<I, R> implements AsyncIterator<R, undefined> {
  readonly #owner: Process
  readonly #input: Iterator<I> | AsyncIterator<I>
  readonly #plan: Plan
  readonly #launch: Launch
  readonly #running = new Set<StreamTask>()
  /** By the number at which they are to be given out. */
  readonly #results = new Map<number, R>()
  readonly #demands: Demand<R>[] = []
  #keeper: Process | undefined
  #keeperEnd: Departure | undefined
  /** Tasks that were started, or are being started, and have not ended. */
  #active = 0
  #started = 0
  #ended = 0
  #given = 0
  #pulling = false
  #exhausted = false
  #over = false
  #closing: Promise<void> | undefined
  #noneRuns: (() => void) | undefined

  constructor(owner: Process, input: Iterator<I> | AsyncIterator<I>, plan: Plan, launch: Launch) {
    this.#owner = owner
    this.#input = input
    this.#plan = plan
    this.#launch = launch
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#closing !== undefined) return this.#closing.then(() => DONE)
    return new Promise((resolve, reject) => {
      if (this.#owner.ended) return
      this.#demands.push({ resolve, reject })
      this.#proceed()
    })
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    await this.#close()
    return DONE
  }

  /** Gives out what is there, and takes more input as long as somebody waits and there is room. */
  #proceed(): void {
    while (!this.#over) {
      while (this.#demands.length > 0 && this.#results.has(this.#given)) this.#give()
      if (this.#demands.length === 0) return
      if (this.#exhausted && this.#active === 0) return void this.#close().catch(() => {})
      if (!this.#mayTake()) return
      this.#pull()
    }
  }

  #give(): void {
    const value = this.#results.get(this.#given)!
    this.#results.delete(this.#given++)
    this.#demands.shift()!.resolve({ done: false, value })
  }

  // --- input

  #mayTake(): boolean {
    if (this.#pulling || this.#exhausted || this.#active >= this.#plan.maxConcurrency) return false
    return this.#active + this.#results.size < Math.max(this.#plan.maxConcurrency, TASK_STREAM_AHEAD)
  }

  #pull(): void {
    try {
      const step = this.#input.next()
      if (!isPending(step)) return this.#take(step)
      this.#pulling = true
      step.then(
        (taken) => {
          this.#pulling = false
          this.#take(taken)
          this.#proceed()
        },
        (thrown) => this.#inputFailed(thrown),
      )
    } catch (thrown) {
      this.#inputFailed(thrown)
    }
  }

  #inputFailed(thrown: unknown): void {
    this.#pulling = false
    this.#exhausted = true
    this.#fail(thrown)
  }

  #take(step: IteratorResult<I>): void {
    if (this.#over || this.#owner.ended) return
    if (step.done) this.#exhausted = true
    else this.#start(step.value)
  }

  // --- tasks

  #start(item: I): void {
    const { body, timeout } = this.#plan
    const keeper = this.#keeper ?? this.#startKeeper()
    const number = this.#started++
    const start = new TaskStart(function () {
      return body.call(this, item as never)
    }, this.#owner)
    this.#active++
    const launched = this.#launch(keeper, start, (process) => {
      const task = new StreamTask(keeper, process.pid, number, item, (ended, reason) => this.#taskEnded(ended, reason))
      start.recipient = task
      this.#running.add(task)
      task.begin(timeout)
      if (this.#over) task.kill()
    })
    launched?.then(undefined, (thrown: unknown) => this.#fail(thrown))
  }

  #taskEnded(task: StreamTask, reason: Reason): void {
    this.#running.delete(task)
    this.#active--
    if (this.#over) {
      if (this.#running.size === 0) this.#noneRuns?.()
      return
    }
    const { onTimeout, ordered, timeout } = this.#plan
    const late = task.timedOut && task.result === undefined
    if (late && onTimeout === 'exit') {
      return this.#fail(this.#exit(['timeout', ['Task.Supervised', 'stream', [timeoutTerm(timeout)]]]))
    }
    const result = task.result ?? this.#exitResult(task.item, late ? 'timeout' : reason)
    this.#results.set(ordered ? task.number : this.#ended, result as R)
    this.#ended++
    this.#proceed()
  }

  #exitResult(item: unknown, reason: Reason): readonly ['exit', Reason] {
    return ['exit', this.#plan.zipInputOnExit ? [item, reason] : reason]
  }

  #exit(reason: Reason): Error {
    return this.#owner.node.exitOf(this.#owner, reason)
  }

  // --- keeper

  #startKeeper(): Process {
    const owner = this.#owner
    const { node } = owner
    const keeper = node.startProcess(KEEPER, undefined)
    this.#keeper = keeper
    becomeParent(owner, keeper)
    keeper.trapExit(owner.trapsExits)
    link(owner, keeper.pid)
    const ownerEnd = new Departure(keeper, owner.pid, (reason) => this.#ownerEnded(keeper, reason))
    setMonitor(ownerEnd, { node: node.name, pid: owner.pid })
    this.#keeperEnd = new Departure(owner, keeper.pid, (reason) => this.#keeperEnded(keeper, reason))
    setMonitor(this.#keeperEnd, { node: node.name, pid: keeper.pid })
    return keeper
  }

  /** The linked tasks end with their owner; an end that is `normal` would pass them by. */
  #ownerEnded(keeper: Process, reason: Reason): void {
    for (const task of this.#running) if (keeper.hasLink(task.process)) keeper.exit(task.process, orKill(reason))
    keeper.end(reason)
  }

  /** Somebody ended the keeper of an owner that traps exits. */
  #keeperEnded(keeper: Process, reason: Reason): void {
    flushExit(this.#owner, keeper.pid)
    this.#noneRuns?.()
    this.#fail(this.#exit([reason, ['Task.Supervised', 'stream', [timeoutTerm(this.#plan.timeout)]]]))
  }

  // --- the end

  #fail(error: unknown): void {
    if (this.#over || this.#owner.ended) return
    const demand = this.#demands.shift()
    const tell = () => demand?.reject(error)
    this.#close().then(tell, tell)
  }

  #close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#over = true
      this.#closing = this.#stop().finally(() => {
        for (const demand of this.#demands.splice(0)) demand.resolve(DONE)
      })
    }
    return this.#closing
  }

  /** Kills the tasks that run, waits until they are down, and closes the input. */
  async #stop(): Promise<void> {
    const keeper = this.#keeper
    if (keeper !== undefined && !keeper.ended) {
      keeper.trapExit(true)
      for (const task of this.#running) task.kill()
      if (this.#running.size > 0) {
        await new Promise<void>((resolve) => {
          this.#noneRuns = resolve
        })
      }
      this.#owner.demonitor(this.#keeperEnd!.ref)
      this.#owner.unlink(keeper.pid)
      keeper.end('normal')
    }
    if (this.#exhausted) return
    this.#exhausted = true
    const closed = Promise.resolve(this.#input.return?.())
    // A generator that has an item to give before it can be closed is not waited for.
    if (this.#pulling) closed.catch(() => {})
    else await closed
  }
}

function orKill(reason: Reason): Reason {
  return reason === 'normal' ? 'kill' : reason
}

function isPending<T>(step: T | PromiseLike<T>): step is PromiseLike<T> {
  return typeof (step as Partial<PromiseLike<T>>).then === 'function'
}
