import { fault } from '../../internal/errors.ts'
import { CHILD_SHUTDOWN_MS } from '../../internal/limits.ts'
import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import { ANY, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { link } from '../../kernel/signals.ts'
import { inNameOf, processOf } from '../caller.ts'
import type { StartOptions, StartResult } from '../proc-lib/start.ts'
import type { ChildOptions, ChildSpec, Shutdown } from '../supervisor/child-spec.ts'
import * as DynamicSupervisor from '../supervisor/dynamic-supervisor.ts'
import type {
  DynamicSupervisorApi,
  DynamicSupervisorSpec,
  StartDynamicChildResult,
} from '../supervisor/dynamic-supervisor-server.ts'
import type { Restart } from '../supervisor/restart-type.ts'
import { adopt, type TaskHandle } from './task-handle.ts'
import { spawnTask, type TaskBody, TaskStart } from './task-process.ts'
import { type Launch, type StreamBody, type StreamOptions, type StreamResult, stream } from './task-stream.ts'

/**
 * A supervisor of tasks: a DynamicSupervisor whose children are tasks, started when they are needed. Ending it, alone
 * or with the tree it belongs to, ends them; `maxChildren` bounds them.
 *
 *     import { createNode, Task } from 'guildhall'
 *
 *     const sendMail = async (to: string) => `sent to ${to}`
 *
 *     await using node = createNode()
 *     await node.supervise({ children: [Task.Supervisor.child({ maxChildren: 100 }, { name: 'mails' })] })
 *     await Task.Supervisor.startChild(node, 'mails', () => sendMail('alice'))      // ['ok', pid]; nobody waits
 *
 *     node.spawn(async function () {
 *       // Its failure is a DOWN message, or ['exit', reason] of yield, and no exit signal.
 *       const task = await Task.Supervisor.asyncNolink(this, 'mails', () => sendMail('bob'))
 *       const result = await Task.yield(this, task, 1000)                           // ['ok', 'sent to bob']
 *     })
 *
 *     caller                        supervisor                        task
 *     startChild     ── call ──>    spawns and links it   ──────>     runs; restarted as `restart` says
 *     async          ── call ──>    the same, and links it to the caller too; the reply goes to the caller
 *     asyncNolink    ── call ──>    the same, but its end is only heard of
 *
 * The supervisor lives on the caller's node: a function cannot travel.
 *
 * When not to use it: for a task that its owner waits for anyway, and that is to end with it, take `Task.async`.
 *
 * The rules are those of Elixir's Task.Supervisor.
 */
export type TaskSupervisorSpec = Omit<DynamicSupervisorSpec, 'extraArguments'>

export interface TaskOptions {
  /** How the supervisor stops the task: 5000 milliseconds unless told otherwise. */
  readonly shutdown?: Shutdown
}

export interface TaskChildOptions extends TaskOptions {
  /** `temporary` unless told otherwise. */
  readonly restart?: Restart
}

/** What the supervisor refuses of their values is `['error', reason]`, as for any child. */
const TASK: OptionKinds<TaskOptions> = { shutdown: ANY }
const TASK_CHILD: OptionKinds<TaskChildOptions> = { ...TASK, restart: ANY }

/** Starts a supervisor of tasks linked to the calling process; without a specification all is as it is by default. */
export function startLink(
  caller: Caller,
  spec: TaskSupervisorSpec = {},
  options?: StartOptions<DynamicSupervisorApi>,
): Promise<StartResult<DynamicSupervisorApi>> {
  return DynamicSupervisor.startLink(caller, spec, options)
}

/** The specification of a child that is a supervisor of tasks; its id is its name, or `Task.Supervisor`. */
export function child(
  spec: TaskSupervisorSpec = {},
  options: ChildOptions<DynamicSupervisorApi> = {},
): ChildSpec<DynamicSupervisorApi> {
  const made = DynamicSupervisor.child(spec, options)
  return { ...made, id: made.id === undefined ? 'Task.Supervisor' : made.id }
}

/** Starts a task that nobody waits for. `['error', 'max_children']` when there is no room. */
export function startChild(
  caller: Caller,
  supervisor: Dest<DynamicSupervisorApi>,
  body: TaskBody,
  options: TaskChildOptions = {},
): Promise<StartDynamicChildResult> {
  return inNameOf(caller, async () => {
    mustBeOptions('a task', options, TASK_CHILD)
    return DynamicSupervisor.startChild(caller, supervisor, specOf(new TaskStart(body, caller), options))
  })
}

/**
 * Starts a task under the supervisor that is linked to the calling process as well, which may wait for it.
 * @throws Fault `max_children` when there is no room, `badarg` outside a process.
 * @throws Exit as any call does.
 */
export function async<V>(
  caller: ProcessCaller,
  supervisor: Dest<DynamicSupervisorApi>,
  body: TaskBody<V>,
  options: TaskOptions = {},
): Promise<TaskHandle<V>> {
  return startFor(caller, supervisor, body, 'link', options)
}

/** As `async`, not linked to the calling process: a failure of the task does not end it. */
export function asyncNolink<V>(
  caller: ProcessCaller,
  supervisor: Dest<DynamicSupervisorApi>,
  body: TaskBody<V>,
  options: TaskOptions = {},
): Promise<TaskHandle<V>> {
  return startFor(caller, supervisor, body, 'nolink', options)
}

function startFor<V>(
  caller: ProcessCaller,
  supervisor: Dest<DynamicSupervisorApi>,
  body: TaskBody<V>,
  bond: 'link' | 'nolink',
  options: TaskOptions,
): Promise<TaskHandle<V>> {
  return inNameOf(caller, async () => {
    const owner = processOf(caller)
    mustBeOptions('a task', options, TASK)
    const start = new TaskStart(body, owner)
    let handle: TaskHandle<V> | undefined
    const spec = specOf(start, options, owner, (task) => {
      handle = adopt(owner, task, start, bond)
    })
    mustBeStarted(owner, await DynamicSupervisor.startChild(owner, supervisor, spec))
    return handle!
  })
}

/** As `Task.asyncStream`, with tasks under the supervisor, which must have room for `maxConcurrency` of them. */
export function asyncStream<I, V, O extends StreamOptions & TaskOptions = StreamOptions & TaskOptions>(
  caller: ProcessCaller,
  supervisor: Dest<DynamicSupervisorApi>,
  input: Iterable<I> | AsyncIterable<I>,
  body: StreamBody<I, V>,
  options?: O,
): AsyncIterable<StreamResult<I, V, O>> {
  return stream(caller, input, body, options, launchUnder(supervisor, 'link', options))
}

/** As `asyncStream`, with tasks that are not linked to the calling process: one that fails gives `['exit', reason]`. */
export function asyncStreamNolink<I, V, O extends StreamOptions & TaskOptions = StreamOptions & TaskOptions>(
  caller: ProcessCaller,
  supervisor: Dest<DynamicSupervisorApi>,
  input: Iterable<I> | AsyncIterable<I>,
  body: StreamBody<I, V>,
  options?: O,
): AsyncIterable<StreamResult<I, V, O>> {
  return stream(caller, input, body, options, launchUnder(supervisor, 'nolink', options))
}

/** Starts the tasks of a stream as children of `supervisor`, linked to the keeper of the stream or not. */
function launchUnder(
  supervisor: Dest<DynamicSupervisorApi>,
  bond: 'link' | 'nolink',
  options: TaskOptions = {},
): Launch {
  return async (keeper, start, begun) => {
    const spec = specOf(start, options, keeper, (task) => {
      if (bond === 'link') link(keeper, task.pid)
      begun(task)
    })
    mustBeStarted(keeper, await DynamicSupervisor.startChild(keeper, supervisor, spec))
  }
}

/** A child that is a task; with `waiter`, one that is not started any more when that process has ended. */
function specOf(
  start: TaskStart,
  options: TaskChildOptions,
  waiter?: Process,
  begun?: (task: Process) => void,
): ChildSpec {
  const { restart = 'temporary', shutdown = CHILD_SHUTDOWN_MS } = options
  return {
    id: 'Task',
    restart,
    shutdown,
    start: (parent) => {
      if (waiter?.ended) return 'ignore'
      const supervisor = processOf(parent)
      const task = spawnTask(supervisor.node, supervisor, start)
      link(supervisor, task.pid)
      begun?.(task)
      return ['ok', task.pid]
    },
  }
}

function mustBeStarted(owner: Process, result: StartDynamicChildResult): void {
  if (result === 'ignore' || result[0] === 'ok') return
  if (result[1] === 'max_children') throw fault('max_children')
  throw owner.node.exitOf(owner, result[1])
}

/** The pids of the tasks that run. */
export async function children(caller: Caller, supervisor: Dest<DynamicSupervisorApi>): Promise<readonly Pid[]> {
  const infos = await DynamicSupervisor.whichChildren(caller, supervisor)
  return infos.flatMap(([, pid]) => (pid instanceof Pid ? [pid] : []))
}

export { terminateChild } from '../supervisor/dynamic-supervisor.ts'
