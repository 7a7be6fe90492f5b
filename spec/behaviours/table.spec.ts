import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { tablesOf } from '../../lib/behaviours/table/table-directory.ts'
import { _, type Context, END_OF_TABLE, type OtpNode, Table, type TableType, variable } from '../../lib/index.ts'
import { down, nodeWithReports } from '../support/kid.ts'
import { puppet } from '../support/puppet.ts'
import { type Row, type Rows, setting } from '../support/tables.ts'

const badarg = { code: 'badarg' }

t.test('objects of the four types, as ets(3) keeps them', async (t) => {
  t.test('a set has one object a key; insertNew takes all or none', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public' })
    table.insert(node, ['a', 1], ['a', 2], ['b', 1])
    t.strictSame(table.lookup(node, 'a'), [['a', 2]])
    t.equal(table.insertNew(node, ['c', 1], ['b', 2]), false)
    t.equal(table.member(node, 'c'), false)
    t.equal(table.insertNew(node, ['c', 1], ['c', 2]), true)
    t.strictSame(table.lookup(node, 'c'), [['c', 2]])
    t.equal(table.insertNew(node), true)
    t.strictSame(table.take(node, 'c'), [['c', 2]])
    t.strictSame(table.take(node, 'c'), [])
    table.delete(node, 'none')
    table.deleteObject(node, ['a', 1])
    table.deleteObject(node, ['b', 1])
    t.strictSame(table.toList(node), [['a', 2]])
    table.deleteAllObjects(node)
    t.equal(table.info()?.size, 0)
  })

  t.test('a bag keeps objects that differ, the oldest first; a duplicate_bag keeps all', async (t) => {
    const { node, make } = setting(t)
    const bag = await make({ type: 'bag', protection: 'public' })
    bag.insert(node, ['a', 1], ['a', 2], ['a', 1], ['b', 1])
    bag.insert(node, ['a', 1])
    bag.insert(node, ['a', 0])
    t.strictSame(bag.lookup(node, 'a'), [
      ['a', 1],
      ['a', 2],
      ['a', 0],
    ])
    t.equal(bag.insertNew(node, ['c', 1], ['c', 2]), true)
    t.equal(bag.insertNew(node, ['d', 1], ['c', 3]), false)
    t.equal(bag.member(node, 'd'), false)
    t.strictSame(bag.take(node, 'a'), [
      ['a', 1],
      ['a', 2],
      ['a', 0],
    ])
    const duplicates = await make({ type: 'duplicate_bag', protection: 'public' })
    duplicates.insert(node, ['a', 1], ['a', 2], ['a', 1])
    t.strictSame(duplicates.lookup(node, 'a'), [
      ['a', 1],
      ['a', 2],
      ['a', 1],
    ])
    duplicates.deleteObject(node, ['a', 1])
    t.strictSame(duplicates.lookup(node, 'a'), [['a', 2]])
  })

  t.test('keys are terms: structures are found by what they hold', async (t) => {
    const { node, make } = setting(t)
    for (const type of ['set', 'ordered_set', 'bag'] as const) {
      const table = await make({ type, protection: 'public' })
      table.insert(node, [['room', 7], 'a'], [{ id: 1 }, 'b'], [node.name, 'c'])
      t.strictSame(table.lookup(node, ['room', 7]), [[['room', 7], 'a']])
      t.strictSame(table.lookup(node, { id: 1 }), [[{ id: 1 }, 'b']])
    }
  })

  t.test('a key may be a field, a later element, or what a function says', async (t) => {
    const { node, owner } = setting(t)
    interface User {
      readonly id: number
      readonly name: string
    }
    const byField = await owner.tell((self) => new Table<User, string>(self, { key: 'name', protection: 'public' }))
    byField.insert(node, { id: 1, name: 'ann' })
    t.strictSame(byField.lookup(node, 'ann'), [{ id: 1, name: 'ann' }])
    const byIndex = await owner.tell((self) => new Table<Row, unknown>(self, { key: 1, protection: 'public' }))
    byIndex.insert(node, ['x', 'k'])
    t.equal(byIndex.member(node, 'k'), true)
    t.throws(() => byIndex.insert(node, ['short']), badarg)
    const byFunction = await owner.tell(
      (self) => new Table<User, number>(self, { key: (user) => user.id, protection: 'public' }),
    )
    byFunction.insert(node, { id: 1, name: 'ann' }, { id: 1, name: 'bob' })
    t.strictSame(byFunction.lookup(node, 1), [{ id: 1, name: 'bob' }])
    t.throws(() => byFunction.updateElement(node, 1, 'id', 2), badarg)
    t.equal(byFunction.updateElement(node, 1, 'name', 'cid'), true)
    t.equal(byFunction.lookupElement(node, 1, 'name'), 'cid')
  })

  t.test('a wrong object refuses the whole insertion', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public' })
    t.throws(() => table.insert(node, ['q', 1], 'foo' as never), badarg)
    t.equal(table.member(node, 'q'), false)
  })

  t.test('a table that is full takes no more, and replaces still', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public', limit: 2 })
    table.insert(node, ['a', 1], ['b', 1])
    t.throws(() => table.insert(node, ['a', 2], ['c', 1]), { code: 'system_limit' })
    t.strictSame(table.lookup(node, 'a'), [['a', 1]])
    table.insert(node, ['a', 2])
    t.strictSame(table.lookup(node, 'a'), [['a', 2]])
  })
})

