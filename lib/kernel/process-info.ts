import { fault } from '../internal/errors.ts'
import { listLinks } from './links.ts'
import type { Node } from './node.ts'
import { Pid } from './pid.ts'

/** What can be asked about a process, by OTP's names. */
export interface ProcessInfo {
  /** The processes it is linked to. */
  readonly links: readonly Pid[]
  /** Messages that it has not taken from its mailbox. */
  readonly message_queue_len: number
  /** Who started it under OTP's start protocol; `'undefined'` for all others. */
  readonly parent: Pid | 'undefined'
  readonly registered_name: string
  readonly trap_exit: boolean
}

/** The item with its value, `[]` for the name of a process that has none, `undefined` when the process has ended. */
export type ProcessInfoResult<K extends keyof ProcessInfo> = readonly [K, ProcessInfo[K]] | readonly [] | undefined

/** See `Node.processInfo`. */
export function processInfo<K extends keyof ProcessInfo>(node: Node, pid: Pid, item: K): ProcessInfoResult<K> {
  if (!(pid instanceof Pid) || pid.address !== node.address) throw fault('badarg', `${pid} is no process of this node`)
  const read = READERS[item]
  if (read === undefined) throw fault('badarg', `${String(item)} is none of ${Object.keys(READERS).join(', ')}`)
  if (pid.process === undefined) return undefined
  const value = read(pid.process)
  return value === undefined ? [] : [item, value]
}

type Readers = {
  readonly [K in keyof ProcessInfo]: (process: NonNullable<Pid['process']>) => ProcessInfo[K] | undefined
}

const READERS: Readers = {
  links: (process) => listLinks(process.links),
  message_queue_len: (process) => process.messageCount,
  parent: (process) => process.parent ?? 'undefined',
  registered_name: (process) => process.rare?.name,
  trap_exit: (process) => process.trapsExits,
}
