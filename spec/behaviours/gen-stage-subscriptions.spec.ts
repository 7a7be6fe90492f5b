import t from 'tap'
import { child, exit, failure, GenStage, noreply, ok, type Pid, stop, sys } from '../../lib/index.ts'
import { exitsWith } from '../support/exits.ts'
import { down } from '../support/kid.ts'
import { puppet } from '../support/puppet.ts'
import {
  demands,
  Keeper,
  type KeeperApi,
  Numbers,
  type NumbersApi,
  pair,
  read,
  testNode,
  upTo,
} from '../support/stages.ts'

t.test('subscriptions', async (t) => {
  t.test('both stages are told, with the options', async (t) => {
    const node = testNode(t)
    const { above, numbers, keeper, tag } = await pair(node, 0, 'automatic', { maxDemand: 7 })
    t.strictSame(above, [
      ['subscribed', 'consumer', 7],
      ['demand', 7],
    ])
    t.strictSame(await node.call(keeper, 'froms'), [[numbers, tag]])
  })

  t.test('what syncSubscribe answers', async (t) => {
    const node = testNode(t)
    const numbers = await node.start(Numbers, [[], 0], { name: 'numbers' })
    const keeper = await node.start(Keeper, [[], 'automatic'])
    t.match(await GenStage.syncSubscribe(node, keeper, { to: 'numbers' }), ['ok', {}])
    t.match(await GenStage.syncSubscribe(node, keeper, { to: { name: 'numbers' } }), ['ok', {}])
    for (const wrong of [
      { maxDemand: 0 },
      { maxDemand: 5, minDemand: 5 },
      { minDemand: -1 },
      { cancel: 'never' as never },
    ]) {
      t.match(await GenStage.syncSubscribe(node, keeper, { to: numbers, ...wrong }), ['error', ['bad_opts', String]])
    }
    const untyped = numbers as Pid as Pid<KeeperApi>
    t.strictSame(await GenStage.syncSubscribe(node, untyped, { to: numbers }), ['error', 'not_a_consumer'])
    t.match(await GenStage.syncSubscribe(node, keeper, { to: 'nobody', cancel: 'temporary' }), ['ok', {}])
    t.ok(node.isAlive(keeper))
  })

  t.test('a producer that is not there ends the consumer with noproc, at its start too', async (t) => {
    const node = testNode(t)
    const keeper = await node.start(Keeper, [[], 'automatic'])
    const ended = node.endOf(keeper)
    t.match(await GenStage.syncSubscribe(node, keeper, { to: 'nobody' }), ['ok', {}])
    t.equal(await ended, 'noproc')
    await exitsWith(t, node.start(Keeper, [[], 'automatic', { subscribeTo: ['nobody'] }]), 'noproc')
    const gone = await node.start(Numbers, [[], 0])
    await node.stop(gone)
    const late = await node.start(Keeper, [[], 'automatic', { subscribeTo: [gone] }])
    t.equal(await node.endOf(late), 'noproc')
  })

  t.test('wrong options of a stage refuse its start', async (t) => {
    const node = testNode(t)
    const wrong: readonly object[] = [
      { bufferSize: -1 },
      { bufferKeep: 'best' },
      { demand: 'later' },
      { dispatcher: 'demand' },
      { subscribeTo: [] },
    ]
    for (const options of wrong) await exitsWith(t, node.start(Numbers, [[], 0, options]), ['bad_opts', String])
    t.throws(() => GenStage.producer({ init: () => ok(0) } as never), { code: 'badarg' })
  })

  t.test('cancel modes and reasons: who ends with what', async (t) => {
    const ends: unknown[] = []
    for (const cancel of ['permanent', 'transient', 'temporary'] as const) {
      for (const reason of ['normal', 'shutdown', ['shutdown', 1], 'oops']) {
        const node = testNode(t)
        const { numbers, keeper, below } = await pair(node, 0, 'automatic', { cancel })
        const ended = node.endOf(keeper)
        node.cast(numbers, 'stop', reason)
        await node.quiet()
        t.strictSame(below, [['down', reason]])
        ends.push(node.isAlive(keeper) ? 'lives' : await ended)
      }
    }
    t.strictSame(
      ends,
      [
        ['normal', 'shutdown', ['shutdown', 1], 'oops'],
        ['lives', 'lives', 'lives', 'oops'],
        ['lives', 'lives', 'lives', 'lives'],
      ].flat(),
    )
  })

  t.test('a consumer cancels: the producer is told, and answers', async (t) => {
    const node = testNode(t)
    const { keeper, above, below } = await pair(node, 0, 'automatic', { cancel: 'transient' })
    const ended = node.endOf(keeper)
    read(above)
    node.cast(keeper, 'cancel', 'enough')
    t.equal(await ended, 'enough')
    t.strictSame(above, [['cancel', 'enough']])
    t.strictSame(below, [['cancel', 'enough']])
  })

  t.test('the end of a consumer frees its demand for the others', async (t) => {
    const node = testNode(t)
    const { numbers, keeper, above } = await pair(node, 3, 'manual')
    node.cast(keeper, 'ask', 10)
    await node.quiet()
    await node.stop(keeper, 'shutdown')
    await node.quiet()
    t.strictSame(above.at(-1), ['down', 'shutdown'])
    const below: unknown[] = []
    const other = await node.start(Keeper, [below, 'manual', { subscribeTo: [numbers] }])
    node.cast(other, 'ask', 4)
    await node.quiet()
    t.strictSame(demands(above), [10], 'seven that nobody got were asked for before')
    await node.call(numbers, 'push', 5)
    await node.quiet()
    t.strictSame(below, [[0, 1, 2, 3]])
  })

  t.test('syncResubscribe cancels the old subscription and makes a new one', async (t) => {
    const node = testNode(t)
    const { numbers, keeper, above, below, tag } = await pair(node, 0, 'automatic', { cancel: 'temporary' })
    read(above)
    const options = { to: numbers, maxDemand: 3 }
    const [, next] = await GenStage.syncResubscribe(node, keeper, tag, 'again', options)
    await node.quiet()
    t.strictSame(above.slice(0, 2), [
      ['cancel', 'again'],
      ['subscribed', 'consumer', 3],
    ])
    t.strictSame(below, [['cancel', 'again']])
    t.strictSame((await node.call(keeper, 'froms')).at(-1), [numbers, next])
  })

  t.test('asyncResubscribe does the same and waits for nothing', async (t) => {
    const node = testNode(t)
    const { numbers, keeper, above, below, tag } = await pair(node, 0, 'automatic', { cancel: 'temporary' })
    read(above)
    GenStage.asyncResubscribe(node, keeper, tag, 'again', { to: numbers, maxDemand: 3 })
    t.strictSame(read(above), [])
    await node.quiet()
    t.strictSame(above.slice(0, 2), [
      ['cancel', 'again'],
      ['subscribed', 'consumer', 3],
    ])
    t.strictSame(below, [['cancel', 'again']])
    t.throws(() => GenStage.asyncResubscribe(node, keeper, 'tag' as never, 'again', { to: numbers }), {
      code: 'badarg',
    })
  })

  t.test('asyncSubscribe, by the stage itself, and a handleSubscribe that stops', async (t) => {
    const node = testNode(t)
    const numbers = await node.start(Numbers, [[], 3])
    const below: unknown[] = []
    const keeper = await node.start(Keeper, [below, 'automatic'])
    GenStage.asyncSubscribe(node, keeper, { to: numbers })
    await node.quiet()
    t.strictSame(below, [[0, 1, 2]])
    const Picky = GenStage.producer<{ state: null; out: number }>({
      init: () => ok(null),
      handleDemand: (_demand, state) => noreply(state),
      handleSubscribe: (_other, _options, _from, state) => stop('picky', state),
    })
    const picky = await node.start(Picky, [])
    const ended = node.endOf(picky)
    await GenStage.syncSubscribe(node, keeper, { to: picky, cancel: 'temporary' })
    t.equal(await ended, 'picky')
  })
})

