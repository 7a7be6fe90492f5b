import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { systemHost } from '../../lib/kernel/system-host.ts'
import { type OwnedStorage, type Position, SnowflakeGenerator, type Storage } from '../../lib/storage/index.ts'
import { aChannel, aGuild, aHash, aMember, aMessage, anEvent, aUser, messageCommit, outcome } from './fixtures.ts'
import { StorageModel } from './model.ts'
import { operationGroups, perform } from './operations.ts'

const ids = new SnowflakeGenerator(systemHost, 0)

/** What every storage has to do. `open` makes an empty one, which the suite closes. */
export function storageConformance(name: string, open: () => Promise<OwnedStorage>): void {
  t.test(`${name} is a storage`, async (t) => {
    const storage = await open()
    t.teardown(() => storage.close())
    users(t, storage)
    guilds(t, storage)
    histories(t, storage)
    fences(t, storage)
    outboxes(t, storage)
    refusals(t, storage)
    models(t, storage)
  })

  t.test(`${name} refuses everything after close`, async (t) => {
    const storage = await open()
    const last = storage.createUser(aUser('1'), aHash('closing'))
    await storage.close()
    await t.resolves(last, 'what was submitted before is acknowledged')
    await storage.close()
    t.equal(await outcome(storage.guild('1')), 'storage_closed')
    t.equal(await outcome(storage.messages('1', { limit: 1 })), 'storage_closed')
    t.equal(await outcome(storage.raiseGeneration('1')), 'storage_closed')
  })
}

function users(t: Test, storage: Storage): void {
  t.test('a user and its token are created together, once', async (t) => {
    const [alice, bob] = [aUser(ids.next()), aUser(ids.next())]
    await storage.createUser(alice, aHash(alice.id))
    t.same(await storage.userByToken(aHash(alice.id)), alice)
    t.equal(await storage.userByToken(aHash(bob.id)), null)
    t.equal(await outcome(storage.createUser(alice, aHash(bob.id))), 'already_exists')
    t.equal(await outcome(storage.createUser(bob, aHash(alice.id))), 'already_exists')
    t.equal(await storage.userByToken(aHash(bob.id)), null, 'a refused creation leaves no token behind')
    t.same(await storage.users([bob.id, alice.id, alice.id]), [null, alice, alice])
    t.same(await storage.users([]), [])
  })

  t.test('of two that create the same user at once, one succeeds', async (t) => {
    const user = aUser(ids.next())
    const created = [1, 2].map((attempt) => outcome(storage.createUser(user, aHash(`${user.id} ${attempt}`))))
    t.same(await Promise.all(created), [undefined, 'already_exists'])
  })
}

function guilds(t: Test, storage: Storage): void {
  t.test('a guild is stored in one piece and read in all its ways', async (t) => {
    const [guildId, userId] = [ids.next(), ids.next()]
    const [first, second] = [ids.next(), ids.next()]
    const channel = { ...aChannel(guildId, first), topic: 'a "topic" \u{1f600} \ud800 \0' }
    const invite = {
      ...{ code: `code-${guildId}`, guildId, channelId: first, inviterId: userId },
      ...{ createdAt: 1, maxAge: 86400, maxUses: 0, uses: 0, temporary: false },
    }
    const member = { ...aMember(guildId, userId), nick: '', roles: [first] }
    const generation = await storage.raiseGeneration(guildId)
    await storage.commit(guildId, {
      generation,
      writes: [
        { op: 'put_guild', guild: aGuild(guildId) },
        { op: 'put_channel', channel: aChannel(guildId, second) },
        { op: 'put_channel', channel },
        { op: 'put_member', member },
        { op: 'put_invite', invite },
      ],
      events: [],
    })
    t.same(await storage.guild(guildId), aGuild(guildId))
    t.same(await storage.channel(first), channel)
    t.same(await storage.channels(guildId, { limit: 500 }), [channel, aChannel(guildId, second)])
    t.same(await storage.channels(guildId, { limit: 1, after: first }), [aChannel(guildId, second)])
    t.same(await storage.member(guildId, userId), member)
    t.same(await storage.members(guildId, { limit: 1000 }), [member])
    t.same(await storage.guildsOf(userId, { limit: 200 }), [guildId])
    t.same(await storage.invite(invite.code), invite)
    t.same(await storage.guilds({ limit: 1, after: String(BigInt(guildId) - 1n) }), [aGuild(guildId)])
    const elsewhere = ids.next()
    t.same(
      await Promise.all([
        storage.guild(elsewhere),
        storage.channel(elsewhere),
        storage.member(guildId, elsewhere),
        storage.invite('no-such-code'),
        storage.message(first, elsewhere),
        storage.published(guildId),
      ]),
      [null, null, null, null, null, null],
    )
  })
}

