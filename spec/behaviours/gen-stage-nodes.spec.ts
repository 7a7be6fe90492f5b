import t from 'tap'
import { distribute } from '../../lib/distribution/index.ts'
import { createNode, GenStage } from '../../lib/index.ts'
import { abroad, SECRET } from '../distribution/members.ts'
import { down, gate } from '../support/kid.ts'
import { Keeper, Numbers, type NumbersApi, upTo } from '../support/stages.ts'

t.test('a consumer of another node gets its events in order, and hears of the end of the producer', async (t) => {
  const [a, b] = ['a@here', 'b@here'].map((name) => createNode({ name, reporter: () => {} })) as [
    ReturnType<typeof createNode>,
    ReturnType<typeof createNode>,
  ]
  for (const node of [a, b]) t.teardown(() => node.kill())
  const { opened: connected, open } = gate()
  b.spawn(async function () {
    this.monitorNodes(true)
    await this.receive()
    open()
  })
  const listen = { host: '127.0.0.1', port: 0 }
  const { host, port } = await distribute(a, { listen, secret: SECRET })
  await distribute(b, { listen, secret: SECRET, peers: [{ name: a.name, host, port }] })
  await connected

  const above: unknown[] = []
  const numbers = await a.start(Numbers, [above, 50], { name: 'numbers' })
  const byName = { name: 'numbers', node: a.name } as { name: string; node: string; protocol?: NumbersApi }
  const diaries: unknown[][] = [[], []]
  const ends: Promise<unknown>[] = []
  for (const [i, to] of [abroad(numbers), byName].entries()) {
    const keeper = await b.start(Keeper, [diaries[i]!, 'automatic', { subscribeTo: [{ to, maxDemand: 4 }] }])
    ends.push(down(keeper))
  }
  const count = () => diaries.flat(2).filter((event) => typeof event === 'number').length
  while (count() < 50) await b.sleep(1)
  for (const diary of diaries)
    t.ok(diary.flat().every((n, i, all) => i === 0 || (all[i - 1] as number) < (n as number)))
  t.strictSame(
    (diaries.flat(2) as number[]).sort((x, y) => x - y),
    upTo(50),
  )
  t.match(await GenStage.estimateBufferedCount(b, byName), 0)
  a.cast(numbers, 'stop', 'shutdown')
  t.strictSame(await Promise.all(ends), ['shutdown', 'shutdown'])
  for (const diary of diaries) t.strictSame(diary.at(-1), ['down', 'shutdown'])
})
