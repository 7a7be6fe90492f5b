import t from 'tap'
import { GenStage, noreply, type Pid } from '../../lib/index.ts'
import type { TestNode } from '../../lib/testing/index.ts'
import {
  Doubler,
  demands,
  Keeper,
  type Mode,
  Numbers,
  type NumbersApi,
  pair,
  read,
  sizes,
  testNode,
  upTo,
} from '../support/stages.ts'

t.test('demand', async (t) => {
  t.test('a consumer asks for 1000, and for 500 after each batch of 500', async (t) => {
    const { above, below } = await pair(testNode(t), 2000, 'automatic')
    t.strictSame(demands(above), [1000, 500, 500, 500, 500])
    t.strictSame(sizes(below), [500, 500, 500, 500])
    t.strictSame(below.flat(), upTo(2000))
  })

  t.test('maxDemand and minDemand', async (t) => {
    const rows: unknown[] = []
    for (const options of [
      { maxDemand: 10, minDemand: 8 },
      { maxDemand: 10, minDemand: 2 },
      { maxDemand: 1, minDemand: 0 },
      { maxDemand: 5 },
    ]) {
      const { above, below } = await pair(testNode(t), 10, 'automatic', options)
      t.strictSame(below.flat(), upTo(10))
      rows.push([demands(above), sizes(below)])
    }
    t.strictSame(rows, [
      [
        [10, 2, 2, 2, 2, 2],
        [2, 2, 2, 2, 2],
      ],
      [
        [10, 8],
        [8, 2],
      ],
      [Array(11).fill(1), Array(10).fill(1)],
      [
        [5, 3, 5],
        [3, 2, 3, 2],
      ],
    ])
  })

  t.test('with manual demand events come when they are asked for, as many', async (t) => {
    const node = testNode(t)
    const { keeper, above, below } = await pair(node, 100, 'manual')
    t.strictSame([demands(above), read(below)], [[], []])
    node.cast(keeper, 'ask', 3)
    await node.quiet()
    t.strictSame(read(below), [[0, 1, 2]])
    node.cast(keeper, 'ask', 2)
    node.cast(keeper, 'ask', 1)
    await node.quiet()
    t.strictSame(read(below), [[3, 4], [5]])
    t.strictSame(demands(above), [3, 2, 1])
  })

  t.test('a consumer that is slow has no more than maxDemand before it', async (t) => {
    const node = testNode(t)
    const { above, below } = await pair(node, 1000, 'slow', { maxDemand: 4, minDemand: 2 })
    let most = 0
    for (let i = 0; i < 50; i++) {
      await node.advance(5)
      const emitted = demands(above).reduce<number>((sum, n) => sum + (n as number), 0)
      most = Math.max(most, emitted - below.flat().length)
    }
    t.ok(below.flat().length > 40)
    t.strictSame(below.flat(), upTo(below.flat().length))
    t.ok(most <= 4, `${most}`)
  })

  t.test('accumulated demand is handed on in one piece, once it is forwarded', async (t) => {
    const node = testNode(t)
    const above: unknown[] = []
    const numbers = await node.start(Numbers, [above, 100, { demand: 'accumulate' }])
    const below: unknown[] = []
    for (const maxDemand of [10, 20]) {
      await node.start(Keeper, [below, 'automatic', { subscribeTo: [{ to: numbers, maxDemand }] }])
    }
    await node.quiet()
    t.strictSame(demands(above), [])
    GenStage.demand(node, numbers, 'forward')
    await node.quiet()
    t.equal(demands(above)[0], 30)
    t.equal(below.flat().length, 100)
    GenStage.demand(node, numbers, 'accumulate')
    read(above)
    const late = await node.start(Keeper, [below, 'manual'])
    await GenStage.syncSubscribe(node, late, { to: numbers })
    node.cast(late, 'ask', 7)
    await node.quiet()
    t.strictSame(demands(above), [])
  })

  t.test('two consumers share a producer: each event goes to one of them', async (t) => {
    const node = testNode(t)
    const numbers = await node.start(Numbers, [[], 1000])
    const diaries: unknown[][] = [[], []]
    for (const diary of diaries) {
      await node.start(Keeper, [diary, 'slow', { subscribeTo: [{ to: numbers, maxDemand: 10 }] }])
    }
    await node.advance(2000)
    const got = diaries.map((diary) => diary.flat() as number[])
    t.strictSame(
      got.flat().sort((a, b) => a - b),
      upTo(1000),
    )
    for (const events of got) {
      t.ok(events.length > 100)
      t.strictSame(
        events,
        events.toSorted((a, b) => a - b),
      )
    }
  })
})

