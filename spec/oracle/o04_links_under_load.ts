import { type Context, Exit, type ExitMessage, type Pid, type Reason, type Ref, TIMEOUT } from '../../lib/index.ts'
import { exit, seq } from './harness/erlang.ts'
import { atom, downOf, isExit, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import type { Scn } from './harness/scn.ts'
import { list } from './harness/terms.ts'

/** Chains, rings and stars of links that end while messages flow. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  await leavesEnd(this, scn, 20, 100)
  await hubEnds(this, scn, 20, 100)
  await chain(this, scn, 100, 'killed_in_the_middle')
  await chain(this, scn, 100, 'boom_at_the_end')
  await chainWithTrap(this, scn, 60, 25)
  await ring(this, scn, 50)
  await killAsAReason(this, scn, 10)
  await normalEnds(this, scn, 30)
  await unlinked(this, scn, 20)
  await twoHubs(this, scn, 15)
  await deepAndWide(this, scn, 3, 4)
}

const die = (reason: Reason) => ['die', reason] as const

/** `lists:usort/1` of the reasons of one storm, which are all alike or numbered. */
function usort(scn: Scn, terms: readonly unknown[]): string {
  const byText = new Map(terms.map((term) => [scn.fmt(term), term]))
  return scn.fmt(list([...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, term]) => term)))
}

/** Each leaf sends its numbers to the hub, then ends: the hub has all of them before the exit. */
async function leavesEnd(self: Context, scn: Scn, n: number, k: number): Promise<void> {
  scn.log(`-- ${n} leaves send ${k} each and end`)
  const hub = self.self
  const leaf = (i: number) =>
    self.spawnLink(function () {
      for (const j of seq(k)) this.send(hub, ['n', this.self, j])
      throw new Exit(['leaf', i])
    })
  const leaves = seq(n).map((i) => [i, leaf(i)] as const)
  const seen = new Map<Pid, number[]>(leaves.map(([, p]) => [p, []]))
  const ended = new Map<Pid, Reason>()
  while (ended.size < n) {
    const message = (await self.receive()) as ExitMessage | readonly ['n', Pid, number]
    if ('type' in message) ended.set(message.from, message.reason)
    else if (!ended.has(message[1])) seen.get(message[1])?.push(message[2])
  }
  for (const [i, p] of leaves) scn.log(`leaf ${i}: ${numbers(scn, seen.get(p)!, k)}, then ${scn.fmt(ended.get(p))}`)
}

function numbers(scn: Scn, given: readonly number[], k: number): string {
  const inOrder = given.length === k && given.every((j, i) => j === i + 1)
  return inOrder ? `1..${k} in order` : scn.fmt(list(given))
}

/** The hub sends to each leaf, then ends; leaves that trap exits have all before they hear of it. */
async function hubEnds(self: Context, scn: Scn, n: number, k: number): Promise<void> {
  scn.log(`-- a hub sends ${k} to each of ${n} and ends`)
  const me = self.self
  const hub = self.spawn(async function () {
    const [, leaves] = await this.receive(tagged<readonly Pid[]>('leaves'))
    for (const j of seq(k)) for (const leaf of leaves) this.send(leaf, ['n', j])
    throw new Exit('hub_down')
  })
  const leaf = (i: number) =>
    self.spawn(async function () {
      this.trapExit(true)
      this.link(hub)
      this.send(me, ['ready', i])
      const seen: number[] = []
      for (;;) {
        const message = (await this.receive()) as ExitMessage | readonly ['n', number]
        if ('type' in message) return this.send(me, ['leaf', [seen, message.reason]])
        seen.push(message[1])
      }
    })
  const leaves = seq(n).map(leaf)
  for (const _ of leaves) await self.receive(tagged('ready'))
  self.send(hub, ['leaves', leaves])
  const all: (readonly [string, string])[] = []
  for (const _ of leaves) {
    const [, [seen, why]] = await self.receive(tagged<readonly [number[], Reason]>('leaf'))
    all.push([numbers(scn, seen, k), scn.fmt(why)])
  }
  const alike = new Set(all.map((one) => one.join())).size === 1
  scn.log(`all alike ${alike}: ${all[0]![0]}, then ${all[0]![1]}`)
}

