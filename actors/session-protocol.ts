import type { Outbox } from '../lib/gateway/outbox.ts'
import type { Connection as Socket } from '../lib/gateway/transport.ts'
import type { DownMessage } from '../lib/kernel/exit.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import type { Position } from '../lib/storage/port.ts'
import type { User } from '../lib/storage/records.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { House } from './house.ts'
import type { OwnPresence } from './own-presence.ts'
import type { Settled } from './pipe-to-self.ts'
import type { PresenceApi } from './presence.ts'
import type { RelayApi } from './relay.ts'
import type { Dispatch, PresenceReceiver } from './stream.ts'

/** What a session tells its connection. */
export interface ConnectionOrders {
  cast: {
    close(request: Close): void
    /** The session has been resumed by another connection. */
    superseded(): void
    /** The session is gone, and cannot be resumed. */
    invalidate(): void
  }
}

export interface Close {
  readonly code: number
  readonly reason: string
}

/** A connection as its session sees it: a process of the same node, and its socket, which the session writes to. */
export interface ConnectionPort {
  readonly pid: Pid<ConnectionOrders>
  readonly socket: Socket
}

export interface SessionStart {
  readonly user: User
  readonly intents: number
  readonly shard?: readonly [id: number, count: number]
  readonly largeThreshold: number
  readonly presence: OwnPresence
  readonly connection: ConnectionPort
  /** What READY tells the client to resume at. */
  readonly resumeUrl: string
}

export type ResumeAnswer = 'resumed' | 'invalid' | 'invalid_sequence'

export interface SessionApi {
  state: SessionState
  init: [house: House, id: string, start: SessionStart]
  continue: 'begin'
  call: {
    resume(request: {
      readonly userId: Snowflake
      readonly sequence: number
      readonly connection: ConnectionPort
    }): ResumeAnswer
  }
  cast: {
    /** The client says that it has everything up to here. */
    acknowledge(request: { readonly sequence: number }): void
    presence(request: { readonly presence: OwnPresence }): void
    /** The socket takes more again. */
    drained(): void
    /** The connection is gone; `final` when the client has ended the session with it. */
    detach(request: { readonly connection: Pid; readonly final: boolean }): void
  }
  info: SessionNews
}

export type SessionNews =
  | Dispatch
  | { readonly type: 'guild_added'; readonly guildId: Snowflake }
  | { readonly type: 'join'; readonly guildId: Snowflake }
  | { readonly type: 'relay_found'; readonly guildId: Snowflake; readonly settled: Settled<Pid<RelayApi>> }
  | { readonly type: 'register' }
  | { readonly type: 'registered'; readonly settled: Settled<Registered> }
  | { readonly type: 'expired' }
  | (DownMessage & { readonly type: 'DOWN' })

/** A presence that has taken the session in, and the guilds that its user is in since. */
export interface Registered {
  readonly presence: Pid<PresenceApi>
  /** What it was told. */
  readonly own: OwnPresence
  readonly guildIds: readonly Snowflake[]
}

/** A guild that a session is in. */
export interface SessionGuild {
  /** The relay that it comes through, monitored; null while one is looked for. */
  relay: { readonly monitor: Ref } | null
  /** The guild's process, while the guild is available. */
  guild: Pid<PresenceReceiver> | null
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
