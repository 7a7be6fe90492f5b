import { fault } from '../internal/errors.ts'
import {
  CHANNELS_PER_READ,
  EVENTS_PER_READ,
  GUILDS_PER_READ,
  MEMBERS_PER_READ,
  USERS_PER_READ,
  WRITES_PER_COMMIT,
} from '../internal/limits.ts'
import type { Change, Disk, Row, View } from './disk.ts'
import { FlushQueue, type Job } from './flush-queue.ts'
import { commitJob, eventRow, publishedJob, raiseJob, readEvents, readPublished, trimJob } from './guild-log.ts'
import { readMessages } from './history.ts'
import * as keys from './keys.ts'
import type { Commit, MessageQuery, OutboxEvent, OwnedStorage, Page, Position } from './port.ts'
import type { Channel, Guild, Invite, Member, Message, User } from './records.ts'
import { changesOf, decodeValue, userRows } from './rows.ts'
import type { Snowflake } from './snowflake.ts'
import { isTokenHash } from './token.ts'
import { checkCount, checkIds, checkInviteCode, checkLimit, checkPosition, checkSize } from './validation.ts'

/** The layout of keys.ts. A change of it that an older program would misread gets another number. */
const FORMAT = '1'

/**
 * The storage port on any disk. Reads go to the disk's newest state; writes go through one queue, which acknowledges
 * them when they are flushed. `storage_format` when the disk holds data of another layout.
 */
export async function openStorage(disk: Disk): Promise<OwnedStorage> {
  const queue = new FlushQueue(disk)
  try {
    if (!isFormatted(disk)) await queue.submit(FORMAT.length, claimFormat)
  } catch (reason) {
    await queue.close()
    throw reason
  }
  return new OrderedStorage(disk, queue)
}

function isFormatted(view: View): boolean {
  const format = view.get(keys.formatKey)
  if (format === undefined || format === FORMAT) return format === FORMAT
  throw fault('storage_format', `it has format ${format.slice(0, 20)}, this version writes format ${FORMAT}`)
}

/** Looks again inside the batch: another OS process may open the same empty disk at this moment. */
const claimFormat: Job<undefined> = (view) => {
  const changes = isFormatted(view) ? [] : [{ key: keys.formatKey, value: FORMAT }]
  return { changes, answer: undefined }
}

class OrderedStorage implements OwnedStorage {
  readonly #disk: Disk
  readonly #queue: FlushQueue

  constructor(disk: Disk, queue: FlushQueue) {
    this.#disk = disk
    this.#queue = queue
  }

