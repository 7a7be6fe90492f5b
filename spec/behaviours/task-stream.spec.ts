import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  type Context,
  createNode,
  exit,
  type OtpNode,
  type Pid,
  type StreamOptions,
  Task,
  TIMEOUT,
} from '../../lib/index.ts'
import { TASK_CONCURRENCY, TASK_STREAM_AHEAD } from '../../lib/internal/limits.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'
import { down, gate, nodeWithReports } from '../support/kid.ts'
import { inTestProcess } from '../support/test-process.ts'

type Source<I> = Iterable<I> | AsyncIterable<I>
type Make = (caller: Context, input: Source<number>, body: Body, options?: StreamOptions) => AsyncIterable<unknown>
type Body = (this: Context, item: number) => unknown

/** Takes `item` milliseconds of the test's clock, for ever if that is Infinity. */
function sleep(this: Context, item: number): Promise<number> {
  return item === Number.POSITIVE_INFINITY ? new Promise(() => {}) : this.sleep(item).then(() => item)
}

async function all<R>(stream: AsyncIterable<R>, count = Number.POSITIVE_INFINITY): Promise<R[]> {
  const results: R[] = []
  for await (const result of stream) {
    results.push(result)
    if (results.length >= count) break
  }
  return results
}

function* firstOf(items: Iterable<number>, count: number): Iterable<number> {
  let taken = 0
  for (const item of items) {
    if (taken++ === count) return
    yield item
  }
}

const oks = (...values: number[]) => values.map((value) => ['ok', value])
const exits = (...reasons: unknown[]) => reasons.map((reason) => ['exit', reason])
const UP = [1, 2, 3, 4]
const DOWN = [4, 3, 2, 1]

/** A node whose clock goes on to the next timer whenever nothing runs; runs `body` as a process of it. */
async function timed(t: Test, body: (this: Context, host: VirtualHost) => Promise<void>): Promise<void> {
  const host = new VirtualHost()
  const node = createNode({ host, reporter: () => {} })
  let running = true
  const ended = inTestProcess(
    t,
    function () {
      return body.call(this, host)
    },
    node,
  ).finally(() => {
    running = false
  })
  while (running) {
    await quiet(host)
    if (host.nextDue !== undefined) host.advance(host.nextDue - host.now)
  }
  await ended
}

/** Nothing of a stream is left: no message, no link, no process but those there were. */
async function nothingLeft(t: Test, context: Context, links: readonly Pid[] = [], processes = 2): Promise<void> {
  t.equal(await context.receive(undefined, { after: 0 }), TIMEOUT, 'no message is left')
  t.same(context.node.processInfo(context.self, 'links'), ['links', links])
  t.equal((context.node as OtpNode).processCount, processes + links.length)
}

const kinds: Record<string, { make(context: Context): Promise<Make>; links: boolean }> = {
  'Task.async_stream': { make: async () => Task.asyncStream, links: true },
  'Task.Supervisor.async_stream': {
    async make(context) {
      const [, supervisor] = (await Task.Supervisor.startLink(context)) as ['ok', Pid<never>]
      return (caller, ...rest) => Task.Supervisor.asyncStream(caller, supervisor, ...rest)
    },
    links: true,
  },
  'Task.Supervisor.async_stream_nolink': {
    async make(context) {
      const [, supervisor] = (await Task.Supervisor.startLink(context)) as ['ok', Pid<never>]
      return (caller, ...rest) => Task.Supervisor.asyncStreamNolink(caller, supervisor, ...rest)
    },
    links: false,
  },
}

