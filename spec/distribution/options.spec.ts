import t, { type Test } from 'tap'
import { type DistributionOptions, distribute } from '../../lib/distribution/index.ts'
import { createNode, Fault, type Node } from '../../lib/index.ts'
import { SECRET } from './members.ts'
import { MemoryNetwork } from './memory-network.ts'

/** `distribute` as those see it who write without types. */
const untyped = distribute as (node: unknown, options?: unknown) => ReturnType<typeof distribute>

const listen = { host: 'memory', port: 1 }
const peer = { name: 'b@h', host: 'memory', port: 2 }

/** Each wrong value, and what the error says of it. */
const WRONG: readonly (readonly [option: keyof DistributionOptions, value: unknown, says: RegExp])[] = [
  ['listen', undefined, /listen is \{ host, port \}/],
  ['listen', 4000, /listen is \{ host, port \}/],
  ['listen', { host: 'memory' }, /port of listen is/],
  ['listen', { port: 1 }, /host of listen is/],
  ['listen', { host: '', port: 1 }, /host of listen is/],
  ['listen', { host: 5, port: 1 }, /host of listen is/],
  ['listen', { host: 'memory', port: '1' }, /port of listen is/],
  ['listen', { host: 'memory', port: 65_536 }, /port of listen is/],
  ['secret', undefined, /secret is/],
  ['secret', 5, /secret is/],
  ['peers', {}, /peers is/],
  ['peers', ['b@h'], /a peer is \{ name, host, port \}/],
  ['peers', [undefined], /a peer is \{ name, host, port \}/],
  ['peers', [{ ...peer, name: 'b' }], /name@host/],
  ['peers', [{ ...peer, name: undefined }], /name@host/],
  ['peers', [{ ...peer, port: 0 }], /port of the peer b@h is/],
  ['peers', [{ ...peer, host: '' }], /host of the peer b@h is/],
  ['transport', {}, /transport is/],
  ['tickInterval', '100', /tickInterval is/],
  ['tickInterval', 0, /tickInterval is/],
  ['handshakeTimeout', Number.NaN, /handshakeTimeout is/],
  ['softBytes', 'many', /softBytes is/],
  ['hardBytes', -1, /hardBytes is/],
]

t.test('an option that is wrong is told, and nothing listens', async (t) => {
  const transport = new MemoryNetwork()
  const options = { listen, secret: SECRET, transport }
  for (const [option, value, says] of WRONG) {
    const node = named(t)
    const what = `${option}: ${JSON.stringify(value)}`
    await t.rejects(untyped(node, { ...options, [option]: value }), { code: 'badarg', message: says }, what)
    t.same(node.nodes(), [], what)
  }
  const node = named(t)
  await t.rejects(untyped(node, { ...options, perrs: [] }), { code: 'badarg', message: /perrs is no option of/ })
  await t.rejects(untyped(node, { ...options, secret: 'short' }), { code: 'weak_secret' })
  const self = { name: node.name, ...listen }
  const distribution = await untyped(node, { ...options, listen: self, peers: [self], tickInterval: undefined })
  t.equal(distribution.port, 1, 'which none of them has taken')
  await distribution.close()
})

t.test('so are a node that is none, and options that are', async (t) => {
  for (const [node, options] of [[undefined, { listen, secret: SECRET }], [{}, {}], [named(t)], [named(t), null]]) {
    const error = await untyped(node, options).catch((error) => error)
    t.ok(error instanceof Fault && error.code === 'badarg', `${error}`)
  }
})

t.test('a node that was stopped listens nowhere', async (t) => {
  const node = named(t)
  node.kill()
  const options = { listen, secret: SECRET, transport: new MemoryNetwork() }
  await t.rejects(distribute(node, options), { code: 'node_stopped' })
})

function named(t: Test): Node {
  const node = createNode({ name: 'a@h', reporter: () => {} })
  t.teardown(() => node.kill())
  return node
}
