import type { Channel, Guild, Invite, Member, Message, User } from './records.ts'
import type { Snowflake } from './snowflake.ts'

/**
 * Where a guild's events stand in time. Generations count how often the guild was loaded; within one, its owner
 * numbers the events with a sequence that only grows. Positions are ordered by generation, then by sequence.
 */
export interface Position {
  readonly generation: number
  readonly sequence: number
}

/** An event as its guild dispatches it, kept until every relay has it. */
export interface OutboxEvent extends Position {
  /** The dispatch's name: MESSAGE_CREATE, CHANNEL_CREATE, ... */
  readonly name: string
  /** The dispatch's data as JSON text, encoded once and sent as it stands. */
  readonly data: string
}

/** One change of what is stored about a guild. A put replaces a record with the same key. */
export type Write =
  | { readonly op: 'put_guild'; readonly guild: Guild }
  | { readonly op: 'put_channel'; readonly channel: Channel }
  | { readonly op: 'put_member'; readonly member: Member }
  | { readonly op: 'put_invite'; readonly invite: Invite }
  | { readonly op: 'put_message'; readonly message: Message }
  | { readonly op: 'delete_message'; readonly channelId: Snowflake; readonly messageId: Snowflake }

/** What a guild wants stored in one piece: changes, and the events that tell of them. */
export interface Commit {
  /** The generation that the writer was given when it loaded the guild. */
  readonly generation: number
  readonly writes: readonly Write[]
  /** In ascending order of `sequence`. */
  readonly events: readonly Omit<OutboxEvent, 'generation'>[]
}

/** A piece of a list in ascending order of ids: at most `limit` entries, those after `after` or the first. */
export interface Page {
  readonly after?: Snowflake
  readonly limit: number
}

/**
 * A piece of a channel's history, as Discord's `GET /channels/{id}/messages` has it. With none of the three: the
 * newest. `before` and `after`: those next to that id. `around`: up to half of them younger than that id, the rest the
 * id itself and older. At most one of the three; the id need not be one of a message.
 */
export interface MessageQuery {
  readonly before?: Snowflake
  readonly after?: Snowflake
  readonly around?: Snowflake
  /** 1 to MESSAGES_PER_READ. */
  readonly limit: number
}

/**
 * The storage port. Arguments and results are plain data, so the port can also be served to other OS processes.
 *
 * - A write is acknowledged, by its promise, when it is on the disk: flushed, and there after a power cut. A write
 *   that fails is there entirely or not at all; after `storage_failed` and a lost connection either may be the case.
 * - What a read returns is never older than an acknowledged write, of whichever OS process.
 * - Every operation fails with `badarg` when an id, a limit or a size is out of bounds, with `storage_closed` after
 *   the end, and with `storage_corrupt` when what it reads is damaged. Writes also fail with `storage_busy` (nothing
 *   was written) and `storage_failed` (no further write is accepted until the storage is opened again).
 *
 * How a guild uses it so that an acknowledged event is also dispatched, whatever crashes in between:
 *
 *     load     generation = raiseGeneration(guild)        an earlier owner's commits fail from here on
 *              readOutbox(guild, published(guild))        stored and perhaps never sent: send these again, first
 *     event    commit(guild, { generation, writes, events })   the change and its events, or neither
 *              send to the relays, answer the request     only after the commit is acknowledged
 *     then     setPublished(guild, position)              what every relay has
 *              trimOutbox(guild, position)                what no relay will ask for any more
 */
export interface Storage {
  /** Stores a user and the hash of the token it logs in with, together. `already_exists` when either is taken. */
  createUser(user: User, tokenHash: string): Promise<void>
  /** The user whose token has this hash, or null. */
  userByToken(tokenHash: string): Promise<User | null>
  /** The users with these ids (at most USERS_PER_READ), in this order, null where there is none. */
  users(ids: readonly Snowflake[]): Promise<readonly (User | null)[]>

  guild(guildId: Snowflake): Promise<Guild | null>
  /** `page.limit` is at most GUILDS_PER_READ. */
  guilds(page: Page): Promise<readonly Guild[]>
  /** Ids of the guilds that a user is a member of; `page.limit` is at most GUILDS_PER_READ. */
  guildsOf(userId: Snowflake, page: Page): Promise<readonly Snowflake[]>
  channel(channelId: Snowflake): Promise<Channel | null>
  /** `page.limit` is at most CHANNELS_PER_READ. */
  channels(guildId: Snowflake, page: Page): Promise<readonly Channel[]>
  member(guildId: Snowflake, userId: Snowflake): Promise<Member | null>
  /** In order of the users' ids; `page.limit` is at most MEMBERS_PER_READ. */
  members(guildId: Snowflake, page: Page): Promise<readonly Member[]>
  invite(code: string): Promise<Invite | null>
  message(channelId: Snowflake, messageId: Snowflake): Promise<Message | null>
  /** The newest first, whatever the query. */
  messages(channelId: Snowflake, query: MessageQuery): Promise<readonly Message[]>

  /** Starts a new generation of a guild and returns its number: 1 the first time. Fences every earlier one out. */
  raiseGeneration(guildId: Snowflake): Promise<number>
  /**
   * Stores all of it or nothing. `stale_generation` when a later generation has been raised; `event_exists` when the
   * generation has an event at or above the first sequence, so that a commit which is tried again because its
   * acknowledgement was lost is not stored twice.
   */
  commit(guildId: Snowflake, commit: Commit): Promise<void>
  /** The events after this position, or from the start, oldest first. `limit` is at most EVENTS_PER_READ. */
  readOutbox(guildId: Snowflake, after: Position | null, limit: number): Promise<readonly OutboxEvent[]>
  /** Marks the events up to here as published. The mark never moves back: an earlier position changes nothing. */
  setPublished(guildId: Snowflake, position: Position): Promise<void>
  /** The published mark, or null when there is none yet. */
  published(guildId: Snowflake): Promise<Position | null>
  /**
   * Removes events up to this position, the oldest first, at most EVENTS_PER_READ of them, and never one above the
   * published mark. Returns how many went.
   */
  trimOutbox(guildId: Snowflake, upTo: Position): Promise<number>
}

/** A storage that this OS process holds itself. */
export interface OwnedStorage extends Storage {
  /** Refuses further operations, flushes what is waiting and lets go of the files. */
  close(): Promise<void>
}
