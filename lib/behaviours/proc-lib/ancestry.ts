import type { ExitMessage } from '../../kernel/exit.ts'
import { HAS_PARENT, PROC_LIB } from '../../kernel/flags.ts'
import { initialCallOf } from '../../kernel/message-term.ts'
import { type Pid, samePid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { entries } from '../../kernel/process-dictionary.ts'

/**
 * Where a process comes from, as proc_lib keeps it: the function it began with and the processes that started it. OTP
 * writes both into the dictionary of each process; here they follow from what a process has anyway, so that they cost
 * nothing until somebody asks.
 */

/** The processes that started this one under the start protocol, the nearest first, as far as they live. */
export function ancestorsOf(process: Process): readonly unknown[] {
  const ancestors: unknown[] = []
  let child: Process | undefined = process
  while (child !== undefined && (child.flags & PROC_LIB) !== 0 && child.parent !== undefined) {
    const { parent }: Process = child
    ancestors.push(parent.process?.rare?.name ?? parent)
    child = parent.process
  }
  return ancestors
}

/** The dictionary as OTP's tools see it: with the two entries that proc_lib makes. */
export function dictionaryOf(process: Process): readonly (readonly [unknown, unknown])[] {
  return [...entries(process), ['$initial_call', initialCallOf(process)], ['$ancestors', ancestorsOf(process)]]
}

/** The process that started this one linked: when that one ends, this one is to. */
export function linkedParent(process: Process): Pid | undefined {
  return (process.flags & HAS_PARENT) === 0 ? undefined : process.parent
}

/** Whether a message is the exit signal of the process that started this one linked. */
export function isParentExit(process: Process, message: unknown): message is ExitMessage {
  const parent = linkedParent(process)
  if (typeof message !== 'object' || message === null || parent === undefined) return false
  const { type, from } = message as Partial<ExitMessage>
  return type === 'EXIT' && from !== undefined && samePid(from, parent)
}
