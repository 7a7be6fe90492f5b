import fc from 'fast-check'
import t from 'tap'
import { CommitQueue } from '../../actors/commit-queue.ts'
import { EventLog } from '../../actors/event-log.ts'
import { areIntents, Intent, intentOf } from '../../actors/intents.ts'
import { findMentions } from '../../actors/mentions.ts'
import { aggregate } from '../../actors/own-presence.ts'
import { isAfter, judge, type Link, ORIGIN, positionOf } from '../../actors/position.ts'
import { Rendering } from '../../actors/rendering.ts'
import { retryDelay } from '../../actors/routing.ts'
import { isInShard, isShard } from '../../actors/shard.ts'
import { eventName } from '../../lib/gateway/frame.ts'
import { RETRY_MAX_MS, RETRY_MIN_MS } from '../../lib/internal/limits.ts'
import type { OutboxEvent, Position } from '../../lib/storage/index.ts'

/** Events of generations of these lengths, in order. */
function eventsOf(lengths: readonly number[]): OutboxEvent[] {
  return lengths.flatMap((length, index) =>
    Array.from({ length }, (_, sequence) => {
      return { generation: index + 1, sequence: sequence + 1, name: 'E', data: `${index + 1}.${sequence + 1}` }
    }),
  )
}

const lengths = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 })

function linked(events: readonly OutboxEvent[], first: Position = ORIGIN): Link[] {
  return events.map((event, index) => ({ previous: index === 0 ? first : positionOf(events[index - 1]!), event }))
}

t.test('a relay passes each event on once, in order, and sees every hole', async (t) => {
  // What comes: pieces of the stream, each beginning anywhere, as guilds send them that come back; some are lost.
  const property = fc.property(lengths, fc.array(fc.nat()), fc.array(fc.nat()), (lengths, starts, lost) => {
    const links = linked(eventsOf(lengths))
    const pieces = [0, ...starts].map((start) => links.slice(start % (links.length + 1)))
    let last: Position = ORIGIN
    const passed: OutboxEvent[] = []
    for (const [index, link] of pieces.flat().entries()) {
      if (lost.includes(index)) continue
      const verdict = judge(last, link)
      if (verdict === 'gap') continue
      if (verdict === 'deliver') {
        passed.push(link.event)
        last = positionOf(link.event)
      }
    }
    t.same(passed, eventsOf(lengths).slice(0, passed.length))
  })
  fc.assert(property)
  const [first, second, third] = linked(eventsOf([2, 1])) as [Link, Link, Link]
  t.equal(judge(ORIGIN, second), 'gap', 'within a generation')
  t.equal(judge(positionOf(first.event), third), 'gap', 'between generations')
  t.equal(judge(positionOf(second.event), third), 'deliver')
  t.equal(judge(positionOf(third.event), second), 'drop')
})

t.test('a log gives everything after a position, or says that it cannot', async (t) => {
  const property = fc.property(lengths, fc.integer({ min: 1, max: 8 }), fc.nat(30), (lengths, keep, trimmed) => {
    const events = eventsOf(lengths)
    const stored = events.slice(Math.min(trimmed, Math.max(0, events.length - keep)))
    const log = new EventLog(stored, keep)
    for (const since of [ORIGIN, ...events.map(positionOf)]) {
      const rest = linked(
        events.filter((event) => isAfter(event, since)),
        since,
      )
      const given = log.after(since)
      if (given !== 'gone') t.same(given, rest)
      else t.not(stored.includes(at(events, since)!), 'what is held can be gone on from')
      if (stored.length === events.length && stored.length < keep) t.not(given, 'gone', 'all of it is there')
    }
    t.equal(log.after({ generation: 99, sequence: 1 }), 'gone', 'a position that never was')
  })
  fc.assert(property, { numRuns: 50 })
})

function at(events: readonly OutboxEvent[], { generation, sequence }: Position): OutboxEvent | undefined {
  return events.find((event) => event.generation === generation && event.sequence === sequence)
}

t.test('a log lets go of the oldest, and remembers where it begins', async (t) => {
  const log = new EventLog([], 3)
  t.same(log.head, ORIGIN)
  const links = eventsOf([4, 4]).map((event) => log.append(event))
  t.same(links, linked(eventsOf([4, 4])))
  t.equal(log.surplus({ generation: 1, sequence: 1 }, 2), undefined, 'too few would go')
  t.same(log.surplus({ generation: 1, sequence: 2 }, 2), { generation: 1, sequence: 2 }, 'none after the limit goes')
  t.same(log.surplus(log.head, 2), { generation: 2, sequence: 1 }, 'some stay')
  log.trim({ generation: 2, sequence: 1 })
  t.equal(log.size, 3)
  t.equal(log.after({ generation: 1, sequence: 4 }), 'gone')
  t.equal((log.after({ generation: 2, sequence: 1 }) as Link[]).length, 3)
  t.equal(log.after(ORIGIN), 'gone')
})

