import { deepStrictEqual, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { BroadcastDispatcher } from '../../lib/behaviours/gen-stage/stage-broadcast-dispatcher.ts'
import { StageBuffer } from '../../lib/behaviours/gen-stage/stage-buffer.ts'
import { ConsumerDemand } from '../../lib/behaviours/gen-stage/stage-consumer-demand.ts'
import { DemandDispatcher } from '../../lib/behaviours/gen-stage/stage-demand-dispatcher.ts'
import type { Dispatcher, DispatcherPorts } from '../../lib/behaviours/gen-stage/stage-dispatcher.ts'
import { PartitionDispatcher } from '../../lib/behaviours/gen-stage/stage-partition-dispatcher.ts'

const PARTITIONS = 3

/** A consumer of a simulated stage. */
class Taker {
  readonly options: object
  asked = 0
  left = false
  readonly got: number[] = []

  constructor(options: object = {}) {
    this.options = options
  }
}

/** A stage without processes: it numbers what it emits, and keeps without bound what the dispatcher has no room for. */
class Source {
  readonly takers: Taker[] = []
  readonly buffer: number[] = []
  readonly passed: number[] = []
  readonly warnings: string[] = []
  grown = 0
  emitted = 0
  readonly dispatcher: Dispatcher<number, Taker>

  constructor(make: (ports: DispatcherPorts<number, Taker>) => Dispatcher<number, Taker>) {
    this.dispatcher = make({
      deliver: (taker, events) => {
        ok(events.length > 0, 'nothing was delivered')
        ok(!taker.left, 'events were sent to a consumer that had left')
        taker.got.push(...events)
        ok(taker.got.length <= taker.asked, 'more was sent than asked for')
      },
      grown: () => this.grown++,
      isSame: (a, b) => a === b,
      below: (bound) => bound - 1,
      warn: (what) => this.warnings.push(what),
    })
  }

  join(options?: object): Taker {
    const taker = new Taker(options)
    deepStrictEqual(this.dispatcher.subscribe(taker, taker.options), undefined)
    this.takers.push(taker)
    return taker
  }

  leave(taker: Taker): void {
    taker.left = true
    this.dispatcher.leave(taker)
    this.drain()
  }

  ask(taker: Taker, count: number): void {
    taker.asked += count
    this.dispatcher.ask(taker, count)
    this.drain()
  }

  emit(count: number): void {
    for (let i = 0; i < count; i++) this.buffer.push(this.emitted++)
    this.drain()
  }

  drain(): void {
    while (this.buffer.length > 0 && this.dispatcher.room > 0) {
      const events = this.buffer.splice(0, this.dispatcher.room)
      deepStrictEqual(this.dispatcher.dispatch(events), [], 'a dispatcher takes what it has room for')
    }
  }

  mark(): void {
    const at = this.emitted - this.buffer.length
    this.dispatcher.pass(() => this.passed.push(at))
  }

  get present(): Taker[] {
    return this.takers.filter((taker) => !taker.left)
  }

  get delivered(): number[] {
    return this.takers.flatMap((taker) => taker.got)
  }
}

type Move =
  | readonly ['join', number]
  | readonly ['leave', number]
  | readonly ['ask', number, number]
  | readonly ['emit', number]
  | readonly ['mark']

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(fc.constant('join' as const), fc.nat(PARTITIONS - 1)),
  { arbitrary: fc.tuple(fc.constant('leave' as const), fc.nat(5)), weight: 1 },
  { arbitrary: fc.tuple(fc.constant('ask' as const), fc.nat(5), fc.integer({ min: 1, max: 6 })), weight: 4 },
  { arbitrary: fc.tuple(fc.constant('emit' as const), fc.integer({ min: 1, max: 8 })), weight: 4 },
  fc.constant(['mark'] as const),
)

/** Plays moves; each is checked with `after`. */
function play(
  source: Source,
  moves: readonly Move[],
  after: () => void,
  options: (n: number) => object | undefined,
): void {
  for (const [what, ...numbers] of moves) {
    const [first = 0, second = 0] = numbers
    const taker = source.present[first % Math.max(1, source.present.length)]
    if (what === 'join') {
      const chosen = options(first)
      if (chosen !== undefined) source.join(chosen)
    } else if (what === 'emit') source.emit(first)
    else if (what === 'mark') source.mark()
    else if (taker !== undefined) what === 'leave' ? source.leave(taker) : source.ask(taker, second)
    after()
  }
}

function ascending(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || numbers[i - 1]! < number)
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b)

