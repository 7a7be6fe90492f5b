import { SYS_LOG_EVENTS } from '../../internal/limits.ts'
import { Ring } from '../../internal/ring.ts'
import type { Process } from '../../kernel/process.ts'
import type { Via } from '../../kernel/protocol.ts'
import { LogFile, lineOf } from './log-file.ts'

/**
 * What `sys` keeps of a process, and what it does with the events that a behaviour's loop tells it. A process that was
 * never suspended nor debugged has none of it, so that a loop asks one question a message:
 *
 *     if (isDebugged(process)) debugEvent(process, ['in', message])
 *
 *     loop ──event──> statistics (counts)   log (the last n)   a file   trace (to the reporter)   installed functions
 */
export type SystemEvent =
  /** A message was taken. Requests are told as `['$gen_call', from, request]` and `['$gen_cast', request]`. */
  | readonly ['in', unknown]
  /** A reply was sent to the caller behind `from`; then the state. */
  | readonly ['out', unknown, unknown, unknown]
  /** The message was handled without a reply; then the state. */
  | readonly ['noreply', unknown]
  /** What else a behaviour tells: `['postpone', ...]`, `['enter', ...]`, `['code_change', ...]` and so on. */
  | readonly [string, ...unknown[]]

/**
 * Sees every event, with what it returned last time and the process's name (its pid, when it has none). Returns its
 * next state, or `'done'` to be removed; one that throws is removed, too. It runs in the process: a slow one slows it
 * down.
 */
export type DebugFunction<S = unknown> = (state: S, event: SystemEvent, name: unknown) => S | 'done'

/** OTP's names for what was counted since statistics were switched on. */
export interface Statistics {
  /** Milliseconds since 1970, as the node's host tells them. */
  readonly start_time: number
  readonly current_time: number
  /** The process's reductions since: slices it has run and messages it has handled. */
  readonly reductions: number
  readonly messages_in: number
  readonly messages_out: number
}

interface Installed {
  readonly fun: DebugFunction
  state: unknown
}

/** How one process is debugged. */
export class Debug {
  #counts: { readonly startTime: number; readonly reductions: number; in: number; out: number } | undefined
  #log: Ring<SystemEvent> | undefined
  #logLimit = 0
  #file: LogFile | undefined
  trace = false
  readonly #installed = new Map<unknown, Installed>()

