import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { _, type Chunk, END_OF_TABLE, Table, type TableType, variable } from '../../lib/index.ts'
import { leftovers } from '../../lib/testing/index.ts'
import { down } from '../support/kid.ts'
import { type Row, type Rows, setting } from '../support/tables.ts'

/** Walks in steps, lookups, and changes of what was found: what ets asks of OTP 25 to 27 beyond table.spec.ts. */

const badarg = { code: 'badarg' }
const PUBLIC = { protection: 'public' } as const
const TYPES = ['set', 'ordered_set', 'bag', 'duplicate_bag'] as const
const [k, v] = [variable('k'), variable('v')]

/** All that the steps of a walk give, each step a list. */
function steps<R>(first: Chunk<R>, next: (at: Exclude<Chunk<R>, typeof END_OF_TABLE>[1]) => Chunk<R>): R[][] {
  const all: R[][] = []
  for (let at = first; at !== END_OF_TABLE; at = next(at[1])) all.push([...at[0]])
  return all
}

t.test('a limit gives so many, and where to go on', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  for (const type of TYPES) {
    const table = await make({ type })
    t.equal(table.matchObject(node, _, 3), END_OF_TABLE, 'an empty table')
    for (let i = 1; i <= 6; i++) table.insert(node, [i, 'x'])
    const keys = (limit: number) =>
      steps(
        table.select(node, [k, _], undefined, ({ k }) => k, limit),
        (at) => table.select(node, at),
      )
    t.strictSame(keys(4), [
      [1, 2, 3, 4],
      [5, 6],
    ])
    t.strictSame(keys(3), [
      [1, 2, 3],
      [4, 5, 6],
    ])
    t.strictSame(keys(10), [[1, 2, 3, 4, 5, 6]])
    t.strictSame(table.match(node, [k, 'y'], 2), END_OF_TABLE)
    const first = table.matchObject(node, _, 5)
    t.strictSame(first !== END_OF_TABLE && first[0].length, 5)
    t.strictSame(table.matchObject(node, [3, _], 1), [[[3, 'x']], END_OF_TABLE], 'the pattern says the key')
    t.strictSame(table.matchObject(node, [7, _], 1), END_OF_TABLE)
    t.equal(table.select(node, END_OF_TABLE), END_OF_TABLE)
    t.equal(table.match(node, END_OF_TABLE), END_OF_TABLE)
    t.strictSame(
      steps(table.match(node, [k, v], 4), (at) => table.matchObject(node, at)).flat(),
      table.match(node, [k, v]),
      'where one left off another goes on',
    )
  }
})

t.test('the objects of one key may be more than a step', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  for (const type of ['bag', 'duplicate_bag'] as const) {
    const table = await make({ type })
    for (let i = 0; i < 7; i++) table.insert(node, ['k', i])
    table.insert(node, ['l', 7])
    const all = steps(
      table.select(node, [_, v], undefined, ({ v }) => v, 3),
      (at) => table.select(node, at),
    )
    t.strictSame(all, [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ])
    const ofKey = steps(
      table.select(node, ['k', v], undefined, ({ v }) => v, 3),
      (at) => table.select(node, at),
    )
    t.strictSame(ofKey, [[0, 1, 2], [3, 4, 5], [6]])
  }
})

t.test('a continuation is a value, of its table; who goes on must be allowed to', async (t) => {
  const { node, owner, make } = setting(t, PUBLIC)
  const [table, other] = [await make(), await make()]
  for (let i = 0; i < 6; i++) table.insert(node, [i, 0])
  const first = table.matchObject(node, _, 2)
  if (first === END_OF_TABLE) throw new Error('nothing was found')
  const again = () => table.matchObject(node, first[1])
  const second = again()
  t.same(second !== END_OF_TABLE && second[0], [
    [2, 0],
    [3, 0],
  ])
  t.same(again() !== END_OF_TABLE && (again() as typeof first)[0], second !== END_OF_TABLE && second[0], 'used twice')
  t.throws(() => other.select(node, first[1]), badarg)
  t.throws(() => table.select(node, 'junk' as never, undefined, undefined as never), badarg)
  for (const limit of [0, -1, 1.5, 'x'] as never[]) t.throws(() => table.match(node, _, limit), badarg)
  await owner.tell((self) => table.setopts(self, { protection: 'private' }))
  t.throws(again, badarg)
  await owner.tell((self) => table.deleteTable(self))
  await t.rejects(
    owner.tell((self) => table.select(self, first[1])),
    badarg,
  )
})

