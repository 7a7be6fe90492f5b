import fc from 'fast-check'
import t, { type Test } from 'tap'
import { _, equalTerms, type Pid, Registry, type RegistryOptions, variable } from '../../lib/index.ts'
import { nodeWithReports } from '../support/kid.ts'
import { type Puppet, puppet } from '../support/puppet.ts'

/**
 * A registry against a list: whatever is registered, unregistered, changed, dispatched, and whoever crashes, in any
 * order, the registry holds what its living processes registered, and finds it in every way that it can be asked.
 */
interface Row {
  readonly pid: Pid
  readonly key: unknown
  value: number
}

const KEYS: readonly unknown[] = ['x', 'y', ['z', 1], 7]
const PEOPLE = 4

const layout = fc.constantFrom<RegistryOptions>(
  { keys: 'unique', partitions: 1 },
  { keys: 'unique', partitions: 3 },
  { keys: 'duplicate', partitions: 1 },
  { keys: 'duplicate', partitions: 3 },
  { keys: ['duplicate', 'key'], partitions: 3 },
)
const OPERATIONS = ['register', 'unregister', 'unregisterMatch', 'update', 'crash', 'partition'] as const
const step = fc.record({
  op: fc.oneof(
    { weight: 6, arbitrary: fc.constant('register' as const) },
    { weight: 5, arbitrary: fc.constantFrom(...OPERATIONS) },
  ),
  who: fc.nat({ max: PEOPLE - 1 }),
  key: fc.constantFrom(...KEYS),
  value: fc.nat({ max: 3 }),
})
type Step = Parameters<Parameters<typeof step.map>[0]>[0]

class World {
  readonly registry: Registry<unknown, number>
  readonly #node
  readonly #options: RegistryOptions
  readonly #people: Puppet[]
  #rows: Row[] = []

  static async start(t: Test, options: RegistryOptions): Promise<World> {
    const { node } = nodeWithReports(t)
    const registry = new Registry<unknown, number>('model', options)
    await node.supervise({ intensity: 1000, children: [registry.child()] })
    return new World(node, registry, options)
  }

  constructor(node: ReturnType<typeof nodeWithReports>['node'], registry: World['registry'], options: RegistryOptions) {
    this.#node = node
    this.registry = registry
    this.#options = options
    this.#people = Array.from({ length: PEOPLE }, () => puppet(node))
  }

  /** Carries the step out in both; true when both say the same. */
  async take({ op, who, key, value }: Step): Promise<boolean> {
    const { registry } = this
    const person = this.#people[who]!
    const own = this.#rows.filter((row) => row.pid === person.pid && row.key === key)
    const unique = this.#options.keys === 'unique'
    if (op === 'register') {
      const holder = unique ? this.#rows.find((row) => row.key === key) : undefined
      const result = await person.tell((self) => registry.register(self, key, value))
      if (holder !== undefined) return equalTerms(result, ['error', ['already_registered', holder.pid]])
      this.#rows.push({ pid: person.pid, key, value })
      return result[0] === 'ok'
    }
    if (op === 'unregister') {
      await person.tell((self) => registry.unregister(self, key))
      this.#remove(own)
    } else if (op === 'unregisterMatch') {
      await person.tell((self) => registry.unregisterMatch(self, key, variable('v'), ({ v }) => v >= value))
      this.#remove(own.filter((row) => row.value >= value))
    } else if (op === 'update' && unique) {
      const result = await person.tell((self) => registry.updateValue(self, key, (before) => before + value))
      const row = own[0]
      if (row === undefined) return result === 'error'
      row.value += value
      return equalTerms(result, [row.value, row.value - value])
    } else if (op === 'crash') {
      this.#node.exit(person.pid, 'kill')
      this.#crashed()
    } else if (op === 'partition') await this.#endPartition(value % (this.#options.partitions ?? 1))
    return true
  }

  /** Those who are linked with it end, and perhaps the other partitions with theirs; the model looks who is left. */
  async #endPartition(index: number): Promise<void> {
    const name = `model.PIDPartition${index}`
    const others = Array.from({ length: this.#options.partitions ?? 1 }, (_, i) => `model.PIDPartition${i}`)
    const before = others.map((other) => this.#node.whereis(other))
    this.#node.exit(this.#node.whereis(name)!, 'kill')
    const all = this.#options.keys !== 'duplicate'
    const isAnew = () =>
      others.every((other, i) => {
        const pid = this.#node.whereis(other)
        return pid?.process?.state instanceof Object && (other === name || all ? pid !== before[i] : true)
      })
    while (!isAnew()) await new Promise(setImmediate)
    this.#crashed()
  }

  #crashed(): void {
    this.#rows = this.#rows.filter(({ pid }) => this.#node.isAlive(pid))
    for (const [who, { pid }] of this.#people.entries()) {
      if (!this.#node.isAlive(pid)) this.#people[who] = puppet(this.#node)
    }
  }

  #remove(rows: readonly Row[]): void {
    this.#rows = this.#rows.filter((row) => !rows.includes(row))
  }

  /** Whether every way of asking finds what the model has. */
  agrees(): boolean {
    const { registry } = this
    const node = this.#node
    const found: unknown[] = [registry.count(node), this.#sorted(registry.select(node, registry.clause([_, _, _])))]
    const expected: unknown[] = [this.#rows.length, this.#sorted(this.#rows.map((r) => [r.key, r.pid, r.value]))]
    for (const key of KEYS) {
      const rows = this.#rows.filter((row) => row.key === key)
      const dispatched: (readonly [Pid, number])[] = []
      registry.dispatch(node, key, (entries) => dispatched.push(...entries))
      found.push(this.#sorted(registry.lookup(node, key)), this.#sorted(dispatched), registry.countMatch(node, key, 1))
      const pairs = this.#sorted(rows.map(({ pid, value }) => [pid, value]))
      expected.push(pairs, pairs, rows.filter(({ value }) => value === 1).length)
    }
    for (const { pid } of this.#people) {
      const rows = this.#rows.filter((row) => row.pid === pid)
      const links = node.processInfo(pid, 'links')?.[1] ?? []
      found.push(this.#sorted(registry.keys(node, pid)), links.length)
      expected.push(this.#sorted(rows.map(({ key }) => key)), rows.length > 0 ? 1 : 0)
      for (const key of KEYS) {
        found.push(registry.values(node, key, pid))
        expected.push(rows.filter((row) => row.key === key).map(({ value }) => value))
      }
    }
    return equalTerms(found, expected)
  }

  #sorted(terms: readonly unknown[]): unknown[] {
    return [...terms].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }

  end(): void {
    this.#node.kill()
  }
}

t.test('a model: whatever happens, the registry holds what its living processes registered', async (t) => {
  await fc.assert(
    fc.asyncProperty(layout, fc.array(step, { maxLength: 40 }), async (options, steps) => {
      const world = await World.start(t, options)
      for (const each of steps) if (!(await world.take(each)) || !world.agrees()) return false
      world.end()
      return true
    }),
    { numRuns: 150 },
  )
})
