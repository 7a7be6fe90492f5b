import type { Range, Row, View } from './disk.ts'

/** Keys that a leaf holds before it is split in two. */
const LEAF_KEYS = 512

/**
 * An ordered map in memory: the values in a hash map, and the keys, in order, in leaves of bounded length. An insert
 * moves at most one leaf's keys, so it stays cheap where one sorted array would move them all.
 */
export class SortedRows implements View {
  readonly #values = new Map<string, string>()
  /** Never an empty leaf, but when there are no rows at all. */
  readonly #leaves: string[][] = [[]]

  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  /** Sets the row, or removes it (null). */
  set(key: string, value: string | null): void {
    const known = this.#values.has(key)
    if (value === null) {
      this.#values.delete(key)
      if (known) this.#removeKey(key)
    } else {
      this.#values.set(key, value)
      if (!known) this.#insertKey(key)
    }
  }

  range({ from, to, limit, reverse = false }: Range): readonly Row[] {
    const rows: Row[] = []
    const step = reverse ? -1 : 1
    let at = this.#leafOf(reverse ? to : from)
    let leaf = this.#leaves[at]!
    let index = firstAtLeast(leaf, reverse ? to : from) - (reverse ? 1 : 0)
    while (rows.length < limit) {
      const key = leaf[index]
      if (key === undefined) {
        at += step
        const neighbour = this.#leaves[at]
        if (neighbour === undefined) break
        leaf = neighbour
        index = reverse ? leaf.length - 1 : 0
        continue
      }
      if (reverse ? key < from : key >= to) break
      rows.push({ key, value: this.#values.get(key)! })
      index += step
    }
    return rows
  }

  #insertKey(key: string): void {
    const at = this.#leafOf(key)
    const leaf = this.#leaves[at]!
    leaf.splice(firstAtLeast(leaf, key), 0, key)
    if (leaf.length > LEAF_KEYS) this.#leaves.splice(at + 1, 0, leaf.splice(LEAF_KEYS / 2))
  }

  #removeKey(key: string): void {
    const at = this.#leafOf(key)
    const leaf = this.#leaves[at]!
    leaf.splice(firstAtLeast(leaf, key), 1)
    if (leaf.length === 0 && this.#leaves.length > 1) this.#leaves.splice(at, 1)
  }

  /** The leaf in which `key` is or would be: the last one that does not begin after it. */
  #leafOf(key: string): number {
    let low = 0
    let high = this.#leaves.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#leaves[middle]![0]! <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** The index of the first key that is not less than `key`. */
function firstAtLeast(leaf: readonly string[], key: string): number {
  let low = 0
  let high = leaf.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (leaf[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
