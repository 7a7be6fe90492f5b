import { equalTerms } from '../../kernel/term.ts'
import { compareTerms } from '../../kernel/term-order.ts'
import { type Direction, END_OF_TABLE, type Group, type TableStore } from './table-store.ts'

/** A key and its one object. */
class Entry<T> implements Group<T> {
  readonly key: unknown
  readonly object: T

  constructor(key: unknown, object: T) {
    this.key = key
    this.object = object
  }

  get objects(): readonly T[] {
    return [this.object]
  }
}

/** Entries of a block, at most; then it is cut in two. */
const BLOCK_ENTRIES = 256

/**
 * A store that keeps its keys in the order of terms, in sorted blocks:
 *
 *     [ 1 3 4 ] [ 7 9 ] [ 12 15 20 ]       a key is found by halving, first among the blocks, then within one
 *
 * An insertion moves the entries behind it within one block only. No block is empty.
 */
export class OrderedStore<T> implements TableStore<T> {
  #blocks: Entry<T>[][] = []
  #size = 0
  /** Grows with each change of the keys: a walk looks whether its place is still right. */
  #version = 0

  get size(): number {
    return this.#size
  }

  has(key: unknown): boolean {
    return this.#find(key) !== undefined
  }

  get(key: unknown): readonly T[] {
    const entry = this.#find(key)
    return entry === undefined ? [] : [entry.object]
  }

  growth(key: unknown): number {
    return this.has(key) ? 0 : 1
  }

  put(key: unknown, object: T): void {
    const last = this.#blocks.length - 1
    const place = this.#seek(key)
    const block = this.#blocks[place.block]
    const found = block?.[place.index]
    if (block === undefined) {
      // Behind everything: at the end of the last block.
      if (last < 0) this.#blocks.push([new Entry(key, object)])
      else this.#insert(last, this.#blocks[last]!.length, new Entry(key, object))
    } else if (found !== undefined && compareTerms(found.key, key) === 0) {
      block[place.index] = new Entry(found.key, object)
      return
    } else this.#insert(place.block, place.index, new Entry(key, object))
    this.#size++
    this.#version++
  }

  remove(key: unknown): readonly T[] {
    const entry = this.#find(key)
    if (entry === undefined) return []
    const place = this.#seek(key)
    const block = this.#blocks[place.block]!
    block.splice(place.index, 1)
    if (block.length === 0) this.#blocks.splice(place.block, 1)
    this.#size--
    this.#version++
    return [entry.object]
  }

  removeObject(key: unknown, object: T): void {
    const entry = this.#find(key)
    if (entry !== undefined && equalTerms(entry.object, object)) this.remove(key)
  }

  clear(): void {
    this.#blocks = []
    this.#size = 0
    this.#version++
  }

  first(): unknown {
    return keyOf(this.#blocks[0]?.[0])
  }

  last(): unknown {
    return keyOf(this.#blocks.at(-1)?.at(-1))
  }

  next(key: unknown): unknown {
    return keyOf(this.#entry(this.#after(key)))
  }

  previous(key: unknown): unknown {
    return keyOf(this.#entry(this.#stepBack(this.#seek(key))))
  }

  exchange(key: unknown, [object]: readonly T[]): void {
    if (object !== undefined && this.has(key)) this.put(key, object)
  }

  group(key: unknown): readonly Group<T>[] {
    const entry = this.#find(key)
    return entry === undefined ? [] : [entry]
  }

  *groups(behind: Group<T> | undefined, direction: Direction): Iterable<Group<T>> {
    const isForward = direction === 'forward'
    const beyond = (key: unknown) => (isForward ? this.#after(key) : this.#stepBack(this.#seek(key)))
    const end = isForward ? { block: 0, index: 0 } : this.#stepBack({ block: this.#blocks.length, index: 0 })
    let place: Place = behind === undefined ? end : beyond(behind.key)
    let version = this.#version
    for (let entry = this.#entry(place); entry !== undefined; entry = this.#entry(place)) {
      yield entry
      if (version === this.#version) place = isForward ? this.#step(place) : this.#stepBack(place)
      else {
        place = beyond(entry.key)
        version = this.#version
      }
    }
  }

  #insert(at: number, index: number, entry: Entry<T>): void {
    const block = this.#blocks[at]!
    block.splice(index, 0, entry)
    if (block.length > BLOCK_ENTRIES) this.#blocks.splice(at + 1, 0, block.splice(BLOCK_ENTRIES / 2))
  }

  #find(key: unknown): Entry<T> | undefined {
    const entry = this.#entry(this.#seek(key))
    return entry !== undefined && compareTerms(entry.key, key) === 0 ? entry : undefined
  }

  #entry({ block, index }: Place): Entry<T> | undefined {
    return this.#blocks[block]?.[index]
  }

  /** The place of the first entry whose key is not below `key`; behind the last block when there is none. */
  #seek(key: unknown): Place {
    const block = firstWhere(this.#blocks.length, (i) => compareTerms(this.#blocks[i]!.at(-1)!.key, key) >= 0)
    const entries = this.#blocks[block] ?? []
    return { block, index: firstWhere(entries.length, (i) => compareTerms(entries[i]!.key, key) >= 0) }
  }

  /** The place of the first entry whose key is above `key`. */
  #after(key: unknown): Place {
    const place = this.#seek(key)
    const entry = this.#entry(place)
    return entry !== undefined && compareTerms(entry.key, key) === 0 ? this.#step(place) : place
  }

  #step({ block, index }: Place): Place {
    return index + 1 < (this.#blocks[block]?.length ?? 0) ? { block, index: index + 1 } : { block: block + 1, index: 0 }
  }

  #stepBack({ block, index }: Place): Place {
    return index > 0
      ? { block, index: index - 1 }
      : { block: block - 1, index: (this.#blocks[block - 1]?.length ?? 1) - 1 }
  }
}

interface Place {
  readonly block: number
  readonly index: number
}

/** The first of the numbers from 0 to below `end` for which `holds`, which stays true once it is; else `end`. */
function firstWhere(end: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, end]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

function keyOf(entry: Entry<unknown> | undefined): unknown {
  return entry === undefined ? END_OF_TABLE : entry.key
}
