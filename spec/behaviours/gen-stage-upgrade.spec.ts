import fc from 'fast-check'
import t from 'tap'
import { failure, type GenServer, GenStage, noreply, ok, type Pid, reply, sys, upgrade } from '../../lib/index.ts'
import { createTestNode, type TestNode } from '../../lib/testing/index.ts'
import { Doubler, Keeper, Numbers, pair, read, testNode, upTo } from '../support/stages.ts'

/** A stream of three stages, each in two versions: numbers ──> tags of the version that handled them ──> a list. */
type Tagged = readonly [n: number, version: number]

interface SourceApi extends GenStage.StageProtocol {
  state: { readonly next: number; readonly vsn: number }
  out: number
  codeChange: [oldVsn: unknown, state: { readonly next: number; readonly vsn: number }, extra: unknown]
}
interface TaggerApi extends GenStage.StageProtocol {
  state: { readonly options: GenStage.StageOptions<number, Tagged>; readonly vsn: number }
  init: [options: GenStage.StageOptions<number, Tagged>]
  in: number
  out: Tagged
}
interface SinkApi extends GenStage.StageProtocol {
  state: { readonly seen: Tagged[]; readonly vsn: number }
  init: [seen: Tagged[], options: GenStage.StageOptions<Tagged>]
  in: Tagged
  call: { vsn(): number }
}

const source = (vsn: number, limit: number): GenServer<SourceApi> =>
  GenStage.producer<SourceApi>({
    vsn,
    init: () => ok({ next: 0, vsn }),
    handleDemand(demand, { next }) {
      const end = Math.min(limit, next + demand)
      return GenStage.emit(upTo(Math.max(0, end - next), next), { next: end, vsn })
    },
    codeChange: (_oldVsn, { next }) => ok({ next, vsn }),
  })

const tagger = (vsn: number, outcome: 'fine' | 'refuses' = 'fine'): GenServer<TaggerApi> =>
  GenStage.producerConsumer<TaggerApi>({
    vsn,
    init: (options) => GenStage.staged({ options, vsn }, options),
    async handleEvents(events, _from, state) {
      if (events[0]! % 3 === 0) await this.sleep(1)
      return GenStage.emit(
        events.map((n) => [n, vsn] as const),
        state,
      )
    },
    codeChange: (_oldVsn, state) =>
      outcome === 'refuses' ? failure('no') : ok({ ...(state as TaggerApi['state']), vsn }),
  })

const sink = (vsn: number, outcome: 'fine' | 'throws' = 'fine'): GenServer<SinkApi> =>
  GenStage.consumer<SinkApi>({
    vsn,
    init: (seen, options) => GenStage.staged({ seen, vsn }, options),
    async handleEvents(events, _from, state) {
      if (events.length % 2 === 0) await this.sleep(1)
      state.seen.push(...events)
      return noreply(state)
    },
    handleCall: { vsn: (_request, _from, state) => reply(vsn, state) },
    async codeChange(_oldVsn, state) {
      if (outcome === 'throws') throw new Error('not now')
      return ok({ ...(state as SinkApi['state']), vsn })
    },
  })

interface Stream {
  readonly modules: readonly [GenServer<SourceApi>, GenServer<TaggerApi>, GenServer<SinkApi>]
  readonly pids: readonly [Pid<SourceApi>, Pid<TaggerApi>, Pid<SinkApi>]
  readonly seen: Tagged[]
}

async function stream(node: TestNode, limit: number, demands: readonly [number, number]): Promise<Stream> {
  const modules = [source(1, limit), tagger(1), sink(1)] as const
  const seen: Tagged[] = []
  const numbers = await node.start(modules[0], [])
  const tags = await node.start(modules[1], [{ subscribeTo: [{ to: numbers, maxDemand: demands[0] }] }])
  const list = await node.start(modules[2], [seen, { subscribeTo: [{ to: tags, maxDemand: demands[1] }] }])
  return { modules, pids: [numbers, tags, list], seen }
}

const change = (from: object, to: object) => ({ module: 'stage', from, to })

/** Lets the stream run on for so many steps of virtual time. */
async function flow(node: TestNode, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) {
    await node.quiet()
    node.host.advance(1)
  }
}

/** Lets it run until nothing comes any more. */
async function finish(node: TestNode, seen: readonly Tagged[], limit: number): Promise<void> {
  for (let i = 0; i < 10 * limit && seen.length < limit; i++) await flow(node, 1)
  await node.quiet()
}

t.test('property: a stream is upgraded under flow; nothing is lost, doubled or out of order', async () => {
  const scene = fc.record({
    demands: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
    before: fc.integer({ min: 0, max: 20 }),
    fails: fc.constantFrom('none', 'tagger', 'sink'),
    which: fc.subarray([0, 1, 2] as const, { minLength: 1 }),
  })
  const LIMIT = 120
  await fc.assert(
    fc.asyncProperty(scene, async ({ demands, before, fails, which }) => {
      const node = createTestNode()
      try {
        const { modules, pids, seen } = await stream(node, LIMIT, demands)
        await flow(node, before)
        const next = [
          source(2, LIMIT),
          tagger(2, fails === 'tagger' ? 'refuses' : 'fine'),
          sink(2, fails === 'sink' ? 'throws' : 'fine'),
        ] as const
        const fatal = (fails === 'tagger' && which.includes(1)) || (fails === 'sink' && which.includes(2))
        const outcome = upgrade(
          node,
          which.map((i) => change(modules[i], next[i])),
        ).then(
          (done) => done.length,
          (error) => error.code,
        )
        await finish(node, seen, LIMIT)
        const expected = fatal ? 'upgrade_failed' : which.length
        if ((await outcome) !== expected) throw new Error(`${await outcome} in the place of ${expected}`)
        const numbers = seen.map(([n]) => n)
        if (JSON.stringify(numbers) !== JSON.stringify(upTo(LIMIT))) throw new Error(`came: ${numbers}`)
        const tags = seen.map(([, version]) => version)
        if (tags.some((version, i) => i > 0 && version < tags[i - 1]!)) throw new Error(`versions: ${tags}`)
        for (const [i, pid] of pids.entries()) {
          const state = await sys.getState<{ readonly vsn: number }>(node, pid)
          const version = !fatal && which.some((one) => one === i) ? 2 : 1
          if (state.vsn !== version) throw new Error(`stage ${i} is of version ${state.vsn}`)
        }
      } finally {
        node.kill()
      }
    }),
    { numRuns: 60 },
  )
})

