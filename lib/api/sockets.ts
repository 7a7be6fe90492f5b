import type { House } from '../../actors/house.ts'
import { type OpenConnection, openConnection } from '../../actors/open-connection.ts'
import { errorReply } from '../gateway/reply.ts'
import type { Handlers, HttpHead } from '../gateway/transport.ts'
import { gatewayUrl } from './gateway-url.ts'
import { gatewayParser } from './opcodes.ts'

type SocketHandlers = Omit<Handlers<OpenConnection>, 'request' | 'failed'>

/**
 * The gateway's sockets: each is handed to a connection process, which owns it. What a client asks for in the query,
 * `?v=10&encoding=json`, is looked at here. Of `compress` no notice is taken: every client that asks for a compressed
 * stream also reads plain text.
 */
export function socketHandlers(house: House): SocketHandlers {
  return {
    upgrade(head) {
      const encoding = queryOf(head).get('encoding') ?? 'json'
      if (encoding === 'json') return undefined
      return errorReply(400, `400: Bad Request (the gateway speaks encoding=json, not ${JSON.stringify(encoding)})`)
    },
    open(connection, head) {
      return openConnection(house.node, house, connection, {
        parser: gatewayParser,
        version: Number(queryOf(head).get('v') ?? NEWEST_VERSION),
        resumeUrl: gatewayUrl(head),
      })
    },
    message: (connection, data) => connection.message(data),
    drain: (connection) => connection.drained(),
    close: (connection, code) => connection.closed(code),
  }
}

const NEWEST_VERSION = 10

function queryOf(head: HttpHead): URLSearchParams {
  return new URLSearchParams(head.query)
}
