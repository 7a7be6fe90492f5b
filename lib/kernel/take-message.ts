import { isExitMessage } from './message-kind.ts'
import type { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { rawProgram } from './raw.ts'

/**
 * Takes the earliest message for which `isWanted` holds out of a mailbox, whatever program the process runs; EMPTY when
 * there is none. The others keep their order: what the search has passed over goes back in front, except in a raw
 * process, whose next `receive` looks at what was put aside first.
 */
export function takeMessage(process: Process, isWanted: (message: unknown) => boolean): unknown {
  const found = process.takeFirst(isWanted)
  if (process.program !== rawProgram) process.putBack()
  return found
}

/** Takes the exit message of `pid`, if it has come, out of a mailbox. */
export function flushExit(process: Process, pid: Pid): void {
  takeMessage(process, (message) => isExitMessage(message) && message.from === pid)
}
