import { type Fault, fault } from '../internal/errors.ts'
import type { Node } from '../kernel/node.ts'
import type { NodeAddress } from '../kernel/pid.ts'
import { TimerEntry } from '../kernel/timer-wheel.ts'
import { Handshake, NONCE_BYTES, type Refusal, type Verdict } from './handshake.ts'
import type { Socket, SocketHandler } from './transport.ts'

export interface SessionHandler {
  /** An initiator is let in. `rest` are the first bytes of frames. */
  passed(session: HandshakeSession, rest: Uint8Array): void
  /** For an acceptor: to be answered with `accept` or `refuse`. */
  proven(session: HandshakeSession): void
  /** The socket is gone. */
  failed(session: HandshakeSession, why: Fault): void
}

export interface SessionOptions {
  readonly role: 'initiator' | 'acceptor'
  readonly secret: Uint8Array
  readonly expected?: string
  /** Milliseconds for all of it, the connecting included. */
  readonly timeout: number
}

/** A socket on which nothing but the handshake is read, until it has passed or its time is up. */
export class HandshakeSession extends TimerEntry implements SocketHandler {
  readonly #node: Node
  readonly #handler: SessionHandler
  readonly #handshake: Handshake
  #socket: Socket | undefined
  #over = false

  constructor(node: Node, options: SessionOptions, handler: SessionHandler) {
    super()
    this.#node = node
    this.#handler = handler
    const { role, secret, expected, timeout } = options
    const nonce = node.host.bytes(NONCE_BYTES)
    this.#handshake = new Handshake({ role, self: node.address, secret, nonce, expected })
    node.timers.start(this, timeout)
  }

  /** Who the other end says it is; to be believed once it is proven. */
  get peer(): NodeAddress | undefined {
    return this.#handshake.peer
  }

  /** Whether this end has sent its proof. */
  get hasProven(): boolean {
    return this.#handshake.hasProven
  }

  get remote(): string {
    return this.#socket?.remote ?? 'nowhere'
  }

  run(socket: Socket): void {
    this.#socket = socket
  }

  /** The acceptor lets the other end in, and gives its socket away. */
  accept(): Socket {
    this.#socket!.write(this.#handshake.accept())
    return this.release()
  }

  refuse(why: Refusal): void {
    this.#fail(fault(why, this.peer?.name), this.#handshake.refuse(why))
  }

  /** Gives up without a word to either side. */
  abort(): void {
    if (this.#over) return
    this.#end()
    this.#socket?.destroy()
  }

  /** Gives the socket away: the session is over. */
  release(): Socket {
    this.#end()
    return this.#socket!
  }

  opened(): void {
    this.#socket!.write(this.#handshake.open())
  }

  data(bytes: Uint8Array): void {
    if (this.#over) return
    const verdict: Verdict = this.#handshake.push(bytes)
    if (verdict.state === 'failed') return this.#fail(verdict.fault, verdict.send)
    if (verdict.send !== undefined) this.#socket!.write(verdict.send)
    if (verdict.state === 'proven') this.#handler.proven(this)
    else if (verdict.state === 'passed') this.#handler.passed(this, verdict.rest)
  }

  closed(cause: Error | undefined): void {
    if (this.#over) return
    this.#end()
    const options = cause === undefined ? undefined : { cause }
    this.#handler.failed(this, fault('connect_failed', cause?.message ?? `${this.remote} closed it`, options))
  }

  override expire(): void {
    if (!this.#over) this.#fail(fault('handshake_timeout', this.remote), undefined)
  }

  #fail(why: Fault, farewell: Uint8Array | undefined): void {
    this.#end()
    const socket = this.#socket!
    if (farewell === undefined) socket.destroy()
    else {
      socket.write(farewell)
      socket.end()
    }
    this.#handler.failed(this, why)
  }

  #end(): void {
    this.#over = true
    this.#node.timers.stop(this)
  }
}