t.test('updateElement and updateCounter', async (t) => {
  t.test('updateElement changes a copy, never the key', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public' })
    table.insert(node, ['a', 1])
    const read = table.lookup(node, 'a')
    t.equal(table.updateElement(node, 'a', 1, 5), true)
    t.strictSame(read, [['a', 1]], 'whoever read the object before has it as it was')
    t.equal(table.lookupElement(node, 'a', 1), 5)
    t.equal(table.updateElement(node, 'none', 0, 1), false)
    t.equal(table.updateElement(node, 'none', 9, 1), false)
    t.throws(() => table.updateElement(node, 'a', 0, 'a'), badarg)
    t.throws(() => table.updateElement(node, 'a', 5, 1), badarg)
    t.throws(() => table.lookupElement(node, 'none', 1), badarg)
    const bag = await make({ type: 'bag', protection: 'public' })
    t.throws(() => bag.updateElement(node, 'a', 1, 1), badarg)
    t.throws(() => bag.updateCounter(node, 'a', 1), badarg)
  })

  t.test('updateCounter counts, wraps at a threshold, begins with a first object, and is all or nothing', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public' })
    table.insert(node, ['a', 2])
    t.throws(() => table.updateCounter(node, 'a', { position: 0, increment: 1 }), badarg)
    t.throws(() => table.updateCounter(node, 'zz', 1), badarg)
    t.equal(table.updateCounter(node, 'zz', { position: 1, increment: 5 }, ['ignored', 10]), 15)
    t.strictSame(table.lookup(node, 'zz'), [['zz', 15]])
    const both = [
      { position: 1, increment: 1 },
      { position: 2, increment: 1 },
    ]
    t.throws(() => table.updateCounter(node, 'a', both), badarg)
    t.strictSame(table.lookup(node, 'a'), [['a', 2]])
    const wrapping = { position: 1, increment: 1, threshold: 3, setValue: 0 }
    t.strictSame(
      table.updateCounter(node, 'a', [{ position: 1, increment: 1 }, wrapping, { position: 1, increment: 0 }]),
      [3, 0, 0],
    )
    t.equal(table.updateCounter(node, 'a', { position: 1, increment: -10, threshold: -5, setValue: 99 }), 99)
    t.equal(table.updateCounter(node, 'a', { position: 1, increment: 1, threshold: 100, setValue: 7 }), 100)
    t.equal(table.updateCounter(node, 'a', { position: 1, increment: 1, threshold: 100, setValue: 7 }), 7)
    t.equal(table.updateCounter(node, 'a', { position: 1, increment: 0, threshold: 5, setValue: 7 }), 7)
    t.throws(() => table.updateCounter(node, 'a', { position: 1, increment: 1.5 }), badarg)
    t.throws(() => table.updateCounter(node, 'k', { position: 2, increment: 1 }, ['k', 0]), badarg)
    t.equal(table.member(node, 'k'), false)
  })
})

