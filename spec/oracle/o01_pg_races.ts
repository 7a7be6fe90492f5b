import { type Context, exit, type GroupEvent, type Pid, pg, type Ref, samePid, sys, TIMEOUT } from '../../lib/index.ts'
import { seq } from './harness/erlang.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import type { Scn } from './harness/scn.ts'
import { charlist, list } from './harness/terms.ts'

type Worker = readonly [Pid, Ref]
type Tell = (label: string, term: unknown) => void

async function forever(this: Context): Promise<void> {
  await this.receive((message): message is unknown => message === 'stop')
}

const pair =
  (tag: string, pid: Pid) =>
  (message: unknown): message is unknown =>
    Array.isArray(message) && message[0] === tag && message[1] === pid

/** `erlang:yield()` */
const yields = (self: Context) => self.sleep(0)

/** pg under races: deaths against joins and leaves, storms, monitors set in the middle of them, a scope that is killed. */
export const main: Scenario = async function (scn) {
  const [, scope] = (await pg.start(this, 'sc')) as readonly ['ok', Pid]
  const f: Tell = (label, term) => scn.log(`${label} -> ${scn.fmt(term)}`)
  f('who joins and ends at once leaves nothing', (await joinsAndEnds(this, 100)).length === 0)
  f('leave against death', list(await leaveAgainstDeath(this, scn, 100)))
  f('the scope lives', this.node.whereis('sc') === scope)
  await storm(this, scn, f)
  await watchedStorm(this, scn, f)
  await snapshot(this, scn, f)
  await demonitored(this, scn, f)
  await orderOfOne(this, scn, f)
  await killedScope(this, scn, f)
}

const worker = (self: Context, body: (this: Context) => Promise<unknown>): Worker => self.spawnMonitor(body)

async function wait(self: Context, [, ref]: Worker): Promise<unknown> {
  return (await self.receive(downOf(ref))).reason
}

async function waitAll(self: Context, workers: readonly Worker[]): Promise<unknown[]> {
  const reasons: unknown[] = []
  for (const each of workers) reasons.push(await wait(self, each))
  return reasons
}

/** What the scope was sent before has been handled. */
const sync = (self: Context) => pg.demonitor(self, 'sc', self.node.makeRef())

async function joinsAndEnds(self: Context, n: number): Promise<readonly Pid[]> {
  const workers = seq(n).map(() =>
    worker(self, async function () {
      await pg.join(this, 'sc', 'g', this.self)
    }),
  )
  await waitAll(self, workers)
  await sync(self)
  return pg.getMembers(self, 'sc', 'g')
}

async function leaveAgainstDeath(self: Context, scn: Scn, n: number): Promise<unknown[]> {
  const answers = new Set<unknown>()
  for (const _ of seq(n)) {
    const p = self.spawn(forever)
    await pg.join(self, 'sc', 'g', [p, p])
    self.send(p, 'stop')
    answers.add(['ok', 'not_joined'].includes(await pg.leave(self, 'sc', 'g', p)))
  }
  await scn.settle()
  return [...answers, list(pg.getMembers(self, 'sc', 'g'))]
}

/** 20 processes join 5 times and leave twice, all at once. */
async function storm(self: Context, scn: Scn, f: Tell): Promise<void> {
  const me = self.self
  const ps = seq(20).map(() =>
    self.spawn(async function () {
      for (const _ of seq(5)) await pg.join(this, 'sc', 'storm', this.self)
      for (const _ of seq(2)) await pg.leave(this, 'sc', 'storm', this.self)
      this.send(me, ['done', this.self])
      await forever.call(this)
    }),
  )
  for (const p of ps) await self.receive(pair('done', p))
  const members = pg.getMembers(self, 'sc', 'storm')
  f('a storm: members', members.length)
  f('each is in it', list(new Set(ps.map((p) => members.filter((other) => other === p).length))))
  const local = pg.getLocalMembers(self, 'sc', 'storm')
  f(
    'local members are the same',
    local.every((pid, index) => pid === members[index]) && local.length === members.length,
  )
  for (const p of ps) self.send(p, 'stop')
  for (const p of ps) await scn.waitDown(self, p)
  await sync(self)
  f('all gone', [list(pg.getMembers(self, 'sc', 'storm')), list(pg.whichGroups(self, 'sc'))])
}

/** Who watches hears each membership come and go once, and of none go before it came. */
async function watchedStorm(self: Context, scn: Scn, f: Tell): Promise<void> {
  const [ref] = await pg.monitorScope(self, 'sc')
  const workers = seq(10).map((i) =>
    worker(self, async function () {
      for (const _ of seq(i)) await pg.join(this, 'sc', ['w', i % 3], this.self)
      if (i % 2 === 0) await pg.leave(this, 'sc', ['w', i % 3], this.self)
    }),
  )
  await waitAll(self, workers)
  await sync(self)
  await scn.settle(50)
  const events = eventsOf(await scn.flush(self), ref)
  const count = (action: string) => events.filter(([, what]) => what === action).length
  f('joins and leaves', [count('join'), count('leave')])
  f('none leaves before it joins', balance(events))
  f('demonitor', await pg.demonitor(self, 'sc', ref))
}

function eventsOf(messages: readonly unknown[], ref: Ref): GroupEvent[] {
  return (messages as GroupEvent[]).filter(([other]) => other === ref)
}

