import { userPayload } from '../../actors/payloads/user.ts'
import { jsonReply } from '../gateway/reply.ts'
import type { Routes } from './routes.ts'

/** A bot's application. Each bot is its own here: the application has the bot's id, and the bot as its owner. */
export function applicationRoutes(routes: Routes): void {
  routes.add('GET', '/oauth2/applications/@me', (_params, { user }) => {
    return jsonReply(200, {
      id: user.id,
      name: user.username,
      icon: null,
      description: '',
      summary: '',
      type: null,
      bot: userPayload(user),
      owner: userPayload(user),
      team: null,
      bot_public: true,
      bot_require_code_grant: false,
      rpc_origins: [],
      // The public key for interactions, which are not sent here.
      verify_key: '0'.repeat(64),
      flags: 0,
    })
  })
}
