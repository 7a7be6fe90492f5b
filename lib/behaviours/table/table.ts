import { fault } from '../../internal/errors.ts'
import type { Caller } from '../../kernel/context.ts'
import { describe } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import { Pid, type Ref } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { equalTerms } from '../../kernel/term.ts'
import { type Bindings, type Guard, matchTerm, type Pattern, Variable } from '../match-pattern.ts'
import { ownerOf, processOf } from '../proc-lib/proc-lib.ts'
import { type CounterUpdate, counted, elementOf, type Position, withElement } from './table-counter.ts'
import {
  type CheckedOptions,
  checkHeir,
  checkProtection,
  checkTableOptions,
  type Heir,
  type Protection,
  type TableInfo,
  type TableName,
  type TableOptions,
} from './table-options.ts'
import { OrderedStore } from './table-ordered-store.ts'
import { type OwnedTable, tablesOf } from './table-owner.ts'
import { type END_OF_TABLE, HashStore, type TableStore } from './table-store.ts'

type KeyOf<T> = T extends readonly [infer K, ...unknown[]] ? K : unknown

/**
 * A table of objects, found by their key, that belongs to a process and that other processes of the node read, and
 * write when it lets them, without asking it (Erlang's ETS).
 *
 *     import { _, createNode, type GenServer, ok, Table } from 'guildhall'
 *
 *     type Room = readonly [name: string, members: number]
 *
 *     const Rooms: GenServer<{ state: Table<Room> }> = {
 *       init() {
 *         const rooms = new Table<Room>(this, { type: 'ordered_set', name: 'rooms' })
 *         rooms.insert(this, ['lobby', 0], ['attic', 3])
 *         return ok(rooms)
 *       },
 *       handleCall: {},
 *     }
 *
 *     await using node = createNode()
 *     await node.start(Rooms, [])
 *     const rooms = Table.whereis(node, Table.named<Room>('rooms'))
 *     rooms?.lookup(node, 'attic')                                     // [['attic', 3]]
 *     rooms?.matchObject(node, [_, 3])                                 // [['attic', 3]]
 *     // rooms?.insert(node, ['cellar', 1]) throws a Fault badarg: the table is protected
 *
 *     owner     insert, delete, ... ──> ┌───────┐ <── lookup, next, select ...     any process of the node
 *     ended     ──> heir, or gone       │ table │
 *                                       └───────┘
 *
 * Four types: `set` and `ordered_set` have one object a key, `bag` several that differ, `duplicate_bag` any. An
 * `ordered_set` keeps its keys in the order of terms (kernel/term-order.ts); the others walk them as they came.
 *
 * Every operation takes the caller first, the `this` of a callback or a node, and is carried out whole before any other
 * process runs. All throw a Fault: `badarg` when the caller may not do this, the table is gone or an argument is wrong,
 * `system_limit` when the table is full; nothing is changed then. Objects are not copied: whoever inserts one gives it
 * away, and nobody changes one that was read.
 *
 * When not to use it: for what one process alone uses a Map is simpler. A change that takes two steps, a read and then
 * a write after an `await`, is not whole: let the owner make it.
 *
 * Source of the rules: ets(3) of OTP 25, with positions counted from 0 and a function as a key besides.
 */
export class Table<T extends object, K = KeyOf<T>> implements OwnedTable {
  readonly id: Ref
  readonly #node: Node
  readonly #options: CheckedOptions
  readonly #store: TableStore<T>
  #name: string | undefined
  #protection: Protection
  #heir: Heir
  /** Undefined once the table is gone. */
  #owner: Process | undefined