function histories(t: Test, storage: Storage): void {
  t.test('a history is paged as Discord pages it', async (t) => {
    const [guildId, channelId] = [ids.next(), ids.next()]
    const generation = await storage.raiseGeneration(guildId)
    const messageIds = Array.from({ length: 9 }, () => ids.next())
    const inserted = [4, 1, 8, 0, 7, 2, 6, 3, 5].map((at) => aMessage(guildId, channelId, messageIds[at]!))
    await Promise.all(
      inserted.map((message) =>
        storage.commit(guildId, { generation, writes: [{ op: 'put_message', message }], events: [] }),
      ),
    )
    const read = async (query: Parameters<Storage['messages']>[1]) =>
      (await storage.messages(channelId, query)).map((message) => messageIds.indexOf(message.id)).join('')
    const at = (index: number) => messageIds[index]!
    t.equal(await read({ limit: 100 }), '876543210')
    t.equal(await read({ limit: 3 }), '876')
    t.equal(await read({ before: at(6), limit: 2 }), '54')
    t.equal(await read({ after: at(2), limit: 2 }), '43', 'the ones next to it, not the newest')
    t.equal(await read({ after: '0', limit: 2 }), '10')
    t.equal(await read({ around: at(4), limit: 5 }), '65432')
    t.equal(await read({ around: at(4), limit: 4 }), '5432')
    t.equal(await read({ around: at(4), limit: 1 }), '4')
    t.equal(await read({ around: at(8), limit: 4 }), '876')
    t.equal(await read({ before: '0', limit: 5 }), '')
    t.equal(await read({ after: at(8), limit: 5 }), '')
  })

  t.test('an edit replaces a message, a deletion removes it', async (t) => {
    const [guildId, channelId, id] = [ids.next(), ids.next(), ids.next()]
    const generation = await storage.raiseGeneration(guildId)
    await storage.commit(guildId, messageCommit(generation, 1, aMessage(guildId, channelId, id)))
    const edited = { ...aMessage(guildId, channelId, id, 'edited'), editedTimestamp: 5 }
    await storage.commit(guildId, messageCommit(generation, 2, edited))
    t.same(await storage.message(channelId, id), edited)
    await storage.commit(guildId, {
      generation,
      writes: [{ op: 'delete_message', channelId, messageId: id }],
      events: [anEvent(3)],
    })
    t.equal(await storage.message(channelId, id), null)
    t.same(await storage.messages(channelId, { limit: 1 }), [])
  })
}

function fences(t: Test, storage: Storage): void {
  t.test('an owner is fenced out by the next one, however late its write arrives', async (t) => {
    const [guildId, channelId, id] = [ids.next(), ids.next(), ids.next()]
    const first = await storage.raiseGeneration(guildId)
    const second = await storage.raiseGeneration(guildId)
    t.same([first, second], [1, 2])
    const late = messageCommit(first, 1, aMessage(guildId, channelId, id))
    t.equal(await outcome(storage.commit(guildId, late)), 'stale_generation')
    t.equal(await storage.message(channelId, id), null)
    t.same(await storage.readOutbox(guildId, null, 10), [])
    t.equal(await outcome(storage.commit(guildId, { ...late, generation: 3 })), 'badarg', 'never raised')
    await storage.commit(guildId, { ...late, generation: second })
    t.equal(await storage.raiseGeneration(ids.next()), 1, 'each guild has its own generations')
  })

  t.test('a raise and a commit that race are decided in one order', async (t) => {
    const [guildId, channelId, id] = [ids.next(), ids.next(), ids.next()]
    const generation = await storage.raiseGeneration(guildId)
    const raised = storage.raiseGeneration(guildId)
    const commit = storage.commit(guildId, messageCommit(generation, 1, aMessage(guildId, channelId, id)))
    t.same(await Promise.all([raised, outcome(commit)]), [generation + 1, 'stale_generation'])
  })
}

