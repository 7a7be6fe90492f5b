import type { Process } from '../kernel/process.ts'

/**
 * What each process holds of something, owned by the process (`Context.own`): it goes as the process's name does, when
 * it ends, before its links and monitors hear of it.
 */
export class Holdings<T> {
  readonly #held = new Map<Process, Holding<T>>()
  readonly #released: (process: Process, items: ReadonlySet<T>) => void

  /** `released` is called with what a process held when it has ended; nothing is held for it any more then. */
  constructor(released: (process: Process, items: ReadonlySet<T>) => void) {
    this.#released = released
  }

  /** What a process holds, in the order it was added; undefined when it never held anything. */
  of(process: Process): ReadonlySet<T> | undefined {
    return this.#held.get(process)?.items
  }

  /** The processes that hold, or held, something. */
  processes(): Iterable<Process> {
    return this.#held.keys()
  }

  /** A holding is kept until its process ends, also when it is empty: what a process owns cannot be taken back. */
  add(process: Process, item: T): void {
    let holding = this.#held.get(process)
    if (holding === undefined) {
      holding = process.own(new Holding<T>((items) => this.#release(process, items)))
      this.#held.set(process, holding)
    }
    holding.items.add(item)
  }

  delete(process: Process, item: T): void {
    this.#held.get(process)?.items.delete(item)
  }

  #release(process: Process, items: ReadonlySet<T>): void {
    this.#held.delete(process)
    this.#released(process, items)
  }
}

class Holding<T> implements Disposable {
  readonly items: Set<T> = new Set()
  readonly #release: (items: ReadonlySet<T>) => void

  constructor(release: (items: ReadonlySet<T>) => void) {
    this.#release = release
  }

  [Symbol.dispose](): void {
    this.#release(this.items)
  }
}
