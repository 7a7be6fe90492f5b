import { fault } from '../internal/errors.ts'
import { OFFERS_PER_NODE, PROCESSES_PER_NODE } from '../internal/limits.ts'
import { Ring } from '../internal/ring.ts'
import { Aliases } from './aliases.ts'
import { CALL, type Call, type CallOwner, Cast, makeCall, timeoutOf, watchServer } from './calls.ts'
import type { Body, Caller, CallOptions, From, Offered, ProcessOptions, TimerOptions } from './context.ts'
import { DEST_FORMS, find, type Resolved } from './destination.ts'
import { describe, Exit, type Reason } from './exit.ts'
import { ENDED, OBSERVED, QUEUED } from './flags.ts'
import { type Host, isHost } from './host.ts'
import { Names } from './names.ts'
import { replied } from './observe.ts'
import { FUNCTION, mustBeOptions, type OptionKind, type OptionKinds } from './options.ts'
import { blame, endOwnerOf } from './orphans.ts'
import { type NodeAddress, Pid, Ref } from './pid.ts'
import { Process } from './process.ts'
import {
  type DictionaryInfo,
  type DictionaryItem,
  type ProcessInfo,
  type ProcessInfoList,
  type ProcessInfoQuery,
  type ProcessInfoResult,
  processInfo,
} from './process-info.ts'
import { configure } from './process-options.ts'
import { ProcessTable } from './process-table.ts'
import { type ProcessTimer, ProcessTimers, TimerRef } from './process-timers.ts'
import type { Program } from './program.ts'
import type { Dest, Operations, ReplyOf, RequestArguments } from './protocol.ts'
import { rawProgram } from './raw.ts'
import { Remote } from './remote.ts'
import { isRequest, RemoteFrom } from './remote-peer.ts'
import { lineReporter, mustBeReport, type Report, type Reporter, replacedOnFailure, withMetadata } from './report.ts'
import { Scheduler } from './scheduler.ts'
import * as signals from './signals.ts'
import { isOffered, spawnOfferedOutside } from './spawn-offered.ts'
import { systemHost, watchOrphans, writeToStderr } from './system-host.ts'
import {
  type SystemMonitor,
  type SystemMonitorOptions,
  type SystemMonitorSetting,
  setSystemMonitor,
} from './system-monitor.ts'
import { TimerWheel } from './timer-wheel.ts'
import { setTrace, type TraceFlag } from './trace.ts'
import { sleep } from './waits.ts'

export interface NodeOptions {
  /** `name@host`; unique in the cluster. `nonode@nohost` for a node that is in none. */
  readonly name?: string
  /** Where time, randomness and turns come from. The real machine unless told otherwise. */
  readonly host?: Host
  /** Receives crash and supervisor reports. Lines on standard error unless told otherwise. */
  readonly reporter?: Reporter
  /** Processes that may live at a time; one more is a `system_limit` fault. */
  readonly maxProcesses?: number
}

/** What a node may be called. */
export const NODE_NAME: OptionKind = {
  right: 'of the form name@host',
  takes: (value) => typeof value === 'string' && /^[^@\s]+@[^@\s]+$/.test(value),
}

const NODE: OptionKinds<NodeOptions> = {
  name: NODE_NAME,
  host: { right: 'a Host, such as systemHost', takes: isHost },
  reporter: { ...FUNCTION, right: 'a function of a report' },
  maxProcesses: { right: 'a number above 0', takes: (value) => typeof value === 'number' && value >= 1 },
}

export type { Resolved }

/**
 * A node: processes, their names, timers and a scheduler, as one value. An OS process may hold many. A node is also the
 * `Caller` for the code outside any process.
 */
