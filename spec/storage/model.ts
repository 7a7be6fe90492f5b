import type {
  Channel,
  Commit,
  Guild,
  Member,
  Message,
  MessageQuery,
  OutboxEvent,
  Page,
  Position,
  Snowflake,
  User,
  Write,
} from '../../lib/storage/index.ts'

/**
 * What a storage must answer, said in the plainest way: arrays that are searched, filtered and sorted. Refusals are
 * returned as the code of the error.
 */
export class StorageModel {
  readonly users: { user: User; tokenHash: string }[] = []
  readonly #guilds: Guild[] = []
  readonly #channels: Channel[] = []
  readonly #members: Member[] = []
  readonly #messages: Message[] = []
  readonly #events: (OutboxEvent & { guildId: Snowflake })[] = []
  readonly #generations: Snowflake[] = []
  readonly #marks: { guildId: Snowflake; mark: Position }[] = []

  createUser(user: User, tokenHash: string): string | undefined {
    if (this.users.some((known) => known.user.id === user.id || known.tokenHash === tokenHash)) return 'already_exists'
    this.users.push({ user, tokenHash })
    return undefined
  }

  raiseGeneration(guildId: Snowflake): number {
    this.#generations.push(guildId)
    return this.#generation(guildId)
  }

  commit(guildId: Snowflake, { generation, writes, events }: Commit): string | undefined {
    if (generation < this.#generation(guildId)) return 'stale_generation'
    if (generation > this.#generation(guildId)) return 'badarg'
    const mark = this.published(guildId)
    const known = this.#events.filter((event) => event.guildId === guildId && event.generation === generation)
    const taken = [...known, ...(mark?.generation === generation ? [mark] : [])].map((event) => event.sequence)
    if (events.some((event) => taken.some((sequence) => sequence >= event.sequence))) return 'event_exists'
    for (const write of writes) this.#apply(write)
    for (const event of events) this.#events.push({ guildId, generation, ...event })
    return undefined
  }

  setPublished(guildId: Snowflake, mark: Position): string | undefined {
    if (mark.generation > this.#generation(guildId)) return 'badarg'
    this.#marks.push({ guildId, mark })
    return undefined
  }

  published(guildId: Snowflake): Position | null {
    const marks = this.#marks.filter((entry) => entry.guildId === guildId).map((entry) => entry.mark)
    return marks.sort(byPosition).at(-1) ?? null
  }

  trimOutbox(guildId: Snowflake, upTo: Position): number {
    const mark = this.published(guildId)
    if (mark === null) return 0
    return removeFrom(
      this.#events,
      (event) => event.guildId === guildId && byPosition(event, upTo) <= 0 && byPosition(event, mark) <= 0,
    )
  }

  readOutbox(guildId: Snowflake, after: Position | null, limit: number): readonly OutboxEvent[] {
    return this.#events
      .filter((event) => event.guildId === guildId && (after === null || byPosition(event, after) > 0))
      .sort(byPosition)
      .slice(0, limit)
      .map(({ generation, sequence, name, data }) => ({ generation, sequence, name, data }))
  }

  guild(id: Snowflake): Guild | null {
    return this.#guilds.find((guild) => guild.id === id) ?? null
  }

  channel(id: Snowflake): Channel | null {
    return this.#channels.find((channel) => channel.id === id) ?? null
  }

  channels(guildId: Snowflake, page: Page): readonly Channel[] {
    return paged(
      this.#channels.filter((channel) => channel.guildId === guildId),
      (channel) => channel.id,
      page,
    )
  }

  members(guildId: Snowflake, page: Page): readonly Member[] {
    return paged(
      this.#members.filter((member) => member.guildId === guildId),
      (member) => member.userId,
      page,
    )
  }

  guildsOf(userId: Snowflake, page: Page): readonly Snowflake[] {
    const guilds = this.#members.filter((member) => member.userId === userId).map((member) => member.guildId)
    return paged(guilds, (id) => id, page)
  }

  message(channelId: Snowflake, id: Snowflake): Message | null {
    return this.#messages.find((message) => message.channelId === channelId && message.id === id) ?? null
  }

  messages(channelId: Snowflake, { before, after, around, limit }: MessageQuery): readonly Message[] {
    const all = this.#messages.filter((message) => message.channelId === channelId).sort(youngestFirst)
    const youngerThan = (id: Snowflake) => all.filter((message) => BigInt(message.id) > BigInt(id))
    if (before !== undefined) return all.filter((message) => BigInt(message.id) < BigInt(before)).slice(0, limit)
    if (after !== undefined) return youngerThan(after).slice(-limit)
    if (around === undefined) return all.slice(0, limit)
    const half = Math.floor((limit - 1) / 2)
    const younger = half === 0 ? [] : youngerThan(around).slice(-half)
    const rest = all.filter((message) => BigInt(message.id) <= BigInt(around))
    return [...younger, ...rest.slice(0, limit - half)]
  }

  #apply(write: Write): void {
    switch (write.op) {
      case 'put_guild':
        removeFrom(this.#guilds, (guild) => guild.id === write.guild.id)
        this.#guilds.push(write.guild)
        break
      case 'put_channel':
        removeFrom(this.#channels, (channel) => channel.id === write.channel.id)
        this.#channels.push(write.channel)
        break
      case 'put_member': {
        const { guildId, userId } = write.member
        removeFrom(this.#members, (member) => member.guildId === guildId && member.userId === userId)
        this.#members.push(write.member)
        break
      }
      case 'put_message': {
        const { channelId, id } = write.message
        removeFrom(this.#messages, (message) => message.channelId === channelId && message.id === id)
        this.#messages.push(write.message)
        break
      }
      case 'delete_message':
        removeFrom(this.#messages, (message) => message.channelId === write.channelId && message.id === write.messageId)
        break
      case 'put_invite':
        throw new Error('the model has no invites')
    }
  }

  #generation(guildId: Snowflake): number {
    return this.#generations.filter((id) => id === guildId).length
  }
}

function byPosition(a: Position, b: Position): number {
  return a.generation - b.generation || a.sequence - b.sequence
}

function youngestFirst(a: Message, b: Message): number {
  return BigInt(a.id) > BigInt(b.id) ? -1 : 1
}

function paged<T>(entries: readonly T[], idOf: (entry: T) => Snowflake, { after, limit }: Page): readonly T[] {
  return entries
    .filter((entry) => after === undefined || BigInt(idOf(entry)) > BigInt(after))
    .sort((a, b) => (BigInt(idOf(a)) < BigInt(idOf(b)) ? -1 : 1))
    .slice(0, limit)
}

function removeFrom<T>(entries: T[], condition: (entry: T) => boolean): number {
  const kept = entries.filter((entry) => !condition(entry))
  const removed = entries.length - kept.length
  entries.splice(0, entries.length, ...kept)
  return removed
}
