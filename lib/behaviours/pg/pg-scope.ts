import { fault } from '../../internal/errors.ts'
import { GROUP_ENTRIES_PER_MESSAGE, GROUP_MEMBERSHIPS, GROUP_MONITORS } from '../../internal/limits.ts'
import { type Pid, type Ref, sameAddress, samePid } from '../../kernel/pid.ts'
import { termKey } from '../../kernel/term-key.ts'
import type { GenServer, Self } from '../gen-server/gen-server.ts'
import { noreply, ok, reply } from '../gen-server/results.ts'
import { Groups } from './pg-groups.ts'
import { Watches } from './pg-watches.ts'

/**
 * The process of a scope. Each node owns the memberships of its own processes and tells the scopes of the other nodes,
 * its peers, which keep a copy by peer: there is nothing that two nodes could disagree about. What a peer has told is
 * dropped as a whole when it is down, and told anew when it is back.
 *
 *     a                                                  b
 *     nodeup, or started:  ['discover', a]  ───────────> by name
 *                          <───────────────────────────  cast sync [b, [[group, pids], ...]]
 *                          <───────────────────────────  ['discover', b] and a monitor, when a is new to it
 *     joined:              ['join', a, group, pids]  ──>
 *     left:                ['leave', a, pids, groups] ─>
 *     DOWN of b: all that b has told is forgotten
 *
 * These are the messages of OTP's pg. What comes from a scope that is no peer is dropped: a sync will follow.
 */
export interface PgApi {
  state: PgScope
  init: [scope: string]
  call: {
    join_local(request: Membership): 'ok' | 'system_limit'
    leave_local(request: Membership): 'ok' | 'not_joined'
    /** Of one group, or of all when there is no request. */
    monitor(request?: readonly [group: unknown]): Watching | 'system_limit'
    demonitor(request: Ref): 'ok' | false
  }
  cast: { sync(request: readonly [peer: Pid, groups: GroupList]): void }
}

type Membership = readonly [group: unknown, pids: Pid | readonly Pid[]]
/** Each group with its members, the newest first. */
export type GroupList = readonly (readonly [group: unknown, pids: readonly Pid[]])[]

/** The ref of a new monitor of groups, and the members before its first event. */
export type Watching = readonly [ref: Ref, groups: GroupList]

/** The scope of another node, with what it has told. */
interface Peer {
  readonly pid: Pid
  readonly groups: Groups
}

/** A member that lives on this node: its groups, once for each membership, in the order it joined. */
interface Joined {
  readonly pid: Pid
  readonly ref: Ref
  readonly groups: unknown[]
}

/** The state of a scope. What is looked up is read from it directly. */
export class PgScope {
  readonly #self: Self<PgApi>
  readonly scope: string
  /** All groups, with the members of all nodes. */
  readonly groups: Groups
  readonly watches: Watches = new Watches()
  /** The members of this node, by their number and by the monitor that the scope has set on them. */
  readonly #joined = new Map<number, Joined>()
  readonly #joinedByMonitor = new Map<number, Joined>()
  readonly #peers = new Map<string, Peer>()
  readonly #peersByMonitor = new Map<number, Peer>()
  #memberships = 0

  constructor(self: Self<PgApi>, scope: string) {
    this.#self = self
    this.scope = scope
    this.groups = new Groups(self.node.address)
  }

  /** Members of this node, as often as they have joined. */
  get memberships(): number {
    return this.#memberships
  }