t.test('DemandDispatcher', async (t) => {
  t.test('property: each event goes once, in order, to a consumer that asked', async (t) => {
    const holds = fc.property(fc.array(move, { maxLength: 60 }), fc.boolean(), (moves, shuffle) => {
      const options = { shuffleDemandsOnFirstDispatch: shuffle }
      const source = new Source((ports) => new DemandDispatcher(ports, options))
      play(
        source,
        moves,
        () => {
          const open = source.present.reduce((sum, { asked, got }) => sum + asked - got.length, 0)
          deepStrictEqual(source.dispatcher.room, open)
          deepStrictEqual(sorted(source.delivered), upTo(source.emitted - source.buffer.length))
          ok(source.takers.every(({ got }) => ascending(got)))
          ok(open === 0 || source.buffer.length === 0, 'nothing waits while somebody wants it')
        },
        () => ({}),
      )
      deepStrictEqual(source.passed.length, moves.filter(([what]) => what === 'mark').length)
    })
    t.doesNotThrow(() => fc.assert(holds, { numRuns: 500 }))
  })

  t.test('the highest demand comes first; of equal ones, who has waited longest', async (t) => {
    const source = new Source((ports) => new DemandDispatcher(ports))
    const [a, b, c] = [source.join(), source.join(), source.join()]
    source.ask(a, 2)
    source.ask(b, 3)
    source.ask(c, 2)
    source.emit(3)
    t.strictSame([a.got, b.got, c.got], [[], [0, 1, 2], []])
    source.emit(3)
    t.strictSame([a.got, b.got, c.got], [[3, 4], [0, 1, 2], [5]])
    t.strictSame(source.warnings.length, 1, 'b asked for more at once than the first')
  })

  t.test('the demand of a consumer that left is gone', async (t) => {
    const source = new Source((ports) => new DemandDispatcher(ports, { maxDemand: 10 }))
    const [a, b] = [source.join(), source.join()]
    source.ask(a, 10)
    source.leave(a)
    t.equal(source.dispatcher.room, 0)
    source.emit(4)
    source.ask(b, 3)
    t.strictSame([a.got, b.got, source.buffer], [[], [0, 1, 2], [3]])
    t.strictSame(source.warnings, [])
  })

  t.test('shuffled once, before the first events, among those who want as many', async (t) => {
    const source = new Source((ports) => new DemandDispatcher(ports, { shuffleDemandsOnFirstDispatch: true }))
    const [a, b, c] = [source.join(), source.join(), source.join()]
    for (const taker of [a, b, c]) source.ask(taker, 1)
    source.emit(1)
    t.strictSame([a.got, b.got, c.got], [[], [], [0]], 'the random numbers of this test turn the order round')
  })
})

t.test('BroadcastDispatcher', async (t) => {
  t.test('property: every event goes to every consumer, in order, when all have asked', async (t) => {
    const holds = fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const source = new Source((ports) => new BroadcastDispatcher(ports))
      const since = new Map<Taker, number>()
      play(
        source,
        moves,
        () => {
          const dispatched = source.emitted - source.buffer.length
          for (const taker of source.present) {
            if (!since.has(taker)) since.set(taker, dispatched)
            const from = since.get(taker)!
            deepStrictEqual(taker.got, upTo(dispatched).slice(from))
          }
          ok(source.dispatcher.room === 0 || source.buffer.length === 0)
        },
        () => ({}),
      )
    })
    t.doesNotThrow(() => fc.assert(holds, { numRuns: 500 }))
  })

  t.test('property: with selectors each gets what it selects, and what it does not costs nothing', async (t) => {
    const holds = fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const source = new Source((ports) => new BroadcastDispatcher(ports))
      const selects = (modulus: number) => (event: number) => event % PARTITIONS === modulus
      const since = new Map<Taker, number>()
      play(
        source,
        moves,
        () => {
          const dispatched = source.emitted - source.buffer.length
          for (const taker of source.present) {
            if (!since.has(taker)) since.set(taker, dispatched)
            const { selector } = taker.options as { selector: (event: number) => boolean }
            deepStrictEqual(taker.got, upTo(dispatched).slice(since.get(taker)).filter(selector))
          }
        },
        (n) => ({ selector: selects(n) }),
      )
      if (source.grown > 0) source.drain()
    })
    t.doesNotThrow(() => fc.assert(holds, { numRuns: 500 }))
  })

  t.test('one that comes later holds the others up until it asks', async (t) => {
    const source = new Source((ports) => new BroadcastDispatcher(ports))
    const early = source.join()
    source.ask(early, 10)
    source.emit(2)
    const late = source.join()
    source.emit(2)
    t.strictSame([early.got, late.got], [[0, 1], []])
    source.ask(late, 10)
    t.strictSame(
      [early.got, late.got],
      [
        [0, 1, 2, 3],
        [2, 3],
      ],
    )
    source.leave(early)
    source.emit(1)
    t.strictSame(late.got, [2, 3, 4])
  })

  t.test('a selector that is no function is refused, and a process that is there already', async (t) => {
    const source = new Source((ports) => new BroadcastDispatcher(ports))
    t.match(source.dispatcher.subscribe(new Taker(), { selector: 7 }), ['error', ['bad_opts', String]])
    const taker = source.join()
    t.strictSame(source.dispatcher.subscribe(taker, {}), ['error', 'already_subscribed'])
  })
})

