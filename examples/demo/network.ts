import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A network between a bot and its node, which can be broken. */
export class Network implements Disposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async to(port: number): Promise<Network> {
    const network = new Network(port)
    await once(network.#server.listen(0, '127.0.0.1'), 'listening')
    return network
  }

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = this.#keep(connect(port, '127.0.0.1'))
      this.#keep(near).pipe(far).pipe(near)
      near.once('close', () => far.destroy())
      far.once('close', () => near.destroy())
    })
  }

  /** Where the node's API is through this network. */
  get api(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address?.port}/api`
  }

  /** Cuts what is connected, without a word to either side. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.cut()
    this.#server.close()
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }
}
