import type { Exit, Reason } from '../../kernel/exit.ts'
import type { Process } from '../../kernel/process.ts'
import { seenReason, type TaskMessage, type TaskReply } from './task-handle.ts'

/** What has come of a task: its value, the reason it ended with before it had one, or nothing yet. */
export type TaskResult<V> = readonly ['ok', V] | readonly ['exit', Reason] | undefined

/**
 * The result that `message`, what a task has sent, stands for.
 * @throws Exit of `Task.operation(...args)` when the connection to the task's node was lost.
 */
export function resultOf<V>(
  owner: Process,
  message: TaskMessage | undefined,
  operation: string,
  args: readonly unknown[],
): TaskResult<V> {
  if (message === undefined) return undefined
  if (hasReplied(message)) return ['ok', message[1] as V]
  if (message.reason === 'noconnection') throw failed(owner, operation, seenReason(message), args)
  return ['exit', message.reason]
}

/** Whether a task replied, and did not just end. */
export function hasReplied(message: TaskMessage): message is TaskReply {
  return Array.isArray(message)
}

/** The Exit of a process whose `Task.operation(...args)` failed with `reason`. */
export function failed(owner: Process, operation: string, reason: Reason, args: readonly unknown[]): Exit {
  return owner.node.exitOf(owner, [reason, ['Task', operation, args]])
}
