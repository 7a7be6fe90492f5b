import { GATEWAY_LISTENER, GatewayListener, type GatewayListenerApi } from '../../actors/gateway-listener.ts'
import { createHouse, type House } from '../../actors/house.ts'
import { rootSpec } from '../../supervisors/root.ts'
import { apiHandlers } from '../api/index.ts'
import { name, type OtpNode } from '../behaviours/index.ts'
import { chooseTransport } from '../gateway/choose.ts'
import type { Reason } from '../kernel/exit.ts'
import type { Name } from '../kernel/protocol.ts'
import type { Storage } from '../storage/port.ts'
import type { Address, Endpoint, TransportWish } from './worker-protocol.ts'

export interface ChatNodeOptions {
  readonly storage: Storage
  /** The names of the nodes that guilds are placed on; this one alone unless told otherwise. */
  readonly nodes?: readonly string[]
  /** The node's number in its snowflakes. */
  readonly worker: number
  readonly http: Address
  readonly transport: TransportWish
}

const LISTENER: Name<GatewayListenerApi> = name(GatewayListener, GATEWAY_LISTENER)

/** The chat backend's part of a node. */
export interface ChatNode {
  readonly house: House
  readonly endpoint: Endpoint
  /** Resolves when its tree has ended, with the reason. */
  readonly ended: Promise<Reason>
}

/**
 * Starts the chat backend on a node, which serves clients when this resolves.
 * @throws transport_unavailable; and what the listener is refused with, as an Exit
 */
export async function startChatNode(node: OtpNode, options: ChatNodeOptions): Promise<ChatNode> {
  const { storage, nodes = [node.name], worker, http } = options
  const { transport, reason } = chooseTransport(options.transport)
  const house = createHouse({ node, storage, nodes, worker })
  const root = await node.supervise(rootSpec(house, { ...http, transport, handlers: apiHandlers(house) }))
  const address = await node.call(LISTENER, 'address')
  return { house, endpoint: { ...address, transport: transport.name, reason }, ended: node.endOf(root) }
}