t.test('walking a table', async (t) => {
  t.test('an ordered_set has the order of terms, and goes on from keys that are not there', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ type: 'ordered_set', protection: 'public' })
    table.insert(node, [2, 'c'], ['x', 1], [[1], 1], [1, 'b'], [{}, 1], [Uint8Array.of(7), 1])
    t.strictSame(
      table.toList(node).map(([key]) => key),
      [1, 2, 'x', [1], {}, Uint8Array.of(7)],
    )
    t.equal(table.next(node, 1.5), 2)
    t.equal(table.prev(node, 1.5), 1)
    t.equal(table.prev(node, 1), END_OF_TABLE)
    t.equal(table.next(node, Uint8Array.of(7)), END_OF_TABLE)
    t.strictSame(table.last(node), Uint8Array.of(7))
    t.equal(table.first(node), 1)
  })

  t.test('another table needs the key, and has one direction', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public' })
    t.equal(table.first(node), END_OF_TABLE)
    t.equal(table.last(node), END_OF_TABLE)
    table.insert(node, ['a', 1], ['b', 1])
    t.equal(table.last(node), table.first(node))
    t.equal(table.prev(node, 'a'), table.next(node, 'a'))
    t.throws(() => table.next(node, 'nokey'), badarg)
  })

  t.test('a walk finds its way when the table changes under it', async (t) => {
    const { node, make } = setting(t)
    for (const type of ['set', 'ordered_set', 'bag', 'duplicate_bag'] as const) {
      const table = await make({ type, protection: 'public' })
      for (let i = 0; i < 1000; i++) table.insert(node, [i, 0])
      const seen = table.foldl<number[]>(
        node,
        ([key], keys) => {
          table.delete(node, key)
          table.delete(node, (key as number) + 1)
          return [...keys, key as number]
        },
        [],
      )
      t.strictSame(
        seen,
        Array.from({ length: 500 }, (_, i) => i * 2),
        type,
      )
      t.equal(table.info()?.size, 0, type)
    }
  })
})

t.test('match and select', async (t) => {
  const [name, age] = [variable('name'), variable('age')]
  type Person = readonly [name: string, age: number]

  async function people(t: Test): Promise<{ node: OtpNode; table: Table<Person, string> }> {
    const { node, owner } = setting(t)
    const table = await owner.tell(
      (self) => new Table<Person, string>(self, { type: 'ordered_set', protection: 'public' }),
    )
    table.insert(node, ['ann', 30], ['bob', 40], ['cid', 30])
    return { node, table }
  }

  t.test('match gives what the variables stand for, matchObject the objects', async (t) => {
    const { node, table } = await people(t)
    t.strictSame(
      table.match(node, [name, 30]).map((bound) => bound.name),
      ['ann', 'cid'],
    )
    t.strictSame(table.matchObject(node, [_, 40]), [['bob', 40]])
    t.strictSame(table.matchObject(node, ['bob', _]), [['bob', 40]])
    t.strictSame(table.matchObject(node, ['bob', 30]), [])
    t.strictSame(table.matchObject(node, ['dora', _]), [])
    t.equal(table.matchObject(node, _).length, 3)
  })

  t.test('select adds a guard and a result; selectCount counts, selectDelete removes', async (t) => {
    const { node, table } = await people(t)
    t.strictSame(
      table.select(
        node,
        [name, age],
        (bound) => bound.age < 40,
        (bound) => bound.name.toUpperCase(),
      ),
      ['ANN', 'CID'],
    )
    t.equal(
      table.selectCount(node, [_, age], (bound) => bound.age >= 30),
      3,
    )
    t.equal(
      table.selectDelete(node, [_, age], (bound) => bound.age === 30),
      2,
    )
    t.strictSame(table.toList(node), [['bob', 40]])
  })

  t.test('a variable that stands twice takes equal terms; one for the whole object takes it', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public' })
    const same = variable('same')
    table.insert(node, [1, 1], [2, 3], [['a'], ['a']])
    t.strictSame(table.matchObject(node, [same, same]), [
      [1, 1],
      [['a'], ['a']],
    ])
    t.strictSame(
      table.select(node, variable('all'), undefined, (bound) => bound.all[0]),
      [1, 2, ['a']],
    )
  })

  t.test('the key in a pattern is looked up also in a table of records', async (t) => {
    const { node, owner } = setting(t)
    interface User {
      readonly name: string
      readonly age: number
    }
    const table = await owner.tell((self) => new Table<User, string>(self, { key: 'name', protection: 'public' }))
    table.insert(node, { name: 'who', age: 1 }, { name: 'ann', age: 2 })
    t.strictSame(table.matchObject(node, { name: 'ann' }), [{ name: 'ann', age: 2 }])
    t.equal(table.matchObject(node, variable('who')).length, 2, 'the name of a variable is no key')
  })
})

