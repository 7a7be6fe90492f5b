import { type Fault, type FaultCode, fault } from '../internal/errors.ts'
import {
  ERROR_MESSAGE_CHARACTERS,
  HANDSHAKE_MS,
  LINK_HARD_BYTES,
  LINK_SOFT_BYTES,
  PEERS_PER_NODE,
  TICK_INTERVAL_MS,
} from '../internal/limits.ts'
import { describe, type Reason } from '../kernel/exit.ts'
import { Node } from '../kernel/node.ts'
import type { NodeAddress } from '../kernel/pid.ts'
import { CALL_FAILED, type Carrier, DOWN, LINK_EXIT, type Sent, type Signal } from '../kernel/remote-signals.ts'
import { Acceptor } from './acceptor.ts'
import { bytesOfSecret, type DistributionOptions, mustBeDistribution, mustBeReachable } from './distribution-options.ts'
import { Route, type RouteContext } from './route.ts'
import { tcp } from './tcp.ts'
import { TermGate } from './terms.ts'
import type { Listener } from './transport.ts'

/** The ways of one node to the others. */
export interface Distribution extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** The names of the nodes that are connected. */
  nodes(): readonly string[]
  /**
   * Closes the connection to a node, which every link, monitor and call across it sees as `noconnection`; false when
   * there is none. A node of the list is connected again, soon or when it is next sent to.
   */
  disconnect(name: string): boolean
  /** Closes all connections, writing what waits, and stops listening. The node lives on by itself. */
  close(): Promise<void>
}

/**
 * Connects a node with others: from then on pids, names, links, monitors, calls and exits reach across.
 *
 * Nodes of the list are connected with at once, again when a connection was lost (after 0.1 to 5 seconds, with a random
 * part), and when something is sent to them; what is sent meanwhile waits. Signals from one process to another arrive
 * in the order they were sent, each at most once; none is lost but together with the connection, which links see as
 * `noconnection`, calls as `['nodedown', name]` and those who asked with `monitorNodes` as `nodedown`.
 *
 * A term that cannot travel (see terms.ts) is refused where it is sent: `send`, `cast`, `exit` and `reply` throw a
 * Fault `unencodable`, `term_too_deep` or `signal_too_large`, a call fails with it.
 *
 * @throws Fault `badarg`, `weak_secret`, `port_in_use`, `port_denied`, `host_unavailable`, `listen_failed`,
 * `node_stopped`.
 */
export async function distribute(node: Node, options: DistributionOptions): Promise<Distribution> {
  if (!(node instanceof Node)) throw fault('badarg', `distribute takes a node, not ${describe(node, 1)}`)
  if (node.ended) throw fault('node_stopped', node.name)
  mustBeDistribution(options)
  mustBeReachable(node.name)
  const secret = bytesOfSecret(options.secret)
  const cluster = new Cluster(node, secret, options)
  node.remote.attach(cluster)
  try {
    await cluster.open(options)
  } catch (error) {
    node.remote.detach()
    throw error
  }
  return cluster
}

class Cluster implements Carrier, Distribution {
  readonly #node: Node
  readonly #context: RouteContext
  readonly #gate: TermGate
  readonly #acceptor: Acceptor
  readonly #routes = new Map<string, Route>()
  /** Why connecting failed last, by node, to report each reason once. */
  readonly #failures = new Map<string, FaultCode>()
  #listener: Listener | undefined
  #closing: Promise<void> | undefined

