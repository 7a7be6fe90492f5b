import fc from 'fast-check'
import type { MessageQuery, Page, Position, Snowflake, Storage, Write } from '../../lib/storage/index.ts'
import { aChannel, aGuild, aHash, aMember, aMessage, anEvent, aUser } from './fixtures.ts'
import type { StorageModel } from './model.ts'

/**
 * Random operations over few guilds, channels, users and messages, so that they meet each other often. Guilds, channels
 * and users are numbers that a base turns into ids, so that each run has its own; the ids of messages are those where
 * an ordering of decimal or binary numbers is easily wrong.
 */
const MESSAGE_IDS = [
  ...['0', '1', '9', '10', '255', '256', '4294967295', '4294967296', '9007199254740993'],
  ...['999999999999999999', '1000000000000000000', '9223372036854775808', '18446744073709551615'],
]

type Ids = (number: number) => Snowflake
export type Operation = (target: Storage | StorageModel, id: Ids) => unknown

const guild = fc.integer({ min: 0, max: 1 })
const user = fc.integer({ min: 10, max: 12 })
const messageId = fc.constantFrom(...MESSAGE_IDS)
const limit = fc.integer({ min: 1, max: 6 })
const generation = fc.integer({ min: 1, max: 4 })
const sequence = fc.integer({ min: 0, max: 9 })
const position: fc.Arbitrary<Position> = fc.record({ generation, sequence })
const text = fc.string({ unit: 'grapheme', maxLength: 8 })
/** A channel of this guild. */
const channelOf = (guildNumber: number) => fc.integer({ min: 20, max: 21 }).map((at) => at + 10 * guildNumber)
const channel = guild.chain(channelOf)

const write = (at: number): fc.Arbitrary<(id: Ids) => Write> =>
  fc.oneof(
    text.map(
      (name) =>
        (id: Ids): Write => ({ op: 'put_guild', guild: { ...aGuild(id(at)), name } }),
    ),
    fc.tuple(channelOf(at), text).map(
      ([number, name]) =>
        (id: Ids): Write => ({ op: 'put_channel', channel: { ...aChannel(id(at), id(number)), name } }),
    ),
    fc.tuple(user, text).map(
      ([number, nick]) =>
        (id: Ids): Write => ({ op: 'put_member', member: { ...aMember(id(at), id(number)), nick } }),
    ),
    fc.tuple(channelOf(at), messageId, text).map(
      ([number, message, content]) =>
        (id: Ids): Write => ({ op: 'put_message', message: aMessage(id(at), id(number), message, content) }),
    ),
    fc.tuple(channelOf(at), messageId).map(
      ([number, message]) =>
        (id: Ids): Write => ({ op: 'delete_message', channelId: id(number), messageId: message }),
    ),
  )

const commit: fc.Arbitrary<Operation> = guild.chain((at) =>
  fc
    .record({
      generation,
      writes: fc.array(write(at), { maxLength: 4 }),
      sequences: fc.uniqueArray(sequence, { maxLength: 3 }),
    })
    .map(
      ({ generation, writes, sequences }): Operation =>
        (target, id) => {
          const events = sequences.sort((a, b) => a - b).map((number) => anEvent(number, `{"number":${number}}`))
          return target.commit(id(at), { generation, writes: writes.map((make) => make(id)), events })
        },
    ),
)

const writing: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: commit },
  {
    weight: 2,
    arbitrary: guild.map(
      (at): Operation =>
        (target, id) =>
          target.raiseGeneration(id(at)),
    ),
  },
  fc.tuple(guild, position).map(
    ([at, mark]): Operation =>
      (target, id) =>
        target.setPublished(id(at), mark),
  ),
  fc.tuple(guild, position).map(
    ([at, mark]): Operation =>
      (target, id) =>
        target.trimOutbox(id(at), mark),
  ),
  fc.tuple(user, user).map(
    ([at, hash]): Operation =>
      (target, id) =>
        target.createUser(aUser(id(at)), aHash(id(hash))),
  ),
)

const page = (number: fc.Arbitrary<number>): fc.Arbitrary<(id: Ids) => Page> =>
  fc.record({ after: fc.option(number, { nil: undefined }), limit }).map(
    ({ after, limit }) =>
      (id: Ids) =>
        after === undefined ? { limit } : { after: id(after), limit },
  )

const query: fc.Arbitrary<MessageQuery> = fc.oneof(
  fc.record({ limit }),
  fc.record({ limit, before: messageId }),
  fc.record({ limit, after: messageId }),
  fc.record({ limit, around: messageId }),
)

const reading: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(channel, query).map(
      ([at, query]): Operation =>
        (target, id) =>
          target.messages(id(at), query),
    ),
  },
  fc.tuple(channel, messageId).map(
    ([at, message]): Operation =>
      (target, id) =>
        target.message(id(at), message),
  ),
  guild.map(
    (at): Operation =>
      (target, id) =>
        target.guild(id(at)),
  ),
  channel.map(
    (at): Operation =>
      (target, id) =>
        target.channel(id(at)),
  ),
  fc.tuple(guild, page(channel)).map(
    ([at, page]): Operation =>
      (target, id) =>
        target.channels(id(at), page(id)),
  ),
  fc.tuple(guild, page(user)).map(
    ([at, page]): Operation =>
      (target, id) =>
        target.members(id(at), page(id)),
  ),
  fc.tuple(user, page(guild)).map(
    ([at, page]): Operation =>
      (target, id) =>
        target.guildsOf(id(at), page(id)),
  ),
  guild.map(
    (at): Operation =>
      (target, id) =>
        target.published(id(at)),
  ),
  fc.tuple(guild, fc.option(position, { nil: null }), limit).map(
    ([at, after, limit]): Operation =>
      (target, id) =>
        target.readOutbox(id(at), after, limit),
  ),
)

/** Groups of operations. A group is started all at once: writes, which take effect in this order, or reads. */
export const operationGroups: fc.Arbitrary<Operation[][]> = fc.array(
  fc.oneof(fc.array(writing, { minLength: 1, maxLength: 5 }), fc.array(reading, { minLength: 1, maxLength: 4 })),
  { maxLength: 25 },
)

export function perform(target: Storage | StorageModel, operation: Operation, base: bigint): unknown {
  return operation(target, (number) => String(base + BigInt(number)))
}
