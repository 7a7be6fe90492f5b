import { tcp } from '../../lib/distribution/index.ts'
import type { Socket, Transport } from '../../lib/distribution/transport.ts'

/** TCP whose cable can be pulled: connections are lost at once, and none comes about until it is mended. */
export class Cable {
  #isCut = false
  readonly #sockets = new Set<Socket>()

  readonly transport: Transport = {
    listen: (host, port, accept) =>
      tcp.listen(host, port, (socket) => {
        this.#take(socket)
        accept(socket)
      }),
    connect: (host, port, handler) => this.#take(tcp.connect(host, port, handler)),
  }

  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  mend(): void {
    this.#isCut = false
  }

  #take(socket: Socket): Socket {
    if (this.#isCut) socket.destroy()
    else this.#sockets.add(socket)
    return socket
  }
}
