import type { APIUnavailableGuild, GatewayReadyDispatchData } from 'discord-api-types/v10'
import type { User } from '../../lib/storage/records.ts'
import type { Snowflake } from '../../lib/storage/snowflake.ts'
import { NO_FLAGS } from './flags.ts'
import { userPayload } from './user.ts'

export interface ReadyView {
  readonly user: User
  readonly sessionId: string
  readonly resumeUrl: string
  readonly shard?: readonly [id: number, count: number]
  readonly guildIds: readonly Snowflake[]
}

/** READY also has what eris cannot do without: a list of private channels. */
export type ReadyPayload = GatewayReadyDispatchData & { readonly private_channels: readonly [] }

export function readyPayload(view: ReadyView): ReadyPayload {
  return {
    v: 10,
    user: userPayload(view.user),
    guilds: view.guildIds.map(unavailableGuild),
    session_id: view.sessionId,
    resume_gateway_url: view.resumeUrl,
    application: { id: view.user.id, flags: NO_FLAGS, flags_new: String(NO_FLAGS) },
    private_channels: [],
    ...(view.shard === undefined ? {} : { shard: [view.shard[0], view.shard[1]] }),
  }
}

/** A guild that cannot be reached at present: in READY, and the data of GUILD_DELETE. */
export function unavailableGuild(id: Snowflake): APIUnavailableGuild {
  return { id, unavailable: true }
}
