import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { type Cassandra, openCassandra } from '../../lib/storage/index.ts'

/** Where a Cassandra answers, as `host:port`; spec/services/cassandra.sh starts one. */
const where = process.env.GUILDHALL_CASSANDRA

/** The option of a test that needs a real Cassandra. */
export const onCassandra: { skip: string | false } = {
  skip: where === undefined && 'GUILDHALL_CASSANDRA names none: spec/services/cassandra.sh start, then 127.0.0.1:19042',
}

/** How the specs' Cassandra is reached. */
export function cassandraOptions(keyspace: string) {
  const [host, port] = where!.split(':')
  return { contactPoints: [host!], port: Number(port), localDataCenter: 'datacenter1', keyspace }
}

/** A keyspace of its own for this test, by its name in `keyspace`; gone after it. */
export async function keyspaceOf(t: Test, name: string): Promise<Cassandra & { readonly keyspace: string }> {
  const keyspace = `${name}_${process.pid}_${Date.now()}`
  const replication = { class: 'SimpleStrategy', replication_factor: 1 }
  const cassandra = await openCassandra({ ...cassandraOptions(keyspace), replication })
  t.teardown(async () => {
    await cassandra.execute(`DROP KEYSPACE ${keyspace}`)
    await cassandra.close()
  })
  return Object.assign(cassandra, { keyspace })
}

/** A cable between a client and the specs' Cassandra that can be pulled and put back. */
export async function cableToCassandra(t: Test): Promise<{ port: number; cut(): void; mend(): void }> {
  const [host, port] = where!.split(':')
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(Number(port), host)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket
        .on('error', () => {})
        .on('close', () => {
          near.destroy()
          far.destroy()
          sockets.delete(socket)
        })
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.close())
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    mend: () => {
      isCut = false
    },
  }
}
