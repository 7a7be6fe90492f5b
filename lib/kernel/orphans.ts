import type { Process } from './process.ts'

/** The processes whose calls failed, by the error they were thrown. */
export const owners: WeakMap<object, Process> = new WeakMap()

/**
 * Ends the process that a promise belongs to which was rejected with `reason` and which nobody awaits. False when the
 * reason is not known to come from a process.
 */
export function endOwnerOf(reason: unknown): boolean {
  const owner = typeof reason === 'object' && reason !== null ? owners.get(reason) : undefined
  owner?.crash(reason)
  return owner !== undefined
}
