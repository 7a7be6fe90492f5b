import { fault } from '../../internal/errors.ts'
import { STOP, SYSTEM } from '../../kernel/calls.ts'
import type { Caller } from '../../kernel/context.ts'
import { describe, Exit, type Reason } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import { makeRequest } from '../../kernel/observe.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { inNameOf, ownerOf } from '../caller.ts'
import { installedOf, isLogSize, isPath } from './debug-switch.ts'
import type { DebugFunction, Statistics, SystemEvent } from './sys-debug.ts'
import type { CodeChange } from './system-server.ts'

/**
 * OTP's `sys`: requests that every behaviour answers between two callbacks, whatever its module does. They wait behind
 * the messages that came before them; a suspended process answers them and nothing else.
 *
 *     import { createNode, type GenServer, ok, reply, sys } from 'guildhall'
 *
 *     const Counter: GenServer<{ state: number; call: { add(n: number): number } }> = {
 *       init: () => ok(2),
 *       handleCall: { add: (n, _from, count) => reply(count + n, count + n) },
 *     }
 *
 *     await using node = createNode()
 *     const counter = await node.start(Counter, [])
 *     await sys.getState(node, counter)                       // 2
 *     await sys.log(node, counter, true)                      // keep the last 10 events
 *     await node.call(counter, 'add', 1)
 *     await sys.log(node, counter, 'get')                     // ['ok', [['in', ...], ['out', 3, from, 3]]]
 *     await sys.suspend(node, counter)                        // messages wait
 *     await sys.resume(node, counter)
 *
 *     caller                        process
 *     getState, log, ... ────────>  behind the messages before it, between two callbacks ──> its answer
 *     suspend            ────────>  it answers requests of sys and nothing else; messages keep their order
 *     resume             ────────>  they are handled as if they came now
 *
 * Each waits `timeout` milliseconds, 5000 unless told otherwise, and rejects with an `Exit` as `call` does.
 *
 * When not to use it: between processes. It is for people and tools that look into a running system; what processes ask
 * of each other are operations of their own.
 * @see the server's side in system-server.ts; the events in sys-debug.ts; options of a start in debug-switch.ts
 */

/** The state of a server, as its callbacks see it. */
export function getState<S = unknown>(caller: Caller, to: Dest, timeout?: number): Promise<S> {
  return ask(caller, to, 'get_state', [], timeout) as Promise<S>
}

/**
 * Replaces the state by `change(state)` and resolves with the new one.
 * @throws Fault `callback_failed` with `[behaviour, class, reason]` as its cause when `change` throws; the state stays.
 */
export function replaceState<S>(caller: Caller, to: Dest, change: (state: S) => S, timeout?: number): Promise<S> {
  if (typeof change !== 'function') return Promise.reject(fault('badarg', 'replaceState takes a function of the state'))
  return ask(caller, to, 'replace_state', [change], timeout) as Promise<S>
}

/** Has the process handle nothing but system requests until it is resumed. Its mailbox keeps its order. */
export function suspend(caller: Caller, to: Dest, timeout?: number): Promise<void> {
  return tell(caller, to, 'suspend', [], timeout)
}

/** Has a suspended process go on, with what has waited in its mailbox first; one that is not suspended is no error. */
export function resume(caller: Caller, to: Dest, timeout?: number): Promise<void> {
  return tell(caller, to, 'resume', [], timeout)
}

/** `['status', pid, ['module', behaviour], [dictionary, 'running' | 'suspended', parent, debug options, misc]]` */
export type Status = readonly [
  'status',
  Pid,
  readonly ['module', string],
  readonly [
    dictionary: readonly (readonly [unknown, unknown])[],
    state: 'running' | 'suspended',
    parent: unknown,
    debug: readonly unknown[],
    misc: readonly unknown[],
  ],
]

/** Everything that OTP tells of a process; `misc` is the behaviour's own, which `formatStatus` of its module shapes. */
export function getStatus(caller: Caller, to: Dest, timeout?: number): Promise<Status> {
  return ask(caller, to, 'get_status', [], timeout) as Promise<Status>
}