t.test('PartitionDispatcher', async (t) => {
  const partitions = upTo(PARTITIONS)
  const byRemainder = { partitions: PARTITIONS, hash: (event: number) => [event, event % PARTITIONS] as const }

  t.test('property: each event goes once, to its partition, in order; queues stay within the demand', async (t) => {
    const holds = fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
      const source = new Source((ports) => new PartitionDispatcher(ports, byRemainder))
      let mostOpen = 0
      const partitionOf = (taker: Taker) => (taker.options as { partition: number }).partition
      const isFree = (n: number) => source.present.every((taker) => partitionOf(taker) !== n)
      play(
        source,
        moves,
        () => {
          const open = source.present.reduce((sum, { asked, got }) => sum + asked - got.length, 0)
          const queued = source.emitted - source.buffer.length - source.delivered.length
          mostOpen = Math.max(mostOpen, open)
          ok(queued <= mostOpen + 6, 'no more waits than was asked for')
          ok(source.dispatcher.room === 0 || source.buffer.length === 0)
          for (const n of partitions) {
            const got = source.takers.filter((taker) => partitionOf(taker) === n).flatMap((taker) => taker.got)
            deepStrictEqual(
              got,
              upTo(source.emitted)
                .filter((event) => event % PARTITIONS === n)
                .slice(0, got.length),
            )
          }
        },
        (n) => (isFree(n) ? { partition: n } : undefined),
      )
      for (const n of partitions) if (isFree(n)) source.join({ partition: n })
      for (let round = 0; round < source.emitted + 1; round++) for (const taker of source.present) source.ask(taker, 10)
      deepStrictEqual(sorted(source.delivered), upTo(source.emitted), 'what waited for a partition is not lost')
      deepStrictEqual(source.passed.length, moves.filter(([what]) => what === 'mark').length)
    })
    t.doesNotThrow(() => fc.assert(holds, { numRuns: 500 }))
  })

  t.test('a marker passes once the events before it have left all queues', async (t) => {
    const source = new Source((ports) => new PartitionDispatcher(ports, byRemainder))
    const [zero, one, two] = partitions.map((partition) => source.join({ partition }))
    source.ask(zero!, 20)
    source.emit(7) // 0 1 2 3 4 5 6
    source.mark()
    t.strictSame([zero!.got, source.passed], [[0, 3, 6], []])
    source.ask(one!, 2)
    t.strictSame([one!.got, source.passed], [[1, 4], []])
    source.ask(two!, 1)
    t.strictSame(source.passed, [])
    source.ask(two!, 1)
    t.strictSame([two!.got, source.passed], [[2, 5], [7]])
  })

  t.test('a partition that is behind slows the others down', async (t) => {
    const source = new Source((ports) => new PartitionDispatcher(ports, byRemainder))
    const fast = source.join({ partition: 0 })
    source.ask(fast, 6)
    source.emit(6)
    t.equal(source.dispatcher.room, 0, 'as many events wait for others as this one still wants')
    t.strictSame(fast.got, [0, 3])
    source.join({ partition: 2 })
    const slow = source.join({ partition: 1 })
    source.ask(slow, 2)
    t.strictSame(slow.got, [1, 4])
    t.equal(source.dispatcher.room, 2)
  })

  t.test('partitions by name, events that are dropped, and subscriptions that are refused', async (t) => {
    const hash = (event: number) => (event === 2 ? 'none' : ([event * 10, event % 2 === 0 ? 'even' : 'odd'] as const))
    const source = new Source((ports) => new PartitionDispatcher(ports, { partitions: ['even', 'odd'], hash }))
    const even = source.join({ partition: 'even' })
    t.match(source.dispatcher.subscribe(new Taker(), { partition: 'even' }), ['error', ['bad_opts', /has a consumer/]])
    t.match(source.dispatcher.subscribe(new Taker(), { partition: 'big' }), ['error', ['bad_opts', /even.*odd/]])
    t.match(source.dispatcher.subscribe(new Taker(), {}), ['error', ['bad_opts', String]])
    source.ask(even, 4)
    source.emit(4)
    t.strictSame([even.got, source.grown], [[0], 1])
    const lost = new Source((ports) => new PartitionDispatcher(ports, { partitions: 1, hash: (event) => [event, 9] }))
    lost.ask(lost.join({ partition: 0 }), 1)
    t.throws(() => lost.emit(1), { code: 'badarg' })
    t.throws(() => new Source((ports) => new PartitionDispatcher(ports, { partitions: 0 })), { code: 'badarg' })
  })

  t.test('without a hash equal events go together, and all partitions get some', async (t) => {
    const source = new Source((ports) => new PartitionDispatcher(ports, { partitions }))
    for (const partition of partitions) source.ask(source.join({ partition }), 100)
    source.emit(60)
    t.ok(source.takers.every(({ got }) => got.length > 0))
    t.strictSame(sorted(source.delivered), upTo(60))
  })
})

