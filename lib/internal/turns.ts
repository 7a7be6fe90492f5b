/** Runs what concerns one thing one after the other: each waits for the one before, whatever came of that. */
export class Turns<K extends object> {
  /** Of each thing the last that was begun, settled or not. */
  readonly #last = new WeakMap<K, Promise<void>>()

  /** Calls `run` when all that was asked for `key` before is settled, and resolves or rejects as it does. */
  take<T>(key: K, run: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(run)
    const settled = () => {}
    this.#last.set(key, mine.then(settled, settled))
    return mine
  }
}
