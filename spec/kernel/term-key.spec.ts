import fc from 'fast-check'
import t from 'tap'
import { equalTerms } from '../../lib/index.ts'
import { termKey } from '../../lib/kernel/term-key.ts'
import { nodeWithReports } from '../support/kid.ts'

t.test('terms have the same key exactly when they are equal', async (t) => {
  const { node } = nodeWithReports(t)
  const shared = [new (class {})(), () => 1, Symbol('s'), Symbol.for('s'), node.makeRef(), node.spawn(() => {})]
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(...shared, null, undefined, true, false, 0, -0, Number.NaN, 'null', '0', '\u0000', '"1:a'),
    fc.string({ maxLength: 2 }),
    fc.integer({ min: 0, max: 20 }),
    fc.bigInt({ min: 0n, max: 20n }),
    fc.constantFrom(
      new Error('x'),
      new Error('x'),
      new RangeError('x'),
      new Date(5),
      new Date(5),
      new Date(Number.NaN),
    ),
    fc.uint8Array({ maxLength: 2 }),
  )
  const { term } = fc.letrec<{ term: unknown }>((tie) => ({
    term: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('term'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('term'), { maxKeys: 3 }),
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 1), tie('term')), { maxLength: 2 }).map((pairs) => new Map(pairs)),
      fc.array(fc.constantFrom<unknown>('a', 1, 1n), { maxLength: 3 }).map((members) => new Set(members)),
    ),
  }))
  const same = (a: unknown, b: unknown) => new Set([termKey(a), termKey(b)]).size === 1
  fc.assert(
    fc.property(term, term, (a, b) => same(a, b) === equalTerms(a, b)),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.clone(term, 2), ([a, b]) => same(a, b) === equalTerms(a, b)),
    { numRuns: 1000 },
  )
  t.pass('3000 pairs')
})
