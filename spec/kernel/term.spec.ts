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

/** `[length, next]` around in a ring of `size`. */
function ring(size: number, last: unknown = 'same'): unknown {
  const cells: unknown[][] = Array.from({ length: size }, (_, i) => [i === size - 1 ? last : 'same'])
  for (const [i, cell] of cells.entries()) cell.push(cells[(i + 1) % size])
  return cells[0]
}

t.test('values that contain themselves are compared, and it ends', async (t) => {
  const own = (name: string): Record<string, unknown> => {
    const record: Record<string, unknown> = { name, list: [], map: new Map() }
    ;(record.list as unknown[]).push(record, record)
    ;(record.map as Map<string, unknown>).set('me', record)
    return record
  }
  t.ok(equalTerms(own('a'), own('a')))
  t.notOk(equalTerms(own('a'), own('b')))
  t.notOk(equalTerms(own('a'), { ...own('a'), list: [own('a'), 1] }))
  t.ok(equalTerms(ring(3), ring(5)), 'what can be reached is the same')
  t.notOk(equalTerms(ring(3), ring(5, 'other')))
  t.ok(equalTerms(ring(500), ring(500)))
  t.ok(equalTerms([ring(1), ring(2), 1], [ring(2), ring(3), 1]))
  t.notOk(equalTerms([ring(1), ring(2), 1], [ring(2), ring(3), 2]))
})

t.test('parts that a term has many times over cost no more for it', async (t) => {
  const shared = () => Array.from({ length: 200 }).reduce((part) => [part, part], 'leaf')
  t.ok(equalTerms(shared(), shared()))
})

t.test('what is nested deeper than the stack equals itself only', async (t) => {
  const deep = () => Array.from({ length: 200_000 }).reduce((part) => [part], 'leaf')
  const one = deep()
  t.ok(equalTerms(one, one))
  t.notOk(equalTerms(one, deep()))
})
