import type { Reason } from '../kernel/exit.ts'
import type { Process } from '../kernel/process.ts'
import type { SupervisedChild } from './supervised-children.ts'

/** What a supervisor reports as an error; the label and the context of OTP's report are the same. */
type SupervisorErrorLabel = 'start_error' | 'child_terminated' | 'shutdown' | 'shutdown_error'

/** Reports an error of `child`: OTP's `{supervisor, Label}` with supervisor, errorContext, reason and offender. */
export function reportError(
  supervisor: Process,
  label: SupervisorErrorLabel,
  reason: Reason,
  child: SupervisedChild,
): void {
  supervisor.node.report({
    level: 'error',
    label: ['supervisor', label],
    details: { supervisor: nameOf(supervisor), errorContext: label, reason, offender: childTerm(child) },
  })
}

/** Reports, for information, that `child` was started: OTP's `{supervisor, progress}`. */
export function reportProgress(supervisor: Process, child: SupervisedChild): void {
  supervisor.node.report({
    level: 'info',
    label: ['supervisor', 'progress'],
    details: { supervisor: nameOf(supervisor), started: childTerm(child) },
  })
}

/** Reports a message that no supervisor expects. */
export function reportUnexpected(supervisor: Process, message: unknown): void {
  supervisor.node.report({
    level: 'error',
    label: ['supervisor', 'unexpected_message'],
    details: { supervisor: nameOf(supervisor), message },
  })
}

function nameOf(supervisor: Process): unknown {
  return supervisor.rare?.name ?? supervisor.pid
}

function childTerm(child: SupervisedChild): Readonly<Record<string, unknown>> {
  const { id, start, restart, significant, shutdown, type } = child.spec
  return {
    pid: child.reportedPid,
    id,
    mfargs: start,
    restart_type: restart,
    significant,
    shutdown: shutdown === Number.POSITIVE_INFINITY ? 'infinity' : shutdown,
    child_type: type,
  }
}