  constructor(node: Node, secret: Uint8Array, options: DistributionOptions) {
    const handshakeTimeout = options.handshakeTimeout ?? HANDSHAKE_MS
    this.#node = node
    this.#gate = new TermGate(node)
    this.#acceptor = new Acceptor({ node, secret, handshakeTimeout, routeTo: (peer) => this.#routeTo(peer) })
    this.#context = {
      node,
      secret,
      handshakeTimeout,
      transport: options.transport ?? tcp,
      limits: {
        tickInterval: options.tickInterval ?? TICK_INTERVAL_MS,
        softBytes: options.softBytes ?? LINK_SOFT_BYTES,
        hardBytes: options.hardBytes ?? LINK_HARD_BYTES,
      },
      up: (route) => this.#up(route),
      down: (route, why, wasUp) => this.#down(route, why, wasUp),
    }
  }

  async open({ listen, peers = [] }: DistributionOptions): Promise<void> {
    const listener = await this.#context.transport.listen(listen.host, listen.port, (socket) => {
      if (this.#closing !== undefined) socket.destroy()
      else this.#acceptor.accept(socket)
    })
    this.#listener = listener
    if (this.#closing !== undefined) {
      await listener.close()
      throw fault('node_stopped', this.#node.name)
    }
    for (const peer of peers) {
      if (peer.name !== this.#node.name) this.#routes.set(peer.name, new Route(this.#context, peer.name, peer))
    }
    for (const route of this.#routes.values()) route.connect()
  }

  get host(): string {
    return this.#listener!.host
  }

  get port(): number {
    return this.#listener!.port
  }

  nodes(): readonly string[] {
    return this.connected()
  }

  disconnect(name: string): boolean {
    return this.#routes.get(name)?.disconnect() ?? false
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // --- Carrier

  send(name: string, creation: number | undefined, signal: Signal): Sent {
    const route = this.#routes.get(name)
    if (route !== undefined) {
      const form = this.#pass(signal)
      return route.send(creation, form, this.#gate.bytes, this.#gate.elements)
    }
    if (name !== this.#node.name || creation === undefined) return 'unreachable'
    // A pid of an earlier start of this very node.
    this.#node.host.microtask(() => this.#node.remote.undeliverable({ name, creation }, signal))
    return 'sent'
  }

  isBusy(name: string): boolean {
    return this.#routes.get(name)?.isBusy ?? false
  }

  connected(): readonly string[] {
    return [...this.#routes.values()].filter((route) => route.isUp).map((route) => route.name)
  }

  // --- what becomes of the routes

  #up(route: Route): void {
    const { name } = route
    this.#routes.set(name, route)
    this.#acceptor.settle(name)
    this.#failures.delete(name)
    this.#node.report({ level: 'info', label: ['distribution', 'nodeup'], details: { node: name } })
    this.#node.remote.nodeUp(name)
  }

  #down(route: Route, why: Fault, wasUp: boolean): void {
    const { name } = route
    if (route.isForgettable) this.#routes.delete(name)
    if (wasUp || this.#failures.get(name) !== why.code) {
      const label = ['distribution', wasUp ? 'nodedown' : 'connect_failed'] as const
      const expected = why.code === 'disconnected' || why.code === 'connect_failed'
      this.#node.report({ level: expected ? 'info' : 'warning', label, details: { node: name, reason: why.message } })
    }
    if (!wasUp) this.#failures.set(name, why.code)
    this.#node.remote.nodeDown(name, wasUp)
  }

  /** Checks and measures a signal. A reason that cannot travel must not stop the news that a process has ended. */
  #pass(signal: Signal): Signal {
    try {
      return this.#gate.pass(signal)
    } catch (error) {
      switch (signal[0]) {
        case LINK_EXIT:
          return this.#gate.pass([LINK_EXIT, signal[1], signal[2], described(signal[3])])
        case DOWN:
          return this.#gate.pass([DOWN, signal[1], described(signal[2])])
        case CALL_FAILED:
          return this.#gate.pass([CALL_FAILED, signal[1], described(signal[2]), signal[3]])
        default:
          throw error
      }
    }
  }

  #routeTo(peer: NodeAddress): Route | undefined {
    let route = this.#routes.get(peer.name)
    if (route === undefined && this.#routes.size < PEERS_PER_NODE) {
      route = new Route(this.#context, peer.name, undefined)
      this.#routes.set(peer.name, route)
    }
    return route
  }

  async #close(): Promise<void> {
    this.#node.remote.detach()
    this.#acceptor.close()
    for (const route of [...this.#routes.values()]) route.close()
    this.#routes.clear()
    await this.#listener?.close()
  }
}

function described(reason: Reason): Reason {
  return ['unencodable', describe(reason).slice(0, ERROR_MESSAGE_CHARACTERS)]
}
