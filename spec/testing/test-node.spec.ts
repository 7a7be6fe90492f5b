import t from 'tap'
import { child, type GenServer, loop, ok, type Pid, reply, type SupervisorSpec } from '../../lib/index.ts'
import { createTestNode, JumpingHost, TestNode, VirtualHost } from '../../lib/testing/index.ts'

interface CounterApi {
  state: number
  init: [start: number]
  call: { add(request: { n: number }): number; slow(): string }
}
const Counter: GenServer<CounterApi> = {
  init: (start) => ok(start),
  handleCall: {
    add: ({ n }, _from, count) => reply(count + n, count + n),
    async slow(_request, _from, count) {
      await this.sleep(60_000)
      return reply('at last', count)
    },
  },
}

const supervised: SupervisorSpec = { intensity: 3, period: 5, children: [child(Counter, [0], { name: 'counter' })] }

t.test('a crash is followed by a restart, and both are in the reports', async (t) => {
  await using node = createTestNode({ seed: 7 })
  await node.supervise(supervised)
  const before = node.whereis('counter') as Pid<CounterApi>
  await node.call(before, 'add', { n: 2 })
  const end = node.endOf(before)
  await node.crash('counter', new Error('oops'))
  t.match(await end, { message: 'oops' })
  const after = (await node.registeredAs('counter', before)) as Pid<CounterApi>
  t.not(after, before)
  t.equal(await node.call(after, 'add', { n: 1 }), 1, 'with a fresh state')
  t.equal(node.reportsOf('supervisor', 'child_terminated').length, 1)
  t.equal(await node.endOf(before), 'noproc')
  await t.rejects(node.crash(before), { code: 'noproc' })
})

t.test('time passes when it is advanced, and then all of it', async (t) => {
  await using node = createTestNode()
  const server = await node.start(Counter, [0])
  const answer = node.call(server, 'slow', undefined, { timeout: Number.POSITIVE_INFINITY })
  let answered: string | undefined
  answer.then((value) => {
    answered = value
  })
  await node.advance(59_999)
  t.equal(answered, undefined)
  await node.advance(1)
  t.equal(answered, 'at last')
  const late = node.call(server, 'slow').catch((error: { reason: readonly unknown[] }) => error.reason[0])
  await node.advance(5000)
  t.equal(await late, 'timeout')
})

t.test('what is due comes at its own time, with what follows from it', async (t) => {
  await using node = createTestNode()
  const seen: number[] = []
  const start = node.host.now
  node.spawn(async function () {
    for (let round = 0; round < 3; round++) {
      await this.sleep(1000)
      seen.push(node.host.now - start)
    }
  })
  await node.advance(10_000)
  t.strictSame(seen, [1000, 2000, 3000])
  t.equal(node.host.now - start, 10_000)
})

t.test('what never happens is told', async (t) => {
  await using node = createTestNode()
  await t.rejects(
    node.until(() => false, 'pigs that fly'),
    { code: 'test_timeout', message: /pigs that fly/ },
  )
})

t.test('the same seed, the same chance', async (t) => {
  const draws = (seed: number) => {
    const { host } = createTestNode({ seed })
    return Array.from({ length: 5 }, () => host.below(1000))
  }
  t.strictSame(draws(3), draws(3))
  t.notSame(draws(3), draws(4))
  const bytes = createTestNode({ seed: 3 }).host.bytes(4)
  t.equal(bytes.length, 4)
  t.ok(createTestNode({ seed: 0 }).host.below(10) < 10, 'any integer is a seed')
})

/** What some processes of different priorities note, each having been sent the numbers 1 to 3. */
async function notes(seed: number): Promise<string[]> {
  await using node = createTestNode({ seed })
  const log: string[] = []
  const noting = (name: string) => loop((message: unknown) => void log.push(`${name}${message}`), undefined)
  node.spawn(async function () {
    const pids = ['a', 'b', 'c', 'd'].map((name) => this.spawn(noting(name)))
    pids.push(this.spawnOpt(noting('high'), { priority: 'high' }), this.spawnOpt(noting('max'), { priority: 'max' }))
    await this.sleep(1)
    for (const message of [1, 2, 3]) for (const pid of pids) this.send(pid, message)
  })
  await node.advance(1)
  return log
}

t.test('the seed decides who runs next, and breaks no promise about order', async (t) => {
  const orders = new Set<string>()
  for (let seed = 1; seed <= 30; seed++) {
    const log = await notes(seed)
    t.strictSame(log, await notes(seed), 'the same seed, the same order')
    for (const name of ['a', 'b', 'c', 'd', 'high', 'max']) {
      const own = log.filter((note) => note.slice(0, -1) === name)
      t.strictSame(own, [`${name}1`, `${name}2`, `${name}3`], 'messages from one to another arrive as they were sent')
    }
    t.strictSame(log.slice(0, 6), ['max1', 'max2', 'max3', 'high1', 'high2', 'high3'], 'priorities are kept')
    orders.add(log.join())
  }
  t.ok(orders.size > 10, `${orders.size} orders of 30 seeds`)
})

t.test('without a seed of its own a node keeps the order in which processes became ready', async (t) => {
  await using node = new TestNode({ host: new VirtualHost(7) })
  const log: number[] = []
  for (let i = 0; i < 100; i++) node.spawn(() => void log.push(i))
  await node.quiet()
  t.strictSame(log, Array.from(log.keys()))
})

t.test('what computes is late for what was due meanwhile', async (t) => {
  await using node = createTestNode()
  const start = node.host.now
  const seen: number[] = []
  node.spawn(async function () {
    await this.sleep(10)
    seen.push(node.host.now - start)
  })
  await node.quiet()
  node.host.stall(50)
  t.strictSame(seen, [])
  await node.advance(0)
  t.strictSame(seen, [50])
})

t.test('on a jumping host an hour passes by itself', async (t) => {
  await using node = new TestNode({ host: new JumpingHost() })
  const start = node.host.now
  await node.sleep(3_600_000)
  t.equal(node.host.now - start, 3_600_000)
})