export class Node implements Caller, CallOwner {
  readonly address: NodeAddress
  readonly host: Host
  /** @internal */ readonly scheduler: Scheduler
  /** @internal */ readonly timers: TimerWheel
  /** @internal */ readonly remote: Remote
  /** @internal Processes that have ended and whose resources are being closed, by their id. */
  readonly closing: Map<number, Process> = new Map()
  /** The group leader of all processes that were not given another: no process, a name for this node as a whole. */
  readonly groupLeader: Pid
  /** @internal */ readonly aliases: Aliases = new Aliases(this)
  /** @internal See `systemMonitor`. */ monitored: SystemMonitor | undefined
  /** @internal */ openCalls: Set<Call> | undefined
  readonly #processes = new ProcessTable()
  readonly #offers = new Map<string, Body<never> | Program>()
  readonly #names = new Names(this)
  readonly #processTimers: ProcessTimers
  readonly #nodeMonitors = new Set<Process>()
  readonly #reporter: Reporter
  readonly #maxProcesses: number
  readonly #newCalls = new Ring<Call>(64)
  #nextId = 1
  #nextRef = 1
  #stopped = false

  constructor(options: NodeOptions = {}) {
    mustBeOptions('a node', options, NODE)
    const { name = 'nonode@nohost', host = systemHost } = options
    const { reporter = lineReporter(writeToStderr), maxProcesses = PROCESSES_PER_NODE } = options
    this.address = Object.freeze({ name, creation: 1 + host.below(2 ** 32 - 1) })
    this.host = host
    this.groupLeader = new Pid(this.address, 0)
    this.#reporter = replacedOnFailure(reporter, writeToStderr)
    this.#maxProcesses = maxProcesses
    this.scheduler = new Scheduler(host, () => this.#afterTurn())
    this.timers = new TimerWheel(host)
    this.remote = new Remote(this)
    this.#processTimers = new ProcessTimers(this)
    if (host === systemHost) watchOrphans(endOwnerOf)
  }

  get name(): string {
    return this.address.name
  }

  get node(): this {
    return this
  }

  get ended(): boolean {
    return this.#stopped
  }

  get pidOrNone(): undefined {
    return undefined
  }

  // --- processes

  spawn<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid
  spawn(body: Offered, ...args: readonly unknown[]): Promise<Pid>
  spawn(body: Body | Program | Offered, ...args: readonly unknown[]): Pid | Promise<Pid> {
    return isOffered(body) ? spawnOfferedOutside(this, body, args) : this.spawnProcess(body, args).pid
  }

  /**
   * Lets other nodes spawn `body` here, by `name`, with arguments of their own; in the place of what had that name.
   * Without `body` it is offered no more; processes that run it go on.
   * @throws Fault `badarg` for a body that is no function and no program, `system_limit` past OFFERS_PER_NODE names.
   */
  offer(name: string, body: Body<never> | Program | undefined): void {
    if (body === undefined) return void this.#offers.delete(name)
    const isBody = typeof body === 'function' || typeof body?.run === 'function'
    if (typeof name !== 'string' || !isBody) throw fault('badarg', 'a name is offered with a function or a program')
    const isFull = this.#offers.size >= OFFERS_PER_NODE && !this.#offers.has(name)
    if (isFull) throw fault('system_limit', `${OFFERS_PER_NODE} names are offered`)
    this.#offers.set(name, body)
  }

  /** @internal */
  offered(name: string): Body<never> | Program | undefined {
    return this.#offers.get(name)
  }

  /** @internal */
  spawnProcess<A extends readonly unknown[]>(body: Body<A> | Program, args: A, options?: ProcessOptions): Process {
    if (typeof body === 'function' || body === undefined) return this.startProcess(rawProgram, { body, args }, options)
    if (typeof body?.run !== 'function') throw fault('badarg', 'spawn takes a function or a program')
    return this.startProcess(body, undefined, options)
  }

  /** @internal The new process runs `program` with `state` from its first turn on. */
  startProcess(program: Program, state: unknown, options?: ProcessOptions): Process {
    if (this.#stopped) throw fault('node_stopped')
    if (this.#processes.size >= this.#maxProcesses) {
      throw fault('system_limit', `${this.#maxProcesses} processes live on ${this.name}`)
    }
    const process = new Process(this, this.#nextId++, program, state)
    this.#processes.add(process.pid.id, process)
    process.flags = this.monitored === undefined ? QUEUED : QUEUED | OBSERVED
    if (options !== undefined) configure(process, options)
    this.scheduler.enqueue(process)
    return process
  }

  /** The pids of all processes of this node. */
  processes(): Pid[] {
    return this.#processes.list().map((process) => process.pid)
  }

  get processCount(): number {
    return this.#processes.size
  }

  isAlive(pid: Pid): boolean {
    if (!(pid instanceof Pid)) throw fault('badarg', 'isAlive takes a pid: whereis(name) gives that of a name')
    return pid.process !== undefined
  }

  /**
   * What there is to know about a process of this node (`erlang:process_info/1,2`): one item as `[item, value]`, `[]`
   * for the `registered_name` of one that has none; a list of items as a list of those; without an item OTP's usual
   * sixteen; `{ dictionary: key }` as `[['dictionary', key], value]`. `undefined` when it has ended. See ProcessInfo
   * for the items.
   * @throws Fault `badarg` for an unknown item and for a pid of another node.
   */
  processInfo(pid: Pid): ProcessInfoList | undefined
  processInfo<K extends keyof ProcessInfo>(pid: Pid, item: K): ProcessInfoResult<K>
  processInfo(pid: Pid, item: DictionaryItem): DictionaryInfo | undefined
  processInfo(pid: Pid, items: readonly (keyof ProcessInfo | DictionaryItem)[]): ProcessInfoList | undefined
  processInfo(pid: Pid, what?: ProcessInfoQuery): unknown {
    return processInfo(this, pid, what)
  }

  /** Makes `leader` the group leader of `pid`, and of what it spawns from now on (`erlang:group_leader/2`). */
  setGroupLeader(leader: Pid, pid: Pid): void {
    const process = pid instanceof Pid ? pid.process : undefined
    if (!(leader instanceof Pid) || process?.node !== this) throw fault('badarg', 'group leaders are for this node')
    process.extra.leader = leader
  }

  /**
   * Has `pid` told what others do wrong, and drops the setting before, which is returned; without `pid` nobody is told
   * any more (`erlang:system_monitor/2`). It ends with the process. See system-monitor.ts for the messages.
   * @throws Fault `badarg` for a pid that is no process of this node and for a bound that is none.
   */
  systemMonitor(pid: Pid | undefined, options: SystemMonitorOptions = {}): SystemMonitorSetting | undefined {
    return setSystemMonitor(this, pid, options)
  }

  /**
   * Has `tracer`, a process of any node, told what `pid` does, as `TraceMessage`s, from now on and with what was traced
   * before; `false` ends the tracing of `flags`. The end of the tracer ends it, too (`erlang:trace/3`).
   * @throws Fault `badarg` for an unknown flag, a `pid` that is no process of this node or is traced by another tracer.
   */
  trace(pid: Pid, tracer: Pid | false, flags: readonly TraceFlag[]): void {
    setTrace(this, pid, tracer, flags)
  }

  /** @internal A process that is observed has answered a request. */
  replied(server: Process, to: Pid | undefined, value: unknown): void {
    replied(server, to, value)
  }

  /** @internal */
  processOf(id: number): Process | undefined {
    return this.#processes.get(id)
  }

  /** @internal The process has ended: nothing leads to it any more. */
  forget(process: Process): void {
    this.#processes.delete(process.pid.id)
    process.pid.process = undefined
    if (process.rare !== undefined) this.#names.release(process)
    if (this.monitored?.pid === process.pid) setSystemMonitor(this, undefined, {})
    this.#nodeMonitors.delete(process)
  }

  makeRef(): Ref {
    return new Ref(this.address, this.#nextRef++)
  }

  /** @internal */
  makeTimerRef(): TimerRef {
    return new TimerRef(this.address, this.#nextRef++)
  }

  // --- names

  /**
   * @throws Fault `badarg` when the name is taken, or `pid` has a name, has ended or lives on another node.
   */
  register(name: string, pid: Pid): void {
    this.#names.register(name, pid)
  }

  /** @throws Fault `badarg` when no process has this name. */
  unregister(name: string): void {
    this.#names.unregister(name)
  }

  whereis(name: string): Pid | undefined {
    return this.#names.whereis(name)
  }

  registered(): string[] {
    return this.#names.list()
  }

  /** @internal */
  resolve(to: Dest): Resolved {
    const found = find(this, to)
    if (found === undefined) throw fault('badarg', DEST_FORMS)
    return found
  }

  // --- messages

  send(to: Dest | Ref, message: unknown): void {
    const target = (to as Partial<Pid> | undefined)?.process
    if (target !== undefined) target.deliver(message)
    else this.route(to, message)
  }

  /** @internal `send`, when `to` is no pid of a process that lives here. */
  route(to: Dest | Ref, message: unknown): void {
    if (to instanceof Ref) return this.#sendToAlias(to, message)
    const found = this.resolve(to)
    if (found.node !== this.name) this.remote.send(found, message)
    else if (found.pid !== undefined) found.pid.process?.deliver(message)
    else if (typeof to === 'string') throw fault('badarg', `no process is registered as ${to}`)
    else if ('via' in to) throw fault('badarg', `no process is registered under the key ${describe(to.key)}`)
  }

  #sendToAlias({ address, id }: Ref, message: unknown): void {
    if (address === this.address) this.aliases.deliver(id, message)
    else this.remote.sendToAlias(address, id, message)
  }

  /** @internal For casts and timers: where nobody is found, or finding fails, the message is dropped. */
  sendQuietly(to: Dest, message: unknown): void {
    const found = this.#resolveQuietly(to)
    if (found === undefined) return
    if (found.node !== this.name) this.remote.send(found, message)
    else found.pid?.process?.deliver(message)
  }

  /** As `resolve`; `undefined` for whatever the registry of a `via` throws. */
  #resolveQuietly(to: Dest): Resolved | undefined {
    let found: Resolved | undefined
    try {
      found = find(this, to)
    } catch {
      return undefined
    }
    if (found === undefined) throw fault('badarg', DEST_FORMS)
    return found
  }

  call<P, K extends keyof Operations<P, 'call'> & string>(
    to: Dest<P>,
    operation: K,
    ...request: RequestArguments<Operations<P, 'call'>[K], CallOptions>
  ): Promise<ReplyOf<Operations<P, 'call'>[K]>>
  call(to: Dest, operation: string, request?: unknown, options?: CallOptions): Promise<unknown> {
    return makeCall(this, to, CALL, operation, request, timeoutOf(options))
  }

  cast<P, K extends keyof Operations<P, 'cast'> & string>(
    to: Dest<P>,
    operation: K,
    ...request: RequestArguments<Operations<P, 'cast'>[K], never>
  ): void
  cast(to: Dest, operation: string, request?: unknown): void {
    this.routeCast(to, new Cast(operation, request))
  }

  /** @internal */
  routeCast(to: Dest, message: Cast): void {
    const target = (to as Partial<Pid> | undefined)?.process
    if (target !== undefined) target.deliver(message)
    else this.sendQuietly(to, message)
  }

  reply<V>(from: From<V>, value: V): void {
    if (isRequest(from)) from.settle(value)
    else if (from instanceof RemoteFrom) this.remote.reply(from, value)
    else throw fault('function_clause', 'reply takes the `from` that a request came with')
  }

  exit(to: Pid, reason: Reason): void {
    signals.exit(this, NO_PID, to, reason)
  }

  // --- calls

  /** @internal Sends the request, or fails the call when the server is not there. */
  dispatchCall(call: Call): void {
    const target = (call.to as Partial<Pid> | null | undefined)?.process
    if (target === undefined || target === call.owner) return this.#routeCall(call)
    watchServer(call, target)
    target.deliver(call)
  }

  #routeCall(call: Call): void {
    let found: Resolved | undefined
    try {
      found = find(this, call.to)
    } catch (thrown) {
      // By the registry of a `via`: an exit of its own is the caller's.
      return thrown instanceof Exit ? call.refuse(thrown.reason) : call.fail(thrown)
    }
    if (found === undefined) return call.fail(fault('function_clause', DEST_FORMS))
    const server = found.pid?.process
    if (server !== undefined) {
      if (server === call.owner) return call.fail('calling_self')
      watchServer(call, server)
      server.deliver(call)
    } else if (found.node === this.name) call.fail('noproc')
    else this.remote.call(call, found)
  }

  /**
   * @internal Most calls are answered in the turn they are made in. Only those that are not are registered with their
   * owner and get a timer, when the turn ends.
   */
  watchCall(call: Call): void {
    this.#newCalls.push(call)
    this.scheduler.ensureTurn()
  }

  #afterTurn(): void {
    const calls = this.#newCalls
    while (calls.size > 0) {
      const call = calls.shift()!
      if (!call.settled) this.#keepCall(call)
    }
  }

  #keepCall(call: Call): void {
    const { owner } = call
    if (owner.ended) return call.abandon()
    owner.openCalls ??= new Set()
    owner.openCalls.add(call)
    if (call.timeout !== Number.POSITIVE_INFINITY) this.timers.start(call, call.timeout)
  }

