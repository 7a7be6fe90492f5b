import t, { type Test } from 'tap'
import { matchTerm } from '../../lib/behaviours/match-pattern.ts'
import { _, type OtpNode, type Pid, Registry, type RegistryOptions, variable } from '../../lib/index.ts'
import { nodeWithReports } from '../support/kid.ts'
import { type Puppet, puppet } from '../support/puppet.ts'

/** Patterns, and what of Elixir's registry_test, unique_test and duplicate_test is about matching and selecting. */
type Value = readonly [number | bigint, string, number | bigint] | { readonly a?: string; readonly b?: string } | string

const layouts: readonly (readonly [name: string, RegistryOptions])[] = [
  ['unique, 1 partition', { keys: 'unique', partitions: 1 }],
  ['unique, 8 partitions', { keys: 'unique', partitions: 8 }],
  ['duplicate, 1 partition', { keys: 'duplicate', partitions: 1 }],
  ['duplicate, 8 partitions', { keys: 'duplicate', partitions: 8 }],
  ['duplicate by key, 8 partitions', { keys: ['duplicate', 'key'], partitions: 8 }],
]

interface Scene {
  readonly keys: Registry<unknown, Value>
  readonly node: OtpNode
  readonly a: Puppet
  readonly me: Pid
  register(key: unknown, value: Value): Promise<unknown>
}

function each(name: string, which: typeof layouts, test: (t: Test, scene: Scene) => Promise<void>): void {
  t.test(name, async (t) => {
    for (const [layout, options] of which) {
      await t.test(layout, async (t) => {
        const { node } = nodeWithReports(t)
        const keys = new Registry<unknown, Value>('keys', options)
        await node.supervise({ children: [keys.child()] })
        const a = puppet(node)
        const register = (key: unknown, value: Value) => a.tell((self) => keys.register(self, key, value))
        await test(t, { keys, node, a, me: a.pid, register })
      })
    }
  })
}

const atom: Value = [1, 'atom', 1]
const two: Value = [1, 'atom', 2]

each('match and count_match support patterns', layouts, async (t, { keys, node, me, register }) => {
  await register('hello', atom)
  const rows: readonly (readonly [pattern: never, hits: number])[] = [
    [[1, _, _] as never, 1],
    [[1n, _, _] as never, 0],
    [[_, 'atom', _] as never, 1],
    [[variable('x'), _, variable('x')] as never, 1],
    [[variable('x'), variable('x'), _] as never, 0],
    [[1, _] as never, 0],
    [[1, _, _, _] as never, 0],
    [_ as never, 1],
    [variable('all') as never, 1],
    [{} as never, 0],
    [atom as never, 1],
  ]
  for (const [index, [pattern, hits]] of rows.entries()) {
    t.same(keys.match(node, 'hello', pattern), hits === 1 ? [[me, atom]] : [], `pattern ${index}`)
    t.equal(keys.countMatch(node, 'hello', pattern), hits)
  }
  t.same(keys.match(node, _, _), [], 'a key is no pattern')
  t.equal(keys.countMatch(node, _, _), 0)
  await register('world', { a: 'a', b: 'b' })
  t.same(keys.match(node, 'world', { b: 'b' }), [[me, { a: 'a', b: 'b' }]], 'a record may have more fields')
  t.equal(keys.countMatch(node, 'world', { b: 'b' }), 1)
  t.equal(keys.countMatch(node, 'world', { b: 'a' }), 0)
})

each('match and count_match support guards', layouts, async (t, { keys, node, me, register }) => {
  await register('hello', two)
  const third = [_, _, variable('third')] as const
  t.same(
    keys.match(node, 'hello', third, ({ third }) => third > 1),
    [[me, two]],
  )
  t.same(
    keys.match(node, 'hello', third, ({ third }) => third > 2),
    [],
  )
  t.equal(
    keys.countMatch(node, 'hello', [_, variable('second'), _], ({ second }) => second === 'atom'),
    1,
  )
  t.throws(() => keys.match(node, 'hello', third, () => oops()), { message: 'oops' }, 'a guard that throws')
})

function oops(): never {
  throw new Error('oops')
}

