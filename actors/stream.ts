import type { EventFrame } from '../lib/gateway/frame.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import type { OutboxEvent, Position } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { Presence } from './payloads/presence.ts'
import type { Link } from './position.ts'

/**
 * What goes from a guild through its relays to sessions. All of it is sent as plain messages from one process to the
 * next, which keeps it in order: whoever is told `joined` gets every later event after it, and none before.
 *
 *     guild ──StreamMessage──> relay, one a node ──Dispatch──> sessions of that node
 */

/** A session as its guild needs to know it. */
export interface Listener {
  readonly session: Pid
  readonly userId: Snowflake
  readonly intents: number
  readonly largeThreshold: number
  /** The newest event that the session has; null for one that begins now. */
  readonly since: Position | null
  /** Whether it is to be shown the guild first. */
  readonly snapshot: boolean
}

/** A relay asks for everything from now on, or after `since`. */
export interface Subscription {
  readonly relay: Pid
  /** Chosen by the relay: what belongs to an earlier subscription has another number. */
  readonly stream: number
  readonly since: Position | null
  readonly listeners: readonly Listener[]
}

export type StreamMessage =
  /** `position` is where the events that follow begin; `resumed` is false when `since` was too old to go on from. */
  | {
      readonly type: 'subscribed'
      readonly stream: number
      readonly position: Position
      readonly resumed: boolean
    }
  | ({ readonly type: 'event'; readonly stream: number } & Link)
  /** An event that is not stored: one that is lost in a crash is not sent again. */
  | { readonly type: 'ephemeral'; readonly stream: number; readonly name: string; readonly data: string }
  | Joined
  /** The relay lags too far behind: it gets nothing more until it subscribes again. */
  | { readonly type: 'cut'; readonly stream: number }

/** A listener is in: it has, with what is in here, everything up to `position`. */
export interface Joined {
  readonly type: 'joined'
  readonly stream: number
  readonly session: Pid
  readonly position: Position
  /** The data of GUILD_CREATE as JSON text, when it was asked for. */
  readonly snapshot: string | null
  /** What it missed; `gone` when that is no longer known, `denied` when its user is no member. */
  readonly missed: readonly OutboxEvent[] | 'gone' | 'denied'
}

/** What a user's presence actor tells of it. */
export interface PresenceNews {
  readonly presence: Presence
  /** The actor: when it ends, nothing is known of the user any more. */
  readonly source: Pid
}

/** A guild as those see it that only tell it of presences. */
export interface PresenceReceiver {
  cast: { presence(news: PresenceNews): void }
}

/** What a relay sends to its sessions. One object serves them all. */
export type Dispatch =
  | {
      readonly type: 'dispatch'
      readonly guildId: Snowflake
      /** Null for an event that is not stored. */
      readonly position: Position | null
      readonly frame: EventFrame
    }
  /** The guild can be reached through `guild`; `frame`, its GUILD_CREATE, is null for whom it is not. */
  | {
      readonly type: 'available'
      readonly guildId: Snowflake
      readonly guild: Pid<PresenceReceiver>
      readonly position: Position | null
      readonly frame: EventFrame | null
    }
  | { readonly type: 'unavailable'; readonly guildId: Snowflake; readonly frame: EventFrame | null }
  /** Up to here nothing was missed, whether or not it was for this session. */
  | { readonly type: 'mark'; readonly guildId: Snowflake; readonly position: Position }
  /** Events are lost for good: the client has to begin anew. */
  | { readonly type: 'lost'; readonly guildId: Snowflake }
  | { readonly type: 'denied'; readonly guildId: Snowflake }