t.test('from the other end: selectReverse, foldr', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  const rows = [1, 2, 3, 4, 5].map((i) => [i, 0] as const)
  const ordered = await make({ type: 'ordered_set' })
  const hashed = await make()
  for (const table of [ordered, hashed]) table.insert(node, ...rows)
  const keys = (table: Rows) => table.selectReverse(node, [k, _], undefined, ({ k }) => k)
  t.strictSame(keys(ordered), [5, 4, 3, 2, 1])
  t.strictSame(keys(hashed), [1, 2, 3, 4, 5], 'a table without an order has one direction')
  const inSteps = steps(
    ordered.selectReverse(node, [k, _], undefined, ({ k }) => k, 2),
    (at) => ordered.selectReverse(node, at),
  )
  t.strictSame(inSteps, [[5, 4], [3, 2], [1]])
  const collect = ([key]: Row, keys: readonly unknown[]): readonly unknown[] => [...keys, key]
  t.strictSame(ordered.foldr<readonly unknown[]>(node, collect, []), [5, 4, 3, 2, 1])
  t.strictSame(ordered.foldl<readonly unknown[]>(node, collect, []), [1, 2, 3, 4, 5])
  t.strictSame(hashed.foldr<readonly unknown[]>(node, collect, []), [1, 2, 3, 4, 5])
  t.throws(() => ordered.foldl(node, 'sum' as never, 0), badarg)
})

t.test('a key with its objects: firstLookup, nextLookup, and their like', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  const table = await make({ type: 'ordered_set' })
  t.equal(table.firstLookup(node), END_OF_TABLE)
  table.insert(node, [1, 'a'], [2, 'b'], [4, 'd'])
  t.strictSame(table.firstLookup(node), [1, [[1, 'a']]])
  t.strictSame(table.lastLookup(node), [4, [[4, 'd']]])
  t.strictSame(table.nextLookup(node, 2), [4, [[4, 'd']]])
  t.strictSame(table.prevLookup(node, 3), [2, [[2, 'b']]])
  t.equal(table.nextLookup(node, 4), END_OF_TABLE)
  const bag = await make({ type: 'bag' })
  bag.insert(node, ['x', 1], ['x', 2])
  t.strictSame(bag.firstLookup(node), [
    'x',
    [
      ['x', 1],
      ['x', 2],
    ],
  ])
  t.throws(() => bag.nextLookup(node, 'nokey'), badarg)
})

t.test('elements: of a key that is not there, of several objects, several at once', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  const table = await make()
  t.equal(table.lookupElement(node, 'a', 1, 'none'), 'none')
  t.throws(() => table.lookupElement(node, 'a', 1), badarg)
  table.insert(node, ['a', 1, 2])
  t.equal(table.lookupElement(node, 'a', 1, 'none'), 1)
  t.throws(() => table.lookupElement(node, 'a', 7, 'none'), badarg)
  t.strictSame(table.lookupElements(node, 'a', 1), [1])
  const bag = await make({ type: 'bag' })
  bag.insert(node, ['a', 1], ['a', 2])
  t.strictSame(bag.lookupElements(node, 'a', 1), [1, 2])
  t.strictSame(bag.lookupElements(node, 'b', 1), [])
  t.throws(() => bag.lookupElement(node, 'a', 1), badarg)

  const changes = [
    [1, 'x'],
    [2, 'y'],
  ] as const
  t.equal(table.updateElement(node, 'a', changes), true)
  t.strictSame(table.lookup(node, 'a'), [['a', 'x', 'y']])
  t.throws(
    () =>
      table.updateElement(node, 'a', [
        [1, 'q'],
        [9, 'y'],
      ]),
    badarg,
  )
  t.throws(() => table.updateElement(node, 'a', [[0, 'b']]), badarg)
  t.strictSame(table.lookup(node, 'a'), [['a', 'x', 'y']], 'all or none')
  t.equal(table.updateElement(node, 'a', []), true)
  t.equal(table.updateElement(node, 'b', changes), false)
  t.equal(table.updateElement(node, 'b', 1, 'new', ['any', 0, 0]), true)
  t.strictSame(table.lookup(node, 'b'), [['b', 'new', 0]])
  t.equal(table.updateElement(node, 'c', [], ['any', 0, 0]), true)
  t.strictSame(table.lookup(node, 'c'), [['c', 0, 0]])
  t.throws(() => bag.updateElement(node, 'a', 1, 3), badarg)
})

