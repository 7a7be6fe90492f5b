import { fault } from '../../internal/errors.ts'
import { CHILD_SHUTDOWN_MS } from '../../internal/limits.ts'
import type { ProcessCaller } from '../../kernel/context.ts'
import { describe, type Reason } from '../../kernel/exit.ts'
import { isDownMessage } from '../../kernel/message-kind.ts'
import { isTimeout } from '../../kernel/options.ts'
import type { Process } from '../../kernel/process.ts'
import { inNameOf } from '../caller.ts'
import { shutDown } from '../supervisor/child-stop.ts'
import {
  isReply,
  isTaskMessage,
  ownerOfTask,
  pidOfTask,
  type TaskHandle,
  takeTaskMessage,
  timeoutTerm,
} from './task-handle.ts'
import { failed, resultOf, type TaskResult } from './task-result.ts'

/**
 * Ends a task and resolves when it is down: with `['ok', value]` when it had returned before, with `undefined` when it
 * ended as it was told, else with `['exit', reason]`. It is told to `shutdown` and has `how` milliseconds for it; then,
 * and at once with `brutal_kill`, it is killed. It is unlinked first, so its end does not reach the owner.
 * @throws Fault `not_owner`, `badarg` for a task without a process, `bad_timeout`.
 */
export function shutdown<V>(
  caller: ProcessCaller,
  task: TaskHandle<V>,
  how: number | 'brutal_kill' = CHILD_SHUTDOWN_MS,
): Promise<TaskResult<V>> {
  return inNameOf(caller, async () => {
    const owner = ownerOfTask(caller, task)
    const pid = pidOfTask(task)
    if (how !== 'brutal_kill' && !isTimeout(how)) throw fault('bad_timeout', `got ${describe(how)}`)
    owner.unlink(pid)
    const down = await shutDown(owner, pid, how)
    const reason = down === 'noproc' ? earlierReason(owner, task) : down
    owner.demonitor(task.ref, { flush: true })
    const reply = takeTaskMessage(owner, task.ref, isReply)
    if (reply !== undefined) return ['ok', reply[1] as V]
    if (reason === (how === 'brutal_kill' ? 'killed' : 'shutdown')) return undefined
    if (reason !== 'noconnection') return ['exit', reason]
    throw failed(owner, 'shutdown', ['nodedown', pid.node], [task, timeoutTerm(how)])
  })
}

/** Why a task that was gone already had ended: its DOWN message tells, unless somebody took it. */
function earlierReason(owner: Process, { ref }: TaskHandle): Reason {
  const down = takeTaskMessage(owner, ref, isDownMessage)
  return down === undefined ? 'noproc' : down.reason
}

/**
 * Leaves a task to itself: it is unlinked and goes on, and nothing of it arrives any more. Returns what had come of it
 * by now, as `yield` does.
 * @throws Fault `not_owner`, `badarg` for a task without a process.
 */
export function ignore<V>(caller: ProcessCaller, task: TaskHandle<V>): TaskResult<V> {
  const owner = ownerOfTask(caller, task)
  const pid = pidOfTask(task)
  const message = takeTaskMessage(owner, task.ref, isTaskMessage)
  owner.unlink(pid)
  owner.demonitor(task.ref, { flush: true })
  return resultOf(owner, message, 'ignore', [task])
}