function balance(events: readonly GroupEvent[]): unknown {
  const members = new Map<string, number>()
  for (const [, action, group, [pid]] of events) {
    const key = `${String(group)} ${String(pid)}`
    const n = members.get(key) ?? 0
    if (action === 'leave' && n === 0) return 'unbalanced'
    members.set(key, action === 'join' ? n + 1 : n - 1)
  }
  return list(new Set(members.values()))
}

/** Monitors set while others join: the members then, and the events since, make the members now. */
async function snapshot(self: Context, scn: Scn, f: Tell): Promise<void> {
  const me = self.self
  const ps = seq(5).map(() =>
    self.spawn(async function () {
      for (const _ of seq(20)) {
        await pg.join(this, 'sc', 'snap', this.self)
        await yields(this)
      }
      for (const _ of seq(10)) {
        await pg.leave(this, 'sc', 'snap', this.self)
        await yields(this)
      }
      this.send(me, ['done', this.self])
      await forever.call(this)
    }),
  )
  const watchers = seq(5).map(() =>
    worker(self, async function () {
      const [ref, members] = await pg.monitor(this, 'sc', 'snap')
      this.send(me, ['watching', this.self])
      await this.receive((message): message is unknown => message === 'compare')
      const then = eventsOf(await scn.flush(this), ref).reduce(after, members)
      const now = pg.getMembers(this, 'sc', 'snap')
      exit(then.length === now.length && then.every((pid, index) => samePid(pid, now[index]!)))
    }),
  )
  for (const [pid] of watchers) await self.receive(pair('watching', pid))
  for (const p of ps) await self.receive(pair('done', p))
  await sync(self)
  for (const [pid] of watchers) self.send(pid, 'compare')
  f('members then and events since are the members now', list(new Set(await waitAll(self, watchers))))
  f('members', pg.getMembers(self, 'sc', 'snap').length)
  for (const p of ps) self.send(p, 'stop')
  for (const p of ps) await scn.waitDown(self, p)
  await sync(self)
}

/** `New ++ M`, or `M -- Old` */
function after(members: readonly Pid[], [, action, , pids]: GroupEvent): readonly Pid[] {
  if (action === 'join') return [...pids, ...members]
  const left = [...members]
  for (const pid of pids) left.splice(left.indexOf(pid), 1)
  return left
}

/** In the middle of a storm: what comes after demonitor is nothing. */
async function demonitored(self: Context, scn: Scn, f: Tell): Promise<void> {
  const p = self.spawn(async function () {
    for (const _ of seq(300)) {
      await pg.join(this, 'sc', 'busy', this.self)
      await pg.leave(this, 'sc', 'busy', this.self)
    }
  })
  const counts = new Set<number>()
  for (const _ of seq(50)) {
    const [r] = await pg.monitor(self, 'sc', 'busy')
    const [s] = await pg.monitorScope(self, 'sc')
    await pg.demonitor(self, 'sc', r)
    await pg.demonitor(self, 'sc', s)
    counts.add((await scn.flush(self)).length)
  }
  await scn.waitDown(self, p)
  const late = await self.receive(undefined, { after: 20 })
  f('events after demonitor', [list(counts), list(late === TIMEOUT ? [] : [late])])
}

/** What one process does is seen in its order: whoever sees the second group, sees the first. */
async function orderOfOne(self: Context, scn: Scn, f: Tell): Promise<void> {
  const p = self.spawn(async function () {
    for (const i of seq(100)) {
      await pg.join(this, 'sc', ['first', i], this.self)
      await pg.join(this, 'sc', ['second', i], this.self)
    }
    await forever.call(this)
  })
  const seen = new Set<number>()
  for (const i of seq(100)) {
    while (pg.getMembers(self, 'sc', ['second', i]).length === 0) await yields(self)
    seen.add(pg.getMembers(self, 'sc', ['first', i]).length)
  }
  f('in order', list(seen))
  self.send(p, 'stop')
  await scn.waitDown(self, p)
  await sync(self)
}

/** Who waits for the scope when it is killed exits; who asks later, too; what had joined has to join anew. */
async function killedScope(self: Context, scn: Scn, f: Tell): Promise<void> {
  const p = self.spawn(forever)
  await pg.join(self, 'sc', 'old', p)
  await sys.suspend(self, 'sc')
  const joins = async function (this: Context): Promise<void> {
    await pg.join(this, 'sc', 'new', p)
  }
  const workers = seq(10).map(() => worker(self, joins))
  await scn.settle(20)
  self.exit(self.node.whereis('sc')!, 'kill')
  const first = (reason: unknown) => (reason as readonly unknown[])[0]
  f('waiting joins', list(new Set((await waitAll(self, workers)).map(first))))
  const local = () => list(pg.getLocalMembers(self, 'sc', 'old'))
  f('members of no scope', [list(pg.getMembers(self, 'sc', 'old')), local()])
  const said = async (expression: () => unknown) => charlist(await scn.catching(expression))
  const groups = await said(() => pg.whichGroups(self, 'sc'))
  f('groups of no scope', [groups, await said(() => pg.whichLocalGroups(self, 'sc'))])
  f('join', first(await wait(self, worker(self, joins))))
  await pg.start(self, 'sc')
  const before = list(pg.whichGroups(self, 'sc'))
  const joined = await pg.join(self, 'sc', 'new', p)
  f('a new scope', [before, joined, list(pg.getMembers(self, 'sc', 'new').map((member) => member === p))])
}
