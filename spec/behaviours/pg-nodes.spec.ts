import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type PgScope, PgServer } from '../../lib/behaviours/pg/pg-scope.ts'
import { equalTerms, type GroupEvent, type PgApi, type Pid, pg, start } from '../../lib/index.ts'
import { abroad, join as joinNetwork, type Member } from '../distribution/members.ts'
import { MemoryNetwork } from '../distribution/memory-network.ts'
import { exitsWith } from '../support/exits.ts'
import { down } from '../support/kid.ts'
import { type Puppet, puppet } from '../support/puppet.ts'

/** The cases of OTP's pg_SUITE that need nodes, by their names there, over a network in memory. */
const SCOPE = 'sc'
const ports = { 'a@h': 1, 'b@h': 2, 'c@h': 3 }
type Name = keyof typeof ports

/** Looks until it is so; what comes meanwhile comes over the network, so turns of the event loop are what it takes. */
async function until(what: () => boolean): Promise<void> {
  for (let turns = 0; !what(); turns++) {
    if (turns === 20_000) throw new Error(`it never is so: ${what}`)
    await new Promise(setImmediate)
  }
}

class Cluster {
  readonly #network = new MemoryNetwork()
  readonly #members = new Map<Name, Member>()
  readonly #test: Test

  constructor(test: Test) {
    this.#test = test
  }

