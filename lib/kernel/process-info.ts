import { fault } from '../internal/errors.ts'
import { describe } from './exit.ts'
import { BUSY, QUEUED, RUNNING, STARTED } from './flags.ts'
import { listLinks } from './links.ts'
import type { MailboxInfo } from './mailbox-bound.ts'
import { type Arity, initialCallOf, messageTerm, nameOf } from './message-term.ts'
import type { Node } from './node.ts'
import { Pid } from './pid.ts'
import { type Priority, priorityOf } from './priority.ts'
import type { Process } from './process.ts'
import { entries, get, LABEL } from './process-dictionary.ts'
import type { Name } from './protocol.ts'

/**
 * What can be asked about a process, by OTP's names. JavaScript has one heap for all and tells nobody what of it is
 * whose, so the items that ask for sizes and collections exist and are always `'undefined'`.
 */
export interface ProcessInfo {
  /** What it is at: the callback that runs or is awaited when it is traced or monitored, else where in general. */
  readonly current_function: readonly [module: string, name: string]
  /** What it was spawned with: a behaviour's module and `init`, or the function, with how many arguments it takes. */
  readonly initial_call: Arity
  /** `exiting`: it has ended, and what it owned is being closed. All other items are gone by then. */
  readonly status: ProcessStatus
  readonly message_queue_len: number
  /** Messages that it has not taken from its mailbox, oldest first. */
  readonly messages: readonly unknown[]
  /** The processes it is linked to. */
  readonly links: readonly Pid[]
  /** Whom it monitors: `['process', pid]`, or with the name and node that were given. */
  readonly monitors: readonly (readonly ['process', Pid | Name])[]
  /** Who monitors it, once for each monitor. */
  readonly monitored_by: readonly Pid[]
  readonly dictionary: readonly (readonly [key: unknown, value: unknown])[]
  readonly label: unknown
  readonly trap_exit: boolean
  readonly priority: Priority
  /** The turns it has had and the messages it has handled, together. */
  readonly reductions: number
  /** The process that spawned it; `'undefined'` when none did. */
  readonly parent: Pid | 'undefined'
  readonly group_leader: Pid
  readonly registered_name: string
  /** The bound of its mailbox and how many messages it has cost. */
  readonly mailbox: MailboxInfo | 'unbounded'
  readonly error_handler: 'undefined'
  /** Processes that it has suspended: there is no suspending of processes here. */
  readonly suspending: readonly []
  readonly memory: 'undefined'
  readonly heap_size: 'undefined'
  readonly total_heap_size: 'undefined'
  readonly stack_size: 'undefined'
  readonly garbage_collection: 'undefined'
}

/**
 * `waiting` for a message, or in a callback for a promise; `runnable`: in the run queue; `running`: its callback is
 * what runs now.
 */
export type ProcessStatus = 'waiting' | 'running' | 'runnable' | 'exiting'

/** One entry of the dictionary (OTP 26.2): a tuple in Erlang, which here would look like a list of items. */
export interface DictionaryItem {
  readonly dictionary: unknown
}

/** It with its value, which is `undefined` when nothing is kept under the key. */
export type DictionaryInfo = readonly [readonly ['dictionary', key: unknown], value: unknown]

/** The item with its value, `[]` for the name of a process that has none, `undefined` when the process has ended. */
export type ProcessInfoResult<K extends keyof ProcessInfo> = readonly [K, ProcessInfo[K]] | readonly [] | undefined

/** One item of a list; a process without a name has `['registered_name', []]`. */
export type ProcessInfoItem =
  | DictionaryInfo
  | {
      readonly [K in keyof ProcessInfo]: readonly [
        K,
        ProcessInfo[K] | (K extends 'registered_name' ? readonly [] : never),
      ]
    }[keyof ProcessInfo]

export type ProcessInfoList = readonly ProcessInfoItem[]

export type ProcessInfoQuery =
  | keyof ProcessInfo
  | DictionaryItem
  | readonly (keyof ProcessInfo | DictionaryItem)[]
  | undefined

/** See `Node.processInfo`. */
export function processInfo(node: Node, pid: Pid, what: ProcessInfoQuery): unknown {
  if (typeof what === 'string') return oneItem(node, pid, what)
  if (!isDictionaryItem(what)) return listOfItems(node, pid, what)
  const process = find(node, pid)
  return process === undefined ? undefined : dictionaryReader(what)(process)
}

