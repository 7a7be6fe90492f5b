import t, { type Test } from 'tap'
import {
  ConsumerSupervisor,
  type ConsumerSupervisorApi,
  type ConsumerSupervisorSpec,
  type Context,
  type EventChildSpec,
  type ExitMessage,
  exit,
  GenStage,
  type Pid,
  type Ref,
  type Shutdown,
} from '../../lib/index.ts'
import { createTestNode, type TestNode } from '../../lib/testing/index.ts'
import { complaints } from '../support/kid.ts'
import { Numbers } from '../support/stages.ts'

/** Cases of gen_stage's consumer_supervisor_test about children that are started by hand, and their ends. */

type How = 'ok2' | 'ok3' | 'error' | 'ignore' | 'unknown' | 'throw' | 'raise' | 'exit'

interface Scene {
  readonly node: TestNode
  readonly top: Pid<ConsumerSupervisorApi<number>>
  /** How the starts went, in order. */
  readonly started: How[]
  start(): ReturnType<typeof ConsumerSupervisor.startChild>
  pid(): Promise<Pid>
  kill(pid: Pid, reason: unknown): Promise<void>
  counts(): Promise<readonly [workers: number, active: number]>
}

interface Options extends Partial<Pick<ConsumerSupervisorSpec, 'intensity' | 'period'>> {
  readonly restart?: 'transient' | 'temporary'
  readonly shutdown?: Shutdown
  /** How the starts go, one after the other; the last of them also all after it. */
  readonly how?: readonly How[]
  /** What a child ends with when it is told to; undefined for one that does not trap exits. */
  readonly ends?: () => unknown
}

const boom = new RangeError('oops')

async function scene(t: Test, options: Options = {}): Promise<Scene> {
  const { restart = 'transient', shutdown = 1000, how = ['ok2'], ends, ...rule } = options
  const node = createTestNode()
  t.teardown(() => node.kill())
  const started: How[] = []
  const body = async function (this: Context) {
    this.trapExit(ends !== undefined)
    await this.receive((message) => (message as ExitMessage).type === 'EXIT')
    exit(await ends?.())
  }
  const job: EventChildSpec<number> = {
    id: 'job',
    restart,
    shutdown,
    start(parent) {
      const next = how[Math.min(started.length, how.length - 1)]!
      started.push(next)
      if (next === 'throw') throw 'oops'
      if (next === 'raise') throw boom
      if (next === 'exit') exit('oops')
      if (next === 'error') return ['error', 'found']
      if (next === 'ignore') return 'ignore'
      if (next === 'unknown') return 'unknown' as never
      const pid = parent.spawnLink(body)
      return next === 'ok2' ? ['ok', pid] : ['ok', pid, 'extra']
    },
  }
  const child = ConsumerSupervisor.child({ ...rule, children: [job] }, { name: 'top' })
  await node.supervise({ intensity: 0, children: [child] })
  const top = node.whereis('top') as Pid<ConsumerSupervisorApi<number>>
  const start = () => ConsumerSupervisor.startChild(node, top, [0])
  return {
    node,
    top,
    started,
    start,
    async pid() {
      const answer = await start()
      if (answer === 'ignore' || answer[0] === 'error') throw new Error('it did not start', { cause: answer })
      return answer[1]
    },
    async kill(pid, reason) {
      node.exit(pid, reason)
      await node.quiet()
    },
    async counts() {
      const { workers, active } = await ConsumerSupervisor.countChildren(node, top)
      return [workers, active]
    },
  }
}