  /** Starts a node that connects with those there are, and, unless it is told otherwise, the scope on it. */
  async start(name: Name, scope: 'with scope' | 'without scope' = 'with scope'): Promise<Node> {
    const member = await joinNetwork(this.#network, name, ports, [...this.#members.keys()])
    this.#test.teardown(() => member.node.kill())
    this.#members.set(name, member)
    if (scope === 'with scope') await pg.start(member.node, SCOPE)
    await this.connected()
    return new Node(member)
  }

  /** Every node is connected with every other, and each scope knows the others. */
  async connected(): Promise<void> {
    const members = [...this.#members.values()]
    const scopes = members.filter(({ node }) => node.whereis(SCOPE) !== undefined)
    await until(() => members.every(({ node }) => node.nodes().length === members.length - 1))
    await until(() => scopes.every(({ node }) => scopeOf(node).peers.length === scopes.length - 1))
  }

  /** Cuts a node off from the others until `heal`. */
  async split(name: Name): Promise<void> {
    const { node, distribution } = this.#members.get(name)!
    for (const other of node.nodes()) distribution.disconnect(other)
    await until(() => [...this.#members].every(([at, m]) => at === name || !m.node.nodes().includes(name)))
    await until(() => node.nodes().length === 0)
    for (const { node: each } of this.#members.values()) if (each.whereis(SCOPE) !== undefined) await sync(each)
  }

  /** Whatever was cut off is connected again: what is sent to a node of the list makes the connection. */
  async heal(): Promise<void> {
    const names = [...this.#members.keys()]
    for (const [index, name] of names.entries()) {
      for (const other of names.slice(0, index)) {
        this.#members.get(name)!.node.send({ name: 'nobody', node: other }, 'connect')
      }
    }
    await this.connected()
  }
}

function scopeOf(node: Member['node']): PgScope {
  return node.whereis(SCOPE)!.process!.state as PgScope
}

/** The scope at `name` has handled what came before, from this node's scope, too. */
async function sync(node: Member['node'], name: string = node.name): Promise<void> {
  const one = puppet(node)
  await one.tell((self) => pg.demonitor(self, { name: SCOPE, node: name }, node.makeRef()))
  node.exit(one.pid, 'kill')
}

/** A node with processes of its own, whose pids are told as text: on another node they are other objects. */
class Node {
  readonly member: Member
  readonly node: Member['node']

  constructor(member: Member) {
    this.member = member
    this.node = member.node
  }

  get scope(): Pid<PgApi> {
    return this.node.whereis(SCOPE) as Pid<PgApi>
  }

  spawn(): Pid {
    return puppet(this.node).pid
  }

  join(group: unknown, pids: Pid | readonly Pid[]): Promise<'ok'> {
    return pg.join(this.node, SCOPE, group, pids)
  }

  leave(group: unknown, pids: Pid | readonly Pid[]): Promise<'ok' | 'not_joined'> {
    return pg.leave(this.node, SCOPE, group, pids)
  }

  members(group: unknown): string[] {
    return texts(pg.getMembers(this.node, SCOPE, group))
  }

  locals(group: unknown): string[] {
    return texts(pg.getLocalMembers(this.node, SCOPE, group))
  }

  groups(): readonly unknown[] {
    return pg.whichGroups(this.node, SCOPE)
  }

  /** Waits until exactly these are members, in this order. */
  sees(group: unknown, pids: readonly Pid[]): Promise<void> {
    return until(() => equalTerms(this.members(group), texts(pids)))
  }

  /** As `sees`, in any order. */
  has(group: unknown, pids: readonly Pid[]): Promise<void> {
    return until(() => equalTerms(this.members(group).sort(), texts(pids).sort()))
  }

  /** What this node's scope has sent is handled by that of `other`. */
  async synced(other: Node): Promise<void> {
    await sync(this.node)
    await sync(this.node, other.node.name)
  }

  async kill(pid: Pid): Promise<void> {
    const ended = down(pid)
    this.node.exit(pid, 'kill')
    await ended
  }
}

function texts(pids: readonly Pid[]): string[] {
  return pids.map(String)
}

t.test('process_owner_check', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [local, remote] = [a.spawn(), abroad(b.spawn())]
  for (const pids of [remote, [remote, remote], [local, remote], [undefined as never]]) {
    await t.rejects(a.join('g', pids), { code: 'nolocal' })
  }
  t.same(a.groups(), [])
})

t.test('two', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const pid = a.spawn()
  await a.join('g', pid)
  await b.sees('g', [pid])
  t.same([a.locals('g'), b.locals('g')], [[String(pid)], []])
  t.same([b.groups(), pg.whichLocalGroups(b.node, SCOPE)], [['g'], []])
  await a.kill(pid)
  await b.sees('g', [])
  t.same([a.groups(), b.groups()], [[], []])
  const [two, three] = [b.spawn(), b.spawn()]
  await b.join('g', two)
  await b.join('g', three)
  await a.sees('g', [three, two])
  b.node.kill()
  await a.sees('g', [])
})

t.test('initial: a node that comes later is told what there is', async (t) => {
  const cluster = new Cluster(t)
  const a = await cluster.start('a@h')
  const pid = a.spawn()
  await a.join(['a', 1], [pid, pid])
  const b = await cluster.start('b@h')
  await b.sees(['a', 1], [pid, pid])
  t.same(b.locals(['a', 1]), [])
  await a.kill(pid)
  await b.sees(['a', 1], [])
})

t.test('netsplit', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [old, fresh, local] = [b.spawn(), b.spawn(), a.spawn()]
  await b.join('invisible', old)
  await a.sees('invisible', [old])
  await cluster.split('b@h')
  t.same(a.groups(), [], 'what the other node had is gone with it')
  await b.join('g', fresh)
  await b.leave('invisible', old)
  await b.join('visible', old)
  await a.join('g', local)
  t.same([a.members('g'), b.members('g')], [[String(local)], [String(fresh)]])
  t.same([a.node.nodes(), b.node.nodes()], [[], []], 'nothing of this has made a connection')
  await cluster.heal()
  await a.has('g', [fresh, local])
  await b.has('g', [fresh, local])
  await a.sees('visible', [old])
  t.same([...a.groups()].sort(), ['g', 'visible'])
})

t.test('trisplit', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const pid = b.spawn()
  await b.join('three', pid)
  await cluster.split('b@h')
  await cluster.heal()
  await b.join('one', pid)
  const c = await cluster.start('c@h')
  for (const each of [a, c]) {
    await each.sees('one', [pid])
    await each.sees('three', [pid])
  }
})

t.test('foursplit', async (t) => {
  const cluster = new Cluster(t)
  const a = await cluster.start('a@h')
  const pid = a.spawn()
  const b = await cluster.start('b@h')
  for (const group of ['one', 'two']) await a.join(group, pid)
  await a.leave('one', pid)
  t.equal(await a.leave('three', pid), 'not_joined')
  await cluster.split('a@h')
  t.equal(await a.leave('three', pid), 'not_joined')
  await cluster.heal()
  await b.sees('two', [pid])
  t.same([a.members('one'), b.members('one')], [[], []])
})

t.test('exchange', async (t) => {
  const cluster = new Cluster(t)
  const a = await cluster.start('a@h')
  const [b, c] = [await cluster.start('b@h'), await cluster.start('c@h')]
  const many = (of: Node) => Array.from({ length: 10 }, () => of.spawn())
  const [ofB, ofC, moreOfB] = [many(b), many(c), many(b)]
  await b.join('first', ofB)
  await a.sees('first', ofB)
  const [killed, left] = [ofB.slice(0, 3), ofB.slice(3)]
  for (const pid of killed) await b.kill(pid)
  await a.sees('first', left)
  await cluster.split('a@h')
  t.same(a.groups(), [])
  for (const pid of ofC) await c.join('first', pid)
  for (const pid of moreOfB) await b.join('second', pid)
  await b.join('third', moreOfB)
  await cluster.heal()
  await a.has('first', [...left, ...ofC])
  await a.sees('second', [...moreOfB].reverse())
  await a.sees('third', moreOfB)
  t.same(
    a.members('first'),
    c
      .members('first')
      .filter((pid) => a.members('first').includes(pid))
      .sort(byOrderOf(a)),
  )
  const [gone, stay] = [moreOfB.slice(0, 3), moreOfB.slice(3)]
  await b.leave('third', gone)
  await a.sees('third', stay)
  t.equal(await b.leave('left', stay), 'not_joined')
  await b.leave('third', stay)
  await a.sees('third', [])
})

function byOrderOf(node: Node): (x: string, y: string) => number {
  const order = node.members('first')
  return (x, y) => order.indexOf(x) - order.indexOf(y)
}

t.test('nolocal', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const pid = b.spawn()
  await b.join('g', pid)
  await b.join('g', pid)
  await a.sees('g', [pid, pid])
  t.same([a.locals('g'), pg.whichLocalGroups(a.node, SCOPE)], [[], []])
})

t.test('double', async (t) => {
  const cluster = new Cluster(t)
  const a = await cluster.start('a@h')
  const pid = a.spawn()
  await a.join('g', pid)
  const b = await cluster.start('b@h')
  await a.join('g', [pid])
  t.same(a.members('g'), texts([pid, pid]))
  await b.sees('g', [pid, pid])
})

t.test('scope_restart', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [pid, remote] = [a.spawn(), b.spawn()]
  await a.join('g', [pid, pid])
  await b.join('g', remote)
  await a.has('g', [remote, pid, pid])
  await b.has('g', [remote, pid, pid])
  await a.node.stop(a.scope)
  t.same(a.members('g'), [])
  await b.sees('g', [remote])
  await pg.start(a.node, SCOPE)
  await a.sees('g', [remote])
  await b.synced(a)
  await a.synced(b)
  t.same([a.members('g'), b.members('g')], [texts([remote]), texts([remote])], 'the remote ones joined, not the local')
})