t.test('who may do what', async (t) => {
  t.test('public, protected, private', async (t) => {
    const { node, make } = setting(t)
    const stranger = puppet(node)
    const may = (what: (self: Context) => unknown) =>
      stranger.tell(what).then(
        () => true,
        (error) => error.code,
      )
    const rows: unknown[] = []
    for (const protection of ['public', 'protected', 'private'] as const) {
      const table = await make({ protection })
      rows.push([
        protection,
        await may((self) => table.insert(self, ['a', 1])),
        await may((self) => table.lookup(self, 'a')),
        await may((self) => table.setopts(self, { heir: 'none' })),
        await may((self) => table.giveAway(self, stranger.pid, 0)),
        table.info()?.size,
        await may((self) => table.deleteTable(self)),
      ])
    }
    t.strictSame(rows, [
      ['public', true, true, 'badarg', 'badarg', 1, true],
      ['protected', 'badarg', true, 'badarg', 'badarg', 0, 'badarg'],
      ['private', 'badarg', 'badarg', 'badarg', 'badarg', 0, 'badarg'],
    ])
  })

  t.test('the owner may change the protection; another node reads nothing', async (t) => {
    const { owner, node, make } = setting(t)
    const other = nodeWithReports(t).node
    const table = await make({ protection: 'public' })
    t.throws(() => table.member(other, 'a'), badarg)
    await owner.tell((self) => table.setopts(self, { protection: 'protected' }))
    t.throws(() => table.insert(node, ['a', 1]), badarg)
    t.equal(table.info()?.protection, 'protected')
  })

  t.test('a process that has ended changes nothing any more', async (t) => {
    const { node, make } = setting(t)
    const table = await make({ protection: 'public' })
    const stranger = puppet(node)
    const late = await stranger.tell((self) => () => table.insert(self, ['late', 1]))
    const ended = down(stranger.pid)
    node.exit(stranger.pid, 'kill')
    await ended
    t.throws(late, { code: 'process_exited' })
    t.equal(table.member(node, 'late'), false)
  })
})

