import t, { type Test } from 'tap'
import type { PgScope } from '../../lib/behaviours/pg/pg-scope.ts'
import { type GroupEvent, type OtpNode, type PgApi, type Pid, pg, sys, TIMEOUT } from '../../lib/index.ts'
import { Cast } from '../../lib/kernel/calls.ts'
import { exitsWith } from '../support/exits.ts'
import { down, nodeWithReports } from '../support/kid.ts'
import { type Puppet, puppet } from '../support/puppet.ts'

/** The cases of OTP's pg_SUITE that need one node, by their names there, and what is this runtime's own. */
async function run(t: Test, scope: string): Promise<OtpNode> {
  const { node } = nodeWithReports(t)
  await node.supervise({ intensity: 100, children: [pg.child(scope)] })
  return node
}

/** What has been sent to a scope, and by it, before now has been handled. */
async function sync(node: OtpNode, scope: string, ...people: Puppet[]): Promise<PgScope> {
  const state = await sys.getState<PgScope>(node, scope)
  await Promise.all(people.map(({ tell }) => tell(() => 'heard')))
  return state
}

async function kill(node: OtpNode, pid: Pid): Promise<void> {
  const ended = down(pid)
  node.exit(pid, 'kill')
  await ended
}

t.test('pg', async (t) => {
  const node = await run(t, 'pg')
  const a = puppet(node)
  t.not(node.whereis('pg'), undefined)
  t.equal(await pg.join(node, 'pg', 'pg', a.pid), 'ok')
  t.same(pg.getLocalMembers(node, 'pg', 'pg'), [a.pid])
  t.same([pg.whichGroups(node, 'pg'), pg.whichLocalGroups(node, 'pg')], [['pg'], ['pg']])
  t.equal(await pg.leave(node, 'pg', 'pg', a.pid), 'ok')
  t.same(pg.getMembers(node, 'pg', 'pg'), [])
  t.same([pg.whichGroups(node, 'pg'), pg.whichLocalGroups(node, 'pg')], [[], []])
})

t.test('errors: what is no message for a scope ends it', async (t) => {
  const node = await run(t, 'errors')
  for (const garbage of ['garbage', ['garbage', 1], { type: 'garbage' }]) {
    const scope = node.whereis('errors')!
    const ended = down(scope)
    node.send(scope, garbage)
    t.match(await ended, { code: 'badarg' })
    while (node.whereis('errors') === undefined) await new Promise(setImmediate)
  }
  const scope = node.whereis('errors') as Pid<PgApi & { call: { garbage(): void } }>
  await exitsWith(t, node.call(scope, 'garbage'), [{ code: 'function_clause' }])
})

t.test('leave_exit_race', async (t) => {
  const node = await run(t, 'race')
  for (let i = 0; i < 100; i++) {
    const pid = node.spawn(() => 'ok')
    const joined = pg.join(node, 'race', 'test', pid)
    if (i % 2 === 0) await joined
    const left = await pg.leave(node, 'race', 'test', pid)
    if (left !== 'ok' && left !== 'not_joined') t.fail('neither left nor gone')
  }
  const state = await sync(node, 'race')
  t.same([pg.getMembers(node, 'race', 'test'), state.memberships], [[], 0])
})

t.test('single', async (t) => {
  const node = await run(t, 'single')
  const [{ pid: me }, { pid: other }] = [puppet(node), puppet(node)]
  t.equal(await pg.join(node, 'single', 's', me), 'ok')
  t.equal(await pg.join(node, 'single', 's', [me, me]), 'ok')
  t.same(pg.getLocalMembers(node, 'single', 's'), [me, me, me])
  t.same(pg.getMembers(node, 'single', 's'), [me, me, me])
  t.equal(await pg.leave(node, 'single', '$missing$', me), 'not_joined')
  t.equal(await pg.leave(node, 'single', 's', [me, me]), 'ok')
  t.equal(await pg.leave(node, 'single', 's', me), 'ok')
  t.equal(await pg.leave(node, 'single', 's', me), 'not_joined')
  t.same([pg.whichGroups(node, 'single'), pg.getMembers(node, 'single', 's')], [[], []])
  await pg.join(node, 'single', 's', me)
  await pg.join(node, 'single', 's', other)
  t.same(pg.getMembers(node, 'single', 's'), [other, me], 'the newest first')
  await kill(node, other)
  await sync(node, 'single')
  t.same(pg.getLocalMembers(node, 'single', 's'), [me])
})

