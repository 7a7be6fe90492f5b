import { fault } from '../internal/errors.ts'
import { type Call, Cast, type Request, watchServer } from './calls.ts'
import type { Body, From, ProcessOptions } from './context.ts'
import type { Reason } from './exit.ts'
import { listLinks, removeLink } from './links.ts'
import type { Node } from './node.ts'
import { type NodeAddress, Pid, type Ref, sameAddress } from './pid.ts'
import type { Process } from './process.ts'
import { Peer, RemoteFrom, RemoteRequest, RemoteWatcher } from './remote-peer.ts'
import {
  ALIAS_SEND,
  CALL_FAILED,
  CALL_FORGOTTEN,
  CALL_REQUEST,
  CAST,
  type Carrier,
  DEMONITOR,
  DOWN,
  EXIT,
  LINK,
  LINK_EXIT,
  MONITOR,
  REPLY,
  SEND,
  type Sent,
  type Signal,
  SPAWN,
  SPAWNED,
  type To,
  UNLINK,
} from './remote-signals.ts'
import { addWatcher, exitSignal, type Monitor } from './signals.ts'
import { type PendingSpawn, refusalOf } from './spawn-offered.ts'

export { isRequest } from './remote-peer.ts'

const nowhere: Carrier = { send: () => 'unreachable', isBusy: () => false, connected: () => [], close: () => {} }

/** Where to send to on another node. */
export interface RemoteTarget {
  readonly node: string
  readonly pid?: Pid | undefined
  readonly name?: string | undefined
}

/**
 * The kernel's side of distribution: turns what is done to remote pids into signals, applies the signals that come in,
 * and undoes links, monitors and calls with `noconnection` when a node is lost.
 */
export class Remote {
  readonly #node: Node
  readonly #peers = new Map<string, Peer>()
  /**
   * The open calls that may be answered from another node, by their ref: those to servers there, and those whose `from`
   * went there in a message. Whoever holds a `from` may answer, so they are not kept by node.
   */
  readonly #calls = new Map<number, Call>()
  /** What processes here have asked other nodes to spawn, by their refs. */
  readonly #spawns = new Map<number, PendingSpawn>()
  #carrier: Carrier = nowhere

  constructor(node: Node) {
    this.#node = node
  }

