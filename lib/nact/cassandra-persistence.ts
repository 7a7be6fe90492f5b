import { fault } from '../internal/errors.ts'
import { EVENTS_PER_PARTITION, EVENTS_PER_READ } from '../internal/limits.ts'
import type { Cassandra } from '../storage/cassandra.ts'
import type { PersistenceEngine } from './nact.ts'
import { type EventStore, engineOn } from './persistence-engine.ts'

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
  if (typeof cassandra?.execute !== 'function')
    throw fault('badarg', 'persistOnCassandra takes a Cassandra that is open')
  for (const table of TABLES) await cassandra.execute(table)
  return engineOn(new CassandraStore(cassandra))
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

class CassandraStore implements EventStore {
  readonly #cassandra: Cassandra

  constructor(cassandra: Cassandra) {
    this.#cassandra = cassandra
  }

  append(key: string, sequence: number, event: string): Promise<boolean> {
    return this.#cassandra.applied(INSERT_EVENT, [key, bucketOf(sequence), BigInt(sequence), event])
  }

  /** Partition after partition, until one has nothing: nact numbers the events of a key without gaps. */
  async *pages(key: string, from: number): AsyncGenerator<readonly string[]> {
    for (let bucket = bucketOf(from); ; bucket++) {
      let found = false
      const values = [key, bucket, BigInt(from)]
      for await (const page of this.#cassandra.pages<{ event: string }>(SELECT_EVENTS, values, EVENTS_PER_READ)) {
        found ||= page.length > 0
        yield page.map(({ event }) => event)
      }
      if (!found) return
    }
  }

  async saveSnapshot(key: string, snapshot: string): Promise<void> {
    await this.#cassandra.execute(INSERT_SNAPSHOT, [key, snapshot])
  }

  async snapshot(key: string): Promise<string | undefined> {
    const [row] = await this.#cassandra.execute<{ snapshot: string }>(SELECT_SNAPSHOT, [key])
    return row?.snapshot
  }
}

function bucketOf(sequence: number): bigint {
  return BigInt(Math.floor(sequence / EVENTS_PER_PARTITION))
}
