import type * as Uws from 'uWebSockets.js'
import { STATUS_CODES } from 'node:http'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { fault } from '../internal/errors.ts'
import { HTTP_HEAD_BYTES, INBOUND_MESSAGE_BYTES } from '../internal/limits.ts'
import type { Burst } from './burst.ts'
import { answer, Exchange, upgradeRefusal } from './exchange.ts'
import { HEAD_TOO_LARGE, type HttpReply, OVERLOADED, UPGRADE_REQUIRED } from './reply.ts'
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

/**
 * The transport on uWebSockets.js, whose rules this file keeps to the outside's advantage: a request is gone when its
 * callback returns, so it is copied; a response or socket is native memory, so it is never touched after its end;
 * writes outside a cork are a system call each, so replies are corked.
 *
 * Three things differ from the other transport, none of which a client that keeps to its RFC can see: one that sends a
 * request before it has the answer to the last may be cut off; what follows an upgrade request before it was answered
 * is lost; and a frame that is not masked is read as if it were.
 *
 * @throws transport_unavailable when the package is not installed or its binary does not load on this system
 */
export function loadUws(): Transport {
  const uws = loadNative()
  return { name: 'uWebSockets.js', listen: (options) => listen(uws, options) }
}

function loadNative(): typeof Uws {
  let loaded: Partial<typeof Uws>
  try {
    loaded = createRequire(import.meta.url)('uWebSockets.js')
  } catch (error) {
    const lines = error instanceof Error ? error.message.trim().split('\n') : [String(error)]
    throw fault('transport_unavailable', `uWebSockets.js does not load: ${lines.at(-1)}`, { cause: error })
  }
  // Some packages of this name fall back to an imitation in JavaScript, at a tenth of the speed.
  if (!isNative(loaded.App) || !isNative(loaded.us_socket_local_port)) {
    throw fault('transport_unavailable', 'the package uWebSockets.js has loaded without its native code')
  }
  return loaded as typeof Uws
}

function isNative(value: unknown): boolean {
  return typeof value === 'function' && Function.prototype.toString.call(value).includes('[native code]')
}

/** `listen` as the native code has it; the package's types leave out the form with a host and options. */
type ListenExclusively = (
  host: string,
  port: number,
  options: Uws.ListenOptions,
  done: (socket: Uws.us_listen_socket | false) => void,
) => void

/** Without this uSockets sets SO_REUSEPORT, and two servers on one port would each get some of the clients. */
const EXCLUSIVE_PORT = 1 as Uws.ListenOptions

async function listen<Session>(uws: typeof Uws, options: ListenOptions<Session>): Promise<Listener> {
  checkPort(options.port)
  const { host } = options
  const app = uws.App()
  const server = new Server(options.handlers, transportLimits(options.limits))
  app.ws('/*', server.behavior()).any('/*', (response, request) => server.request(response, request))
  const socket = await new Promise<Uws.us_listen_socket | false>((resolve) => {
    const exclusively: ListenExclusively = app.listen.bind(app) as unknown as ListenExclusively
    exclusively(host, options.port, EXCLUSIVE_PORT, resolve)
  })
  if (socket === false) {
    app.close()
    throw listenFault(await whyNot(host, options.port), host, options.port)
  }
  const port = uws.us_socket_local_port(socket)
  const close = async (): Promise<void> => {
    app.close()
  }
  return { name: 'uWebSockets.js', host, port, close: once(close) }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= run()
    return running
  }
}

/** uSockets does not say why it cannot listen, so Node is asked to do the same. */
function whyNot(host: string, port: number): Promise<NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', resolve)
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(new Error('no reason given'))))
  })
}

/** The one property that uWebSockets.js carries from the upgrade to the socket. */
interface Carrier<Session> {
  readonly socket: UwsSocket<Session>
}

class Server<Session> implements SocketOwner<Session> {
  readonly handlers: Handlers<Session>
  readonly limits: TransportLimits
  #requests = 0
  #sockets = 0

  constructor(handlers: Handlers<Session>, limits: TransportLimits) {
    this.handlers = handlers
    this.limits = limits
  }

  request(response: Uws.HttpResponse, request: Uws.HttpRequest): void {
    const head = headOf(response, request)
    if (head === undefined) write(response, HEAD_TOO_LARGE, '')
    else if (this.#requests >= this.limits.requests) write(response, OVERLOADED, head.method)
    else this.#exchange(response, head)
  }

  #exchange(response: Uws.HttpResponse, head: HttpHead): void {
    this.#requests++
    const exchange = new Exchange(head, this.limits.bodyBytes)
    response.onAborted(() => {
      this.#requests--
      exchange.abort()
    })
    response.onData((chunk, last) => {
      if (chunk.byteLength > 0) exchange.feed(Buffer.from(chunk.slice(0)))
      if (last) exchange.end()
    })
    answer(this.handlers, exchange, (reply) => {
      this.#requests--
      write(response, reply, head.method)
    })
  }