  /** @throws Fault `badarg` when a carrier is attached already. */
  attach(carrier: Carrier): void {
    if (this.#carrier !== nowhere) throw fault('badarg', `${this.#node.name} is distributed already`)
    this.#carrier = carrier
  }

  /** The carrier has been closed: from now on every other node is out of reach. */
  detach(): void {
    this.#carrier = nowhere
  }

  /** The node has stopped. */
  close(): void {
    this.#carrier.close()
  }

  /** The names of the nodes that are connected. */
  nodes(): readonly string[] {
    return this.#carrier.connected()
  }

  // --- out

  send(target: RemoteTarget, message: unknown): void {
    if (message instanceof Cast) this.#carryTo(target, [CAST, toOf(target), message.operation, message.request])
    else this.#carryTo(target, [SEND, toOf(target), message])
  }

  /** To an alias of another node; one of an earlier start of that node is as inactive as any other. */
  sendToAlias(address: NodeAddress, ref: number, message: unknown): void {
    this.carry(address, [ALIAS_SEND, ref, message])
  }

  /** Whether so much waits for `node` that whoever sends to it adds to a congestion. */
  isBusy(node: string): boolean {
    return this.#carrier.isBusy(node)
  }

  call(call: Call, target: RemoteTarget): void {
    const ref = this.#node.makeRef()
    const { kind, alias, operation, request } = call
    const from = call.pid?.id ?? 0
    let sent: Sent
    try {
      sent = this.#carryTo(target, [CALL_REQUEST, toOf(target), from, ref.id, kind, alias, operation, request])
    } catch (invalid) {
      return call.fail(invalid)
    }
    if (sent !== 'sent') return call.fail(sent === 'busy' ? 'busy' : ['nodedown', target.node])
    call.remoteNode = target.node
    this.#expectAnswer(call, ref)
  }

  callSettled(call: Call): void {
    const ref = call.ref!.id
    this.#calls.delete(ref)
    if (call.remoteNode !== undefined) this.#carrier.send(call.remoteNode, undefined, [CALL_FORGOTTEN, ref])
  }

  /** The `from` of a request as it travels in messages: any node that gets it may answer. */
  fromOf(request: Request): RemoteFrom {
    if (request instanceof RemoteRequest) return request.from
    const call = request as Call
    if (call.ref === undefined && !call.settled) this.#expectAnswer(call, this.#node.makeRef())
    return new RemoteFrom(this.#node.address, call.pid, call.ref?.id ?? 0, call.alias)
  }

  /** What a `from` that came in a message stands for here: the call itself when it was made on this node. */
  fromAt(address: NodeAddress, pid: Pid | undefined, ref: number, alias: boolean): From {
    const call = address === this.#node.address ? this.#calls.get(ref) : undefined
    return call ?? new RemoteFrom(address, pid, ref, alias)
  }

  /** Has another node spawn what it offers under `name`. What comes of it is told to `pending`. */
  spawn(pending: PendingSpawn, name: string, args: readonly unknown[]): void {
    const { node, parent, ref, options } = pending
    const { link = false, monitor = false, priority, mailbox } = options
    const given: ProcessOptions = { ...(priority && { priority }), ...(mailbox && { mailbox }) }
    const signal = [SPAWN, parent?.pid.id ?? 0, ref.id, name, args, link, monitor !== false, given] as const
    if (this.#carryTo({ node }, signal) === 'sent') this.#spawns.set(ref.id, pending)
    else pending.settle(['error', 'noconnection'])
  }

  /** What is known of a spawn that the other node has not answered. */
  openSpawn(ref: Ref): PendingSpawn | undefined {
    return sameAddress(ref.address, this.#node.address) ? this.#spawns.get(ref.id) : undefined
  }

  reply(from: RemoteFrom, value: unknown): void {
    const { address, ref, alias } = from
    const signal = [REPLY, ref, value, from.pid?.id ?? 0, alias] as const
    if (address === this.#node.address) this.#onReply(address, signal)
    else this.carry(address, signal)
  }

  exit(from: Pid, to: Pid, reason: Reason): void {
    this.carry(to.address, [EXIT, from.id, to.id, reason])
  }

  linkExit(process: Process, to: Pid, reason: Reason): void {
    this.carry(to.address, [LINK_EXIT, process.pid.id, to.id, reason])
    this.#forgetLink(process, to)
  }

  link(process: Process, to: Pid): void {
    if (this.carry(to.address, [LINK, process.pid.id, to.id]) === 'sent') this.#peer(to.node).linked.add(process)
    else this.#breakLink(process, to, 'noconnection')
  }

  unlink(process: Process, to: Pid): void {
    this.carry(to.address, [UNLINK, process.pid.id, to.id])
    this.#forgetLink(process, to)
  }

  monitor(set: Monitor, target: RemoteTarget): void {
    if (this.#carryTo(target, [MONITOR, set.ref.id, toOf(target)]) !== 'sent') set.down('noconnection')
    else this.#peer(target.node).monitors.set(set.ref.id, set)
  }

  demonitor(set: Monitor): void {
    const node = set.object.node ?? this.#node.name
    if (!this.#peers.get(node)?.monitors.delete(set.ref.id)) return
    this.#carrier.send(node, undefined, [DEMONITOR, set.ref.id])
  }

  #expectAnswer(call: Call, ref: Ref): void {
    call.ref = ref
    this.#calls.set(ref.id, call)
  }

  carry(to: NodeAddress, signal: Signal): Sent {
    return this.#carrier.send(to.name, to.creation, signal)
  }

  #carryTo(target: RemoteTarget, signal: Signal): Sent {
    return this.#carrier.send(target.node, target.pid?.address.creation, signal)
  }

  // --- in

  /** Applies a signal from the node at `from`. Signals of one node must be given in the order it sent them. */
  receive(from: NodeAddress, signal: Signal): void {
    switch (signal[0]) {
      case SEND:
        return this.#target(signal[1])?.deliver(signal[2])
      case ALIAS_SEND:
        return this.#node.aliases.deliver(signal[1], signal[2])
      case SPAWN:
        return this.#onSpawn(from, signal)
      case SPAWNED:
        return this.#onSpawned(from, signal)
      case CAST:
        return this.#target(signal[1])?.deliver(new Cast(signal[2], signal[3]))
      case CALL_REQUEST:
        return this.#onCall(from, signal)
      case REPLY:
        return this.#onReply(from, signal)
      case CALL_FAILED:
        return this.#onCallFailed(from, signal)
      case LINK:
        return this.#onLink(new Pid(from, signal[1]), signal[2])
      case UNLINK:
        return this.#onUnlink(new Pid(from, signal[1]), signal[2])
      case LINK_EXIT:
        return this.#onLinkExit(new Pid(from, signal[1]), signal[2], signal[3])
      case EXIT: {
        const target = this.#target(signal[2])
        return target && exitSignal(target, new Pid(from, signal[1]), signal[3], false)
      }
      case MONITOR:
        return this.#onMonitor(from, signal[1], signal[2])
      case DEMONITOR:
        return this.#onDemonitor(from, signal[1])
      case CALL_FORGOTTEN:
        return this.#peers.get(from.name)?.requests.get(signal[1])?.forget()
      case DOWN:
        return this.#onDown(from.name, signal[1], signal[2])
    }
  }

  /** The carrier could not deliver: the node at that address has been started anew since, so the process is gone. */
  undeliverable(to: NodeAddress, signal: Signal): void {
    if (signal[0] === LINK) this.#onLinkExit(new Pid(to, signal[2]), signal[1], 'noproc')
    else if (signal[0] === MONITOR) this.#onDown(to.name, signal[1], 'noproc')
    else if (signal[0] === CALL_REQUEST) this.#failCall(to.name, signal[3], 'noproc')
  }

  nodeUp(name: string): void {
    this.#node.announceNode('nodeup', name)
  }

  /** The connection to `name` is lost, or could not be made. */
  nodeDown(name: string, wasUp: boolean): void {
    const peer = this.#peers.get(name)
    this.#peers.delete(name)
    if (peer !== undefined) {
      for (const process of [...peer.linked]) {
        for (const pid of listLinks(process.links)) {
          if (pid.node === name) this.#breakLink(process, pid, 'noconnection')
        }
      }
      for (const set of [...peer.monitors.values()]) set.down('noconnection')
      for (const watcher of peer.watchers.values()) watcher.target.rare?.watchers?.delete(watcher)
      for (const request of [...peer.requests.values()]) request.forget()
    }
    for (const [ref, call] of [...this.#calls]) {
      if (call.remoteNode === name) this.#failCall(name, ref, ['nodedown', name])
    }
    for (const [ref, pending] of [...this.#spawns]) {
      if (pending.node !== name) continue
      this.#spawns.delete(ref)
      pending.settle(['error', 'noconnection'])
    }
    if (wasUp) this.#node.announceNode('nodedown', name)
  }

  #onCall(from: NodeAddress, signal: Extract<Signal, readonly [typeof CALL_REQUEST, ...unknown[]]>): void {
    const [, to, caller, ref, kind, alias, operation, request] = signal
    const target = this.#target(to)
    if (target === undefined) return void this.carry(from, [CALL_FAILED, ref, 'noproc', false])
    const pid = caller === 0 ? undefined : new Pid(from, caller)
    const peer = this.#peer(from.name)
    const made = new RemoteRequest(this, peer, new RemoteFrom(from, pid, ref, alias), kind, operation, request)
    peer.requests.set(ref, made)
    watchServer(made, target)
    target.deliver(made)
  }

  #onReply(
    from: NodeAddress,
    [, ref, value, caller, alias]: readonly [unknown, number, unknown, number, boolean],
  ): void {
    const call = this.#calls.get(ref)
    if (call !== undefined) {
      if (call.remoteNode === from.name) call.remoteNode = undefined // it knows that the call is answered
      call.settle(value)
    } else if (!alias) this.#target(caller)?.deliver({ type: 'reply', from: ref, value })
  }

  #onCallFailed(from: NodeAddress, [, ref, reason, acknowledged]: readonly [unknown, number, Reason, boolean]): void {
    const call = this.#calls.get(ref)
    if (call?.remoteNode !== from.name) return
    call.acknowledged = acknowledged
    this.#failCall(from.name, ref, reason)
  }

  /** Fails a call to a server on `node`, which has forgotten the call or never heard of it. */
  #failCall(node: string, ref: number, reason: Reason): void {
    const call = this.#calls.get(ref)
    if (call?.remoteNode !== node) return
    call.remoteNode = undefined
    call.fail(reason)
  }

  /** The new process is linked and watched before it runs, and its parent knows it before it hears from it. */
  #onSpawn(from: NodeAddress, signal: Extract<Signal, readonly [typeof SPAWN, ...unknown[]]>): void {
    const [, parent, ref, name, args, link, monitor, options] = signal
    let child: Process
    try {
      child = this.#node.spawnProcess(this.#node.offered(name) as Body, args, options)
    } catch (refused) {
      return void this.carry(from, [SPAWNED, ref, false, refusalOf(refused)])
    }
    if (parent !== 0) child.parent = new Pid(from, parent)
    this.carry(from, [SPAWNED, ref, true, child.pid.id])
    if (link) this.#onLink(new Pid(from, parent), child.pid.id)
    if (monitor) this.#onMonitor(from, ref, child.pid.id)
  }

  #onSpawned(from: NodeAddress, [, ref, done, what]: Extract<Signal, readonly [typeof SPAWNED, ...unknown[]]>): void {
    const pending = this.#spawns.get(ref)
    if (pending === undefined) return
    this.#spawns.delete(ref)
    if (!done) return pending.settle(['error', what])
    const pid = new Pid(from, what)
    const { parent, options, refusal } = pending
    if (parent !== undefined && refusal !== undefined) {
      if (options.link) this.carry(from, [LINK_EXIT, parent.pid.id, what, refusal])
      if (options.monitor) this.carry(from, [DEMONITOR, ref])
      return
    }
    if (parent === undefined) return pending.settle(['ok', pid])
    if (options.link) {
      parent.addLink(pid)
      this.#peer(from.name).linked.add(parent)
    }
    const set = pending.monitorOf(pid)
    if (set !== undefined) {
      const { extra } = parent
      extra.monitors ??= new Map()
      extra.monitors.set(ref, set)
      this.#peer(from.name).monitors.set(ref, set)
    }
    pending.settle(['ok', pid])
  }

  #onLink(from: Pid, to: number): void {
    const target = this.#target(to)
    if (target === undefined) return void this.carry(from.address, [LINK_EXIT, to, from.id, 'noproc'])
    target.addLink(from)
    this.#peer(from.node).linked.add(target)
  }

