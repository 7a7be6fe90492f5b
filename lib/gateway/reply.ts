/** What a request is answered with. */
export interface HttpReply {
  readonly status: number
  /** Names in any case. Content-Length and Date are the transport's. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** An answer with a JSON body. Stock clients fail on one without its Content-Type. */
export function jsonReply(status: number, value: unknown, headers?: Readonly<Record<string, string>>): HttpReply {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** Discord's error body. `code` is its JSON error code, 0 for errors of HTTP itself. */
export function errorReply(
  status: number,
  message: string,
  code = 0,
  headers?: Readonly<Record<string, string>>,
): HttpReply {
  return jsonReply(status, { message, code }, headers)
}

export const EMPTY_REPLY: HttpReply = { status: 204 }
export const BAD_REQUEST: HttpReply = errorReply(400, '400: Bad Request')
export const NOT_FOUND: HttpReply = errorReply(404, '404: Not Found')
export const BODY_TOO_LARGE: HttpReply = errorReply(413, 'Request entity too large', 40005)
export const HEAD_TOO_LARGE: HttpReply = errorReply(431, '431: Request Header Fields Too Large')
export const INTERNAL_ERROR: HttpReply = errorReply(500, '500: Internal Server Error')
export const OVERLOADED: HttpReply = errorReply(503, '503: Service Unavailable')
export const UPGRADE_REQUIRED: HttpReply = errorReply(426, '426: Upgrade Required', 0, {
  'Sec-WebSocket-Version': '13',
})
