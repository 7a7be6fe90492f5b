import { fault } from '../../internal/errors.ts'
import { describe } from '../../kernel/exit.ts'
import { equalTerms } from '../../kernel/term.ts'
import { type Bindings, type Guard, matchTerm, Variable } from '../match-pattern.ts'
import { type Chunk, Continuation } from './table-continuation.ts'
import {
  type CounterUpdate,
  counted,
  type ElementChange,
  elementOf,
  type Position,
  withElement,
} from './table-counter.ts'
import type { CheckedOptions } from './table-options.ts'
import { OrderedStore } from './table-ordered-store.ts'
import { type Direction, END_OF_TABLE, type Group, HashStore, type TableStore } from './table-store.ts'

/** What is looked for, what is made of each object that is found, and which way the walk goes. */
export interface Query<P, T, R> {
  readonly pattern: P
  readonly guard: Guard<P, T> | undefined
  readonly give: (bindings: Bindings<P, T>, object: T) => R
  readonly direction: Direction
}

/** Where a walk stands: it has done with all groups up to `behind`, except for `rest`, the last objects of that one. */
interface Stand<T> {
  readonly behind: Group<T> | undefined
  readonly rest: readonly T[]
  /** The pattern says the key, so nothing is looked at but `rest`. */
  readonly isOneKey: boolean
}

/**
 * The objects of a table and what is done with them: each operation whole, or not at all. It knows neither processes
 * nor who may do what; see table.ts.
 *
 *     insert, update, delete ──key of the object──> store
 *     match, select          ──a key in the pattern? ─ yes ──> its objects
 *                                                    └ no ───> all groups, in the order of the store
 */
export class TableObjects<T extends object, K> {
  readonly store: TableStore<T>
  readonly #options: CheckedOptions

  constructor(options: CheckedOptions) {
    this.#options = options
    this.store = storeOf(options)
  }

  keyOf(object: T): K {
    const { key } = this.#options
    if (typeof object !== 'object' || object === null) throw fault('badarg', 'an object is a tuple or a record')
    return (typeof key === 'function' ? key(object as never) : elementOf(object, key)) as K
  }

  get(key: K): readonly T[] {
    return this.store.get(key)
  }

  // --- changes

  putAll(objects: readonly T[]): void {
    const { store } = this
    const { limit } = this.#options
    const keyed = objects.map((object) => [this.keyOf(object), object] as const)
    let growth = 0
    for (const [key, object] of keyed) growth += store.growth(key, object)
    if (growth > 0 && store.size + growth > limit && store.size + this.#exactGrowth(keyed) > limit) {
      throw fault('system_limit', `the table holds ${limit} objects: delete some, or raise its limit`)
    }
    for (const [key, object] of keyed) store.put(key, object)
  }

  /** How many objects more there would be: of those that are new some may be alike. */
  #exactGrowth(keyed: readonly (readonly [K, T])[]): number {
    const fresh = storeOf<T>(this.#options)
    for (const [key, object] of keyed) if (this.store.growth(key, object) > 0) fresh.put(key, object)
    return fresh.size
  }

  /** False, and nothing is inserted, when one of the keys is there already. */
  putNew(objects: readonly T[]): boolean {
    if (objects.some((object) => this.store.has(this.keyOf(object)))) return false
    this.putAll(objects)
    return true
  }

