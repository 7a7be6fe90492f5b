import type { DownMessage, Reason } from './exit.ts'
import type { Node } from './node.ts'
import type { Pid, Ref } from './pid.ts'
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
  send(to: Dest, message: unknown): void

  /**
   * Asks a server and waits for its reply.
   * @throws Exit whose reason is `[why, ['gen_server', 'call', [to, request]]]`, `why` being `noproc`, `timeout`,
   * `calling_self`, `['nodedown', node]` or the reason the server ended with. A late reply is dropped.
   */
  call<P, K extends keyof Operations<P, 'call'> & string>(
    to: Dest<P>,
    operation: K,
    ...request: RequestArguments<Operations<P, 'call'>[K], CallOptions>
  ): Promise<ReplyOf<Operations<P, 'call'>[K]>>

  /** Tells a server something and does not wait; like `send` it never fails, whether the server is there or not. */
  cast<P, K extends keyof Operations<P, 'cast'> & string>(
    to: Dest<P>,
    operation: K,
    ...request: RequestArguments<Operations<P, 'cast'>[K], never>
  ): void

  /** Answers a call. The first answer counts; later ones, and those after the caller gave up, are dropped. */
  reply<V>(from: From<V>, value: V): void

  /** Starts a process: an async function (see `receive`), or a program such as `loop(handler, state)`. */
  spawn<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid

  /** Sends an exit signal, which takes effect at once (`erlang:exit/2`). */
  exit(to: Pid, reason: Reason): void

  /** Sends `message` in `milliseconds`, unless cancelled; a timer to a pid ends with that process. */
  sendAfter(milliseconds: number, to: Dest, message: unknown): Ref
  /** As `sendAfter`, delivering `{ type: 'timeout', ref, message }`. */
  startTimer(milliseconds: number, to: Dest, message: unknown): Ref
  /** The milliseconds that were left, or `false` when it had fired or never was. A fired message stays queued. */
  cancelTimer(timer: Ref): number | false
  readTimer(timer: Ref): number | false
  /** Resolves in `milliseconds`; never, when the process has ended by then. */
  sleep(milliseconds: number): Promise<void>
}

export interface MonitorOptions {
  /** The `type` of the message instead of `DOWN`. */
  readonly tag?: string
}

export interface ReceiveOptions {
  /** Milliseconds, counted from this call, after which it resolves with TIMEOUT; 0 only looks. */
  readonly after?: number
}

/** What `receive` resolves with when its time is up. */
export const TIMEOUT: unique symbol = Symbol('TIMEOUT')

/**
 * A process as seen from inside: the `this` of its callbacks. When the process has ended, what is still running of it
 * can do nothing more: sends are dropped, waits never end, `signal` is aborted.
 */
export interface Context extends Caller {
  readonly self: Pid
  /** Aborted when the process ends: hand it to `fetch`, streams and the like. */
  readonly signal: AbortSignal

  spawnLink<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): Pid
  spawnMonitor<A extends readonly unknown[]>(body: Body<A> | Program, ...args: A): readonly [Pid, Ref]

  /**
   * Links this process and `pid`: when one ends, the other gets an exit signal.
   * @throws Fault `noproc` when a local `pid` is gone and this process does not trap exits.
   */
  link(pid: Pid): void
  /** Removes the link; afterwards no exit signal of it can arrive. One already in the mailbox stays. */
  unlink(pid: Pid): void
  /** Has a `DownMessage` sent when the process ends, or at once when it is not there. */
  monitor(to: Pid | Dest, options?: MonitorOptions): Ref
  /** Ends a monitor. `flush` also removes a message of it that is already queued. False when it had fired before. */
  demonitor(ref: Ref, options?: { flush?: boolean }): boolean
  /** Whether exit signals become messages `{ type: 'EXIT', from, reason }`. Returns the flag as it was. */
  trapExit(flag: boolean): boolean
  /** Whether the names of nodes that come and go are sent here: `{ type: 'nodeup' | 'nodedown', node }`. */
  monitorNodes(flag: boolean): void

  /** Registers this process's resource; it is closed when the process ends, before links and monitors hear of it. */
  own<T extends Disposable | AsyncDisposable>(resource: T): T

  /**
   * For raw processes: takes the earliest message for which `match` answers true, leaving the others in order, or
   * waits for one. Without `match` the earliest there is.
   */
  receive<T = unknown>(match?: (message: unknown) => message is T): Promise<T>
  receive<T = unknown>(
    match: ((message: unknown) => message is T) | undefined,
    options: ReceiveOptions,
  ): Promise<T | typeof TIMEOUT>
  receive(match?: (message: unknown) => boolean, options?: ReceiveOptions): Promise<unknown>
}

export type { DownMessage }
