import type { Change, Disk, Range, Row } from '../../lib/storage/index.ts'
import { SortedRows } from '../../lib/storage/sorted-rows.ts'

/**
 * A disk with a cache that a power cut empties. `pause` is awaited wherever a real disk takes its time, so whoever
 * resolves it decides what happens in between. A disk that `lies` reports a flush and does none.
 */
export class LossyDisk implements Disk {
  pause: (what: string) => Promise<void> = async () => {}
  flushes = 0
  readonly #lies: boolean
  readonly #cached = new SortedRows()
  readonly #durable: Change[]
  #unflushed: Change[][] = []

  constructor({ durable = [], lies = false }: { durable?: readonly Change[]; lies?: boolean } = {}) {
    this.#lies = lies
    this.#durable = [...durable]
    for (const { key, value } of durable) this.#cached.set(key, value)
  }

  get(key: string): string | undefined {
    return this.#cached.get(key)
  }

  range(range: Range): readonly Row[] {
    return this.#cached.range(range)
  }

  async write(batch: Parameters<Disk['write']>[0]): Promise<void> {
    await this.pause('before the batch')
    const written: Change[] = []
    batch(this, (changes) => {
      for (const { key, value } of changes) this.#cached.set(key, value)
      written.push(...changes)
    })
    this.#unflushed.push(written)
    await this.pause('after the batch')
  }

  async flush(): Promise<void> {
    const flushing = this.#unflushed.length
    await this.pause('before the flush')
    if (!this.#lies) this.#durable.push(...this.#unflushed.splice(0, flushing).flat())
    this.flushes++
    await this.pause('after the flush')
  }

  async close(): Promise<void> {}

  /** The power goes: what is left is what was flushed, and of the batches that were not, the first `survivors`. */
  cutPower(survivors: number): LossyDisk {
    this.pause = () => new Promise(() => {})
    return new LossyDisk({ durable: [...this.#durable, ...this.#unflushed.slice(0, survivors).flat()] })
  }
}
