import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  CLIENT_FRAME_RULE,
  GLOBAL_RULE,
  IDENTIFY_CONCURRENCY_RULE,
  IDENTIFY_RULE,
  INVALID_REQUEST_RULE,
  RateBucket,
  RateTable,
  rateHeaders,
  rateLimited,
} from '../../lib/gateway/rate-limit.ts'
import { errorReply, jsonReply } from '../../lib/gateway/reply.ts'
import { type Match, type NoMatch, type Params, Router } from '../../lib/gateway/router.ts'

const rule = fc.record({ limit: fc.integer({ min: 1, max: 10 }), windowMs: fc.integer({ min: 1, max: 1000 }) })
/** Times that never go back, in quarters of a millisecond so that they add up exactly. */
const times = fc.array(fc.nat(1200), { maxLength: 100 }).map((steps) => {
  let now = 0
  return steps.map((step) => {
    now += step / 4
    return now
  })
})

t.test('Discord’s limits', async (t) => {
  t.same(GLOBAL_RULE, { limit: 50, windowMs: 1000 })
  t.same(CLIENT_FRAME_RULE, { limit: 120, windowMs: 60_000 })
  t.same(IDENTIFY_RULE, { limit: 1000, windowMs: 24 * 3_600_000 })
  t.same(IDENTIFY_CONCURRENCY_RULE, { limit: 1, windowMs: 5000 })
  t.same(INVALID_REQUEST_RULE, { limit: 10_000, windowMs: 600_000 })
})

t.test('a bucket', async (t) => {
  t.test('counts down and starts again', async (t) => {
    const bucket = new RateBucket({ limit: 2, windowMs: 1000 })
    t.same(bucket.peek(500), { allowed: true, limit: 2, remaining: 2, resetAfterMs: 0 })
    t.same(bucket.take(500), { allowed: true, limit: 2, remaining: 1, resetAfterMs: 1000 })
    t.same(bucket.take(700), { allowed: true, limit: 2, remaining: 0, resetAfterMs: 800 })
    t.same(bucket.take(1499), { allowed: false, limit: 2, remaining: 0, resetAfterMs: 1 })
    t.same(bucket.peek(1499), { allowed: false, limit: 2, remaining: 0, resetAfterMs: 1 })
    t.same(bucket.take(1500), { allowed: true, limit: 2, remaining: 1, resetAfterMs: 1000 })
  })

  t.test('lets no more through than the limit in a window, and lets in who waits as told', async (t) => {
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(rule, times, (rule, times) => {
          const bucket = new RateBucket(rule)
          const through: number[] = []
          for (const now of times) {
            const seen = bucket.peek(now)
            const decision = bucket.take(now)
            assert.equal(decision.allowed, seen.allowed, 'peek foretells take')
            assert.ok(decision.remaining >= 0 && decision.remaining < rule.limit)
            assert.ok(decision.resetAfterMs > 0 && decision.resetAfterMs <= rule.windowMs)
            if (decision.allowed) through.push(now)
            else assert.ok(bucket.peek(now + decision.resetAfterMs).allowed)
            const span = through.filter((then) => then > now - rule.windowMs)
            assert.ok(span.length <= 2 * rule.limit)
          }
        }),
      ),
    )
  })
})

t.test('a table of buckets', async (t) => {
  t.test('answers as one bucket for each key would', async (t) => {
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(rule, times, fc.infiniteStream(fc.constantFrom('a', 'b', 'c')), (rule, times, keys) => {
          const table = new RateTable()
          const buckets = new Map<string, RateBucket>()
          for (const now of times) {
            const key = keys.next().value
            const bucket = buckets.get(key) ?? new RateBucket(rule)
            buckets.set(key, bucket)
            assert.deepEqual(table.peek(key, rule, now), bucket.peek(now))
            assert.deepEqual(table.take(key, rule, now), bucket.take(now))
          }
        }),
      ),
    )
  })

  t.test('never holds more than its bound, nor forgets a live bucket below it', async (t) => {
    const step = fc.record({ key: fc.nat(40), wait: fc.nat(30), rule: fc.constantFrom(50, 400) })
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (steps, bound) => {
          const small = new RateTable(bound)
          const large = new RateTable(1000)
          const lastUse = new Map<string, { used: number; endsAt: number }>()
          let now = 0
          for (const { key, wait, rule: windowMs } of steps) {
            now += wait
            const name = `${windowMs}:${key}`
            const rule = { limit: 3, windowMs }
            small.take(name, rule, now)
            assert.ok(small.size <= bound)
            const known = lastUse.get(name)
            const live = known !== undefined && now < known.endsAt ? known : { used: 0, endsAt: now + windowMs }
            assert.equal(large.take(name, rule, now).allowed, live.used < 3)
            lastUse.set(name, { ...live, used: Math.min(3, live.used + 1) })
          }
        }),
      ),
    )
  })

  t.test('forgets buckets whose window has ended, without being told', async (t) => {
    const table = new RateTable()
    for (let key = 0; key < 1000; key++) table.take(`old ${key}`, { limit: 1, windowMs: 10 }, key / 1000)
    t.equal(table.size, 1000)
    for (let key = 0; key < 500; key++) table.take(`new ${key}`, { limit: 1, windowMs: 10_000 }, 100)
    t.equal(table.size, 500)
  })
})