function oneItem<K extends keyof ProcessInfo>(node: Node, pid: Pid, item: K): ProcessInfoResult<K> {
  const read = readerOf(item)
  const process = find(node, pid)
  if (process !== undefined) {
    const value = read(process)
    return value === undefined ? [] : [item, value]
  }
  const exiting = item === 'status' && node.closing.has(pid.id)
  return exiting ? [item, 'exiting' as ProcessInfo[K]] : undefined
}

function listOfItems(
  node: Node,
  pid: Pid,
  items: readonly (keyof ProcessInfo | DictionaryItem)[] = USUAL,
): ProcessInfoList | undefined {
  if (!Array.isArray(items)) throw fault('badarg', 'process info takes an item or a list of items')
  const read = items.map((item) => (isDictionaryItem(item) ? dictionaryReader(item) : itemReader(item)))
  const process = find(node, pid)
  if (process === undefined) return undefined
  // Without the name of a process that has none, unless that was asked for.
  const isNamed = items !== USUAL || process.rare?.name !== undefined
  return (isNamed ? read : read.slice(1)).map((reader) => reader(process))
}

function isDictionaryItem(item: unknown): item is DictionaryItem {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, 'dictionary')
}

function dictionaryReader({ dictionary: key }: DictionaryItem): (process: Process) => DictionaryInfo {
  return (process) => [['dictionary', key], get(process, key)]
}

function itemReader(item: keyof ProcessInfo): (process: Process) => ProcessInfoItem {
  const read = readerOf(item)
  return (process) => [item, read(process) ?? []] as ProcessInfoItem
}

function readerOf<K extends keyof ProcessInfo>(item: K): Readers[K] {
  if (Object.hasOwn(READERS, item)) return READERS[item]
  throw fault('badarg', `${describe(item)} is none of ${Object.keys(READERS).join(', ')}`)
}

function find(node: Node, pid: Pid): Process | undefined {
  if (pid instanceof Pid && pid.address === node.address) return pid.process
  throw fault('badarg', `${describe(pid)} is no process of this node`)
}

type Readers = { readonly [K in keyof ProcessInfo]: (process: Process) => ProcessInfo[K] | undefined }

const unknown = (): 'undefined' => 'undefined'

const READERS: Readers = {
  current_function: (process) => process.rare?.current ?? [nameOf(process), whereIs(process)],
  initial_call: initialCallOf,
  status: statusOf,
  message_queue_len: (process) => process.messageCount,
  messages: (process) => process.messages().map(messageTerm),
  links: (process) => listLinks(process.links),
  monitors: (process) => [...(process.rare?.monitors?.values() ?? [])].map(({ object }) => ['process', object]),
  monitored_by: (process) =>
    [...(process.rare?.watchers ?? [])].map((watcher) => watcher.pid).filter((pid) => pid !== undefined),
  dictionary: entries,
  label: (process) => get(process, LABEL) ?? 'undefined',
  trap_exit: (process) => process.trapsExits,
  priority: priorityOf,
  reductions: (process) => process.reductions,
  parent: (process) => process.parent ?? 'undefined',
  group_leader: (process) => process.groupLeader(),
  registered_name: (process) => process.rare?.name,
  mailbox: (process) => {
    const bound = process.rare?.bound
    return bound === undefined ? 'unbounded' : { limit: bound.limit, policy: bound.policy, lost: bound.lost }
  },
  error_handler: unknown,
  suspending: () => [],
  memory: unknown,
  heap_size: unknown,
  total_heap_size: unknown,
  stack_size: unknown,
  garbage_collection: unknown,
}

/** What `process_info/1` of OTP lists; the name first, which it leaves out where there is none. */
const USUAL: readonly (keyof ProcessInfo)[] = [
  'registered_name',
  'current_function',
  'initial_call',
  'status',
  'message_queue_len',
  'links',
  'dictionary',
  'trap_exit',
  'error_handler',
  'priority',
  'group_leader',
  'total_heap_size',
  'heap_size',
  'stack_size',
  'reductions',
  'garbage_collection',
  'suspending',
]

function statusOf(process: Process): ProcessStatus {
  if ((process.flags & RUNNING) !== 0) return 'running'
  return (process.flags & (QUEUED | BUSY)) === QUEUED ? 'runnable' : 'waiting'
}

function whereIs(process: Process): string {
  const { flags, program } = process
  if ((flags & STARTED) === 0) return 'init'
  if (program.isHibernating?.(process)) return 'hibernate'
  if ((flags & BUSY) !== 0) return program.hasCallbacks === false ? 'apply' : 'handle'
  return program.hasCallbacks === false ? 'receive' : 'loop'
}