t.test('names, owners and heirs', async (t) => {
  t.test('a named table is found by its name, which is taken while it is there', async (t) => {
    const { node, owner, make } = setting(t)
    const rooms = Table.named<Row, unknown>('rooms')
    const table = await make({ name: rooms })
    t.equal(Table.whereis(node, rooms), table)
    await t.rejects(make({ name: 'rooms' }), badarg)
    await owner.tell((self) => table.deleteTable(self))
    t.equal(Table.whereis(node, rooms), undefined)
    t.equal(table.info(), undefined)
    t.throws(() => table.member(node, 'a'), badarg)
    t.equal((await make({ name: 'rooms' })).info()?.name, 'rooms')
  })

  t.test('a table is gone with its owner before links and monitors hear of the end', async (t) => {
    const { node, owner, make } = setting(t)
    const name = Table.named<Row, unknown>('rooms')
    const table = await make({ name })
    let seen: unknown
    const watching = down(owner.pid).then(() => undefined)
    const watcher = puppet(node, { trap: true })
    await watcher.tell((self) => self.link(owner.pid))
    const heard = new Promise((resolve) => {
      node.spawn(async function () {
        this.monitor(owner.pid)
        await this.receive()
        seen = [Table.whereis(node, name), table.info()]
        resolve(seen)
      })
    })
    await watcher.tell((self) => self.exit(owner.pid, 'kill'))
    await watching
    t.strictSame(await heard, [undefined, undefined])
  })

  t.test('giveAway tells the new owner; not to oneself, the dead, or another node', async (t) => {
    const { node, owner, make } = setting(t)
    const table = await make()
    table.info()
    const heir = puppet(node)
    const dead = puppet(node)
    const far = puppet(nodeWithReports(t).node)
    const ended = down(dead.pid)
    node.exit(dead.pid, 'kill')
    await ended
    for (const pid of [owner.pid, dead.pid, far.pid]) {
      await t.rejects(
        owner.tell((self) => table.giveAway(self, pid, 'x')),
        badarg,
      )
    }
    await owner.tell((self) => table.giveAway(self, heir.pid, 'mine'))
    await heir.tell((self) => table.insert(self, ['a', 1]))
    t.strictSame(heir.heard, [['ETS-TRANSFER', table, owner.pid, 'mine']])
    t.equal(table.info()?.owner, heir.pid)
    await t.rejects(
      owner.tell((self) => table.insert(self, ['b', 1])),
      badarg,
    )
    const gone = down(owner.pid)
    node.exit(owner.pid, 'kill')
    await gone
    t.strictSame(table.lookup(node, 'a'), [['a', 1]], 'it does not go with the owner it had')
  })

  t.test('a heir inherits; a heir that is gone does not', async (t) => {
    const { node, owner } = setting(t)
    const heir = puppet(node)
    const dead = puppet(node)
    const [first, second] = await owner.tell(
      (self) =>
        [
          new Table<Row, unknown>(self, { name: 'kept', heir: [heir.pid, 'please'] }),
          new Table<Row, unknown>(self, { name: 'lost', heir: [dead.pid, 'please'] }),
        ] as const,
    )
    await owner.tell((self) => first.insert(self, ['a', 1]))
    t.equal(first.info()?.heir, heir.pid)
    const lost = down(dead.pid)
    node.exit(dead.pid, 'kill')
    await lost
    t.equal(second.info()?.heir, 'none')
    const gone = down(owner.pid)
    node.exit(owner.pid, 'kill')
    await gone
    await heir.tell((self) => first.insert(self, ['b', 2]))
    t.strictSame(heir.heard, [['ETS-TRANSFER', first, owner.pid, 'please']])
    t.equal(second.info(), undefined)
    const end = down(heir.pid)
    node.exit(heir.pid, 'kill')
    await end
    t.equal(first.info(), undefined, 'the heir, now the owner, is not its own heir')
    t.equal(tablesOf(node).size, 0)
  })

  t.test('misuse is told', async (t) => {
    const { node, make } = setting(t)
    await t.rejects(make({ type: 'tree' as never }), badarg)
    await t.rejects(make({ protection: 'secret' as never }), badarg)
    await t.rejects(make({ key: -1 }), badarg)
    await t.rejects(make({ heir: ['me'] as never }), badarg)
    await t.rejects(make({ heir: [puppet(nodeWithReports(t).node).pid, 0] }), badarg)
    t.throws(() => new Table<Row>(node as never), badarg)
  })
})

type Operation =
  | readonly ['insert' | 'insertNew', readonly Row[]]
  | readonly ['delete' | 'take', unknown]
  | readonly ['deleteObject', Row]
  | readonly ['updateCounter', unknown, number]

const key = fc.constantFrom<unknown>(1, 2, 'a', 'b', ['t'], { r: 1 })
const row = fc.tuple(key, fc.integer({ min: 0, max: 2 })) as fc.Arbitrary<Row>
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(fc.constantFrom('insert' as const, 'insertNew' as const), fc.array(row, { maxLength: 3 })),
  fc.tuple(fc.constantFrom('delete' as const, 'take' as const), key),
  fc.tuple(fc.constant('deleteObject' as const), row),
  fc.tuple(fc.constant('updateCounter' as const), key, fc.integer({ min: -2, max: 2 })),
)