/** Counts messages from now on (`true`), stops that (`false`), or tells what was counted (`'get'`). */
export function statistics(caller: Caller, to: Dest, flag: boolean, timeout?: number): Promise<void>
export function statistics(
  caller: Caller,
  to: Dest,
  flag: 'get',
  timeout?: number,
): Promise<readonly ['ok', Statistics | 'no_statistics']>
export function statistics(caller: Caller, to: Dest, flag: boolean | 'get', timeout?: number): Promise<unknown> {
  if (!isFlag(flag, 'get')) return Promise.reject(fault('badarg', "statistics takes true, false or 'get'"))
  return debug(caller, to, 'statistics', [flag], timeout)
}

/**
 * Keeps the last 10 events from now on (`true`), or the last `n` (`[true, n]`); forgets them and stops (`false`); tells
 * them, the oldest first (`'get'`), or reports them as `trace` does (`'print'`). What an event holds is kept alive by
 * the log.
 * @throws Fault `badarg` when `n` is no positive integer.
 */
export function log(
  caller: Caller,
  to: Dest,
  flag: boolean | readonly [true, number] | 'print',
  timeout?: number,
): Promise<void>
export function log(
  caller: Caller,
  to: Dest,
  flag: 'get',
  timeout?: number,
): Promise<readonly ['ok', readonly SystemEvent[]]>
export function log(
  caller: Caller,
  to: Dest,
  flag: boolean | readonly [true, number] | 'print' | 'get',
  timeout?: number,
): Promise<unknown> {
  if (Array.isArray(flag) && !isLogSize(flag[1])) {
    return Promise.reject(fault('badarg', `a log holds 1 event or more, not ${describe(flag[1])}`))
  }
  if (!Array.isArray(flag) && !isFlag(flag, 'get', 'print')) {
    return Promise.reject(fault('badarg', "log takes true, [true, n], false, 'get' or 'print'"))
  }
  return debug(caller, to, 'log', [flag], timeout)
}

/**
 * Writes every event from now on as a line of text to a file at `path` of the machine that the process runs on, in the
 * place of one that is open; what is there already is emptied. `false` closes it, and resolves when all lines are
 * written; it is closed with the process, too. The process never waits for the disk: while SYS_LOG_FILE_CHARACTERS
 * wait, events are dropped, and a line tells how many. A file that cannot be written to is closed and reported.
 * @returns `['error', 'open_file']` when it cannot be opened; the report says why.
 * @throws Fault `badarg` for what is no path.
 */
export function logToFile(
  caller: Caller,
  to: Dest,
  path: string | false,
  timeout?: number,
): Promise<'ok' | readonly ['error', 'open_file']> {
  if (path !== false && !isPath(path)) return Promise.reject(fault('badarg', 'logToFile takes a path, or false'))
  return ask(caller, to, 'log_to_file', [path], timeout) as Promise<'ok' | readonly ['error', 'open_file']>
}

/** Reports every event to the node's reporter, as a notice with the label `['sys', 'trace']`. */
export function trace(caller: Caller, to: Dest, flag: boolean, timeout?: number): Promise<void> {
  if (!isFlag(flag)) return Promise.reject(fault('badarg', 'trace takes true or false'))
  return tell(caller, to, 'trace', [flag], timeout)
}

/** Calls `fun` in the process for every event from now on. It is known by `id`, or by itself. */
export function install<S>(
  caller: Caller,
  to: Dest,
  what: readonly [fun: DebugFunction<S>, state: S] | readonly [id: unknown, fun: DebugFunction<S>, state: S],
  timeout?: number,
): Promise<void> {
  const installed = installedOf(what)
  if (installed === undefined) {
    return Promise.reject(fault('badarg', 'install takes [fun, state] or [id, fun, state]'))
  }
  return tell(caller, to, 'install', [installed], timeout)
}

/** Removes what was installed by this id or function; nothing when there is no such one. */
export function remove(caller: Caller, to: Dest, what: unknown, timeout?: number): Promise<void> {
  return tell(caller, to, 'remove', [what], timeout)
}

