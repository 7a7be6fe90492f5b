import fc from 'fast-check'
import t from 'tap'
import { LruMap } from '../../lib/cluster/lru-map.ts'
import { rendezvous } from '../../lib/cluster/rendezvous.ts'

const KEYS = Array.from({ length: 10_000 }, (_, index) => String(1_574_231_818_180_231_168n + BigInt(index) * 4096n))
const NODES = Array.from({ length: 10 }, (_, index) => `node${index + 1}@127.0.0.1`)

t.test('every key has one node, whatever the order of the list', async (t) => {
  const property = fc.property(fc.shuffledSubarray(NODES, { minLength: 1 }), fc.string(), (nodes, key) => {
    t.equal(rendezvous(nodes, key), rendezvous([...nodes].sort(), key))
    t.ok(nodes.includes(rendezvous(nodes, key)))
  })
  fc.assert(property)
  t.throws(() => rendezvous([], 'x'), { code: 'badarg' })
})

t.test('a node that goes gives up its own keys only, and all have about as many', async (t) => {
  const counts = new Map<string, number>()
  let moved = 0
  for (const key of KEYS) {
    const node = rendezvous(NODES, key)
    counts.set(node, (counts.get(node) ?? 0) + 1)
    const without = rendezvous(NODES.slice(1), key)
    if (node === NODES[0]) moved++
    else if (without !== node) t.fail(`${key} moved from ${node} to ${without}`)
  }
  t.equal(moved, counts.get(NODES[0]!))
  for (const [node, count] of counts) t.ok(Math.abs(count - 1000) < 150, `${node} has ${count}`)
})

t.test('a bounded map forgets what was not used for longest', async (t) => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  t.equal(map.get('a'), 1)
  map.set('c', 3)
  t.same([map.get('a'), map.get('b'), map.get('c'), map.size], [1, undefined, 3, 2])
  map.delete('a')
  t.equal(map.get('a'), undefined)
})