t.test('missing_scope_join', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h', 'without scope')]
  const pid = b.spawn()
  await exitsWith(t, b.join('g', pid), ['noproc'])
  await exitsWith(t, b.leave('g', pid), ['noproc'])
  t.same([a.groups(), scopeOf(a.node).peers], [[], []])
})

t.test('empty_group_by_remote_leave', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [one, two] = [b.spawn(), b.spawn()]
  await b.join('g', one)
  await a.sees('g', [one])
  await b.leave('g', one)
  await a.sees('g', [])
  t.same(a.groups(), [], 'an empty group is none')
  await b.join('g', [one, two])
  await a.sees('g', [one, two])
  await b.leave('g', [two, one])
  await a.sees('g', [])
  t.same(a.groups(), [])
})

t.test('disconnected_start', async (t) => {
  const cluster = new Cluster(t)
  const a = await cluster.start('a@h')
  await a.node.stop(a.scope)
  t.match(await pg.start(a.node, SCOPE), ['ok', {}])
  await a.node.stop(a.scope)
  t.ok(a.node.isAlive(a.spawn()))
})

t.test('forced_sync: a sync that differs is taken as it is', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [pid, remote] = [a.spawn(), b.spawn()]
  await a.join('one', pid)
  await b.join('one', remote)
  await cluster.split('b@h')
  await cluster.heal()
  await a.has('one', [pid, remote])
  const [peer] = scopeOf(a.node).peers
  const far = abroad(remote)
  a.node.cast(a.scope, 'sync', [
    peer!,
    [
      ['one', [far, far]],
      ['odd', [far, far]],
    ],
  ])
  await a.sees('odd', [remote, remote])
  await a.has('one', [pid, remote, remote])
  b.node.send(b.scope, ['discover', abroad(a.scope)])
  await a.sees('odd', [])
  await a.has('one', [pid, remote])
  b.node.send(b.scope, ['discover', abroad(a.scope)])
  await b.synced(a)
  await a.has('one', [pid, remote])
})

