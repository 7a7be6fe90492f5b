import { fault } from '../internal/errors.ts'
import { describe } from './exit.ts'
import { ENDED, OBSERVED } from './flags.ts'
import type { Watchdog } from './host.ts'
import type { Node } from './node.ts'
import { countFrom, FLAG, mustBeOptions, type OptionKinds } from './options.ts'
import { Pid } from './pid.ts'
import type { Process } from './process.ts'

/**
 * The system monitor: one process of a node that hears when others misbehave (`erlang:system_monitor/2`).
 *
 *     node.systemMonitor(pid, { longSchedule: 50, largeMailbox: 10_000, busyLink: true })
 *
 *     event           info
 *     long_schedule   { timeout, in }: a callback ran for `timeout` ms without yielding: everything else stood still
 *     large_mailbox   { messages }: so many messages wait; told again once there were fewer than half as many
 *     busy_link       { node }: it sent to a node whose link is congested; told again once the link was free
 *
 * A callback that does not return keeps the monitor's own process from running, too. So, where the host can (see
 * `Host.watchdog`), a thread looks on as well, and writes a line to standard error while the callback still runs.
 *
 * What is timed is the time from the moment the kernel calls the process's code to the moment it has control again: a
 * callback, the part of an async one up to its first `await`, and what follows an `await` of what the process has asked
 * the kernel for: `sleep`, `call`, `receive`, a start, a request to a behaviour. The promise must have been asked for
 * while there was a system monitor, and be awaited itself: what follows an `await` of anything else, of a file, of a
 * `Promise.all`, of an async function of one's own, is run by the JavaScript engine without the kernel's knowledge.
 *
 * Nothing of this costs anything while there is no system monitor.
 */
export interface SystemMonitorOptions {
  /** Milliseconds, above 0. */
  readonly longSchedule?: number
  /** Messages, above 0. */
  readonly largeMailbox?: number
  readonly busyLink?: boolean
}

const OPTIONS: OptionKinds<SystemMonitorOptions> = {
  longSchedule: {
    right: 'a number of milliseconds above 0',
    takes: (value) => Number.isFinite(value) && (value as number) > 0,
  },
  largeMailbox: { ...countFrom(1, 'messages'), right: 'a whole number of messages above 0' },
  busyLink: FLAG,
}

/** What the monitor receives. `pid` is the process that it is about. */
export type SystemMonitorMessage =
  | MonitorEvent<'long_schedule', { readonly timeout: number; readonly in: string }>
  | MonitorEvent<'large_mailbox', { readonly messages: number }>
  | MonitorEvent<'busy_link', { readonly node: string }>

export interface MonitorEvent<Event extends string, Info> {
  readonly type: 'monitor'
  readonly pid: Pid
  readonly event: Event
  readonly info: Info
}

/** What a node's system monitor is set to. */
export interface SystemMonitorSetting {
  readonly pid: Pid
  readonly options: SystemMonitorOptions
}

/** Sets, replaces or removes the system monitor of `node`; returns the one before. */
export function setSystemMonitor(
  node: Node,
  pid: Pid | undefined,
  options: SystemMonitorOptions,
): SystemMonitorSetting | undefined {
  mustBeOptions('a system monitor', options, OPTIONS)
  if (pid !== undefined && !(pid instanceof Pid && pid.process?.node === node)) {
    throw fault('badarg', `${describe(pid)} is no process of this node`)
  }
  const before = node.monitored
  before?.close()
  const { longSchedule, largeMailbox, busyLink } = options
  const wanted = longSchedule !== undefined || largeMailbox !== undefined || busyLink === true
  node.monitored = pid === undefined || !wanted ? undefined : new SystemMonitor(node, pid.process!, options)
  for (const { process } of node.processes()) {
    if (process === undefined) continue
    const observed = process.rare?.trace !== undefined || (node.monitored !== undefined && process.pid !== pid)
    process.flags = observed ? process.flags | OBSERVED : process.flags & ~OBSERVED
    if (observed) node.monitored?.look(process)
  }
  return before === undefined ? undefined : { pid: before.pid, options: before.options }
}

export class SystemMonitor {
  readonly options: SystemMonitorOptions
  readonly #node: Node
  readonly #process: Process
  readonly #watchdog: Watchdog | undefined
  /** Processes whose large mailboxes have been told. */
  readonly #large = new WeakSet<Process>()
  /** By the node of a congested link: the processes that have been told for it. */
  readonly #busy = new Map<string, WeakSet<Process>>()
  /** The process whose code runs, as far as it is known, and what of it. */
  #running: Process | undefined = undefined
  #what = ''
  #began = 0

  constructor(node: Node, process: Process, options: SystemMonitorOptions) {
    this.#node = node
    this.#process = process
    this.options = options
    const { longSchedule } = options
    this.#watchdog = longSchedule === undefined ? undefined : node.host.watchdog?.(longSchedule, node.name)
  }

  get pid(): Pid {
    return this.#process.pid
  }

  close(): void {
    this.#watchdog?.close()
  }

  /** Whether it is told how long processes run. */
  get times(): boolean {
    return this.options.longSchedule !== undefined
  }

  /** `process` begins to run `what`, a text that is the same each time. */
  begin(process: Process, what: string): void {
    if (!this.times) return
    this.#running = process
    this.#what = what
    this.#watchdog?.begin(process.pid.id, what)
    this.#began = this.#node.host.monotonic()
  }

  /** `process`, if it is the one that runs, goes over to `what`. */
  goOn(process: Process, what: string): void {
    if (this.#running !== process) return
    this.done()
    this.begin(process, what)
  }

  /** What runs is done. */
  done(): void {
    const process = this.#running
    if (process === undefined) return
    this.#running = undefined
    const timeout = Math.floor(this.#node.host.monotonic() - this.#began)
    this.#watchdog?.done()
    if (timeout >= this.options.longSchedule!) this.#tell(process, 'long_schedule', { timeout, in: this.#what })
  }

  /** Looks at how many messages wait; `coming` more are about to be put there. */
  look(process: Process, coming = 0): void {
    const { largeMailbox } = this.options
    if (largeMailbox === undefined) return
    if (process.messageCount < largeMailbox / 2) this.#large.delete(process)
    const messages = process.messageCount + coming
    if (messages >= largeMailbox && !this.#large.has(process)) {
      this.#large.add(process)
      this.#tell(process, 'large_mailbox', { messages })
    }
  }

  /** `process` sends something to `node`. */
  sending(process: Process, node: string): void {
    if (this.options.busyLink !== true || node === this.#node.name) return
    if (!this.#node.remote.isBusy(node)) {
      this.#busy.delete(node)
      return
    }
    const told = this.#busy.get(node) ?? new WeakSet()
    if (told.has(process)) return
    this.#busy.set(node, told.add(process))
    this.#tell(process, 'busy_link', { node })
  }

  #tell(process: Process, event: SystemMonitorMessage['event'], info: SystemMonitorMessage['info']): void {
    if ((this.#process.flags & ENDED) === 0) {
      this.#process.accept(Object.freeze({ type: 'monitor', pid: process.pid, event, info }))
    }
  }
}
