import { fault } from '../internal/errors.ts'
import { EVENTS_PER_READ } from '../internal/limits.ts'
import type { Disk } from '../storage/disk.ts'
import { eventStream } from './event-stream.ts'
import type { EventStream, PersistedEvent, PersistedSnapshot, PersistenceEngine } from './nact.ts'
import { keyOf, textOf } from './persisted.ts'

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
  return new DiskEngine(disk)
}

class DiskEngine implements PersistenceEngine {
  readonly #disk: Disk

  constructor(disk: Disk) {
    this.#disk = disk
  }

  events(key: string, offset = 0, limit: number = Number.POSITIVE_INFINITY, tags: readonly string[] = []): EventStream {
    return eventStream((of, from) => this.#pages(of, from), { key, offset, limit, tags })
  }

  async latestSnapshot(key: string): Promise<PersistedSnapshot> {
    const row = this.#disk.get(`s${bytesOf(key)}`)
    return (row === undefined ? undefined : JSON.parse(row)) as PersistedSnapshot
  }

  async takeSnapshot(snapshot: PersistedSnapshot): Promise<void> {
    const value = textOf(snapshot)
    await this.#disk.write((_view, apply) => apply([{ key: `s${bytesOf(snapshot.key)}`, value }]))
    await this.#disk.flush()
  }

  async persist(event: PersistedEvent): Promise<void> {
    const key = eventKey(event.key, event.sequenceNumber)
    const value = textOf(event)
    await this.#disk.write((view, apply) => {
      if (view.get(key) !== undefined) throw fault('event_exists', `${event.sequenceNumber} of ${event.key}`)
      apply([{ key, value }])
    })
    await this.#disk.flush()
  }

  async *#pages(key: string, start: number): AsyncGenerator<readonly PersistedEvent[]> {
    let from = eventKey(key, start)
    const to = eventKey(key, Number.MAX_SAFE_INTEGER)
    for (;;) {
      const rows = this.#disk.range({ from, to, limit: EVENTS_PER_READ })
      const events = rows.map(({ value }) => JSON.parse(value) as PersistedEvent)
      yield events
      if (rows.length < EVENTS_PER_READ) return
      from = eventKey(key, events.at(-1)!.sequenceNumber + 1)
    }
  }
}

function eventKey(key: string, sequence: number): string {
  return `e${bytesOf(key)}\0${sequence.toString(16).padStart(16, '0')}`
}

/** The keys of a disk are bytes; a zero ends an actor's own. */
function bytesOf(key: string): string {
  return Buffer.from(keyOf(key)).toString('latin1')
}