t.test('the order of members: lists go in front, leaving takes the newest membership', async (t) => {
  const node = await run(t, 'order')
  const [p, q, r] = [puppet(node).pid, puppet(node).pid, puppet(node).pid]
  await pg.join(node, 'order', 'g', [p, q, p])
  await pg.join(node, 'order', 'g', [r, q])
  t.same(pg.getMembers(node, 'order', 'g'), [r, q, p, q, p])
  await pg.leave(node, 'order', 'g', [p, q])
  t.same(pg.getMembers(node, 'order', 'g'), [r, q, p])
  t.equal(await pg.leave(node, 'order', 'g', [p, p]), 'ok', 'one of them was a member')
  t.same(pg.getMembers(node, 'order', 'g'), [r, q])
  const before = pg.getMembers(node, 'order', 'g')
  t.equal(pg.getMembers(node, 'order', 'g'), before, 'read without being made anew')
  t.throws(() => (before as Pid[]).push(p), TypeError, 'and not to be changed')
  t.equal(await pg.join(node, 'order', 'none', []), 'ok')
  t.equal(await pg.leave(node, 'order', 'none', []), 'not_joined')
  t.same(pg.whichGroups(node, 'order'), ['g'])
})

t.test('groups are terms', async (t) => {
  const node = await run(t, 'terms')
  const { pid } = puppet(node)
  const groups = () => ['g', ['g', 1], { g: 1 }, 7, '7', undefined]
  for (const group of groups()) await pg.join(node, 'terms', group, pid)
  t.same(pg.whichGroups(node, 'terms'), groups())
  for (const group of groups()) t.same(pg.getMembers(node, 'terms', group), [pid])
  for (const group of groups()) t.equal(await pg.leave(node, 'terms', group, pid), 'ok')
  t.same(pg.whichGroups(node, 'terms'), [])
})

t.test('dyn_distribution: a nodeup of the own node is no other node', async (t) => {
  const node = await run(t, 'dyn')
  const { pid } = puppet(node)
  for (const type of ['nodeup', 'nodedown']) node.send('dyn', { type, node: node.name })
  t.equal(await pg.join(node, 'dyn', 'g', pid), 'ok')
  t.same([pg.getMembers(node, 'dyn', 'g'), (await sync(node, 'dyn')).peers], [[pid], []])
})

t.test('monitor_self', async (t) => {
  const node = await run(t, 'self')
  const a = puppet(node)
  await a.tell((self) => pg.monitor(self, 'self', 'g'))
  await a.tell((self) => pg.join(self, 'self', 'g', self.self))
  const scope = node.whereis('self')
  await kill(node, a.pid)
  const state = await sync(node, 'self')
  t.equal(node.whereis('self'), scope, 'the scope lives')
  t.same([state.watches.size, state.memberships], [0, 0])
})

t.test('multi_monitor', async (t) => {
  const node = await run(t, 'multi')
  const a = puppet(node)
  const [one, members] = await a.tell((self) => pg.monitor(self, 'multi', 'one'))
  t.same(members, [])
  const [two] = await a.tell((self) => pg.monitor(self, 'multi', 'two'))
  const [scope, all] = await a.tell((self) => pg.monitorScope(self, 'multi'))
  t.equal(all.size, 0)
  for (const group of ['one', 'two']) await a.tell((self) => pg.join(self, 'multi', group, self.self))
  await sync(node, 'multi', a)
  const joins = (a.heard as GroupEvent[]).map(([ref, action, group, pids]) => [ref.id, action, group, pids])
  t.same(joins, [
    [scope.id, 'join', 'one', [a.pid]],
    [one.id, 'join', 'one', [a.pid]],
    [scope.id, 'join', 'two', [a.pid]],
    [two.id, 'join', 'two', [a.pid]],
  ])
  await kill(node, a.pid)
  t.equal((await sync(node, 'multi')).watches.size, 0)
})

