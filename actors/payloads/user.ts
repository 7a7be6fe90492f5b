import type { APIUser } from 'discord-api-types/v10'
import type { User } from '../../lib/storage/records.ts'
import type { Snowflake } from '../../lib/storage/snowflake.ts'
import { NO_FLAGS } from './flags.ts'

/** Finds the user with an id, when it is known. */
export type UserLookup = (id: Snowflake) => User | undefined

export function userPayload(user: User): APIUser {
  const { id, username, bot } = user
  return { id, username, discriminator: '0', global_name: null, avatar: null, bot, public_flags: NO_FLAGS }
}

/** The user with this id; one that is not known is shown as Discord shows a user whose account was deleted. */
export function userOrDeleted(find: UserLookup, id: Snowflake): APIUser {
  return userPayload(find(id) ?? { id, username: 'Deleted User', bot: false })
}

/** A moment in the form of Discord's timestamps, from milliseconds since 1970. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
