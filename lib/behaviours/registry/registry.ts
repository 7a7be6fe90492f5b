import { fault } from '../../internal/errors.ts'
import { CALL_TIMEOUT_MS } from '../../internal/limits.ts'
import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import { describe } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import { FLAG, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { NameRegistry, Via } from '../../kernel/protocol.ts'
import { termKey } from '../../kernel/term-key.ts'
import { inNameOf, ownerOf, processOf } from '../caller.ts'
import type { Bindings, Guard, Pattern } from '../match-pattern.ts'
import type { StartResult } from '../proc-lib/start.ts'
import type { ChildSpec } from '../supervisor/child-spec.ts'
import * as Supervisor from '../supervisor/supervisor.ts'
import type { SupervisorApi } from '../supervisor/supervisor-api.ts'
import { Clause, matchesValue, runBeside, selectFrom } from './registry-select.ts'
import { type Registered, type RegistryOptions, RegistryStore } from './registry-store.ts'
import type { Entry } from './registry-table.ts'

const DISPATCH: OptionKinds<{ readonly parallel?: boolean }> = { parallel: FLAG }

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
 *     readers.dispatch(node, ['channel', 7], (found) => found.forEach(([pid]) => node.send(pid, 'news')))
 *
 * A process registers itself, and only itself. Its entries are gone when it ends, before any link or monitor hears of
 * its end, so no lookup ever returns a dead pid. Keys are compared as terms: tuples with the same parts are one key.
 *
 *     name                        a supervisor; `name` is the registry's name
 *     ├── name.PIDPartition0      linked with each process that is registered in it
 *     └── name.PIDPartition1      ...
 *
 * What is looked up is read directly; no process is asked, so none is a bottleneck. The processes only tie the entries
 * to their own life: when a partition ends, those who are registered in it end, too, and register anew when their
 * supervisors start them again. Partitions spread the links, and with duplicate keys what a crash takes along; without
 * a reason for more, one is best.
 *
 * `match` and `select` look by pattern (match-pattern.ts); `lock` gives a key to one process at a time, whether it is
 * registered or not; `putMeta` keeps values beside the entries. Listeners are told of each registration, but not of the
 * ends of processes: whoever wants those sets a monitor.
 *
 * A registry belongs to one node; `pg` is for groups over nodes. When not to use it: for one well-known server, use a
 * name (`child(M, [], { name })`).
 *
 * The rules are those of Elixir's Registry.
 */
export class Registry<K = unknown, V = undefined> implements NameRegistry {
  readonly #store: RegistryStore

  /**
   * `name` is the name that the registry's supervisor is registered under.
   * @throws Fault `badarg` for options that are none.
   */
  constructor(name: string, options: RegistryOptions) {
    this.#store = new RegistryStore(name, options)
  }

  get name(): string {
    return this.#store.name
  }

  /** The specification of the registry as a child, to be started before those that register. */
  child(): ChildSpec<SupervisorApi> {
    const spec = Supervisor.child(this.#store.supervisor, { name: this.name })
    return { ...spec, start: (parent) => this.startLink(parent) }
  }

  /** Starts the registry linked to the calling process. */
  async startLink(process: Caller): Promise<StartResult<SupervisorApi>> {
    const started = await Supervisor.startLink(process, this.#store.supervisor, { name: this.name })
    const supervisor = started !== 'ignore' && started[0] === 'ok' ? started[1].process : undefined
    if (supervisor !== undefined) this.#store.initMeta(supervisor)
    return started
  }

  // --- registration

  /**
   * Registers the calling process. In a unique registry a key that is taken, also by the caller itself, is
   * `['error', ['already_registered', pid]]`; otherwise `['ok', pid]` with the pid of the partition, with which the
   * caller is linked from now on. Then each listener is sent `['register', registry, key, pid, value]`.
   * @throws Fault `system_limit` when the registry is full, `badarg` for a listener that does not run.
   */
  register(process: ProcessCaller, key: K, ...value: undefined extends V ? [value?: V] : [value: V]): Registered {
    return this.#store.add(processOf(process), key, value[0])
  }

  /** Removes all entries of the calling process under `key`; none is no error. */
  unregister(process: ProcessCaller, key: K): 'ok' {
    this.#store.removeAll(processOf(process), key)
    return 'ok'
  }

  /** Removes those entries of the calling process under `key` whose value matches. */
  unregisterMatch<const P extends Pattern<V>>(process: ProcessCaller, key: K, pattern: P, guard?: Guard<P, V>): 'ok' {
    const self = processOf(process)
    const present = this.#store.entriesUnder(self, key)
    mustBeGuard(guard)
    const matching = present.filter((entry) => matchesValue(entry, pattern, guard))
    if (matching.length === present.length) this.#store.removeAll(self, key)
    else this.#store.remove(self, matching)
    return 'ok'
  }

  /** Changes the value of the caller's own entry; `[new, old]`, or `'error'` when it has none. For unique keys. */
  updateValue(process: ProcessCaller, key: K, change: (value: V) => V): readonly [V, V] | 'error' {
    if (typeof change !== 'function') throw fault('badarg', 'updateValue takes a function of the value')
    this.#mustBeUnique('updateValue')
    const self = processOf(process)
    const entry = this.#store.first(self.node, key)
    if (entry?.process !== self) return 'error'
    const before = entry.value as V
    entry.value = change(before)
    return [entry.value as V, before]
  }

  // --- looking up

  /** `[pid, value]` of each entry of `key`, in the order they were made, partition by partition. */
  lookup(caller: Caller, key: K): readonly (readonly [Pid, V])[] {
    return this.#store
      .groups(ownerOf(caller).node, key)
      .flat()
      .map(pairOf<V>)
  }

  /** The process under `key`. For unique keys. */
  whereis(caller: Caller, key: K): Pid | undefined {
    this.#mustBeUnique('whereis')
    return this.#store.first(ownerOf(caller).node, key)?.process.pid
  }

  /** As `lookup`, of the entries whose value matches. */
  match<const P extends Pattern<V>>(
    caller: Caller,
    key: K,
    pattern: P,
    guard?: Guard<P, V>,
  ): readonly (readonly [Pid, V])[] {
    const found = this.#store.groups(ownerOf(caller).node, key).flat()
    mustBeGuard(guard)
    return found.filter((entry) => matchesValue(entry, pattern, guard)).map(pairOf<V>)
  }

  /** How many entries `match` finds. */
  countMatch<const P extends Pattern<V>>(caller: Caller, key: K, pattern: P, guard?: Guard<P, V>): number {
    return this.match(caller, key, pattern, guard).length
  }

  /**
   * A clause for `select`: `pattern` for the tuple `[key, pid, value]` of an entry, `give` what is given for one that
   * matches (the tuple unless told otherwise), `when` what must hold besides. Both take what the variables stand for,
   * and the tuple. What they throw goes to the caller.
   * @throws Fault `badarg` for a pattern that is no tuple of three.
   */
  clause<const P extends readonly [Pattern<K>, Pattern<Pid>, Pattern<V>], R = readonly [K, Pid, V]>(
    pattern: P,
    give?: (bound: Bindings<P, readonly [K, Pid, V]>, entry: readonly [K, Pid, V]) => R,
    when?: (bound: Bindings<P, readonly [K, Pid, V]>, entry: readonly [K, Pid, V]) => boolean,
  ): Clause<R> {
    return new Clause<R>(pattern, when as Clause['when'], give as Clause<R>['give'])
  }

  /** For each entry of the registry what the first clause that matches it gives; in no order. */
  select<R>(caller: Caller, ...clauses: readonly Clause<R>[]): readonly R[] {
    return selectFrom(this.#store.all(ownerOf(caller).node), clauses)
  }

  /** How many entries match one of the clauses. */
  countSelect(caller: Caller, ...clauses: readonly Clause[]): number {
    return this.select(caller, ...clauses).length
  }

  /** The keys of a process, one for each entry. */
  keys(caller: Caller, pid: Pid): readonly K[] {
    return this.#store.entriesOf(ownerOf(caller).node, pid).map((entry) => entry.key as K)
  }

  /** The values of a process under `key`. */
  values(caller: Caller, key: K, pid: Pid): readonly V[] {
    return this.#store.entriesOf(ownerOf(caller).node, pid, key).map((entry) => entry.value as V)
  }

  /** How many entries there are. */
  count(caller: Caller): number {
    return this.#store.count(ownerOf(caller).node)
  }

  /**
   * Calls `run` with what `lookup` finds, once for each partition that has any, the last partition first; with unique
   * keys there is one at most. With `parallel` the result is a promise of all being done and, when there are several
   * partitions, `run` runs for each in a process of its own, linked with the caller. What it throws goes to the caller.
   */
  dispatch(
    caller: Caller,
    key: K,
    run: (entries: readonly (readonly [Pid, V])[]) => void,
    options?: { readonly parallel?: false },
  ): 'ok'
  dispatch(
    caller: Caller,
    key: K,
    run: (entries: readonly (readonly [Pid, V])[]) => void,
    options: { readonly parallel: boolean },
  ): Promise<'ok'>
  dispatch(
    caller: Caller,
    key: K,
    run: (entries: readonly (readonly [Pid, V])[]) => void,
    options?: { readonly parallel?: boolean },
  ): 'ok' | Promise<'ok'> {
    if (options !== undefined) mustBeOptions('dispatch', options, DISPATCH)
    if (typeof run !== 'function') throw fault('badarg', 'dispatch runs a function of the entries')
    const groups = this.#store.groups(ownerOf(caller).node, key).filter((group) => group.length > 0)
    const found = groups.reverse().map((group) => group.map(pairOf<V>))
    const isSpread = !this.#store.spreadByKey && this.#store.partitions.length > 1
    if (options?.parallel === true && isSpread) {
      return Promise.all(found.map((entries) => runBeside(caller, () => run(entries)))).then(() => 'ok')
    }
    for (const entries of found) run(entries)
    return options?.parallel === true ? Promise.resolve('ok') : 'ok'
  }

  // --- names

  /**
   * A destination for calls and a name to start a server with, which is then registered with `value`. For unique keys.
   * The type parameter is the server's protocol.
   */
  via<P = unknown>(key: K, ...value: [value?: V]): Via<P> {
    this.#mustBeUnique('via')
    return value.length === 0 ? { via: this, key } : { via: new ViaWithValue(this, value[0]), key }
  }

  /** Where a `via` of this registry leads to: the process under `key`, or undefined, also when nothing runs here. */
  whereisName(key: unknown, node: Node): Pid | undefined {
    return this.#store.find(ownerOf(node).node, key)?.process.pid
  }

  /**
   * Registers a process that is started under a `via` of this registry, with `value`; false when the key is taken.
   * @throws Fault `badarg` for what is no process of this node, otherwise as `register`.
   */
  registerName(key: unknown, pid: Pid, value?: unknown): boolean {
    return this.#store.add(registrant(pid), key, value)[0] === 'ok'
  }

  // --- locks and meta

  /**
   * Runs `run` in the calling process while no other runs under the same key. Keys of locks have nothing to do with
   * those of entries. The lock is given back when `run` is done, also by a throw, or its process ends.
   * @returns What `run` does.
   * @throws Exit whose reason is `['timeout', ...]` when the lock was not free for `timeout` milliseconds. A process
   * that waits for a lock it holds waits in vain.
   * @throws Fault `system_limit` when too many wait.
   */
  lock<T>(
    process: ProcessCaller,
    key: unknown,
    run: () => T | PromiseLike<T>,
    timeout: number = CALL_TIMEOUT_MS,
  ): Promise<T> {
    return inNameOf(process, async () => {
      const self = processOf(process)
      if (typeof run !== 'function') throw fault('badarg', 'lock runs a function')
      this.#store.running(self.node)
      const partition = { name: this.#store.partitions[this.#store.indexOfKey(termKey(key))]! }
      const request = { key, ref: self.node.makeRef() }
      try {
        const granted = await self.call(partition, 'lock', request, { timeout })
        if (granted === 'system_limit')
          throw fault('system_limit', 'too many processes wait for locks of this registry')
        return await run()
      } finally {
        self.cast(partition, 'unlock', request)
      }
    })
  }

  /** Keeps `value` under `key` beside the entries, as long as the registry's supervisor lives. */
  putMeta(caller: Caller, key: unknown, value: unknown): 'ok' {
    this.#store.metaOf(ownerOf(caller).node).set(termKey(key), value)
    return 'ok'
  }

  /** `['ok', value]` of what `putMeta`, or the option `meta`, keeps under `key`; `'error'` when nothing is. */
  meta(caller: Caller, key: unknown): readonly ['ok', unknown] | 'error' {
    const meta = this.#store.metaOf(ownerOf(caller).node)
    return meta.has(termKey(key)) ? ['ok', meta.get(termKey(key))] : 'error'
  }

  /** Forgets what is kept under `key`; nothing is no error. */
  deleteMeta(caller: Caller, key: unknown): 'ok' {
    this.#store.metaOf(ownerOf(caller).node).delete(termKey(key))
    return 'ok'
  }

  #mustBeUnique(operation: string): void {
    if (this.#store.unique) return
    throw fault('badarg', `${operation} is for unique keys; those of ${this.name} are duplicate`)
  }
}

/** A registry in which whoever is started under a name has a certain value. */
class ViaWithValue<K, V> implements NameRegistry {
  readonly #registry: Registry<K, V>
  readonly #value: unknown

  constructor(registry: Registry<K, V>, value: unknown) {
    this.#registry = registry
    this.#value = value
  }

  get name(): string {
    return this.#registry.name
  }

  whereisName(key: unknown, node: Node): Pid | undefined {
    return this.#registry.whereisName(key, node)
  }

  registerName(key: unknown, pid: Pid): boolean {
    return this.#registry.registerName(key, pid, this.#value)
  }
}

function mustBeGuard(guard: unknown): void {
  if (guard !== undefined && typeof guard !== 'function') throw fault('badarg', 'a guard is a function of the bindings')
}

function registrant(pid: Pid): Process {
  const process = pid instanceof Pid ? pid.process : undefined
  if (process === undefined) throw fault('badarg', `${describe(pid)} is no process of this node`)
  return process
}

function pairOf<V>(entry: Entry): readonly [Pid, V] {
  return [entry.process.pid, entry.value as V]
}
