import { IDENTIFY_RULE } from '../gateway/rate-limit.ts'
import { jsonReply } from '../gateway/reply.ts'
import { gatewayUrl } from './gateway-url.ts'
import type { Routes } from './routes.ts'

/** Where the gateway is, and how many sessions a bot may start there. */
export function gatewayRoutes(routes: Routes): void {
  routes.addOpen('GET', '/gateway', (_params, { http }) => jsonReply(200, { url: gatewayUrl(http) }))

  routes.add('GET', '/gateway/bot', (_params, { http, house, user }) => {
    const { limit, remaining, resetAfterMs } = house.identifies.peek(
      user.id,
      IDENTIFY_RULE,
      house.node.host.monotonic(),
    )
    return jsonReply(200, {
      url: gatewayUrl(http),
      shards: 1,
      session_start_limit: {
        total: limit,
        remaining,
        reset_after: Math.ceil(resetAfterMs),
        max_concurrency: house.settings.identifyConcurrency,
      },
    })
  })
}