  get isIdle(): boolean {
    const { size } = this.#installed
    return !this.trace && size === 0 && (this.#counts ?? this.#log ?? this.#file) === undefined
  }

  // --- what the loop tells

  event(process: Process, event: SystemEvent): void {
    const counts = this.#counts
    if (counts !== undefined) {
      if (event[0] === 'in') counts.in++
      else if (event[0] === 'out') counts.out++
    }
    const log = this.#log
    if (log !== undefined) {
      log.push(event)
      if (log.size > this.#logLimit) log.shift()
    }
    this.#file?.write(lineOf(nameOrPid(process), event))
    if (this.trace) reportEvent(process, event)
    for (const [id, installed] of this.#installed) this.#tell(process, id, installed, event)
  }

  #tell(process: Process, id: unknown, installed: Installed, event: SystemEvent): void {
    try {
      const next = installed.fun(installed.state, event, nameOrPid(process))
      if (next === 'done') this.#installed.delete(id)
      else installed.state = next
    } catch {
      // A debug function must not hurt what it looks at: it is dropped, as in OTP.
      this.#installed.delete(id)
    }
  }

  // --- what `sys` is asked for

  /** Counts from now on; those that count already go on. */
  startStatistics({ node, reductions }: Process): void {
    this.#counts ??= { startTime: node.host.wall(), reductions, in: 0, out: 0 }
  }

  stopStatistics(): void {
    this.#counts = undefined
  }

  statistics({ node, reductions }: Process): Statistics | 'no_statistics' {
    const counts = this.#counts
    if (counts === undefined) return 'no_statistics'
    return Object.freeze({
      start_time: counts.startTime,
      current_time: node.host.wall(),
      reductions: reductions - counts.reductions,
      messages_in: counts.in,
      messages_out: counts.out,
    })
  }

  /** Keeps the last `limit` events from now on; a log that is kept already stays as it is. */
  startLog(limit: number = SYS_LOG_EVENTS): void {
    if (this.#log !== undefined) return
    this.#logLimit = limit
    this.#log = new Ring(8)
  }

  stopLog(): void {
    this.#log = undefined
  }

  /** The events that are kept, the oldest first. */
  get log(): readonly SystemEvent[] {
    return this.#log === undefined ? [] : [...this.#log]
  }

  /** Reports the events that are kept, as a trace would have. */
  printLog(process: Process): 'ok' {
    for (const event of this.log) reportEvent(process, event)
    return 'ok'
  }

  /**
   * Writes the events from now on to a file, in the place of one that is open. Resolves when it is open, with whether
   * it could be opened; that it could not, or cannot be written to any more, is reported. It closes with the process.
   */
  startLogFile(process: Process, path: string): Promise<boolean> {
    const { node } = process
    const file = new LogFile(node.host, path, this.stopLogFile(), (reason) => {
      if (this.#file === file) this.#file = undefined
      const system = systemOf(process)
      if (system?.debug === this && this.isIdle) system.debug = undefined
      const details = { name: nameOrPid(process), path, reason }
      node.report({ level: 'warning', label: ['sys', 'log_to_file'], details })
    })
    this.#file = file
    process.own(keepSystem(process))
    return file.opened.then(
      () => true,
      () => false,
    )
  }

  /** Resolves when all lines are written and the file is closed. */
  stopLogFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    return file === undefined ? Promise.resolve() : file.close()
  }

  /** Installed under an id that is taken, a function is left out, as in OTP. */
  install([id, fun, state]: readonly [id: unknown, fun: DebugFunction, state: unknown]): void {
    if (!this.#installed.has(id)) this.#installed.set(id, { fun, state })
  }

  remove(id: unknown): void {
    this.#installed.delete(id)
  }

  /** What is switched on, as OTP's list of debug options. */
  get options(): readonly unknown[] {
    const options: unknown[] = []
    if (this.trace) options.push(['trace', true])
    if (this.#log !== undefined) options.push(['log', this.#logLimit, this.log])
    if (this.#file !== undefined) options.push(['log_to_file', this.#file.path])
    const counts = this.#counts
    if (counts !== undefined) options.push(['statistics', counts.startTime, counts.in, counts.out])
    for (const [id, { fun, state }] of this.#installed) options.push([id, [fun, state]])
    return options
  }
}

/** What `sys` keeps of one process: the one record for all behaviours. The process owns it while it has a log file. */
export class SystemRecord implements AsyncDisposable {
  suspended = false
  debug: Debug | undefined = undefined

  async [Symbol.asyncDispose](): Promise<void> {
    await this.debug?.stopLogFile()
  }
}

/** The record, when the process has one. */
export function systemOf(process: Process): SystemRecord | undefined {
  return process.rare?.system as SystemRecord | undefined
}

/** The record, made when it is not there. */
export function keepSystem(process: Process): SystemRecord {
  const { extra } = process
  extra.system ??= new SystemRecord()
  return extra.system as SystemRecord
}

/** Whether the process is suspended: it is to handle system requests and its parent's exit, and nothing else. */
export function isSuspended(process: Process): boolean {
  return systemOf(process)?.suspended === true
}

/** Whether events of this process are looked at. Ask before making one. */
export function isDebugged(process: Process): boolean {
  return systemOf(process)?.debug !== undefined
}

/** Tells `sys` an event. Called by a behaviour's loop, only when `isDebugged`. */
export function debugEvent(process: Process, event: SystemEvent): void {
  systemOf(process)?.debug?.event(process, event)
}

/** The events that `sys` keeps of a process, for its reports. */
export function loggedEvents(process: Process): readonly SystemEvent[] {
  return systemOf(process)?.debug?.log ?? []
}

/**
 * How a process is called in traces and reports: by its registered name, by the one that it was started with in another
 * registry, or else by its pid.
 */
export function nameOrPid(process: Process): unknown {
  const { rare, pid } = process
  return rare?.name ?? (rare?.via === undefined ? pid : nameOfVia(rare.via))
}

/** What follows OTP's `{via, Module, `: the key, with the registry's name if it has one, as Elixir's Registry. */
export function nameOfVia({ via, key }: Via): unknown {
  return via.name === undefined ? key : [via.name, key]
}

function reportEvent(process: Process, event: SystemEvent): void {
  const details = { name: nameOrPid(process), event }
  process.node.report({ level: 'notice', label: ['sys', 'trace'], details })
}