  behavior(): Uws.WebSocketBehavior<Carrier<Session>> {
    const { limits } = this
    return {
      maxPayloadLength: Math.max(INBOUND_MESSAGE_BYTES, limits.messageBytes),
      maxBackpressure: limits.backpressureBytes,
      idleTimeout: 0,
      sendPingsAutomatically: false,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (ws) => ws.getUserData().socket.onOpen(ws),
      message: (ws, data, binary) => ws.getUserData().socket.onMessage(data, binary),
      drain: (ws) => ws.getUserData().socket.onDrain(),
      close: (ws, code, reason) => {
        this.#sockets--
        ws.getUserData().socket.onClose(code, reason)
      },
    }
  }

  #upgrade(response: Uws.HttpResponse, request: Uws.HttpRequest, context: Uws.us_socket_context_t): void {
    const head = headOf(response, request)
    const refusal = head === undefined ? HEAD_TOO_LARGE : this.#refusal(head)
    if (head === undefined || refusal !== undefined) {
      write(response, refusal ?? HEAD_TOO_LARGE, '')
      return
    }
    this.#sockets++
    const carrier: Carrier<Session> = { socket: new UwsSocket(this, head) }
    response.upgrade(carrier, head.headers['sec-websocket-key'] ?? '', '', '', context)
  }

  #refusal(head: HttpHead): HttpReply | undefined {
    if (head.headers['sec-websocket-version'] !== '13') return UPGRADE_REQUIRED
    return upgradeRefusal(this, head, this.#sockets)
  }
}

/** What `send` of uWebSockets.js returns when the bytes that wait are beyond the bound. */
const DROPPED = 2

class UwsSocket<Session> extends Socket<Session> {
  #head: HttpHead | undefined
  #ws: Uws.WebSocket<Carrier<Session>> | undefined

  constructor(owner: SocketOwner<Session>, head: HttpHead) {
    super(owner)
    this.#head = head
  }

  get buffered(): number {
    return this.#ws?.getBufferedAmount() ?? 0
  }

  send(data: string | Uint8Array, binary = false): void {
    if (this.#ws === undefined || this.ended) return
    if (this.#ws.send(data, binary) === DROPPED) this.terminate()
  }

  sendBurst({ messages }: Burst): void {
    if (messages.length === 1) this.send(messages[0]!)
    else this.cork(() => this.#sendAll(messages))
  }

  #sendAll(messages: readonly Uint8Array[]): void {
    for (const message of messages) this.send(message)
  }

  protected gather(run: () => void): void {
    this.#ws?.cork(run)
  }

  protected sendClose(code: number, reason: string): void {
    this.#ws?.end(code, reason)
  }

  protected destroy(): void {
    this.#ws?.close()
  }

  onOpen(ws: Uws.WebSocket<Carrier<Session>>): void {
    this.#ws = ws
    const head = this.#head!
    this.#head = undefined
    this.opened(head)
  }

  onMessage(data: ArrayBuffer, binary: boolean): void {
    this.received(new Uint8Array(data), binary)
  }

  onDrain(): void {
    if (this.buffered === 0) this.drained()
  }

  onClose(code: number, reason: ArrayBuffer): void {
    this.#ws = undefined
    this.closed(code, Buffer.from(reason).toString())
  }
}

/** Copies a request's line and headers; undefined when they are too large. */
function headOf(response: Uws.HttpResponse, request: Uws.HttpRequest): HttpHead | undefined {
  const headers: Record<string, string> = Object.create(null)
  const path = request.getUrl()
  const query = request.getQuery() ?? ''
  let size = path.length + query.length
  request.forEach((name, value) => {
    size += name.length + value.length
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  })
  if (size > HTTP_HEAD_BYTES) return undefined
  const method = request.getMethod().toUpperCase()
  return { method, path, query, headers, remoteAddress: addressOf(response) }
}

function addressOf(response: Uws.HttpResponse): string {
  const bytes = new Uint8Array(response.getRemoteAddress())
  const mapped = bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every(isZero)
  if (bytes.length === 4 || mapped) return bytes.subarray(-4).join('.')
  return Buffer.from(response.getRemoteAddressAsText()).toString()
}

function isZero(byte: number): boolean {
  return byte === 0
}

/** Writes a reply. HTTP has no body after HEAD, 204 and 304, and no Content-Length with 204. */
function write(response: Uws.HttpResponse, reply: HttpReply, method: string): void {
  response.cork(() => {
    response.writeStatus(`${reply.status} ${STATUS_CODES[reply.status] ?? 'Unknown'}`)
    for (const [name, value] of Object.entries(reply.headers ?? {})) response.writeHeader(name, value)
    const body = reply.body ?? ''
    if (reply.status === 204 || reply.status === 304) response.endWithoutBody()
    else if (method === 'HEAD') response.endWithoutBody(Buffer.byteLength(body))
    else response.end(body)
  })
}
