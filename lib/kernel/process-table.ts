import type { Process } from './process.ts'

const PAGE_SLOTS = 64

class Page {
  live = 0
  readonly slots: (Process | undefined)[] = new Array(PAGE_SLOTS).fill(undefined)
}

/**
 * The processes of a node by their ids. Ids only grow, so they are kept in pages of 64:
 *
 *     pages   0 ──> [p1 p2 . p4 ...]    3 ──> [. . p195 ...]    7 ──> [p448 ...]  the newest, where ids are given out
 *
 * A page goes when its last process has, unless it is the newest. A plain map of ids would shrink and grow, and hash
 * itself anew, for ever while processes come and go: that was a quarter of the cost of starting and stopping one.
 */
export class ProcessTable {
  readonly #pages = new Map<number, Page>()
  #newest = new Page()
  #newestNumber = 0
  #size = 0

  constructor() {
    this.#pages.set(0, this.#newest)
  }

  get size(): number {
    return this.#size
  }

  get(id: number): Process | undefined {
    return this.#page(id)?.slots[id % PAGE_SLOTS]
  }

  /** `id` must be higher than all before. */
  add(id: number, process: Process): void {
    const page = this.#page(id) ?? this.#open(Math.floor(id / PAGE_SLOTS))
    page.slots[id % PAGE_SLOTS] = process
    page.live++
    this.#size++
  }

  delete(id: number): void {
    const page = this.#page(id)
    if (page?.slots[id % PAGE_SLOTS] === undefined) return
    page.slots[id % PAGE_SLOTS] = undefined
    this.#size--
    if (--page.live === 0 && page !== this.#newest) this.#pages.delete(Math.floor(id / PAGE_SLOTS))
  }

  /** All of them, oldest first, as they are now. */
  list(): Process[] {
    const all: Process[] = []
    for (const { slots } of this.#pages.values())
      for (const process of slots) if (process !== undefined) all.push(process)
    return all
  }

  #page(id: number): Page | undefined {
    const number = Math.floor(id / PAGE_SLOTS)
    return number === this.#newestNumber ? this.#newest : this.#pages.get(number)
  }

  #open(number: number): Page {
    if (this.#newest.live === 0) this.#pages.delete(this.#newestNumber)
    this.#newest = new Page()
    this.#newestNumber = number
    this.#pages.set(number, this.#newest)
    return this.#newest
  }
}
