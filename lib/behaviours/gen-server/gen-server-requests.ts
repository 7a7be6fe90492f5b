import { fault } from '../../internal/errors.ts'
import type { CallOwner } from '../../kernel/calls.ts'
import type { Caller } from '../../kernel/context.ts'
import { describe } from '../../kernel/exit.ts'
import type { Dest, Operations, ReplyOf, RequestArguments } from '../../kernel/protocol.ts'
import { inNameOf, ownerOf } from '../caller.ts'
import {
  Arrival,
  openRequest,
  PendingRequest,
  pendingOf,
  type RequestId,
  type Response,
  takeResponse,
} from './request-ids.ts'

/**
 * Requests to servers whose response is not awaited where they are made: `call` in two halves.
 *
 *     import { createNode, type GenServer, ok, receiveResponse, reply, sendRequest } from 'guildhall'
 *
 *     const Adder: GenServer<{ state: number; init: [start: number]; call: { add(n: number): number } }> = {
 *       init: (start) => ok(start),
 *       handleCall: { add: (n, _from, sum) => reply(sum + n, sum + n) },
 *     }
 *
 *     const node = createNode()
 *     const [left, right] = [await node.start(Adder, [2]), await node.start(Adder, [4])]
 *     const a = sendRequest(node, left, 'add', 1)                  // both servers work at once
 *     const b = sendRequest(node, right, 'add', 1)
 *     const sums = [await receiveResponse(node, a), await receiveResponse(node, b)]    // [['reply', 3], ['reply', 5]]
 *
 * A server need not await anything: the response comes as a message, between which it handles others.
 *
 *     handleCall: {
 *       total(_request, from, state) {
 *         return noreply({ ...state, from, id: sendRequest(this, left, 'sum') })
 *       },
 *     },
 *     handleInfo(message, state) {
 *       const response = checkResponse(message, state.id)
 *       if (response === 'no_reply') return noreply(state)         // some other message
 *       ...
 *
 * Nothing here throws when a server is gone: that is the response `['error', [reason, server]]`. For an answer that is
 * awaited at once use `call`, which costs less; a response that has to pass the mailbox is found there by a search.
 *
 * The rules are those of gen_server:send_request/2,4, check_response/2,3, wait_response/2,3, receive_response/2,3 and
 * the reqids of OTP 25.
 */

/** Sends a request and returns at once, whether the server is there or not; it may be the asking process itself. */
export function sendRequest<P, K extends keyof Operations<P, 'call'> & string>(
  caller: Caller,
  to: Dest<P>,
  operation: K,
  ...request: RequestArguments<Operations<P, 'call'>[K], never>
): RequestId<ReplyOf<Operations<P, 'call'>[K]>> {
  return openRequest(ownerOf(caller), to, operation, request[0]) as RequestId<never>
}

/** Requests with a label each, to wait for any of them. A value: `reqidsAdd` makes a new one. */
export interface RequestIds<out V = unknown, out L = unknown> {
  readonly size: number
  readonly labels: ReadonlyMap<RequestId<V>, L>
}

class Collection {
  readonly labels: ReadonlyMap<RequestId, unknown>

  constructor(labels: ReadonlyMap<RequestId, unknown>) {
    this.labels = labels
  }

  get size(): number {
    return this.labels.size
  }

  without(id: RequestId): Collection {
    const labels = new Map(this.labels)
    labels.delete(id)
    return new Collection(labels)
  }
}

/** A collection without requests. */
export function reqidsNew(): RequestIds<never, never> {
  return new Collection(new Map()) as RequestIds as RequestIds<never, never>
}

/** `ids` with one more request; an id that is there already gets the new label. */
export function reqidsAdd<V, L, W, M>(id: RequestId<W>, label: M, ids: RequestIds<V, L>): RequestIds<V | W, L | M> {
  mustBeIds(ids)
  mustBePending(id)
  return new Collection(new Map<RequestId, unknown>([...ids.labels, [id, label]])) as RequestIds as RequestIds<
    V | W,
    L | M
  >
}

function mustBeIds<V, L>(ids: RequestIds<V, L>): RequestIds<V, L> {
  if (ids instanceof Collection) return ids
  throw fault('badarg', 'a collection of requests is what reqidsNew returns')
}

/** How many requests a collection has. */
export function reqidsSize(ids: RequestIds): number {
  return mustBeIds(ids).size
}

/** The requests with their labels, in the order they were added. */
export function reqidsToList<V, L>(ids: RequestIds<V, L>): readonly (readonly [RequestId<V>, L])[] {
  return [...mustBeIds(ids).labels]
}

/** One response of a collection: what it is, the label of its request, and what is left of the collection. */
export type LabelledResponse<V, L> = readonly [response: Response<V>, label: L, ids: RequestIds<V, L>]

