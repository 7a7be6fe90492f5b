import { Call, type Request, STOP } from '../../kernel/calls.ts'
import { Exit, type Reason, reasonOf } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { entries } from '../../kernel/process-dictionary.ts'
import type { Program } from '../../kernel/program.ts'
import { parentOf } from '../proc-lib/ancestry.ts'
import { switchDebug } from './debug-switch.ts'
import { isSuspended, keepSystem, loggedEvents, nameOrPid, systemOf } from './sys-debug.ts'

/**
 * The server's side of `sys`. A behaviour's loop hands over every system request that it takes from the mailbox, and
 * gives `sys` what it needs to answer it, as a `SystemServer`; the rest is the same for all behaviours:
 *
 *     take(message)
 *       a Request whose kind is not CALL  ──> handleSystem(server, process, request)
 *       isSuspended(process)              ──> process.putAside(message), unless it is the parent's exit
 *       anything else                     ──> the behaviour
 *
 * A loop also tells what it does, when somebody looks (`isDebugged`, `debugEvent` in sys-debug.ts).
 */
export interface SystemServer {
  /** OTP's name of the behaviour: `gen_server`, `gen_statem`, `gen_event`, ... */
  readonly behaviour: string
  /** The callback modules that the process runs now (OTP's `get_modules`); asked also before it has started. */
  modulesOf(process: Process): readonly object[]
  /** The state as the callbacks see it. */
  getState(process: Process): unknown
  /** Puts `change(state)` in the place of the state and returns it as `getState` does; throws what `change` does. */
  replaceState(process: Process, change: (state: unknown) => unknown): unknown
  /** Ends the process in the behaviour's way: the module's `terminate` runs. */
  terminate(process: Process, reason: Reason): void
  /**
   * Has the suspended process go on with the module `change.to`, and returns what undoes that: a function that puts
   * module and state back as they were. Must take effect whole or, when it throws or rejects, not at all.
   */
  changeCode(process: Process, change: CodeChange): UndoCodeChange | PromiseLike<UndoCodeChange>
  /**
   * The program of another callback module of this behaviour: an upgrade has it run where a process of the replaced
   * module would be started later. Left out by a behaviour whose module does not decide what a process runs.
   * @throws Fault `badarg` when it is no module of this behaviour.
   */
  programOf?(module: object): Program
  /** For `sys.getStatus`: OTP's `Misc`, see `statusOf`. */
  formatStatus(process: Process): readonly unknown[]
}

/** Which module is to take the place of which. Modules are the objects with the callbacks. */
export interface CodeChange {
  /** The module that is replaced; `undefined` for the only one that the process has. */
  readonly from: object | undefined
  readonly to: object
  /** The version of the code that the process ran so far, handed to `codeChange`. */
  readonly oldVsn: unknown
  readonly extra: unknown
}

export type UndoCodeChange = () => void

/** OTP's `Misc` of a behaviour's status: a header, then lists of named values. */
export function statusOf(
  process: Process,
  title: string,
  data: readonly (readonly [string, unknown])[],
  log: readonly unknown[] = loggedEvents(process),
): readonly unknown[] {
  return [
    ['header', `Status for ${title} ${nameOrPid(process)}`],
    [
      'data',
      [
        ['Status', statusWord(process)],
        ['Parent', parentOrSelf(process)],
        ['Logged events', log],
      ],
    ],
    ['data', data],
  ]
}

/** Answers a system request. Called by a behaviour's loop when it takes one from the mailbox. */
export function handleSystem(server: SystemServer, process: Process, request: Request): void {
  const args = request.request as readonly unknown[]
  if (request.kind === STOP) {
    request.acknowledged = true
    return server.terminate(process, args[0])
  }
  if (request.operation === 'terminate') {
    request.settle(['ok', 'ok'])
    return afterAnswer(process, () => server.terminate(process, args[0]))
  }
  if (request.operation === 'change_code' && isSuspended(process)) {
    return changeCode(server, process, request, args[0] as CodeChange)
  }
  const given = answer(server, process, request.operation, args)
  if (!(given instanceof Promise)) settle(request, given)
  else given.then((later) => process.ended || settle(request, later))
}

