import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { distribute } from '../../lib/distribution/index.ts'
import { createNode, type Exit, type Name, type OtpNode } from '../../lib/index.ts'
import { TICK_INTERVAL_MS } from '../../lib/internal/limits.ts'
import type { FarApi } from './far-node.ts'
import { Ear, ofType, SECRET } from './members.ts'

const far: Name<FarApi> = { name: 'far', node: 'far@here' }

interface Setting {
  readonly node: OtpNode
  readonly ear: Ear
  readonly child: ChildProcess
}

/** A node here, connected with one in another OS process. */
async function connect(t: Test, tickInterval = TICK_INTERVAL_MS): Promise<Setting> {
  const child = fork(new URL('./far-node.ts', import.meta.url), ['far@here', `${tickInterval}`])
  t.teardown(() => child.kill('SIGKILL'))
  const [port] = (await once(child, 'message')) as [number]
  const node = createNode({ name: 'near@here', reporter: () => {} })
  t.teardown(() => node.kill())
  const ear = await Ear.open(node)
  ear.context.trapExit(true)
  ear.context.monitorNodes(true)
  await distribute(node, {
    listen: { host: '127.0.0.1', port: 0 },
    secret: SECRET,
    peers: [{ name: 'far@here', host: '127.0.0.1', port }],
    tickInterval,
  })
  await ear.take(ofType('nodeup'))
  return { node, ear, child }
}

/** Everything that is to break when the other node is gone. */
async function attach(t: Test, { node, ear }: Setting): Promise<() => Promise<void>> {
  for (let i = 0; i < 1000; i++) node.cast(far, 'count')
  t.equal(await node.call(far, 'count'), 1000)
  ear.context.monitor(far)
  const call = node.call(far, 'silent').catch((error: Exit) => error.reason)
  await node.call(far, 'count')
  return async () => {
    t.match(await ear.take(ofType('nodedown')), { node: 'far@here' })
    t.match(await ear.take(ofType('DOWN')), { object: far, reason: 'noconnection' })
    t.strictSame(await call, [
      ['nodedown', 'far@here'],
      ['gen_server', 'call', [far, 'silent']],
    ])
    t.strictSame(node.nodes(), [])
  }
}

t.test('a node whose OS process is killed is seen to be gone, and to come back', async (t) => {
  const setting = await connect(t)
  const { child, ear, node } = setting
  const broken = await attach(t, setting)
  child.kill('SIGKILL')
  await broken()

  // It is started again, on another port: it connects by itself once it is told of us.
  const again = fork(new URL('./far-node.ts', import.meta.url), ['far@here'])
  t.teardown(() => again.kill('SIGKILL'))
  const [port] = (await once(again, 'message')) as [number]
  const second = createNode({ name: 'second@here', reporter: () => {} })
  t.teardown(() => second.kill())
  const other = await Ear.open(second)
  other.context.monitorNodes(true)
  const peers = [{ name: 'far@here', host: '127.0.0.1', port }]
  await distribute(second, { listen: { host: '127.0.0.1', port: 0 }, secret: SECRET, peers })
  await other.take(ofType('nodeup'))
  t.equal(await second.call(far, 'count'), 0, 'a new start knows nothing of the one before')
  t.strictSame(node.nodes(), [])
  t.strictSame(ear.heard, [])
})

t.test('a node whose OS process is frozen is cut when it has been silent for too long', async (t) => {
  const setting = await connect(t, 250)
  const { child } = setting
  const broken = await attach(t, setting)
  child.kill('SIGSTOP')
  await broken()
  child.kill('SIGCONT')
  t.match(await setting.ear.take(ofType('nodeup')), { node: 'far@here' }, 'and connected again when it wakes up')
})
