import { createServer, type Server as HttpServer, type IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, Socket as TcpSocket } from 'node:net'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import {
  HTTP_HEAD_BYTES,
  HTTP_IDLE_MS,
  HTTP_REQUEST_MS,
  INBOUND_MESSAGE_BYTES,
  SOCKET_CLOSE_MS,
} from '../internal/limits.ts'
import type { Burst } from './burst.ts'
import { DirectWriter } from './direct-writer.ts'
import { answer, Exchange, upgradeRefusal } from './exchange.ts'
import { CloseCode } from './protocol.ts'
import { type HttpReply, OVERLOADED } from './reply.ts'
import { Socket, type SocketOwner } from './socket.ts'
import {
  checkPort,
  type Handlers,
  type HttpHead,
  type Listener,
  type ListenOptions,
  listenFault,
  type Transport,
  type TransportLimits,
  transportLimits,
} from './transport.ts'
import { headerLength, writeFrame } from './websocket-frame.ts'

/**
 * The transport on node:http and ws, which runs wherever Node does. What arrives, and the closing of a socket, is ws's
 * business. Messages that leave are framed here: ws keeps a reference to a message and writes its header apart, where
 * the port promises a copy and one write for all that a cork has gathered. It cannot tangle, since a server's frames
 * are neither masked nor, here, compressed, and both write whole frames in the order of the calls.
 */
export const wsTransport: Transport = { name: 'ws', listen }

async function listen<Session>(options: ListenOptions<Session>): Promise<Listener> {
  checkPort(options.port)
  const { host } = options
  const http = createServer({
    maxHeaderSize: HTTP_HEAD_BYTES,
    keepAliveTimeout: HTTP_IDLE_MS,
    headersTimeout: HTTP_IDLE_MS,
    requestTimeout: HTTP_REQUEST_MS,
  })
  const server = new Server(http, options.handlers, transportLimits(options.limits))
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error) => reject(listenFault(error, host, options.port)))
    http.listen({ host, port: options.port, exclusive: true }, resolve)
  })
  const { port } = http.address() as AddressInfo
  return { name: 'ws', host, port, close: () => server.close() }
}

class Server<Session> implements SocketOwner<Session> {
  readonly handlers: Handlers<Session>
  readonly limits: TransportLimits
  /** Open sockets, and those whose close frame awaits its answer: all are cut when the listener closes. */
  readonly #open = new Set<WebSocket>()
  readonly #http: HttpServer
  readonly #websockets: WebSocketServer
  #requests = 0
  #closing: Promise<void> | undefined

  constructor(http: HttpServer, handlers: Handlers<Session>, limits: TransportLimits) {
    this.handlers = handlers
    this.limits = limits
    this.#http = http
    // The package's types do not know `closeTimeout` yet.
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: Math.max(INBOUND_MESSAGE_BYTES, limits.messageBytes),
      handleProtocols: () => false,
      closeTimeout: SOCKET_CLOSE_MS,
    }
    this.#websockets = new WebSocketServer(options)
    http.on('request', (request, response) => this.#request(request, response))
    http.on('upgrade', (request, socket, rest) => {
      if (socket instanceof TcpSocket) this.#upgrade(request, socket, rest)
      else socket.destroy()
    })
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#http.close(() => resolve())
      this.#http.closeAllConnections()
      for (const websocket of this.#open) websocket.terminate()
    })
    return this.#closing
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    if (this.#requests >= this.limits.requests) {
      write(response, OVERLOADED)
      return
    }
    this.#requests++
    const exchange = new Exchange(headOf(request), this.limits.bodyBytes)
    request.on('data', (chunk: Buffer) => exchange.feed(chunk))
    request.on('end', () => exchange.end())
    request.on('error', () => {})
    response.on('error', () => {})
    response.on('close', () => {
      this.#requests--
      if (!response.writableEnded) exchange.abort()
    })
    answer(this.handlers, exchange, (reply) => write(response, reply))
  }

  #upgrade(request: IncomingMessage, socket: TcpSocket, rest: Buffer): void {
    socket.on('error', () => {})
    const head = headOf(request)
    const refusal = upgradeRefusal(this, head, this.#open.size)
    if (refusal !== undefined) {
      refuse(request, socket, refusal)
      return
    }
    this.#websockets.handleUpgrade(request, socket, rest, (websocket) => {
      this.#open.add(websocket)
      websocket.on('close', () => this.#open.delete(websocket))
      new WsSocket(this, websocket, socket).listen(head)
    })
  }
}

