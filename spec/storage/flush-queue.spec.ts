import { deepStrictEqual, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { FLUSH_QUEUE_CHARACTERS } from '../../lib/internal/limits.ts'
import { FlushQueue, type Job } from '../../lib/storage/flush-queue.ts'
import { comparePositions, openStorage, type Position, type Storage } from '../../lib/storage/index.ts'
import { storageConformance } from './conformance.ts'
import { aMessage, messageCommit, outcome } from './fixtures.ts'
import { LossyDisk } from './lossy-disk.ts'

storageConformance('a disk with a cache', () => openStorage(new LossyDisk()))

const GUILD = '100'
const CHANNEL = '200'
/** The message that the event with this sequence tells of. */
const idOf = (sequence: number) => String(1000 + sequence)

/** A relay: takes a guild's events in order and drops those it had. */
class Relay {
  readonly received: Position[] = []

  receive(event: Position): void {
    const newest = this.received.at(-1)
    if (newest === undefined || comparePositions(event, newest) > 0) this.received.push(event)
  }

  has(sequence: number): boolean {
    return this.received.some((event) => event.sequence === sequence)
  }
}

/** Loads a guild as its owner does: the fence, then what may not have been published. */
async function load(storage: Storage, relay: Relay): Promise<number> {
  const generation = await storage.raiseGeneration(GUILD)
  for (const event of await storage.readOutbox(GUILD, await storage.published(GUILD), 1000)) relay.receive(event)
  return generation
}

interface Plan {
  readonly writers: number
  readonly messages: number
  /** Steps of the disk and the writers until the power goes. */
  readonly steps: number
  /** Batches that reached the disk although they had not been flushed. */
  readonly survivors: number
  /** Every how many messages the mark is set and the outbox trimmed. */
  readonly markEvery: number
}

const plans: fc.Arbitrary<Plan> = fc.record({
  writers: fc.integer({ min: 1, max: 4 }),
  messages: fc.integer({ min: 1, max: 4 }),
  steps: fc.nat(80),
  survivors: fc.nat(2),
  markEvery: fc.integer({ min: 1, max: 4 }),
})

/** Several writers of one guild, until the power goes; then the guild is loaded again from what is left. */
async function surviveCut(scheduler: fc.Scheduler, plan: Plan, disk: LossyDisk): Promise<void> {
  const relay = new Relay()
  const storage = await openStorage(disk)
  const generation = await load(storage, relay)
  const attempted: number[] = []
  const acknowledged: number[] = []
  let alive = true
  const step = (what: string) => scheduler.schedule(Promise.resolve(), what)
  disk.pause = step

  const writer = async (name: number) => {
    for (let sent = 0; sent < plan.messages; sent++) {
      await step(`writer ${name}`)
      const sequence = attempted.length + 1
      attempted.push(sequence)
      await storage.commit(GUILD, messageCommit(generation, sequence, aMessage(GUILD, CHANNEL, idOf(sequence))))
      if (!alive) return
      acknowledged.push(sequence)
      relay.receive({ generation, sequence })
      if (sequence % plan.markEvery !== 0) continue
      await storage.setPublished(GUILD, { generation, sequence })
      await storage.trimOutbox(GUILD, { generation, sequence })
    }
  }
  for (let name = 0; name < plan.writers; name++) void writer(name)
  for (let done = 0; done < plan.steps && scheduler.count() > 0; done++) await scheduler.waitOne()

  alive = false
  const rest = await openStorage(disk.cutPower(plan.survivors))
  await load(rest, relay)
  for (const sequence of attempted) {
    const stored = (await rest.message(CHANNEL, idOf(sequence))) !== null
    if (acknowledged.includes(sequence)) ok(stored, `message ${sequence} was acknowledged`)
    deepStrictEqual(relay.has(sequence), stored, `message ${sequence} is stored: ${stored}, so is its event`)
  }
  deepStrictEqual(relay.received, [...relay.received].sort(comparePositions))
}

t.test('after a power cut every acknowledged message is stored and dispatched, once and in order', async () => {
  const property = fc.asyncProperty(fc.scheduler(), plans, (scheduler, plan) =>
    surviveCut(scheduler, plan, new LossyDisk()),
  )
  await fc.assert(property, { numRuns: 500 })
})

t.test('a disk that reports flushes and does none is found out by the same property', async (t) => {
  const property = fc.asyncProperty(fc.scheduler(), plans, (scheduler, plan) =>
    surviveCut(scheduler, plan, new LossyDisk({ lies: true })),
  )
  const { failed, errorInstance } = await fc.check(property, { numRuns: 500 })
  t.ok(failed)
  t.match(errorInstance, { message: /message \d+ was acknowledged/ })
})

t.test('writes that arrive while the disk is busy share one flush', async (t) => {
  const disk = new LossyDisk()
  const storage = await openStorage(disk)
  const generation = await storage.raiseGeneration(GUILD)
  disk.flushes = 0
  const commits = Array.from({ length: 1000 }, (_, at) =>
    storage.commit(GUILD, messageCommit(generation, at + 1, aMessage(GUILD, CHANNEL, idOf(at)))),
  )
  await Promise.all(commits)
  t.equal(disk.flushes, 1)
})

const put =
  (key: string): Job<string> =>
  () => ({ changes: [{ key, value: key }], answer: key })

t.test('nothing is acknowledged before the flush, also no refusal', async (t) => {
  const disk = new LossyDisk()
  const queue = new FlushQueue(disk)
  let flush = () => {}
  disk.pause = (what) => (what === 'before the flush' ? new Promise((resolve) => (flush = resolve)) : Promise.resolve())
  const settled: unknown[] = []
  const refuse: Job<never> = () => {
    throw new Error('refused')
  }
  const note = (job: Promise<string>) =>
    void job.catch((reason: Error) => reason.message).then((it) => settled.push(it))
  const turn = () => new Promise(setImmediate)
  note(queue.submit(1, put('a')))
  note(queue.submit(1, refuse))
  await turn()
  note(queue.submit(1, put('b')))
  await turn()
  t.same(settled, [])
  flush()
  await turn()
  t.same(settled, ['a', 'refused'], 'the third came too late for this flush')
  flush()
  await turn()
  t.same(settled, ['a', 'refused', 'b'])
})

t.test('a disk that fails once is not trusted again', async (t) => {
  const disk = new LossyDisk()
  const queue = new FlushQueue(disk)
  await queue.submit(1, put('a'))
  disk.pause = async (what) => {
    if (what === 'before the flush') throw new Error('no space left')
  }
  const jobs = ['b', 'c', 'd'].map((key) => outcome(queue.submit(1, put(key))))
  t.same(await Promise.all(jobs), ['storage_failed', 'storage_failed', 'storage_failed'])
  disk.pause = async () => {}
  await t.rejects(queue.submit(1, put('e')), { code: 'storage_failed', message: /no space left/ })
  await queue.close()
  t.equal(await outcome(queue.submit(1, put('f'))), 'storage_closed')
  t.equal(disk.cutPower(0).get('b'), undefined)
})

t.test('what waits for the disk is bounded', async (t) => {
  const disk = new LossyDisk()
  const queue = new FlushQueue(disk)
  let go = () => {}
  disk.pause = (what) => (what === 'before the batch' ? new Promise((resolve) => (go = resolve)) : Promise.resolve())
  const half = FLUSH_QUEUE_CHARACTERS / 2
  const waiting = queue.submit(half, put('a'))
  t.equal(await outcome(queue.submit(half, put('b'))), 'storage_busy')
  disk.pause = async () => {}
  go()
  t.equal(await waiting, 'a')
  t.equal(await queue.submit(half, put('b')), 'b', 'and there is room again')
})
