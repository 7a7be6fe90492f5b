import type { END_OF_TABLE } from './table-store.ts'

/** What a step of a walk found, at most as many as its limit, and how to go on; or that nothing was left. */
export type Chunk<R> = readonly [found: R[], next: Continuation<R> | typeof END_OF_TABLE] | typeof END_OF_TABLE

/**
 * Where a `select`, `match` or `matchObject` with a limit goes on. It is a value: used twice it gives the same, as far
 * as the table is. It belongs to its table, and keeps alive no more of it than the object it stands behind, the objects
 * of the same key that are to come, and the places of keys that have been deleted before it.
 */
export class Continuation<out R> {
  readonly #objects: object
  readonly #resume: () => Chunk<R>

  /** @internal */
  constructor(objects: object, resume: () => Chunk<R>) {
    this.#objects = objects
    this.#resume = resume
  }

  /** @internal */
  isOf(objects: object): boolean {
    return this.#objects === objects
  }

  /** @internal */
  resume(): Chunk<R> {
    return this.#resume()
  }
}
