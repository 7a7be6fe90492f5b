import { fault } from '../internal/errors.ts'
import { EVENTS_PER_PARTITION, EVENTS_PER_READ } from '../internal/limits.ts'
import type { Cassandra } from '../storage/cassandra.ts'
import { eventStream } from './event-stream.ts'
import type { EventStream, PersistedEvent, PersistedSnapshot, PersistenceEngine } from './nact.ts'
import { keyOf, textOf } from './persisted.ts'

/**
 * An engine for nact's `spawnPersistent` and `persistentQuery` on Cassandra:
 *
 *     const cassandra = await openCassandra({ contactPoints: ['db1'], localDataCenter: 'dc1', keyspace: 'actors' })
 *     const system = start(configurePersistence(await persistOnCassandra(cassandra)))
 *
 * Its two tables are made where they are not there:
 *
 *     nact_events      ((key, bucket), sequence) ─> event       a partition holds the events of 10,000 numbers
 *     nact_snapshots   (key) ─> snapshot                        the newest one
 *
 * `persist` resolves when a quorum has the event. It is a conditional write, four round trips within the data center,
 * so that of two actors with one key, on whatever machines, the second to persist a number gets `event_exists` and
 * crashes with it; the history stays that of the first. Nothing is ever deleted, and no tombstone is made.
 */
export async function persistOnCassandra(cassandra: Cassandra): Promise<PersistenceEngine> {
  for (const table of TABLES) await cassandra.execute(table)
  return new CassandraEngine(cassandra)
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS nact_events (key text, bucket bigint, sequence bigint, event text,
     PRIMARY KEY ((key, bucket), sequence))`,
  'CREATE TABLE IF NOT EXISTS nact_snapshots (key text PRIMARY KEY, snapshot text)',
]
const INSERT_EVENT = 'INSERT INTO nact_events (key, bucket, sequence, event) VALUES (?, ?, ?, ?) IF NOT EXISTS'
const SELECT_EVENTS = 'SELECT sequence, event FROM nact_events WHERE key = ? AND bucket = ? AND sequence >= ?'
const INSERT_SNAPSHOT = 'INSERT INTO nact_snapshots (key, snapshot) VALUES (?, ?)'
const SELECT_SNAPSHOT = 'SELECT snapshot FROM nact_snapshots WHERE key = ?'

class CassandraEngine implements PersistenceEngine {
  readonly #cassandra: Cassandra

  constructor(cassandra: Cassandra) {
    this.#cassandra = cassandra
  }

  events(key: string, offset = 0, limit: number = Number.POSITIVE_INFINITY, tags: readonly string[] = []): EventStream {
    return eventStream((of, from) => this.#pages(of, from), { key, offset, limit, tags })
  }

  async latestSnapshot(key: string): Promise<PersistedSnapshot> {
    const [row] = await this.#cassandra.execute<{ snapshot: string }>(SELECT_SNAPSHOT, [keyOf(key)])
    return (row === undefined ? undefined : JSON.parse(row.snapshot)) as PersistedSnapshot
  }

  async takeSnapshot(snapshot: PersistedSnapshot): Promise<void> {
    await this.#cassandra.execute(INSERT_SNAPSHOT, [keyOf(snapshot.key), textOf(snapshot)])
  }

  async persist(event: PersistedEvent): Promise<void> {
    const { key, sequenceNumber } = event
    const values = [keyOf(key), bucketOf(sequenceNumber), BigInt(sequenceNumber), textOf(event)]
    if (await this.#cassandra.applied(INSERT_EVENT, values)) return
    throw fault('event_exists', `${sequenceNumber} of ${key}`)
  }

  /** Partition after partition, until one has nothing: nact numbers the events of a key without gaps. */
  async *#pages(key: string, from: number): AsyncGenerator<readonly PersistedEvent[]> {
    const name = keyOf(key)
    for (let bucket = bucketOf(from); ; bucket++) {
      let found = false
      const rows = this.#cassandra.pages<{ event: string }>(
        SELECT_EVENTS,
        [name, bucket, BigInt(from)],
        EVENTS_PER_READ,
      )
      for await (const page of rows) {
        found ||= page.length > 0
        yield page.map(({ event }) => JSON.parse(event) as PersistedEvent)
      }
      if (!found) return
    }
  }
}

function bucketOf(sequence: number): bigint {
  return BigInt(Math.floor(sequence / EVENTS_PER_PARTITION))
}
