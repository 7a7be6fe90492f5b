import { fault } from '../internal/errors.ts'
import { PROCESSES_PER_NODE } from '../internal/limits.ts'
import { Ring } from '../internal/ring.ts'
import { CALL, type Call, type CallOwner, Cast, makeCall, watchServer } from './calls.ts'
import type { Body, Caller, CallOptions, From } from './context.ts'
import { Exit, type Reason } from './exit.ts'
import { ENDED, QUEUED } from './flags.ts'
import type { Host } from './host.ts'
import { type NodeAddress, Pid, Ref } from './pid.ts'
import { Process } from './process.ts'
import { type ProcessInfo, type ProcessInfoResult, processInfo } from './process-info.ts'
import { ProcessTable } from './process-table.ts'
import { type ProcessTimer, ProcessTimers } from './process-timers.ts'
import type { Program } from './program.ts'
import type { Dest, Name, Operations, ReplyOf, RequestArguments } from './protocol.ts'
import { rawProgram } from './raw.ts'
import { isRequest, Remote } from './remote.ts'
import { RemoteFrom } from './remote-peer.ts'
import { lineReporter, type Report, type Reporter } from './report.ts'
import { Scheduler } from './scheduler.ts'
import * as signals from './signals.ts'
import { systemHost, watchOrphans, writeToStderr } from './system-host.ts'
import { TimerEntry, TimerWheel } from './timer-wheel.ts'

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