for (const [kind, { make, links }] of Object.entries(kinds)) {
  for (const [what, maxConcurrency] of [
    ['max_concurrency == tasks', 4],
    ['max_concurrency < tasks', 2],
    ['max_concurrency > tasks', 8],
  ] as const) {
    t.test(`${kind}, ${what}`, async (t) => {
      const options = { maxConcurrency }
      const run = (t: Test, body: (this: Context, stream: Make, t: Test) => Promise<void>) =>
        timed(t, async function () {
          const stream = await make(this)
          const [, before] = this.node.processInfo(this.self, 'links') as ['links', Pid[]]
          await body.call(this, stream, t)
          await nothingLeft(t, this, before)
        })

      t.test('streams an enumerable with fun, without leaking tasks', (t) =>
        run(t, async function (stream) {
          t.same(await all(stream(this, UP, sleep, options)), oks(...UP))
        }),
      )

      t.test('streams an enumerable with slowest first', (t) =>
        run(t, async function (stream) {
          this.trapExit(true)
          t.same(await all(stream(this, DOWN, sleep, options)), oks(...DOWN))
        }),
      )

      t.test('streams an enumerable with exits', (t) =>
        run(t, async function (stream) {
          this.trapExit(links)
          t.same(await all(stream(this, UP, exit, options)), exits(...UP))
          const zipped = stream(this, [7, 8], (n) => exit(`${n}`), { ...options, zipInputOnExit: true })
          t.same(await all(zipped), exits([7, '7'], [8, '8']))
        }),
      )

      t.test('shuts down unused tasks, without leaking messages', (t) =>
        run(t, async function (stream) {
          const never = Number.POSITIVE_INFINITY
          t.same(await all(stream(this, [0, never, never, never], sleep, options), 1), oks(0))
        }),
      )

      t.test('is zippable on success, on failure, with slowest first', (t) =>
        run(t, async function (stream) {
          this.trapExit(links)
          for (const [input, body, results] of [
            [UP, sleep, oks(...UP)],
            [UP, exit, exits(...UP)],
            [DOWN, sleep, oks(...DOWN)],
          ] as const) {
            const made = stream(this, input, body, options)
            const [one, other] = [made[Symbol.asyncIterator](), made[Symbol.asyncIterator]()]
            for (const result of results) {
              t.same((await one.next()).value, result)
              t.same((await other.next()).value, result)
            }
            t.same([await one.next(), await other.next()], [DONE, DONE])
          }
        }),
      )

      t.test('with inner halt on success, on failure, and slowest first', (t) =>
        run(t, async function (stream) {
          this.trapExit(links)
          const eight = [1, 2, 3, 4, 5, 6, 7, 8]
          t.same(await all(stream(this, firstOf(eight, 4), sleep, options)), oks(...UP))
          t.same(await all(stream(this, firstOf(eight, 4), exit, options)), exits(...UP))
          t.same(await all(stream(this, firstOf(eight.reverse(), 4), sleep, options)), oks(8, 7, 6, 5))
        }),
      )

      t.test('with outer halt on success, on failure, and slowest first', (t) =>
        run(t, async function (stream) {
          this.trapExit(links)
          const eight = [1, 2, 3, 4, 5, 6, 7, 8]
          t.same(await all(stream(this, eight, sleep, options), 4), oks(...UP))
          t.same(await all(stream(this, eight, exit, options), 4), exits(...UP))
          t.same(await all(stream(this, eight.reverse(), sleep, options), 4), oks(8, 7, 6, 5))
        }),
      )

      t.test('terminates inner effect, terminates outer effect', (t) =>
        run(t, async function (stream) {
          const closed: string[] = []
          const input = (async function* () {
            try {
              yield* DOWN
            } finally {
              closed.push('inner')
            }
          })()
          const outer = (async function* (source: AsyncIterable<unknown>) {
            try {
              yield* source
            } finally {
              closed.push('outer')
            }
          })(stream(this, input, sleep, options))
          t.same(await all(outer, 2), oks(4, 3))
          t.same(closed, ['inner', 'outer'])
        }),
      )

      t.test('with :on_timeout set to :kill_task, and zip_input_on_exit', (t) =>
        run(t, async function (stream) {
          const kill = { ...options, onTimeout: 'kill_task', timeout: 50 } as const
          const timeout = ['exit', 'timeout']
          t.same(await all(stream(this, [100, 1, 100, 1], sleep, kill)), [timeout, ['ok', 1], timeout, ['ok', 1]])
          t.same(await all(stream(this, [100, 1], sleep, { ...kill, zipInputOnExit: true })), [
            ['exit', [100, 'timeout']],
            ['ok', 1],
          ])
        }),
      )
    })
  }
}