each('supports reserved keys', layouts, async (t, { keys, node, a, me, register }) => {
  const labelled = { label: 1, b: 'b' }
  const tricky = () => [['good', 1], '_', ['$1', 1], ['$$', 1], labelled, _, variable('x')] as const
  const all = tricky()
  for (const [index, key] of all.entries()) await register(key, `value ${index}`)
  await register({ ...labelled, a: 'a' }, 'superset')
  for (const [index, key] of all.entries()) {
    t.same(keys.match(node, key, _), [[me, `value ${index}`]])
    t.equal(keys.countMatch(node, key, `value ${index}`), 1)
  }
  for (const [index, key] of all.entries()) await a.tell((self) => keys.unregisterMatch(self, key, `value ${index}`))
  for (const key of all) t.same(keys.lookup(node, key), [])
  for (const key of all) await register(key, 'again')
  for (const key of all) await a.tell((self) => keys.unregister(self, key))
  for (const key of all) t.same(keys.lookup(node, key), [])
  t.same(keys.lookup(node, { ...labelled, a: 'a' }), [[me, 'superset']], 'a key is equal, or another')
})

each('unregister_match supports patterns and guards', layouts, async (t, { keys, node, a, me, register }) => {
  await register('hello', atom)
  await a.tell((self) => keys.unregisterMatch(self, 'hello', [2, _, _]))
  await a.tell((self) => keys.unregisterMatch(self, 'hello', [1n, _, _]))
  t.same(keys.lookup(node, 'hello'), [[me, atom]])
  t.equal(await a.tell((self) => keys.unregisterMatch(self, 'hello', [_, 'atom', _])), 'ok')
  t.same(keys.lookup(node, 'hello'), [])
  await register('hello', atom)
  const b = puppet(node)
  await b.tell((self) => keys.unregisterMatch(self, 'hello', _))
  t.same(keys.lookup(node, 'hello'), [[me, atom]], 'only of the caller')
  await a.tell((self) => keys.unregisterMatch(self, 'hello', [variable('n'), _, _], ({ n }) => n < 1))
  t.same(keys.lookup(node, 'hello'), [[me, atom]])
  await a.tell((self) => keys.unregisterMatch(self, 'hello', [variable('n'), _, _], ({ n }) => n < 2))
  t.same(keys.lookup(node, 'hello'), [])
  t.equal(await a.tell((self) => keys.unregisterMatch(self, 'hello', _)), 'ok')
})

each('unregister_match removes some of many', layouts.slice(2), async (t, { keys, node, a, me, register }) => {
  for (const value of [atom, [2, 'atom', 2], atom] as const) await register('hello', value)
  await register('_', 'foo')
  await register('_', 'bar')
  await a.tell((self) => keys.unregisterMatch(self, 'hello', [1, _, _]))
  t.same(keys.lookup(node, 'hello'), [[me, [2, 'atom', 2]]])
  await a.tell((self) => keys.unregisterMatch(self, '_', 'foo'))
  t.same(keys.lookup(node, '_'), [[me, 'bar']])
  t.same(keys.keys(node, me), ['hello', '_'])
  t.equal(node.processInfo(me, 'links')?.[1]?.length, 1, 'still linked with its partition')
})

each('unregister_match tells listeners when nothing is left', layouts.slice(2, 3), async (t, { node }) => {
  const keys = new Registry<string, number>('heard', { keys: 'duplicate', listeners: ['ear'] })
  await node.supervise({ children: [keys.child()] })
  const [ear, a] = [puppet(node), puppet(node)]
  node.register('ear', ear.pid)
  await a.tell((self) => [keys.register(self, 'k', 1), keys.register(self, 'k', 2)])
  for (const value of [3, 1, 2, 2]) await a.tell((self) => keys.unregisterMatch(self, 'k', value))
  await ear.tell(() => 'heard')
  const unregistered = ['unregister', 'heard', 'k', a.pid]
  t.same(ear.heard.slice(2), [unregistered, unregistered], 'once when the last went, once when there was none')
})

