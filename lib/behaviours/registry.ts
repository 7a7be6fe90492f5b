import { fault } from '../internal/errors.ts'
import { REGISTRY_ENTRIES } from '../internal/limits.ts'
import type { Caller } from '../kernel/context.ts'
import type { Node } from '../kernel/node.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import type { NameRegistry, Via } from '../kernel/protocol.ts'
import { type ChildSpec, child } from './child-spec.ts'
import type { GenServer } from './gen-server.ts'
import { processOf } from './proc-lib.ts'
import { type Entry, RegistryTable } from './registry-table.ts'
import { noreply, ok } from './results.ts'

/**
 * A registry keeps names for processes under keys of any kind, where the names of a node are strings and one a process.
 * With unique keys it names servers; with duplicate keys it lists who is interested in something.
 *
 *     import { child, createNode, type GenServer, ok, Registry, reply } from 'guildhall'
 *
 *     const rooms = new Registry<string>('rooms', { keys: 'unique' })        // says which; it is no process yet
 *     const readers = new Registry<readonly [string, number], 'all' | 'mentions'>('readers', { keys: 'duplicate' })
 *
 *     interface RoomApi { state: string; init: [topic: string]; call: { topic(): string } }
 *     const Room: GenServer<RoomApi> = {
 *       init(topic) {
 *         readers.register(this, ['channel', 7], 'mentions')                 // in a callback: this process
 *         return ok(topic)
 *       },
 *       handleCall: { topic: (_request, _from, topic) => reply(topic, topic) },
 *     }
 *
 *     await using node = createNode()
 *     const lobby = child(Room, ['welcome'], { name: rooms.via('lobby') })   // registered as long as it lives
 *     await node.supervise({ children: [rooms.child(), readers.child(), lobby] })
 *     await node.call(rooms.via<RoomApi>('lobby'), 'topic')                  // 'welcome'
 *     readers.lookup(node, ['channel', 7])                                   // [[pid, 'mentions']]
 *
 * A process registers itself, and only itself. Its entries are gone when it ends, before any link or monitor hears of
 * its end, so no lookup ever returns a dead pid. Keys are compared as terms: tuples with the same parts are one key.
 *
 * What is looked up is read directly; the registry's process is not asked and never a bottleneck. It only ties the
 * entries to its own life: it is linked with everyone who is registered, so that when it ends they do, and register
 * anew when their supervisors start them again.
 *
 * A registry belongs to one node. When not to use it: for one well-known server, use a name (`child(M, [], { name })`).
 *
 * The rules are those of Elixir's Registry.
 */
export class Registry<K = unknown, V = undefined> implements NameRegistry {
  readonly name: string
  readonly #unique: boolean
  readonly #limit: number

  /** `name` is the name that the registry's process is registered under. */
  constructor(name: string, options: RegistryOptions) {
    const { keys, maxEntries = REGISTRY_ENTRIES } = options
    if (keys !== 'unique' && keys !== 'duplicate') throw fault('badarg', "the keys are 'unique' or 'duplicate'")
    this.name = name
    this.#unique = keys === 'unique'
    this.#limit = maxEntries
  }

