import { fault } from '../internal/errors.ts'
import { describe } from './exit.ts'
import { PRIORITY, PRIORITY_SHIFT } from './flags.ts'
import type { Process } from './process.ts'

/** How urgent a process is; see scheduler.ts for what follows from it. */
export type Priority = 'low' | 'normal' | 'high' | 'max'

/** By the number that the flags of a process hold: normal is the one without a bit. */
const LEVELS: readonly Priority[] = ['normal', 'low', 'high', 'max']
export const LOW = 1
export const HIGH = 2
export const MAX = 3

export function priorityOf(process: Process): Priority {
  return LEVELS[(process.flags & PRIORITY) >> PRIORITY_SHIFT]!
}

/** The number of a priority. */
export function checkPriority(priority: Priority): number {
  const level = LEVELS.indexOf(priority)
  if (level < 0) throw fault('badarg', `a priority is one of low, normal, high and max, not ${describe(priority)}`)
  return level
}

/** Takes effect when the process is next put into the run queue. Returns what it was before. */
export function setPriority(process: Process, priority: Priority): Priority {
  const level = checkPriority(priority)
  const before = priorityOf(process)
  process.flags = (process.flags & ~PRIORITY) | (level << PRIORITY_SHIFT)
  return before
}