t.test('StageBuffer', async (t) => {
  t.test('property: it keeps the first or the last events, in order, and never loses a message', async (t) => {
    const step = fc.oneof(
      fc.tuple(fc.constant('store' as const), fc.nat(6)),
      fc.tuple(fc.constant('take' as const), fc.nat(6)),
      fc.tuple(fc.constant('info' as const), fc.constant(0)),
    )
    const keeps = fc.constantFrom('first' as const, 'last' as const)
    const holds = fc.property(fc.array(step, { maxLength: 40 }), fc.nat(8), keeps, (steps, limit, keep) => {
      const buffer = new StageBuffer(limit, keep)
      let model: (number | string)[] = []
      let next = 0
      const isEvent = (item: number | string) => typeof item === 'number'
      const release = (): string[] => {
        const infos = model.slice(0, model.findIndex(isEvent) < 0 ? model.length : model.findIndex(isEvent))
        model = model.slice(infos.length)
        return infos as string[]
      }
      for (const [what, count] of steps) {
        if (what === 'store') {
          const events = upTo(count).map(() => next++)
          const excess = Math.max(0, model.filter(isEvent).length + count - limit)
          let skip = keep === 'last' ? excess : 0
          model = [...model, ...events].filter((item) => !isEvent(item) || skip-- <= 0)
          if (keep === 'first')
            while (model.filter(isEvent).length > limit) model.splice(model.findLastIndex(isEvent), 1)
          deepStrictEqual(buffer.store(events), { lost: excess, infos: release() })
        } else if (what === 'info') {
          const stored = model.some(isEvent)
          deepStrictEqual(buffer.storeInfo(`info ${next}`), stored)
          if (stored) model.push(`info ${next}`)
        } else {
          const end = model.findIndex((item) => !isEvent(item))
          const events = model.slice(0, Math.min(count, end < 0 ? model.length : end))
          model = model.slice(events.length)
          deepStrictEqual(buffer.take(count), { events, infos: release() })
        }
        deepStrictEqual(buffer.size, model.filter(isEvent).length)
      }
    })
    t.doesNotThrow(() => fc.assert(holds, { numRuns: 1000 }))
  })
})

t.test('ConsumerDemand', async (t) => {
  t.test('what is asked for in the course of batches, as GenStage documents it', async (t) => {
    const asks = (max: number, min: number, ...arrivals: number[]) => {
      const demand = new ConsumerDemand(max, min)
      return arrivals.map((count) => demand.take(upTo(count)).batches.map(({ events, ask }) => [events.length, ask]))
    }
    t.strictSame(asks(1000, 500, 1000), [
      [
        [500, 500],
        [500, 500],
      ],
    ])
    t.strictSame(asks(100, 80, 100), [
      [
        [20, 20],
        [20, 20],
        [20, 20],
        [20, 20],
        [20, 20],
      ],
    ])
    t.strictSame(asks(100, 20, 100), [
      [
        [80, 80],
        [20, 0],
      ],
    ])
    t.strictSame(asks(1, 0, 1, 1), [[[1, 1]], [[1, 1]]])
    t.strictSame(asks(10, 5, 3, 3, 4), [[[3, 0]], [[3, 6]], [[4, 0]]])
  })

  t.test('property: no more is on its way than max, and it asks whenever no more than min is', async (t) => {
    const holds = fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.nat(19),
      fc.array(fc.nat(30)),
      (max, least, arrivals) => {
        const min = Math.min(least, max - 1)
        const demand = new ConsumerDemand(max, min)
        let pending = max
        for (const wanted of arrivals) {
          const events = upTo(Math.min(wanted, pending))
          const { batches, excess } = demand.take(events)
          deepStrictEqual([batches.flatMap((batch) => batch.events), excess], [events, 0])
          for (const batch of batches) {
            ok(batch.events.length <= max - min)
            pending += batch.ask - batch.events.length
            ok(pending <= max && pending > min)
          }
        }
        deepStrictEqual(demand.take(upTo(pending + 3)).excess, 3)
      },
    )
    t.doesNotThrow(() => fc.assert(holds, { numRuns: 500 }))
  })
})