  /** The scopes of other nodes. */
  get peers(): readonly Pid[] {
    return [...this.#peers.values()].map(({ pid }) => pid)
  }

  // --- members of this node

  join(group: unknown, pids: readonly Pid[]): 'ok' | 'system_limit' {
    if (this.#memberships + pids.length > GROUP_MEMBERSHIPS) return 'system_limit'
    if (pids.length === 0) return 'ok'
    for (const pid of pids) {
      const joined = this.#joined.get(pid.id) ?? this.#watchMember(pid)
      joined.groups.push(group)
    }
    this.#memberships += pids.length
    this.groups.join(group, pids)
    this.#notify('join', group, pids)
    // The last part is told first: each join puts its members in front of those that are there.
    for (const part of inParts(pids).reverse()) this.#broadcast(['join', this.#self.self, group, part])
    return 'ok'
  }

  #watchMember(pid: Pid): Joined {
    const joined: Joined = { pid, ref: this.#self.monitor(pid), groups: [] }
    this.#joined.set(pid.id, joined)
    this.#joinedByMonitor.set(joined.ref.id, joined)
    return joined
  }

  leave(group: unknown, pids: readonly Pid[]): 'ok' | 'not_joined' {
    const left = pids.filter((pid) => this.#forget(group, pid)).length
    if (left === 0) return 'not_joined'
    this.#memberships -= left
    this.groups.leave(group, pids)
    this.#notify('leave', group, pids)
    for (const part of inParts(pids)) this.#broadcast(['leave', this.#self.self, part, [group]])
    return 'ok'
  }

  /** Takes a membership from the list of a member; false when it has none of this group. */
  #forget(group: unknown, pid: Pid): boolean {
    const joined = this.#joined.get(pid.id)
    const key = termKey(group)
    const at = joined === undefined ? -1 : joined.groups.findLastIndex((other) => termKey(other) === key)
    if (joined === undefined || at < 0) return false
    joined.groups.splice(at, 1)
    if (joined.groups.length === 0) {
      this.#self.demonitor(joined.ref)
      this.#joined.delete(pid.id)
      this.#joinedByMonitor.delete(joined.ref.id)
    }
    return true
  }

  #memberDown(joined: Joined): void {
    const { pid, ref, groups } = joined
    this.#joined.delete(pid.id)
    this.#joinedByMonitor.delete(ref.id)
    this.#memberships -= groups.length
    const newestFirst = groups.reverse()
    for (const group of newestFirst) {
      this.groups.leave(group, [pid])
      this.#notify('leave', group, [pid])
    }
    for (const part of inParts(newestFirst)) this.#broadcast(['leave', this.#self.self, [pid], part])
  }

  // --- peers

  /** Tells the scopes of the nodes that are connected that this one is here. */
  discover(nodes: readonly string[]): void {
    for (const node of nodes) this.#self.send({ name: this.scope, node }, ['discover', this.#self.self])
  }

  discovered(peer: Pid): void {
    const [first = [], ...others] = this.#localGroups()
    this.#self.cast(peer as Pid<PgApi>, 'sync', [this.#self.self, first])
    for (const part of others) {
      for (const [group, pids] of part) this.#self.send(peer, ['join', this.#self.self, group, pids])
    }
    if (this.#peers.has(String(peer))) return
    this.#watchPeer(peer)
    this.#sendIfConnected(peer, ['discover', this.#self.self])
  }

  #watchPeer(pid: Pid): Peer {
    const peer = { pid, groups: new Groups(this.#self.node.address) }
    this.#peers.set(String(pid), peer)
    this.#peersByMonitor.set(this.#self.monitor(pid).id, peer)
    return peer
  }

  /** What this node has, in parts that each fit into a message; the parts of one group in the order of `join`. */
  #localGroups(): readonly GroupList[] {
    const parts: (readonly [unknown, readonly Pid[]])[][] = []
    let room = 0
    for (const [group, members] of this.groups.list()) {
      if (members.locals === 0) continue
      for (const pids of inParts(members.local()).reverse()) {
        if (room < pids.length + 1) {
          parts.push([])
          room = GROUP_ENTRIES_PER_MESSAGE + 1
        }
        room -= pids.length + 1
        parts.at(-1)!.push([group, pids])
      }
    }
    return parts
  }

  /** A peer has told the complete list of what it has, which takes the place of what it had told before. */
  sync(pid: Pid, groups: GroupList): void {
    const peer = this.#peers.get(String(pid)) ?? this.#watchPeer(pid)
    const before = new Map(
      peer.groups.list().map(([group, members]) => [termKey(group), [group, members.all()] as const]),
    )
    for (const [group, pids] of groups) {
      const known = before.get(termKey(group))?.[1]
      before.delete(termKey(group))
      if (known === undefined) this.#peerJoined(peer, group, pids)
      else if (!sameList(known, pids)) this.#replace(peer, group, known, pids)
    }
    for (const [group, pids] of before.values()) this.#peerLeft(peer, group, pids)
  }

  #replace(peer: Peer, group: unknown, before: readonly Pid[], pids: readonly Pid[]): void {
    for (const all of [peer.groups, this.groups]) {
      all.leave(group, before)
      all.join(group, pids)
    }
  }

  #peerJoined(peer: Peer, group: unknown, pids: readonly Pid[]): void {
    peer.groups.join(group, pids)
    this.groups.join(group, pids)
    this.#notify('join', group, pids)
  }