/** The simplest table: a list. */
class Model {
  rows: Row[] = []
  readonly #type: TableType

  constructor(type: TableType) {
    this.#type = type
  }

  lookup(wanted: unknown): Row[] {
    return this.rows.filter(([key]) => same(key, wanted))
  }

  put(object: Row): void {
    const present = this.lookup(object[0])
    if (this.#type === 'duplicate_bag') this.rows.push(object)
    else if (this.#type === 'bag') {
      if (!present.some((other) => same(other, object))) this.rows.push(object)
    } else if (present.length === 0) this.rows.push(object)
    else this.rows = this.rows.map((other) => (same(other[0], object[0]) ? object : other))
  }

  apply(operation: Operation): unknown {
    switch (operation[0]) {
      case 'insert':
        for (const object of operation[1]) this.put(object)
        return undefined
      case 'insertNew':
        if (operation[1].some(([key]) => this.lookup(key).length > 0)) return false
        for (const object of operation[1]) this.put(object)
        return true
      case 'delete':
      case 'take': {
        const [name, key] = operation
        const found = this.lookup(key)
        this.rows = this.rows.filter((other) => !same(other[0], key))
        return name === 'take' ? found : undefined
      }
      case 'deleteObject':
        this.rows = this.rows.filter((other) => !same(other, operation[1]))
        return undefined
      default: {
        const [, key, increment] = operation
        if (this.#type.endsWith('bag')) return 'badarg'
        const value = ((this.lookup(key)[0]?.[1] as number | undefined) ?? 0) + increment
        this.put([key, value])
        return value
      }
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

t.test('property: a table does what a list with the same operations does', async (t) => {
  const { owner } = setting(t)
  for (const type of ['set', 'ordered_set', 'bag', 'duplicate_bag'] as const) {
    const agree = (self: Context) => (operations: readonly Operation[]) => {
      const table = new Table<Row, unknown>(self, { type })
      const model = new Model(type)
      for (const operation of operations) deepStrictEqual(applied(self, table, operation), model.apply(operation))
      deepStrictEqual(table.toList(self).sort(byText), model.rows.toSorted(byText))
      deepStrictEqual(table.info()?.size, model.rows.length)
      const keys: unknown[] = []
      for (let at = table.first(self); at !== END_OF_TABLE; at = table.next(self, at)) {
        keys.push(at)
        deepStrictEqual(table.lookup(self, at), model.lookup(at))
      }
      deepStrictEqual(keys.length, new Set(model.rows.map(([key]) => JSON.stringify(key))).size)
      table.deleteTable(self)
    }
    const check = (self: Context) => {
      fc.assert(fc.property(fc.array(operation, { maxLength: 30 }), agree(self)), { numRuns: 200 })
    }
    await t.resolves(owner.tell(check), type)
  }
})

function applied(self: Context, table: Rows, operation: Operation): unknown {
  switch (operation[0]) {
    case 'insert':
    case 'insertNew':
      return table[operation[0]](self, ...operation[1])
    case 'deleteObject':
      return table.deleteObject(self, operation[1])
    case 'updateCounter':
      try {
        return table.updateCounter(self, operation[1], operation[2], [operation[1], 0])
      } catch (error) {
        return (error as { code: string }).code
      }
    default:
      return table[operation[0]](self, operation[1])
  }
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

t.test('an ordered_set of many keys stays in order while they come and go', async (t) => {
  const { node, make } = setting(t)
  const table = await make({ type: 'ordered_set', protection: 'public' })
  const count = 5000
  for (let i = 0; i < count; i++) table.insert(node, [(i * 2741) % count, i])
  for (let i = 0; i < count; i += 3) table.delete(node, i)
  const keys = table.toList(node).map(([key]) => key)
  t.strictSame(
    keys,
    Array.from({ length: count }, (_, i) => i).filter((i) => i % 3 !== 0),
  )
  let back: unknown = table.last(node)
  const backwards: unknown[] = []
  for (; back !== END_OF_TABLE; back = table.prev(node, back)) backwards.push(back)
  t.strictSame(backwards.reverse(), keys)
})