/** 1 <-> 2 <-> ... <-> n; each tells the sink its numbers as long as it lives. */
async function links(self: Context, n: number): Promise<Pid[]> {
  const sink = self.self
  const pids: Pid[] = []
  for (const i of seq(n)) {
    const before = pids.at(-1)
    const p = self.spawn(async function () {
      if (before !== undefined) this.link(before)
      this.send(sink, ['up', i])
      await pump(this, i, sink)
    })
    await self.receive(tagged('up'))
    pids.push(p)
  }
  return pids
}

async function pump(self: Context, i: number, sink: Pid): Promise<never> {
  for (let j = 1; ; ) {
    const message = (await self.receive()) as 'tick' | 'trap' | ExitMessage | ReturnType<typeof die>
    if (message === 'tick') self.send(sink, ['t', [i, j++]])
    else if (message === 'trap') {
      self.trapExit(true)
      self.send(sink, ['trapping', i])
    } else if ('type' in message) self.send(sink, ['heard', message.reason])
    else throw new Exit(message[1])
  }
}

function tick(self: Context, pids: readonly Pid[], k: number): void {
  for (const _ of seq(k)) for (const p of pids) self.send(p, 'tick')
}

/** Of each the ticks that came are 1, 2, ... without a gap. */
async function gapless(self: Context): Promise<boolean> {
  const last = new Map<number, number>()
  for (let ok = true; ; ) {
    const message = await self.receive(tagged<readonly [number, number]>('t'), { after: 0 })
    if (message === TIMEOUT) return ok
    const [i, j] = message[1]
    ok = ok && (last.get(i) ?? 0) + 1 === j
    last.set(i, j)
  }
}

async function downs(self: Context, monitors: readonly Ref[]): Promise<Reason[]> {
  const reasons: Reason[] = []
  for (const m of monitors) reasons.push((await self.receive(downOf(m))).reason)
  return reasons
}

const watch = (self: Context, pids: readonly Pid[]) => pids.map((p) => self.monitor(p))
const alive = (self: Context, pids: readonly Pid[]) => pids.filter((p) => self.node.isAlive(p)).length
const heard = async (self: Context) => (await self.receive(tagged<Reason>('heard')))[1]

async function chain(self: Context, scn: Scn, n: number, how: string): Promise<void> {
  scn.log(`-- a chain of ${n}, ${how}`)
  const ps = await links(self, n)
  const ms = watch(self, ps)
  tick(self, ps, 20)
  if (how === 'killed_in_the_middle') exit(self, ps[n / 2 - 1]!, 'kill')
  else self.send(ps.at(-1)!, die('boom'))
  tick(self, ps, 20)
  const ws = await downs(self, ms)
  scn.log(`down ${ws.length}, reasons ${usort(scn, ws)}, no gaps ${await gapless(self)}`)
}

async function chainWithTrap(self: Context, scn: Scn, n: number, at: number): Promise<void> {
  scn.log(`-- a chain of ${n}, number ${at} traps exits`)
  const ps = await links(self, n)
  const ms = watch(self, ps)
  const trap = ps[at - 1]!
  self.send(trap, 'trap')
  await self.receive(tagged('trapping'))
  tick(self, ps, 10)
  self.send(ps[0]!, die('front'))
  await downs(self, ms.slice(0, at - 1))
  scn.log(`heard ${scn.fmt(await heard(self))}`)
  scn.log(`alive ${alive(self, ps)}`)
  exit(self, ps.at(-1)!, 'kill')
  await downs(self, ms.slice(at))
  scn.log(`heard ${scn.fmt(await heard(self))}`)
  const left = scn.fmt(list(self.node.processInfo(trap, 'links')?.[1] ?? []))
  scn.log(`alive ${alive(self, ps)}, links of it ${left}, no gaps ${await gapless(self)}`)
  exit(self, trap, 'kill')
  scn.log(`trap ${scn.fmt((await downs(self, [ms[at - 1]!]))[0])}`)
}