each('select: all, full match specs, guards, multiple specs', layouts, async (t, scene) => {
  const { keys, node, me, register } = scene
  const rows = (...clauses: Parameters<typeof keys.select>[1][]) => keys.select(node, ...clauses)
  t.same(rows(keys.clause([_, _, _])), [], 'empty list for empty registry')
  await register('hello', atom)
  const hello = ['hello', me, atom]
  const triple = [variable('key'), variable('pid'), variable('value')] as const
  t.same(rows(keys.clause(triple, ({ key, pid, value }) => [key, pid, value])), [hello])
  t.same(rows(keys.clause(['hello', _, _])), [hello], 'the entry itself when nothing else is asked for')
  t.same(rows(keys.clause([_, me, _])), [hello])
  t.same(rows(keys.clause([_, _, atom])), [hello])
  t.same(rows(keys.clause(['world', _, _])), [])
  t.same(rows(keys.clause([_, _, [1n, _, _]])), [])
  t.same(rows(keys.clause([_, _, [variable('n'), variable('s'), variable('n')]], ({ n, s }) => [n, s])), [[1, 'atom']])
  await register('world', { a: 'a', b: 'b' })
  t.same(rows(keys.clause(['world', me, { b: 'b' }], () => 'match')), ['match'])
  const names = keys.select(
    node,
    keys.clause([variable('key'), _, _], ({ key }) => String(key)),
  )
  t.same([...names].sort(), ['hello', 'world'])

  const last = [_, _, [_, _, variable('last')]] as const
  t.same(
    keys.select(
      node,
      keys.clause(last, undefined, ({ last }) => last > 0),
    ),
    [hello],
  )
  t.same(
    keys.select(
      node,
      keys.clause(last, undefined, ({ last }) => last > 1),
    ),
    [],
  )
  const first = keys.clause(['hello', _, _], (_bound, [key]) => `${String(key)} first`)
  const second = keys.clause(['hello', _, _], () => 'second')
  const third = keys.clause(['world', _, _], (_bound, [key]) => String(key))
  t.same([...keys.select(node, first, second, third)].sort(), ['hello first', 'world'], 'the first clause that matches')
})

each('count_select supports match specs, guards and multiple specs', layouts, async (t, { keys, node, register }) => {
  await register('hello', two)
  const count = (...clauses: Parameters<typeof keys.countSelect>[1][]) => keys.countSelect(node, ...clauses)
  t.equal(count(keys.clause([_, _, two])), 1)
  t.equal(count(keys.clause(['hello', _, _])), 1)
  t.equal(count(keys.clause([_, _, [variable('x'), _, variable('x')]])), 0)
  t.equal(count(keys.clause(['hello', _, 'nil'])), 0)
  const third = [_, _, [_, _, variable('third')]] as const
  t.equal(count(keys.clause(third, undefined, ({ third }) => third > 1)), 1)
  t.equal(count(keys.clause(third, undefined, ({ third }) => third > 2)), 0)
  await register('world', { a: 'a' })
  t.equal(count(keys.clause(['world', _, _])), 1)
  t.equal(count(keys.clause(['hello', _, _]), keys.clause(['world', _, _])), 2)
  t.equal(count(), 0)
})

t.test('select and count_select raise on incorrect shape of match spec', async (t) => {
  const keys = new Registry<unknown, Value>('keys', { keys: 'unique' })
  for (const wrong of [_, [], [_, _], [_, _, _, _], 'text']) {
    t.throws(() => keys.clause(wrong as never), { code: 'badarg' })
  }
})

t.test('patterns', async (t) => {
  const bound = (pattern: unknown, term: unknown) => {
    const found = matchTerm(pattern, term)
    return found === undefined ? undefined : { ...found }
  }
  t.same(bound([variable('a'), { b: [variable('c')] }], [1, { b: ['x'], more: 1 }]), { a: 1, c: 'x' })
  t.same(bound(variable('whole'), undefined), { whole: undefined })
  t.same(bound([variable('x'), variable('x')], [{ n: [1] }, { n: [1] }]), { x: { n: [1] } })
  t.same(Object.entries(matchTerm(variable('__proto__'), 7) ?? {}), [['__proto__', 7]], 'a name like any other')
  t.same(bound(new Map([['a', 1]]), new Map([['a', 1]])), {}, 'what has no parts is compared')
  t.equal(bound(new Date(1), new Date(2)), undefined)
  t.equal(bound({ a: _ }, { b: 1 }), undefined, 'a field must be there')
  t.equal(bound({ length: _ }, [1]), undefined, 'a tuple is no record')
  t.equal(bound([_], { 0: 1, length: 1 }), undefined)
  t.equal(bound(null, undefined), undefined)
  t.same(bound(Number.NaN, Number.NaN), {})
})