t.test('the protocol, as a process without GenStage speaks it', async (t) => {
  t.test('a raw consumer: subscribe, ask, cancel, and what is not known', async (t) => {
    const node = testNode(t)
    const numbers = await node.start(Numbers, [[], 5])
    const raw = puppet(node)
    const tag = node.makeRef()
    const tell = (what: readonly unknown[]) => node.send(numbers, ['$gen_producer', [raw.pid, tag], what])
    const heard = async () => {
      await node.quiet()
      return raw.heard.splice(0)
    }
    const told = (what: readonly unknown[]) => ['$gen_consumer', [numbers, tag], what]
    tell(['ask', 1])
    t.strictSame(await heard(), [told(['cancel', 'unknown_subscription'])])
    tell(['cancel', 'x'])
    t.strictSame(await heard(), [told(['cancel', 'unknown_subscription'])])
    tell(['subscribe', undefined, {}])
    t.strictSame(await heard(), [])
    tell(['subscribe', undefined, {}])
    t.strictSame(await heard(), [told(['cancel', 'duplicated_subscription'])])
    tell(['ask', 2])
    tell(['ask', 10])
    t.strictSame(await heard(), [told(['events', [0, 1]]), told(['events', [2, 3, 4]])])
    tell(['cancel', 'done'])
    t.strictSame(await heard(), [told(['cancel', 'done'])])
    const diary: unknown[] = []
    const other = await node.start(Numbers, [diary, 0])
    node.send(other, ['$gen_producer', [raw.pid, tag], ['ask', -1]])
    node.send(other, ['$gen_producer', 'nonsense'])
    await node.quiet()
    t.equal(diary.length, 2, 'what is not of the protocol is a message like others')
  })

  t.test('a raw producer: events without a subscription, and more than was asked for', async (t) => {
    const node = testNode(t)
    const raw = puppet(node)
    const below: unknown[] = []
    const keeper = await node.start(Keeper, [below, 'automatic'])
    const foreign = node.makeRef()
    node.send(keeper, ['$gen_consumer', [raw.pid, foreign], ['events', [1]]])
    await node.quiet()
    t.strictSame(raw.heard.splice(0), [['$gen_producer', [keeper, foreign], ['cancel', 'unknown_subscription']]])
    const [, tag] = await GenStage.syncSubscribe(node, keeper, {
      to: raw.pid as Pid<NumbersApi>,
      maxDemand: 2,
      minDemand: 0,
    })
    await node.quiet()
    t.strictSame(raw.heard.splice(0), [
      ['$gen_producer', [keeper, tag], ['subscribe', undefined, { maxDemand: 2, minDemand: 0 }]],
      ['$gen_producer', [keeper, tag], ['ask', 2]],
    ])
    node.send(keeper, ['$gen_consumer', [raw.pid, tag], ['events', [1, 2, 3]]])
    await node.quiet()
    t.strictSame(below, [[1, 2], [3]])
    t.match(node.reportsOf('gen_stage', 'events_in_excess'), [{ level: 'error', details: { excess: 1 } }])
    node.send(keeper, ['$gen_producer', [raw.pid, foreign], ['subscribe', undefined, {}]])
    await node.quiet()
    t.strictSame(raw.heard.at(-1), ['$gen_consumer', [keeper, foreign], ['cancel', 'not_a_producer']])
    const ended = node.endOf(keeper)
    node.send(keeper, ['$gen_consumer', [raw.pid, tag], ['cancel', 'closed']])
    t.equal(await ended, 'closed')
  })
})

