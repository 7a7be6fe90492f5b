import type { Reason } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { exit, Monitor, setMonitor } from '../../kernel/signals.ts'
import { TimerEntry } from '../../kernel/timer-wheel.ts'
import { startFor, stopFor } from '../../kernel/waits.ts'
import type { Recipient } from './task-process.ts'

/** A task of a stream that runs: the keeper's monitor of it, the way of its reply, and the time it may take. */
export class StreamTask extends Monitor implements Recipient {
  /** Its process. */
  readonly process: Pid
  /** The position of its item in the input. */
  readonly number: number
  readonly item: unknown
  result: readonly ['ok', unknown] | undefined
  timedOut = false
  readonly #limit: TimeLimit
  readonly #tellEnd: (task: StreamTask, reason: Reason) => void

  constructor(
    keeper: Process,
    pid: Pid,
    number: number,
    item: unknown,
    tellEnd: (task: StreamTask, reason: Reason) => void,
  ) {
    super(keeper.node.makeRef(), keeper, pid, 'DOWN')
    this.number = number
    this.item = item
    this.process = pid
    this.#limit = new TimeLimit(this)
    this.#tellEnd = tellEnd
  }

  /** Watches the process from now on, and allows it `timeout` milliseconds. */
  begin(timeout: number): void {
    setMonitor(this, { node: this.watcher.node.name, pid: this.process })
    if (timeout !== Number.POSITIVE_INFINITY) startFor(this.watcher, this.#limit, timeout)
  }

  reply(value: unknown): void {
    this.result = ['ok', value]
  }

  /** Kills it; its end does not reach the keeper by the link. */
  kill(): void {
    this.watcher.unlink(this.process)
    exit(this.watcher.node, this.watcher.pid, this.process, 'kill')
  }

  override down(reason: Reason): void {
    if (!this.watcher.rare?.monitors?.delete(this.ref.id)) return
    stopFor(this.watcher, this.#limit)
    this.#tellEnd(this, reason)
  }
}

class TimeLimit extends TimerEntry {
  readonly #task: StreamTask

  constructor(task: StreamTask) {
    super()
    this.#task = task
  }

  get owner(): Process {
    return this.#task.watcher
  }

  override expire(): void {
    stopFor(this.owner, this)
    this.#task.timedOut = true
    this.#task.kill()
  }
}
