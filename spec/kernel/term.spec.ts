import fc from 'fast-check'
import t from 'tap'
import { createNode, equalTerms, Fault, loop } from '../../lib/index.ts'

const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(null, undefined),
  fc.uint8Array({ maxLength: 4 }),
  fc.date(),
)
const term = fc.letrec((tie) => ({
  term: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('term'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('term'), { maxKeys: 4 }),
    fc.array(fc.tuple(fc.string(), tie('term')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(fc.string(), { maxLength: 3 }).map((values) => new Set(values)),
  ),
})).term

t.test('a term equals its copy, and not one with a part more', async (t) => {
  fc.assert(fc.property(term, (value) => equalTerms(value, structuredClone(value))))
  fc.assert(fc.property(term, (value) => !equalTerms([value], [value, 1]) && !equalTerms({ a: value }, { b: value })))
  fc.assert(fc.property(term, term, (a, b) => equalTerms(a, b) === equalTerms(b, a)))
  t.pass('three properties')
})

t.test('what is equal and what is not', async (t) => {
  const node = createNode({ reporter: () => {} })
  t.teardown(() => node.kill())
  const pid = node.spawn(loop((_m: unknown, s: number) => s, 0))
  const other = node.spawn(loop((_m: unknown, s: number) => s, 0))
  t.ok(equalTerms(pid, pid))
  t.notOk(equalTerms(pid, other))
  t.ok(equalTerms(Number.NaN, Number.NaN))
  t.ok(equalTerms(0, -0), '0 and -0 are one number')
  t.ok(equalTerms(new TypeError('x'), new TypeError('x')))
  t.notOk(equalTerms(new TypeError('x'), new RangeError('x')))
  t.notOk(equalTerms(new Fault('badarg'), new Fault('noproc')))
  t.notOk(equalTerms('a', ['a']))
  t.notOk(equalTerms({ a: undefined }, {}))
  t.notOk(equalTerms(Object.create({ a: 1 }), { a: 1 }))
  class Own {
    a = 1
  }
  const own = new Own()
  t.ok(equalTerms(own, own))
  t.notOk(equalTerms(own, new Own()), 'instances of other classes are themselves only')
  t.notOk(equalTerms(new Map([['a', 1]]), new Map([['a', 2]])))
})
