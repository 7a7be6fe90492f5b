import fc from 'fast-check'
import t from 'tap'
import { createNode, equalTerms } from '../../lib/index.ts'
import { compareTerms } from '../../lib/kernel/term-order.ts'

const node = createNode()
t.teardown(() => node.kill())
const refs = [node.makeRef(), node.makeRef()]
const pids = [node.spawn(async () => {}), node.spawn(async () => {})]
const functions = [() => 1, () => 2]
const symbols = [Symbol('a'), Symbol('b'), Symbol.for('a'), Symbol.for('b')]
class Thing {}
const things = [new Thing(), new Thing()]

const leaf = fc.oneof(
  fc.constantFrom<unknown>(...refs, ...pids, ...functions, ...symbols, ...things),
  fc.constantFrom<unknown>(undefined, null, true, false, NaN, 0, -0, 1, 1n, -1n, 2n, Number.POSITIVE_INFINITY),
  fc.integer({ min: -2, max: 2 }),
  fc.string({ maxLength: 2 }),
  fc.constantFrom(new Date(0), new Date(1), new Date(Number.NaN), new Error('a'), new RangeError('a'), new Error('b')),
  fc.uint8Array({ maxLength: 2 }),
)
const term = fc.letrec((tie) => ({
  term: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaf,
    fc.array(tie('term'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('term'), { maxKeys: 2 }),
    fc.array(tie('term'), { maxLength: 2 }).map((members) => new Set(members)),
    fc.array(fc.tuple(tie('term'), tie('term')), { maxLength: 2 }).map((entries) => new Map(entries)),
  ),
})).term

t.test('two terms are level exactly when they are equal, and the order has one direction', async (t) => {
  const holds = fc.property(term, term, (a, b) => {
    const order = compareTerms(a, b)
    return (order === 0) === equalTerms(a, b) && Math.sign(compareTerms(b, a)) === -Math.sign(order)
  })
  t.doesNotThrow(() => fc.assert(holds, { numRuns: 5000 }))
})

t.test('the order is transitive', async (t) => {
  const ascends = (a: unknown, b: unknown) => compareTerms(a, b) <= 0
  const holds = fc.property(term, term, term, (a, b, c) => {
    const orders = [
      [a, b, c],
      [a, c, b],
      [b, a, c],
      [b, c, a],
      [c, a, b],
      [c, b, a],
    ]
    return orders.every(([x, y, z]) => !(ascends(x, y) && ascends(y, z)) || ascends(x, z))
  })
  t.doesNotThrow(() => fc.assert(holds, { numRuns: 5000 }))
})

t.test('kinds come in the order of Erlang, tuples and records by size first', async (t) => {
  const [ref] = refs
  const [fun] = functions
  const [pid] = pids
  const sorted = [
    -1,
    1,
    1n,
    1.5,
    2n,
    NaN,
    undefined,
    null,
    false,
    true,
    'B',
    'a',
    'ab',
    ref,
    fun,
    pid,
    [],
    [9],
    [1, 2],
    [1, 3],
    {},
    { z: 9 },
    { a: 1, b: 1 },
    new Date(0),
    new Map(),
    new Set(),
    new Error('e'),
    Uint8Array.of(1),
    Uint8Array.of(1, 0),
    Uint8Array.of(2),
  ]
  const shuffled: unknown[] = sorted.map((_, i) => sorted[(i * 7 + 3) % sorted.length])
  t.equal(new Set(shuffled).size, sorted.length)
  const result = shuffled.sort((a, b) => compareTerms(a, b))
  // Array.prototype.sort puts undefined last, whatever the order says.
  t.strictSame(
    result.filter((x) => x !== undefined),
    sorted.filter((x) => x !== undefined),
  )
  t.ok(compareTerms(undefined, null) < 0 && compareTerms(undefined, NaN) > 0)
})