t.test('monitor_nonempty_scope, on one node', async (t) => {
  const node = await run(t, 'full')
  const [a, b] = [puppet(node), puppet(node)]
  await pg.join(node, 'full', 'one', b.pid)
  await pg.join(node, 'full', ['two'], [b.pid, a.pid])
  const [ref, all] = await a.tell((self) => pg.monitorScope(self, 'full'))
  t.same(
    [...all],
    [
      ['one', [b.pid]],
      [['two'], [b.pid, a.pid]],
    ],
  )
  t.equal(await a.tell((self) => pg.demonitor(self, 'full', ref)), 'ok')
  t.same([...(await a.tell((self) => pg.monitorScope(self, 'full')))[1]], [...all])
})

t.test('demonitor: no event of it is left, of others all are', async (t) => {
  const node = await run(t, 'demon')
  const [a, b] = [puppet(node), puppet(node)]
  const watcher = node.spawn(async function () {
    const [first] = await pg.monitor(this, 'demon', 'g')
    const [second] = await pg.monitor(this, 'demon', 'g')
    node.send(a.pid, 'ready')
    await this.receive((message): message is unknown => message === 'go')
    const answers = [await pg.demonitor(this, 'demon', first), await pg.demonitor(this, 'demon', first)]
    const left = await this.receive<GroupEvent>()
    const next = await this.receive(undefined, { after: 0 })
    node.send(a.pid, [...answers, left[0] === second, left[1], next === TIMEOUT])
  })
  while (a.heard.length < 1) await new Promise(setImmediate)
  await pg.join(node, 'demon', 'g', b.pid)
  node.send(watcher, 'go')
  while (a.heard.length < 2) await new Promise(setImmediate)
  t.same(a.heard[1], ['ok', false, true, 'join', true])
  t.equal(await b.tell((self) => pg.demonitor(self, 'demon', node.makeRef())), false)
})

t.test('only a process can be told', async (t) => {
  const node = await run(t, 'told')
  await t.rejects(pg.monitor(node as never, 'told', 'g'), { code: 'badarg' })
  await t.rejects(pg.monitorScope(node as never, 'told'), { code: 'badarg' })
})

t.test('a death is a leave for each membership, the newest first', async (t) => {
  const node = await run(t, 'death')
  const [a, b] = [puppet(node), puppet(node)]
  const [ref] = await a.tell((self) => pg.monitorScope(self, 'death'))
  for (const group of ['x', 'y', 'x']) await pg.join(node, 'death', group, b.pid)
  await kill(node, b.pid)
  await sync(node, 'death', a)
  const leaves = (a.heard as GroupEvent[]).slice(3)
  t.same(
    leaves,
    ['x', 'y', 'x'].map((group) => [ref, 'leave', group, [b.pid]]),
  )
  t.equal(await pg.join(node, 'death', 'x', b.pid), 'ok', 'a process that has ended is let in')
  await sync(node, 'death')
  t.same(pg.getMembers(node, 'death', 'x'), [], 'and leaves at once')
})

t.test('missing_scope_join, on one node: what is asked of a scope that does not run', async (t) => {
  const { node } = nodeWithReports(t)
  const a = puppet(node)
  t.same([pg.getMembers(node, 'none', 'g'), pg.getLocalMembers(node, 'none', 'g')], [[], []])
  t.throws(() => pg.whichGroups(node, 'none'), { code: 'badarg' })
  t.throws(() => pg.whichLocalGroups(node, 'none'), { code: 'badarg' })
  const call = (...term: unknown[]) => ['gen_server', 'call', ['none', term, 'infinity']]
  await exitsWith(t, pg.join(node, 'none', 'g', a.pid), ['noproc', call('join_local', 'g', a.pid)])
  await exitsWith(t, pg.leave(node, 'none', 'g', [a.pid]), ['noproc', call('leave_local', 'g', [a.pid])])
  await exitsWith(
    t,
    a.tell((self) => pg.monitor(self, 'none', 'g')),
    ['noproc', call('monitor', 'g')],
  )
  await exitsWith(
    t,
    a.tell((self) => pg.monitorScope(self, 'none')),
    ['noproc', ['gen_server', 'call', ['none', 'monitor', 'infinity']]],
  )
})

