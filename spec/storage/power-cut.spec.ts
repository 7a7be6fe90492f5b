import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { openLmdbStorage } from '../../lib/storage/index.ts'
import { acknowledgedIn, type DiskEvent, fileAfterCut, readTrace } from './disk-trace.ts'
import { outcome } from './fixtures.ts'

/**
 * lmdb's own promise, on the system calls that it makes: a writer runs with a recorder between it and the kernel, and
 * the power is cut in the record, wherever that can make a difference. Needs Linux and a C compiler (`cc`).
 */
const root = t.testdir()
const recorder = join(root, 'disk-recorder.so')
execFileSync(process.env.CC ?? 'cc', [
  '-shared',
  '-fPIC',
  '-O1',
  '-o',
  recorder,
  join(import.meta.dirname, 'disk-recorder.c'),
  '-ldl',
])

interface Recording {
  readonly trace: readonly DiskEvent[]
  readonly outcomes: readonly string[]
}

async function record(name: string, settings: { DISK_FAILS_AFTER?: string } = {}): Promise<Recording> {
  const folder = join(root, name)
  const path = join(root, `${name}.trace`)
  const child = fork(new URL('./recorded-writer.ts', import.meta.url), [folder], {
    env: { ...process.env, ...settings, LD_PRELOAD: recorder, DISK_TRACE: path },
    // lmdb writes what a failing disk does to it to the standard error as well
    stdio: ['ignore', 'inherit', settings.DISK_FAILS_AFTER === undefined ? 'inherit' : 'ignore', 'ipc'],
  })
  const ended = once(child, 'exit')
  const [outcomes] = (await Promise.race([once(child, 'message'), ended])) as unknown[]
  if (!Array.isArray(outcomes)) throw new Error(`the writer ended: ${outcomes}`)
  await ended
  return { trace: readTrace(path), outcomes }
}

let images = 0

/** What is wrong with the store that a power cut has left; nothing when all is well. */
async function faultsAfterCut(events: readonly DiskEvent[], survives: (write: number) => boolean): Promise<string[]> {
  const folder = join(root, `image ${++images}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'data.mdb'), fileAfterCut(events, survives))
  const acknowledged = acknowledgedIn(events)
  const storage = await outcome(openLmdbStorage(folder))
  if (typeof storage === 'string') return acknowledged.length === 0 ? [] : [`cannot be opened: ${storage}`]
  const opened = storage as Awaited<ReturnType<typeof openLmdbStorage>>
  try {
    const published = (await opened.readOutbox('5', null, 1000)).map((event) => event.sequence)
    const stored = (await opened.messages('6', { limit: 100 })).map((message) => Number(message.id) - 1000).reverse()
    return [
      ...acknowledged.filter((number) => !stored.includes(number)).map((number) => `message ${number} is lost`),
      ...(String(published) === String(stored) ? [] : [`messages ${stored} but events ${published}`]),
    ]
  } finally {
    await opened.close()
  }
}

t.test('whatever the power cut leaves of the cache, what was acknowledged is there', async (t) => {
  const { trace, outcomes } = await record('sound')
  t.equal(outcomes.length, 30)
  t.ok(outcomes.every((answer) => answer === 'acknowledged'))
  t.equal(acknowledgedIn(trace).length, 30)
  const cuts = Array.from({ length: trace.length + 1 }, (_, at) => trace.slice(0, at))

  t.test('nothing of it, or all of it, at every moment', async (t) => {
    for (const events of cuts) {
      for (const survives of [false, true]) {
        const faults = await faultsAfterCut(events, () => survives)
        if (faults.length > 0) t.fail(`after ${events.length} events: ${faults.join(', ')}`)
      }
    }
    t.ok(cuts.length > 50, `${cuts.length} moments`)
  })

  t.test('any part of it, at any moment', async () => {
    const parts = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(fc.nat(trace.length), parts, async (moment, part) => {
        const faults = await faultsAfterCut(trace.slice(0, moment), (write) => part[write % part.length]!)
        if (faults.length > 0) throw new Error(faults.join(', '))
      }),
      { numRuns: 100 },
    )
  })

  t.test('without any one of its flushes, something that was acknowledged would be lost', async (t) => {
    const flushes = trace.flatMap(({ kind }, at) => (kind === 'flush' ? [at] : []))
    let needed = 0
    for (const [index, flush] of flushes.entries()) {
      const next = flushes[index + 1] ?? trace.length
      if (acknowledgedIn(trace.slice(flush, next)).length === 0) continue
      const lied = trace.slice(0, next).filter((_, at) => at !== flush)
      if ((await faultsAfterCut(lied, () => false)).length > 0) needed++
      else t.fail(`flush ${index} of ${flushes.length} was not needed`)
    }
    t.ok(needed >= 10, `${needed} flushes`)
  })
})

t.test('a disk that fails a flush gets nothing acknowledged any more', async (t) => {
  const { trace, outcomes } = await record('failing', { DISK_FAILS_AFTER: '5' })
  const first = outcomes.indexOf('storage_failed')
  t.ok(first > 0)
  t.same(new Set(outcomes.slice(0, first)), new Set(['acknowledged']))
  t.same(new Set(outcomes.slice(first)), new Set(['storage_failed']))
  t.equal(acknowledgedIn(trace).length, first)
  t.same(await faultsAfterCut(trace, () => true), [])
})