const DONE = { done: true, value: undefined }

t.test('async_stream/2', async (t) => {
  t.test('timeout: the stream fails, and with it an owner that does not catch it', (t) =>
    timed(t, async function () {
      const reason = ['timeout', ['Task.Supervised', 'stream', [0]]]
      await exitsWith(t, all(Task.asyncStream(this, [1e6, 1e6], sleep, { timeout: 0 })), reason)
      await nothingLeft(t, this)
      const stream = Task.asyncStream(this, [1, 1e6], sleep)[Symbol.asyncIterator]()
      t.same(await stream.next(), { done: false, value: ['ok', 1] })
      const [waiting, after] = [stream.next(), stream.next()]
      await exitsWith(t, waiting, ['timeout', ['Task.Supervised', 'stream', [5000]]])
      t.same([await after, await stream.next()], [DONE, DONE], 'it is over')
      await nothingLeft(t, this)
    }),
  )

  t.test('streams an enumerable with ordered: false, and on_timeout: :kill_task', (t) =>
    timed(t, async function () {
      const body = (_item: number) => {}
      t.same(await all(Task.asyncStream(this, DOWN, sleep, { maxConcurrency: 1, ordered: false })), oks(...DOWN))
      t.same(await all(Task.asyncStream(this, DOWN, sleep, { maxConcurrency: 4, ordered: false })), oks(...UP))
      const options = { maxConcurrency: 4, ordered: false, onTimeout: 'kill_task', timeout: 50 } as const
      const results = await all(Task.asyncStream(this, [100, 1, 100, 1], sleep, options))
      t.same(results, [...oks(1, 1), ...exits('timeout', 'timeout')])
      t.same(await all(Task.asyncStream(this, [1], body, { timeout: Number.POSITIVE_INFINITY })), [['ok', undefined]])
      await nothingLeft(t, this)
    }),
  )

  t.test('with $callers: the owner asked, not the process that keeps the stream', (t) =>
    timed(t, async function () {
      const grandparent = this.self
      const inner = function (this: Context) {
        return Task.callers(this)
      }
      const outer = async function (this: Context) {
        return [this.self, (await all(Task.asyncStream(this, [1], inner)))[0]] as const
      }
      const [result] = await all(Task.asyncStream(this, [1], outer))
      const [parent, seen] = (result as ['ok', [Pid, unknown]])[1]
      t.same(seen, ['ok', [parent, grandparent]])
    }),
  )

  t.test('raises an error if :max_children is reached, with clean stream shutdown', (t) =>
    timed(t, async function () {
      const [, supervisor] = (await Task.Supervisor.startLink(this, { maxChildren: 1 })) as ['ok', Pid<never>]
      for (const stream of [Task.Supervisor.asyncStream, Task.Supervisor.asyncStreamNolink]) {
        await t.rejects(all(stream(this, supervisor, [1e6, 1e6], sleep, { maxConcurrency: 2 })), {
          code: 'max_children',
        })
        t.same(await Task.Supervisor.children(this, supervisor), [])
        await nothingLeft(t, this, [supervisor])
      }
    }),
  )

  t.test('options that are none', async (t) => {
    await inTestProcess(t, async function () {
      const wrong = (options: object) => () => Task.asyncStream(this, [], sleep, options)
      for (const maxConcurrency of [0, -1, 1.5, '2', Number.NaN])
        t.throws(wrong({ maxConcurrency }), { code: 'badarg' })
      t.throws(wrong({ timeout: -1 }), { code: 'bad_timeout' })
      t.throws(wrong({ onTimeout: 'ignore' }), { code: 'badarg' })
      t.throws(() => Task.asyncStream(this, [], undefined as never), { code: 'badarg' })
      t.throws(() => Task.asyncStream(this.node as never, [], sleep), { code: 'badarg' })
      t.throws(() => Task.asyncStream(this, 7 as never, sleep)[Symbol.asyncIterator](), { code: 'badarg' })
    })
  })
})

