import { fault } from '../internal/errors.ts'
import { Ring } from '../internal/ring.ts'
import { CALL, type Call, type CallOwner, Cast, makeCall, type Request, timeoutOf } from './calls.ts'
import type {
  Body,
  CallOptions,
  CancelTimerOptions,
  Context,
  From,
  MonitorOptions,
  Offered,
  ReceiveOptions,
  SpawnedAs,
  SpawnOptions,
  SpawnRequestOptions,
  TimerOptions,
} from './context.ts'
import { describe, Exit, type Reason, reasonOf } from './exit.ts'
import { BOUNDED, BUSY, ENDED, OBSERVED, QUEUED, RUNNING, STARTED, TRAPS_EXITS } from './flags.ts'
import { addLink, hasLink, type Links } from './links.ts'
import { EMPTY, giveRingBack, takeRing } from './mailbox.ts'
import { isDownOf } from './message-kind.ts'
import type { Node } from './node.ts'
import { admit, maySend, observed, replied, requestObserved, runObserved } from './observe.ts'
import { mustBeOptions } from './options.ts'
import { Pid, type Ref } from './pid.ts'
import * as dictionary from './process-dictionary.ts'
import { type FlagName, type FlagValue, setFlag } from './process-flag.ts'
import { ALIAS, CANCEL_TIMER, DEMONITOR, MONITOR, SPAWN, SPAWN_REQUEST } from './process-options.ts'
import type { Program } from './program.ts'
import type { Dest } from './protocol.ts'
import { Rare } from './rare.ts'
import { receive } from './raw.ts'
import * as signals from './signals.ts'
import { spawnRequest, spawnWith } from './spawn.ts'
import { abandonRequest, isOffered, requestOffered, spawnAnywhere, spawnOffered } from './spawn-offered.ts'
import { takeMessage } from './take-message.ts'
import { sleep } from './waits.ts'

export type { Rare }

// Combinations of flags have names of their own here because they are read with every message: an imported constant is
// read from the other module's memory each time, one of this module is known to the compiler.
/** A message cannot simply be put into the mailbox. */
const LOOKED_AT = ENDED | BOUNDED | OBSERVED
/** A message cannot simply be sent. */
const ENDED_OR_OBSERVED = ENDED | OBSERVED
/** Takes no message now. */
const BUSY_OR_ENDED = BUSY | ENDED
const QUEUED_OR_BUSY = QUEUED | BUSY
const STARTED_OR_ENDED = STARTED | ENDED

/**
 * A process: one object with few fields. It is its own context, the `this` of its callbacks.
 *
 * Life: spawned (queued) ──start──> running <──> waiting for messages ──ended, once──> announced to links and monitors
 */
export class Process implements Context, CallOwner {
  readonly node: Node
  /** @internal */ readonly pid: Pid
  /** @internal */ program: Program
  /** @internal */ state: unknown
  /** @internal The messages in the mailbox; see mailbox.ts. */ waiting = 0
  /** @internal The oldest of them. */ first: unknown = undefined
  /** @internal The messages behind it. */ more: Ring<unknown> | undefined
  /** @internal */ flags = 0
  /** @internal The process that spawned this one. */ parent: Pid | undefined
  /** Slices it has run and messages it has handled. */ reductions = 0
  /** @internal */ links: Links
  /** @internal The requests that this process has not answered. */ calls: Request | undefined
  /** @internal */ openCalls: Set<Call> | undefined
  /** @internal */ rare: Rare | undefined

  constructor(node: Node, id: number, program: Program, state: unknown) {
    this.node = node
    this.pid = new Pid(node.address, id, this)
    this.program = program
    this.state = state
    this.more = undefined
    this.parent = undefined
    this.links = undefined
    this.calls = undefined
    this.openCalls = undefined
    this.rare = undefined
  }

  // --- what the kernel does with it

  get ended(): boolean {
    return (this.flags & ENDED) !== 0
  }

  get trapsExits(): boolean {
    return (this.flags & TRAPS_EXITS) !== 0
  }

  get pidOrNone(): Pid {
    return this.pid
  }

  /** The record of rare things, made when it is not there. */
  get extra(): Rare {
    this.rare ??= new Rare()
    return this.rare
  }

  get messageCount(): number {
    return this.waiting + (this.rare?.aside?.size ?? 0)
  }

  /** Puts a message into the mailbox, unless the process has ended or has no room for it. */
  deliver(message: unknown): void {
    if ((this.flags & LOOKED_AT) !== 0 && !admit(this, message)) return
    const flags = this.flags
    if (this.waiting++ === 0) this.first = message
    else {
      this.more ??= takeRing()
      this.more.push(message)
    }
    if ((flags & QUEUED_OR_BUSY) === 0) {
      this.flags = flags | QUEUED
      this.node.scheduler.enqueue(this)
    }
  }