/**
 * Waits at most `timeout` milliseconds for a response. After `'timeout'` the request goes on and may be awaited again.
 * For a collection: the first response of any; with `remove` the collection that comes with it is without that request.
 * @throws Fault `badarg` when another process sent the request, or a message handler has taken its response.
 */
export function waitResponse<V>(
  caller: Caller,
  id: RequestId<V>,
  timeout: ResponseTimeout,
): Promise<Response<V> | 'timeout'>
export function waitResponse<V, L>(
  caller: Caller,
  ids: RequestIds<V, L>,
  timeout: ResponseTimeout,
  remove: boolean,
): Promise<LabelledResponse<V, L> | 'no_request' | 'timeout'>
export function waitResponse(
  caller: Caller,
  ids: RequestId | RequestIds,
  timeout: ResponseTimeout,
  remove = false,
): Promise<unknown> {
  return awaitResponse(caller, ids, timeout, remove, () => {})
}

/** As `waitResponse`, for ever unless told otherwise; but `'timeout'` abandons the request: a late reply vanishes. */
export function receiveResponse<V>(caller: Caller, id: RequestId<V>): Promise<Response<V>>
export function receiveResponse<V>(
  caller: Caller,
  id: RequestId<V>,
  timeout: ResponseTimeout,
): Promise<Response<V> | 'timeout'>
export function receiveResponse<V, L>(
  caller: Caller,
  ids: RequestIds<V, L>,
  timeout: ResponseTimeout,
  remove: boolean,
): Promise<LabelledResponse<V, L> | 'no_request' | 'timeout'>
export function receiveResponse(
  caller: Caller,
  ids: RequestId | RequestIds,
  timeout: ResponseTimeout = Number.POSITIVE_INFINITY,
  remove = false,
): Promise<unknown> {
  return awaitResponse(caller, ids, timeout, remove, (request) => request.abandon())
}

/**
 * Milliseconds, or a point on the clock of the node's host (`node.host.monotonic()`): until that, however many
 * responses are waited for one after the other.
 */
export type ResponseTimeout = number | readonly ['abs', time: number]

function millisecondsOf({ node }: CallOwner, timeout: ResponseTimeout): number {
  if (!Array.isArray(timeout)) return timeout as number
  const [tag, time] = timeout as ResponseTimeout & readonly unknown[]
  if (tag === 'abs' && Number.isFinite(time)) return Math.max(0, Math.ceil((time as number) - node.host.monotonic()))
  throw fault('bad_timeout', `got ${describe(timeout)}`)
}

function awaitResponse(
  caller: Caller,
  ids: RequestId | RequestIds,
  timeout: ResponseTimeout,
  remove: boolean,
  giveUp: (request: PendingRequest) => void,
): Promise<unknown> {
  return inNameOf(caller, async (owner) => {
    mustBeFlag(remove)
    const collection = ids instanceof Collection ? ids : undefined
    if (collection?.size === 0) return 'no_request'
    const requests = collection === undefined ? [pendingOf(ids as RequestId, owner)] : pendingIn(collection, owner)
    const taken = await takeResponse(owner, requests, millisecondsOf(owner, timeout))
    if (taken === 'timeout') {
      requests.forEach(giveUp)
      return 'timeout'
    }
    return collection === undefined ? taken.response : labelled(collection, taken, remove)
  })
}

/**
 * Whether a message is the response of a request: the response, or `'no_reply'`. For a collection, of any request in
 * it, as `waitResponse` tells it.
 */
export function checkResponse<V>(message: unknown, id: RequestId<V>): Response<V> | 'no_reply'
export function checkResponse<V, L>(
  message: unknown,
  ids: RequestIds<V, L>,
  remove: boolean,
): LabelledResponse<V, L> | 'no_request' | 'no_reply'
export function checkResponse(message: unknown, ids: RequestId | RequestIds, remove = false): unknown {
  mustBeFlag(remove)
  if (!(ids instanceof Collection)) {
    mustBePending(ids)
    return message instanceof Arrival && message.request === ids ? message.response : 'no_reply'
  }
  if (ids.size === 0) return 'no_request'
  return message instanceof Arrival && ids.labels.has(message.request) ? labelled(ids, message, remove) : 'no_reply'
}

function mustBePending(id: unknown): void {
  if (!(id instanceof PendingRequest)) throw fault('badarg', 'a request id is what sendRequest returns')
}

function mustBeFlag(remove: boolean): void {
  if (typeof remove !== 'boolean') throw fault('badarg', `remove is true or false, not ${describe(remove)}`)
}

function labelled(collection: Collection, { request, response }: Arrival, remove: boolean) {
  const label = collection.labels.get(request)
  return [response, label, remove ? collection.without(request) : collection] as const
}

function pendingIn(collection: Collection, owner: ReturnType<typeof ownerOf>): PendingRequest[] {
  return [...collection.labels.keys()].map((id) => pendingOf(id, owner))
}
