import { fault } from '../../internal/errors.ts'
import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import { describe } from '../../kernel/exit.ts'
import { ownerOf, processOf } from '../caller.ts'
import type { Bindings, Guard, Pattern } from '../match-pattern.ts'
import { type Chunk, Continuation } from './table-continuation.ts'
import { type CounterUpdate, type ElementChange, elementOf, type Position } from './table-counter.ts'
import { tablesOf } from './table-directory.ts'
import { HeldTable } from './table-held.ts'
import { type Query, TableObjects } from './table-objects.ts'
import { checkTableOptions, type TableName, type TableOptions } from './table-options.ts'
import { type Direction, END_OF_TABLE } from './table-store.ts'

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
export class Table<T extends object, K = KeyOf<T>> extends HeldTable {
  readonly #objects: TableObjects<T, K>

  /**
   * Makes a table that `owner` owns.
   * @throws Fault `badarg` for a wrong option and a name that is taken, `system_limit` on a node with too many tables.
   */
  constructor(owner: ProcessCaller, options: TableOptions<T, K> = {}) {
    const checked = checkTableOptions(options)
    super(processOf(owner), checked, options)
    this.#objects = new TableObjects(checked)
  }

  /** The name of a table of such objects, for `whereis` and as an option. */
  static named<T extends object, K = KeyOf<T>>(table: string): TableName<T, K> {
    return { table: mustBeText(table) }
  }

  /** The table of this name on the node of `caller`; undefined when there is none. */
  static whereis<T extends object, K>(caller: Caller, name: TableName<T, K>): Table<T, K> | undefined {
    return tablesOf(ownerOf(caller).node).find(mustBeText(Object(name).table)) as Table<T, K> | undefined
  }

  /** All tables of the node of `caller`, whosever they are. */
  static all(caller: Caller): readonly Table<object, unknown>[] {
    return Array.from(tablesOf(ownerOf(caller).node).owners(), ([table]) => table as Table<object, unknown>)
  }

  protected override get size(): number {
    return this.#objects.store.size
  }

  protected override clear(): void {
    this.#objects.store.clear()
  }

  // --- writing

  /** Inserts all of `objects` or, when one cannot be, none. In a set an object replaces the one of its key. */
  insert(caller: Caller, ...objects: readonly T[]): void {
    this.mayWrite(caller)
    this.#objects.putAll(objects)
  }

  /** Inserts all of `objects` unless one of their keys is there already: then false, and nothing is inserted. */
  insertNew(caller: Caller, ...objects: readonly T[]): boolean {
    this.mayWrite(caller)
    return this.#objects.putNew(objects)
  }

  /** Removes the objects of a key, if there are any. */
  delete(caller: Caller, key: K): void {
    this.mayWrite(caller)
    this.#objects.store.remove(key)
  }

  /** Removes what is equal to `object`; in a `duplicate_bag` each of them. */
  deleteObject(caller: Caller, object: T): void {
    this.mayWrite(caller)
    this.#objects.store.removeObject(this.#objects.keyOf(object), object)
  }

  /** Removes all objects; the table stays. */
  deleteAllObjects(caller: Caller): void {
    this.mayWrite(caller)
    this.#objects.store.clear()
  }