t.test('group_leave', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const pid = b.spawn()
  await b.join('two', Array<Pid>(16).fill(pid))
  await b.leave('two', Array<Pid>(4).fill(pid))
  await a.sees('two', Array<Pid>(12).fill(pid))
  await cluster.split('b@h')
  t.same(a.members('two'), [])
})

t.test('overlay_missing: a scope that is no peer changes nothing', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [pid, remote, gone] = [a.spawn(), abroad(b.spawn()), abroad(b.scope)]
  await a.join('g', pid)
  await b.node.stop(b.scope)
  await until(() => scopeOf(a.node).peers.length === 0)
  a.node.send(a.scope, ['join', gone, 'g', remote])
  a.node.send(a.scope, ['leave', gone, pid, ['g']])
  await sync(a.node)
  t.same(a.members('g'), texts([pid]))
})

t.test('monitor_nonempty_scope', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [pid, remote, me] = [a.spawn(), b.spawn(), puppet(a.node)]
  await a.join('one', pid)
  await b.join('one', remote)
  await a.has('one', [pid, remote])
  const [ref, groups] = await me.tell((self) => pg.monitorScope(self, SCOPE))
  t.same([[...groups.keys()], texts(groups.get('one')!)], [['one'], a.members('one')])
  t.equal(await me.tell((self) => pg.demonitor(self, SCOPE, ref)), 'ok')
})

const events = ({ heard }: Puppet) =>
  (heard as GroupEvent[]).map(([, action, group, pids]) => [action, group, texts(pids)])

for (const kind of ['monitor', 'monitor_scope'] as const) {
  t.test(kind, async (t) => {
    const cluster = new Cluster(t)
    const a = await cluster.start('a@h')
    const group = ['monitor', 1]
    const watch = ({ tell }: Puppet, scope: string | Pid<PgApi>) =>
      tell((self) => (kind === 'monitor' ? pg.monitor(self, scope, group) : pg.monitorScope(self, scope)))
    const [me, extra] = [puppet(a.node), puppet(a.node)]
    t.equal(await me.tell((self) => pg.demonitor(self, SCOPE, a.node.makeRef())), false)
    const [ref] = await watch(me, SCOPE)
    await a.join(group, me.pid)
    await watch(extra, SCOPE)
    const b = await cluster.start('b@h')
    const far = puppet(b.node)
    const [, seen] = await watch(far, abroad(a.scope))
    const members = seen instanceof Map ? [...seen.values()].flat() : (seen as readonly Pid[])
    t.same(texts(members), texts([me.pid]), 'also from another node')
    const remote = b.spawn()
    await b.join(group, [remote, remote])
    await a.has(group, [me.pid, remote, remote])
    await a.leave(group, me.pid)
    await b.leave(group, remote)
    await a.sees(group, [remote])
    const told = [
      ['join', group, texts([remote, remote])],
      ['leave', group, texts([me.pid])],
      ['leave', group, texts([remote])],
    ]
    await until(() => extra.heard.length === 3 && far.heard.length === 3)
    t.same(events(extra), told)
    t.same(events(far), told)
    t.equal(scopeOf(a.node).watches.size, 3)
    b.node.kill()
    await a.sees(group, [])
    await until(() => scopeOf(a.node).watches.size === 2)
    t.same(events(me), [['join', group, texts([me.pid])], ...told, ['leave', group, texts([remote])]])
    t.equal(await me.tell((self) => pg.demonitor(self, SCOPE, ref)), 'ok')
    t.equal(await me.tell((self) => pg.demonitor(self, SCOPE, ref)), false)
    await a.join(group, me.pid)
    await sync(a.node)
    await me.tell(() => 'heard')
    t.equal(me.heard.length, 5, 'no event after that')
  })
}

