import { type Fault, fault } from '../internal/errors.ts'
import { NAME_PROBE_MS, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from '../internal/limits.ts'
import type { Node } from '../kernel/node.ts'
import type { NodeAddress } from '../kernel/pid.ts'
import { CALL_REQUEST, type Sent, type Signal } from '../kernel/remote-signals.ts'
import { TimerEntry } from '../kernel/timer-wheel.ts'
import { HandshakeSession } from './handshake-session.ts'
import { Link, type LinkHandler, type LinkLimits } from './link.ts'
import type { Socket, Transport } from './transport.ts'

/** Where a node of the cluster listens. */
export interface PeerAddress {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** What the routes of a node have in common. */
export interface RouteContext {
  readonly node: Node
  readonly transport: Transport
  readonly secret: Uint8Array
  readonly handshakeTimeout: number
  readonly limits: LinkLimits
  /** The connection to a node is there, or gone, or could not be made. */
  up(route: Route): void
  down(route: Route, why: Fault, wasUp: boolean): void
}

interface Queued {
  readonly creation: number | undefined
  readonly signal: Signal
  readonly bytes: number
  readonly elements: number
}

/**
 * The way to one other node.
 *
 *                   use, or the timer                     passed, or it came in
 *     idle ──────────────────────────────> connecting ────────────────────────────> up
 *      ^ ^                                  |      | refused: both connect           |
 *      | └─ timer ── resting <── failed ────┴─< yielding: the other's will come in   |
 *      └───────────────────────────── connection lost ───────────────────────────────┘
 *
 * Signals wait while it is connecting or yielding, and are unreachable while it rests after a failure, so that sending
 * to a node that is gone fails fast and does not make a storm of attempts. When both nodes connect at once, the
 * connection that the node with the greater name began is kept.
 */
export class Route extends TimerEntry implements LinkHandler {
  readonly name: string
  readonly #context: RouteContext
  readonly #address: PeerAddress | undefined
  #state: 'idle' | 'connecting' | 'yielding' | 'resting' | 'up' | 'closed' = 'idle'
  #link: Link | undefined
  #attempt: HandshakeSession | undefined
  #queue: Queued[] = []
  #queuedBytes = 0
  #failures = 0
  /** Told whether the present link has answered a probe. */
  #probed: ((alive: boolean) => void) | undefined

  constructor(context: RouteContext, name: string, address: PeerAddress | undefined) {
    super()
    this.name = name
    this.#context = context
    this.#address = address
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** Whether so much waits for the other node that calls to it are refused. */
  get isBusy(): boolean {
    return this.#link?.busy ?? this.#queuedBytes > this.#context.limits.softBytes
  }

  /** Whether nothing would be lost by forgetting this route. */
  get isForgettable(): boolean {
    return this.#address === undefined && this.#state !== 'up'
  }

  /** The start of the other node that this one is connected with. */
  get peer(): NodeAddress | undefined {
    return this.#link?.peer
  }

  /** See `Carrier.send`; the signal has passed a gate. */
  send(creation: number | undefined, signal: Signal, bytes: number, elements: number): Sent {
    const link = this.#link
    if (link !== undefined) {
      if (signal[0] === CALL_REQUEST && this.isBusy) return 'busy'
      if (creation === undefined || creation === link.peer.creation) link.send(signal, bytes, elements)
      else this.#giveBack(creation, signal)
      return 'sent'
    }
    if (this.#state === 'idle') this.connect()
    if (this.#state !== 'connecting' && this.#state !== 'yielding') return 'unreachable'
    const { hardBytes } = this.#context.limits
    if (signal[0] === CALL_REQUEST && this.isBusy) return 'busy'
    this.#queue.push({ creation, signal, bytes, elements })
    this.#queuedBytes += bytes
    if (this.#queuedBytes > hardBytes) {
      const why = fault('link_overflow', `${this.#queuedBytes} bytes wait for a connection`)
      this.#context.node.host.microtask(() => this.#failed(why))
    }
    return 'sent'
  }

  /** Begins to connect, unless that is under way or the other node's address is not known. */
  connect(): void {
    if (this.#address === undefined || (this.#state !== 'idle' && this.#state !== 'resting')) return
    const { node, secret, handshakeTimeout, transport } = this.#context
    const { name, host, port } = this.#address
    node.timers.stop(this)
    this.#state = 'connecting'
    const options = { role: 'initiator', secret, expected: name, timeout: handshakeTimeout } as const
    const attempt = new HandshakeSession(node, options, {
      passed: (session, rest) => this.adopt(session.release(), session.peer!, rest),
      proven: () => {},
      failed: (_session, why) => this.#attemptFailed(why),
    })
    this.#attempt = attempt
    attempt.run(transport.connect(host, port, attempt))
  }

  /**
   * Whether a connection that the other node began, and on which it has proven itself, is wanted: `yes` after the
   * present one has been given up for it. A link to the same start of the node must be dead, or it would not connect
   * again; one to another start is asked for a sign of life, as two nodes may have got the same name.
   */
  admits(peer: NodeAddress, decide: (answer: 'yes' | 'simultaneous_connect' | 'node_name_taken') => void): void {
    const link = this.#link
    if (link === undefined) {
      const ours = this.#attempt?.hasProven === true && this.#context.node.name > this.name
      return decide(ours ? 'simultaneous_connect' : 'yes')
    }
    if (link.peer.creation === peer.creation) {
      this.#lose(link, fault('connection_lost', 'it connected again'))
      return decide('yes')
    }
    if (this.#probed !== undefined) return decide('node_name_taken')
    const { timers } = this.#context.node
    this.#probed = (alive) => {
      this.#probed = undefined
      timers.stop(this)
      if (alive) return decide('node_name_taken')
      if (this.#link === link) this.#lose(link, fault('connection_lost', 'it was started anew'))
      decide('yes')
    }
    link.probe()
    timers.start(this, NAME_PROBE_MS)
  }

  /** Takes over a socket on which the handshake has passed. */
  adopt(socket: Socket, peer: NodeAddress, rest?: Uint8Array): void {
    const { node, limits } = this.#context
    this.#attempt?.abort()
    this.#attempt = undefined
    node.timers.stop(this)
    const link = new Link(node, socket, peer, limits, this)
    this.#link = link
    this.#state = 'up'
    this.#failures = 0
    this.#context.up(this)
    const queue = this.#takeQueue()
    for (const { creation, signal, bytes, elements } of queue) {
      if (creation === undefined || creation === peer.creation) link.send(signal, bytes, elements)
      else this.#giveBack(creation, signal)
    }
    if (rest !== undefined && rest.length > 0) link.data(rest)
  }

  /** Closes the connection when there is one; it may be made again. */
  disconnect(): boolean {
    this.#link?.close(fault('disconnected'))
    return this.#link !== undefined
  }

  /** For good. */
  close(): void {
    this.#attempt?.abort()
    this.#attempt = undefined
    this.#context.node.timers.stop(this)
    const link = this.#link
    link?.close(fault('disconnected'))
    if (link !== undefined) this.#lose(link, fault('disconnected'))
    else if (this.#state === 'connecting' || this.#state === 'yielding') this.#failed(fault('disconnected'))
    this.#context.node.timers.stop(this)
    this.#state = 'closed'
  }

  // --- of the link

  signal(from: NodeAddress, signal: Signal): void {
    this.#context.node.remote.receive(from, signal)
  }

  down(link: Link, why: Fault): void {
    if (link === this.#link) this.#lose(link, why)
  }

  pong(link: Link): void {
    if (link === this.#link) this.#probed?.(true)
  }

  // --- of the timer

  override expire(): void {
    if (this.#state === 'up') this.#probed?.(false)
    else if (this.#state === 'yielding') this.#failed(fault('handshake_timeout', `${this.name} did not connect`))
    else this.connect()
  }

  #lose(link: Link, why: Fault): void {
    this.#link = undefined
    this.#state = 'idle'
    link.cut(why)
    const probed = this.#probed
    this.#probed = undefined
    this.#retryIn(RECONNECT_MIN_MS)
    this.#context.down(this, why, true)
    probed?.(false)
  }

  #attemptFailed(why: Fault): void {
    this.#attempt = undefined
    if (this.#state !== 'connecting') return
    if (why.code !== 'simultaneous_connect') return this.#failed(why)
    this.#state = 'yielding'
    this.#context.node.timers.start(this, this.#context.handshakeTimeout)
  }

  #failed(why: Fault): void {
    if (this.#state !== 'connecting' && this.#state !== 'yielding') return
    this.#attempt?.abort()
    this.#attempt = undefined
    this.#context.node.timers.stop(this)
    this.#takeQueue()
    this.#state = 'resting'
    this.#retryIn(Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** Math.min(this.#failures++, 16)))
    this.#context.down(this, why, false)
  }

  /** A random half of the time is left out, so that nodes that lost each other at once do not all come at once. */
  #retryIn(milliseconds: number): void {
    const { host, timers } = this.#context.node
    const half = Math.ceil(milliseconds / 2)
    timers.stop(this)
    if (this.#address !== undefined) timers.start(this, half + host.below(half))
  }

  #takeQueue(): Queued[] {
    const queue = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    return queue
  }

  /** The signal is for an earlier start of the node; the kernel must not hear of it before it has sent it. */
  #giveBack(creation: number, signal: Signal): void {
    const { host, remote } = this.#context.node
    const to = { name: this.name, creation }
    host.microtask(() => remote.undeliverable(to, signal))
  }
}