  /**
   * Makes a table that `owner` owns.
   * @throws Fault `badarg` for a wrong option and a name that is taken, `system_limit` on a node with too many tables.
   */
  constructor(owner: Caller, options: TableOptions<T, K> = {}) {
    const process = processOf(owner)
    this.#node = process.node
    this.#options = checkTableOptions(options)
    this.#name = this.#options.name
    this.#protection = checkProtection(options.protection ?? 'protected')
    this.#heir = checkHeir(this.#node, options.heir ?? 'none')
    this.#store = this.#options.type === 'ordered_set' ? new OrderedStore() : new HashStore(this.#options.type)
    this.id = this.#node.makeRef()
    tablesOf(this.#node).add(process, this)
    this.#owner = process
  }

  /** The name of a table of such objects, for `whereis` and as an option. */
  static named<T extends object, K = KeyOf<T>>(table: string): TableName<T, K> {
    return { table }
  }

  /** The table of this name on the node of `caller`. */
  static whereis<T extends object, K>(caller: Caller, name: TableName<T, K>): Table<T, K> | undefined {
    return tablesOf(ownerOf(caller).node).find(name.table) as Table<T, K> | undefined
  }

  get name(): string | undefined {
    return this.#name
  }

  /** `undefined` once the table is gone. */
  info(): TableInfo | undefined {
    if (this.#owner === undefined) return undefined
    const heir = this.#heir !== 'none' && this.#heir[0].process !== undefined ? this.#heir[0] : 'none'
    return {
      id: this.id,
      name: this.#name,
      type: this.#options.type,
      protection: this.#protection,
      owner: this.#owner.pid,
      heir,
      size: this.#store.size,
      limit: this.#options.limit,
      node: this.#node.name,
    }
  }

  // --- writing

  /** Inserts all of `objects` or, when one cannot be, none. In a set an object replaces the one of its key. */
  insert(caller: Caller, ...objects: readonly T[]): void {
    this.#mayWrite(caller)
    this.#putAll(objects)
  }

  /** Inserts all of `objects` unless one of their keys is there already: then false, and nothing is inserted. */
  insertNew(caller: Caller, ...objects: readonly T[]): boolean {
    this.#mayWrite(caller)
    if (objects.some((object) => this.#store.has(this.#keyOf(object)))) return false
    this.#putAll(objects)
    return true
  }

  /** Removes the objects of a key, if there are any. */
  delete(caller: Caller, key: K): void {
    this.#mayWrite(caller)
    this.#store.remove(key)
  }

  /** Removes what is equal to `object`; in a `duplicate_bag` each of them. */
  deleteObject(caller: Caller, object: T): void {
    this.#mayWrite(caller)
    this.#store.removeObject(this.#keyOf(object), object)
  }

  deleteAllObjects(caller: Caller): void {
    this.#mayWrite(caller)
    this.#store.clear()
  }

  /** Removes the objects of a key and returns them. */
  take(caller: Caller, key: K): T[] {
    this.#mayWrite(caller)
    return [...this.#store.remove(key)]
  }

  /**
   * Gives the object of a key another element; false when there is no such key. For sets only.
   * @throws Fault `badarg` for the element that is the key, and one that the object does not have.
   */
  updateElement<P extends Position<T>>(caller: Caller, key: K, position: P, value: T[P & keyof T]): boolean {
    this.#mayWrite(caller)
    this.#mustBeSet('updateElement')
    const [object] = this.#store.get(key)
    if (object === undefined) return false
    this.#mustNotBeKey(position)
    this.#replace(key, withElement(object, position, value))
    return true
  }

  /**
   * Counts, and returns the counter's new value: a number counts the element behind the key, a CounterUpdate the one
   * that it names. A list is carried out in turn, all or none, and answered with a list. A key that is not there begins
   * with `initial`, whose key is replaced. For sets only; counters are whole numbers.
   * @throws Fault `badarg` when there is neither the key nor `initial`, and for an element that is no whole number.
   */
  updateCounter(caller: Caller, key: K, update: number | CounterUpdate<T>, initial?: T): number
  updateCounter(caller: Caller, key: K, updates: readonly CounterUpdate<T>[], initial?: T): number[]
  updateCounter(
    caller: Caller,
    key: K,
    update: number | CounterUpdate<T> | readonly CounterUpdate<T>[],
    initial?: T,
  ): number | number[] {
    this.#mayWrite(caller)
    this.#mustBeSet('updateCounter')
    const found = this.#store.get(key)[0] ?? this.#withKey(initial, key)
    if (found === undefined) throw fault('badarg', `the table has no ${describe(key)}: give a first object for it`)
    let object: T = found
    const values: number[] = []
    for (const one of this.#counterUpdates(update)) {
      this.#mustNotBeKey(one.position)
      const [next, value] = counted(object, one)
      object = next
      values.push(value)
    }
    this.#replace(key, object)
    return Array.isArray(update) ? values : values[0]!
  }

  // --- reading

  /** The objects of a key, in a bag the oldest first. */
  lookup(caller: Caller, key: K): T[] {
    this.#mayRead(caller)
    return [...this.#store.get(key)]
  }

  /** The element at `position` of the object of a key (`lookup_element`). */
  lookupElement<P extends Position<T>>(caller: Caller, key: K, position: P): T[P & keyof T] {
    const [object] = this.lookup(caller, key)
    if (object === undefined) throw fault('badarg', `the table has no ${describe(key)}: look with member first`)
    return elementOf(object, position) as T[P & keyof T]
  }

  member(caller: Caller, key: K): boolean {
    this.#mayRead(caller)
    return this.#store.has(key)
  }

  first(caller: Caller): K | typeof END_OF_TABLE {
    this.#mayRead(caller)
    return this.#store.first() as K | typeof END_OF_TABLE
  }

  last(caller: Caller): K | typeof END_OF_TABLE {
    this.#mayRead(caller)
    return this.#store.last() as K | typeof END_OF_TABLE
  }

  /**
   * The key behind `key`. In an `ordered_set` the next greater one, whether `key` is there or not.
   * @throws Fault `badarg` in another table that has no such key.
   */
  next(caller: Caller, key: K): K | typeof END_OF_TABLE {
    this.#mayRead(caller)
    return this.#store.next(key) as K | typeof END_OF_TABLE
  }

  /** The key before `key` in an `ordered_set`; in another table, which has one direction, as `next`. */
  prev(caller: Caller, key: K): K | typeof END_OF_TABLE {
    this.#mayRead(caller)
    return this.#store.previous(key) as K | typeof END_OF_TABLE
  }

  /** All objects, in the order of the keys (`tab2list`). */
  toList(caller: Caller): T[] {
    this.#mayRead(caller)
    return [...this.#store.objects()]
  }

  /** `step(object, result)` for each object, in the order of the keys; the last result. */
  foldl<R>(caller: Caller, step: (object: T, result: R) => R, initial: R): R {
    this.#mayRead(caller)
    let result = initial
    for (const object of this.#store.objects()) result = step(object, result)
    return result
  }

  /** What the variables of `pattern` stand for, for each object that matches it. */
  match<const P extends Pattern<T>>(caller: Caller, pattern: P): Bindings<P, T>[] {
    return this.select(caller, pattern, undefined, (bindings) => bindings)
  }

  /** The objects that match `pattern`. */
  matchObject<const P extends Pattern<T>>(caller: Caller, pattern: P): T[] {
    return this.select(caller, pattern, undefined, (_bindings, object) => object)
  }

  /** `give` of each object that matches `pattern` and for whose variables `guard` holds. */
  select<const P extends Pattern<T>, R>(
    caller: Caller,
    pattern: P,
    guard: Guard<P, T> | undefined,
    give: (bindings: Bindings<P, T>, object: T) => R,
  ): R[] {
    this.#mayRead(caller)
    const given: R[] = []
    for (const [object, bindings] of this.#matching(pattern, guard)) given.push(give(bindings, object))
    return given
  }

  selectCount<const P extends Pattern<T>>(caller: Caller, pattern: P, guard?: Guard<P, T>): number {
    return this.select(caller, pattern, guard, () => undefined).length
  }

  /** Removes the objects that match and returns how many they were (`select_delete`, `match_delete`). */
  selectDelete<const P extends Pattern<T>>(caller: Caller, pattern: P, guard?: Guard<P, T>): number {
    this.#mayWrite(caller)
    const found = Array.from(this.#matching(pattern, guard), ([object]) => object)
    const before = this.#store.size
    for (const object of found) this.#store.removeObject(this.#keyOf(object), object)
    return before - this.#store.size
  }

  // --- owning

  /**
   * Gives the table to another process of the node, which is sent `['ETS-TRANSFER', table, from, data]`. Owner only.
   * @throws Fault `badarg` when that process has ended, is the owner itself, or lives on another node.
   */
  giveAway(caller: Caller, pid: Pid, data: unknown): void {
    const owner = this.#mustOwn(caller)
    const heir = pid instanceof Pid && pid.address === this.#node.address ? pid.process : undefined
    if (heir === undefined || heir === owner) {
      throw fault('badarg', 'a table is given to another process of this node that lives')
    }
    tablesOf(this.#node).move(this, owner, heir)
    this.#transfer(owner, heir, data)
  }

  /** Changes who inherits the table, or who may do what. Owner only. */
  setopts(caller: Caller, options: { readonly heir?: Heir; readonly protection?: Protection }): void {
    this.#mustOwn(caller)
    const heir = checkHeir(this.#node, options.heir ?? this.#heir)
    this.#protection = checkProtection(options.protection ?? this.#protection)
    this.#heir = heir
  }

  /** Removes the table itself, whoever may write it (`ets:delete/1`). */
  deleteTable(caller: Caller): void {
    this.#mayWrite(caller)
    tablesOf(this.#node).remove(this.#owner!, this)
    this.drop()
  }

  /** @internal */
  heirOf(owner: Process): Process | undefined {
    const heir = this.#heir === 'none' ? undefined : this.#heir[0].process
    return heir === owner ? undefined : heir
  }

  /** @internal */
  inherit(owner: Process, heir: Process): void {
    this.#transfer(owner, heir, this.#heir === 'none' ? undefined : this.#heir[1])
  }

  /** @internal */
  drop(): void {
    this.#owner = undefined
    this.#store.clear()
  }

  #transfer(from: Process, to: Process, data: unknown): void {
    this.#owner = to
    to.deliver(Object.freeze(['ETS-TRANSFER', this, from.pid, data]))
  }

  // --- who may

  #mayRead(caller: Caller): void {
    this.#allow(caller, this.#protection !== 'private', 'read')
  }

  #mayWrite(caller: Caller): void {
    this.#allow(caller, this.#protection === 'public', 'write')
  }

  #allow(caller: Caller, everybody: boolean, what: 'read' | 'write'): void {
    const { node, ended } = ownerOf(caller)
    if (ended) throw fault('process_exited')
    if (this.#owner === undefined) throw fault('badarg', 'the table is gone, as its owner is: give tables a heir')
    if (caller === this.#owner || (everybody && node === this.#node)) return
    const may = node === this.#node ? 'ask its owner, or choose another protection' : 'ask a process of its node'
    throw fault('badarg', `this caller may not ${what} the table, which is ${this.#protection}: ${may}`)
  }

  #mustOwn(caller: Caller): Process {
    this.#allow(caller, false, 'write')
    return this.#owner!
  }

  // --- objects

  #keyOf(object: T): K {
    const { key } = this.#options
    if (typeof object !== 'object' || object === null) throw fault('badarg', 'an object is a tuple or a record')
    return (typeof key === 'function' ? key(object as never) : elementOf(object, key)) as K
  }

  #putAll(objects: readonly T[]): void {
    const keyed = objects.map((object) => [this.#keyOf(object), object] as const)
    let growth = 0
    for (const [key, object] of keyed) growth += this.#store.growth(key, object)
    if (growth > 0 && this.#store.size + growth > this.#options.limit) {
      throw fault('system_limit', `the table holds ${this.#options.limit} objects: delete some, or raise its limit`)
    }
    for (const [key, object] of keyed) this.#store.put(key, object)
  }

  #replace(key: K, object: T): void {
    if (!equalTerms(this.#keyOf(object), key)) throw fault('badarg', 'the key of an object cannot be updated')
    this.#putAll([object])
  }

  #withKey(initial: T | undefined, key: K): T | undefined {
    const place = this.#options.key
    if (initial === undefined || typeof place === 'function') return initial
    return withElement(initial, place, key)
  }

  #counterUpdates(update: number | CounterUpdate<T> | readonly CounterUpdate<T>[]): readonly CounterUpdate<T>[] {
    if (Array.isArray(update)) return update as readonly CounterUpdate<T>[]
    if (typeof update !== 'number') return [update as CounterUpdate<T>]
    const { key } = this.#options
    if (typeof key !== 'number')
      throw fault('badarg', 'a counter of a record is updated by its name: { position, increment }')
    return [{ position: (key + 1) as Position<T>, increment: update }]
  }

  #mustNotBeKey(position: number | string): void {
    if (position === this.#options.key) throw fault('badarg', 'the key of an object cannot be updated')
  }

  #mustBeSet(operation: string): void {
    const { type } = this.#options
    if (type === 'bag' || type === 'duplicate_bag') throw fault('badarg', `${operation} needs a set, not a ${type}`)
  }

  *#matching<P>(pattern: P, guard: Guard<P, T> | undefined): Iterable<readonly [T, Bindings<P, T>]> {
    for (const object of this.#candidates(pattern)) {
      const bindings = matchTerm(pattern, object) as Bindings<P, T> | undefined
      if (bindings !== undefined && (guard === undefined || guard(bindings))) yield [object, bindings]
    }
  }

  /** The objects to look at: those of the key when the pattern says it, else all. */
  #candidates(pattern: unknown): Iterable<T> {
    const { key } = this.#options
    const isOpen = typeof pattern !== 'object' || pattern === null || pattern instanceof Variable
    if (isOpen || typeof key === 'function' || !Object.hasOwn(pattern, key)) return this.#store.objects()
    const part = (pattern as Readonly<Record<number | string, unknown>>)[key]
    const isPlain = typeof part === 'string' || typeof part === 'number' || typeof part === 'bigint'
    return isPlain ? [...this.#store.get(part)] : this.#store.objects()
  }
}
