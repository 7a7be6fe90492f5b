import type { Fault } from '../internal/errors.ts'
import { HANDSHAKES_PENDING, REFUSAL_REPORT_MS } from '../internal/limits.ts'
import type { Node } from '../kernel/node.ts'
import type { NodeAddress } from '../kernel/pid.ts'
import { HandshakeSession, type SessionHandler } from './handshake-session.ts'
import type { Route } from './route.ts'
import type { Socket } from './transport.ts'

export interface AcceptorOptions {
  readonly node: Node
  readonly secret: Uint8Array
  readonly handshakeTimeout: number
  /** The route to a node that has proven itself; `undefined` when there is no place for one more. */
  routeTo(peer: NodeAddress): Route | undefined
}

/**
 * Takes the connections that come in through the handshake. Those that have not passed are few and cost little: when
 * there are too many, the oldest gives way, because an honest one takes milliseconds.
 */
export class Acceptor implements SessionHandler {
  readonly #options: AcceptorOptions
  readonly #pending = new Set<HandshakeSession>()
  #reportedAt = Number.NEGATIVE_INFINITY
  #unreported = 0

  constructor(options: AcceptorOptions) {
    this.#options = options
  }

  accept(socket: Socket): void {
    if (this.#pending.size >= HANDSHAKES_PENDING) {
      const [oldest] = this.#pending
      this.#drop(oldest!)
    }
    const { node, secret, handshakeTimeout } = this.#options
    const session = new HandshakeSession(node, { role: 'acceptor', secret, timeout: handshakeTimeout }, this)
    session.run(socket)
    socket.handler = session
    this.#pending.add(session)
  }

  /** A connection with the node of this name is there: others that it began before must not replace it. */
  settle(name: string): void {
    for (const session of [...this.#pending]) if (session.peer?.name === name) this.#drop(session)
  }

  close(): void {
    for (const session of [...this.#pending]) this.#drop(session)
  }

  proven(session: HandshakeSession): void {
    const peer = session.peer!
    const route = this.#options.routeTo(peer)
    if (route === undefined) return this.#drop(session)
    route.admits(peer, (answer) => {
      if (!this.#pending.has(session)) return // it went away meanwhile
      if (answer !== 'yes') return session.refuse(answer)
      this.#pending.delete(session)
      route.adopt(session.accept(), peer)
    })
  }

  passed(): void {}

  failed(session: HandshakeSession, why: Fault): void {
    this.#pending.delete(session)
    if (why.code !== 'simultaneous_connect' && why.code !== 'connect_failed') this.#report(session, why)
  }

  #drop(session: HandshakeSession): void {
    this.#pending.delete(session)
    session.abort()
  }

  /** Whoever can reach the port can cause these, so they are few. */
  #report(session: HandshakeSession, why: Fault): void {
    const { node } = this.#options
    const now = node.host.monotonic()
    if (now - this.#reportedAt < REFUSAL_REPORT_MS) {
      this.#unreported++
      return
    }
    const details = { remote: session.remote, claims: session.peer?.name, reason: why.message, more: this.#unreported }
    node.report({ level: 'warning', label: ['distribution', 'connection_refused'], details })
    this.#reportedAt = now
    this.#unreported = 0
  }
}