t.test('start_child/2, and with throw/error/exit', async (t) => {
  const { node, start, started, counts } = await scene(t, {
    how: ['ok3', 'ok2', 'error', 'ignore', 'unknown', 'throw', 'raise', 'exit'],
  })
  t.match(await start(), ['ok', {}, 'extra'])
  t.match(await start(), ['ok', {}])
  t.same(await start(), ['error', 'found'])
  t.equal(await start(), 'ignore')
  t.same(await start(), ['error', 'unknown'])
  t.match(await start(), ['error', { name: 'NoCatch', value: 'oops' }])
  t.same(await start(), ['error', boom])
  t.same(await start(), ['error', 'oops'])
  t.equal(started.length, 8)
  t.same(await counts(), [2, 2])
  t.notOk(
    node.reportsOf('supervisor', 'progress').some(({ details }) => (details.started as { id: unknown }).id === 'job'),
  )
})

t.test('temporary child is not restarted regardless of reason', async (t) => {
  const { pid, kill, counts } = await scene(t, { restart: 'temporary' })
  for (const reason of ['shutdown', 'whatever']) {
    await kill(await pid(), reason)
    t.same(await counts(), [0, 0])
  }
})

t.test('transient child is restarted unless normal/shutdown/{shutdown, _}', async (t) => {
  const { pid, kill, counts } = await scene(t)
  for (const [reason, left] of [
    ['shutdown', 0],
    [['shutdown', 'signal'], 0],
    ['whatever', 1],
  ] as const) {
    await kill(await pid(), reason)
    t.same(await counts(), [left, left])
  }
})

t.test('child is restarted with different values', async (t) => {
  const how = ['ok2', 'ok3', 'ok2', 'ignore', 'ok2', 'error', 'ok2', 'ok2', 'unknown', 'ok2'] as const
  const { node, top, pid, kill, counts, started } = await scene(t, { how, intensity: 100 })
  for (const left of [1, 1, 2, 3]) {
    await kill(await pid(), 'kill')
    t.same(await counts(), [left, left], `after ${started.at(-1)}`)
  }
  t.same(started, how, 'a start that failed, or was none, is tried again')
  const listed = await ConsumerSupervisor.whichChildren(node, top)
  t.match(listed, Array(3).fill(['undefined', {}, 'worker']))
})

t.test('child is restarted when trying again', async (t) => {
  const { pid, kill, counts, started } = await scene(t, { how: ['ok2', 'error', 'ok2'], intensity: 2 })
  await kill(await pid(), 'kill')
  t.same(started, ['ok2', 'error', 'ok2'])
  t.same(await counts(), [1, 1])
})

t.test('child triggers maximum restarts, maximum seconds, and maximum intensity when trying again', async (t) => {
  for (const [rule, starts] of [
    [{ intensity: 1 }, 2],
    [{ period: 1 }, 4],
    [{ intensity: 10 }, 11],
  ] as const) {
    const { node, top, pid, kill, started } = await scene(t, { ...rule, how: ['ok2', 'error'] })
    const ended = node.endOf(top)
    await kill(await pid(), 'kill')
    t.equal(await ended, 'shutdown')
    t.equal(started.length, starts)
  }
  const { node, pid, kill, counts } = await scene(t, { intensity: 1, period: 1 })
  for (let i = 0; i < 3; i++) {
    await kill(await pid(), 'kill')
    await node.advance(2000)
  }
  t.same(await counts(), [3, 3], 'restarts of another time do not count')
})

t.test('terminates children: what they end with, and what of it is reported', async (t) => {
  const done = ['shutdown', 'oops'] as const
  for (const [shutdown, ends, reason, reported] of [
    ['brutal_kill', undefined, 'killed', 0],
    ['brutal_kill', () => done, 'killed', 0],
    [Number.POSITIVE_INFINITY, undefined, 'shutdown', 0],
    [Number.POSITIVE_INFINITY, () => done, done, 0],
    [Number.POSITIVE_INFINITY, () => 'odd', 'odd', 3],
    [1000, undefined, 'shutdown', 0],
    [1000, () => done, done, 0],
    [1000, () => 'normal', 'normal', 0],
    [1, () => new Promise(() => {}), 'killed', 3],
  ] as const) {
    const { node, top, pid } = await scene(t, { shutdown, ...(ends && { ends }) })
    const pids = [await pid(), await pid(), await pid()]
    await node.quiet()
    const all = Promise.all(pids.map((one) => node.endOf(one)))
    const stopped = ConsumerSupervisor.stop(node, top, 'shutdown')
    await node.quiet()
    if (shutdown === 1) await node.advance(1)
    await stopped
    t.same(await all, Array(3).fill(reason))
    const wrong = complaints(node.reports).filter((complaint) => (complaint as unknown[])[1] === 'job')
    t.same(wrong, Array(reported).fill(['shutdown_error', 'job', reason]))
  }
})

