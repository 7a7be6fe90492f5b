import type { CallKind } from './calls.ts'
import type { ProcessOptions } from './context.ts'
import type { Reason } from './exit.ts'

/**
 * Signals between nodes, as positional arrays: the kind, then what the comment names. An `id` is a process of the node
 * that sends (from) or receives (to); `to` is an id or a registered name; `ref` is a number that the sender chose, in
 * REPLY and CALL_FAILED the one that came with the request.
 */
export const SEND = 1 // to, message
export const CALL_REQUEST = 2 // to, from id or 0, ref, kind, alias, operation, request
export const REPLY = 3 // ref, value, caller's id or 0, alias
export const CALL_FAILED = 4 // ref, reason, acknowledged
export const CAST = 5 // to, operation, request
export const LINK = 6 // from id, to id
export const UNLINK = 7 // from id, to id
export const LINK_EXIT = 8 // from id, to id, reason
export const EXIT = 9 // from id, to id, reason
export const MONITOR = 10 // ref, to
export const DEMONITOR = 11 // ref
export const DOWN = 12 // ref, reason
export const ALIAS_SEND = 14 // ref of the alias, message
export const SPAWN = 15 // from id or 0, ref, name of the offer, args, link, monitor, options
export const SPAWNED = 16 // ref, whether, id or reason
export const CALL_FORGOTTEN = 13 // ref: the caller has its answer from elsewhere, or waits no more

export type To = number | string
export type Signal =
  | readonly [typeof SEND, To, unknown]
  | readonly [typeof CALL_REQUEST, To, number, number, CallKind, boolean, string, unknown]
  | readonly [typeof REPLY, number, unknown, number, boolean]
  | readonly [typeof CALL_FAILED, number, Reason, boolean]
  | readonly [typeof CAST, To, string, unknown]
  | readonly [typeof LINK | typeof UNLINK, number, number]
  | readonly [typeof LINK_EXIT | typeof EXIT, number, number, Reason]
  | readonly [typeof MONITOR, number, To]
  | readonly [typeof DEMONITOR | typeof CALL_FORGOTTEN, number]
  | readonly [typeof DOWN, number, Reason]
  | readonly [typeof ALIAS_SEND, number, unknown]
  | readonly [typeof SPAWN, number, number, string, readonly unknown[], boolean, boolean, ProcessOptions]
  | readonly [typeof SPAWNED, number, true, number]
  | readonly [typeof SPAWNED, number, false, Reason]

/** `sent`: taken, in order. `busy`: the link is congested, not taken. `unreachable`: there is no way to that node. */
export type Sent = 'sent' | 'busy' | 'unreachable'

/** What carries signals to other nodes. Order between two nodes holds; what is lost shows as a node that goes down. */
export interface Carrier {
  /**
   * Takes a signal for `node`, connecting when there is no connection yet. `creation` is the start of that node for
   * which the signal is meant, `undefined` when any will do: one that is for another start is given back, later than
   * this call returns, with `Remote.undeliverable`. Only calls are answered with `busy`.
   * @throws Fault when what the signal carries cannot travel; nothing was taken then. Never for signals that a process
   * does not send by itself (LINK_EXIT, DOWN, CALL_FAILED): a reason that cannot travel arrives as its description.
   */
  send(node: string, creation: number | undefined, signal: Signal): Sent
  /** Whether the link to `node` is congested: calls would be answered with `busy`. */
  isBusy(node: string): boolean
  connected(): readonly string[]
  /** The node has stopped. */
  close(): void
}