  /** @internal The error that a failed call of `owner` throws; see orphans.ts for what the owner is for. */
  exitOf(owner: CallOwner, reason: Reason, hint?: string): Exit {
    return blame(owner, new Exit(reason, hint))
  }

  // --- timers

  sendAfter(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref {
    return this.#processTimers.start(time, to, message, options)
  }

  startTimer(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref {
    return this.#processTimers.startTimeout(time, to, message, options)
  }

  /** @internal */
  startInterval(length: number, to: Dest, message: unknown): Ref {
    return this.#processTimers.startInterval(length, to, message)
  }

  cancelTimer(timer: Ref): number | false {
    return this.#processTimers.cancel(timer)
  }

  readTimer(timer: Ref): number | false {
    return this.#processTimers.read(timer)
  }

  /** @internal */
  dropTimers(newest: ProcessTimer): void {
    this.#processTimers.dropAll(newest)
  }

  sleep(milliseconds: number): Promise<void> {
    return sleep(this, milliseconds)
  }

  // --- nodes

  /** The names of the nodes that this one is connected with. */
  nodes(): readonly string[] {
    return this.remote.nodes()
  }

  /** @internal */
  monitorNodes(process: Process, flag: boolean): void {
    if (typeof flag !== 'boolean') throw fault('badarg', `monitorNodes takes true or false, not ${describe(flag)}`)
    if (flag) this.#nodeMonitors.add(process)
    else this.#nodeMonitors.delete(process)
  }

  /** @internal */
  announceNode(type: 'nodeup' | 'nodedown', node: string): void {
    for (const process of [...this.#nodeMonitors]) process.deliver(Object.freeze({ type, node }))
  }

  /** Hands a report to the reporter of this node. */
  report(report: Report): void {
    mustBeReport(report)
    this.#reporter(withMetadata(report, this.name, this.host.wall()))
  }

  /** Ends every process with `killed`, fails the calls of the outside and runs nothing any more. */
  kill(): void {
    if (this.#stopped) return
    for (const process of this.#processes.list()) if ((process.flags & ENDED) === 0) process.end('killed')
    if (this.openCalls !== undefined) for (const call of [...this.openCalls]) call.fail('noproc')
    this.#stopped = true
    this.remote.close()
    this.timers.clear()
  }
}

/** Exit signals from outside any process come from nobody. */
const NO_PID: Pid = new Pid(Object.freeze({ name: 'nonode@nohost', creation: 0 }), 0)