t.test('a disconnect is a leave for each group of the other node, and joins when it is back', async (t) => {
  const cluster = new Cluster(t)
  const [a, b] = [await cluster.start('a@h'), await cluster.start('b@h')]
  const [pid, local, me] = [b.spawn(), a.spawn(), puppet(a.node)]
  await me.tell((self) => pg.monitorScope(self, SCOPE))
  await a.join('x', local)
  await b.join('x', [pid, pid])
  await b.join('y', pid)
  await a.sees('y', [pid])
  await cluster.split('b@h')
  await cluster.heal()
  await a.sees('y', [pid])
  await me.tell(() => 'heard')
  const both = [
    ['x', texts([pid, pid])],
    ['y', texts([pid])],
  ]
  t.same(events(me), [
    ['join', 'x', texts([local])],
    ...both.map((row) => ['join', ...row]),
    ...both.map((row) => ['leave', ...row]),
    ...both.map((row) => ['join', ...row]),
  ])
})

t.test('what is too much for one message travels in parts, in its order', async (t) => {
  const cluster = new Cluster(t)
  const a = await cluster.start('a@h')
  const [one, two] = [a.spawn(), a.spawn()]
  const many = Array.from({ length: 25_000 }, (_, index) => (index % 3 === 0 ? one : two))
  await a.join('small', one)
  await a.join('large', many)
  await a.join('other', two)
  const b = await cluster.start('b@h')
  await b.sees('large', many)
  await b.sees('other', [two])
  t.same(b.members('small'), texts([one]))
  await a.join('large', many)
  await b.sees('large', [...many, ...many])
  await a.leave('large', [...many, ...many.slice(5)])
  await b.sees('large', pg.getMembers(a.node, SCOPE, 'large'))
  t.equal(b.members('large').length, 5)
  const groups = Array.from({ length: 11_000 }, (_, index) => index)
  await Promise.all(groups.map((group) => a.join(group, two)))
  await until(() => b.groups().length === groups.length + 3)
  await a.kill(two)
  await until(() => b.groups().length === 2)
  t.same(new Set(b.members('large')), new Set(texts([one])))
})

t.test('whatever happens, all nodes agree in the end', async (t) => {
  const step = fc.record({
    op: fc.constantFrom('join', 'join', 'join', 'leave', 'crash', 'split', 'heal', 'restart' as const),
    at: fc.constantFrom<Name>('a@h', 'b@h', 'c@h'),
    group: fc.constantFrom('x', 'y'),
    who: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const cluster = new Cluster(t)
      const nodes: Record<string, Node> = {}
      for (const name of ['a@h', 'b@h', 'c@h'] as const) nodes[name] = await cluster.start(name)
      const people = Object.fromEntries(
        Object.entries(nodes).map(([name, node]) => [name, [1, 2, 3].map(() => node.spawn())]),
      )
      for (const { op, at, group, who } of steps) {
        const [node, own] = [nodes[at]!, people[at]!]
        const pids = who.map((index) => own[index]!)
        if (op === 'join') await node.join(group, pids)
        else if (op === 'leave') await node.leave(group, pids)
        else if (op === 'split') await cluster.split(at)
        else if (op === 'heal') await cluster.heal()
        else if (op === 'restart') {
          await node.node.stop(node.scope)
          await start(node.node, PgServer, [SCOPE], { name: SCOPE })
        } else {
          await node.kill(pids[0]!)
          own[who[0]!] = node.spawn()
        }
      }
      await cluster.heal()
      const all = Object.values(nodes)
      for (const group of ['x', 'y']) {
        const expected = all.flatMap((node) => node.locals(group)).sort()
        for (const node of all) await until(() => equalTerms(node.members(group).sort(), expected))
      }
      for (const { node } of all) node.kill()
    }),
    { numRuns: 25 },
  )
  t.pass('25 histories')
})