t.test('process_owner_check, on one node: what is no process', async (t) => {
  const node = await run(t, 'owner')
  const other = nodeWithReports(t, { name: 'other@host' }).node
  const [{ pid: mine }, { pid: foreign }] = [puppet(node), puppet(other)]
  for (const pids of [foreign, [foreign, foreign], [mine, foreign], [undefined]]) {
    await t.rejects(pg.join(node, 'owner', 'g', pids as Pid), { code: 'nolocal' })
    await t.rejects(pg.leave(node, 'owner', 'g', pids as Pid), { code: 'nolocal' })
  }
  await t.rejects(pg.join(node, 'owner', 'g', undefined as never), { code: 'function_clause' })
  t.same(pg.whichGroups(node, 'owner'), [])
})

t.test('start and startLink; a scope is named once', async (t) => {
  const { node } = nodeWithReports(t)
  const [, scope] = (await pg.start(node, 'started')) as readonly ['ok', Pid]
  t.same(await pg.start(node, 'started'), ['error', ['already_started', scope]])
  const a = puppet(node)
  const [, linked] = (await a.tell((self) => pg.startLink(self, 'linked'))) as readonly ['ok', Pid]
  t.same(node.processInfo(a.pid, 'links')?.[1], [linked])
  await pg.join(node, 'linked', 'g', scope)
  const ended = down(linked)
  node.exit(a.pid, 'kill')
  t.equal(await ended, 'killed')
  t.same(pg.getMembers(node, 'linked', 'g'), [], 'its groups end with it')
})

t.test('protocol_upgrade: a discover of a later version is answered', async (t) => {
  const node = await run(t, 'later')
  const [a, b] = [puppet(node), puppet(node)]
  await pg.join(node, 'later', 'g', b.pid)
  node.send('later', ['discover', a.pid, 'what a later version says'])
  const state = await sync(node, 'later', a)
  t.same(state.peers, [a.pid])
  const [answer, back] = a.heard as [Cast, unknown]
  t.ok(answer instanceof Cast)
  t.same([answer.operation, answer.request], ['sync', [node.whereis('later'), [['g', [b.pid]]]]])
  t.equal(back, undefined, 'a scope of a node that is not connected is not written to')
})

t.test('thundering_herd: many syncs beside many groups', async (t) => {
  const node = await run(t, 'herd')
  const [a, peer] = [puppet(node), puppet(node)]
  const scope = node.whereis('herd') as Pid<PgApi>
  await Promise.all(Array.from({ length: 10_000 }, (_, i) => pg.join(node, 'herd', ['group', i], a.pid)))
  const foreign = a.pid
  for (let i = 0; i < 2000; i++)
    node.cast(scope, 'sync', [
      peer.pid,
      [
        [
          ['group', 1],
          [foreign, foreign],
        ],
      ],
    ])
  t.equal(await pg.join(node, 'herd', 'after', a.pid), 'ok')
  t.equal(pg.whichGroups(node, 'herd').length, 10_001)
  t.same(pg.getMembers(node, 'herd', ['group', 1]).length, 3, 'a sync says what is, however often it comes')
})

t.test('joining and leaving cost the same in a large group', async (t) => {
  const node = await run(t, 'large')
  const { pid } = puppet(node)
  await pg.join(node, 'large', 'g', Array<Pid>(200_000).fill(pid))
  for (let i = 0; i < 2000; i++) await pg.join(node, 'large', 'g', pid)
  for (let i = 0; i < 2000; i++) await pg.leave(node, 'large', 'g', pid)
  t.equal(pg.getMembers(node, 'large', 'g').length, 200_000)
})

t.test('on a node that has been shut down it is refused as every call is', async (t) => {
  const node = await run(t, 'over')
  const { pid } = puppet(node)
  await node.shutdown()
  await t.rejects(pg.join(node, 'over', 'g', pid), { code: 'node_stopped' })
  await t.rejects(pg.leave(node, 'over', 'g', pid), { code: 'node_stopped' })
})
