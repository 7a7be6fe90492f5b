import type { ExitMessage } from '../../kernel/exit.ts'
import { HAS_PARENT } from '../../kernel/flags.ts'
import { isExitMessage } from '../../kernel/message-kind.ts'
import { type Pid, samePid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'

/** The parent as OTP's loops know it: who started this one linked, or monitored. Its exit is the end of this one. */
export function parentOf(process: Process): Pid | undefined {
  return (process.flags & HAS_PARENT) === 0 ? undefined : process.parent
}

/** Whether a message is the exit signal of that process. */
export function isParentExit(process: Process, message: unknown): message is ExitMessage {
  const parent = parentOf(process)
  return parent !== undefined && isExitMessage(message) && samePid(message.from, parent)
}