t.test('producer-consumers', async (t) => {
  async function chain(node: TestNode, limit: number, mode: Mode, times: number, keeperDemand: number) {
    const above: unknown[] = []
    const below: unknown[] = []
    const numbers = await node.start(Numbers, [above, limit])
    const doubler = await node.start(Doubler, [times, { subscribeTo: [{ to: numbers, maxDemand: 10, minDemand: 5 }] }])
    const keeper = await node.start(Keeper, [below, mode])
    await GenStage.syncSubscribe(node, keeper, { to: doubler, maxDemand: keeperDemand, minDemand: keeperDemand - 1 })
    await node.quiet()
    return { numbers, doubler, keeper, above, below }
  }

  t.test('hand on what becomes of their events, in order', async (t) => {
    const { below } = await chain(testNode(t), 100, 'automatic', 1, 4)
    t.strictSame(
      below.flat(),
      upTo(100).map((n) => n * 2),
    )
  })

  t.test('handle nothing until somebody below wants it, and ask for no more than their own demand', async (t) => {
    const node = testNode(t)
    const { keeper, above, below } = await chain(node, 1000, 'manual', 1, 4)
    t.strictSame(demands(above), [10])
    node.cast(keeper, 'ask', 3)
    await node.quiet()
    t.strictSame(below.flat(), [0, 2, 4])
    const asked = demands(above).reduce<number>((sum, n) => sum + (n as number), 0)
    t.ok(asked <= 3 + 5 + 10, `${asked}: a batch is handled whole, and as much again is on its way`)
    node.cast(keeper, 'ask', 30)
    await node.quiet()
    t.strictSame(
      below.flat(),
      upTo(33).map((n) => n * 2),
    )
  })

  t.test('keep what they make beyond the demand, however much, and send it first', async (t) => {
    const node = testNode(t)
    const { doubler, keeper, below } = await chain(node, 6, 'manual', 50, 4)
    node.cast(keeper, 'ask', 1)
    await node.quiet()
    t.equal(await GenStage.estimateBufferedCount(node, doubler), 249)
    node.cast(keeper, 'ask', 299)
    await node.quiet()
    t.strictSame(
      below.flat(),
      upTo(300).map((n) => Math.floor(n / 50) * 2),
    )
  })

  t.test('end behind what came before: nothing is lost when their producer is done', async (t) => {
    const node = testNode(t)
    const source = await node.start(GenStage.fromIterable(upTo(25)), [])
    const below: unknown[] = []
    const doubler = await node.start(Doubler, [3, { subscribeTo: [{ to: source, maxDemand: 10 }] }])
    const ended = node.endOf(doubler)
    const keeper = await node.start(Keeper, [below, 'manual'])
    await GenStage.syncSubscribe(node, keeper, { to: doubler, cancel: 'temporary' })
    await node.quiet()
    for (let i = 0; i < 25; i++) {
      t.ok(node.isAlive(doubler))
      node.cast(keeper, 'ask', 3)
      await node.quiet()
    }
    t.strictSame(
      below.slice(0, -1).flat(),
      upTo(75).map((n) => Math.floor(n / 3) * 2),
    )
    t.strictSame(below.at(-1), ['down', 'normal'])
    t.equal(await ended, 'normal')
  })
})

