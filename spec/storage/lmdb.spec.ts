import { execFile, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { openLmdbStorage, openStorage } from '../../lib/storage/index.ts'
import { storageConformance } from './conformance.ts'
import { aGuild, aHash, aMessage, aUser, messageCommit, outcome } from './fixtures.ts'
import { LossyDisk } from './lossy-disk.ts'

const root = t.testdir()
let folders = 0
/** The path of a folder that is not there yet. */
const freshFolder = () => join(root, 'made on the way', `data ${++folders}`)

storageConformance('lmdb', () => openLmdbStorage(freshFolder()))

t.test('what was stored is there when the folder is opened again', async (t) => {
  const folder = freshFolder()
  const before = await openLmdbStorage(folder)
  const generation = await before.raiseGeneration('5')
  await before.createUser(aUser('1'), aHash('secret'))
  await before.commit('5', messageCommit(generation, 1, aMessage('5', '6', '7')))
  await before.close()
  const after = await openLmdbStorage(folder)
  t.teardown(() => after.close())
  t.same(await after.userByToken(aHash('secret')), aUser('1'))
  t.same(await after.messages('6', { limit: 10 }), [aMessage('5', '6', '7')])
  t.equal((await after.readOutbox('5', null, 10)).length, 1)
  t.equal(await after.raiseGeneration('5'), generation + 1)
  t.equal(await outcome(after.commit('5', messageCommit(generation, 2, aMessage('5', '6', '8')))), 'stale_generation')
})

t.test('a token is not to be found in the files', async (t) => {
  const folder = freshFolder()
  const storage = await openLmdbStorage(folder)
  await storage.createUser(aUser('1'), aHash('a very secret token'))
  await storage.close()
  const bytes = readFileSync(join(folder, 'data.mdb'))
  t.ok(bytes.includes('user 1'))
  t.notOk(bytes.includes('a very secret token'))
})

const otherProcess = fileURLToPath(new URL('./other-process.ts', import.meta.url))

t.test('a short-lived second OS process creates a user, and the first sees it at once', async (t) => {
  const folder = freshFolder()
  const storage = await openLmdbStorage(folder)
  t.teardown(() => storage.close())
  t.equal(await storage.userByToken(aHash('from the other process')), null)
  execFileSync(process.execPath, [...process.execArgv, otherProcess, folder, 'create a user'])
  t.same(await storage.userByToken(aHash('from the other process')), aUser('77'), 'without a turn of the event loop')
})

t.test('a disk that is full: writes are refused with a code, reads and the OS process go on', async (t) => {
  // No disk here is small, so no file may grow past 32 MB: the same refusal by the same system call.
  const limited = 'ulimit -f 32768; exec "$@"'
  const script = fileURLToPath(new URL('./full-disk.ts', import.meta.url))
  const command = ['-c', limited, 'bash', process.execPath, ...process.execArgv, script, freshFolder()]
  const { stdout } = await promisify(execFile)('bash', command, { timeout: 60_000 })
  t.same(JSON.parse(stdout), { refused: 'storage_failed', next: 'storage_failed', read: '1', wrote: true })
})

t.test('a second OS process shares the folder while the first has it open', async (t) => {
  const folder = freshFolder()
  const storage = await openLmdbStorage(folder)
  t.teardown(() => storage.close())
  const generation = await storage.raiseGeneration('5')
  const child = fork(otherProcess, [folder])
  t.teardown(() => child.kill('SIGKILL'))
  const report = async () => ((await once(child, 'message')) as [{ answer: unknown }])[0].answer
  const tell = async (order: string) => {
    child.send(order)
    return report()
  }
  t.equal(await report(), 'ready')
  await storage.commit('5', { generation, writes: [{ op: 'put_guild', guild: aGuild('5') }], events: [] })
  t.same(await tell('read the guild'), aGuild('5'), 'seen there at once')
  t.equal(await tell('load the guild'), generation + 1)
  t.equal(
    await outcome(storage.commit('5', { generation, writes: [], events: [] })),
    'stale_generation',
    'the fence holds between processes',
  )
  const own = storage.commit('5', { generation: generation + 1, writes: [], events: [] })
  await Promise.all([tell('write a lot'), own])
  t.equal((await storage.messages('60', { limit: 100 })).length, 100, 'also when the file has outgrown the mapping')
  const ended = once(child, 'exit')
  child.send('end')
  t.same(await ended, [0, null])
})

t.test('a folder that cannot be used is refused with what to do', async (t) => {
  const file = join(root, 'a-file')
  writeFileSync(file, '')
  const closed = join(root, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o555)
  const opening = async (folder: string) => (await openLmdbStorage(folder)).close()
  for (const folder of [file, join(file, 'below'), '/proc/guildhall/data', '/dev/null']) {
    await t.rejects(opening(folder), { code: 'storage_unwritable', message: /name a folder/ }, folder)
  }
  await asNobody(async () => {
    await t.rejects(opening(closed), { code: 'storage_unwritable', message: /permission denied/i })
    await t.rejects(opening(join(closed, 'below')), { code: 'storage_unwritable', message: /permission denied/i })
  })
})

/** Runs without the rights of root, who may write everywhere. */
async function asNobody(run: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    await run()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

t.test('a data file that is not one is refused and left as it is', async (t) => {
  for (const size of [1, 100, 5000, 100_000]) {
    const folder = freshFolder()
    mkdirSync(folder, { recursive: true })
    appendFileSync(join(folder, 'data.mdb'), Buffer.alloc(size, 'A'))
    await t.rejects(openLmdbStorage(folder), { code: 'storage_corrupt', message: /not a data file/ }, `${size} bytes`)
    t.equal(statSync(join(folder, 'data.mdb')).size, size)
  }
  const folder = freshFolder()
  mkdirSync(join(folder, 'data.mdb'), { recursive: true })
  await t.rejects(openLmdbStorage(folder), { code: 'storage_corrupt', message: /is not a file/ })
})

t.test('a data file that was cut short is told, wherever it was cut', async (t) => {
  const folder = freshFolder()
  const whole = await openLmdbStorage(folder)
  const generation = await whole.raiseGeneration('5')
  const content = 'x'.repeat(900)
  const messages = Array.from({ length: 400 }, (_, at) => aMessage('5', '6', String(1000 + at), content))
  for (const [at, message] of messages.entries()) {
    const commit = whole.commit('5', messageCommit(generation, at, message))
    if (at % 40 === 0) await commit
  }
  await whole.close()
  const pages = Math.floor(statSync(join(folder, 'data.mdb')).size / 4096)
  t.ok(pages > 100)
  for (let kept = 0; kept <= pages; kept += 12) {
    const damaged = freshFolder()
    mkdirSync(damaged, { recursive: true })
    copyFileSync(join(folder, 'data.mdb'), join(damaged, 'data.mdb'))
    truncateSync(join(damaged, 'data.mdb'), kept * 4096)
    const found = await outcome(readAll(damaged))
    const expected = kept === 0 ? 0 : 400
    if (found !== expected) t.equal(found, 'storage_corrupt', `${kept} of ${pages} pages`)
  }
})

/** How many of the messages 1000, 1001, ... are there. */
async function readAll(folder: string): Promise<number> {
  const storage = await openLmdbStorage(folder)
  try {
    let count = 0
    while ((await storage.message('6', String(1000 + count))) !== null) count++
    return count
  } finally {
    await storage.close()
  }
}

t.test('data of another format is refused', async (t) => {
  const disk = new LossyDisk({ durable: [{ key: '\x00', value: '2' }] })
  await t.rejects(openStorage(disk), {
    code: 'storage_format',
    message: /it has format 2, this version writes format 1/,
  })
})
