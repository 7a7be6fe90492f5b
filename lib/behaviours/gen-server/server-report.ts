import { Cast } from '../../kernel/calls.ts'
import type { Reason } from '../../kernel/exit.ts'
import { messageTerm } from '../../kernel/message-term.ts'
import type { Process } from '../../kernel/process.ts'
import { isRequest } from '../../kernel/remote.ts'
import { takeHint } from '../bad-return.ts'
import { reportCrash, stackOfExit } from '../proc-lib/crash-report.ts'
import { loggedEvents, nameOrPid, type SystemEvent } from '../sys/sys-debug.ts'
import { formatted } from './format-status.ts'
import type { AnyGenServer } from './gen-server.ts'

/**
 * What `formatStatus` gets and gives back: all that is told of a server, so that a module can shorten what is long and
 * hide what is secret. For `sys.getStatus` there are `state` and `log`; when the server ends with an error also the
 * `reason` and the last `message`.
 */
export interface FormatStatus<S = unknown> {
  readonly state: S
  readonly log: readonly SystemEvent[]
  readonly message?: unknown
  readonly reason?: Reason
}

/** A module's name in reports and tools. */
export function labelOf(module: AnyGenServer): string {
  return module.moduleName ?? 'gen_server'
}

/**
 * OTP's reports about the end of a server by an error, in their order: `{gen_server, terminate}`, then the crash
 * report, unless the reason is an orderly one. `last` is the message that it was handling: of a call only the request,
 * as in OTP. `thrown` is what a callback threw, if one did.
 */
export function reportTermination(
  module: AnyGenServer,
  process: Process,
  reason: Reason,
  last: unknown,
  thrown: unknown,
): void {
  const stack = stackOfExit(thrown)
  const status: FormatStatus = { state: process.state, message: lastMessage(last), reason, log: loggedEvents(process) }
  const shown = formatted(process, module.formatStatus, status, 'state', labelOf(module))
  const details = {
    name: nameOrPid(process),
    last_message: shown.message,
    state: shown.state,
    log: shown.log,
    reason: shown.reason,
    client_info: clientInfo(process, last),
    ...(stack !== undefined && { stack }),
    ...takeHint(reason),
  }
  const metadata = { pid: process.pid }
  process.node.report({ level: 'error', label: ['gen_server', 'terminate'], details, metadata })
  reportCrash(process, reason, thrown)
}

/** A message that nobody handles: OTP's `{gen_server, no_handle_info}`. */
export function reportUnhandled(module: AnyGenServer, process: Process, message: unknown): void {
  const details = { module: labelOf(module), name: nameOrPid(process), message }
  const metadata = { pid: process.pid }
  process.node.report({ level: 'warning', label: ['gen_server', 'no_handle_info'], details, metadata })
}

function lastMessage(last: unknown): unknown {
  if (last === undefined) return []
  if (last instanceof Cast || !isRequest(last)) return messageTerm(last)
  return last.request === undefined ? last.operation : [last.operation, last.request]
}

/** Who called: `[pid, [name, stack]]`, `[pid, 'dead']`, `[pid, 'remote']`; the stack of a caller is not known here. */
function clientInfo(process: Process, last: unknown): unknown {
  if (!isRequest(last) || last.pid === undefined) return undefined
  const { pid } = last
  if (pid.address !== process.node.address) return [pid, 'remote']
  return [pid, pid.process === undefined ? 'dead' : [nameOrPid(pid.process), []]]
}
