import type { Outbox } from '../lib/gateway/outbox.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import type { Position } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { GuildApi } from './guild-protocol.ts'
import type { House } from './house.ts'
import type { OwnPresence } from './own-presence.ts'
import type { PresenceApi } from './presence.ts'
import type { ConnectionPort, SessionStart } from './session-protocol.ts'

/** A guild that a session is in. */
export interface SessionGuild {
  /** The relay that it comes through, monitored; null while one is looked for. */
  relay: { readonly monitor: Ref } | null
  /** The guild's process, while the guild is available. */
  guild: Pid<GuildApi> | null
  /** The newest event of the guild that is in the session. */
  position: Position | null
  /** Whether the client takes it for available. */
  available: boolean
  attempt: number
}

export interface SessionState {
  readonly house: House
  readonly id: string
  readonly start: SessionStart
  /** What the user says of itself by this session. */
  own: OwnPresence
  readonly outbox: Outbox
  connection: (ConnectionPort & { readonly monitor: Ref }) | null
  presence: { readonly pid: Pid<PresenceApi>; readonly monitor: Ref } | null
  presenceAttempt: number
  readonly guilds: Map<Snowflake, SessionGuild>
  /** Ends the session, while it has no connection. */
  expiry: Ref | null
}