t.test('dispatchers at work', async (t) => {
  t.test('broadcast: all get all; what a selector passes over is asked for again', async (t) => {
    const node = testNode(t)
    const above: unknown[] = []
    const numbers = await node.start(Numbers, [
      above,
      100,
      { demand: 'accumulate', dispatcher: GenStage.broadcastDispatcher() },
    ])
    const all: unknown[] = []
    const few: unknown[] = []
    const to = { to: numbers, maxDemand: 10 }
    await node.start(Keeper, [all, 'automatic', { subscribeTo: [to] }])
    const picking = await node.start(Keeper, [
      few,
      'automatic',
      { subscribeTo: [{ ...to, selector: (n) => n % 50 === 0 }] },
    ])
    GenStage.demand(node, numbers, 'forward')
    await node.quiet()
    t.strictSame(all.flat(), upTo(100))
    t.strictSame(few.flat(), [0, 50])
    await GenStage.syncSubscribe(node, picking, to)
    await node.quiet()
    t.strictSame(few.at(-1), ['cancel', 'already_subscribed'])
    t.ok(node.isAlive(picking))
  })

  t.test('partition: each event to its own, in order; a wrong partition is refused', async (t) => {
    const node = testNode(t)
    const dispatcher = GenStage.partitionDispatcher<number>({
      partitions: ['even', 'odd'],
      hash: (n) => [n, n % 2 === 0 ? 'even' : 'odd'],
    })
    const numbers = await node.start(Numbers, [[], 40, { dispatcher }])
    const diaries: { readonly even: unknown[]; readonly odd: unknown[] } = { even: [], odd: [] }
    for (const partition of ['even', 'odd'] as const) {
      const to = { to: numbers, maxDemand: 10, partition }
      await node.start(Keeper, [diaries[partition], 'automatic', { subscribeTo: [to] }])
    }
    await node.quiet()
    t.strictSame(
      diaries.even.flat(),
      upTo(20).map((n) => n * 2),
    )
    t.strictSame(
      diaries.odd.flat(),
      upTo(20).map((n) => n * 2 + 1),
    )
    const lost = await node.start(Keeper, [[], 'automatic'])
    const ended = node.endOf(lost)
    GenStage.asyncSubscribe(node, lost, { to: numbers, partition: 'prime' })
    t.match(await ended, ['bad_opts', String])
  })
})