t.test('a task that crashes ends an owner that does not trap exits, and with it the other tasks', async (t) => {
  const { node } = nodeWithReports(t)
  const boom = new Error('boom')
  const others: Pid[] = []
  const owner = node.spawn(async function () {
    const body = async function (this: Context, item: number) {
      if (item === 3) throw boom
      others.push(this.self)
      await new Promise(() => {})
    }
    await all(Task.asyncStream(this, [1, 2, 3], body))
  })
  t.equal(await down(owner), boom)
  t.equal(others.length, 2)
  t.equal(node.processCount, 0)
})

t.test('the tasks end with their owner, however it ends; those that are not linked go on', async (t) => {
  const { node } = nodeWithReports(t)
  await node.supervise({ children: [Task.Supervisor.child({}, { name: 'tasks' })] })
  const before = node.processCount
  const never = () => new Promise(() => {})
  for (const trap of [false, true]) {
    for (const reason of ['boom', 'kill', 'normal']) {
      const begun = gate()
      const owner = node.spawn(async function () {
        this.trapExit(trap)
        const stream = Task.asyncStream(this, [1, 2], never)[Symbol.asyncIterator]()
        void stream.next()
        begun.open()
        t.equal(await this.receive(), 'end')
        exit(reason)
      })
      await begun.opened
      await quiet()
      t.equal(node.processCount, before + 4)
      node.send(owner, 'end')
      await quiet()
      t.equal(node.processCount, before, `${reason}, ${trap ? 'trapping' : 'not trapping'}`)
    }
  }
  const owner = node.spawn(async function () {
    await all(Task.Supervisor.asyncStreamNolink(this, 'tasks', [1, 2], never))
  })
  await quiet()
  node.exit(owner, 'kill')
  await quiet()
  t.equal((await Task.Supervisor.children(node, 'tasks')).length, 2)
})

t.test('somebody ends the process that keeps the stream', async (t) => {
  await inTestProcess(t, async function () {
    this.trapExit(true)
    const waiting = all(Task.asyncStream(this, [1], () => new Promise(() => {})))
    const [, [keeper]] = this.node.processInfo(this.self, 'links') as ['links', [Pid]]
    this.exit(keeper, 'kill')
    await exitsWith(t, waiting, ['killed', ['Task.Supervised', 'stream', [5000]]])
    await nothingLeft(t, this)
  })
})

t.test('input: what it throws fails the stream; nothing is taken before it is needed', async (t) => {
  t.test('what it throws', (t) =>
    timed(t, async function () {
      const broken = function* () {
        yield 1e6
        throw new RangeError('no more')
      }
      await t.rejects(all(Task.asyncStream(this, broken(), sleep)), RangeError)
      await nothingLeft(t, this)
      const slow = async function* () {
        yield 1
        throw new RangeError('no more')
      }
      await t.rejects(all(Task.asyncStream(this, slow(), sleep, { maxConcurrency: 1 })), RangeError)
      await nothingLeft(t, this)
    }),
  )

  t.test('a result is given while the input waits, and a waiting input does not hold up the end', (t) =>
    timed(t, async function () {
      const waits = async function* () {
        yield 1
        await new Promise(() => {})
      }
      t.same(await all(Task.asyncStream(this, waits(), sleep), 1), oks(1))
      await nothingLeft(t, this)
    }),
  )

  t.test('lazy, bounded while nobody asks, and bounded behind a slow first one', (t) =>
    timed(t, async function () {
      let taken = 0
      const endless = function* () {
        for (;;) yield taken++
      }
      const held = gate()
      const body = async (item: number) => (item === 0 ? held.opened : item)
      const stream = Task.asyncStream(this, endless(), body, { timeout: Number.POSITIVE_INFINITY })
      const iterator = stream[Symbol.asyncIterator]()
      await quiet()
      t.equal(taken, 0, 'nothing is taken before the first result is asked for')
      const first = iterator.next()
      await quiet()
      t.equal(taken, TASK_STREAM_AHEAD, 'results that cannot be given yet are bounded')
      held.open()
      t.same(await first, { done: false, value: ['ok', 'ok'] })
      t.same(await iterator.next(), { done: false, value: ['ok', 1] })
      await quiet()
      t.equal(taken, TASK_STREAM_AHEAD, 'what is there is given before more is taken')
      await iterator.return?.()
      taken = 0
      const unordered = Task.asyncStream(this, endless(), body, { ordered: false })[Symbol.asyncIterator]()
      await unordered.next()
      t.equal(taken, TASK_CONCURRENCY)
      await quiet()
      t.equal(taken, TASK_CONCURRENCY)
      await unordered.return?.()
    }),
  )
})

