import type { Node } from './node.ts'
import { Pid } from './pid.ts'
import type { Dest, Name, Via } from './protocol.ts'

/** Where a destination leads: `pid` when it is known here, `name` when it was given by name. */
export interface Resolved {
  readonly node: string
  readonly pid?: Pid | undefined
  readonly name?: string | undefined
}

export const DEST_FORMS: string = 'a destination is a pid, a registered name, { name, node } or { via, key }'

/** Whether `to` has one of the forms of a destination, wherever it leads, and whether it leads anywhere yet. */
export function isDest(to: unknown): to is Dest {
  if (to instanceof Pid || typeof to === 'string') return true
  if (typeof to !== 'object' || to === null) return false
  const { via, name } = to as { readonly via?: Partial<Via['via']>; readonly name?: unknown }
  return 'via' in to ? typeof via?.whereisName === 'function' : typeof name === 'string'
}

/** Where `to` leads, as seen from `node`; `undefined` for what is no destination. Throws what a `via` throws. */
export function find(node: Node, to: Dest): Resolved | undefined {
  if (to instanceof Pid) return { node: to.node, pid: to }
  if (typeof to === 'string') return { node: node.name, pid: node.whereis(to), name: to }
  if (typeof to !== 'object' || to === null) return undefined
  if ('via' in to) {
    if (typeof to.via?.whereisName !== 'function') return undefined
    const pid = to.via.whereisName(to.key, node)
    return { node: pid?.node ?? node.name, pid }
  }
  const { name, node: other } = to as Name
  if (typeof name !== 'string') return undefined
  if (other !== undefined && other !== node.name) return { node: other, name }
  return { node: node.name, pid: node.whereis(name), name }
}