t.test('callbacks', async (t) => {
  interface OddApi extends GenStage.StageProtocol {
    state: number
    init: [handle: (demand: number, state: number) => never]
    out: number
  }
  const odd = (handle: (demand: number, state: number) => unknown) =>
    GenStage.producer<OddApi>({ init: () => ok(0), handleDemand: handle as never })

  t.test('what a callback may not return, throws, and stops with', async (t) => {
    const cases: readonly (readonly [handle: (demand: number, state: number) => unknown, end: unknown])[] = [
      [() => 'what', ['bad_return_value', 'what']],
      [() => GenStage.emit('events' as never, 0), ['bad_return_value', ['noreply', 'events', 0]]],
      [() => noreply(0, { timeout: 5 }), ['bad_return_value', ['noreply', 0, 5]]],
      [() => failure('no'), ['bad_return_value', ['error', 'no']]],
      [() => exit('left'), 'left'],
      [async () => exit('left later'), 'left later'],
      [() => stop('enough', 1), 'enough'],
      [async () => stop('enough', 1), 'enough'],
    ]
    for (const [handle, end] of cases) {
      const node = testNode(t)
      const stage = await node.start(odd(handle), [] as never)
      const ended = node.endOf(stage)
      const keeper = await node.start(Keeper, [[], 'automatic'])
      await GenStage.syncSubscribe(node, keeper, { to: stage, cancel: 'temporary' })
      t.strictSame(await ended, end)
    }
  })

  t.test('a result that is thrown counts as returned', async (t) => {
    const node = testNode(t)
    const stage = await node.start(
      odd((demand, state) => {
        if (state === 0) throw GenStage.emit(upTo(3), 1)
        return noreply(demand)
      }),
      [] as never,
    )
    const below: unknown[] = []
    await node.start(Keeper, [below, 'automatic', { subscribeTo: [{ to: stage, maxDemand: 2, minDemand: 1 }] }])
    await node.quiet()
    t.strictSame(below, [[0], [1], [2]])
  })

  t.test('a consumer that emits is told, and its events are dropped', async (t) => {
    const node = testNode(t)
    const Loud = GenStage.consumer<{ state: null; in: number }>({
      init: () => ok(null),
      handleEvents: (events, _from, state) => GenStage.emit(events as never, state),
    })
    const numbers = await node.start(Numbers, [[], 2])
    const loud = await node.start(Loud, [])
    await GenStage.syncSubscribe(node, loud, { to: numbers })
    await node.quiet()
    t.match(node.reportsOf('gen_stage', 'consumer_emitted'), [{ details: { discarded: 2 } }])
    t.ok(node.isAlive(loud))
  })

  t.test('an async callback holds up every message; a kill does not wait for it', async (t) => {
    const node = testNode(t)
    const { keeper, below } = await pair(node, 10, 'slow', { maxDemand: 4, minDemand: 2 })
    const froms = node.call(keeper, 'froms')
    let answered = false
    froms.then(() => {
      answered = true
    })
    await node.quiet()
    t.equal(answered, false)
    await node.advance(30)
    t.equal(answered, true)
    const got = below.length
    node.exit(keeper, 'kill')
    await node.advance(100)
    t.equal(below.length, got)
  })

  t.test('a crash is reported with the state of the module, and calls and sys see it', async (t) => {
    const node = testNode(t)
    const numbers = await node.start(Numbers, [[], 5])
    node.cast(numbers, 'stop', 'oops')
    await node.quiet()
    t.match(node.reportsOf('gen_server', 'terminate'), [{ details: { state: { limit: 5 } } }])
    const other = await node.start(Numbers, [[], 5])
    await sys.suspend(node, other)
    await sys.resume(node, other)
    t.equal(await node.call(other, 'push', 1), 1)
  })

  t.test('a stage is a child like any other; its consumers come back with it', async (t) => {
    const node = testNode(t)
    const below: unknown[] = []
    await node.supervise({
      strategy: 'rest_for_one',
      children: [
        child(Numbers, [[], 3], { id: 'numbers', name: 'numbers' }),
        child(Keeper, [below, 'automatic', { subscribeTo: ['numbers'] }], { id: 'keeper' }),
      ],
    })
    await node.quiet()
    await node.crash('numbers')
    t.strictSame(
      below.filter((line) => (line as unknown[])[0] === 0),
      [
        [0, 1, 2],
        [0, 1, 2],
      ],
    )
  })
})

