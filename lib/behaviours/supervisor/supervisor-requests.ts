import type { Caller } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { ownerOf } from '../caller.ts'
import { stop as stopServer } from '../sys/sys.ts'
import type { AnySupervisorApi, ChildCount, ChildInfo } from './supervised-children.ts'

// What a supervisor of any kind can be asked. The requests wait, without a timeout, while it starts or stops a child.

/**
 * `[id, pid, type, modules]` of each child. The pid is `restarting` between two attempts to start it, and undefined
 * when it is stopped. A Supervisor lists its newest first; children without an id have `'undefined'` in its place.
 */
export function whichChildren(caller: Caller, supervisor: Dest<AnySupervisorApi>): Promise<readonly ChildInfo[]> {
  return ownerOf(caller).call(supervisor, 'whichChildren', undefined, NO_TIMEOUT)
}

/** How many there are, and how many of them run. Takes time in proportion to their number. */
export function countChildren(caller: Caller, supervisor: Dest<AnySupervisorApi>): Promise<ChildCount> {
  return ownerOf(caller).call(supervisor, 'countChildren', undefined, NO_TIMEOUT)
}

/**
 * Ends a supervisor, its children first, and resolves when it has ended. A supervisor above it starts it again unless
 * it is temporary, or transient and `reason` an orderly one.
 * @param timeout milliseconds
 * @throws Exit `noproc`, `timeout` (it goes on ending), or the reason that it ended with when that is another.
 */
export function stop(
  caller: Caller,
  supervisor: Dest<AnySupervisorApi>,
  reason: Reason = 'normal',
  timeout: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  return stopServer(caller, supervisor, reason, timeout)
}

export const NO_TIMEOUT: { readonly timeout: number } = { timeout: Number.POSITIVE_INFINITY }
