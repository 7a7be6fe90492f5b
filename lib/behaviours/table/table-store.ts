import { fault } from '../../internal/errors.ts'
import { equalTerms } from '../../kernel/term.ts'
import { termKey } from '../../kernel/term-key.ts'

/** What `first`, `next` and the like give when there is no further key (`'$end_of_table'`). */
export const END_OF_TABLE: unique symbol = Symbol('END_OF_TABLE')

/** Which way a walk goes. Only an `ordered_set` has two. */
export type Direction = 'forward' | 'backward'

/** The objects of one key, as a walk meets them. */
export interface Group<T> {
  readonly key: unknown
  /** The oldest first. */
  readonly objects: readonly T[]
}

export type TableType = 'set' | 'ordered_set' | 'bag' | 'duplicate_bag'

/** Where a table keeps its objects. It knows nothing of processes; each operation is carried out whole. */
export interface TableStore<T> {
  readonly size: number
  has(key: unknown): boolean
  /** The objects under a key, the oldest first. */
  get(key: unknown): readonly T[]
  /** How many objects more there would be with this one. */
  growth(key: unknown, object: T): number
  put(key: unknown, object: T): void
  /** Removes a key and gives what was there. */
  remove(key: unknown): readonly T[]
  /** Removes what is equal to `object`. */
  removeObject(key: unknown, object: T): void
  clear(): void
  first(): unknown
  last(): unknown
  /** @throws Fault `badarg` when the table has no order and no such key. */
  next(key: unknown): unknown
  /** @throws Fault `badarg` when the table has no order and no such key. */
  previous(key: unknown): unknown
  /** Has a key that is there hold these objects, which are as many as before. */
  exchange(key: unknown, objects: readonly T[]): void
  /** The group of a key, if it is there. */
  group(key: unknown): readonly Group<T>[]
  /**
   * All groups, or those behind one that was met before, be it removed since. Those that are added or removed meanwhile
   * may be among them or not; each other is met once.
   */
  groups(behind: Group<T> | undefined, direction: Direction): Iterable<Group<T>>
}

/** The objects of one key, and its place among the keys. */
interface Slot<T> {
  readonly key: unknown
  objects: T[]
  removed: boolean
  next: Slot<T> | undefined
  previous: Slot<T> | undefined
}

/**
 * A store that finds keys by hash. Its keys are chained in the order in which they came, so that `next` is a step:
 *
 *     by key   'lobby' ─> slot { [object, ...] } <──> slot { [object] } <──> ...
 *
 * A slot that is removed keeps its `previous`, so a walk that stands on it finds its way: keys are added at the end
 * only, so what follows the nearest slot before it that is left is what follows it. It holds nothing that comes later,
 * which a walk that rests would keep alive.
 */
export class HashStore<T> implements TableStore<T> {
  readonly #type: Exclude<TableType, 'ordered_set'>
  readonly #slots = new Map<unknown, Slot<T>>()
  #head: Slot<T> | undefined
  #tail: Slot<T> | undefined
  #size = 0

  constructor(type: Exclude<TableType, 'ordered_set'>) {
    this.#type = type
  }

  get size(): number {
    return this.#size
  }

  has(key: unknown): boolean {
    return this.#slots.has(termKey(key))
  }

  get(key: unknown): readonly T[] {
    return this.#slots.get(termKey(key))?.objects ?? []
  }

  growth(key: unknown, object: T): number {
    const slot = this.#slots.get(termKey(key))
    if (slot === undefined || this.#type === 'duplicate_bag') return 1
    return this.#type === 'set' || holds(slot, object) ? 0 : 1
  }

  put(key: unknown, object: T): void {
    const mapKey = termKey(key)
    const slot = this.#slots.get(mapKey)
    if (slot === undefined)
      this.#append(mapKey, { key, objects: [object], removed: false, next: undefined, previous: undefined })
    else if (this.#type === 'set') slot.objects[0] = object
    else if (this.#type === 'duplicate_bag' || !holds(slot, object)) {
      slot.objects.push(object)
      this.#size++
    }
  }

  remove(key: unknown): readonly T[] {
    const mapKey = termKey(key)
    const slot = this.#slots.get(mapKey)
    if (slot === undefined) return []
    const { objects } = slot
    this.#unchain(mapKey, slot)
    this.#size -= objects.length
    return objects
  }

  removeObject(key: unknown, object: T): void {
    const mapKey = termKey(key)
    const slot = this.#slots.get(mapKey)
    if (slot === undefined) return
    const kept = slot.objects.filter((other) => !equalTerms(other, object))
    this.#size -= slot.objects.length - kept.length
    if (kept.length === 0) this.#unchain(mapKey, slot)
    else slot.objects = kept
  }

  exchange(key: unknown, objects: readonly T[]): void {
    const slot = this.#slots.get(termKey(key))
    if (slot === undefined) return
    this.#size += objects.length - slot.objects.length
    slot.objects = [...objects]
  }

  group(key: unknown): readonly Group<T>[] {
    const slot = this.#slots.get(termKey(key))
    return slot === undefined ? [] : [slot]
  }

  clear(): void {
    for (const [mapKey, slot] of this.#slots) this.#unchain(mapKey, slot)
    this.#size = 0
  }

  first(): unknown {
    return keyOf(this.#head)
  }

  /** As in ETS, a table without an order has one direction: its last key is its first, `previous` is `next`. */
  last(): unknown {
    return this.first()
  }

  next(key: unknown): unknown {
    const slot = this.#slots.get(termKey(key))
    if (slot === undefined) throw fault('badarg', 'the table has no such key; only an ordered_set goes on from any')
    return keyOf(slot.next)
  }

  previous(key: unknown): unknown {
    return this.next(key)
  }

  *groups(behind: Group<T> | undefined): Iterable<Group<T>> {
    for (let slot = this.#behind(behind as Slot<T> | undefined); slot !== undefined; slot = this.#behind(slot)) {
      yield slot
    }
  }

  #behind(slot: Slot<T> | undefined): Slot<T> | undefined {
    let left = slot
    while (left?.removed) left = left.previous
    return left === undefined ? this.#head : left.next
  }

  #append(mapKey: unknown, slot: Slot<T>): void {
    this.#slots.set(mapKey, slot)
    slot.previous = this.#tail
    if (this.#tail === undefined) this.#head = slot
    else this.#tail.next = slot
    this.#tail = slot
    this.#size++
  }

  #unchain(mapKey: unknown, slot: Slot<T>): void {
    const { previous, next } = slot
    this.#slots.delete(mapKey)
    slot.removed = true
    slot.objects = []
    slot.next = undefined
    if (previous === undefined) this.#head = next
    else previous.next = next
    if (next === undefined) this.#tail = previous
    else next.previous = previous
  }
}

function holds<T>(slot: Slot<T>, object: T): boolean {
  return slot.objects.some((other) => equalTerms(other, object))
}

function keyOf(slot: Slot<unknown> | undefined): unknown {
  return slot === undefined ? END_OF_TABLE : slot.key
}