t.test('selectReplace: all that match, under the same key, or none', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  for (const type of ['set', 'ordered_set', 'duplicate_bag'] as const) {
    const table = await make({ type })
    table.insert(node, [1, 1], [2, 2], [2, 2], [3, 3])
    const size = table.info()?.size
    const double = ({ k, v }: { readonly k: unknown; readonly v: unknown }) => [k, Number(v) * 2] as const
    t.equal(
      table.selectReplace(node, [k, v], ({ v }) => Number(v) > 1, double),
      type === 'duplicate_bag' ? 3 : 2,
    )
    t.strictSame(table.lookup(node, 3), [[3, 6]])
    t.strictSame(table.lookup(node, 2).at(-1), [2, 4])
    t.equal(
      table.selectReplace(node, [3, v], undefined, ({ v }) => [3, v, 'longer']),
      1,
    )
    t.strictSame(table.lookup(node, 3), [[3, 6, 'longer']])
    const before = table.toList(node)
    t.throws(() => table.selectReplace(node, [k, v], undefined, ({ k, v }) => [k === 2 ? 'two' : k, v]), badarg)
    t.throws(() => table.selectReplace(node, [k, v], undefined, () => 'junk' as never), badarg)
    t.strictSame(table.toList(node), before, 'nothing is replaced')
    t.equal(table.info()?.size, size)
  }
  const bag = await make({ type: 'bag' })
  t.throws(() => bag.selectReplace(node, _, undefined, (_bound, row) => row), badarg)
})

t.test('rename, and all tables of a node', async (t) => {
  const { node, owner, make } = setting(t, PUBLIC)
  const table = await make({ name: 'old' })
  const other = await make({ name: 'taken' })
  const nameless = await make()
  table.rename(node, Table.named<Row, unknown>('new'))
  t.equal(table.info()?.name, 'new')
  t.equal(Table.whereis(node, Table.named('new')), table)
  t.equal(Table.whereis(node, Table.named('old')), undefined)
  table.rename(node, 'new')
  for (const name of ['taken', '', 7] as string[]) t.throws(() => table.rename(node, name), badarg)
  t.throws(() => nameless.rename(node, 'given'), badarg)
  t.same(new Set(Table.all(node)), new Set([table, other, nameless]))
  const ended = down(owner.pid)
  node.exit(owner.pid, 'kill')
  await ended
  t.same(Table.all(node), [])
  t.equal(Table.whereis(node, Table.named('new')), undefined)
  t.same(leftovers(node), [])
})

t.test('a limit counts what there would be: of several that are new some may be alike', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  const set = await make({ limit: 1 })
  set.insert(node, ['a', 1], ['a', 2])
  t.strictSame(set.toList(node), [['a', 2]])
  const bag = await make({ type: 'bag', limit: 2 })
  bag.insert(node, ['a', 1], ['a', 1], ['a', 2])
  t.throws(() => bag.insert(node, ['a', 2], ['a', 3]), { code: 'system_limit' })
  t.equal(bag.info()?.size, 2)
})

// --- changes between the steps

type Change = readonly ['insert' | 'delete' | 'deleteObject', key: number, value: number]
const change: fc.Arbitrary<Change> = fc.tuple(
  fc.constantFrom('insert' as const, 'delete' as const, 'deleteObject' as const),
  fc.integer({ min: 0, max: 30 }),
  fc.integer({ min: 0, max: 2 }),
)

