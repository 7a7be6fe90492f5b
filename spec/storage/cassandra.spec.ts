import t from 'tap'
import { openCassandra } from '../../lib/storage/index.ts'
import { cableToCassandra, cassandraOptions, keyspaceOf, onCassandra } from '../support/cassandra.ts'

t.test('statements, pages and conditions', onCassandra, async (t) => {
  const cassandra = await keyspaceOf(t, 'statements')
  await cassandra.execute('CREATE TABLE notes (owner text, number bigint, body blob, PRIMARY KEY (owner, number))')
  const insert = 'INSERT INTO notes (owner, number, body) VALUES (?, ?, ?)'
  for (let n = 0n; n < 25n; n++) await cassandra.execute(insert, ['a', n, Buffer.from([Number(n)])])
  const [first] = await cassandra.execute<{ number: bigint; body: Uint8Array }>(
    'SELECT number, body FROM notes WHERE owner = ? AND number = ?',
    ['a', 7n],
  )
  t.equal(first!.number, 7n)
  t.strictSame([...first!.body], [7])
  const sizes: number[] = []
  const numbers: bigint[] = []
  for await (const page of cassandra.pages<{ number: bigint }>('SELECT number FROM notes WHERE owner = ?', ['a'], 10)) {
    sizes.push(page.length)
    numbers.push(...page.map(({ number }) => number))
  }
  t.strictSame(sizes, [10, 10, 5])
  t.strictSame(
    numbers,
    Array.from({ length: 25 }, (_, n) => BigInt(n)),
  )
  t.equal(await cassandra.applied(`${insert} IF NOT EXISTS`, ['b', 1n, Buffer.of(1)]), true)
  t.equal(await cassandra.applied(`${insert} IF NOT EXISTS`, ['b', 1n, Buffer.of(2)]), false)
  await t.rejects(cassandra.execute('SELECT nothing FROM nowhere'), { name: 'ResponseError' }, "the driver's own error")
})

t.test('a keyspace that is not there is made only with a replication', onCassandra, async (t) => {
  await t.rejects(openCassandra(cassandraOptions('not_there')), { message: /not_there/ })
})

t.test('what was acknowledged outlives a cut, and the connection mends itself', onCassandra, async (t) => {
  const direct = await keyspaceOf(t, 'cut')
  await direct.execute('CREATE TABLE notes (owner text, number bigint, PRIMARY KEY (owner, number))')
  const cable = await cableToCassandra(t)
  const cassandra = await openCassandra({ ...cassandraOptions(direct.keyspace), port: cable.port })
  t.teardown(() => cassandra.close())
  const acknowledged: bigint[] = []
  let failed = 0
  let mended = false
  for (let n = 0n; !mended; n++) {
    if (n === 50n) cable.cut()
    if (failed === 3) cable.mend()
    try {
      await cassandra.execute('INSERT INTO notes (owner, number) VALUES (?, ?)', ['a', n])
      acknowledged.push(n)
      mended = failed > 0
    } catch (error) {
      if ((error as { code?: string }).code !== 'storage_unreachable') throw error
      failed++
      await new Promise((turn) => setImmediate(turn)) // a driver without hosts fails at once: its timers need a turn
    }
  }
  t.ok(acknowledged.length > 50 && failed >= 3)
  const rows = await direct.execute<{ number: bigint }>('SELECT number FROM notes WHERE owner = ?', ['a'])
  const stored = new Set(rows.map(({ number }) => number))
  t.strictSame(
    acknowledged.filter((n) => !stored.has(n)),
    [],
  )
})

t.test('nobody answers', async (t) => {
  const nowhere = { contactPoints: ['127.0.0.1'], port: 1, localDataCenter: 'datacenter1', keyspace: 'chat' }
  await t.rejects(openCassandra(nowhere), { code: 'storage_unreachable' })
})

t.test('options that are none', async (t) => {
  const right = { contactPoints: ['127.0.0.1'], port: 1, localDataCenter: 'datacenter1', keyspace: 'chat' }
  for (const wrong of [
    { ...right, contactPoints: [] },
    { ...right, contactPoints: '127.0.0.1' as never },
    { ...right, localDataCenter: undefined as never },
    { ...right, keyspace: 'chat; DROP KEYSPACE chat' },
    { ...right, keyspace: undefined as never },
  ]) {
    await t.rejects(openCassandra(wrong), { code: 'badarg' })
  }
})