  /** The specification of the registry's process, to be started before those that register. */
  child(): ChildSpec<RegistryApi> {
    return child(RegistryServer, [this.#unique, this.#limit], { name: this.name })
  }

  /**
   * Registers the calling process. In a unique registry a key that is taken, also by the caller itself, is
   * `['error', ['already_registered', pid]]`; otherwise `['ok', pid]` with the pid of the registry's process.
   * @throws Fault `system_limit` when the registry is full.
   */
  register(
    process: Caller,
    key: K,
    ...value: undefined extends V ? [value?: V] : [value: V]
  ): readonly ['ok', Pid] | readonly ['error', readonly ['already_registered', Pid]] {
    const holder = this.#add(processOf(process), key, value[0])
    return holder === undefined ? ['ok', process.node.whereis(this.name)!] : ['error', ['already_registered', holder]]
  }

  /** Removes all entries of the calling process under `key`; none is no error. */
  unregister(process: Caller, key: K): 'ok' {
    const self = processOf(process)
    const none = this.#table(self.node).remove(self, key)
    if (none) self.unlink(self.node.whereis(this.name)!)
    return 'ok'
  }

  /** Changes the value of the caller's own entry; `[new, old]`, or `'error'` when it has none. For unique keys. */
  updateValue(process: Caller, key: K, change: (value: V) => V): readonly [V, V] | 'error' {
    this.#mustBeUnique('updateValue')
    const self = processOf(process)
    const entry = this.#table(self.node).only(key)
    if (entry?.process !== self) return 'error'
    const before = entry.value as V
    entry.value = change(before)
    return [entry.value as V, before]
  }

  /** `[pid, value]` of each entry of `key`, in the order they were made. */
  lookup(caller: Caller, key: K): readonly (readonly [Pid, V])[] {
    return this.#table(caller.node)
      .entries(key)
      .filter(isAlive)
      .map(pairOf<V>)
  }

  /** The process under `key`. For unique keys. */
  whereis(caller: Caller, key: K): Pid | undefined {
    this.#mustBeUnique('whereis')
    return pidOf(this.#table(caller.node).only(key))
  }

  /** Calls `run` with what `lookup` finds; not at all when that is nothing. */
  dispatch(caller: Caller, key: K, run: (entries: readonly (readonly [Pid, V])[]) => void): void {
    const entries = this.lookup(caller, key)
    if (entries.length > 0) run(entries)
  }

  /** The keys of a process, one for each entry. */
  keys(caller: Caller, pid: Pid): readonly K[] {
    return this.#entriesOf(caller.node, pid).map((entry) => entry.key as K)
  }

  /** The values of a process under `key`. */
  values(caller: Caller, key: K, pid: Pid): readonly V[] {
    return this.#entriesOf(caller.node, pid, key).map((entry) => entry.value as V)
  }

  /** How many entries there are. */
  count(caller: Caller): number {
    return this.#table(caller.node).size
  }

  /**
   * A destination for calls and a name to start a server with, which is then registered with `value`. For unique keys.
   * The type parameter is the server's protocol.
   */
  via<P = unknown>(key: K, ...value: [value?: V]): Via<P> {
    this.#mustBeUnique('via')
    if (value.length === 0) return { via: this, key }
    const whereisName = (of: unknown, node: Node) => this.whereisName(of, node)
    const registerName = (of: unknown, pid: Pid) => this.#add(pid.process!, of, value[0]) === undefined
    return { via: { whereisName, registerName }, key }
  }

  whereisName(key: unknown, node: Node): Pid | undefined {
    return pidOf(this.#find(node)?.only(key))
  }

  registerName(key: unknown, pid: Pid): boolean {
    return this.#add(pid.process!, key, undefined) === undefined
  }

  #add(process: Process, key: unknown, value: unknown): Pid | undefined {
    const holder = this.#table(process.node).add(process, key, value)
    if (holder === undefined) process.link(process.node.whereis(this.name)!)
    return holder
  }

  #entriesOf(node: Node, pid: Pid, ...key: [key?: K]): readonly Entry[] {
    return pid.process === undefined ? [] : this.#table(node).entriesOf(pid.process, ...key)
  }

  #table(node: Node): RegistryTable {
    const table = this.#find(node)
    if (table === undefined) throw fault('unknown_registry', `${this.name} on ${node.name}`)
    return table
  }

  #find(node: Node): RegistryTable | undefined {
    const state = node.whereis(this.name)?.process?.state
    return state instanceof RegistryTable ? state : undefined
  }

  #mustBeUnique(operation: string): void {
    if (!this.#unique) throw fault('badarg', `${operation} is for unique keys; those of ${this.name} are duplicate`)
  }
}

export interface RegistryOptions {
  /** Whether a key is for one process, or for any number of entries, also several of the same process. */
  readonly keys: 'unique' | 'duplicate'
  /** Entries that the registry may hold. */
  readonly maxEntries?: number
}

/** The registry's process answers nothing; its state is the table. */
export interface RegistryApi {
  state: RegistryTable
  init: [unique: boolean, limit: number]
}

const RegistryServer: GenServer<RegistryApi> = {
  init(unique, limit) {
    this.trapExit(true)
    return ok(new RegistryTable(unique, limit))
  },
  handleCall: {},
  /** Exits of processes that were registered: their entries are gone already. */
  handleInfo: (_message, table) => noreply(table),
}

/** An entry can be seen after the end of its process only by what that process still owns and is just being closed. */
function isAlive(entry: Entry): boolean {
  return !entry.process.ended
}

function pidOf(entry: Entry | undefined): Pid | undefined {
  return entry !== undefined && isAlive(entry) ? entry.process.pid : undefined
}

function pairOf<V>(entry: Entry): readonly [Pid, V] {
  return [entry.process.pid, entry.value as V]
}