/** Switches all of it off: statistics, log, log file, trace, installed functions. */
export function noDebug(caller: Caller, to: Dest, timeout?: number): Promise<void> {
  return tell(caller, to, 'no_debug', [], timeout)
}

/** Has the process terminate with `reason`; resolves as soon as it has begun, unlike `stop`. */
export function terminate(caller: Caller, to: Dest, reason: Reason, timeout?: number): Promise<void> {
  return tell(caller, to, 'terminate', [reason], timeout)
}

/**
 * Has a suspended process of this node go on with `module`, whose `codeChange(oldVsn, state, extra)` gives the state.
 * `['error', reason]` when that throws, and `['error', ['unknown_system_msg', ...]]` when it is not suspended: the
 * process then goes on as before. To change many processes at once, with a way back, see `upgrade`.
 */
export async function changeCode(
  caller: Caller,
  to: Dest,
  module: object,
  oldVsn: unknown,
  extra: unknown,
  timeout?: number,
): Promise<'ok' | readonly ['error', Reason]> {
  const change: CodeChange = { from: undefined, to: module, oldVsn, extra }
  const [outcome, value] = await request(caller, to, 'change_code', [change], timeout)
  return outcome === 'ok' ? 'ok' : ['error', value]
}

/**
 * Has a server terminate with `reason` once it has handled what came before, and resolves when it has ended
 * (`gen_server:stop/1,3`). Rejects with an `Exit`: `noproc`, `timeout` (it goes on terminating), or the reason it ended
 * with when that is another.
 */
export function stop(
  caller: Caller,
  to: Dest,
  reason: unknown = 'normal',
  timeout: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  const limit = timeout === Number.POSITIVE_INFINITY ? 'infinity' : timeout
  const owner = ownerOf(caller)
  return makeRequest(owner, pidOf(owner.node, to), STOP, 'terminate', [reason, limit], timeout) as Promise<void>
}

/** As OTP's stop, which finds the process first: a failure names its pid. Where that fails the request says why. */
function pidOf(node: Node, to: Dest): Dest {
  try {
    return node.resolve(to).pid ?? to
  } catch {
    return to
  }
}

function isFlag(flag: unknown, ...others: readonly string[]): boolean {
  return typeof flag === 'boolean' || (typeof flag === 'string' && others.includes(flag))
}

type Answer = readonly ['ok' | 'error', unknown]

function request(caller: Caller, to: Dest, operation: string, args: unknown[], timeout?: number): Promise<Answer> {
  const withTimeout = timeout === undefined ? args : [...args, timeout]
  return makeRequest(ownerOf(caller), to, SYSTEM, operation, withTimeout, timeout) as Promise<Answer>
}

/** The value that was answered; what was refused is thrown. */
function ask(caller: Caller, to: Dest, operation: string, args: unknown[], timeout?: number): Promise<unknown> {
  return inNameOf(caller, async () => {
    const [outcome, value] = await request(caller, to, operation, args, timeout)
    if (outcome === 'ok') return value
    if (value instanceof Error) throw value
    const [what, ...detail] = value as readonly unknown[]
    throw what === 'callback_failed' ? fault(what, describe(detail), { cause: detail }) : new Exit(value)
  })
}

async function tell(caller: Caller, to: Dest, operation: string, args: unknown[], timeout?: number): Promise<void> {
  await ask(caller, to, operation, args, timeout)
}

/** Undefined where OTP answers `ok`, else `['ok', value]`. */
async function debug(caller: Caller, to: Dest, option: string, args: unknown[], timeout?: number): Promise<unknown> {
  const value = await ask(caller, to, option, args, timeout)
  return value === 'ok' ? undefined : ['ok', value]
}

export { type DebugOption, debugOptions, type InstalledOption } from './debug-switch.ts'
export type { DebugFunction, Statistics, SystemEvent } from './sys-debug.ts'
export { debugEvent, isDebugged, isSuspended, loggedEvents } from './sys-debug.ts'
export { type CodeChange, handleSystem, type SystemServer, statusOf, type UndoCodeChange } from './system-server.ts'
