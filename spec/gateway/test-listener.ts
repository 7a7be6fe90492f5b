import type { Test } from 'tap'
import type { HttpReply } from '../../lib/gateway/reply.ts'
import type {
  Connection,
  Handlers,
  HttpHead,
  HttpRequest,
  Listener,
  Transport,
  TransportLimits,
} from '../../lib/gateway/transport.ts'

export interface Peer {
  readonly connection: Connection
  readonly head: HttpHead
  readonly messages: string[]
  closed: { code: number; reason: string } | undefined
}

/** A listener whose handlers note what happens and do what the test wants. */
export class TestListener {
  listener!: Listener
  readonly peers: Peer[] = []
  readonly failures: unknown[] = []
  answer: (request: HttpRequest) => HttpReply | Promise<HttpReply> = () => ({ status: 200, body: 'ok' })
  refuse: (head: HttpHead) => HttpReply | undefined = () => undefined
  onOpen: (connection: Connection) => void = () => {}
  onMessage: (peer: Peer, text: string, binary: boolean) => void = () => {}
  onDrain: (peer: Peer) => void = () => {}
  onClose: (peer: Peer) => void = () => {}

  static async listen(t: Test, transport: Transport, limits: Partial<TransportLimits> = {}): Promise<TestListener> {
    const bench = new TestListener()
    const handlers: Handlers<Peer> = {
      request: (request) => bench.answer(request),
      upgrade: (head) => bench.refuse(head),
      open: (connection, head) => {
        bench.onOpen(connection)
        const peer: Peer = { connection, head, messages: [], closed: undefined }
        bench.peers.push(peer)
        return peer
      },
      message: (peer, data, binary) => {
        const text = Buffer.from(data).toString()
        peer.messages.push(text)
        bench.onMessage(peer, text, binary)
      },
      drain: (peer) => bench.onDrain(peer),
      close: (peer, code, reason) => {
        if (peer.closed !== undefined) bench.failures.push(new Error('closed twice'))
        peer.closed = { code, reason }
        bench.onClose(peer)
      },
      failed: (error) => bench.failures.push(error),
    }
    bench.listener = await transport.listen({ host: '127.0.0.1', port: 0, handlers, limits })
    t.teardown(() => bench.listener.close())
    return bench
  }

  get port(): number {
    return this.listener.port
  }

  /** Settles when the peer's `close` was called. */
  closing(): Promise<Peer> {
    return new Promise((resolve) => {
      this.onClose = resolve
    })
  }

  http(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init)
  }
}