t.test('headers', async (t) => {
  const decision = { allowed: true, limit: 5, remaining: 4, resetAfterMs: 1234.56 }
  const input = { decision, bucket: 'abcd', wall: 1_700_000_000_000 }
  t.strictSame(rateHeaders(input), {
    'X-RateLimit-Limit': '5',
    'X-RateLimit-Remaining': '4',
    'X-RateLimit-Reset': '1700000001.235',
    'X-RateLimit-Reset-After': '1.235',
    'X-RateLimit-Bucket': 'abcd',
  })
  const inexact = { ...input, decision: { ...decision, resetAfterMs: 5_000.000000000931 } }
  t.equal(rateHeaders(inexact)['X-RateLimit-Reset-After'], '5.000', 'a sum of fractions of milliseconds')
  const refused = { ...input, decision: { ...decision, allowed: false, remaining: 0 } }
  const user = rateLimited(refused, 'user')
  t.equal(user.status, 429)
  t.strictSame(user.headers, {
    'Content-Type': 'application/json',
    'X-RateLimit-Limit': '5',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': '1700000001.235',
    'X-RateLimit-Reset-After': '1.235',
    'X-RateLimit-Bucket': 'abcd',
    'X-RateLimit-Scope': 'user',
    'Retry-After': '2',
    Via: '1.1 guildhall',
  })
  t.strictSame(JSON.parse(String(user.body)), {
    message: 'You are being rate limited.',
    retry_after: 1.235,
    global: false,
  })
  const global = rateLimited(refused, 'global')
  t.equal(global.headers?.['X-RateLimit-Global'], 'true')
  t.equal(global.headers?.['X-RateLimit-Scope'], 'global')
  t.notOk('X-RateLimit-Bucket' in (global.headers ?? {}))
  t.match(JSON.parse(String(global.body)), { global: true })
  t.match(JSON.parse(String(rateLimited(refused, 'shared').body)), {
    message: 'The resource is being rate limited.',
    global: false,
  })
})

t.test('replies', async (t) => {
  t.strictSame(errorReply(403, 'Missing Access', 50001), {
    status: 403,
    headers: { 'Content-Type': 'application/json' },
    body: '{"message":"Missing Access","code":50001}',
  })
  t.match(jsonReply(200, [1], { 'X-A': 'b' }), {
    headers: { 'Content-Type': 'application/json', 'X-A': 'b' },
    body: '[1]',
  })
})