/** Where a destination leads: `pid` when it is known here, `name` when it was given by name. */
export interface Resolved {
  readonly node: string
  readonly pid?: Pid | undefined
  readonly name?: string | undefined
}

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
  /** @internal */ openCalls: Set<Call> | undefined
  readonly #processes = new ProcessTable()
  readonly #names = new Map<string, Process>()
  readonly #processTimers: ProcessTimers
  readonly #nodeMonitors = new Set<Process>()
  readonly #reporter: Reporter
  readonly #maxProcesses: number
  readonly #newCalls = new Ring<Call>(64)
  #nextId = 1
  #nextRef = 1
  #stopped = false

  constructor(options: NodeOptions = {}) {
    const { name = 'nonode@nohost', host = systemHost } = options
    if (!/^[^@\s]+@[^@\s]+$/.test(name)) throw fault('badarg', `a node's name has the form name@host, not ${name}`)
    this.address = Object.freeze({ name, creation: 1 + host.below(2 ** 32 - 1) })
    this.host = host
    this.#reporter = options.reporter ?? lineReporter(writeToStderr)
    this.#maxProcesses = options.maxProcesses ?? PROCESSES_PER_NODE
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

  spawn<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid {
    return this.spawnProcess(body, args).pid
  }

  /** @internal */
  spawnProcess<A extends readonly unknown[]>(body: Body<A> | Program, args: A): Process {
    if (typeof body === 'function' || body === undefined) return this.startProcess(rawProgram, { body, args })
    if (typeof body?.run !== 'function') throw fault('badarg', 'spawn takes a function or a program')
    return this.startProcess(body, undefined)
  }

  /** @internal The new process runs `program` with `state` from its first turn on. */
  startProcess(program: Program, state: unknown): Process {
    if (this.#stopped) throw fault('node_stopped')
    if (this.#processes.size >= this.#maxProcesses) {
      throw fault('system_limit', `${this.#maxProcesses} processes live on ${this.name}`)
    }
    const process = new Process(this, this.#nextId++, program, state)
    this.#processes.add(process.pid.id, process)
    process.flags = QUEUED
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
    return pid.process !== undefined
  }

  /**
   * One thing about a process of this node, as `[item, value]`: `undefined` when it has ended, `[]` for the
   * `registered_name` of one that has none (`erlang:process_info/2`).
   * @throws Fault `badarg` for an unknown item and for a pid of another node.
   */
  processInfo<K extends keyof ProcessInfo>(pid: Pid, item: K): ProcessInfoResult<K> {
    return processInfo(this, pid, item)
  }

  /** @internal */
  processOf(id: number): Process | undefined {
    return this.#processes.get(id)
  }

  /** @internal The process has ended: nothing leads to it any more. */
  forget(process: Process): void {
    this.#processes.delete(process.pid.id)
    process.pid.process = undefined
    const name = process.rare?.name
    if (name !== undefined) this.#names.delete(name)
    this.#nodeMonitors.delete(process)
  }

  makeRef(): Ref {
    return new Ref(this.address, this.#nextRef++)
  }

  // --- names

  /**
   * @throws Fault `badarg` when the name is taken, or `pid` has a name, has ended or lives on another node.
   */
  register(name: string, pid: Pid): void {
    if (typeof name !== 'string' || name === 'undefined') throw fault('badarg', 'a name is a string, not undefined')
    const process = pid instanceof Pid ? pid.process : undefined
    if (process === undefined || process.node !== this) throw fault('badarg', `${pid} is no process of this node`)
    if (this.#names.has(name)) throw fault('badarg', `the name ${name} is taken`)
    if (process.rare?.name !== undefined) throw fault('badarg', `${pid} is registered as ${process.rare.name}`)
    process.extra.name = name
    this.#names.set(name, process)
  }

  /** @throws Fault `badarg` when no process has this name. */
  unregister(name: string): void {
    const process = this.#names.get(name)
    if (process === undefined) throw fault('badarg', `no process is registered as ${name}`)
    this.#names.delete(name)
    process.extra.name = undefined
  }

  whereis(name: string): Pid | undefined {
    return this.#names.get(name)?.pid
  }

  registered(): string[] {
    return [...this.#names.keys()]
  }

  /** @internal */
  resolve(to: Dest): Resolved {
    const found = this.#find(to)
    if (found === undefined) throw fault('badarg', DEST_FORMS)
    return found
  }

  /** `undefined` for what is no destination. */
  #find(to: Dest): Resolved | undefined {
    if (to instanceof Pid) return { node: to.node, pid: to }
    if (typeof to === 'string') return { node: this.name, pid: this.whereis(to), name: to }
    if (typeof to === 'object' && to !== null) {
      if ('via' in to) {
        const pid = to.via.whereisName(to.key, this)
        return { node: pid?.node ?? this.name, pid }
      }
      const { name, node } = to as Name
      if (typeof name === 'string') {
        if (node === undefined || node === this.name) return { node: this.name, pid: this.whereis(name), name }
        return { node, name }
      }
    }
    return undefined
  }

  // --- messages

  send(to: Dest, message: unknown): void {
    const target = (to as Partial<Pid>).process
    if (target !== undefined) target.deliver(message)
    else this.route(to, message)
  }

  /** @internal `send`, when `to` is no pid of a process that lives here. */
  route(to: Dest, message: unknown): void {
    const found = this.resolve(to)
    if (found.node !== this.name) this.remote.send(found, message)
    else if (found.pid !== undefined) found.pid.process?.deliver(message)
    else if (typeof to === 'string' || 'via' in to) throw fault('badarg', 'no process is registered under this name')
  }

  /** @internal For timers: an absent name is no error, the message is dropped. */
  sendQuietly(to: Dest, message: unknown): void {
    const found = this.resolve(to)
    if (found.node !== this.name) this.remote.send(found, message)
    else found.pid?.process?.deliver(message)
  }

  call<P, K extends keyof Operations<P, 'call'> & string>(
    to: Dest<P>,
    operation: K,
    ...request: RequestArguments<Operations<P, 'call'>[K], CallOptions>
  ): Promise<ReplyOf<Operations<P, 'call'>[K]>>
  call(to: Dest, operation: string, request?: unknown, options?: CallOptions): Promise<unknown> {
    return makeCall(this, to, CALL, operation, request, options?.timeout)
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
    const target = (to as Partial<Pid>).process
    if (target !== undefined) target.deliver(message)
    else this.sendQuietly(to, message)
  }

  reply<V>(from: From<V>, value: V): void {
    if (isRequest(from)) from.settle(value)
    else if (from instanceof RemoteFrom) this.remote.reply(from, value)
    else throw fault('badarg', 'reply takes the `from` that a request came with')
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
      found = this.#find(call.to)
    } catch (thrown) {
      return call.fail(thrown) // by the registry of a `via`
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
    if (call.alias) this.timers.start(call, call.timeout)
  }

  /** @internal The error that a failed call of `owner` throws; see `ownerOf` for what the owner is for. */
  exitOf(owner: CallOwner, reason: Reason): Exit {
    const error = new Exit(reason)
    if (owner instanceof Process) orphans.set(error, owner)
    return error
  }

  // --- timers

  sendAfter(milliseconds: number, to: Dest, message: unknown): Ref {
    return this.#processTimers.start(milliseconds, to, message)
  }

  startTimer(milliseconds: number, to: Dest, message: unknown): Ref {
    return this.#processTimers.startTimeout(milliseconds, to, message)
  }

  cancelTimer(timer: Ref): number | false {
    return this.#processTimers.cancel(timer)
  }

  readTimer(timer: Ref): number | false {
    return this.#processTimers.read(timer)
  }

  /** @internal */
  dropTimer(timer: ProcessTimer): void {
    this.#processTimers.drop(timer)
  }

  sleep(milliseconds: number): Promise<void> {
    return this.sleepOf(this, milliseconds)
  }

  /** @internal */
  sleepOf(owner: CallOwner, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.timers.start(new Wake(() => owner.ended || resolve()), milliseconds)
    })
  }

  /** @internal Calls `then` once `closing` is settled or `milliseconds` have passed. */
  afterClosing(closing: Promise<unknown>, milliseconds: number, then: () => void): void {
    let pending = true
    const proceed = () => {
      if (!pending) return
      pending = false
      this.timers.stop(limit)
      then()
    }
    const limit = new Wake(proceed)
    this.timers.start(limit, milliseconds)
    closing.then(proceed)
  }

  // --- nodes

  /** The names of the nodes that this one is connected with. */
  nodes(): readonly string[] {
    return this.remote.nodes()
  }

  /** @internal */
  monitorNodes(process: Process, flag: boolean): void {
    if (flag) this.#nodeMonitors.add(process)
    else this.#nodeMonitors.delete(process)
  }

  /** @internal */
  announceNode(type: 'nodeup' | 'nodedown', node: string): void {
    for (const process of [...this.#nodeMonitors]) process.deliver(Object.freeze({ type, node }))
  }

  /** Hands a report to the reporter of this node. */
  report(report: Report): void {
    this.#reporter(report)
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

const DEST_FORMS = 'a destination is a pid, a registered name, { name, node } or { via, key }'

/** Exit signals from outside any process come from nobody. */
const NO_PID: Pid = new Pid(Object.freeze({ name: 'nonode@nohost', creation: 0 }), 0)

/** A timer that only calls. */
class Wake extends TimerEntry {
  readonly #run: () => void

  constructor(run: () => void) {
    super()
    this.#run = run
  }

  override expire(): void {
    this.#run()
  }
}

/** The processes whose calls failed, by the error they were thrown. */
const orphans = new WeakMap<object, Process>()

/**
 * Ends the process that a promise belongs to which was rejected with `reason` and which nobody awaits. False when the
 * reason is not known to come from a process.
 */
export function endOwnerOf(reason: unknown): boolean {
  const owner = typeof reason === 'object' && reason !== null ? orphans.get(reason) : undefined
  owner?.crash(reason)
  return owner !== undefined
}