const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2 })), { maxLength: 40 })
const scene = fc.record({
  rows,
  limit: fc.integer({ min: 1, max: 6 }),
  between: fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 40 }),
  reverse: fc.boolean(),
})

t.test('property: whatever changes between two steps, what nobody touches is seen once', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  for (const type of TYPES) {
    const table = await make({ type })
    const walk = fc.property(scene, ({ rows, limit, between, reverse }) => {
      table.deleteAllObjects(node)
      for (const row of rows) table.insert(node, row)
      const untouched = new Set(table.toList(node))
      const everThere = new Set<Row>(untouched)
      const seen: Row[] = []
      const go = reverse ? table.selectReverse.bind(table) : table.select.bind(table)
      let at: Chunk<Row> = go(node, _, undefined, (_bound, row: Row) => row, limit)
      for (let step = 0; at !== END_OF_TABLE; step++) {
        const [found, next] = at
        deepStrictEqual(found.length <= limit, true)
        deepStrictEqual(found.length === limit || next === END_OF_TABLE, true)
        seen.push(...found)
        for (const [kind, key, value] of between[step] ?? []) {
          const before = table.lookup(node, key)
          const row = [key, value] as const
          if (kind === 'delete') table.delete(node, key)
          else table[kind](node, row)
          const after = table.lookup(node, key)
          for (const object of before) if (!after.includes(object)) untouched.delete(object)
          for (const object of after) everThere.add(object)
        }
        at = go(node, next)
      }
      for (const row of untouched) deepStrictEqual(seen.filter((one) => one === row).length, 1)
      for (const row of seen) deepStrictEqual(everThere.has(row), true)
      if (type === 'ordered_set') {
        const keys = seen.map(([key]) => key as number)
        deepStrictEqual(
          keys,
          [...new Set(keys)].sort((a, b) => (reverse ? b - a : a - b)),
        )
      }
    })
    t.doesNotThrow(() => fc.assert(walk, { numRuns: 300 }), type)
  }
})

t.test('property: in one go or in steps, a walk finds what a list does', async (t) => {
  const { node, make } = setting(t, PUBLIC)
  const queries = fc.record({
    rows,
    limit: fc.integer({ min: 1, max: 5 }),
    least: fc.integer({ min: 0, max: 2 }),
    key: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
  })
  for (const type of TYPES) {
    const table = await make({ type })
    const same = fc.property(queries, ({ rows, limit, least, key }) => {
      table.deleteAllObjects(node)
      for (const row of rows) table.insert(node, row)
      const pattern = [key ?? k, v] as const
      const guard = ({ v }: { readonly v: unknown }) => Number(v) >= least
      const row = (_bound: unknown, object: Row) => object
      const list = table.toList(node).filter(([at, value]) => (key ?? at) === at && Number(value) >= least)
      deepStrictEqual(table.select(node, pattern, guard, row), list)
      deepStrictEqual(
        steps(table.select(node, pattern, guard, row, limit), (at) => table.select(node, at)).flat(),
        list,
      )
      deepStrictEqual(table.selectCount(node, pattern, guard), list.length)
      deepStrictEqual(table.selectReverse(node, pattern, guard, row).length, list.length)
      const size = table.info()!.size
      if (type !== 'bag') {
        deepStrictEqual(
          table.selectReplace(node, pattern, guard, (_bound, [at]) => [at, 'replaced']),
          list.length,
        )
        deepStrictEqual(table.selectCount(node, [_, 'replaced']), list.length)
        deepStrictEqual(table.selectDelete(node, [_, 'replaced']), list.length)
      } else deepStrictEqual(table.selectDelete(node, pattern, guard), list.length)
      deepStrictEqual(table.toList(node).length, size - list.length)
      deepStrictEqual(table.info()!.size, size - list.length)
    })
    t.doesNotThrow(() => fc.assert(same, { numRuns: 200 }), type satisfies TableType)
  }
})
