import type {
  CancelTimerOptions,
  MonitorOptions,
  ProcessOptions,
  SpawnOptions,
  SpawnRequestOptions,
} from './context.ts'
import { boundMailbox, checkedMailbox, type MailboxOptions } from './mailbox-bound.ts'
import { either, FLAG, type OptionKinds, oneOf, optionsOf, TEXT } from './options.ts'
import { checkPriority, type Priority, setPriority } from './priority.ts'
import type { Process } from './process.ts'

/** What the functions of a process take as options. */
export const MONITOR: OptionKinds<MonitorOptions> = {
  tag: TEXT,
  alias: oneOf('explicit_unalias', 'demonitor', 'reply_demonitor'),
}
export const DEMONITOR: OptionKinds<{ flush?: boolean }> = { flush: FLAG }
export const ALIAS: OptionKinds<{ reply?: boolean }> = { reply: FLAG }
export const CANCEL_TIMER: OptionKinds<CancelTimerOptions> = { async: FLAG, info: FLAG }
export const PROCESS: OptionKinds<ProcessOptions> = {
  priority: { right: 'a priority', takes: (value) => checkPriority(value as Priority) >= 0 },
  mailbox: { right: 'a bound of a mailbox', takes: (value) => checkedMailbox(value as MailboxOptions) !== undefined },
}
export const SPAWN: OptionKinds<SpawnOptions> = {
  ...PROCESS,
  link: FLAG,
  monitor: either(FLAG, optionsOf('monitor', MONITOR)),
}
export const SPAWN_REQUEST: OptionKinds<SpawnRequestOptions> = {
  ...SPAWN,
  replyTag: TEXT,
  reply: oneOf('yes', 'no', 'error_only', 'success_only'),
}

/** Gives a new process its priority and the bound of its mailbox, before it runs. */
export function configure(process: Process, { priority, mailbox }: ProcessOptions): void {
  if (mailbox !== undefined) boundMailbox(process, mailbox)
  if (priority !== undefined) setPriority(process, priority)
}