t.test('the new code runs from then on, in what is started later as well', async (t) => {
  const node = testNode(t)
  const { modules, pids, seen } = await stream(node, 100_000, [10, 10])
  await flow(node, 5)
  const [next, last] = [tagger(2), sink(2)]
  const done = upgrade(node, [change(modules[1], next), change(modules[2], last)])
  await flow(node, 5)
  t.same(await done, [pids[1], pids[2]])
  t.equal(await node.call(pids[2], 'vsn'), 2)
  t.equal(seen.at(-1)?.[1], 2)
  t.equal(seen[0]?.[1], 1)
  const later = await node.start(modules[2], [[], {}])
  t.equal(await node.call(later, 'vsn'), 2)
  t.equal((await sys.getState<SinkApi['state']>(node, later)).vsn, 2)
})

t.test('a stage goes on as a stage of its kind; a module without codeChange takes the state as it is', async (t) => {
  const node = testNode(t)
  const { numbers, keeper, above, below } = await pair(node, 20, 'automatic')
  const server: GenServer<{ state: number }> = { init: () => ok(0), handleCall: {} }
  for (const [from, to] of [
    [Numbers, Keeper],
    [Keeper, Doubler],
    [Keeper, server],
    [server, Keeper],
  ] as const) {
    await node.start(server, [])
    await t.rejects(upgrade(node, [change(from, to)]), { code: 'badarg' })
  }
  await sys.suspend(node, keeper)
  t.match(await sys.changeCode(node, keeper, Numbers, 1, undefined), ['error', { code: 'badarg' }])
  await sys.resume(node, keeper)
  t.match(await sys.changeCode(node, keeper, Keeper, 1, undefined), ['error', ['unknown_system_msg']])
  t.same(read(below).flat(), upTo(20))
  read(above)
  const plain = GenStage.consumer<{ state: unknown; in: number }>({
    init: () => ok(0),
    handleEvents(events, _from, state) {
      below.push(['plain', ...events])
      return noreply(state)
    },
  })
  t.same(await upgrade(node, [change(Keeper, plain)]), [keeper])
  await node.call(numbers, 'push', 2)
  await node.quiet()
  t.same(read(below), [['plain', 0, 1]])
  t.same((await sys.getState<{ mode: string }>(node, keeper)).mode, 'automatic')
})

t.test('sys sees the state of the module: getState, replaceState, getStatus; suspend keeps the order', async (t) => {
  const node = testNode(t)
  const { numbers, keeper, below } = await pair(node, 10, 'automatic', { maxDemand: 4 })
  t.match(await sys.getState(node, numbers), { limit: 10, next: 10 })
  t.match(await sys.replaceState(node, numbers, (state: object) => ({ ...state, limit: 14 })), { limit: 14 })
  await t.rejects(
    sys.replaceState(node, numbers, () => {
      throw new Error('no')
    }),
    { code: 'callback_failed' },
  )
  t.match(await sys.getState(node, numbers), { limit: 14, next: 10 })
  read(below)
  await sys.suspend(node, keeper)
  const pushed = node.call(numbers, 'push', 6)
  node.cast(numbers, 'push', [7, 8])
  GenStage.asyncInfo(node, numbers, 'behind')
  await node.quiet()
  await pushed
  t.same(read(below), [])
  t.match((await sys.getStatus(node, keeper))[3][1], 'suspended')
  await sys.resume(node, keeper)
  await node.quiet()
  t.same(read(below).flat(), [...upTo(6), 7, 8, ...upTo(4, 10)])

  const shown = (pid: Pid) => sys.getStatus(node, pid).then((status) => status[3][4].slice(-2))
  t.match(await shown(numbers), [
    ['data', [['State', { limit: 14 }]]],
    [
      'data',
      [
        ['Stage', 'producer'],
        ['Consumers', [keeper]],
        ['Buffer size', 0],
      ],
    ],
  ])
  t.match(await shown(keeper), [
    ['data', [['State', { mode: 'automatic' }]]],
    [
      'data',
      [
        ['Stage', 'consumer'],
        ['Producers', [numbers]],
      ],
    ],
  ])
  const secret = GenStage.consumer<{ state: string; in: number }>({
    init: () => ok('secret'),
    handleEvents: (_events, _from, state) => noreply(state),
    formatStatus: (status) => ({ ...status, state: `no ${String(status.state)}` }),
  })
  t.match((await shown(await node.start(secret, [])))[0], ['data', [['State', 'no secret']]])
})
