import type { Listener, Socket, SocketHandler, Transport } from '../../lib/distribution/index.ts'
import { fault } from '../../lib/internal/errors.ts'

const nobody: SocketHandler = { opened: () => {}, data: () => {}, closed: () => {} }

class MemorySocket implements Socket {
  handler: SocketHandler
  readonly remote: string
  readonly #network: MemoryNetwork
  peer: MemorySocket | undefined
  /** What is to happen at this end, in order. */
  readonly inbox: (() => void)[] = []
  buffered = 0
  isClosed = false
  isStalled = false
  #isEnding = false

  constructor(network: MemoryNetwork, remote: string, handler: SocketHandler) {
    this.#network = network
    this.remote = remote
    this.handler = handler
  }

  write(bytes: Uint8Array): void {
    const { peer } = this
    if (this.isClosed || peer === undefined) return
    const copy = Uint8Array.from(bytes)
    this.buffered += copy.length
    peer.arrives(() => {
      this.buffered -= copy.length
      if (this.#isEnding && this.buffered === 0) this.destroy()
      if (!peer.isClosed) peer.handler.data(copy)
    })
  }

  end(): void {
    this.#isEnding = true
    if (this.buffered === 0) this.destroy()
  }

  destroy(): void {
    if (this.isClosed) return
    this.isClosed = true
    const { peer } = this
    this.arrives(() => this.handler.closed(undefined))
    peer?.arrives(() => {
      if (peer.isClosed) return
      peer.isClosed = true
      peer.handler.closed(undefined)
    })
  }

  arrives(event: () => void): void {
    this.inbox.push(event)
    this.#network.pending(this)
  }
}

/**
 * A network in memory. What is written arrives in order, some turns later; in `manual` mode one event at a time, when
 * and where `step` says.
 */
export class MemoryNetwork implements Transport {
  readonly #listeners = new Map<string, (socket: Socket) => void>()
  readonly sockets: MemorySocket[] = []
  manual = false

  async listen(host: string, port: number, accept: (socket: Socket) => void): Promise<Listener> {
    const address = `${host}:${port}`
    if (this.#listeners.has(address)) throw fault('port_in_use', address)
    this.#listeners.set(address, accept)
    return {
      host,
      port,
      close: async () => {
        this.#listeners.delete(address)
      },
    }
  }

  connect(host: string, port: number, handler: SocketHandler): Socket {
    const near = new MemorySocket(this, `${host}:${port}`, handler)
    this.sockets.push(near)
    near.arrives(() => {
      const accept = this.#listeners.get(`${host}:${port}`)
      if (near.isClosed) return
      if (accept === undefined) {
        near.isClosed = true
        return near.handler.closed(new Error('nobody listens there'))
      }
      const far = new MemorySocket(this, 'the initiator', nobody)
      this.sockets.push(far)
      far.peer = near
      near.peer = far
      accept(far)
      near.handler.opened()
    })
    return near
  }

  /** How many connections are open at both ends. */
  get connections(): number {
    return this.sockets.filter((socket) => !socket.isClosed && socket.peer?.isClosed === false).length / 2
  }

  /** What is written to or by the nodes stays where it is, as when the network swallows it. */
  stall(): void {
    for (const socket of this.sockets) socket.isStalled = true
  }

  /** Every connection breaks. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  pending(socket: MemorySocket): void {
    if (!this.manual) setImmediate(() => this.#deliver(socket))
  }

  /** Lets one event happen, at the socket that `pick` chooses among those where one is due; false when there is none. */
  step(pick: (choices: number) => number): boolean {
    const due = this.sockets.filter((socket) => socket.inbox.length > 0 && !socket.isStalled)
    if (due.length === 0) return false
    this.#deliver(due[pick(due.length)]!)
    return true
  }

  /** Lets one event happen at every socket where one is due; false when there is none. */
  round(): boolean {
    const due = this.sockets.filter((socket) => socket.inbox.length > 0 && !socket.isStalled)
    for (const socket of due) this.#deliver(socket)
    return due.length > 0
  }

  #deliver(socket: MemorySocket): void {
    if (!socket.isStalled) socket.inbox.shift()?.()
  }
}