async function ring(self: Context, scn: Scn, n: number): Promise<void> {
  scn.log(`-- a ring of ${n}`)
  const ps = await links(self, n)
  const me = self.self
  const closer = self.spawn(async function () {
    this.link(ps[0]!)
    this.link(ps.at(-1)!)
    this.send(me, 'closed')
    await pump(this, 0, me)
  })
  await self.receive(atom('closed'))
  const all = [closer, ...ps]
  const ms = watch(self, all)
  tick(self, all, 10)
  self.send(ps[Math.floor(n / 3) - 1]!, die(['ring', 'broken']))
  tick(self, all, 10)
  const ws = await downs(self, ms)
  scn.log(`down ${ws.length}, reasons ${usort(scn, ws)}, no gaps ${await gapless(self)}`)
}

/** exit(kill) of a process reaches its links as the plain reason kill, exit(P, kill) as killed. */
async function killAsAReason(self: Context, scn: Scn, n: number): Promise<void> {
  scn.log('-- kill as a reason')
  for (const how of ['own', 'sent']) {
    const ps = await links(self, n)
    const ms = watch(self, ps)
    const last = ps.at(-1)!
    self.send(last, 'trap')
    await self.receive(tagged('trapping'))
    if (how === 'own') self.send(ps[0]!, die('kill'))
    else exit(self, ps[0]!, 'kill')
    const ws = await downs(self, ms.slice(0, n - 1))
    scn.log(`${how}: reasons ${usort(scn, ws)}, the last heard ${scn.fmt(await heard(self))}`)
    exit(self, last, 'shutdown')
    scn.log(`${how}: then heard ${scn.fmt(await heard(self))}`)
    exit(self, last, 'kill')
    scn.log(`${how}: ended ${scn.fmt((await downs(self, [ms.at(-1)!]))[0])}`)
  }
}

/** normal ends do no harm, however many; the first other does. */
async function normalEnds(self: Context, scn: Scn, n: number): Promise<void> {
  scn.log(`-- ${n} leaves end normally, then one with a reason`)
  const me = self.self
  const hub = self.spawn(async function () {
    await pump(this, 0, me)
  })
  const m = self.monitor(hub)
  const leaves: Pid[] = []
  for (const _ of seq(n)) {
    const leaf = self.spawn(async function () {
      this.link(hub)
      this.send(me, 'linked')
      throw new Exit((await this.receive(tagged<Reason>('die')))[1])
    })
    await self.receive(atom('linked'))
    leaves.push(leaf)
  }
  const good = leaves.slice(0, -1)
  const gs = watch(self, good)
  tick(self, [hub], 5)
  for (const p of good) self.send(p, die('normal'))
  await downs(self, gs)
  tick(self, [hub], 5)
  for (const _ of seq(10)) await self.receive(tagged('t'))
  scn.log(`hub alive ${self.node.isAlive(hub)}, links ${self.node.processInfo(hub, 'links')![1]!.length}`)
  self.send(leaves.at(-1)!, die('bad'))
  scn.log(`hub down ${scn.fmt((await downs(self, [m]))[0])}`)
}

/** Every second leaf is unlinked while all are told to end: those never reach the hub. */
async function unlinked(self: Context, scn: Scn, n: number): Promise<void> {
  scn.log(`-- every second of ${n} is unlinked`)
  const hub = self.spawn(async function () {
    this.trapExit(true)
    await keepHub(this, self.self)
  })
  self.send(hub, ['spawn', n])
  const [, leaves] = await self.receive(tagged<readonly Pid[]>('leaves'))
  const ms = watch(self, leaves)
  leaves.forEach((p, index) => {
    const i = index + 1
    if (i % 2 === 0) self.send(hub, ['unlink', p])
    self.send(hub, ['tell', [p, die(['end_of', i])]])
  })
  const ws = await downs(self, ms)
  self.send(hub, ['report', undefined])
  const all = (await self.receive(tagged<Reason[]>('heard')))[1]
  const ends = all.filter((reason): reason is readonly ['end_of', number] => Array.isArray(reason))
  const sorted = ends.map(([, i]) => i).sort((a, b) => a - b)
  scn.log(`ended ${ws.length}, heard ${scn.fmt(list(sorted))}`)
  exit(self, hub, 'kill')
}

