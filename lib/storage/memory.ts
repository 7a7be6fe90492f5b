import type { Change, Disk, Range, Row } from './disk.ts'
import { openStorage } from './ordered-storage.ts'
import type { OwnedStorage } from './port.ts'
import { SortedRows } from './sorted-rows.ts'

/**
 * A storage that lasts as long as its OS process: for tests, examples and simulations. It makes the same promises as
 * the others but the one that something survives.
 */
export function openMemoryStorage(): Promise<OwnedStorage> {
  return openStorage(openMemoryDisk())
}

/** The rows alone. */
export function openMemoryDisk(): Disk {
  return new MemoryDisk()
}

/** A disk whose flush has nothing to do. */
class MemoryDisk implements Disk {
  readonly #rows = new SortedRows()

  get(key: string): string | undefined {
    return this.#rows.get(key)
  }

  range(range: Range): readonly Row[] {
    return this.#rows.range(range)
  }

  async write(batch: Parameters<Disk['write']>[0]): Promise<void> {
    const undo: Change[] = []
    try {
      batch(this.#rows, (changes) => {
        for (const { key, value } of changes) {
          undo.push({ key, value: this.#rows.get(key) ?? null })
          this.#rows.set(key, value)
        }
      })
    } catch (reason) {
      for (const { key, value } of undo.reverse()) this.#rows.set(key, value)
      throw reason
    }
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