  /** Removes the objects of a key and returns them. */
  take(caller: Caller, key: K): T[] {
    this.mayWrite(caller)
    return [...this.#objects.store.remove(key)]
  }

  /**
   * Gives the object of a key another element, or several, all or none; false when there is no such key. With `initial`
   * one that is not there begins with that, whose key is replaced (OTP 27). For sets only.
   * @throws Fault `badarg` for the element that is the key, and one that the object does not have.
   */
  updateElement<P extends Position<T>>(caller: Caller, key: K, position: P, value: T[P & keyof T], initial?: T): boolean
  updateElement(caller: Caller, key: K, changes: readonly ElementChange<T>[], initial?: T): boolean
  updateElement(
    caller: Caller,
    key: K,
    what: Position<T> | readonly ElementChange<T>[],
    ...rest: readonly unknown[]
  ): boolean {
    this.mayWrite(caller)
    if (Array.isArray(what)) return this.#objects.updateElements(key, what, rest[0] as T | undefined)
    const [value, initial] = rest as [T[Position<T> & keyof T], T | undefined]
    return this.#objects.updateElements(key, [[what as Position<T>, value]], initial)
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
    this.mayWrite(caller)
    const values = this.#objects.count(key, update, initial)
    return Array.isArray(update) ? values : values[0]!
  }

  // --- reading

  /** The objects of a key, in a bag the oldest first. */
  lookup(caller: Caller, key: K): T[] {
    this.mayRead(caller)
    return [...this.#objects.get(key)]
  }

  /**
   * The element at `position` of the object of a key, or `otherwise` when there is no such key (`lookup_element`, with
   * a default OTP 26). For sets; in a bag a key has several: see lookupElements.
   * @throws Fault `badarg` when there is neither the key nor `otherwise`, and for an element that is not there.
   */
  lookupElement<P extends Position<T>>(caller: Caller, key: K, position: P): T[P & keyof T]
  lookupElement<P extends Position<T>, D>(caller: Caller, key: K, position: P, otherwise: D): T[P & keyof T] | D
  lookupElement(caller: Caller, key: K, position: Position<T>, ...otherwise: readonly unknown[]): unknown {
    const [object] = this.lookup(caller, key)
    this.#objects.mustBeSet('lookupElement')
    if (object !== undefined) return elementOf(object, position)
    if (otherwise.length > 0) return otherwise[0]
    throw fault('badarg', `the table has no ${describe(key)}: look with member first`)
  }

  /** The elements at `position` of all objects of a key, the oldest first (`lookup_element` of a bag). */
  lookupElements<P extends Position<T>>(caller: Caller, key: K, position: P): T[P & keyof T][] {
    return this.lookup(caller, key).map((object) => elementOf(object, position) as T[P & keyof T])
  }

  /** Whether there is an object with this key. */
  member(caller: Caller, key: K): boolean {
    this.mayRead(caller)
    return this.#objects.store.has(key)
  }

  /** The first key, or END_OF_TABLE when the table is empty. */
  first(caller: Caller): K | typeof END_OF_TABLE {
    this.mayRead(caller)
    return this.#objects.store.first() as K | typeof END_OF_TABLE
  }

  /** The last key of an `ordered_set`; of another table, which has one direction, the first. */
  last(caller: Caller): K | typeof END_OF_TABLE {
    this.mayRead(caller)
    return this.#objects.store.last() as K | typeof END_OF_TABLE
  }

  /**
   * The key behind `key`. In an `ordered_set` the next greater one, whether `key` is there or not.
   * @throws Fault `badarg` in another table that has no such key.
   */
  next(caller: Caller, key: K): K | typeof END_OF_TABLE {
    this.mayRead(caller)
    return this.#objects.store.next(key) as K | typeof END_OF_TABLE
  }

  /** The key before `key` in an `ordered_set`; in another table, which has one direction, as `next`. */
  prev(caller: Caller, key: K): K | typeof END_OF_TABLE {
    this.mayRead(caller)
    return this.#objects.store.previous(key) as K | typeof END_OF_TABLE
  }

  /** The first key with its objects: `first` and `lookup` in one (OTP 27). */
  firstLookup(caller: Caller): KeyAndObjects<K, T> {
    return this.#withObjects(this.first(caller))
  }

  /** The key that `last` gives, with its objects. */
  lastLookup(caller: Caller): KeyAndObjects<K, T> {
    return this.#withObjects(this.last(caller))
  }

  /** The key that `next` gives, with its objects. */
  nextLookup(caller: Caller, key: K): KeyAndObjects<K, T> {
    return this.#withObjects(this.next(caller, key))
  }

  /** The key that `prev` gives, with its objects. */
  prevLookup(caller: Caller, key: K): KeyAndObjects<K, T> {
    return this.#withObjects(this.prev(caller, key))
  }

  #withObjects(key: K | typeof END_OF_TABLE): KeyAndObjects<K, T> {
    return key === END_OF_TABLE ? END_OF_TABLE : [key as K, [...this.#objects.get(key as K)]]
  }

  /** All objects, in the order of the keys (`tab2list`). */
  toList(caller: Caller): T[] {
    this.mayRead(caller)
    return [...this.#objects.all('forward')]
  }

  /** Calls `step(object, result)` for each object, in the order of the keys, and returns the last result. */
  foldl<R>(caller: Caller, step: (object: T, result: R) => R, initial: R): R {
    return this.#fold(caller, step, initial, 'forward')
  }

  /** As `foldl`, from the last key to the first; only an `ordered_set` has two directions, others go as `foldl`. */
  foldr<R>(caller: Caller, step: (object: T, result: R) => R, initial: R): R {
    return this.#fold(caller, step, initial, 'backward')
  }

  #fold<R>(caller: Caller, step: (object: T, result: R) => R, initial: R, direction: Direction): R {
    this.mayRead(caller)
    if (typeof step !== 'function') throw fault('badarg', 'a fold takes a function of an object and a result')
    let result = initial
    for (const object of this.#objects.all(direction)) result = step(object, result)
    return result
  }

  /**
   * What the variables of `pattern` stand for, for each object that matches it, in the order of the keys. With a limit,
   * or with where the last step left off, it goes in steps: see select.
   */
  match<const P extends Pattern<T>>(caller: Caller, pattern: P): Bindings<P, T>[]
  match<const P extends Pattern<T>>(caller: Caller, pattern: P, limit: number): Chunk<Bindings<P, T>>
  match<R>(caller: Caller, from: Continuation<R> | typeof END_OF_TABLE): Chunk<R>
  match(caller: Caller, what: Walked<T>, limit?: number): unknown {
    return this.#walk(caller, 'forward', what, undefined, (bindings) => bindings, limit)
  }

  /** The objects that match `pattern`; otherwise as match. */
  matchObject<const P extends Pattern<T>>(caller: Caller, pattern: P): T[]
  matchObject<const P extends Pattern<T>>(caller: Caller, pattern: P, limit: number): Chunk<T>
  matchObject<R>(caller: Caller, from: Continuation<R> | typeof END_OF_TABLE): Chunk<R>
  matchObject(caller: Caller, what: Walked<T>, limit?: number): unknown {
    return this.#walk(caller, 'forward', what, undefined, (_bindings, object) => object, limit)
  }

  /**
   * What `give` makes of each object that matches `pattern` and for whose variables `guard` holds, in the order of the
   * keys. What the two functions throw goes to the caller.
   *
   * With a limit it gives no more than that, and where to go on: `[found, next]`, or END_OF_TABLE when nothing more is
   * found. The table may change between two steps: what nobody touches is seen once, as nothing needs to be fixed here
   * (`safe_fixtable`). Each step needs the right to read, and the table to be there.
   *
   *     let at = rooms.select(this, pattern, guard, give, 100)
   *     for (; at !== END_OF_TABLE; at = rooms.select(this, at[1])) use(at[0])
   */
  select<const P extends Pattern<T>, R>(caller: Caller, ...selection: Selection<P, T, R>): R[]
  select<const P extends Pattern<T>, R>(caller: Caller, ...step: SelectionStep<P, T, R>): Chunk<R>
  select<R>(caller: Caller, from: Continuation<R> | typeof END_OF_TABLE): Chunk<R>
  select(caller: Caller, ...given: AnySelection<T>): unknown {
    return this.#walk(caller, 'forward', ...given)
  }

  /** As `select`, from the last key to the first; only an `ordered_set` has two directions, others go as `select`. */
  selectReverse<const P extends Pattern<T>, R>(caller: Caller, ...selection: Selection<P, T, R>): R[]
  selectReverse<const P extends Pattern<T>, R>(caller: Caller, ...step: SelectionStep<P, T, R>): Chunk<R>
  selectReverse<R>(caller: Caller, from: Continuation<R> | typeof END_OF_TABLE): Chunk<R>
  selectReverse(caller: Caller, ...given: AnySelection<T>): unknown {
    return this.#walk(caller, 'backward', ...given)
  }

  #walk(caller: Caller, direction: Direction, ...[what, guard, give, limit]: AnySelection<T>): unknown {
    this.mayRead(caller)
    if (what === END_OF_TABLE) return what
    if (what instanceof Continuation) {
      if (what.isOf(this.#objects)) return what.resume()
      throw fault('badarg', 'this is a continuation of another table')
    }
    const query = queryOf(what, guard, give, direction)
    return limit === undefined ? [...this.#objects.matching(query)] : this.#objects.chunk(query, limit)
  }

  /** How many objects match `pattern` and have `guard` hold. */
  selectCount<const P extends Pattern<T>>(caller: Caller, pattern: P, guard?: Guard<P, T>): number {
    this.mayRead(caller)
    let count = 0
    for (const _one of this.#objects.matching(queryOf(pattern, guard, () => true, 'forward'))) count++
    return count
  }

  /** Removes the objects that match and returns how many they were (`select_delete`, `match_delete`). */
  selectDelete<const P extends Pattern<T>>(caller: Caller, pattern: P, guard?: Guard<P, T>): number {
    this.mayWrite(caller)
    const { store } = this.#objects
    const found = [...this.#objects.matching(queryOf(pattern, guard, (_bindings, object: T) => object, 'forward'))]
    const before = store.size
    for (const object of found) store.removeObject(this.#objects.keyOf(object), object)
    return before - store.size
  }

  /**
   * Puts what `give` makes of each object that matches in its place, all or none, and returns how many they were. Not
   * for a bag.
   * @throws Fault `badarg` for an object with another key.
   */
  selectReplace<const P extends Pattern<T>>(
    caller: Caller,
    pattern: P,
    guard: Guard<P, T> | undefined,
    give: (bindings: Bindings<P, T>, object: T) => T,
  ): number {
    this.mayWrite(caller)
    return this.#objects.replaceMatching(queryOf(pattern, guard, give, 'forward'))
  }
}

/** A key with its objects, or that there is no further one. */
export type KeyAndObjects<K, T> = readonly [key: K, objects: T[]] | typeof END_OF_TABLE

type AnyGuard = ((bindings: never) => boolean) | undefined
type AnyGive<T, R = unknown> = (bindings: never, object: T) => R
/** What a walk begins with: a pattern, or where another left off. */
type Walked<T> = Pattern<T> | Continuation<unknown> | typeof END_OF_TABLE
type AnySelection<T> = readonly [what: Walked<T>, guard?: AnyGuard, give?: AnyGive<T>, limit?: number | undefined]

/** What is selected: objects that match `pattern` and for which `guard` holds; `give` says what is given of each. */
type Selection<P, T, R> = readonly [
  pattern: P,
  guard: Guard<P, T> | undefined,
  give: (bindings: Bindings<P, T>, object: T) => R,
]
/** The same, at most `limit` at a time. */
type SelectionStep<P, T, R> = readonly [...selection: Selection<P, T, R>, limit: number]

/** @throws Fault `badarg` for a guard or a result that is no function. */
function queryOf<P, T, R>(
  pattern: P,
  guard: AnyGuard,
  give: AnyGive<T, R> | undefined,
  direction: Direction,
): Query<P, T, R> {
  if (guard !== undefined && typeof guard !== 'function')
    throw fault('badarg', 'a guard is a function of the variables')
  if (typeof give !== 'function') throw fault('badarg', 'what is given of an object is told by a function')
  // The overloads say what the variables of a pattern stand for: here it is any.
  const functions = { guard, give } as unknown as Pick<Query<P, T, R>, 'guard' | 'give'>
  return { pattern, ...functions, direction }
}

function mustBeText(name: unknown): string {
  if (typeof name === 'string') return name
  throw fault('badarg', 'a named table is Table.named(text)')
}
