import type { Reason } from '../../kernel/exit.ts'
import type { Process } from '../../kernel/process.ts'
import { isRequest } from '../../kernel/remote.ts'
import { takeHint } from '../bad-return.ts'
import { formatted } from '../gen-server/format-status.ts'
import { Result } from '../gen-server/results.ts'
import { reportCrash, stackOfExit } from '../proc-lib/crash-report.ts'
import { loggedEvents, nameOrPid, type SystemEvent } from '../sys/sys-debug.ts'
import { statusOf } from '../sys/system-server.ts'
import { Action } from './statem-actions.ts'
import type { AnyGenStatem } from './statem-callbacks.ts'
import { Outcome } from './statem-results.ts'
import type { ServedMachine } from './statem-served.ts'

/**
 * What `formatStatus` gets and gives back: all that is told of a state machine, so that a module can shorten what is
 * long and hide what is secret. With an error also the `reason` and the `queue`: the event that was handled, then those
 * that were ready. Events are terms: `['cast', 'push']`, `[['timeout', name], content]`; of those that are postponed
 * the newest is the first.
 */
export interface StatemStatus<S = unknown, D = unknown> {
  readonly state: S
  readonly data: D
  readonly postponed: readonly unknown[]
  readonly timeouts: readonly unknown[]
  readonly log: readonly SystemEvent[]
  readonly queue?: readonly unknown[]
  readonly reason?: Reason
}

/** A module's name in reports and tools. */
export function labelOf(module: AnyGenStatem): string {
  return module.moduleName ?? 'gen_statem'
}

/** The term of a result, of an action, or of anything else that was given in the place of one. */
export function termOf(given: unknown): unknown {
  if (given instanceof Action || given instanceof Result) return given.term
  if (!(given instanceof Outcome)) return given
  const { actions } = given
  return given.term(Array.isArray(actions) ? actions.map(termOf) : termOf(actions))
}

/**
 * OTP's reports about the end with an error, in their order: `{gen_statem, terminate}`, then the crash report. `thrown`
 * is what a callback threw, if one did.
 */
export function reportEnd(process: Process, machine: ServedMachine, reason: Reason, thrown: unknown): void {
  reportMachine(process, machine, reason, thrown)
  reportCrash(process, reason, thrown)
}

/** The first of them alone. */
export function reportMachine(process: Process, machine: ServedMachine, reason: Reason, thrown: unknown): void {
  const { callbacks, event } = machine
  const shown = shownBy(process, machine, { ...present(process, machine), queue: machine.queue, reason })
  const stack = stackOfExit(thrown)
  const details = {
    name: nameOrPid(process),
    queue: shown.queue,
    postponed: shown.postponed,
    modules: machine.modules.map((module) => labelOf(module as AnyGenStatem)),
    callback_mode: callbacks.mode,
    state_enter: callbacks.stateEnter,
    state: [shown.state, shown.data],
    timeouts: [shown.timeouts.length, shown.timeouts],
    log: shown.log,
    reason: shown.reason,
    client_info: clientInfo(process, event?.from),
    ...(stack !== undefined && { stack }),
    ...takeHint(reason),
  }
  const metadata = { pid: process.pid }
  process.node.report({ level: 'error', label: ['gen_statem', 'terminate'], details, metadata })
}

/** OTP's `Misc` for `sys.getStatus`. */
export function statusOfMachine(process: Process, machine: ServedMachine): readonly unknown[] {
  const shown = shownBy(process, machine, present(process, machine))
  const data = [
    ['Modules', machine.modules.map((module) => labelOf(module as AnyGenStatem))],
    ['Time-outs', [shown.timeouts.length, shown.timeouts]],
    ['Postponed', shown.postponed],
    ['State', [shown.state, shown.data]],
  ] as const
  return statusOf(process, 'state machine', data, shown.log)
}

function present(process: Process, machine: ServedMachine): StatemStatus {
  const { state, data, runningTimeouts } = machine
  const postponed = machine.postponed.map(({ term }) => term).reverse()
  return { state, data, postponed, timeouts: runningTimeouts, log: loggedEvents(process) }
}

/** The status as the module shows it. */
function shownBy(process: Process, { callbacks: { module } }: ServedMachine, status: StatemStatus): StatemStatus {
  return formatted(process, module.formatStatus, status, 'data', labelOf(module))
}

/** Who called: `[pid, [name, stack]]`, `[pid, 'dead']`, `[pid, 'remote']`; the stack of a caller is not known here. */
function clientInfo(process: Process, from: unknown): unknown {
  if (!isRequest(from) || from.pid === undefined) return undefined
  const { pid } = from
  if (pid.address !== process.node.address) return [pid, 'remote']
  return [pid, pid.process === undefined ? 'dead' : [nameOrPid(pid.process), []]]
}