t.test('the router', async (t) => {
  type Seen = { readonly route: string; readonly params: Record<string, string>; readonly context: number }
  const seen =
    (route: string) =>
    (params: Record<string, string>, context: number): Seen => ({ route, params, context })
  const router = new Router<number, Seen>()
    .add('GET', '/channels/:channel', seen('channel'))
    .add('PATCH', '/channels/:channel', seen('edit'))
    .add('GET', '/channels/:channel/messages/:message', seen('message'))
    .add('PUT', '/channels/:channel/messages/:message/reactions/:emoji/@me', seen('react'))
    .add('GET', '/users/@me', seen('me'))
    .add('GET', '/users/:user', seen('user'))
    .add('POST', '/users/@me/channels', seen('dm'))
    .add('GET', '/guilds/:guild/members/:user', seen('member'))
  const found = (method: string, path: string): Match<number, Seen> => {
    const match = router.match(method, path)
    if (!match.found) throw new Error(`${method} ${path} is not found`)
    return match
  }
  const missed = (method: string, path: string): NoMatch => {
    const match = router.match(method, path)
    if (match.found) throw new Error(`${method} ${path} is found`)
    return match
  }

  t.test('finds routes under every version', async (t) => {
    for (const version of ['/api/v10', '/api/v9', '/api']) {
      t.same(found('GET', `${version}/channels/42/messages/7`).run(1), {
        route: 'message',
        params: { channel: '42', message: '7' },
        context: 1,
      })
    }
    t.match(found('GET', '/api/users/@me').run(1), { route: 'me', params: {} })
    t.match(found('GET', '/api/users/5').run(1), { route: 'user', params: { user: '5' } })
    t.match(found('HEAD', '/api/users/5').run(1), { route: 'user' })
    t.match(found('PATCH', '/api/channels/5').run(1), { route: 'edit' })
  })

  t.test('names limits by route and major parameter', async (t) => {
    const one = found('GET', '/api/v10/channels/1/messages/7')
    const two = found('GET', '/api/v9/channels/2/messages/8')
    t.match(one.bucket, /^[0-9a-f]{32}$/)
    t.equal(one.bucket, two.bucket)
    t.equal(one.bucket, '0fc4a0ce957d24f8b71ea08df7836526', 'for ever')
    t.equal(one.major, '1')
    t.equal(two.major, '2')
    t.not(found('GET', '/api/channels/1').bucket, found('PATCH', '/api/channels/1').bucket)
    t.equal(found('GET', '/api/users/5').major, 'global')
    t.equal(found('GET', '/api/guilds/3/members/5').major, '3')
  })

  t.test('decodes parameters', async (t) => {
    const react = (emoji: string): unknown =>
      found('PUT', `/api/channels/1/messages/2/reactions/${emoji}/@me`).run(0).params
    t.match(react('%F0%9F%94%A5'), { emoji: '🔥' })
    t.match(react('a%2Fb%3A1'), { emoji: 'a/b:1' })
    for (const wrong of ['%', '%zz', '%ff', '%F0%9F']) {
      const { reply } = missed('PUT', `/api/channels/1/messages/2/reactions/${wrong}/@me`)
      t.equal(reply.status, 400)
      t.same(JSON.parse(String(reply.body)), { message: '400: Bad Request', code: 0 })
    }
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (value) => {
          assert.deepEqual(found('GET', `/api/channels/${encodeURIComponent(value)}`).run(0).params, { channel: value })
        }),
      ),
    )
  })

  t.test('refuses what it does not know', async (t) => {
    const paths = ['/', '', '/api', '/api/', '/api/v10', '/api/v8/users/@me', '/users/@me', '/api/users', '/api/users/']
    for (const path of [...paths, '/api/users/@me/', '/api/channels//messages/1', '/api/v10x/users/@me']) {
      const { reply } = missed('GET', path)
      t.equal(reply.status, 404, path)
      t.same(JSON.parse(String(reply.body)), { message: '404: Not Found', code: 0 })
    }
    const { reply } = missed('DELETE', '/api/channels/1')
    t.match(reply, { status: 405, headers: { Allow: 'GET, PATCH, HEAD, OPTIONS' } })
    t.same(JSON.parse(String(reply.body)), { message: '405: Method Not Allowed', code: 0 })
    t.strictSame(missed('OPTIONS', '/api/channels/1').reply, {
      status: 204,
      headers: { Allow: 'GET, PATCH, HEAD, OPTIONS' },
    })
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.string(), fc.webPath(), (method, path) => {
          const match = router.match(method, path)
          assert.ok(match.found || [204, 400, 404, 405].includes(match.reply.status))
        }),
      ),
    )
  })

  t.test('refuses routes that are wrong or there already', async (t) => {
    for (const pattern of ['', 'users', '/', '/users/', '/users//x', '/users/:']) {
      t.throws(() => new Router<number, Seen>().add('GET', pattern, seen('x')), { code: 'badarg' })
    }
    t.throws(() => router.add('GET', '/channels/:other', seen('x')), { code: 'badarg' })
  })

  t.test('types the parameters by the pattern', async (t) => {
    const params: Params<'/channels/:channel/messages/:message'> = { channel: '1', message: '2' }
    // @ts-expect-error there is no such parameter
    t.equal(params.guild, undefined)
    new Router<null, string>().add('GET', '/channels/:channel', ({ channel }) => channel)
  })
})
