import type { House } from '../../actors/house.ts'
import type { OpenConnection } from '../../actors/open-connection.ts'
import type { Handlers } from '../gateway/transport.ts'
import { RestApi } from './rest.ts'
import { socketHandlers } from './sockets.ts'

/** Discord's REST API and Gateway, v10, of one node: what a listener is given to answer. */
export function apiHandlers(house: House): Handlers<OpenConnection> {
  const rest = new RestApi(house)
  return {
    ...socketHandlers(house),
    request: (request) => rest.answer(request),
    failed: (error) => house.node.report({ level: 'error', label: ['api', 'handler'], details: { error } }),
  }
}
