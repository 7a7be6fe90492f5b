import { type Fault, fault } from '../internal/errors.ts'
import {
  CLIENT_FRAME_BYTES,
  HTTP_BODY_BYTES,
  HTTP_REQUESTS_PENDING,
  SOCKET_BACKPRESSURE_BYTES,
  SOCKETS_PER_LISTENER,
} from '../internal/limits.ts'
import type { Burst } from './burst.ts'
import { CloseCode } from './protocol.ts'
import type { HttpReply } from './reply.ts'

export type TransportName = 'uWebSockets.js' | 'ws'

/** The port through which the gateway has HTTP and WebSockets. Its implementations differ in speed only. */
export interface Transport {
  readonly name: TransportName
  /**
   * Listens for HTTP/1.1 requests and WebSockets.
   * @throws port_in_use, port_denied, host_unavailable, listen_failed, badarg (a port is 0 to 65535; 0 takes a free
   * one)
   */
  listen<Session>(options: ListenOptions<Session>): Promise<Listener>
}

export interface Listener {
  readonly name: TransportName
  readonly host: string
  /** The port that was taken. */
  readonly port: number
  /**
   * Stops listening and cuts every connection: requests see their signal, sockets their `close` with 1006. After that
   * nothing of the listener keeps the OS process alive. A second call does nothing more.
   */
  close(): Promise<void>
}

export interface ListenOptions<Session> {
  readonly host: string
  readonly port: number
  readonly handlers: Handlers<Session>
  readonly limits?: Partial<TransportLimits>
}

/** The bounds of a listener; `lib/internal/limits.ts` has the defaults. */
export interface TransportLimits {
  /** Bytes of a request's body; a longer one makes `body()` fail, and the request is answered with 413. */
  readonly bodyBytes: number
  /** Requests answered at a time; further ones get 503. */
  readonly requests: number
  /** WebSockets open at a time; further ones get 503. */
  readonly sockets: number
  /** Bytes of an inbound WebSocket message, in one frame or many. */
  readonly messageBytes: number
  /** The code that a socket is closed with after a longer message. One far longer is cut without a code. */
  readonly messageTooLongCode: number
  /** Bytes that may wait for a socket's reader; a reader that lets more come together is cut with 1006. */
  readonly backpressureBytes: number
}

/** What becomes of requests and sockets. A socket's `Session` is whatever `open` returned for it. */
export interface Handlers<Session> {
  /**
   * Answers a request. A rejection or throw is answered with 500 and reported to `failed`; but body_too_large is
   * answered with 413, and request_aborted with nothing, since nobody is left to hear it.
   */
  request(request: HttpRequest): HttpReply | Promise<HttpReply>
  /** Looks at a WebSocket's request before the handshake; a reply refuses it. Without this, all are accepted. */
  upgrade?(head: HttpHead): HttpReply | undefined
  open(connection: Connection, head: HttpHead): Session
  /**
   * A message has arrived. `data` is the callback's: it is overwritten after the return. Text is valid UTF-8. A throw
   * here, or in `open` or `drain`, closes the socket with 1011 and is reported to `failed`.
   */
  message(session: Session, data: Uint8Array, binary: boolean): void
  /** Everything that had to wait for the reader is on its way. */
  drain?(session: Session): void
  /**
   * The socket is closed. Called once for each session, within `connection.close` or `terminate` if that was the cause.
   * @param code what the closing side has said; 1005 when it said nothing, 1006 when the connection broke
   */
  close(session: Session, code: number, reason: string): void
  /** A handler has thrown. Nobody else is told. */
  failed(error: unknown): void
}

export interface HttpHead {
  /** In capitals. */
  readonly method: string
  /** As sent, percent-encoded, without the query. */
  readonly path: string
  /** As sent, without the question mark; empty when there is none. */
  readonly query: string
  /** By lower-case name; a repeated header's values are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** The peer's IP address; an IPv4 address is in dotted form, also on a socket that takes both kinds. */
  readonly remoteAddress: string
}

export interface HttpRequest extends HttpHead {
  /** Fires when the client goes away before it is answered. */
  readonly signal: AbortSignal
  /**
   * The whole body; the same at every call.
   * @throws body_too_large as soon as that is known, request_aborted
   */
  body(): Promise<Uint8Array>
}

/** An open WebSocket, to send on. After it is closed every operation does nothing. */
export interface Connection {
  /**
   * Sends one message, text unless `binary`. The bytes are copied before the return: their owner may overwrite them.
   * Within `cork` they are gathered; else they are written at once.
   */
  send(data: string | Uint8Array, binary?: boolean): void
  /** Sends the messages of a burst in one write. It may be numbered anew after the return. */
  sendBurst(burst: Burst): void
  /**
   * Runs `run`, then writes all that it sent on this connection in one piece, as far as the transport's buffer goes
   * (16 KiB or more). A cork within a cork just runs. A `close` in a cork takes effect at its end.
   */
  cork(run: () => void): void
  /** Bytes that wait in this process for the reader. */
  readonly buffered: number
  /**
   * Sends a close frame, after everything that was sent before; `close` is called before the return.
   * @throws badarg when the code is not one that may be sent, or the reason is longer than 123 bytes
   */
  close(code: number, reason?: string): void
  /** Cuts the connection at once. */
  terminate(): void
}

/** The limits with their defaults. */
export function transportLimits(given: Partial<TransportLimits> | undefined): TransportLimits {
  return {
    bodyBytes: HTTP_BODY_BYTES,
    requests: HTTP_REQUESTS_PENDING,
    sockets: SOCKETS_PER_LISTENER,
    messageBytes: CLIENT_FRAME_BYTES,
    messageTooLongCode: CloseCode.DECODE_ERROR,
    backpressureBytes: SOCKET_BACKPRESSURE_BYTES,
    ...given,
  }
}

/** Refuses what a close frame cannot carry (RFC 6455, 5.5 and 7.4). */
export function checkClose(code: number, reason: string): void {
  const known = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)
  if (!known && !(code >= 3000 && code <= 4999)) throw fault('badarg', `${code} is not a code for a close frame`)
  if (Buffer.byteLength(reason) > 123) throw fault('badarg', 'the reason in a close frame has 123 bytes at most')
}

export function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw fault('badarg', `port ${port} is not 0 to 65535`)
}

/** The coded error for a refusal of the system to listen. */
export function listenFault(error: NodeJS.ErrnoException, host: string, port: number): Fault {
  const where = `${host}:${port}, ${error.code ?? error.message}`
  switch (error.code) {
    case 'EADDRINUSE':
      return fault('port_in_use', where, { cause: error })
    case 'EACCES':
      return fault('port_denied', where, { cause: error })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return fault('host_unavailable', where, { cause: error })
    default:
      return fault('listen_failed', where, { cause: error })
  }
}