  async createUser(user: User, tokenHash: string): Promise<void> {
    checkIds(user.id)
    checkHash(tokenHash)
    const changes = userRows(user, tokenHash)
    await this.#queue.submit(sizeOf(changes), (view) => {
      const [userRow, tokenRow] = changes
      if (view.get(userRow.key) !== undefined) throw fault('already_exists', `user ${user.id}`)
      if (view.get(tokenRow.key) !== undefined) throw fault('already_exists', 'a token with this hash')
      return { changes, answer: undefined }
    })
  }

  async userByToken(tokenHash: string): Promise<User | null> {
    checkHash(tokenHash)
    const userId = this.#get<Snowflake>(keys.tokenKey(tokenHash))
    return userId === null ? null : this.#get<User>(keys.userKey(userId))
  }

  async users(ids: readonly Snowflake[]): Promise<readonly (User | null)[]> {
    if (ids.length > 0) checkLimit(ids.length, USERS_PER_READ)
    checkIds(...ids)
    return ids.map((id) => this.#get<User>(keys.userKey(id)))
  }

  async guild(guildId: Snowflake): Promise<Guild | null> {
    checkIds(guildId)
    return this.#get(keys.guildKey(guildId))
  }

  async guilds(page: Page): Promise<readonly Guild[]> {
    return this.#list(keys.guildsPrefix, keys.guildKey, page, GUILDS_PER_READ)
  }

  async guildsOf(userId: Snowflake, page: Page): Promise<readonly Snowflake[]> {
    checkIds(userId)
    const key = (guildId: Snowflake) => keys.userGuildKey(userId, guildId)
    const rows = this.#page(keys.userGuildsPrefix(userId), key, page, GUILDS_PER_READ)
    return rows.map((row) => keys.userGuildId(row.key))
  }

  async channel(channelId: Snowflake): Promise<Channel | null> {
    checkIds(channelId)
    const guildId = this.#get<Snowflake>(keys.channelGuildKey(channelId))
    return guildId === null ? null : this.#get<Channel>(keys.channelKey(guildId, channelId))
  }

  async channels(guildId: Snowflake, page: Page): Promise<readonly Channel[]> {
    checkIds(guildId)
    return this.#list(keys.channelsPrefix(guildId), (id) => keys.channelKey(guildId, id), page, CHANNELS_PER_READ)
  }

  async member(guildId: Snowflake, userId: Snowflake): Promise<Member | null> {
    checkIds(guildId, userId)
    return this.#get(keys.memberKey(guildId, userId))
  }

  async members(guildId: Snowflake, page: Page): Promise<readonly Member[]> {
    checkIds(guildId)
    return this.#list(keys.membersPrefix(guildId), (id) => keys.memberKey(guildId, id), page, MEMBERS_PER_READ)
  }

  async invite(code: string): Promise<Invite | null> {
    checkInviteCode(code)
    return this.#get(keys.inviteKey(code))
  }

  async message(channelId: Snowflake, messageId: Snowflake): Promise<Message | null> {
    checkIds(channelId, messageId)
    return this.#get(keys.messageKey(channelId, messageId))
  }

  async messages(channelId: Snowflake, query: MessageQuery): Promise<readonly Message[]> {
    return readMessages(this.#view(), channelId, query)
  }

  async raiseGeneration(guildId: Snowflake): Promise<number> {
    checkIds(guildId)
    return this.#queue.submit(0, raiseJob(guildId))
  }

  async commit(guildId: Snowflake, { generation, writes, events }: Commit): Promise<void> {
    checkIds(guildId)
    checkCount(generation, 'generation')
    if (writes.length > 0) checkLimit(writes.length, WRITES_PER_COMMIT)
    if (events.length > 0) checkLimit(events.length, WRITES_PER_COMMIT)
    const changes: Change[] = writes.flatMap((write) => changesOf(guildId, write))
    let previous = -1
    for (const { sequence, name, data } of events) {
      checkCount(sequence, 'sequence')
      if (sequence <= previous) throw fault('badarg', `sequence ${sequence} follows ${previous}: events ascend`)
      changes.push(eventRow(guildId, { generation, sequence, name: checkSize(name), data: checkSize(data) }))
      previous = sequence
    }
    await this.#queue.submit(sizeOf(changes), commitJob(guildId, generation, changes, events[0]?.sequence))
  }

  async readOutbox(guildId: Snowflake, after: Position | null, limit: number): Promise<readonly OutboxEvent[]> {
    checkIds(guildId)
    if (after !== null) checkPosition(after)
    checkLimit(limit, EVENTS_PER_READ)
    return readEvents(this.#view(), guildId, after, limit)
  }

  async setPublished(guildId: Snowflake, position: Position): Promise<void> {
    checkIds(guildId)
    checkPosition(position)
    await this.#queue.submit(0, publishedJob(guildId, position))
  }

  async published(guildId: Snowflake): Promise<Position | null> {
    checkIds(guildId)
    return readPublished(this.#view(), guildId)
  }

  async trimOutbox(guildId: Snowflake, upTo: Position): Promise<number> {
    checkIds(guildId)
    checkPosition(upTo)
    return this.#queue.submit(0, trimJob(guildId, upTo))
  }

  close(): Promise<void> {
    return this.#queue.close()
  }

  #view(): View {
    if (this.#queue.closed) throw fault('storage_closed')
    return this.#disk
  }

  #get<T>(key: string): T | null {
    const value = this.#view().get(key)
    return value === undefined ? null : decodeValue<T>(value)
  }

  #list<T>(prefix: string, keyOf: (id: Snowflake) => string, page: Page, max: number): readonly T[] {
    return this.#page(prefix, keyOf, page, max).map((row) => decodeValue<T>(row.value))
  }

  #page(prefix: string, keyOf: (id: Snowflake) => string, { after, limit }: Page, max: number): readonly Row[] {
    checkLimit(limit, max)
    if (after !== undefined) checkIds(after)
    const from = after === undefined ? prefix : keys.justAfter(keyOf(after))
    return this.#view().range({ from, to: keys.endOf(prefix), limit })
  }
}

function checkHash(tokenHash: string): void {
  if (!isTokenHash(tokenHash))
    throw fault('badarg', 'a token hash is 64 lower-case hex digits, as hashToken makes them')
}

function sizeOf(changes: readonly Change[]): number {
  return changes.reduce((size, { key, value }) => size + key.length + (value?.length ?? 0), 0)
}
