import type { Reason } from './exit.ts'
import type { MailboxOptions } from './mailbox-bound.ts'
import type { Node } from './node.ts'
import type { Pid, Ref } from './pid.ts'
import type { Priority } from './priority.ts'
import type { FlagName, FlagValue } from './process-flag.ts'
import type { Program } from './program.ts'
import type { Dest, Operations, ReplyOf, RequestArguments } from './protocol.ts'

export interface CallOptions {
  /** Milliseconds to wait for the reply, or `Infinity`. 5000 unless told otherwise. */
  readonly timeout?: number
}

/** The body of a raw process: runs once; when it returns, the process ends with reason `normal`. */
export type Body<A extends readonly unknown[] = readonly unknown[]> = (this: Context, ...args: A) => unknown

/** The caller of a request, to be answered once with `reply(from, value)`, from any process of any node. */
export interface From<in V = never> {
  /** The process that called; `undefined` for a call made outside any process. */
  readonly pid: Pid | undefined
  readonly accepts?: (value: V) => void
}

/**
 * Whatever sends and calls: a process, or a node for the code outside any process. Client functions of an actor take
 * it as their first argument.
 */
export interface Caller {
  readonly node: Node

  /**
   * Sends `message`; returns at once. Messages from one process to another arrive in the order they were sent, at most
   * once. Sending to a pid that is gone is no error.
   * @throws Fault `badarg` when `to` is a plain string that no process of this node is registered under.
   */
  send(to: Dest | Ref, message: unknown): void

  /**
   * Asks a server and waits for its reply.
   * @throws Exit whose reason is `[why, ['gen_server', 'call', [to, request]]]`, `why` being `noproc`, `timeout`,
   * `calling_self`, `['nodedown', node]`, a Fault `function_clause` for a timeout or a destination that is none, or the
   * reason the server ended with. A late reply is dropped.
   */
  call<P, K extends keyof Operations<P, 'call'> & string>(
    to: Dest<P>,
    operation: K,
    ...request: RequestArguments<Operations<P, 'call'>[K], CallOptions>
  ): Promise<ReplyOf<Operations<P, 'call'>[K]>>

  /**
   * Tells a server something and does not wait. It never fails, whether the server is there or not; what the registry
   * of a `{ via, key }` throws is dropped with the message, as in OTP.
   * @throws Fault `badarg` for what is no destination.
   */
  cast<P, K extends keyof Operations<P, 'cast'> & string>(
    to: Dest<P>,
    operation: K,
    ...request: RequestArguments<Operations<P, 'cast'>[K], never>
  ): void

  /**
   * Answers a call. The first answer counts; later ones, and those after the caller gave up, are dropped.
   * @throws Fault `function_clause` for what is no `from`
   */
  reply<V>(from: From<V>, value: V): void

  /**
   * Starts a process: an async function (see `receive`), or a program such as `loop(handler, state)`. A function that
   * does not exist (`undefined`) gives a process that ends with `undef`.
   * @throws Fault `badarg` for a body that is neither, `system_limit` when the node is full.
   */
  spawn<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid
  /**
   * Starts a process of what another node offers under this name (`erlang:spawn(Node, Module, Function, Args)`), and
   * resolves with its pid. When that node is away it resolves with a pid of nobody there, for which `monitor` and
   * `link` tell `noconnection`; a name that is not offered gives a process that ends with `undef`.
   * @throws Fault `system_limit` when that node is full; `badarg` for options that are none; `unencodable` and its kin
   * for arguments that cannot travel.
   */
  spawn(body: Offered, ...args: readonly unknown[]): Promise<Pid>

  /** Sends an exit signal, which takes effect at once (`erlang:exit/2`). */
  exit(to: Pid, reason: Reason): void

