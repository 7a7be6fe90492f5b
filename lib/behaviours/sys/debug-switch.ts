import { fault } from '../../internal/errors.ts'
import { describe } from '../../kernel/exit.ts'
import { Process } from '../../kernel/process.ts'
import { Debug, type DebugFunction, keepSystem, type SystemEvent, systemOf } from './sys-debug.ts'

/**
 * What a process is debugged with from its first message on, in the words of OTP (`sys:debug_options/1`): the options
 * of a start, `{ debug: ['trace', ['log', 20]] }`. The functions of `sys` switch the same on and off later.
 */
export type DebugOption =
  /** As `sys.trace(..., true)`. */
  | 'trace'
  /** As `sys.log(..., true)`, or `[true, n]`. */
  | 'log'
  | readonly ['log', number]
  /** As `sys.statistics(..., true)`. */
  | 'statistics'
  /** As `sys.logToFile`; a file that cannot be opened is reported, and nobody else hears of it. */
  | readonly ['log_to_file', path: string]
  /** As `sys.install`. */
  | readonly ['install', InstalledOption]

/** A function with the state that it begins with, known by itself or by an id. */
export type InstalledOption =
  | readonly [fun: AnyDebugFunction, state: unknown]
  | readonly [id: unknown, fun: AnyDebugFunction, state: unknown]

type AnyDebugFunction = (state: never, event: SystemEvent, name: unknown) => unknown

/**
 * Debugs a process with `options`, of which the first of a kind counts; without any nothing changes. For a process of
 * one's own making, which answers requests of `sys`; the behaviours take them as an option of their starts.
 * @throws Fault `badarg` for options that are none.
 */
export function debugOptions(process: Process, options: readonly DebugOption[]): void {
  if (!(process instanceof Process)) throw fault('badarg', 'what is debugged is a process of this node, not its pid')
  const seen = new Set<string>()
  for (const [option, argument] of switchesOf(options)) {
    if (option === 'install' || !seen.has(option)) switchDebug(process, option, argument)
    seen.add(option)
  }
}

/** @throws Fault `badarg` for options that are none. */
export function checkDebugOptions(options: readonly DebugOption[]): void {
  switchesOf(options)
}

type Switch = readonly [option: string, argument: unknown]

function switchesOf(options: readonly DebugOption[]): readonly Switch[] {
  if (!Array.isArray(options)) throw fault('badarg', `debug is a list of ${DEBUG_OPTIONS}, not ${describe(options)}`)
  return options.map((option) => {
    const found = switchOf(option)
    if (found === undefined) throw fault('badarg', `${describe(option)} is none of ${DEBUG_OPTIONS}`)
    return found
  })
}

const DEBUG_OPTIONS = "'trace', 'log', ['log', n], 'statistics', ['log_to_file', path], ['install', [fun, state]]"

/** The request of `sys` that does the same; undefined for what is no option. */
function switchOf(option: unknown): Switch | undefined {
  if (option === 'trace' || option === 'log' || option === 'statistics') return [option, true]
  if (!Array.isArray(option) || option.length !== 2) return undefined
  const [kind, what] = option
  if (kind === 'log' && isLogSize(what)) return [kind, [true, what]]
  if (kind === 'log_to_file' && isPath(what)) return [kind, what]
  const installed = kind === 'install' ? installedOf(what) : undefined
  return installed && [kind, installed]
}

export function isLogSize(n: unknown): n is number {
  return Number.isInteger(n) && (n as number) > 0
}

export function isPath(path: unknown): path is string {
  return typeof path === 'string' && path !== ''
}

/** `[id, fun, state]` of what `sys.install` takes, where a function without an id is its own; undefined for no such. */
export function installedOf(what: unknown): readonly [id: unknown, fun: DebugFunction, state: unknown] | undefined {
  const given = Array.isArray(what) ? (what as readonly unknown[]) : []
  const [id, fun, state] = given.length === 2 ? [given[0], ...given] : given
  return typeof fun === 'function' ? [id, fun as DebugFunction, state] : undefined
}

/** Carries out a request of `sys` about debugging and returns the answer: a promise of it where a file is involved. */
export function switchDebug(process: Process, option: string, argument: unknown): unknown {
  const present = systemOf(process)?.debug
  if (option === 'log' && argument === 'get') return present?.log ?? []
  if (option === 'log' && argument === 'print') return present?.printLog(process) ?? 'ok'
  if (option === 'statistics' && argument === 'get') return present?.statistics(process) ?? 'no_statistics'
  const system = keepSystem(process)
  if (option === 'no_debug') {
    system.debug = undefined
    return present === undefined ? 'ok' : present.stopLogFile().then(() => 'ok')
  }
  const debug = present ?? new Debug()
  const answer = change(debug, process, option, argument)
  system.debug = debug.isIdle ? undefined : debug
  return answer
}

/** Switches one option on or off. */
function change(debug: Debug, process: Process, option: string, argument: unknown): unknown {
  switch (option) {
    case 'trace':
      debug.trace = argument === true
      return 'ok'
    case 'log':
      if (argument === false) debug.stopLog()
      else debug.startLog(limitOf(argument))
      return 'ok'
    case 'statistics':
      if (argument === true) debug.startStatistics(process)
      else debug.stopStatistics()
      return 'ok'
    case 'install':
      debug.install(argument as readonly [unknown, DebugFunction, unknown])
      return 'ok'
    case 'remove':
      debug.remove(argument)
      return 'ok'
    default:
      return logToFile(debug, process, argument as string | false)
  }
}

/** The length of a log that is asked for as `[true, n]`. */
function limitOf(flag: unknown): number | undefined {
  return Array.isArray(flag) ? (flag[1] as number) : undefined
}

async function logToFile(debug: Debug, process: Process, path: string | false): Promise<unknown> {
  if (path !== false) return (await debug.startLogFile(process, path)) ? 'ok' : ['error', 'open_file']
  await debug.stopLogFile()
  return 'ok'
}