t.test('terminates child with brutal kill, with integer shutdown, and restarting child', async (t) => {
  for (const [shutdown, reason] of [
    ['brutal_kill', 'killed'],
    [1000, 'shutdown'],
  ] as const) {
    const { node, top, pid, counts } = await scene(t, { shutdown })
    const one = await pid()
    const ended = node.endOf(one)
    t.equal(await ConsumerSupervisor.terminateChild(node, top, one), 'ok')
    t.equal(await ended, reason)
    t.same(await ConsumerSupervisor.terminateChild(node, top, one), ['error', 'not_found'])
    t.same(await counts(), [0, 0])
  }
  const { node, top, pid, counts, started } = await scene(t, { how: ['ok2', 'error'], intensity: 100_000 })
  const one = await pid()
  const terminated = new Promise((tell) => {
    node.spawn(async function () {
      this.exit(one, 'kill')
      tell(await ConsumerSupervisor.terminateChild(this, top, one))
    })
  })
  await node.quiet()
  t.equal(await terminated, 'ok')
  t.ok(started.length > 1)
  t.same(await ConsumerSupervisor.terminateChild(node, top, one), ['error', 'not_found'])
  t.same(await counts(), [0, 0])
})

t.test('supervisor exits, or does not, when producer is dead', async (t) => {
  for (const [cancel, reason] of [
    ['permanent', 'noproc'],
    ['temporary', undefined],
  ] as const) {
    const { node, top } = await scene(t)
    const numbers = await node.start(Numbers, [[], 0])
    await node.stop(numbers)
    const ended = node.endOf(top)
    t.match(await GenStage.syncSubscribe(node, top, { to: numbers, cancel }), ['ok', {}])
    await node.quiet()
    if (reason === undefined) t.ok(node.isAlive(top))
    else t.equal(await ended, reason)
  }
})

t.test('start child with throw/error/exit, for events', async (t) => {
  const how = ['throw', 'raise', 'exit', 'unknown', 'ok3'] as const
  const { node, top, started, counts } = await scene(t, { how })
  const numbers = await node.start(Numbers, [[], 0])
  await GenStage.syncSubscribe(node, top, { to: numbers, cancel: 'temporary' })
  await node.call(numbers, 'push', how.length)
  await node.quiet()
  t.same(started, how)
  t.same(await counts(), [1, 1])
  const told = complaints(node.reports).map((complaint) => (complaint as unknown[])[2])
  t.match(told, [{ name: 'NoCatch', value: 'oops' }, boom, 'oops', 'unknown'])
})

t.test('ask for more events when count reaches min_demand (low): not before a child has ended', async (t) => {
  const { node, top, started } = await scene(t)
  const asked: number[] = []
  const producer = node.spawn(async function () {
    for (;;) {
      const message = await this.receive<readonly [string, readonly [Pid, Ref], readonly [string, number]]>()
      const [, [pid, tag], what] = message
      if (what[0] !== 'ask') continue
      asked.push(what[1])
      if (asked.length === 1) this.send(pid, ['$gen_consumer', [this.self, tag], ['events', [0, 1]]])
    }
  })
  const to = producer as Pid<{ out: number }>
  await GenStage.syncSubscribe(node, top, { to, cancel: 'temporary', maxDemand: 3, minDemand: 0 })
  await node.quiet()
  t.same([started.length, asked], [2, [3]])
})
