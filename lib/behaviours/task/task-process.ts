import { fault } from '../../internal/errors.ts'
import type { Caller, Context } from '../../kernel/context.ts'
import { isOrderly, reasonOf } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import type { Pid } from '../../kernel/pid.ts'
import { Process } from '../../kernel/process.ts'
import { becomeParent } from '../../kernel/spawn.ts'
import { ownerOf, processOf } from '../caller.ts'

/** What a task runs, once, with the task's own process as `this`. What it needs it has from its closure. */
export type TaskBody<V = unknown> = (this: Context) => V | PromiseLike<V>

export function mustBeBody(body: TaskBody): void {
  if (typeof body !== 'function') throw fault('badarg', 'a task runs a function')
}

/** Gets what the body of a task returned. */
export interface Recipient {
  reply(value: unknown): void
}

/** What the process of a task begins with. */
export class TaskStart {
  readonly body: TaskBody
  /** Who asked for the task; undefined for the code outside any process. */
  readonly starter: Process | undefined
  /** That process, the one that had asked for it when it is a task itself, and so on. */
  readonly callers: readonly Pid[]
  /** Set before the task runs; undefined when nobody wants the result. */
  recipient: Recipient | undefined

  constructor(body: TaskBody, starter: Caller) {
    mustBeBody(body)
    const owner = ownerOf(starter)
    this.body = body
    this.starter = owner instanceof Process ? owner : undefined
    this.callers = this.starter === undefined ? [] : [this.starter.pid, ...callersOf(this.starter)]
  }
}

/** The key in the process dictionary; Elixir's. */
const CALLERS = '$callers'

function callersOf(process: Process): readonly Pid[] {
  return (process.get(CALLERS) as readonly Pid[] | undefined) ?? []
}

/**
 * In whose name a task runs, the nearest first: the process that asked for it, whoever asked for that one when it is a
 * task as well, and so on; not the supervisor that it runs under. Empty for a process that is no task (`$callers`).
 */
export function callers(context: Context): readonly Pid[] {
  return callersOf(processOf(context))
}

/**
 * Starts the process of a task. It runs in a later turn, so what links to it or watches it in this one misses nothing.
 * `parent` is a supervisor, or the process that asked for the task.
 */
export function spawnTask(node: Node, parent: Process | undefined, start: TaskStart): Process {
  const process = node.spawnProcess(run, [start])
  if (parent !== undefined) becomeParent(parent, process)
  process.put(CALLERS, start.callers)
  return process
}

async function run(this: Context, start: TaskStart): Promise<void> {
  const process = processOf(this)
  try {
    const value = await start.body.call(this)
    if (!process.ended) start.recipient?.reply(value)
  } catch (thrown) {
    if (process.ended) return
    const reason = reasonOf(thrown)
    if (!isOrderly(reason)) report(process, start, reason)
    process.end(reason)
  }
}

function report(process: Process, { starter, body }: TaskStart, reason: unknown): void {
  const details = { name: process.pid, starter: starter?.rare?.name ?? starter?.pid, function: body.name, reason }
  process.node.report({ level: 'error', label: ['Task.Supervisor', 'terminating'], details })
}