  #peerLeft(peer: Peer, group: unknown, pids: readonly Pid[]): void {
    const isKnown = this.groups.members(group) !== undefined
    peer.groups.leave(group, pids)
    this.groups.leave(group, pids)
    if (isKnown) this.#notify('leave', group, pids)
  }

  joined(pid: Pid, group: unknown, pids: readonly Pid[]): void {
    const peer = this.#peers.get(String(pid))
    if (peer !== undefined) this.#peerJoined(peer, group, pids)
  }

  left(pid: Pid, pids: readonly Pid[], groups: readonly unknown[]): void {
    const peer = this.#peers.get(String(pid))
    if (peer !== undefined) for (const group of groups) this.#peerLeft(peer, group, pids)
  }

  #peerDown(peer: Peer): void {
    this.#peers.delete(String(peer.pid))
    for (const [group, members] of peer.groups.list()) {
      this.groups.leave(group, members.all())
      this.#notify('leave', group, members.all())
    }
  }

  // --- monitors

  watch(pid: Pid, group: readonly [unknown] | undefined): Watching | 'system_limit' {
    if (this.watches.size >= GROUP_MONITORS) return 'system_limit'
    const ref = this.#self.monitor(pid)
    this.watches.add(ref, pid, group)
    if (group !== undefined) return [ref, [[group[0], this.groups.members(group[0])?.all() ?? []]]]
    return [ref, this.groups.list().map(([name, members]) => [name, members.all()])]
  }

  unwatch(ref: Ref): 'ok' | false {
    if (!sameAddress(ref.address, this.#self.node.address) || !this.watches.remove(ref)) return false
    this.#self.demonitor(ref)
    return 'ok'
  }

  /** A monitor that the scope has set has fired; perhaps one that it has removed meanwhile. */
  down(ref: Ref): void {
    const joined = this.#joinedByMonitor.get(ref.id)
    if (joined !== undefined) return this.#memberDown(joined)
    const peer = this.#peersByMonitor.get(ref.id)
    this.#peersByMonitor.delete(ref.id)
    if (peer !== undefined) this.#peerDown(peer)
    else this.watches.remove(ref)
  }

  #notify(action: 'join' | 'leave', group: unknown, pids: readonly Pid[]): void {
    this.watches.notify((to, event) => this.#self.send(to, event), action, group, pids)
  }

  #broadcast(message: readonly unknown[]): void {
    for (const { pid } of this.#peers.values()) this.#sendIfConnected(pid, message)
  }

  /** A message to a peer must not make a connection anew: it would come before the sync. */
  #sendIfConnected(peer: Pid, message: readonly unknown[]): void {
    if (this.#self.node.nodes().includes(peer.node)) this.#self.send(peer, message)
  }
}

export const PgServer: GenServer<PgApi> = {
  init(scope) {
    this.monitorNodes(true)
    const state = new PgScope(this, scope)
    state.discover(this.node.nodes())
    return ok(state)
  },
  handleCall: {
    join_local: ([group, pids], _from, state) => reply(state.join(group, listOf(pids)), state),
    leave_local: ([group, pids], _from, state) => reply(state.leave(group, listOf(pids)), state),
    monitor(group, from, state) {
      if (from.pid === undefined) throw fault('badarg', 'only a process can be told of joins and leaves')
      return reply(state.watch(from.pid, group), state)
    },
    demonitor: (ref, _from, state) => reply(state.unwatch(ref), state),
  },
  handleCast: {
    sync([peer, groups], state) {
      state.sync(peer, groups)
      return noreply(state)
    },
  },
  handleInfo(message, state) {
    if (Array.isArray(message)) fromPeer(message, state)
    else {
      const { type, ref, node } = message as { type?: unknown; ref: Ref; node: string }
      if (type === 'DOWN') state.down(ref)
      else if (type === 'nodeup' && node !== this.node.name) state.discover([node])
      else if (type !== 'nodeup' && type !== 'nodedown') throw fault('badarg', 'this is no message for a scope of pg')
    }
    return noreply(state)
  },
}

function fromPeer([kind, peer, ...rest]: readonly unknown[], state: PgScope): void {
  if (kind === 'discover') state.discovered(peer as Pid)
  else if (kind === 'join') state.joined(peer as Pid, rest[0], listOf(rest[1] as Pid | readonly Pid[]))
  else if (kind === 'leave') {
    state.left(peer as Pid, listOf(rest[0] as Pid | readonly Pid[]), rest[1] as readonly unknown[])
  } else throw fault('badarg', 'this is no message for a scope of pg')
}

function listOf(pids: Pid | readonly Pid[]): readonly Pid[] {
  return Array.isArray(pids) ? pids : [pids as Pid]
}

function sameList(a: readonly Pid[], b: readonly Pid[]): boolean {
  return a.length === b.length && a.every((pid, index) => samePid(pid, b[index]!))
}

function inParts<T>(list: readonly T[]): (readonly T[])[] {
  if (list.length <= GROUP_ENTRIES_PER_MESSAGE) return [list]
  const parts: (readonly T[])[] = []
  for (let at = 0; at < list.length; at += GROUP_ENTRIES_PER_MESSAGE) {
    parts.push(list.slice(at, at + GROUP_ENTRIES_PER_MESSAGE))
  }
  return parts
}
