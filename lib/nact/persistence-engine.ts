import { fault } from '../internal/errors.ts'
import { NACT_KEY_CHARACTERS, RECORD_CHARACTERS } from '../internal/limits.ts'
import { eventStream } from './event-stream.ts'
import type { EventStream, PersistedEvent, PersistedSnapshot, PersistenceEngine } from './nact.ts'

/** What keeps the events and snapshots of actors, as texts, under the actors' keys. */
export interface EventStore {
  /** Keeps an event for good; false, and nothing kept, when there is one with this number. */
  append(key: string, sequence: number, event: string): Promise<boolean>
  /** The events with numbers from `from` on in their order, page by page. */
  pages(key: string, from: number): AsyncIterable<readonly string[]>
  /** Keeps the snapshot for good, in the place of the one before. */
  saveSnapshot(key: string, snapshot: string): Promise<void>
  snapshot(key: string): Promise<string | undefined>
}

/** nact's engine on any store: what is asked of it is checked, written as JSON and read back here. */
export function engineOn(store: EventStore): PersistenceEngine {
  return new Engine(store)
}

class Engine implements PersistenceEngine {
  readonly #store: EventStore

  constructor(store: EventStore) {
    this.#store = store
  }

  events(key: string, offset = 0, limit: number = Number.POSITIVE_INFINITY, tags: readonly string[] = []): EventStream {
    return eventStream((of, from) => this.#pages(of, from), { key, offset, limit, tags })
  }

  async latestSnapshot(key: string): Promise<PersistedSnapshot> {
    const text = await this.#store.snapshot(mustBeKey(key))
    return (text === undefined ? undefined : JSON.parse(text)) as PersistedSnapshot
  }

  async takeSnapshot(snapshot: PersistedSnapshot): Promise<void> {
    await this.#store.saveSnapshot(mustBeKey(snapshot.key), textOf(snapshot))
  }

  async persist(event: PersistedEvent): Promise<void> {
    const { key, sequenceNumber } = event
    if (await this.#store.append(mustBeKey(key), sequenceNumber, textOf(event))) return
    throw fault('event_exists', `${sequenceNumber} of ${key}`)
  }

  async *#pages(key: string, from: number): AsyncGenerator<readonly PersistedEvent[]> {
    for await (const page of this.#store.pages(mustBeKey(key), from)) {
      yield page.map((event) => JSON.parse(event) as PersistedEvent)
    }
  }
}

function mustBeKey(key: string): string {
  if (key.length > NACT_KEY_CHARACTERS || key.includes('\0')) {
    throw fault('badarg', `a persistence key has at most ${NACT_KEY_CHARACTERS} characters, none of them zero`)
  }
  return key
}

function textOf(record: PersistedEvent | PersistedSnapshot): string {
  const text = JSON.stringify(record)
  if (text.length > RECORD_CHARACTERS) throw fault('badarg', `an event has at most ${RECORD_CHARACTERS} characters`)
  return text
}
