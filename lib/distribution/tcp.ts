import net from 'node:net'
import { type Fault, fault } from '../internal/errors.ts'
import type { Listener, Socket, SocketHandler, Transport } from './transport.ts'

const nobody: SocketHandler = { opened: () => {}, data: () => {}, closed: () => {} }

class TcpSocket implements Socket {
  readonly remote: string
  handler: SocketHandler
  readonly #socket: net.Socket

  constructor(socket: net.Socket, remote: string, handler: SocketHandler) {
    this.#socket = socket
    this.remote = remote
    this.handler = handler
    let cause: Error | undefined
    socket.setNoDelay(true) // a turn's signals are one write: there is nothing to wait for
    socket.on('connect', () => this.handler.opened())
    socket.on('data', (bytes) => this.handler.data(bytes))
    socket.on('error', (error) => {
      cause = error
    })
    socket.on('close', () => this.handler.closed(cause))
  }

  get buffered(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  end(): void {
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** Connections over TCP, unencrypted: for a network that only the cluster's own machines are on. */
export const tcp: Transport = {
  listen(host, port, accept) {
    return new Promise((resolve, reject) => {
      const server = net.createServer((socket) => {
        accept(new TcpSocket(socket, `${socket.remoteAddress}:${socket.remotePort}`, nobody))
      })
      server.once('error', (error) => reject(listenFault(error, host, port)))
      server.listen(port, host, () => {
        server.on('error', () => {}) // a connection that could not be accepted is its maker's to notice
        resolve(new TcpListener(server))
      })
    })
  },

  connect(host, port, handler) {
    return new TcpSocket(net.connect({ host, port }), `${host}:${port}`, handler)
  },
}

class TcpListener implements Listener {
  readonly host: string
  readonly port: number
  readonly #server: net.Server

  constructor(server: net.Server) {
    const { address, port } = server.address() as net.AddressInfo
    this.#server = server
    this.host = address
    this.port = port
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): Fault {
  const where = `${host}:${port}, ${error.code ?? error.message}`
  const options = { cause: error }
  if (error.code === 'EADDRINUSE') return fault('port_in_use', where, options)
  if (error.code === 'EACCES') return fault('port_denied', where, options)
  const unknown = error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN'
  return fault(unknown ? 'host_unavailable' : 'listen_failed', where, options)
}
