import { createChannel, createGuild, getGuild, guildChannels } from '../../actors/guild-client.ts'
import type { RateRule } from '../gateway/rate-limit.ts'
import { jsonReply } from '../gateway/reply.ts'
import { bodyOf, type Routes } from './routes.ts'
import { form, oneOf, optional, text, unsupported } from './schema.ts'

/** Those that make what stays. */
const CREATE_RULE: RateRule = { limit: 10, windowMs: 10_000 }

const NEW_GUILD = form({
  name: text({ min: 2, max: 100 }),
  icon: unsupported(),
  channels: unsupported(),
  roles: unsupported(),
  verification_level: unsupported(),
  default_message_notifications: unsupported(),
  explicit_content_filter: unsupported(),
  afk_channel_id: unsupported(),
  system_channel_id: unsupported(),
})

const NEW_CHANNEL = form({
  name: text({ min: 1, max: 100 }),
  // Of Discord's types only the text channel is there.
  type: optional(oneOf(0)),
  topic: optional(text({ max: 1024 })),
  nsfw: unsupported(),
  parent_id: unsupported(),
  position: unsupported(),
  permission_overwrites: unsupported(),
  rate_limit_per_user: unsupported(),
})

export function guildRoutes(routes: Routes): void {
  routes.add(
    'POST',
    '/guilds',
    async (_params, { caller, house, user, http }) => {
      const { name } = await bodyOf(http, NEW_GUILD)
      return jsonReply(201, await createGuild(caller, house, user.id, { name }))
    },
    CREATE_RULE,
  )

  routes.add('GET', '/guilds/:guild', async ({ guild }, { caller, house, user }) => {
    return jsonReply(200, await getGuild(caller, house, user.id, guild))
  })

  routes.add('GET', '/guilds/:guild/channels', async ({ guild }, { caller, house, user }) => {
    return jsonReply(200, await guildChannels(caller, house, user.id, guild))
  })

  routes.add(
    'POST',
    '/guilds/:guild/channels',
    async ({ guild }, { caller, house, user, http }) => {
      const channel = await bodyOf(http, NEW_CHANNEL)
      return jsonReply(201, await createChannel(caller, house, user.id, guild, channel))
    },
    CREATE_RULE,
  )
}
