import { fault } from '../internal/errors.ts'
import { EVENTS_PER_READ, NACT_KEY_CHARACTERS, RECORD_CHARACTERS } from '../internal/limits.ts'
import type { Disk } from '../storage/disk.ts'
import type { EventStream, PersistedEvent, PersistedSnapshot, PersistenceEngine } from './nact.ts'

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

  /** The events of a key with numbers above `offset`, at most `limit`, those that have all of `tags`. */
  events(key: string, offset = 0, limit: number = Number.POSITIVE_INFINITY, tags: readonly string[] = []): EventStream {
    const read = (): Generator<readonly PersistedEvent[]> => this.#pages(key, offset, limit, tags)
    return {
      // biome-ignore lint/suspicious/noThenProperty: nact's EventStream is a PromiseLike by its type
      then: (resolve, reject) => collected(read).then(resolve as never, reject),
      reduce: (step, initial) => reduced(read, step, initial),
    } as EventStream
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

  *#pages(key: string, offset: number, limit: number, tags: readonly string[]): Generator<readonly PersistedEvent[]> {
    let from = eventKey(key, offset + 1)
    const to = eventKey(key, Number.MAX_SAFE_INTEGER)
    for (let left = limit; left > 0; ) {
      const rows = this.#disk.range({ from, to, limit: EVENTS_PER_READ })
      const events = rows.map(({ value }) => JSON.parse(value) as PersistedEvent)
      const wanted = events.filter((event) => tags.every((tag) => event.tags.includes(tag))).slice(0, left)
      yield wanted
      left -= wanted.length
      if (rows.length < EVENTS_PER_READ) return
      from = eventKey(key, events.at(-1)!.sequenceNumber + 1)
    }
  }
}

async function collected(read: () => Generator<readonly PersistedEvent[]>): Promise<PersistedEvent[]> {
  return [...read()].flat()
}

/** As Array.reduce, page by page: an accumulator that is a promise, as nact's are, is awaited before the next page. */
async function reduced<U>(
  read: () => Generator<readonly PersistedEvent[]>,
  step: (before: U, event: PersistedEvent, index: number) => U,
  initial: U,
): Promise<U> {
  let result = initial
  let index = 0
  for (const page of read()) {
    for (const event of page) result = step(result, event, index++)
    await result
  }
  return result
}

function eventKey(key: string, sequence: number): string {
  return `e${bytesOf(key)}\0${sequence.toString(16).padStart(16, '0')}`
}

/** The keys of a disk are bytes; the zero ends an actor's own. */
function bytesOf(key: string): string {
  if (key.length > NACT_KEY_CHARACTERS || key.includes('\0')) {
    throw fault('badarg', `a persistence key has at most ${NACT_KEY_CHARACTERS} characters, none of them zero`)
  }
  return Buffer.from(key).toString('latin1')
}

function textOf(record: object): string {
  const text = JSON.stringify(record)
  if (text.length > RECORD_CHARACTERS) throw fault('badarg', `an event has at most ${RECORD_CHARACTERS} characters`)
  return text
}
