import t from 'tap'
import { GenStage, type Pid, start } from '../../lib/index.ts'
import { exitsWith } from '../support/exits.ts'
import { puppet } from '../support/puppet.ts'
import { demands, Keeper, Numbers, testNode, upTo } from '../support/stages.ts'

t.test('fromIterable', async (t) => {
  t.test('emits the items as they are wanted, and ends when the last is sent', async (t) => {
    const node = testNode(t)
    let taken = 0
    function* items() {
      for (; taken < 10; taken++) yield taken
    }
    const source = await node.start(GenStage.fromIterable(items()), [])
    const ended = node.endOf(source)
    const below: unknown[] = []
    const keeper = await node.start(Keeper, [below, 'manual'])
    await GenStage.syncSubscribe(node, keeper, { to: source, cancel: 'temporary' })
    node.cast(keeper, 'ask', 3)
    await node.quiet()
    t.strictSame([taken, below], [2, [[0, 1, 2]]])
    node.cast(keeper, 'ask', 8)
    t.equal(await ended, 'normal')
    await node.quiet()
    t.strictSame(below, [[0, 1, 2], upTo(7, 3), ['down', 'normal']])
  })

  t.test('of an async iterable one item after the other, and its iterator is closed with the stage', async (t) => {
    const node = testNode(t)
    const log: unknown[] = []
    async function* items() {
      try {
        for (let i = 0; ; i++) {
          await node.sleep(1)
          log.push(i)
          yield i
        }
      } finally {
        log.push('closed')
      }
    }
    const source = await node.start(GenStage.fromIterable(items()), [])
    const below: unknown[] = []
    const keeper = await node.start(Keeper, [below, 'manual'])
    await GenStage.syncSubscribe(node, keeper, { to: source, cancel: 'temporary' })
    node.cast(keeper, 'ask', 3)
    await node.advance(50)
    t.strictSame(
      [log, below],
      [
        [0, 1, 2],
        [[0], [1], [2]],
      ],
    )
    await node.stop(source)
    t.strictSame(log, [0, 1, 2, 'closed'])
  })

  t.test('what it throws is the reason of the end', async (t) => {
    const node = testNode(t)
    const broken = new Error('broken')
    async function* late() {
      yield 1
      throw broken
    }
    function* now() {
      yield 1
      throw broken
    }
    for (const iterable of [late(), now()]) {
      const source = await node.start(GenStage.fromIterable(iterable), [])
      const ended = node.endOf(source)
      await node.start(Keeper, [[], 'automatic', { subscribeTo: [{ to: source, cancel: 'temporary' }] }])
      t.equal(await ended, broken)
    }
  })
})

t.test('stream', async (t) => {
  t.test('gives the events, asks as they are used, and ends with the producers', async (t) => {
    const node = testNode(t)
    const above: unknown[] = []
    const numbers = await node.start(Numbers, [above, 10])
    const few = await node.start(GenStage.fromIterable(upTo(3, 100)), [])
    const got: number[] = []
    const reading = (async () => {
      for await (const n of GenStage.stream(node, [{ to: numbers, maxDemand: 2, minDemand: 1 }, few])) {
        const emitted = demands(above).reduce<number>((sum, count) => sum + (count as number), 0)
        got.push(n)
        t.ok(emitted <= got.filter((other) => other < 100).length + 2)
      }
    })()
    await node.quiet()
    t.strictSame(
      got.toSorted((a, b) => a - b),
      [...upTo(10), 100, 101, 102],
    )
    await node.stop(numbers)
    await reading
  })

  t.test('leaving the loop ends the subscription', async (t) => {
    const node = testNode(t)
    const above: unknown[] = []
    const numbers = await node.start(Numbers, [above, 1000])
    for await (const n of GenStage.stream(node, [numbers])) if (n === 5) break
    await node.quiet()
    t.strictSame(above.at(-1), ['down', 'shutdown'])
    t.equal(node.processCount, 1)
  })

  t.test('a crash is thrown behind the events before it; not with temporary', async (t) => {
    const node = testNode(t)
    const read = async (cancel: 'transient' | 'temporary') => {
      const numbers = await node.start(Numbers, [[], 3])
      const got: number[] = []
      const reading = (async () => {
        for await (const n of GenStage.stream(node, [{ to: numbers, cancel }])) got.push(n)
      })()
      await node.quiet()
      node.cast(numbers, 'stop', 'oops')
      const failed = await reading.then(
        () => 'ended',
        (error) => error.reason,
      )
      return [got, failed]
    }
    t.strictSame(await read('transient'), [[0, 1, 2], 'oops'])
    t.strictSame(await read('temporary'), [[0, 1, 2], 'ended'])
    const nobody = GenStage.stream(node, [{ to: 'nobody' }])[Symbol.asyncIterator]()
    await exitsWith(t, nobody.next(), 'noproc')
    const lenient = GenStage.stream(node, [{ to: 'nobody', cancel: 'temporary' }])[Symbol.asyncIterator]()
    t.match(await lenient.next(), { done: true })
  })

  t.test('options of a subscription that are wrong are told at once, and nobody is subscribed', async (t) => {
    const node = testNode(t)
    const above: unknown[] = []
    const to = await node.start(Numbers, [above, 10])
    const wrong = [
      [{ maxDemand: 0 }, /maxDemand is a number of events, 1 or more, not 0/],
      [{ maxDemand: 2, minDemand: 5 }, /minDemand is 0 or more and below maxDemand, not 5/],
      [{ cancel: 'never' as 'transient' }, /cancel is permanent, transient or temporary, not never/],
    ] as const
    for (const [options, message] of wrong) {
      t.throws(() => GenStage.stream(node, [to, { to, ...options }]), { name: 'Fault', code: 'badarg', message })
    }
    await node.quiet()
    t.strictSame([above, node.processCount], [[], 1])
  })

  t.test('its consumer ends with the process that runs the loop', async (t) => {
    const node = testNode(t)
    const numbers = await node.start(Numbers, [[], 1000])
    const got: number[] = []
    const pid = node.spawn(async function () {
      for await (const n of GenStage.stream(this, [numbers])) {
        got.push(n)
        if (n === 3) await this.receive()
      }
    })
    await node.quiet()
    t.strictSame(got, upTo(4))
    node.exit(pid, 'kill')
    await node.quiet()
    t.equal(node.processCount, 1)
  })

  t.test('from a process it may be read, too', async (t) => {
    const node = testNode(t)
    const result = await start(node, GenStage.fromIterable(['a', 'b']), [])
    t.equal(result[0], 'ok')
    const source = (result as readonly ['ok', Pid<GenStage.IterableApi<string>>])[1]
    const { tell } = puppet(node)
    const letters = await tell(async (self) => {
      const all: string[] = []
      for await (const letter of GenStage.stream(self, [source])) all.push(letter)
      return all
    })
    t.strictSame(letters, ['a', 'b'])
  })
})