  /**
   * Sends `message` in `time` milliseconds, unless cancelled; a timer to a pid ends with that process.
   * @throws Fault `badarg` for a time that is none or too far away, and for a destination that is none.
   */
  sendAfter(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref
  /** As `sendAfter`, delivering `{ type: 'timeout', ref, message }`. */
  startTimer(time: number, to: Dest, message: unknown, options?: TimerOptions): Ref
  /** The milliseconds that were left, or `false` when it had fired or never was. A fired message stays queued. */
  cancelTimer(timer: Ref): number | false
  readTimer(timer: Ref): number | false
  /** Resolves in `milliseconds`; never, when the process has ended, or the node has been shut down, by then. */
  sleep(milliseconds: number): Promise<void>
}

export interface MonitorOptions {
  /** The `type` of the message instead of `DOWN`. */
  readonly tag?: string
  /**
   * The ref is also an alias of the watching process: something to send to, until `unalias` (`explicit_unalias`), or
   * also until the monitor is gone (`demonitor`), or also until one message has come (`reply_demonitor`, which then
   * removes the monitor).
   */
  readonly alias?: 'explicit_unalias' | 'demonitor' | 'reply_demonitor'
}

/** What a new process is given. */
export interface ProcessOptions {
  /** Normal unless told otherwise; see `Context.processFlag`. */
  readonly priority?: Priority
  /** How many messages may wait for it. As many as come, unless told otherwise. */
  readonly mailbox?: MailboxOptions
}

/** What another node offers to be spawned there, by name; see `Node.offer`. */
export interface Offered {
  readonly node: string
  readonly name: string
}

/** What spawning with these options gives. */
export type SpawnedAs<O extends SpawnOptions> = O extends { readonly monitor: true | MonitorOptions }
  ? readonly [Pid, Ref]
  : Pid

/** How a new process belongs to the one that spawns it (`erlang:spawn_opt/2`). */
export interface SpawnOptions extends ProcessOptions {
  readonly link?: boolean
  readonly monitor?: boolean | MonitorOptions
}

export interface SpawnRequestOptions extends SpawnOptions {
  /** The `type` of the message that answers, instead of `spawn_reply`. */
  readonly replyTag?: string
  /** Which outcomes are told: `yes` (the default) for both, `no` for none. A monitor still tells of the end. */
  readonly reply?: 'yes' | 'no' | 'error_only' | 'success_only'
}

/** What a `spawnRequest` delivers. */
export interface SpawnReply {
  readonly type: string
  readonly ref: Ref
  readonly result: readonly ['ok', Pid] | readonly ['error', Reason]
}

export interface TimerOptions {
  /**
   * The time is a point on the clock of the node's host (`node.host.monotonic()`) instead of a length: at once, in the
   * order they were started, for one that is past.
   */
  readonly abs?: boolean
}

export interface CancelTimerOptions {
  /** Answers with a message `{ type: 'cancel_timer', ref, result }`. */
  readonly async?: boolean
  /** `false`: nobody wants to know what was left. */
  readonly info?: boolean
}

export interface ReceiveOptions {
  /** Milliseconds, counted from this call, after which it resolves with TIMEOUT; 0 only looks. */
  readonly after?: number
}

/** What `receive` resolves with when its time is up. */
export const TIMEOUT: unique symbol = Symbol('TIMEOUT')

/**
 * A process as seen from inside: the `this` of its callbacks. When the process has ended, what is still running of it
 * can do nothing more: sends are dropped, waits never end, `signal` is aborted. A function that takes one, and not any
 * `Caller`, does what only a process can do.
 */
export interface ProcessCaller extends Caller {
  readonly self: Pid
  /** Aborted when the process ends: hand it to `fetch`, streams and the like. */
  readonly signal: AbortSignal

  spawnLink<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid
  spawnLink(body: Offered, ...args: readonly unknown[]): Promise<Pid>
  spawnMonitor<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): readonly [Pid, Ref]
  spawnMonitor(body: Offered, ...args: readonly unknown[]): Promise<readonly [Pid, Ref]>
  /** Spawns with a link, a monitor, or both, before the new process runs; with a monitor, its ref is returned, too. */
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
  /**
   * As `spawnOpt`, but what came of it arrives as a `SpawnReply` with the ref that is returned here, ahead of anything
   * from the new process. A monitor has that same ref. A full node answers `['error', 'system_limit']`, and another
   * node that is away `['error', 'noconnection']`.
   * @throws Fault `badarg` for a body that is no function and no program.
   */
  spawnRequest<A extends readonly unknown[]>(body: Body<A> | Program, options: SpawnRequestOptions, ...args: A): Ref
  spawnRequest(body: Offered, options: SpawnRequestOptions, ...args: readonly unknown[]): Ref
  /**
   * Gives up a `spawnRequest` of this process that another node has not answered: true, and no answer will come, nor
   * is a link or monitor set. The process may be there all the same; one that was to be linked then gets an exit signal
   * `abandoned`. False when it was answered or given up before, or is no request of this process.
   * @throws Fault `badarg` for what is no ref.
   */
  spawnRequestAbandon(request: Ref): boolean

