import { fault } from '../internal/errors.ts'
import { OWNED_CLOSE_MS } from '../internal/limits.ts'
import { Ring } from '../internal/ring.ts'
import { type AliasMode, checkAliasOfMonitor } from './aliases.ts'
import { detach } from './calls.ts'
import type { Resolved } from './destination.ts'
import type { DownMessage, ExitMessage, Reason } from './exit.ts'
import { ENDED, OBSERVED, TRAPS_EXITS } from './flags.ts'
import { addLink, hasLink, listLinks, removeLink } from './links.ts'
import type { Node } from './node.ts'
import { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest, Name } from './protocol.ts'
import { tell as trace, traceLink } from './trace.ts'
import { afterClosing } from './waits.ts'

/**
 * Signals other than messages: exits, links, monitors. Between processes of a node they take effect when they are sent
 * and never wait behind a mailbox. An end that brings others with it is worked off in a loop, not by recursion, so a
 * chain of a million links ends like a chain of two.
 *
 * Rules: "Processes", Erlang reference manual; the table of exit signals stands at `exitSignal`.
 */

/** Someone who hears of the end of a process, once: a monitor of this node, or of another. */
export interface Watcher {
  /** Who hears of it, when it is a process. */
  readonly pid?: Pid | undefined
  down(reason: Reason): void
}

/** A monitor that a process of this node has set. */
export class Monitor implements Watcher {
  readonly ref: Ref
  readonly watcher: Process
  /** What the message names: the pid, or the name and node it was set by. */
  readonly object: Pid | Name
  readonly tag: string
  /** The watched process when it is here. */
  target: Process | undefined

  constructor(ref: Ref, watcher: Process, object: Pid | Name, tag: string) {
    this.ref = ref
    this.watcher = watcher
    this.object = object
    this.tag = tag
  }

  get pid(): Pid {
    return this.watcher.pid
  }

  down(reason: Reason): void {
    const { watcher, ref } = this
    if (!watcher.rare?.monitors?.delete(ref.id)) return
    if (watcher.rare.aliases !== undefined) watcher.node.aliases.monitorGone(watcher, ref)
    const message: DownMessage = Object.freeze({ type: this.tag, ref, object: this.object, reason })
    watcher.deliver(message)
  }
}

/** `erlang:exit/2`: the signal from `from` takes effect now if `to` lives here. */
export function exit(node: Node, from: Pid, to: Pid, reason: Reason): void {
  if (!(to instanceof Pid)) throw fault('badarg', 'exit takes a pid')
  if (to.process !== undefined) exitSignal(to.process, from, reason, false)
  else if (to.address !== node.address) node.remote.exit(from, to, reason)
}

/**
 * An exit signal reaches `target`; `linked` tells whether it comes from a link or was sent.
 *
 *     reason                  not trapping              trapping
 *     normal, by a link       ignored                   message
 *     normal, sent            ignored, unless by self   message
 *     kill, sent              ends with killed          ends with killed
 *     kill, by a link         ends with kill            message
 *     any other               ends with it              message
 */
export function exitSignal(target: Process, from: Pid, reason: Reason, linked: boolean): void {
  if ((target.flags & ENDED) !== 0) return
  if (reason === 'kill' && !linked) end(target, 'killed')
  else if ((target.flags & TRAPS_EXITS) !== 0) {
    const message: ExitMessage = Object.freeze({ type: 'EXIT', from, reason })
    target.deliver(message)
  } else if (reason !== 'normal' || (!linked && from === target.pid)) end(target, reason)
}

/** `erlang:link/1`. */
export function link(process: Process, pid: Pid): void {
  const { node } = process
  if (pid === process.pid || hasLink(process.links, pid, node.address)) return
  const target = pid.process
  if (target !== undefined) {
    process.links = addLink(process.links, pid, node.address)
    target.links = addLink(target.links, process.pid, node.address)
    if (((process.flags | target.flags) & OBSERVED) !== 0) traceLink(process, pid, 'link')
  } else if (pid.address !== node.address) {
    process.links = addLink(process.links, pid, node.address)
    if ((process.flags & OBSERVED) !== 0) traceLink(process, pid, 'link')
    node.remote.link(process, pid)
  } else if (process.trapsExits) exitSignal(process, pid, 'noproc', true)
  else throw fault('noproc', `cannot link to ${pid}, which has ended`)
}

/** `erlang:unlink/1`. */
export function unlink(process: Process, pid: Pid): void {
  const home = process.node.address
  if (!hasLink(process.links, pid, home)) return
  process.links = removeLink(process.links, pid, home)
  if (((process.flags | (pid.process?.flags ?? 0)) & OBSERVED) !== 0) traceLink(process, pid, 'unlink')
  if (pid.process !== undefined) pid.process.links = removeLink(pid.process.links, process.pid, home)
  else if (pid.address !== home) process.node.remote.unlink(process, pid)
}

/** `erlang:monitor/2,3`. With `alias` the ref is an alias of the process, too; see aliases.ts. */
export function monitor(process: Process, to: Dest, tag: string, alias?: AliasMode): Ref {
  const { node } = process
  if (alias !== undefined) checkAliasOfMonitor(alias)
  const ref = node.makeRef()
  const found = node.resolve(to)
  if (found.pid?.process === process) return ref
  const object = to instanceof Pid ? to : found.name !== undefined ? { name: found.name, node: found.node } : found.pid
  if (object === undefined) throw fault('badarg', 'monitor takes a pid or a name')
  if (alias !== undefined) node.aliases.activate(process, ref, alias)
  setMonitor(new Monitor(ref, process, object, tag), found)
  return ref
}

