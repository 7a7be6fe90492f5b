import type { Client, QueryOptions } from 'cassandra-driver'
import { fault } from '../internal/errors.ts'
import {
  CASSANDRA_HEARTBEAT_MS,
  CASSANDRA_PORT,
  CASSANDRA_READ_MS,
  CASSANDRA_RECONNECT_MS,
} from '../internal/limits.ts'

/**
 * A keyspace of Apache Cassandra 4 or later, or of ScyllaDB, as the adapters on it see it: statements in CQL with `?`
 * for their values, prepared once each. Reads and writes ask a quorum of the replicas in the local data center; what a
 * quorum wrote, a quorum reads. cassandra-driver is a peer to install.
 *
 *     const cassandra = await openCassandra({ contactPoints: ['10.0.0.1'], localDataCenter: 'dc1', keyspace: 'chat' })
 *     const [row] = await cassandra.execute<{ text: string }>('SELECT text FROM notes WHERE id = ?', [id])
 *     await cassandra.close()
 *
 * Values and columns: `text` is a string, `bigint` a BigInt, `blob` bytes, `boolean` a boolean.
 *
 * Everything fails with `storage_unreachable` while too few replicas answer: a write may then have been carried out or
 * not. What the database refuses fails with the driver's own error.
 */
export interface Cassandra extends AsyncDisposable {
  /** The rows of the first page: all of them, for a statement that selects few. */
  execute<R extends CassandraRow>(statement: string, values?: readonly unknown[]): Promise<readonly R[]>
  /** The rows, at most `size` of them in memory at a time. */
  pages<R extends CassandraRow>(
    statement: string,
    values: readonly unknown[],
    size: number,
  ): AsyncIterable<readonly R[]>
  /** As `execute`, for a statement with a condition (`IF`): whether it held, and the write was made. */
  applied(statement: string, values: readonly unknown[]): Promise<boolean>
  close(): Promise<void>
}

export type CassandraRow = Readonly<Record<string, unknown>>

export interface CassandraOptions {
  /** Addresses of a few nodes; the others are found through them. */
  readonly contactPoints: readonly string[]
  /** The port of all nodes: 9042 unless told otherwise. */
  readonly port?: number
  /** Requests go to nodes of this data center alone. */
  readonly localDataCenter: string
  /** Letters, digits and underscores. */
  readonly keyspace: string
  /** Where the keyspace is not there yet, it is made with this; otherwise it must be there. */
  readonly replication?: Readonly<Record<string, string | number>>
  readonly credentials?: { readonly username: string; readonly password: string }
}

/**
 * Connects with the cluster.
 * @throws Fault `storage_unavailable` when cassandra-driver is not installed; `storage_unreachable` when no node of the
 * data center answers; `badarg` for options that are none. The driver's own error when the keyspace is not there, or
 * the credentials are wrong.
 */
export async function openCassandra(options: CassandraOptions): Promise<Cassandra> {
  check(options)
  const { contactPoints, port = CASSANDRA_PORT, localDataCenter, keyspace, replication, credentials } = options
  const driver = await loadDriver()
  const connect = async (within: { readonly keyspace?: string }): Promise<Client> => {
    const client = new driver.Client({
      contactPoints: [...contactPoints],
      localDataCenter,
      ...within,
      ...(credentials && { credentials }),
      protocolOptions: { port },
      encoding: { useBigIntAsLong: true, map: Map, set: Set },
      socketOptions: { readTimeout: CASSANDRA_READ_MS },
      pooling: { heartBeatInterval: CASSANDRA_HEARTBEAT_MS },
      policies: { reconnection: new driver.policies.reconnection.ConstantReconnectionPolicy(CASSANDRA_RECONNECT_MS) },
      queryOptions: { prepare: true, consistency: driver.types.consistencies.localQuorum },
    })
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.shutdown()
      throw unreachable(error)
    }
  }
  if (replication !== undefined) await makeKeyspace(await connect({}), keyspace, replication)
  return new Session(await connect({ keyspace }))
}

class Session implements Cassandra {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async execute<R extends CassandraRow>(statement: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return (await this.#execute(statement, values, {})).rows as unknown as readonly R[]
  }

  async *pages<R extends CassandraRow>(
    statement: string,
    values: readonly unknown[],
    size: number,
  ): AsyncGenerator<readonly R[]> {
    let pageState: string | undefined
    do {
      const page = await this.#execute(statement, values, { fetchSize: size, ...(pageState && { pageState }) })
      yield page.rows as unknown as readonly R[]
      pageState = page.pageState ?? undefined
    } while (pageState !== undefined)
  }

  async applied(statement: string, values: readonly unknown[]): Promise<boolean> {
    return (await this.#execute(statement, values, {})).wasApplied()
  }

  close(): Promise<void> {
    return this.#client.shutdown()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #execute(statement: string, values: readonly unknown[], options: QueryOptions) {
    try {
      return await this.#client.execute(statement, [...values], options)
    } catch (error) {
      throw unreachable(error)
    }
  }
}

async function makeKeyspace(client: Client, keyspace: string, replication: object): Promise<void> {
  const how = JSON.stringify(replication).replaceAll('"', "'")
  try {
    await client.execute(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${how}`, [], { prepare: false })
  } catch (error) {
    throw unreachable(error)
  } finally {
    await client.shutdown()
  }
}

function check({ contactPoints, localDataCenter, keyspace }: CassandraOptions): void {
  if (!Array.isArray(contactPoints) || contactPoints.length === 0 || typeof localDataCenter !== 'string') {
    throw fault('badarg', 'Cassandra is found by contactPoints, an array of addresses, and localDataCenter, a name')
  }
  if (typeof keyspace !== 'string' || !/^[a-z][a-z0-9_]{0,47}$/i.test(keyspace)) {
    throw fault('badarg', `a keyspace has 1 to 48 letters, digits and underscores, not ${String(keyspace)}`)
  }
}

/** The package is loaded on first use: who does not use Cassandra need not install it. */
async function loadDriver(): Promise<typeof import('cassandra-driver')> {
  try {
    return (await import('cassandra-driver')).default
  } catch (cause) {
    throw fault('storage_unavailable', 'cassandra-driver is missing: npm install cassandra-driver', { cause })
  }
}

/** Codes of CQL's ERROR frame for what a cluster cannot do now: unavailable, overloaded, bootstrapping, time-outs. */
const TRANSIENT = new Set([0x1000, 0x1001, 0x1002, 0x1100, 0x1200, 0x1300, 0x1500])
const UNREACHED = new Set(['NoHostAvailableError', 'OperationTimedOutError', 'BusyConnectionError'])

function unreachable(error: unknown): unknown {
  const { name, code, message, isSocketError } = error as Error & { code?: number; isSocketError?: boolean }
  const refused = name === 'NoHostAvailableError' ? refusalIn(error) : undefined
  if (refused !== undefined) return refused
  const isTransient = isSocketError || UNREACHED.has(name) || (name === 'ResponseError' && TRANSIENT.has(code!))
  return isTransient ? fault('storage_unreachable', message, { cause: error }) : error
}

/** Wrong credentials are told as hosts that are not there. */
function refusalIn(error: unknown): unknown {
  const { innerErrors } = error as { readonly innerErrors?: Readonly<Record<string, Error>> }
  return Object.values(innerErrors ?? {}).find(({ name }) => name === 'AuthenticationError')
}