/** Where a cork gathers its frames. As on uWebSockets.js, one socket is corked at a time. */
const corkBuffer = Buffer.allocUnsafeSlow(65_536)
let corked: object | undefined
let corkedBytes = 0

const NOTHING = Buffer.alloc(0)

class WsSocket<Session> extends Socket<Session> {
  readonly #websocket: WebSocket
  readonly #tcp: TcpSocket
  readonly #direct: DirectWriter
  #draining = false

  constructor(owner: SocketOwner<Session>, websocket: WebSocket, tcp: TcpSocket) {
    super(owner)
    this.#websocket = websocket
    this.#tcp = tcp
    this.#direct = new DirectWriter(tcp)
  }

  get buffered(): number {
    return this.#tcp.writableLength
  }

  listen(head: HttpHead): void {
    this.#websocket.on('error', () => {})
    this.#websocket.on('message', (data: Buffer, binary) => this.received(data, binary))
    this.#websocket.on('close', (code, reason) => this.closed(code, reason.toString()))
    this.opened(head)
  }

  send(data: string | Uint8Array, binary = false): void {
    if (!this.#ready()) return
    const payload = typeof data === 'string' ? Buffer.from(data) : data
    const length = headerLength(payload.length) + payload.length
    if (corked === this && corkedBytes + length > corkBuffer.length) this.#writeCorked()
    if (corked === this && length <= corkBuffer.length) {
      corkedBytes = writeFrame(corkBuffer, corkedBytes, payload, binary)
    } else {
      const frame = Buffer.allocUnsafe(length)
      writeFrame(frame, 0, payload, binary)
      this.#tcp.write(frame)
      this.#awaitDrain()
    }
  }

  /** What the system takes at once, which is the rule, is not copied: every delivery of an event passes here. */
  sendBurst({ wire }: Burst): void {
    if (!this.#ready()) return
    if (corked === this) this.#writeCorked()
    const taken = this.#tcp.writableLength === 0 ? this.#direct.write(wire) : 0
    if (taken === wire.length) return
    this.#tcp.write(Buffer.from(wire.subarray(taken)))
    this.#awaitDrain()
  }

  protected gather(run: () => void): void {
    if (corked !== undefined) {
      run()
      return
    }
    corked = this
    try {
      run()
    } finally {
      this.#writeCorked()
      corked = undefined
    }
  }

  protected sendClose(code: number, reason: string): void {
    this.#websocket.close(code, reason)
    this.closed(code, reason)
  }

  protected destroy(): void {
    this.#websocket.terminate()
    this.closed(CloseCode.ABNORMAL, '')
  }

  #ready(): boolean {
    if (this.ended) return false
    if (this.#tcp.writableLength <= this.owner.limits.backpressureBytes) return true
    this.terminate()
    return false
  }

  #writeCorked(): void {
    if (corkedBytes === 0) return
    const frames = Buffer.from(corkBuffer.subarray(0, corkedBytes))
    corkedBytes = 0
    this.#tcp.write(frames)
    this.#awaitDrain()
  }

  /** An empty write behind those that the system did not take at once tells when everything before it is on its way. */
  #awaitDrain(): void {
    if (this.#draining || this.#tcp.writableLength === 0) return
    this.#draining = true
    this.#tcp.write(NOTHING, () => {
      this.#draining = false
      this.drained()
    })
  }
}

function headOf(request: IncomingMessage): HttpHead {
  const [path = '', ...query] = (request.url ?? '').split('?')
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(request.headersDistinct)) headers[name] = value?.join(', ') ?? ''
  const remoteAddress = (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  return { method: request.method ?? '', path, query: query.join('?'), headers, remoteAddress }
}

/** HTTP has no body after HEAD, 204 and 304, which Node sees to, and no Content-Length with 204. */
function write(response: ServerResponse, reply: HttpReply): void {
  const body = reply.body ?? ''
  const length = reply.status === 204 || reply.status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body) }
  response.writeHead(reply.status, { ...reply.headers, ...length })
  response.end(body)
}

function refuse(request: IncomingMessage, socket: TcpSocket, reply: HttpReply): void {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => socket.destroySoon())
  write(response, reply)
}
