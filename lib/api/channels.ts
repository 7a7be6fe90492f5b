import { getChannel, typing } from '../../actors/guild-client.ts'
import { EMPTY_REPLY, jsonReply } from '../gateway/reply.ts'
import type { Routes } from './routes.ts'

export function channelRoutes(routes: Routes): void {
  routes.add('GET', '/channels/:channel', async ({ channel }, { caller, house, user }) => {
    return jsonReply(200, await getChannel(caller, house, user.id, channel))
  })

  routes.add(
    'POST',
    '/channels/:channel/typing',
    async ({ channel }, { caller, house, user }) => {
      await typing(caller, house, user.id, channel)
      return EMPTY_REPLY
    },
    { limit: 5, windowMs: 5000 },
  )
}
