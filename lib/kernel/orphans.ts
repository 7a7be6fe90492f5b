import type { CallOwner } from './calls.ts'
import { type Reason, reasonOf } from './exit.ts'
import type { Process } from './process.ts'

/** The processes whose calls failed, by the error they were thrown. */
const owners = new WeakMap<object, Process>()

/** Notes that `error` is what something that `owner` asked for failed with, and returns it: throw it. */
export function blame<E>(owner: CallOwner, error: E): E {
  const process = owner.pidOrNone === undefined ? undefined : (owner as Process)
  if (process !== undefined && typeof error === 'object' && error !== null) owners.set(error, process)
  return error
}

const told: ((reason: unknown) => boolean)[] = []

/**
 * Leaves rejections that nobody awaits alone when `isTold` says that their reason is told elsewhere as well: for
 * adapters of packages that reject a promise of their own beside the one they return.
 */
export function disregardOrphans(isTold: (reason: unknown) => boolean): void {
  if (!told.includes(isTold)) told.push(isTold)
}

/**
 * Ends the process that a promise belongs to which was rejected with `reason` and which nobody awaits. False when the
 * reason is not known to come from a process, nor from a package that tells it elsewhere.
 */
export function endOwnerOf(reason: unknown): boolean {
  const owner = typeof reason === 'object' && reason !== null ? owners.get(reason) : undefined
  if (owner !== undefined && !owner.ended) endWith(owner, reasonOf(reason))
  return owner !== undefined || told.some((isTold) => isTold(reason))
}

function endWith(owner: Process, reason: Reason): void {
  const hint = 'a call of it failed and nobody awaited it: await calls, or catch what they throw'
  const details = { pid: owner.pid, registered_name: owner.rare?.name, reason, hint }
  owner.node.report({ level: 'error', label: ['process', 'crash'], details })
  owner.end(reason)
}
