import { fault } from '../../internal/errors.ts'
import {
  DYNAMIC_RESTART_INTENSITY,
  REGISTRY_ENTRIES,
  REGISTRY_LISTENERS,
  REGISTRY_PARTITIONS,
} from '../../internal/limits.ts'
import type { Node } from '../../kernel/node.ts'
import { ANY, countFrom, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { termKey } from '../../kernel/term-key.ts'
import { child } from '../supervisor/child-spec.ts'
import { partitionOf } from '../supervisor/partition-hash.ts'
import type { SupervisorSpec } from '../supervisor/supervisor-spec.ts'
import { Partition, PartitionServer } from './registry-partition.ts'
import type { Entry } from './registry-table.ts'

export interface RegistryOptions {
  /**
   * Whether a key is for one process, or for any number of entries, also several of the same process. The entries of
   * duplicate keys are spread over the partitions by process (`['duplicate', 'pid']`, the default) or by key, which is
   * better for many keys with few entries.
   */
  readonly keys: 'unique' | 'duplicate' | readonly ['duplicate', 'pid' | 'key']
  /** 1 unless told otherwise. */
  readonly partitions?: number
  /** Names of processes that are told of registrations; they must run when someone registers. */
  readonly listeners?: readonly string[]
  /** Pairs of a key and a value that `meta` knows from the start. */
  readonly meta?: readonly (readonly [key: unknown, value: unknown])[]
  /** Entries that the registry may hold. */
  readonly maxEntries?: number
}

export type Registered = readonly ['ok', Pid] | readonly ['error', readonly ['already_registered', Pid]]

const REGISTRY: OptionKinds<RegistryOptions> = {
  keys: ANY,
  partitions: {
    right: `1 to ${REGISTRY_PARTITIONS} partitions`,
    takes: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= REGISTRY_PARTITIONS,
  },
  listeners: {
    right: `the names of at most ${REGISTRY_LISTENERS} processes`,
    takes: (value) => isListOf(value, (name) => typeof name === 'string') && value.length <= REGISTRY_LISTENERS,
  },
  meta: {
    right: 'pairs of a key and a value',
    takes: (value) => isListOf(value, (pair) => Array.isArray(pair) && pair.length === 2),
  },
  maxEntries: countFrom(0, 'entries'),
}

function isListOf(value: unknown, isOne: (part: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every(isOne)
}

/**
 * Where the entries of a registry are, on any node that it runs on. An entry is in two tables:
 *
 *     by key        of the partition that the key hashes to; with duplicate keys, of the one that the process hashes to
 *     by process    of the partition that the process hashes to, with which it is linked
 */
export class RegistryStore {
  readonly name: string
  readonly unique: boolean
  /** Whether all entries of a key are in one partition. */
  readonly spreadByKey: boolean
  /** The names of the partitions. */
  readonly partitions: readonly string[]
  readonly #limit: number
  readonly #listeners: readonly string[]
  readonly #meta: readonly (readonly [unknown, unknown])[]

  /** @throws Fault `badarg` for options that are none. */
  constructor(name: string, options: RegistryOptions) {
    mustBeOptions('a registry', options, REGISTRY)
    const { keys, partitions = 1, listeners = [], meta = [], maxEntries = REGISTRY_ENTRIES } = options
    if (typeof name !== 'string' || name === '')
      throw fault('badarg', 'a registry has a name: new Registry(name, { keys })')
    const [kind, layout] = Array.isArray(keys) ? (keys as readonly [unknown, unknown]) : [keys, 'pid']
    if ((kind !== 'unique' && kind !== 'duplicate') || (layout !== 'pid' && layout !== 'key')) {
      throw fault('badarg', "the keys are 'unique', 'duplicate', ['duplicate', 'pid'] or ['duplicate', 'key']")
    }
    this.name = name
    this.unique = kind === 'unique'
    this.spreadByKey = this.unique || layout === 'key'
    this.#limit = maxEntries
    this.#listeners = listeners
    this.#meta = meta
    this.partitions = Array.from({ length: partitions }, (_, index) => `${name}.PIDPartition${index}`)
  }

  /** When keys and processes are spread apart, a partition that ends leaves entries behind in all: all start anew. */
  get supervisor(): SupervisorSpec {
    const children = this.partitions.map((name) => child(PartitionServer, [], { name }))
    return {
      strategy: this.spreadByKey ? 'one_for_all' : 'one_for_one',
      intensity: DYNAMIC_RESTART_INTENSITY,
      children,
    }
  }

  add(process: Process, key: unknown, value: unknown): Registered {
    const { node } = process
    const mapKey = termKey(key)
    const index = this.#indexOfPid(process.pid)
    const { pids, keys } = this.#partition(node, index)
    const owner = node.whereis(this.partitions[index]!)!
    const table = this.spreadByKey ? this.#partition(node, this.indexOfKey(mapKey)).keys : keys
    const present = this.unique ? table.first(mapKey) : undefined
    if (present !== undefined && isAlive(present)) return ['error', ['already_registered', present.process.pid]]
    if (this.count(node) >= this.#limit) throw fault('system_limit', `${this.name} holds ${this.#limit} entries`)
    if (present !== undefined) table.remove(present)
    process.link(owner)
    pids.add({ key, mapKey, process, table, value })
    this.#tell(process, ['register', this.name, key, process.pid, value])
    return ['ok', owner]
  }

  /** The entries of `process` under `key`. A process may have many: the one of a unique key is found by that key. */
  entriesUnder(process: Process, key: unknown): readonly Entry[] {
    const { node, pid } = process
    const mapKey = termKey(key)
    if (!this.unique) return this.#partition(node, this.#indexOfPid(pid)).pids.entriesOf(process, mapKey)
    const entry = this.#partition(node, this.indexOfKey(mapKey)).keys.first(mapKey)
    return entry?.process === process ? [entry] : []
  }

  /** Removes `entries`, some of those of `process` under `key`. */
  remove(process: Process, entries: readonly Entry[]): void {
    const { pids } = this.#partition(process.node, this.#indexOfPid(process.pid))
    for (const entry of entries) pids.remove(entry)
  }

  /** Removes all entries of `process` under `key`. */
  removeAll(process: Process, key: unknown): void {
    const index = this.#indexOfPid(process.pid)
    const { pids } = this.#partition(process.node, index)
    for (const entry of this.entriesUnder(process, key)) pids.remove(entry)
    if (!pids.has(process)) process.unlink(process.node.whereis(this.partitions[index]!)!)
    this.#tell(process, ['unregister', this.name, key, process.pid])
  }

  #tell(process: Process, message: readonly unknown[]): void {
    for (const name of this.#listeners) process.send(name, message)
  }

  /** The entry of a key of a unique registry. */
  first(node: Node, key: unknown): Entry | undefined {
    const mapKey = termKey(key)
    const entry = this.#partition(node, this.indexOfKey(mapKey)).keys.first(mapKey)
    return entry !== undefined && isAlive(entry) ? entry : undefined
  }

  /** As `first`; nothing as well when the registry does not run. */
  find(node: Node, key: unknown): Entry | undefined {
    const mapKey = termKey(key)
    const entry = this.#find(node, this.indexOfKey(mapKey))?.keys.first(mapKey)
    return entry !== undefined && isAlive(entry) ? entry : undefined
  }

  /** The entries of a key, partition by partition. */
  groups(node: Node, key: unknown): readonly (readonly Entry[])[] {
    const mapKey = termKey(key)
    const found = (partition: Partition) => partition.keys.entries(mapKey).filter(isAlive)
    if (this.spreadByKey) return [found(this.#partition(node, this.indexOfKey(mapKey)))]
    return this.running(node).map(found)
  }

  /** All entries, in no order. */
  all(node: Node): readonly Entry[] {
    return this.running(node).flatMap(({ keys }) => keys.all().filter(isAlive))
  }

  /** The entries of a process; all, or those under one key. */
  entriesOf(node: Node, pid: Pid, ...key: [key?: unknown]): readonly Entry[] {
    if (!(pid instanceof Pid)) throw fault('badarg', 'whose entries: a pid')
    const { process } = pid
    const { pids } = this.#partition(node, this.#indexOfPid(pid))
    if (process === undefined || process.node !== node) return []
    return key.length === 0 ? pids.entriesOf(process) : this.entriesUnder(process, key[0])
  }

  count(node: Node): number {
    let sum = 0
    for (let index = 0; index < this.partitions.length; index++) sum += this.#partition(node, index).keys.size
    return sum
  }

  /** @throws Fault `unknown_registry` when one of the partitions does not run. */
  running(node: Node): readonly Partition[] {
    return this.partitions.map((_, index) => this.#partition(node, index))
  }

  indexOfKey(mapKey: unknown): number {
    const { length } = this.partitions
    const isText = typeof mapKey !== 'function' && typeof mapKey !== 'symbol'
    return length === 1 || !isText ? 0 : partitionOf(mapKey, length)
  }

  #indexOfPid(pid: Pid): number {
    return pid.id % this.partitions.length
  }

  #partition(node: Node, index: number): Partition {
    return this.#find(node, index) ?? this.#unknown(node)
  }

  #find(node: Node, index: number): Partition | undefined {
    const state = node.whereis(this.partitions[index]!)?.process?.state
    return state instanceof Partition ? state : undefined
  }

  /** What is kept beside the entries. */
  metaOf(node: Node): Map<unknown, unknown> {
    const process = node.whereis(this.name)?.process
    return (process === undefined ? undefined : metas.get(process)) ?? this.#unknown(node)
  }

  /** The supervisor has started. */
  initMeta(supervisor: Process): void {
    metas.set(supervisor, new Map(this.#meta.map(([key, value]) => [termKey(key), value])))
  }

  #unknown(node: Node): never {
    throw fault('unknown_registry', `${this.name} on ${node.name}`)
  }
}

/** What registries keep beside their entries, by their supervisor, with which it ends. */
const metas = new WeakMap<Process, Map<unknown, unknown>>()

/** An entry can be seen after the end of its process only by what that process still owns and is just being closed. */
function isAlive(entry: Entry): boolean {
  return !entry.process.ended
}
