import { Fault, fault } from '../internal/errors.ts'
import { BODY_TOO_LARGE, type HttpReply, INTERNAL_ERROR, OVERLOADED } from './reply.ts'
import type { SocketOwner } from './socket.ts'
import type { Handlers, HttpHead, HttpRequest } from './transport.ts'

/**
 * One HTTP request on its way: the part that is the same on every transport. The transport feeds it the body's chunks
 * and the client's going away; the handler reads it as an HttpRequest; `answer` brings the two together.
 */
export class Exchange implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly remoteAddress: string
  readonly #bodyBytes: number
  #chunks: Uint8Array[] = []
  #size = 0
  #outcome: Uint8Array | Fault | undefined
  #settle: ((outcome: Uint8Array | Fault) => void) | undefined
  #body: Promise<Uint8Array> | undefined
  #abort: AbortController | undefined
  #aborted = false

  constructor(head: HttpHead, bodyBytes: number) {
    this.method = head.method
    this.path = head.path
    this.query = head.query
    this.headers = head.headers
    this.remoteAddress = head.remoteAddress
    this.#bodyBytes = bodyBytes
    if (Number(head.headers['content-length'] ?? 0) > bodyBytes) this.#finish(this.#tooLarge())
  }

  /** Whether the client is gone: nothing may be answered then. */
  get aborted(): boolean {
    return this.#aborted
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#aborted) this.#abort.abort(fault('request_aborted'))
    return this.#abort.signal
  }

  body(): Promise<Uint8Array> {
    this.#body ??= new Promise((resolve, reject) => {
      const settle = (outcome: Uint8Array | Fault): void =>
        outcome instanceof Fault ? reject(outcome) : resolve(outcome)
      if (this.#outcome === undefined) this.#settle = settle
      else settle(this.#outcome)
    })
    return this.#body
  }

  /** Takes a chunk of the body, which it keeps. What comes after the bound was passed is thrown away. */
  feed(chunk: Uint8Array): void {
    if (this.#outcome !== undefined) return
    this.#size += chunk.length
    if (this.#size > this.#bodyBytes) this.#finish(this.#tooLarge())
    else this.#chunks.push(chunk)
  }

  /** The body is complete. */
  end(): void {
    const [first, second] = this.#chunks
    this.#finish(first !== undefined && second === undefined ? first : Buffer.concat(this.#chunks))
  }

  /** The client is gone. */
  abort(): void {
    this.#aborted = true
    this.#finish(fault('request_aborted'))
    this.#abort?.abort(fault('request_aborted'))
  }

  #finish(outcome: Uint8Array | Fault): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#chunks = []
    this.#settle?.(outcome)
  }

  #tooLarge(): Fault {
    return fault('body_too_large', `${this.#bodyBytes} bytes at most`)
  }
}

type RequestHandlers = Pick<Handlers<unknown>, 'request' | 'failed'>

/**
 * Has the handler answer `exchange`. `respond` is called once with a reply that can be written, if the client is there.
 */
export function answer(handlers: RequestHandlers, exchange: Exchange, respond: (reply: HttpReply) => void): void {
  const finish = (reply: HttpReply): void => {
    if (!exchange.aborted) respond(reply)
  }
  const fail = (error: unknown): void => finish(replyToError(handlers, exchange, error))
  try {
    const reply = handlers.request(exchange)
    if (reply instanceof Promise) reply.then((settled) => finish(checked(settled))).catch(fail)
    else finish(checked(reply))
  } catch (error) {
    fail(error)
  }
}

function replyToError(handlers: RequestHandlers, exchange: Exchange, error: unknown): HttpReply {
  const code = error instanceof Fault ? error.code : undefined
  if (code === 'body_too_large') return BODY_TOO_LARGE
  if (code !== 'request_aborted' || !exchange.aborted) handlers.failed(error)
  return INTERNAL_ERROR
}

/** The reply that refuses a WebSocket, if it is refused. */
export function upgradeRefusal<Session>(
  { handlers, limits }: SocketOwner<Session>,
  head: HttpHead,
  openSockets: number,
): HttpReply | undefined {
  if (openSockets >= limits.sockets) return OVERLOADED
  try {
    const reply = handlers.upgrade?.(head)
    return reply && checked(reply)
  } catch (error) {
    handlers.failed(error)
    return INTERNAL_ERROR
  }
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** A reply as it may go on the wire: a line break in a header would begin a reply of someone else's making. */
function checked(reply: HttpReply): HttpReply {
  if (!Number.isInteger(reply.status) || reply.status < 200 || reply.status > 599) {
    throw fault('badarg', `${reply.status} is not the status of a reply`)
  }
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      throw fault('badarg', `the header ${JSON.stringify(name)} has characters that a header cannot have`)
    }
  }
  return reply
}
