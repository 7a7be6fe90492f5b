import type { HttpHead } from '../gateway/transport.ts'

const HOST = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/

/**
 * The address under which the client that sent this request reaches the gateway: the one under which it has reached
 * this server, which its Host header names. Also right behind a proxy or a mapped port, which the server knows not of.
 */
export function gatewayUrl(head: Pick<HttpHead, 'headers'>): string {
  const { host = '' } = head.headers
  return `ws://${HOST.test(host) ? host : 'localhost'}`
}