t.test('the buffer', async (t) => {
  t.test('keeps events that nobody wants; the last of them, and tells what is lost', async (t) => {
    const node = testNode(t)
    for (const [bufferKeep, kept] of [
      ['last', [3, 4, 5]],
      ['first', [0, 1, 2]],
    ] as const) {
      const numbers = await node.start(Numbers, [[], 0, { bufferSize: 3, bufferKeep }])
      t.equal(await node.call(numbers, 'push', 6), 6)
      t.equal(await GenStage.estimateBufferedCount(node, numbers), 3)
      t.match(node.reportsOf('gen_stage', 'events_discarded').at(-1), { level: 'warning', details: { discarded: 3 } })
      const below: unknown[] = []
      await node.start(Keeper, [below, 'automatic', { subscribeTo: [numbers] }])
      await node.quiet()
      t.strictSame(below, [kept])
    }
  })

  t.test('holds 10,000 events, of a producer-consumer any number', async (t) => {
    const node = testNode(t)
    const numbers = await node.start(Numbers, [[], 0])
    await node.call(numbers, 'push', 10_001)
    t.equal(await GenStage.estimateBufferedCount(node, numbers), 10_000)
    t.match(node.reportsOf('gen_stage', 'events_discarded'), [{ details: { discarded: 1 } }])
  })

  t.test('formatDiscarded may keep a loss quiet', async (t) => {
    const node = testNode(t)
    const told: number[] = []
    const Quiet = GenStage.producer<{ state: null; out: number; cast: { push(): void } }>({
      init: () => GenStage.staged(null, { bufferSize: 1 }),
      handleDemand: (_demand, state) => noreply(state),
      handleCast: { push: (_request, state) => GenStage.emit([1, 2, 3], state) },
      formatDiscarded: (discarded) => told.push(discarded) > 1,
    })
    const quiet = await node.start(Quiet, [])
    node.cast(quiet, 'push')
    node.cast(quiet, 'push')
    await node.quiet()
    t.strictSame(told, [2, 3])
    t.equal(node.reportsOf('gen_stage', 'events_discarded').length, 1)
  })

  t.test('messages of asyncInfo and syncInfo come behind the events before them', async (t) => {
    const node = testNode(t)
    const above: unknown[] = []
    const numbers = await node.start(Numbers, [above, 0])
    GenStage.asyncInfo(node, numbers, 'at once')
    await node.call(numbers, 'push', 3)
    t.equal(await GenStage.syncInfo(node, numbers, 'behind'), 'ok')
    await node.call(numbers, 'push', 1)
    await node.quiet()
    t.strictSame(read(above), ['at once'])
    const below: unknown[] = []
    const keeper = await node.start(Keeper, [below, 'manual', { subscribeTo: [numbers] }])
    node.cast(keeper, 'ask', 2)
    await node.quiet()
    t.notOk(above.includes('behind'))
    node.cast(keeper, 'ask', 1)
    await node.quiet()
    t.ok(above.includes('behind'))
    GenStage.asyncInfo(node, keeper, 'to a consumer')
    await node.quiet()
    t.strictSame(below, [[0, 1], [2], 'to a consumer'])
  })

  t.test('through a producer-consumer and a partition such a message keeps its place', async (t) => {
    const node = testNode(t)
    const diary: unknown[] = []
    const Relay = GenStage.producerConsumer<{ state: null; in: number; out: number; init: [to: Pid<NumbersApi>] }>({
      init: (to) =>
        GenStage.staged(null, { subscribeTo: [to], dispatcher: GenStage.partitionDispatcher({ partitions: 1 }) }),
      handleEvents: (events, _from, state) => GenStage.emit(events, state),
      handleInfo(message, state) {
        diary.push(message)
        return noreply(state)
      },
    })
    const numbers = await node.start(Numbers, [[], 5])
    const relay = await node.start(Relay, [numbers])
    await node.quiet()
    GenStage.asyncInfo(node, relay, 'behind five')
    const below: unknown[] = []
    const keeper = await node.start(Keeper, [below, 'manual'])
    await GenStage.syncSubscribe(node, keeper, { to: relay, partition: 0 })
    const seen: unknown[] = []
    for (const count of [2, 2, 1]) {
      node.cast(keeper, 'ask', count)
      await node.quiet()
      seen.push([below.flat().length, ...diary])
    }
    t.strictSame(seen, [[2], [4], [5, 'behind five']])
  })
})
