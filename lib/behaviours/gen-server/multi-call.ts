import { fault } from '../../internal/errors.ts'
import { timeoutOr } from '../../kernel/calls.ts'
import type { Caller } from '../../kernel/context.ts'
import { describe } from '../../kernel/exit.ts'
import { isTimeout } from '../../kernel/options.ts'
import type { Dest, Operations, ReplyOf, RequestArguments } from '../../kernel/protocol.ts'
import { inNameOf, ownerOf } from '../caller.ts'
import { openRequest, takeResponse } from './request-ids.ts'

/**
 * The same request to the servers of one name on many nodes (`gen_server:multi_call/2,3,4`, `gen_server:abcast/2,3`).
 *
 *     import { abcast, createNode, type GenServer, multiCall, name, noreply, ok, reply } from 'guildhall'
 *
 *     const Load: GenServer<{ state: number; call: { get(): number }; cast: { add(n: number): void } }> = {
 *       init: () => ok(1),
 *       handleCall: { get: (_request, _from, load) => reply(load, load) },
 *       handleCast: { add: (n, load) => noreply(load + n) },
 *     }
 *
 *     const load = name(Load, 'load')
 *
 *     await using node = createNode({ name: 'a@here' })
 *     await node.start(Load, [], { name: load })
 *     abcast(node, undefined, load, 'add', 2)                          // undefined: to every node there is
 *     const [replies] = await multiCall(node, undefined, load, 'get')  // [['a@here', 3]]
 *
 *     caller                              each node, at once
 *     multiCall  ── request ──────────>   its server replies      ──>  [node, reply] in the replies
 *                                         gone, ended, too late   ──>  node in the bad nodes
 *
 * When not to use it: to tell processes that take an interest in something, whatever their names, use `pg`.
 */

export interface MultiCallOptions {
  /** Milliseconds to wait for all replies together; no limit unless told otherwise. */
  readonly timeout?: number
}

/** `[replies, badNodes]`, each in the order of the nodes asked. */
export type MultiCallResult<V> = readonly [
  replies: readonly (readonly [node: string, V])[],
  badNodes: readonly string[],
]

/**
 * Asks the server with this name on each of `nodes`, all at once, and waits for the replies; `undefined` is this node
 * and all that it is connected with. A node where the server is not there, ends, or does not answer in time is a bad
 * one; late replies never reach the caller (`gen_server:multi_call/2,3,4`). A server that asks itself waits in vain.
 * @throws Fault `bad_timeout` for a timeout that is none.
 */
export function multiCall<P, K extends keyof Operations<P, 'call'> & string>(
  caller: Caller,
  nodes: readonly string[] | undefined,
  name: { readonly name: string; readonly protocol?: P } | string,
  operation: K,
  ...rest: RequestArguments<Operations<P, 'call'>[K], MultiCallOptions>
): Promise<MultiCallResult<ReplyOf<Operations<P, 'call'>[K]>>> {
  return inNameOf(caller, async (owner) => {
    const [request, options] = rest as readonly [unknown?, MultiCallOptions?]
    const timeout = timeoutOr(options, Number.POSITIVE_INFINITY)
    if (!isTimeout(timeout)) throw fault('bad_timeout', `got ${describe(timeout)}`)
    const text = textOf(name)
    const asked = namesOf(nodes, caller).map(
      (node) => [node, openRequest(owner, { name: text, node }, operation, request)] as const,
    )
    const taken = await Promise.all(asked.map(([, one]) => takeResponse(owner, [one], timeout)))
    const replies: [string, ReplyOf<Operations<P, 'call'>[K]>][] = []
    const badNodes: string[] = []
    taken.forEach((arrival, i) => {
      const [node, one] = asked[i]!
      if (arrival === 'timeout') one.abandon()
      if (arrival !== 'timeout' && arrival.response[0] === 'reply') replies.push([node, arrival.response[1] as never])
      else badNodes.push(node)
    })
    return [replies, badNodes]
  })
}

/**
 * Casts to the server with this name on each of `nodes`, as in `multiCall`; like `cast` it never fails
 * (`gen_server:abcast/2,3`).
 */
export function abcast<P, K extends keyof Operations<P, 'cast'> & string>(
  caller: Caller,
  nodes: readonly string[] | undefined,
  name: { readonly name: string; readonly protocol?: P } | string,
  operation: K,
  ...request: RequestArguments<Operations<P, 'cast'>[K], never>
): 'abcast' {
  const text = textOf(name)
  for (const node of namesOf(nodes, caller))
    ownerOf(caller).cast({ name: text, node } as Dest<P>, operation, ...request)
  return 'abcast'
}

/** The nodes that `multiCall` and `abcast` mean unless told otherwise: this one and those it is connected with. */
function namesOf(nodes: readonly string[] | undefined, caller: Caller): readonly string[] {
  if (nodes === undefined) return [ownerOf(caller).node.name, ...caller.node.nodes()]
  if (!Array.isArray(nodes)) throw fault('badarg', 'nodes are an array of names, or undefined for all')
  return nodes
}

function textOf(name: { readonly name: string } | string): string {
  const text = typeof name === 'object' ? name?.name : name
  if (typeof text !== 'string') throw fault('badarg', 'on other nodes a server is found by its registered name')
  return text
}
