import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { AllowedMentions } from './guild-protocol.ts'

export interface Mentions {
  readonly users: readonly Snowflake[]
  readonly everyone: boolean
}

const USER = /<@!?(\d{1,20})>/g
const EVERYONE = /@(?:everyone|here)\b/

/**
 * Whom a message mentions, by the rules of Discord's allowed_mentions: everyone whom the content names, in order, each
 * once; with `allowed`, of these only the kinds in `parse` and the users listed.
 * @param repliedTo the author of the message that this one answers
 */
export function findMentions(
  content: string,
  allowed: AllowedMentions | undefined,
  isMember: (id: Snowflake) => boolean,
  repliedTo?: Snowflake,
): Mentions {
  const every = allowed === undefined
  const listed = new Set(allowed?.users)
  const anyUser = every || allowed.parse?.includes('users') === true
  const users = new Set<Snowflake>()
  for (const [, id] of content.matchAll(USER)) {
    if ((anyUser || listed.has(id!)) && isMember(id!)) users.add(id!)
  }
  if (repliedTo !== undefined && (every || allowed.repliedUser === true) && isMember(repliedTo)) users.add(repliedTo)
  const anyEveryone = every || allowed.parse?.includes('everyone') === true
  return { users: [...users], everyone: anyEveryone && EVERYONE.test(content) }
}
