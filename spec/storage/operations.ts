import fc from 'fast-check'
import type { Storage } from '../../lib/storage/index.ts'
import { aChannel, aGuild, aHash, aMember, aMessage, anEvent, aUser } from './fixtures.ts'
import type { StorageModel } from './model.ts'

/** A call of the port as data, so that a counterexample can be read. */
export interface Operation {
  readonly method: keyof StorageModel
  readonly args: readonly unknown[]
}

/**
 * Ids of guilds, users and channels are generated as '#0', '#11', ...: few, so that operations meet each other often.
 * Each run gives them other values. Ids of messages are the ones where an order of numbers is easily wrong.
 */
const MESSAGE_IDS = [
  ...['0', '1', '9', '10', '255', '256', '4294967295', '4294967296', '9007199254740993'],
  ...['999999999999999999', '1000000000000000000', '9223372036854775808', '18446744073709551615'],
]
const guild = fc.constantFrom('#0', '#1')
const user = fc.constantFrom('#11', '#12', '#13')
const channels = { '#0': ['#21', '#22'], '#1': ['#31', '#32'] } as const
const channelOf = (guildId: '#0' | '#1') => fc.constantFrom(...channels[guildId])
const channel = guild.chain(channelOf)
const messageId = fc.constantFrom(...MESSAGE_IDS)

const limit = fc.integer({ min: 1, max: 6 })
/** Mostly the first, which is the current one for long, so that most commits are accepted. */
const generation = fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.integer({ min: 0, max: 3 }))
const sequence = fc.integer({ min: 0, max: 30 })
const position = fc.record({ generation, sequence })
const text = fc.string({ unit: 'grapheme', maxLength: 8 })

const write = (guildId: '#0' | '#1') =>
  fc.oneof(
    text.map((name) => ({ op: 'put_guild', guild: { ...aGuild(guildId), name } })),
    fc
      .tuple(channelOf(guildId), text)
      .map(([id, name]) => ({ op: 'put_channel', channel: { ...aChannel(guildId, id), name } })),
    fc.tuple(user, text).map(([id, nick]) => ({ op: 'put_member', member: { ...aMember(guildId, id), nick } })),
    fc
      .tuple(channelOf(guildId), messageId, text)
      .map(([channelId, id, content]) => ({ op: 'put_message', message: aMessage(guildId, channelId, id, content) })),
    fc.record({ op: fc.constant('delete_message'), channelId: channelOf(guildId), messageId }),
  )

const commit = guild.chain((guildId) =>
  fc.tuple(
    fc.constant(guildId),
    fc.record({
      generation,
      writes: fc.array(write(guildId), { maxLength: 4 }),
      events: fc
        .uniqueArray(sequence, { maxLength: 3 })
        .map((sequences) => sequences.sort((a, b) => a - b).map((at) => anEvent(at, `{"at":${at}}`))),
    }),
  ),
)

const page = (id: fc.Arbitrary<string>) => fc.oneof(fc.record({ limit }), fc.record({ limit, after: id }))

const query = fc.oneof(
  fc.record({ limit }),
  fc.record({ limit, before: messageId }),
  fc.record({ limit, after: messageId }),
  fc.record({ limit, around: messageId }),
)

const call = (method: Operation['method'], args: fc.Arbitrary<readonly unknown[]>): fc.Arbitrary<Operation> =>
  args.map((args) => ({ method, args }))

const writing: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: call('commit', commit) },
  call('raiseGeneration', fc.tuple(guild)),
  call('setPublished', fc.tuple(guild, position)),
  call('trimOutbox', fc.tuple(guild, position)),
  call(
    'createUser',
    fc.tuple(
      user.map(aUser),
      user.map((id) => `token of ${id}`),
    ),
  ),
)

const reading: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: call('messages', fc.tuple(channel, query)) },
  call('message', fc.tuple(channel, messageId)),
  call('guild', fc.tuple(guild)),
  call('channel', fc.tuple(channel)),
  call('channels', fc.tuple(guild, page(channel))),
  call('members', fc.tuple(guild, page(user))),
  call('guildsOf', fc.tuple(user, page(guild))),
  call('published', fc.tuple(guild)),
  call('readOutbox', fc.tuple(guild, fc.option(position, { nil: null }), limit)),
)

/**
 * Groups of operations, after both guilds have been loaded. A group is started all at once: writes, which take effect
 * in this order, or reads.
 */
export const operationGroups: fc.Arbitrary<Operation[][]> = fc
  .array(
    fc.oneof(fc.array(writing, { minLength: 1, maxLength: 5 }), fc.array(reading, { minLength: 1, maxLength: 4 })),
    {
      maxLength: 30,
      size: 'max',
    },
  )
  .map((groups) => [['#0', '#1'].map((guildId) => ({ method: 'raiseGeneration', args: [guildId] })), ...groups])

/** Calls the method, each '#n' standing for the id `base + n`, and each 'token of #n' for the hash of that token. */
export async function perform(
  target: Storage | StorageModel,
  { method, args }: Operation,
  base: number,
): Promise<unknown> {
  const idOf = (text: string) => String(base + Number(text.slice(text.indexOf('#') + 1)))
  const named: unknown[] = JSON.parse(JSON.stringify(args), (_, value: unknown) => {
    if (typeof value !== 'string' || !/^(?:token of )?#\d+$/.test(value)) return value
    return value.startsWith('#') ? idOf(value) : aHash(idOf(value))
  })
  return Reflect.apply(target[method] as (...args: unknown[]) => unknown, target, named)
}