  /**
   * Links this process and `pid`: when one ends, the other gets an exit signal.
   * @throws Fault `noproc` when a local `pid` is gone and this process does not trap exits.
   */
  link(pid: Pid): void
  /** Removes the link; afterwards no exit signal of it can arrive. One already in the mailbox stays. */
  unlink(pid: Pid): void
  /** Has a `DownMessage` sent when the process ends, or at once when it is not there. */
  monitor(to: Pid | Dest, options?: MonitorOptions): Ref
  /**
   * Ends a monitor. `flush` also removes a message of it that is already queued. False when it had fired before.
   * @throws Fault `badarg` for what is no ref
   */
  demonitor(ref: Ref, options?: { flush?: boolean }): boolean
  /** Whether exit signals become messages `{ type: 'EXIT', from, reason }`. Returns the flag as it was. */
  trapExit(flag: boolean): boolean
  /**
   * A ref that others can send to, until `unalias`; with `reply` until one message has come. What is sent later is
   * dropped. For answers that may come too late; `call` needs none.
   */
  alias(options?: { readonly reply?: boolean }): Ref
  /** Ends an alias; messages that have arrived stay. False when it was no active alias of this process. */
  unalias(alias: Ref): boolean
  /**
   * Sets a flag of this process and returns what it was: `trap_exit`, or `priority`: `low`, `normal`, `high` or `max`.
   * While one of `max` can run no other process of the node does, then come those of `high`; `low` gets one turn for
   * eight of `normal`.
   */
  processFlag<F extends FlagName>(flag: F, value: FlagValue<F>): FlagValue<F>
  /** Inherited from the process that spawned this one; the node's own (`Node.groupLeader`) for all others. */
  groupLeader(): Pid

  /** Keeps `value` under `key`, a term, in the process dictionary. Returns what was there, or `undefined`. */
  put(key: unknown, value: unknown): unknown
  get(key: unknown): unknown
  /** The whole dictionary. */
  get(): readonly (readonly [key: unknown, value: unknown])[]
  /** The keys of the dictionary; with `value` those under which it is kept. */
  getKeys(...value: readonly [value?: unknown]): unknown[]
  /** Removes `key` from the dictionary and returns what was there, or `undefined`. */
  erase(key: unknown): unknown
  /** Empties the dictionary and returns what was in it. */
  erase(): readonly (readonly [key: unknown, value: unknown])[]
  /** Says, for people, what this process is: shown by process info and crash reports (`proc_lib:set_label/1`). */
  setLabel(label: unknown): void

  cancelTimer(timer: Ref): number | false
  /** With `async`, or `info: false`, the answer is `ok`; see CancelTimerOptions. */
  cancelTimer(timer: Ref, options: CancelTimerOptions): number | false | 'ok'
  /** Whether the names of nodes that come and go are sent here: `{ type: 'nodeup' | 'nodedown', node }`. */
  monitorNodes(flag: boolean): void

  /** Registers this process's resource; it is closed when the process ends, before links and monitors hear of it. */
  own<T extends Disposable | AsyncDisposable>(resource: T): T
}

/** A raw process as seen from inside: the `this` of a function that was spawned. It takes its messages itself. */
export interface Context extends ProcessCaller {
  /**
   * Takes the earliest message for which `match` answers true, leaving the others in order, or waits for one. Without
   * `match` the earliest there is. Rejects with Fault `timeout_value` for a bad `after`.
   */
  receive<T = unknown>(match?: (message: unknown) => message is T): Promise<T>
  receive<T = unknown>(
    match: ((message: unknown) => message is T) | undefined,
    options: ReceiveOptions,
  ): Promise<T | typeof TIMEOUT>
  receive(match?: (message: unknown) => boolean, options?: ReceiveOptions): Promise<unknown>
}
