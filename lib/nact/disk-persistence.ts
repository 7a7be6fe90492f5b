import { fault } from '../internal/errors.ts'
import { EVENTS_PER_READ } from '../internal/limits.ts'
import type { Disk } from '../storage/disk.ts'
import type { PersistenceEngine } from './nact.ts'
import { type EventStore, engineOn } from './persistence-engine.ts'

/**
 * An engine for nact's `spawnPersistent` and `persistentQuery` on any `Disk` of `guildhall/storage`:
 *
 *     const disk = await openLmdbDisk('./events')
 *     const system = start(configurePersistence(persistOn(disk)))
 *
 * `persist` and `takeSnapshot` resolve when what they wrote survives a power cut. Rows, in the order of the disk:
 *
 *     e KEY 0 SEQUENCE     an event; the number as 16 hexadecimal digits
 *     s KEY                the newest snapshot
 *
 * Two actors with one key would overwrite each other's history: the second to persist a number gets `event_exists`, and
 * crashes with it.
 */
export function persistOn(disk: Disk): PersistenceEngine {
  if (typeof disk?.write !== 'function') throw fault('badarg', 'persistOn takes a Disk')
  return engineOn(new DiskStore(disk))
}

class DiskStore implements EventStore {
  readonly #disk: Disk

  constructor(disk: Disk) {
    this.#disk = disk
  }

  async append(key: string, sequence: number, value: string): Promise<boolean> {
    const row = eventKey(key, sequence)
    let isNew = false
    await this.#disk.write((view, apply) => {
      isNew = view.get(row) === undefined
      if (isNew) apply([{ key: row, value }])
    })
    await this.#disk.flush()
    return isNew
  }

  async *pages(key: string, start: number): AsyncGenerator<readonly string[]> {
    let from = eventKey(key, start)
    const to = eventKey(key, Number.MAX_SAFE_INTEGER)
    for (;;) {
      const rows = this.#disk.range({ from, to, limit: EVENTS_PER_READ })
      yield rows.map(({ value }) => value)
      if (rows.length < EVENTS_PER_READ) return
      from = `${rows.at(-1)!.key}\0`
    }
  }

  async saveSnapshot(key: string, value: string): Promise<void> {
    await this.#disk.write((_view, apply) => apply([{ key: `s${bytesOf(key)}`, value }]))
    await this.#disk.flush()
  }

  async snapshot(key: string): Promise<string | undefined> {
    return this.#disk.get(`s${bytesOf(key)}`)
  }
}

function eventKey(key: string, sequence: number): string {
  return `e${bytesOf(key)}\0${sequence.toString(16).padStart(16, '0')}`
}

/** The keys of a disk are bytes; a zero ends an actor's own. */
function bytesOf(key: string): string {
  return Buffer.from(key).toString('latin1')
}