function outboxes(t: Test, storage: Storage): void {
  t.test('what was committed and not published is found again by the next owner', async (t) => {
    const [guildId, channelId] = [ids.next(), ids.next()]
    const generation = await storage.raiseGeneration(guildId)
    const messages = [1, 2, 3].map(() => aMessage(guildId, channelId, ids.next()))
    await Promise.all(
      messages.map((message, index) => storage.commit(guildId, messageCommit(generation, index + 1, message))),
    )
    await storage.setPublished(guildId, { generation, sequence: 1 })
    const next = await storage.raiseGeneration(guildId)
    const mark = await storage.published(guildId)
    t.same(mark, { generation, sequence: 1 })
    const missed = [2, 3].map((sequence) => ({
      ...anEvent(sequence, JSON.stringify({ id: messages[sequence - 1]?.id })),
      generation,
    }))
    t.same(await storage.readOutbox(guildId, mark, 10), missed)
    await storage.commit(guildId, { generation: next, writes: [], events: [anEvent(1)] })
    t.same(await storage.readOutbox(guildId, mark, 10), [...missed, { ...anEvent(1), generation: next }])
    t.same(await storage.readOutbox(guildId, mark, 1), missed.slice(0, 1))
  })

  t.test('the mark never moves back, and only what is below it is trimmed', async (t) => {
    const guildId = ids.next()
    const generation = await storage.raiseGeneration(guildId)
    await storage.commit(guildId, { generation, writes: [], events: [1, 2, 3, 4].map((at) => anEvent(at)) })
    const at = (sequence: number): Position => ({ generation, sequence })
    t.equal(await storage.trimOutbox(guildId, at(4)), 0, 'nothing is published yet')
    await storage.setPublished(guildId, at(3))
    await storage.setPublished(guildId, at(1))
    t.same(await storage.published(guildId), at(3))
    t.equal(await storage.trimOutbox(guildId, at(1)), 1)
    t.equal(await storage.trimOutbox(guildId, at(4)), 2)
    t.same(await storage.readOutbox(guildId, null, 10), [{ ...anEvent(4), generation }])
    t.equal(await outcome(storage.setPublished(guildId, { generation: generation + 1, sequence: 0 })), 'badarg')
  })

  t.test('a commit that is tried again is not stored twice', async (t) => {
    const [guildId, channelId, id] = [ids.next(), ids.next(), ids.next()]
    const generation = await storage.raiseGeneration(guildId)
    const commit = messageCommit(generation, 7, aMessage(guildId, channelId, id))
    await storage.commit(guildId, commit)
    t.equal(await outcome(storage.commit(guildId, commit)), 'event_exists')
    await storage.setPublished(guildId, { generation, sequence: 7 })
    await storage.trimOutbox(guildId, { generation, sequence: 7 })
    t.equal(await outcome(storage.commit(guildId, commit)), 'event_exists', 'also when it has been trimmed')
  })
}

function refusals(t: Test, storage: Storage): void {
  t.test('bad arguments are refused, and nothing of them is stored', async (t) => {
    const [guildId, channelId, id] = [ids.next(), ids.next(), ids.next()]
    const generation = await storage.raiseGeneration(guildId)
    const message = aMessage(guildId, channelId, id)
    const put = { op: 'put_message', message } as const
    const commit = (change: object) =>
      storage.commit(guildId, { generation, writes: [put], events: [], ...change } as Parameters<Storage['commit']>[1])
    const refused: Record<string, Promise<unknown>> = {
      'an id with a leading zero': storage.guild('01'),
      'an id that is none': storage.users(['alice']),
      'an id of more than 64 bits': storage.channel('18446744073709551616'),
      'a hash that is none': storage.userByToken('secret'),
      'a limit of none': storage.messages(channelId, { limit: 0 }),
      'a limit that is too large': storage.messages(channelId, { limit: 101 }),
      'two anchors': storage.messages(channelId, { before: id, after: id, limit: 1 }),
      'too many members': storage.members(guildId, { limit: 1001 }),
      'too many users': storage.users(Array.from({ length: 1001 }, () => id)),
      'an invite code with a slash': storage.invite('a/b'),
      'a record of another guild': commit({ writes: [put, { op: 'put_guild', guild: aGuild(id) }] }),
      'an unknown operation': commit({ writes: [put, { op: 'drop' }] }),
      'events out of order': commit({ events: [anEvent(2), anEvent(1)] }),
      'an event with a fraction': commit({ events: [anEvent(1.5)] }),
      'a record that is too large': commit({ writes: [{ op: 'put_message', message: { ...message, content: huge } }] }),
      'an event that is too large': commit({ events: [anEvent(1, huge)] }),
      'too many writes': commit({ writes: Array.from({ length: 101 }, () => put) }),
      'a position below zero': storage.readOutbox(guildId, { generation, sequence: -1 }, 1),
    }
    for (const [what, operation] of Object.entries(refused)) t.equal(await outcome(operation), 'badarg', what)
    t.equal(await storage.message(channelId, id), null)
    t.same(await storage.readOutbox(guildId, null, 1), [])
  })
}

const huge = 'x'.repeat(300_000)

function models(t: Test, storage: Storage): void {
  t.test('any operations, one at a time or many at once, answer as the model does', async () => {
    let base = 0
    await fc.assert(
      fc.asyncProperty(operationGroups, async (groups) => {
        const model = new StorageModel()
        base += 100
        for (const group of groups) {
          const answers = (target: Storage | StorageModel) =>
            Promise.all(group.map((operation) => outcome(perform(target, operation, base))))
          deepStrictEqual(await answers(storage), await answers(model))
        }
      }),
      { numRuns: 100 },
    )
  })
}
