import { guildPayload } from '../../actors/payloads/guild.ts'
import { userPayload } from '../../actors/payloads/user.ts'
import { jsonReply } from '../gateway/reply.ts'
import { GUILDS_PER_READ } from '../internal/limits.ts'
import type { Page, Storage } from '../storage/port.ts'
import type { Guild } from '../storage/records.ts'
import { compareSnowflakes, type Snowflake } from '../storage/snowflake.ts'
import { unknownUser } from './refusal.ts'
import { type ApiCall, queryOf, type Routes } from './routes.ts'
import { flagText, form, id, integerText, optional } from './schema.ts'

const GUILDS_QUERY = form({
  before: optional(id()),
  after: optional(id()),
  limit: optional(integerText({ min: 1, max: GUILDS_PER_READ })),
  with_counts: optional(flagText()),
})

export function userRoutes(routes: Routes): void {
  routes.add('GET', '/users/@me', (_params, { user }) => {
    return jsonReply(200, { ...userPayload(user), verified: true, mfa_enabled: false, email: null, flags: 0, bio: '' })
  })

  routes.add('GET', '/users/:user', async ({ user: userId }, { house }) => {
    const [user] = await house.storage.users([userId])
    if (user === undefined || user === null) throw unknownUser()
    return jsonReply(200, userPayload(user))
  })

  routes.add('GET', '/users/@me/guilds', async (_params, call) => jsonReply(200, await guildsOf(call)))
}

/** The caller's guilds in order of their ids; with `before`, those just before it, as Discord has it. */
async function guildsOf({ house, user, http }: ApiCall): Promise<object[]> {
  const { before, after, limit = GUILDS_PER_READ } = queryOf(http, GUILDS_QUERY)
  const ids =
    before === undefined
      ? await house.storage.guildsOf(user.id, page(after, limit))
      : await idsBefore(house.storage, user.id, before, after, limit)
  const guilds = await Promise.all(ids.map((guildId) => house.storage.guild(guildId)))
  return guilds.flatMap((guild) => (guild === null ? [] : [partialGuild(guild, user.id)]))
}

/** The storage reads upwards only, so this reads up to `before` and keeps the last. */
async function idsBefore(
  storage: Storage,
  userId: Snowflake,
  before: Snowflake,
  from: Snowflake | undefined,
  limit: number,
): Promise<Snowflake[]> {
  let kept: Snowflake[] = []
  let after = from
  for (;;) {
    const ids = await storage.guildsOf(userId, page(after, GUILDS_PER_READ))
    const earlier = ids.filter((guildId) => compareSnowflakes(guildId, before) < 0)
    kept = [...kept, ...earlier].slice(-limit)
    if (ids.length < GUILDS_PER_READ || earlier.length < ids.length) return kept
    after = ids.at(-1)
  }
}

function page(after: Snowflake | undefined, limit: number): Page {
  return after === undefined ? { limit } : { after, limit }
}

function partialGuild(guild: Guild, userId: Snowflake): object {
  const owner = guild.ownerId === userId
  const { id, name, icon, banner, features, roles } = guildPayload(guild)
  const permissions = owner ? EVERY_PERMISSION : roles[0]!.permissions
  return { id, name, icon, banner, owner, permissions, features }
}

/** All 53 permissions that Discord has. */
const EVERY_PERMISSION = String((1n << 53n) - 1n)