type HubMessage =
  | readonly ['spawn', number]
  | readonly ['unlink', Pid]
  | readonly ['tell', readonly [Pid, unknown]]
  | readonly ['report', undefined]

async function keepHub(self: Context, me: Pid): Promise<never> {
  const reasons: Reason[] = []
  const leaf = () =>
    self.spawnLink(async function () {
      throw new Exit((await this.receive(tagged<Reason>('die')))[1])
    })
  for (;;) {
    const message = (await self.receive()) as HubMessage | ExitMessage
    if (isExit(message)) reasons.push(message.reason)
    else if (message[0] === 'spawn') self.send(me, ['leaves', seq(message[1]).map(leaf)])
    else if (message[0] === 'unlink') self.unlink(message[1])
    else if (message[0] === 'tell') self.send(message[1][0], message[1][1])
    else self.send(me, ['heard', reasons])
  }
}

/** Leaves that are linked with two hubs carry the end of one to the other. */
async function twoHubs(self: Context, scn: Scn, n: number): Promise<void> {
  scn.log(`-- ${n} leaves between two hubs`)
  const me = self.self
  const hub = () =>
    self.spawn(async function () {
      await pump(this, 0, me)
    })
  const a = hub()
  const b = hub()
  const leaves: Pid[] = []
  for (const _ of seq(n)) {
    const leaf = self.spawn(async function () {
      this.link(a)
      this.link(b)
      this.send(me, 'linked')
      await pump(this, 0, me)
    })
    await self.receive(atom('linked'))
    leaves.push(leaf)
  }
  const all = [a, b, ...leaves]
  const ms = watch(self, all)
  tick(self, all, 10)
  exit(self, a, ['hub', 'a'])
  const ws = await downs(self, ms)
  await scn.flush(self)
  scn.log(`down ${ws.length}, reasons ${usort(scn, ws)}`)
}

type Branch = readonly [Pid, readonly Branch[]]
const flat = ([pid, below]: Branch): Pid[] => [pid, ...below.flatMap(flat)]

/** A tree of links: its root traps exits, a leaf ends, all of one branch goes; the others do not hear of it. */
async function deepAndWide(self: Context, scn: Scn, depth: number, width: number): Promise<void> {
  scn.log(`-- a tree ${depth} deep and ${width} wide`)
  const me = self.self
  const root = self.spawn(async function () {
    this.trapExit(true)
    const below: Branch[] = []
    for (const _ of seq(width)) below.push(await branch(this, depth, width))
    this.send(me, ['root', below])
    await keepHub(this, me)
  })
  const branches = (await self.receive(tagged<readonly Branch[]>('root')))[1].map(flat)
  const ms = branches.map((pids) => watch(self, pids))
  scn.log(`branches of ${scn.fmt(list(ms.map((m) => m.length)))}`)
  for (const [index, pids] of branches.slice(0, -1).entries()) {
    self.send(pids.at(-1)!, die(['branch', index + 1]))
    const ws = await downs(self, ms[index]!)
    scn.log(`branch ${index + 1}: down ${ws.length}, reasons ${usort(scn, ws)}`)
  }
  self.send(root, ['report', undefined])
  scn.log(`root heard ${usort(scn, (await self.receive(tagged<Reason[]>('heard')))[1])}`)
  const last = branches.at(-1)!
  scn.log(`last branch alive ${alive(self, last) === last.length}`)
  exit(self, root, 'kill')
  scn.log(`last branch down ${usort(scn, await downs(self, ms.at(-1)!))}`)
}

/** A process with `width` children, each a branch of one level less. */
async function branch(self: Context, depth: number, width: number): Promise<Branch> {
  const me = self.self
  const pid = self.spawnLink(async function () {
    const below: Branch[] = []
    if (depth > 1) for (const _ of seq(width)) below.push(await branch(this, depth - 1, width))
    this.send(me, ['below', below])
    throw new Exit((await this.receive(tagged<Reason>('die')))[1])
  })
  return [pid, (await self.receive(tagged<readonly Branch[]>('below')))[1]]
}