  #onUnlink(from: Pid, to: number): void {
    const target = this.#target(to)
    if (target === undefined) return
    target.links = removeLink(target.links, from, this.#node.address)
    this.#forgetLink(target, from)
  }

  #onLinkExit(from: Pid, to: number, reason: Reason): void {
    const target = this.#target(to)
    if (target?.hasLink(from)) this.#breakLink(target, from, reason)
  }

  #onMonitor(from: NodeAddress, ref: number, to: To): void {
    const target = this.#target(to)
    if (target === undefined) return void this.carry(from, [DOWN, ref, 'noproc'])
    const { watchers } = this.#peer(from.name)
    const watcher = new RemoteWatcher(target, undefined, (reason) => {
      watchers.delete(ref)
      this.carry(from, [DOWN, ref, reason])
    })
    watchers.set(ref, watcher)
    addWatcher(target, watcher)
  }

  #onDemonitor(from: NodeAddress, ref: number): void {
    const peer = this.#peers.get(from.name)
    const watcher = peer?.watchers.get(ref)
    if (watcher === undefined) return
    peer!.watchers.delete(ref)
    watcher.target.rare?.watchers?.delete(watcher)
  }

  #onDown(node: string, ref: number, reason: Reason): void {
    const { monitors } = this.#peer(node)
    const set = monitors.get(ref)
    monitors.delete(ref)
    set?.down(reason)
  }

  #breakLink(process: Process, other: Pid, reason: Reason): void {
    process.links = removeLink(process.links, other, this.#node.address)
    this.#forgetLink(process, other)
    exitSignal(process, other, reason, true)
  }

  #forgetLink(process: Process, other: Pid): void {
    if (listLinks(process.links).some((pid) => pid.node === other.node)) return
    this.#peers.get(other.node)?.linked.delete(process)
  }

  #peer(name: string): Peer {
    let peer = this.#peers.get(name)
    if (peer === undefined) {
      peer = new Peer()
      this.#peers.set(name, peer)
    }
    return peer
  }

  #target(to: To): Process | undefined {
    return typeof to === 'number' ? this.#node.processOf(to) : this.#node.whereis(to)?.process
  }
}

function toOf(target: RemoteTarget): To {
  return target.name ?? target.pid!.id
}