  /** False when there is neither the key nor `initial`. */
  updateElements(key: K, changes: readonly ElementChange<T>[], initial: T | undefined): boolean {
    this.mustBeSet('updateElement')
    for (const one of changes) {
      if (!Array.isArray(one) || one.length !== 2) throw fault('badarg', 'a change is [position, value]')
    }
    const found = this.get(key)[0] ?? this.#withKey(initial, key)
    if (found === undefined) return false
    for (const [position] of changes) this.#mustNotBeKey(position)
    this.#replace(
      key,
      changes.reduce((object, [position, value]) => withElement(object, position, value), found),
    )
    return true
  }

  /** The new values of the counters. */
  count(key: K, update: number | CounterUpdate<T> | readonly CounterUpdate<T>[], initial: T | undefined): number[] {
    this.mustBeSet('updateCounter')
    const found = this.get(key)[0] ?? this.#withKey(initial, key)
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
    return values
  }

  mustBeSet(operation: string): void {
    const { type } = this.#options
    if (type === 'bag' || type === 'duplicate_bag') throw fault('badarg', `${operation} needs a set, not a ${type}`)
  }

  #replace(key: K, object: T): void {
    if (!equalTerms(this.keyOf(object), key)) throw fault('badarg', 'the key of an object cannot be updated')
    this.putAll([object])
  }

  #withKey(initial: T | undefined, key: K): T | undefined {
    const place = this.#options.key
    if (initial === undefined || typeof place === 'function') return initial
    return withElement(initial, place, key)
  }

  #counterUpdates(update: number | CounterUpdate<T> | readonly CounterUpdate<T>[]): readonly CounterUpdate<T>[] {
    if (Array.isArray(update)) return update.flatMap((one) => this.#counterUpdates(one))
    if (typeof update === 'object' && update !== null) return [update as CounterUpdate<T>]
    if (typeof update !== 'number') throw fault('badarg', 'an update is a number or { position, increment }')
    const { key } = this.#options
    if (typeof key !== 'number')
      throw fault('badarg', 'a counter of a record is updated by its name: { position, increment }')
    return [{ position: (key + 1) as Position<T>, increment: update }]
  }

  #mustNotBeKey(position: number | string): void {
    if (position === this.#options.key) throw fault('badarg', 'the key of an object cannot be updated')
  }

  // --- walks

  /** Each object, in the order of the store. Those that come or go meanwhile may be among them; no other twice. */
  *all(direction: Direction): Iterable<T> {
    for (const group of this.store.groups(undefined, direction)) yield* snapshot(group)
  }

  /** What `give` makes of each object that matches. */
  *matching<P, R>(query: Query<P, T, R>): Iterable<R> {
    const key = this.#keyIn(query.pattern)
    for (const object of key === undefined ? this.all(query.direction) : [...this.store.get(key[0])]) {
      const bindings = matched(query, object)
      if (bindings !== undefined) yield query.give(bindings, object)
    }
  }

  /** The first `limit` that match, and where to go on. */
  chunk<P, R>(query: Query<P, T, R>, limit: number): Chunk<R> {
    if (!Number.isInteger(limit) || limit < 1) throw fault('badarg', 'a limit is a number of objects, 1 or more')
    const key = this.#keyIn(query.pattern)
    const rest = key === undefined ? [] : [...this.store.get(key[0])]
    return this.#chunkFrom({ behind: undefined, rest, isOneKey: key !== undefined }, query, limit)
  }

  #chunkFrom<P, R>(from: Stand<T>, query: Query<P, T, R>, limit: number): Chunk<R> {
    const found: R[] = []
    for (const { behind, rest, isOneKey } of this.#stands(from, query.direction)) {
      for (const [index, object] of rest.entries()) {
        const bindings = matched(query, object)
        if (bindings === undefined) continue
        found.push(query.give(bindings, object))
        if (found.length === limit) {
          return [found, this.#continuation({ behind, rest: rest.slice(index + 1), isOneKey }, query, limit)]
        }
      }
    }
    return found.length === 0 ? END_OF_TABLE : [found, END_OF_TABLE]
  }

  /** Where a walk stands before the objects that are left at `from`, then before those of each group that follows. */
  *#stands(from: Stand<T>, direction: Direction): Iterable<Stand<T>> {
    yield from
    if (from.isOneKey) return
    for (const group of this.store.groups(from.behind, direction)) {
      yield { behind: group, rest: snapshot(group), isOneKey: false }
    }
  }

  /** A method of its own, so that the closure of a continuation keeps nothing alive but where the walk stands. */
  #continuation<P, R>(stand: Stand<T>, query: Query<P, T, R>, limit: number): Continuation<R> | typeof END_OF_TABLE {
    if (stand.isOneKey && stand.rest.length === 0) return END_OF_TABLE
    return new Continuation(this, () => this.#chunkFrom(stand, query, limit))
  }

  /** Puts what `give` makes of each object that matches in its place, and tells how many they were. */
  replaceMatching<P>(query: Query<P, T, T>): number {
    if (this.#options.type === 'bag') throw fault('badarg', 'selectReplace needs a set or a duplicate_bag, not a bag')
    const changed: (readonly [key: unknown, objects: readonly T[]])[] = []
    let count = 0
    const said = this.#keyIn(query.pattern)
    const groups = said === undefined ? this.store.groups(undefined, query.direction) : this.store.group(said[0])
    for (const { key, objects } of groups) {
      const before = count
      const after = Array.from(objects, (object) => {
        const bindings = matched(query, object)
        if (bindings === undefined) return object
        count++
        const next = query.give(bindings, object)
        if (equalTerms(this.keyOf(next), key)) return next
        throw fault('badarg', 'the key of an object cannot be replaced')
      })
      if (count > before) changed.push([key, after])
    }
    for (const [key, objects] of changed) this.store.exchange(key, objects)
    return count
  }

  /** The key that a pattern says, in a tuple, when it is a plain value: then only the objects of that key can match. */
  #keyIn(pattern: unknown): readonly [unknown] | undefined {
    const { key } = this.#options
    const isOpen = typeof pattern !== 'object' || pattern === null || pattern instanceof Variable
    if (isOpen || typeof key === 'function' || !Object.hasOwn(pattern, key)) return undefined
    const part = (pattern as Readonly<Record<number | string, unknown>>)[key]
    const isPlain = typeof part === 'string' || typeof part === 'number' || typeof part === 'bigint'
    return isPlain ? [part] : undefined
  }
}

function storeOf<T>({ type }: CheckedOptions): TableStore<T> {
  return type === 'ordered_set' ? new OrderedStore() : new HashStore(type)
}

function matched<P, T, R>({ pattern, guard }: Query<P, T, R>, object: T): Bindings<P, T> | undefined {
  const bindings = matchTerm(pattern, object) as Bindings<P, T> | undefined
  return bindings !== undefined && (guard === undefined || guard(bindings)) ? bindings : undefined
}

/** What a group holds now: what is made of its objects may change it. */
function snapshot<T>({ objects }: Group<T>): readonly T[] {
  return objects.length === 1 ? [objects[0]!] : [...objects]
}
