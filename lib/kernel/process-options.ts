import type { ProcessOptions } from './context.ts'
import { boundMailbox, checkedMailbox } from './mailbox-bound.ts'
import { checkPriority, setPriority } from './priority.ts'
import type { Process } from './process.ts'

/** @throws Fault `badarg` when a priority or a bound is none: before the process is made. */
export function checkOptions({ priority, mailbox }: ProcessOptions): void {
  if (mailbox !== undefined) checkedMailbox(mailbox)
  if (priority !== undefined) checkPriority(priority)
}

/** Gives a new process its priority and the bound of its mailbox, before it runs. */
export function configure(process: Process, { priority, mailbox }: ProcessOptions): void {
  if (mailbox !== undefined) boundMailbox(process, mailbox)
  if (priority !== undefined) setPriority(process, priority)
}