t.test('property: every result once, in order, within the bound, whatever fails or is late', async (t) => {
  const item = fc.record({
    takes: fc.integer({ min: 0, max: 40 }),
    how: fc.constantFrom('returns', 'throws', 'exits', 'kills itself'),
  })
  const options = fc.record({
    maxConcurrency: fc.integer({ min: 1, max: 6 }),
    ordered: fc.boolean(),
    timeout: fc.integer({ min: 10, max: 60 }),
  })
  const source = fc.record({ slow: fc.boolean(), pause: fc.integer({ min: 0, max: 15 }), stopAfter: fc.nat(30) })
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 24 }), options, source, async (items, given, how) => {
      await timed(t, async function (host) {
        this.trapExit(true)
        let [running, most, taken] = [0, 0, 0]
        const numbers = items.map((_, number) => number)
        const pull = (number: number) => {
          taken++
          return number
        }
        const context = this
        const input = how.slow
          ? (async function* () {
              for (const number of numbers) {
                await context.sleep(how.pause)
                yield pull(number)
              }
            })()
          : (function* () {
              for (const number of numbers) yield pull(number)
            })()
        const body = async function (this: Context, number: number) {
          most = Math.max(most, ++running)
          this.own({ [Symbol.dispose]: () => running-- })
          const { takes, how: end } = items[number]!
          await this.sleep(takes)
          if (end === 'throws') throw new Error('thrown')
          if (end === 'exits') exit('left')
          if (end === 'kills itself') this.exit(this.self, 'kill')
          return number
        }
        const start = host.now
        const ends: number[] = []
        const results: unknown[] = []
        let asked = 0
        const stream = Task.asyncStream(this, input, body, { ...given, onTimeout: 'kill_task', zipInputOnExit: true })
        for await (const result of stream) {
          results.push(result)
          ends.push(host.now - start)
          if (taken > results.length + given.maxConcurrency && !given.ordered) throw new Error('took too much')
          if (++asked > how.stopAfter) break
        }
        const numberOf = (result: unknown) => {
          const [outcome, value] = result as ['ok', number] | ['exit', [number, unknown]]
          return outcome === 'ok' ? value : value[0]
        }
        const seen = results.map(numberOf)
        const expected = items.length > how.stopAfter ? how.stopAfter + 1 : items.length
        if (seen.length !== expected || new Set(seen).size !== seen.length) throw new Error(`not once: ${seen}`)
        if (given.ordered && seen.some((number, i) => number !== i)) throw new Error(`not in order: ${seen}`)
        if (most > given.maxConcurrency) throw new Error(`${most} ran at a time`)
        if (ends.some((time, i) => i > 0 && time < ends[i - 1]!)) throw new Error('time ran backwards')
        for (const result of results) {
          const { takes, how: end } = items[numberOf(result)]!
          const outcome = (result as [string])[0]
          const late = takes > given.timeout
          const reason = outcome === 'exit' ? (result as ['exit', [number, unknown]])[1][1] : undefined
          if (late && reason !== 'timeout') throw new Error('late, and no timeout')
          if (takes < given.timeout && (outcome === 'ok') !== (end === 'returns')) throw new Error(`wrong: ${end}`)
        }
        if (running !== 0 || this.node.processInfo(this.self, 'links')?.[1]?.length !== 0) throw new Error('left over')
        if ((await this.receive(undefined, { after: 0 })) !== TIMEOUT) throw new Error('a message is left over')
      })
    }),
    { numRuns: 60 },
  )
  t.pass('60 streams')
})