function settle(request: Request, given: Answer): void {
  try {
    request.settle(given)
  } catch (untransferable) {
    request.settle(['error', untransferable]) // asked from another node, which a function cannot reach
  }
}

type Answer = readonly ['ok' | 'error', unknown]

function answer(
  server: SystemServer,
  process: Process,
  operation: string,
  args: readonly unknown[],
): Answer | Promise<Answer> {
  switch (operation) {
    case 'get_state':
      return guarded(server, 'system_get_state', () => server.getState(process))
    case 'replace_state':
      return guarded(server, 'system_replace_state', () =>
        server.replaceState(process, args[0] as (state: unknown) => unknown),
      )
    case 'suspend':
      keepSystem(process).suspended = true
      return OK
    case 'resume':
      return resume(process)
    case 'get_status':
      return ['ok', status(server, process)]
    case 'statistics':
    case 'log':
    case 'log_to_file':
    case 'trace':
    case 'install':
    case 'remove':
    case 'no_debug':
      return debug(process, operation, args[0])
    default:
      return ['error', ['unknown_system_msg', operation === 'change_code' ? changeCodeTerm(args) : operation]]
  }
}

const OK: Answer = ['ok', 'ok']

/** What has to do with a file is answered when the disk has done it; meanwhile the process goes on. */
function debug(process: Process, option: string, argument: unknown): Answer | Promise<Answer> {
  const value = switchDebug(process, option, argument)
  return value instanceof Promise ? value.then((later) => ['ok', later]) : ['ok', value]
}

function guarded(server: SystemServer, callback: string, run: () => unknown): Answer {
  try {
    return ['ok', run()]
  } catch (thrown) {
    return ['error', ['callback_failed', [server.behaviour, callback], raisedBy(thrown)]]
  }
}

/** Erlang's class and reason of what was thrown. */
function raisedBy(thrown: unknown): readonly ['error' | 'exit' | 'throw', unknown] {
  if (thrown instanceof Exit) return ['exit', thrown.reason]
  return thrown instanceof Error ? ['error', thrown] : ['throw', thrown]
}

function resume(process: Process): Answer {
  const system = systemOf(process)
  if (system?.suspended) {
    system.suspended = false
    process.putBack()
    afterAnswer(process, () => {})
  }
  return OK
}

/** Goes on once those who asked have seen the answer: what follows from it, they see after it. */
function afterAnswer(process: Process, proceed: () => void): void {
  process.suspend(new Promise<void>((resolve) => process.node.host.macrotask(resolve)), proceed)
}

function changeCode(server: SystemServer, process: Process, request: Request, change: CodeChange): void {
  const failed = (thrown: unknown) => request.settle(['error', reasonOf(thrown)])
  const changed = (undo: UndoCodeChange) => {
    if (request instanceof Call && request.settled)
      undo() // too late: who asked goes by that it failed
    else request.settle(['ok', undo])
  }
  let pending: UndoCodeChange | PromiseLike<UndoCodeChange>
  try {
    pending = server.changeCode(process, change)
  } catch (thrown) {
    return failed(thrown)
  }
  if (typeof pending === 'function') changed(pending)
  else process.suspend(pending, changed, failed)
}

function changeCodeTerm(args: readonly unknown[]): readonly unknown[] {
  const { to, oldVsn, extra } = args[0] as CodeChange
  return ['change_code', to, oldVsn, extra]
}

function statusWord(process: Process): 'running' | 'suspended' {
  return isSuspended(process) ? 'suspended' : 'running'
}

/** Who started it linked or monitored; a process that nobody did is its own parent, as in OTP. */
function parentOrSelf(process: Process): Pid {
  return parentOf(process) ?? process.pid
}

function status(server: SystemServer, process: Process): readonly unknown[] {
  const dbg = systemOf(process)?.debug?.options ?? []
  const items = [entries(process), statusWord(process), parentOrSelf(process), dbg, server.formatStatus(process)]
  return ['status', process.pid, ['module', server.behaviour], items]
}
