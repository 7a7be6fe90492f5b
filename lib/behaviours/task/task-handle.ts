import { fault } from '../../internal/errors.ts'
import type { ProcessCaller } from '../../kernel/context.ts'
import type { DownMessage, Reason } from '../../kernel/exit.ts'
import { isDownMessage } from '../../kernel/message-kind.ts'
import { type Pid, type Ref, samePid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { link, Monitor, setMonitor } from '../../kernel/signals.ts'
import { takeMessage } from '../../kernel/take-message.ts'
import { processOf } from '../caller.ts'
import type { Recipient, TaskStart } from './task-process.ts'

declare const VALUE: unique symbol

/** A task that its owner, the process that asked for it, may wait for. The type parameter is what it returns. */
export interface TaskHandle<out V = unknown> {
  readonly type: 'task'
  /** The process of the task; undefined for one that was `completed` from the beginning. */
  readonly pid: Pid | undefined
  /** The monitor of the task; its reply, and its DOWN message, carry it. */
  readonly ref: Ref
  readonly owner: Pid
  /** Never there: for the compiler only. */
  readonly [VALUE]?: V
}

/** What a task sends its owner: `[ref, value]` when its function has returned, then, of every task, its end. */
export type TaskReply = readonly [ref: Ref, value: unknown]
export type TaskMessage = TaskReply | DownMessage

/**
 * The owner's monitor of a task, and the way of the reply: what is not waited for goes to the owner's mailbox, as in
 * Elixir, where a server finds it in `handleInfo`. Once the monitor is gone, so is the way of the reply.
 */
export class TaskMonitor extends Monitor implements Recipient {
  /** Who waits for the task; gets its messages in place of the mailbox. */
  waiter: ((message: TaskMessage) => void) | undefined
  /** Whether the reply is in the mailbox. */
  replied = false

  constructor(owner: Process, pid: Pid) {
    super(owner.node.makeRef(), owner, pid, 'DOWN')
  }

  reply(value: unknown): void {
    if (this.watcher.rare?.monitors?.get(this.ref.id) !== this) return
    this.replied = true
    this.#tell(Object.freeze([this.ref, value] as const))
  }

  override down(reason: Reason): void {
    if (!this.watcher.rare?.monitors?.delete(this.ref.id)) return
    this.#tell(Object.freeze({ type: this.tag, ref: this.ref, object: this.object, reason }))
  }

  #tell(message: TaskMessage): void {
    if (this.waiter === undefined) this.watcher.deliver(message)
    else this.waiter(message)
  }
}

/** Makes `child`, which has not run yet, a task of `owner`. */
export function adopt<V>(owner: Process, child: Process, start: TaskStart, bond: 'link' | 'nolink'): TaskHandle<V> {
  if (bond === 'link') link(owner, child.pid)
  const monitor = new TaskMonitor(owner, child.pid)
  setMonitor(monitor, { node: child.node.name, pid: child.pid })
  start.recipient = monitor
  return handleOf(child.pid, monitor.ref, owner.pid)
}

export function handleOf<V>(pid: Pid | undefined, ref: Ref, owner: Pid): TaskHandle<V> {
  return Object.freeze({ type: 'task', pid, ref, owner })
}

/** The calling process, which must be the owner of `task`. */
export function ownerOfTask(caller: ProcessCaller, task: TaskHandle): Process {
  const process = processOf(caller)
  if (task?.type !== 'task') throw fault('badarg', 'a task is what Task.async returns')
  if (!samePid(task.owner, process.pid)) throw fault('not_owner', `${process.pid} asks about a task of ${task.owner}`)
  return process
}

export function pidOfTask(task: TaskHandle): Pid {
  if (task.pid === undefined) throw fault('badarg', 'a task that was completed from the beginning has no process')
  return task.pid
}

/** The monitor of a task that has sent nothing yet: what comes of it is not in the mailbox. */
export function silentMonitor(owner: Process, { ref }: TaskHandle): TaskMonitor | undefined {
  const monitor = owner.rare?.monitors?.get(ref.id)
  return monitor instanceof TaskMonitor && !monitor.replied ? monitor : undefined
}

/** Takes the earliest message of this kind that carries `ref` from the mailbox. */
export function takeTaskMessage<M extends TaskMessage = TaskMessage>(
  owner: Process,
  ref: Ref,
  isKind: (message: unknown, ref: Ref) => message is M,
): M | undefined {
  const message = takeMessage(owner, (candidate) => isKind(candidate, ref))
  return isKind(message, ref) ? message : undefined
}

export function isTaskMessage(message: unknown, ref: Ref): message is TaskMessage {
  return isReply(message, ref) || isDownMessage(message, ref)
}

export function isReply(message: unknown, ref: Ref): message is TaskReply {
  return Array.isArray(message) && message.length === 2 && message[0] === ref
}

/** The reason as who waited for the task sees it: a lost connection names the node. */
export function seenReason({ reason, object }: DownMessage): Reason {
  return reason === 'noconnection' ? ['nodedown', object.node] : reason
}

/** OTP's term for a timeout. */
export function timeoutTerm(timeout: number | 'brutal_kill'): unknown {
  return timeout === Number.POSITIVE_INFINITY ? 'infinity' : timeout
}