  /** The same for a message that no bound may keep out and no trace tells; the process must live. */
  accept(message: unknown): void {
    const { flags } = this
    this.flags = flags & ~LOOKED_AT
    this.deliver(message)
    this.flags |= flags & LOOKED_AT
  }

  /** The messages that wait, oldest first. */
  messages(): unknown[] {
    const { aside } = this.rare ?? {}
    const all = aside === undefined ? [] : [...aside]
    if (this.waiting > 0) all.push(this.first)
    return this.more === undefined ? all : [...all, ...this.more]
  }

  /** Takes the oldest message. There must be one: look at `waiting`. */
  take(): unknown {
    const message = this.first
    const { more } = this
    this.waiting--
    if (more === undefined) this.first = undefined
    else {
      this.first = more.shift()
      if (more.size === 0) this.#dropMore(more)
    }
    return message
  }

  #dropMore(more: Ring<unknown>): void {
    giveRingBack(more)
    this.more = undefined
  }

  /** Keeps a message, behind those put aside before, out of the way of `take`. */
  putAside(message: unknown): void {
    const extra = this.extra
    extra.aside ??= new Ring(8)
    extra.aside.push(message)
  }

  /** Puts what was put aside back in front of the mailbox. */
  putBack(): void {
    const aside = this.rare?.aside
    if (aside === undefined) return
    while (this.waiting > 0) aside.push(this.take())
    this.extra.aside = undefined
    if (aside.size === 0) return
    this.waiting = aside.size
    this.first = aside.shift()
    if (aside.size > 0) this.more = aside
    this.wake()
  }

  /** Takes the earliest message for which `match` answers true, or EMPTY; looks at those put aside, too. */
  takeFirst(match?: (message: unknown) => boolean): unknown {
    const aside = this.rare?.aside
    if (aside !== undefined) {
      for (let i = 0; i < aside.size; i++) if (match === undefined || match(aside.at(i))) return aside.removeAt(i)
    }
    while (this.waiting > 0) {
      const message = this.take()
      if (match === undefined || match(message)) return message
      this.putAside(message)
    }
    return EMPTY
  }

  /** Called by the scheduler: runs it until it waits, has ended, or has handled `quantum` messages. */
  runSlice(quantum: number): number {
    this.flags |= RUNNING
    const handled = 1 + ((this.flags & OBSERVED) === 0 ? this.runMessages(quantum) : runObserved(this, quantum))
    this.reductions += handled
    const flags = this.flags & ~RUNNING
    if (this.waiting > 0 && (flags & BUSY_OR_ENDED) === 0) {
      this.flags = flags
      this.node.scheduler.enqueue(this)
    } else this.flags = flags & ~QUEUED
    return handled
  }

  /** Starts it when it has not been, and has it handle at most `quantum` messages; returns how many it did. */
  runMessages(quantum: number): number {
    let handled = 0
    try {
      if ((this.flags & STARTED_OR_ENDED) === 0) {
        this.flags |= STARTED
        this.program.start(this)
      }
      if ((this.flags & BUSY_OR_ENDED) === 0 && this.waiting > 0) {
        // What comes meanwhile, from itself above all, waits for the next slice: else a sender outruns its receivers.
        handled = this.program.run(this, Math.min(quantum, this.waiting))
      }
    } catch (thrown) {
      this.crash(thrown)
    }
    return handled
  }

  /** Waits for `pending` and then goes on with `proceed` or `fail`; meanwhile no message is handled. */
  suspend<T>(pending: PromiseLike<T>, proceed: (value: T) => void, fail?: (thrown: unknown) => void): void {
    this.flags |= BUSY
    const settled = <V>(next: (value: V) => void) => {
      return (value: V) => {
        if (this.ended) return
        this.flags &= ~BUSY
        if ((this.flags & OBSERVED) === 0) this.#resume(next, value)
        else observed(this, () => this.#resume(next, value))
        this.wake()
      }
    }
    pending.then(settled(proceed), settled(fail ?? ((thrown: unknown) => this.crash(thrown))))
  }

  #resume<V>(next: (value: V) => void, value: V): void {
    try {
      next(value)
    } catch (thrown) {
      this.crash(thrown)
    }
  }

  /** Sees to it that messages that wait are handled. */
  wake(): void {
    if (this.waiting === 0 || (this.flags & (QUEUED | BUSY | ENDED)) !== 0) return
    this.flags |= QUEUED
    this.node.scheduler.enqueue(this)
  }

  addLink(pid: Pid): void {
    this.links = addLink(this.links, pid, this.node.address)
  }

  hasLink(pid: Pid): boolean {
    return hasLink(this.links, pid, this.node.address)
  }

  /** Ends the process because its code threw. */
  crash(thrown: unknown): void {
    if (this.ended) return
    const reason = reasonOf(thrown)
    if (!(thrown instanceof Exit)) {
      const details = { pid: this.pid, registered_name: this.rare?.name, reason }
      this.node.report({ level: 'error', label: ['process', 'crash'], details })
    }
    this.end(reason)
  }

  /** Ends the process; the first reason counts. */
  end(reason: Reason): void {
    signals.end(this, reason)
  }

  // --- what its own code does with it

  get self(): Pid {
    return this.pid
  }

  get signal(): AbortSignal {
    const extra = this.extra
    extra.abort ??= new AbortController()
    if (this.ended) extra.abort.abort()
    return extra.abort.signal
  }

  send(to: Dest | Ref, message: unknown): void {
    if ((this.flags & ENDED_OR_OBSERVED) !== 0 && !maySend(this, to, message)) return
    const target = (to as Partial<Pid> | undefined)?.process
    if (target !== undefined) target.deliver(message)
    else this.node.route(to, message)
  }

  call(to: Dest, operation: string, request?: unknown, options?: CallOptions): Promise<never> {
    if ((this.flags & OBSERVED) !== 0) {
      return requestObserved(this, to, CALL, operation, request, timeoutOf(options)) as Promise<never>
    }
    return makeCall(this, to, CALL, operation, request, timeoutOf(options)) as Promise<never>
  }

  cast(to: Dest, operation: string, request?: unknown): void {
    const message = new Cast(operation, request)
    if ((this.flags & ENDED_OR_OBSERVED) !== 0 && !maySend(this, to, message)) return
    this.node.routeCast(to, message)
  }

  reply<V>(from: From<V>, value: V): void {
    if (this.ended) return
    if ((this.flags & OBSERVED) !== 0) replied(this, from.pid, value)
    this.node.reply(from, value)
  }

  spawn<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid
  spawn(body: Offered, ...args: readonly unknown[]): Promise<Pid>
  spawn(body: Body | Program | Offered, ...args: readonly unknown[]): Pid | Promise<Pid> {
    this.#mustLive()
    return isOffered(body) ? spawnOffered(this, body, {}, args) : spawnWith(this, body, {}, args).pid
  }

  spawnLink<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid
  spawnLink(body: Offered, ...args: readonly unknown[]): Promise<Pid>
  spawnLink(body: Body | Program | Offered, ...args: readonly unknown[]): Pid | Promise<Pid> {
    return spawnAnywhere(this, body, { link: true }, args) as Pid | Promise<Pid>
  }

  spawnMonitor<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): readonly [Pid, Ref]
  spawnMonitor(body: Offered, ...args: readonly unknown[]): Promise<readonly [Pid, Ref]>
  spawnMonitor(body: Body | Program | Offered, ...args: readonly unknown[]): unknown {
    return spawnAnywhere(this, body, { monitor: true }, args)
  }

  spawnOpt<A extends readonly unknown[]>(
    body: Body<A> | Program,
    options: SpawnOptions & { readonly monitor: true | MonitorOptions },
    ...args: A
  ): readonly [Pid, Ref]
  spawnOpt<A extends readonly unknown[]>(
    body: Body<A> | Program,
    options: SpawnOptions & { readonly monitor?: false },
    ...args: A
  ): Pid
  spawnOpt<O extends SpawnOptions>(body: Offered, options: O, ...args: readonly unknown[]): Promise<SpawnedAs<O>>
  spawnOpt(body: Body | Program | Offered, options: SpawnOptions, ...args: readonly unknown[]): unknown {
    mustBeOptions('a spawn', options, SPAWN)
    return spawnAnywhere(this, body, options, args)
  }

  spawnRequest<A extends readonly unknown[]>(body: Body<A> | Program, options: SpawnRequestOptions, ...args: A): Ref
  spawnRequest(body: Offered, options: SpawnRequestOptions, ...args: readonly unknown[]): Ref
  spawnRequest(body: Body | Program | Offered, options: SpawnRequestOptions, ...args: readonly unknown[]): Ref {
    this.#mustLive()
    mustBeOptions('a spawn', options, SPAWN_REQUEST)
    return isOffered(body) ? requestOffered(this, body, options, args) : spawnRequest(this, body, options, args)
  }

  spawnRequestAbandon(request: Ref): boolean {
    return abandonRequest(this, request)
  }

  exit(to: Pid, reason: Reason): void {
    if (this.ended) return
    signals.exit(this.node, this.pid, to, reason)
    if (this.ended) throw fault('process_exited')
  }

  link(pid: Pid): void {
    if (!(pid instanceof Pid)) throw fault('badarg', 'link takes a pid')
    if (!this.ended) signals.link(this, pid)
  }

  unlink(pid: Pid): void {
    if (!(pid instanceof Pid)) throw fault('badarg', 'unlink takes a pid')
    signals.unlink(this, pid)
  }

  monitor(to: Dest, options?: MonitorOptions): Ref {
    this.#mustLive()
    if (options !== undefined) mustBeOptions('monitor', options, MONITOR)
    return signals.monitor(this, to, options?.tag ?? 'DOWN', options?.alias)
  }

  demonitor(ref: Ref, options?: { flush?: boolean }): boolean {
    if (options !== undefined) mustBeOptions('demonitor', options, DEMONITOR)
    const active = signals.demonitor(this, ref)
    if (!active && options?.flush) takeMessage(this, (message) => isDownOf(message, ref))
    return active
  }

  trapExit(flag: boolean): boolean {
    if (typeof flag !== 'boolean') throw fault('badarg', `trapExit takes true or false, not ${describe(flag)}`)
    const before = this.trapsExits
    this.flags = flag ? this.flags | TRAPS_EXITS : this.flags & ~TRAPS_EXITS
    return before
  }

  alias(options?: { readonly reply?: boolean }): Ref {
    this.#mustLive()
    if (options !== undefined) mustBeOptions('alias', options, ALIAS)
    const ref = this.node.makeRef()
    this.node.aliases.activate(this, ref, options?.reply === true ? 'reply' : 'explicit_unalias')
    return ref
  }

  unalias(alias: Ref): boolean {
    return this.node.aliases.unalias(this, alias)
  }

  processFlag<F extends FlagName>(flag: F, value: FlagValue<F>): FlagValue<F> {
    return setFlag(this, flag, value)
  }

  groupLeader(): Pid {
    return this.rare?.leader ?? this.node.groupLeader
  }

  put(key: unknown, value: unknown): unknown {
    return dictionary.put(this, key, value)
  }

  get(): readonly (readonly [key: unknown, value: unknown])[]
  get(key: unknown): unknown
  get(...key: readonly [unknown] | readonly []): unknown {
    return key.length === 0 ? dictionary.entries(this) : dictionary.get(this, key[0])
  }

  getKeys(...value: readonly [value?: unknown]): unknown[] {
    return dictionary.keys(this, value)
  }

  erase(): readonly (readonly [key: unknown, value: unknown])[]
  erase(key: unknown): unknown
  erase(...key: readonly [unknown] | readonly []): unknown {
    return key.length === 0 ? dictionary.eraseAll(this) : dictionary.erase(this, key[0])
  }

  setLabel(label: unknown): void {
    dictionary.put(this, dictionary.LABEL, label)
  }

  monitorNodes(flag: boolean): void {
    this.node.monitorNodes(this, flag)
  }

  own<T extends Disposable | AsyncDisposable>(resource: T): T {
    signals.mustBeDisposable(resource)
    if (this.ended) {
      signals.dispose(resource)
      throw fault('process_exited')
    }
    const extra = this.extra
    extra.owned ??= new Set()
    extra.owned.add(resource)
    return resource
  }

  sendAfter(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref {
    this.#mustLive()
    return this.node.sendAfter(time, to, message, options)
  }

  startTimer(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref {
    this.#mustLive()
    return this.node.startTimer(time, to, message, options)
  }

  cancelTimer(timer: Ref): number | false
  cancelTimer(timer: Ref, options: CancelTimerOptions): number | false | 'ok'
  cancelTimer(timer: Ref, options?: CancelTimerOptions): number | false | 'ok' {
    if (options !== undefined) mustBeOptions('cancelTimer', options, CANCEL_TIMER)
    const result = this.node.cancelTimer(timer)
    if (options?.async && options.info !== false) {
      this.deliver(Object.freeze({ type: 'cancel_timer', ref: timer, result }))
    }
    return options?.async || options?.info === false ? 'ok' : result
  }

  readTimer(timer: Ref): number | false {
    return this.node.readTimer(timer)
  }

  sleep(milliseconds: number): Promise<void> {
    return sleep(this, milliseconds)
  }

  receive(match?: (message: unknown) => boolean, options?: ReceiveOptions): Promise<never> {
    return receive(this, match, options) as Promise<never>
  }

  #mustLive(): void {
    if (this.ended) throw fault('process_exited')
  }
}