t.test('what is decided is done in order, and never before it is stored', async (t) => {
  const entry = fc.record({ writes: fc.integer({ min: 0, max: 3 }), settle: fc.boolean() })
  const property = fc.property(fc.array(entry), (entries) => {
    const queue = new CommitQueue(1000, 5)
    const done: number[] = []
    const stored = new Set<number>()
    let inFlight: readonly { readonly data: string }[] | undefined
    const settle = () => {
      if (inFlight === undefined) return
      for (const { data } of inFlight) stored.add(Number(data))
      inFlight = undefined
      queue.settle()
    }
    const next = () => {
      const batch = queue.next()
      if (batch === undefined) return
      if (inFlight !== undefined) throw new Error('two commits at once')
      if (batch.events.length > 5) throw new Error('the commit is too large')
      inFlight = batch.events
    }
    for (const [index, { writes, settle: now }] of entries.entries()) {
      const events = Array.from({ length: writes }, () => ({ sequence: index, name: 'E', data: String(index) }))
      const isDone = () => {
        if (writes > 0 && !stored.has(index)) throw new Error('done before it was stored')
        done.push(index)
      }
      queue.push({ writes: [], events, done: isDone })
      next()
      if (now) settle()
      next()
    }
    while (queue.size > 0) {
      settle()
      next()
    }
    t.same(done, [...entries.keys()])
  })
  fc.assert(property)
  const full = new CommitQueue(1, 5)
  t.equal(full.isFull, false)
  full.push({ writes: [], events: [], done: () => {} })
  t.equal(full.isFull, true)
})

t.test('mentions', async (t) => {
  const isMember = (id: string) => ['1', '2', '3'].includes(id)
  t.same(findMentions('<@1> <@!2> <@1> <@9> @everyone', undefined, isMember), { users: ['1', '2'], everyone: true })
  t.same(findMentions('<@1> @here', { parse: [] }, isMember, '2'), { users: [], everyone: false })
  t.same(findMentions('<@1> <@2>', { users: ['2'] }, isMember, '3'), { users: ['2'], everyone: false })
  t.same(findMentions('x', undefined, isMember, '3'), { users: ['3'], everyone: false })
  t.same(findMentions('x', { repliedUser: true }, isMember, '3'), { users: ['3'], everyone: false })
  t.same(findMentions('a@everyone.org', { parse: ['everyone'] }, isMember), { users: [], everyone: true })
})

t.test('presence of several sessions', async (t) => {
  const status = (...all: ('online' | 'idle' | 'dnd' | 'invisible' | 'offline')[]) =>
    aggregate(all.map((status) => ({ status, activities: [] }))).status
  t.equal(status(), 'offline')
  t.equal(status('invisible'), 'offline')
  t.equal(status('idle', 'invisible'), 'idle')
  t.equal(status('online', 'dnd'), 'online')
  t.equal(status('idle', 'dnd'), 'dnd')
  const [one, two] = ['one', 'two'].map((name) => ({ status: 'online' as const, activities: [{ name, type: 0 }] }))
  t.match(aggregate([one!, two!]).activities, [{ name: 'two' }], 'the newer counts')
})

t.test('intents and shards', async (t) => {
  t.ok(areIntents(0) && areIntents(Intent.GUILDS | Intent.DIRECT_MESSAGE_POLLS))
  for (const wrong of [-1, 1 << 17, 1 << 30, 2 ** 40, 1.5]) t.notOk(areIntents(wrong), String(wrong))
  t.equal(intentOf('CHANNEL_CREATE'), Intent.GUILDS)
  t.ok(isShard([0, 1]) && !isShard([1, 1]) && !isShard([-1, 1]) && !isShard([0.5, 1]))
  t.ok(isInShard(undefined, '5'))
  t.same(
    [0, 1, 2].map((id) => isInShard([id, 3], String(7n << 22n))),
    [false, true, false],
  )
})

t.test('an event is encoded once for those who see it, and once for those who do not see its content', async (t) => {
  const data = JSON.stringify({ author: { id: '1' }, mentions: [{ id: '2' }], content: 'secret', embeds: [1] })
  const rendering = new Rendering('5', null, 'MESSAGE_CREATE', data)
  const intents = Intent.GUILD_MESSAGES
  const hidden = rendering.for({ userId: '3', intents })
  t.equal(rendering.for({ userId: '4', intents }), hidden)
  const full = rendering.for({ userId: '3', intents: intents | Intent.MESSAGE_CONTENT })
  t.equal(rendering.for({ userId: '1', intents }), full, 'its author sees it')
  t.equal(rendering.for({ userId: '2', intents }), full, 'who is mentioned sees it')
  t.equal(rendering.for({ userId: '2', intents: Intent.GUILDS }), undefined)
  const bytes = (hidden as { frame: Uint8Array }).frame
  t.equal(eventName(bytes as never), 'MESSAGE_CREATE')
  t.match(JSON.parse(Buffer.from(bytes).toString().replace(/ {10}/, '1')).d, { content: '', embeds: [] })
})

t.test('attempts come later and later, within bounds', async (t) => {
  for (const random of [0, 1]) {
    const delays = Array.from({ length: 40 }, (_, attempt) => {
      return retryDelay(attempt, { below: (bound) => random * (bound - 1) })
    })
    for (const delay of delays) t.ok(delay >= RETRY_MIN_MS / 2 && delay <= RETRY_MAX_MS && Number.isInteger(delay))
    t.same(
      delays,
      [...delays].sort((a, b) => a - b),
    )
  }
})
