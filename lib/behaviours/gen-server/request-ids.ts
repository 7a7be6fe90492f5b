import { fault } from '../../internal/errors.ts'
import { CALL, Call, type CallOwner, watchServer } from '../../kernel/calls.ts'
import { describe, type Reason } from '../../kernel/exit.ts'
import { OBSERVED } from '../../kernel/flags.ts'
import type { Resolved } from '../../kernel/node.ts'
import { maySend } from '../../kernel/observe.ts'
import { isTimeout } from '../../kernel/options.ts'
import { paced } from '../../kernel/pacing.ts'
import { Process } from '../../kernel/process.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { takeMessage } from '../../kernel/take-message.ts'
import { TimerEntry } from '../../kernel/timer-wheel.ts'
import { startFor, stopFor } from '../../kernel/waits.ts'

/**
 * A request whose response is not awaited where it is made. Where the response goes:
 *
 *     settled ──> somebody awaits it (waitResponse, receiveResponse)?  yes: it is handed over
 *                        │ no
 *                        v
 *               the mailbox of the process that asked, as a ResponseMessage, in its turn
 *                        │ taken from there by a later waitResponse, or else handled like any message: checkResponse
 *
 * A request that was made outside any process keeps its response until it is awaited.
 */

/** What came of a request. `reason` is `noproc`, `noconnection`, or what the server ended with. */
export type Response<V = unknown> = readonly ['reply', V] | readonly ['error', readonly [reason: Reason, server: Dest]]

/** The message that a response is when nobody awaited it: hand it to `checkResponse`. */
export interface ResponseMessage {
  readonly type: 'response'
  readonly request: RequestId
  readonly response: Response
}

/** Names a request that was sent with `sendRequest`. Opaque; `V` is the type of the reply. */
export interface RequestId<out V = unknown> {
  readonly operation: string
  readonly replies?: V
}

/** A request that was sent with `sendRequest`, as its owner keeps it. */
export class PendingRequest extends Call implements RequestId {
  /** The response, from its arrival until it is taken, or for ever when a handler took the message. */
  arrived: Arrival | undefined
  waiter: ResponseWaiter | undefined

  constructor(owner: CallOwner, to: Dest, operation: string, request: unknown) {
    super(owner, to, CALL, operation, request, Number.POSITIVE_INFINITY, unused, unused)
  }

  /** A late answer never reaches the mailbox, also when there is no limit to the time. */
  override get alias(): boolean {
    return true
  }

  override settle(value: unknown): void {
    if (this.close()) this.#arrive(['reply', value])
  }

  override fail(why: Reason): void {
    if (!this.close()) return
    const reason = Array.isArray(why) && why[0] === 'nodedown' ? 'noconnection' : why
    this.#arrive(['error', [reason, this.to]])
  }

  override abandon(): void {
    super.abandon()
    this.waiter?.cancel()
  }

  #arrive(response: Response): void {
    const { owner, waiter } = this
    if (owner.ended) return
    const arrival = new Arrival(this, response)
    if (waiter?.offer(arrival)) return
    this.arrived = arrival
    if (owner instanceof Process) owner.deliver(arrival)
  }
}

const unused = () => {}
let arrivals = 0

/** A response that has come. */
export class Arrival implements ResponseMessage {
  readonly type = 'response'
  readonly request: PendingRequest
  readonly response: Response
  /** Tells which came first of those that no mailbox keeps in order. */
  readonly order: number = arrivals++

  constructor(request: PendingRequest, response: Response) {
    this.request = request
    this.response = response
  }
}

/** Somebody who waits for the first response of some requests. */
class ResponseWaiter extends TimerEntry {
  readonly owner: CallOwner
  #resolve: ((arrival: Arrival | 'timeout') => void) | undefined

  constructor(owner: CallOwner, resolve: (arrival: Arrival | 'timeout') => void) {
    super()
    this.owner = owner
    this.#resolve = resolve
  }

  /** False when it has what it waited for, or waits no more. */
  offer(arrival: Arrival | 'timeout'): boolean {
    const resolve = this.#resolve
    if (resolve === undefined) return false
    this.cancel()
    if (!this.owner.ended) resolve(arrival)
    return true
  }

  cancel(): void {
    this.#resolve = undefined
    stopFor(this.owner, this)
  }

  override expire(): void {
    this.offer('timeout')
  }
}

/** Sends a request; it is open from now on. */
export function openRequest(owner: CallOwner, to: Dest, operation: string, request: unknown): PendingRequest {
  if (typeof operation !== 'string') throw fault('badarg', 'the name of an operation is a string')
  const made = new PendingRequest(owner, to, operation, request)
  if (owner.ended) return made
  const process = owner.pidOrNone?.process
  if (process !== undefined && (process.flags & OBSERVED) !== 0) maySend(process, to, made)
  const { node } = owner
  let found: Resolved
  try {
    found = node.resolve(to)
  } catch (thrown) {
    made.fail(thrown)
    return made
  }
  const server = found.pid?.process
  if (server !== undefined) {
    watchServer(made, server)
    server.deliver(made)
  } else if (found.node === node.name) made.fail('noproc')
  else node.remote.call(made, found)
  if (!made.settled) node.watchCall(made)
  return made
}

/** The request behind an id, which `owner` must have made. */
export function pendingOf(id: RequestId, owner: CallOwner): PendingRequest {
  if (id instanceof PendingRequest && id.owner === owner) return id
  throw fault('badarg', 'a response is for the process that sent the request: pass the id that sendRequest returned it')
}

/**
 * Takes the first response of `requests`, waiting for it at most `timeout` milliseconds.
 * @throws Fault `badarg` when all of them have been handed to message handlers already.
 */
export async function takeResponse(
  owner: CallOwner,
  requests: readonly PendingRequest[],
  timeout: number,
): Promise<Arrival | 'timeout'> {
  if (!isTimeout(timeout)) throw fault('bad_timeout', `got ${describe(timeout)}`)
  if (owner.ended) return new Promise(() => {})
  const arrived = takeArrived(owner, requests)
  if (arrived !== undefined) return paced(owner, Promise.resolve(arrived))
  const open = requests.filter((request) => !request.settled)
  if (open.length === 0) throw fault('badarg', 'the response has been taken already')
  if (timeout === 0) return paced(owner, Promise.resolve('timeout'))
  return new Promise((resolve) => {
    const waiter = new ResponseWaiter(owner, resolve)
    for (const request of open) request.waiter = waiter
    if (timeout !== Number.POSITIVE_INFINITY) startFor(owner, waiter, timeout)
  })
}

/** The earliest of those that are there; a process's are in its mailbox, in which it must not stay. */
function takeArrived(owner: CallOwner, requests: readonly PendingRequest[]): Arrival | undefined {
  const there = requests.filter((request) => request.arrived !== undefined)
  if (there.length === 0) return undefined
  const first = owner instanceof Process ? takeFromMailbox(owner, new Set(there)) : oldest(there)
  if (first !== undefined) first.request.arrived = undefined
  return first
}

function takeFromMailbox(owner: Process, requests: ReadonlySet<PendingRequest>): Arrival | undefined {
  const found = takeMessage(owner, (message) => message instanceof Arrival && requests.has(message.request))
  return found instanceof Arrival ? found : undefined
}

function oldest(requests: readonly PendingRequest[]): Arrival | undefined {
  let first: Arrival | undefined
  for (const { arrived } of requests)
    if (arrived && (first === undefined || arrived.order < first.order)) first = arrived
  return first
}