/** Sets a monitor that was made. Of a process whose resources are being closed it fires when they are. */
export function setMonitor(set: Monitor, found: Resolved): void {
  const { node, extra } = set.watcher
  extra.monitors ??= new Map()
  extra.monitors.set(set.ref.id, set)
  const { pid } = found
  const target = pid?.process ?? (pid?.address === node.address ? node.closing.get(pid.id) : undefined)
  if (target !== undefined) {
    set.target = target
    addWatcher(target, set)
  } else if (found.node !== node.name) node.remote.monitor(set, found)
  else set.down('noproc')
}

/**
 * `erlang:demonitor/1`: whether the monitor was still set.
 * @throws Fault `badarg` for what is no ref
 */
export function demonitor(process: Process, ref: Ref): boolean {
  if (!(ref instanceof Ref)) throw fault('badarg', 'demonitor takes a ref')
  const set = process.rare?.monitors?.get(ref.id)
  if (set === undefined) return false
  process.rare?.monitors?.delete(ref.id)
  if (process.rare?.aliases !== undefined) process.node.aliases.monitorGone(process, ref)
  if (set.target !== undefined) set.target.rare?.watchers?.delete(set)
  else process.node.remote.demonitor(set)
  return true
}

export function addWatcher(target: Process, watcher: Watcher): void {
  const extra = target.extra
  extra.watchers ??= new Set()
  extra.watchers.add(watcher)
}

/**
 * Ends a process. Its name, timers, monitors and resources are gone before links and monitors hear of it, so whoever
 * hears finds the name free and the port closed ("Visible Resources", Erlang reference manual).
 */
export function end(process: Process, reason: Reason): void {
  if ((process.flags & ENDED) !== 0) return
  if ((process.flags & OBSERVED) !== 0) trace(process, 'procs', ['exit', reason])
  process.flags |= ENDED
  process.waiting = 0
  process.first = undefined
  process.more = undefined
  process.node.forget(process)
  const closing = process.rare === undefined ? undefined : release(process)
  if (process.openCalls !== undefined) for (const call of process.openCalls) call.abandon()
  if (closing === undefined) announce(process, reason)
  else announceAfter(closing, process, reason)
}

function announceAfter(closing: Promise<unknown>, process: Process, reason: Reason): void {
  const { node, pid } = process
  node.closing.set(pid.id, process)
  afterClosing(node, closing, OWNED_CLOSE_MS, () => {
    node.closing.delete(pid.id)
    announce(process, reason)
  })
}

/** Gives back what the process held; a promise when something takes time to close. */
function release(process: Process): Promise<unknown> | undefined {
  const { node } = process
  const { timers, waits, receiver, monitors, aliases, bound, owned, abort, behaviour } = process.rare!
  if (timers !== undefined) node.dropTimers(timers)
  if (waits !== undefined) for (const wait of waits) node.timers.stop(wait)
  if (receiver !== undefined) node.timers.stop(receiver)
  if (monitors !== undefined) for (const set of [...monitors.values()]) demonitor(process, set.ref)
  if (aliases !== undefined) node.aliases.drop(aliases)
  bound?.close()
  abort?.abort()
  behaviour?.[Symbol.dispose]?.()
  if (owned === undefined) return undefined
  const pending: PromiseLike<unknown>[] = []
  for (const resource of [...owned].reverse()) {
    const closing = dispose(resource)
    if (closing !== undefined) pending.push(closing)
  }
  return pending.length === 0 ? undefined : Promise.allSettled(pending)
}

/** @throws Fault `badarg` when nothing could close `resource`. */
export function mustBeDisposable(resource: Disposable | AsyncDisposable): void {
  const { [Symbol.dispose]: now, [Symbol.asyncDispose]: later } = Object(resource) as Partial<
    Disposable & AsyncDisposable
  >
  if (typeof now !== 'function' && typeof later !== 'function') {
    throw fault('badarg', 'own takes what can be closed: it has [Symbol.dispose] or [Symbol.asyncDispose]')
  }
}

/** Closes a resource of a process that has ended; what it throws concerns nobody any more. */
export function dispose(resource: Disposable | AsyncDisposable): PromiseLike<unknown> | undefined {
  try {
    if (Symbol.asyncDispose in resource) return resource[Symbol.asyncDispose]()
    resource[Symbol.dispose]()
  } catch {
    // the end of the process goes on
  }
  return undefined
}

/** Ends that wait to be announced; more than one only while a cascade is being worked off. */
const announcements = new Ring<readonly [Process, Reason]>(64)
let announcing = false

function announce(process: Process, reason: Reason): void {
  if (announcing) return announcements.push([process, reason])
  announcing = true
  try {
    tell(process, reason)
    while (announcements.size > 0) {
      const [next, why] = announcements.shift()!
      tell(next, why)
    }
  } finally {
    announcing = false
  }
}

function tell(process: Process, reason: Reason): void {
  const { node, pid } = process
  const { links } = process
  process.links = undefined
  if (links !== undefined) {
    for (const linked of listLinks(links)) {
      const other = linked.process
      if (other !== undefined) {
        other.links = removeLink(other.links, pid, node.address)
        exitSignal(other, pid, reason, true)
      } else if (linked.address !== node.address) node.remote.linkExit(process, linked, reason)
    }
  }
  const watchers = process.rare?.watchers
  if (watchers !== undefined) for (const watcher of watchers) watcher.down(reason)
  while (process.calls !== undefined) failCall(process, reason)
  process.rare = undefined
}

function failCall(process: Process, reason: Reason): void {
  const call = process.calls!
  call.fail(reason)
  if (process.calls === call) detach(call)
}
