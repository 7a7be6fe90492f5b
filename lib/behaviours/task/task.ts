import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import { mustBeOptions } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import { Process } from '../../kernel/process.ts'
import { link } from '../../kernel/signals.ts'
import { ownerOf, processOf } from '../caller.ts'
import { CHILD_SPEC, type ChildSpec, type DynamicChildSpec } from '../supervisor/child-spec.ts'
import { adopt, handleOf, type TaskHandle } from './task-handle.ts'
import { mustBeBody, spawnTask, type TaskBody, TaskStart } from './task-process.ts'
import { type StreamBody, type StreamOptions, type StreamResult, stream } from './task-stream.ts'

/**
 * A task is a process that runs one function and ends. What the function returns goes to the process that asked for
 * it, its owner, which waits for it when it needs it; what it throws ends the task, and its owner with it.
 *
 *     import { createNode, Task } from 'guildhall'
 *
 *     const fetchUser = async (name: string) => ({ name, age: 7 })
 *     const fetchPosts = async (name: string) => [`hello from ${name}`, 'bye']
 *
 *     createNode().spawn(async function () {
 *       const user = Task.async(this, () => fetchUser('alice'))       // both run at the same time
 *       const posts = Task.async(this, () => fetchPosts('alice'))
 *       const [who, what] = await Task.awaitMany(this, [user, posts])
 *
 *       const lengths = Task.asyncStream(this, what, async (post) => post.length, { maxConcurrency: 4 })
 *       for await (const [outcome, value] of lengths) {
 *         // 'ok', 16; 'ok', 3: in the order of the input, never more than 4 of them at a time
 *       }
 *     })
 *
 *     owner                           task
 *     async      ──link, monitor──>   runs
 *     await      <────[ref, value]──  returned ──> ends with normal
 *                <────── DOWN ──────  threw ─────> ends with that error; so does the owner, unless it traps exits
 *     late       ──drops the rest     goes on; it is linked, so it ends with its owner
 *
 * Which one to take:
 *
 *     async, await              the value is needed, and without it the owner cannot go on
 *     yield, then shutdown      the value is needed, but not at any price in time
 *     Task.Supervisor           failures are expected (`asyncNolink`), or tasks outlive their owner (`startChild`)
 *     start, startLink, child   nobody waits for a value
 *     asyncStream               the same for many items, so many at a time
 *     offload                   the function computes: it is to run in a thread of its own (offload.ts)
 *
 * A server that asks for a task need not wait in its callback: when it does not, `[ref, value]` and the DOWN message
 * reach its `handleInfo`.
 *
 * When not to use it: to run a function that awaits nothing. A task is no thread; what computes in it holds up all.
 *
 * The rules are those of Elixir's Task.
 */

/** Starts a task that belongs to nobody and whose value nobody gets. */
export function start(caller: Caller, body: TaskBody): readonly ['ok', Pid] {
  const owner = ownerOf(caller)
  const parent = owner instanceof Process ? owner : undefined
  return ['ok', spawnTask(owner.node, parent, new TaskStart(body, caller)).pid]
}

/** Starts a task linked to the calling process, whose value nobody gets. Of use under a supervisor: see `child`. */
export function startLink(caller: ProcessCaller, body: TaskBody): readonly ['ok', Pid] {
  const owner = processOf(caller)
  const task = spawnTask(owner.node, owner, new TaskStart(body, owner))
  link(owner, task.pid)
  return ['ok', task.pid]
}

/** The specification of a child that is a task: `temporary`, so not started again, unless told otherwise. */
export function child(body: TaskBody, options: Omit<DynamicChildSpec, 'start' | 'type'> = {}): ChildSpec {
  mustBeOptions('a child', options, CHILD_SPEC)
  mustBeBody(body)
  return { id: 'Task', restart: 'temporary', ...options, start: (parent) => startLink(parent, body) }
}

/**
 * Starts a task that the calling process may wait for, once: with `await`, `awaitMany`, `yield`, `yieldMany`,
 * `shutdown` or `ignore`. Both are linked.
 * @throws Fault `badarg` outside a process, `system_limit` when the node is full.
 */
export function async<V>(caller: ProcessCaller, body: TaskBody<V>): TaskHandle<V> {
  const owner = processOf(caller)
  const begin = new TaskStart(body, owner)
  return adopt(owner, spawnTask(owner.node, owner, begin), begin, 'link')
}

/** A task that has returned `value` already and needs no process, for where a task is expected. */
export function completed<V>(caller: ProcessCaller, value: V): TaskHandle<V> {
  const owner = processOf(caller)
  const task = handleOf<V>(undefined, owner.node.makeRef(), owner.pid)
  owner.deliver(Object.freeze([task.ref, value]))
  return task
}

/**
 * Runs `body` for each item of `input`, each in a task of its own that is linked to the calling process, and gives
 * `['ok', value]` of each: in the order of the input, or with `ordered: false` in that of their ends. A task that ends
 * without a value gives `['exit', reason]`, if the calling process traps exits; else it ends as well.
 *
 * Tasks are started when results are asked for, never more than `maxConcurrency` at a time, and no more input is taken
 * than is needed for that. When the iteration ends early, what runs is killed and the input closed.
 * @throws Exit with `['timeout', ['Task.Supervised', 'stream', [timeout]]]` from the iteration when a task takes longer
 * than `timeout`, unless `onTimeout` is `kill_task`.
 * @throws Fault `badarg`, `bad_timeout` for options that are none.
 */
export function asyncStream<I, V, O extends StreamOptions = StreamOptions>(
  caller: ProcessCaller,
  input: Iterable<I> | AsyncIterable<I>,
  body: StreamBody<I, V>,
  options?: O,
): AsyncIterable<StreamResult<I, V, O>> {
  return stream(caller, input, body, options, (keeper, begin, begun) => {
    const task = spawnTask(keeper.node, keeper, begin)
    link(keeper, task.pid)
    begun(task)
  })
}

export { await_ as await, awaitMany, yield_ as yield, yieldMany } from './task-await.ts'
export { callers } from './task-process.ts'
export { ignore, shutdown } from './task-shutdown.ts'
export * as Supervisor from './task-supervisor.ts'
