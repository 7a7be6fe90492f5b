/**
 * A queue in a circular array, and a list that can lose any of its members:
 *
 *     capacity 8        head                tail
 *       . . a b c . . .    a is shifted next, a new value lands behind c
 *
 * The capacity is a power of two, so an index wraps with a mask. It doubles when full and never shrinks: an emptied
 * ring is meant to be handed back to a pool (see mailbox.ts) or dropped.
 */
export class Ring<T> {
  #slots: (T | undefined)[]
  #mask: number
  #head = 0
  #size = 0

  /** `capacity` must be a power of two. */
  constructor(capacity: number) {
    this.#slots = new Array(capacity)
    this.#mask = capacity - 1
  }

  get size(): number {
    return this.#size
  }

  get capacity(): number {
    return this.#mask + 1
  }

  push(value: T): void {
    if (this.#size > this.#mask) this.#grow()
    this.#slots[(this.#head + this.#size) & this.#mask] = value
    this.#size++
  }

  /** Removes and returns the oldest value; `undefined` when there is none, so look at `size` first. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const value = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.#size--
    return value
  }

  /** The value at `index`, counted from the oldest. */
  at(index: number): T | undefined {
    return this.#slots[(this.#head + index) & this.#mask]
  }

  /** The values, oldest first. */
  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#size; i++) yield this.at(i) as T
  }

  /** Removes the value at `index`, keeping the order of the rest. Costs the distance to the nearer end. */
  removeAt(index: number): T | undefined {
    const value = this.at(index)
    if (index < this.#size >> 1) {
      for (let i = index; i > 0; i--) this.#set(i, this.at(i - 1))
      this.shift()
    } else {
      for (let i = index; i < this.#size - 1; i++) this.#set(i, this.at(i + 1))
      this.#set(--this.#size, undefined)
    }
    return value
  }

  #set(index: number, value: T | undefined): void {
    this.#slots[(this.#head + index) & this.#mask] = value
  }

  #grow(): void {
    const old = this.#slots
    const slots = new Array<T | undefined>(old.length * 2)
    for (let i = 0; i < old.length; i++) slots[i] = old[(this.#head + i) & this.#mask]
    this.#slots = slots
    this.#mask = slots.length - 1
    this.#head = 0
  }
}