t.test('handleSubscribe that returns anything else ends the stage; who asked hears the reason', async (t) => {
  const node = testNode(t)
  const returning = (result: unknown) =>
    GenStage.consumer<{ state: number; in: number }>({
      init: () => ok(0),
      handleEvents: (_events, _from, state) => noreply(state),
      handleSubscribe: () => result as never,
    })
  const results = [noreply(1), GenStage.emit([], 1), 'automatic', stop('enough', 1)]
  const reasons = [
    ['bad_return_value', ['noreply', 1]],
    ['bad_return_value', ['noreply', [], 1]],
    ['bad_return_value', 'automatic'],
    'enough',
  ]
  for (const [i, result] of results.entries()) {
    const numbers = await node.start(Numbers, [[], 10])
    const below = await node.start(returning(result), [])
    const failed = await GenStage.syncSubscribe(node, below, { to: numbers }).catch(({ reason }) => reason)
    t.strictSame(failed[0], reasons[i])
    t.notOk(node.isAlive(below))
    t.ok(node.isAlive(numbers))

    const above = await node.start(
      GenStage.producer<{ state: number; out: number }>({
        init: () => ok(0),
        handleDemand: (_demand, state) => noreply(state),
        handleSubscribe: () => result as never,
      }),
      [],
    )
    const ended = down(above)
    await node.start(Keeper, [[], 'automatic', { subscribeTo: [{ to: above, cancel: 'temporary' }] }])
    t.strictSame(await ended, reasons[i])
  }
})
