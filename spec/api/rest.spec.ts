import t, { type Test } from 'tap'
import { Authentication } from '../../lib/api/authentication.ts'
import { RequestLimits } from '../../lib/api/request-limits.ts'
import { TOKEN_CACHE_MS } from '../../lib/internal/limits.ts'
import { systemHost } from '../../lib/kernel/system-host.ts'
import { createToken, hashToken } from '../../lib/storage/token.ts'
import { startServer, transports } from './server.ts'

for (const transport of transports()) {
  t.test(`REST on ${transport.name}`, async (t) => {
    await using server = await startServer(transport)
    const { chat } = server
    const [alice, bob, carol] = [await chat.account('alice'), await chat.account('bob'), await chat.account('carol')]
    const refused = async (
      t: Test,
      answer: Promise<{ status: number; body: unknown }>,
      status: number,
      code: number,
    ) => {
      t.match(await answer, { status, body: { code, message: String } })
    }

    await t.test('who logs in', async (t) => {
      const { body, headers } = await server.ask(alice, 'GET', '/v10/gateway/bot')
      t.match(headers, { 'content-type': 'application/json' })
      t.match(body, {
        url: `ws://127.0.0.1:${server.port}`,
        shards: 1,
        session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 },
      })
      t.match(await server.ask(null, 'GET', '/gateway'), { status: 200, body: { url: /^ws:/ } })
      t.match((await server.ask(alice, 'GET', '/v9/users/@me')).body, {
        id: alice.user.id,
        username: 'alice',
        bot: true,
      })
      t.match((await server.ask(alice, 'GET', `/users/${bob.user.id}`)).body, { username: 'bob', bot: true })
      await refused(t, server.ask(alice, 'GET', '/users/17'), 404, 10_013)
      t.match((await server.ask(alice, 'GET', '/oauth2/applications/@me')).body, { id: alice.user.id, name: 'alice' })
    })

    await t.test('who does not', async (t) => {
      const stranger = { ...alice, token: createToken(alice.user.id, systemHost) }
      for (const who of [null, stranger, { ...alice, token: 'x' }]) {
        t.same((await server.ask(who, 'GET', '/gateway/bot')).body, { message: '401: Unauthorized', code: 0 })
      }
      const bearer = await server.ask(null, 'GET', '/users/@me', {
        headers: { Authorization: `Bearer ${alice.token}` },
      })
      t.equal(bearer.status, 401)
    })

    const guild = (await server.ask(alice, 'POST', '/guilds', { body: { name: 'tea' } })).body
    const guildPath = `/guilds/${guild.id}`

    await t.test('guilds and channels', async (t) => {
      t.match(guild, { name: 'tea', owner_id: alice.user.id, roles: [{ id: guild.id }] })
      t.match((await server.ask(alice, 'GET', guildPath)).body, { id: guild.id, name: 'tea' })
      await refused(t, server.ask(bob, 'GET', guildPath), 403, 50_001)
      await refused(t, server.ask(alice, 'GET', '/guilds/17'), 404, 10_004)
      t.match(await server.ask(alice, 'GET', '/guilds/tea'), {
        status: 400,
        body: { code: 50_035, errors: { guild_id: { _errors: [{ code: 'NUMBER_TYPE_COERCE' }] } } },
      })
      const made = await server.ask(alice, 'POST', `${guildPath}/channels`, {
        body: { name: 'pot', topic: 'hot', type: 0 },
      })
      t.match(made, { status: 201, body: { name: 'pot', topic: 'hot', type: 0, guild_id: guild.id } })
      t.match((await server.ask(alice, 'GET', `/channels/${made.body.id}`)).body, { id: made.body.id })
      const all = (await server.ask(alice, 'GET', `${guildPath}/channels`)).body as { id: string }[]
      t.ok(all.some(({ id }) => id === made.body.id))
      await refused(t, server.ask(alice, 'GET', '/channels/17'), 404, 10_003)
      t.match((await server.ask(alice, 'POST', `${guildPath}/channels`, { body: { name: '', type: 2 } })).body.errors, {
        name: { _errors: [{ code: 'BASE_TYPE_BAD_LENGTH' }] },
        type: { _errors: [{ code: 'BASE_TYPE_CHOICES' }] },
      })
    })

    const channels = (await server.ask(alice, 'GET', `${guildPath}/channels`)).body
    const channelPath = `/channels/${channels[0].id}`

    await t.test('invites', async (t) => {
      const made = await server.ask(alice, 'POST', `${channelPath}/invites`, { body: { max_uses: 1 } })
      t.match(made, { status: 200, body: { code: String, max_uses: 1, max_age: 86_400, guild: { id: guild.id } } })
      t.match((await server.ask(null, 'GET', `/invites/${made.body.code}`)).body, { guild: { name: 'tea' } })
      t.match(await server.ask(bob, 'POST', `/invites/${made.body.code}`), {
        status: 200,
        body: { guild: { id: guild.id } },
      })
      await refused(t, server.ask(carol, 'POST', `/invites/${made.body.code}`), 404, 10_006)
      await refused(t, server.ask(null, 'GET', '/invites/nothing'), 404, 10_006)
      await refused(t, server.ask(null, 'GET', '/invites/%2e%2e%2f'), 404, 10_006)
      await refused(t, server.ask(bob, 'POST', `${guildPath}/channels`, { body: { name: 'x' } }), 403, 50_013)
    })

    await t.test('the guilds of a user', async (t) => {
      const ids = [guild.id]
      for (const name of ['two', 'three']) {
        ids.push((await server.ask(alice, 'POST', '/guilds', { body: { name } })).body.id)
      }
      const listed = async (query: string) => {
        return (await server.ask(alice, 'GET', `/users/@me/guilds${query}`)).body.map(({ id }: { id: string }) => id)
      }
      t.same(await listed(''), ids)
      t.same(await listed('?limit=2'), ids.slice(0, 2))
      t.same(await listed(`?after=${ids[0]}&limit=1`), [ids[1]])
      t.same(await listed(`?before=${ids[2]}&limit=1`), [ids[1]])
      const [mine] = (await server.ask(bob, 'GET', '/users/@me/guilds')).body
      t.match(mine, { id: guild.id, name: 'tea', owner: false, permissions: /^\d+$/ })
    })

    await t.test('messages', async (t) => {
      const path = `${channelPath}/messages`
      const made = await server.ask(alice, 'POST', path, { body: { content: 'hi', nonce: '7', enforce_nonce: true } })
      t.match(made, { status: 200, body: { content: 'hi', nonce: '7', author: { username: 'alice' } } })
      const again = await server.ask(alice, 'POST', path, { body: { content: 'hi', nonce: '7', enforce_nonce: true } })
      t.equal(again.body.id, made.body.id, 'an enforced nonce gives the same message again')
      const message = `${path}/${made.body.id}`
      t.equal((await server.ask(bob, 'GET', message)).body.content, 'hi')
      t.equal((await server.ask(alice, 'PATCH', message, { body: { content: 'ho' } })).body.content, 'ho')
      await refused(t, server.ask(bob, 'PATCH', message, { body: { content: 'no' } }), 403, 50_005)
      await refused(t, server.ask(alice, 'PATCH', message, { body: { content: ' ' } }), 400, 50_006)
      t.same(
        (await server.ask(bob, 'GET', `${path}?limit=1`)).body.map(({ id }: { id: string }) => id),
        [made.body.id],
      )
      for (const query of ['limit=0', 'limit=101', 'limit=x', 'before=x', 'before=1&after=2']) {
        t.match(await server.ask(bob, 'GET', `${path}?${query}`), { status: 400, body: { code: 50_035 } }, query)
      }
      await refused(t, server.ask(bob, 'DELETE', message), 403, 50_013)
      const deleted = await server.ask(alice, 'DELETE', message)
      t.match(deleted, { status: 204, body: undefined })
      await refused(t, server.ask(alice, 'GET', message), 404, 10_008)
      t.equal((await server.ask(bob, 'POST', `${channelPath}/typing`)).status, 204)
      await refused(t, server.ask(carol, 'POST', `${channelPath}/typing`), 403, 50_001)
    })

    await t.test('bodies that break their schema, and none of them is stored', async (t) => {
      const dora = await chat.account('dora')
      const own = await chat.guild([dora])
      const path = `/channels/${own.channelId}/messages`
      const wrong = async (t: Test, body: unknown, errors: object) => {
        // Each as somebody else, since what is refused counts against the limit of who asks.
        const somebody = await chat.account('somebody')
        await server.ask(somebody, 'POST', `/invites/${own.code}`)
        t.match(await server.ask(somebody, 'POST', path, { body }), { status: 400, body: { code: 50_035, errors } })
      }
      await wrong(t, { content: 'x'.repeat(2001) }, { content: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH' }] } })
      await wrong(t, { content: 5 }, { content: { _errors: [{ code: 'STRING_TYPE_CONVERT' }] } })
      await wrong(
        t,
        { content: 'x', embeds: [{ title: 'x' }] },
        { embeds: { _errors: [{ code: 'FIELD_NOT_SUPPORTED' }] } },
      )
      await wrong(
        t,
        { content: 'x', nonce: 'x'.repeat(26) },
        { nonce: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH' }] } },
      )
      await wrong(
        t,
        { content: 'x', message_reference: { message_id: '17' } },
        {
          message_reference: { _errors: [{ code: 'REPLIES_UNKNOWN_MESSAGE' }] },
        },
      )
      await refused(t, server.ask(dora, 'POST', path, { body: {} }), 400, 50_006)
      const json = { headers: { 'Content-Type': 'application/json' } }
      await refused(t, server.ask(dora, 'POST', path, { ...json, body: '{"content":' }), 400, 50_109)
      const text = { body: 'content=x', headers: { 'Content-Type': 'text/plain' } }
      t.match(await server.ask(dora, 'POST', path, text), { status: 400, body: { code: 50_035 } })
      t.match(await server.ask(dora, 'POST', path, { ...json, body: `"${'x'.repeat(2 ** 20)}"` }), { status: 413 })
      t.same((await server.ask(dora, 'GET', path)).body, [])
    })

    await t.test('multipart forms', async (t) => {
      const dora = await chat.account('dora')
      const own = await chat.guild([dora])
      const path = `/channels/${own.channelId}/messages`
      const form = new FormData()
      form.set('payload_json', JSON.stringify({ content: 'from a form' }))
      t.match(await server.ask(dora, 'POST', path, { body: form }), { status: 200, body: { content: 'from a form' } })
      form.set('files[0]', new Blob(['x']), 'x.txt')
      t.match(await server.ask(dora, 'POST', path, { body: form }), {
        status: 400,
        body: { errors: { 'files[0]': { _errors: [{ code: 'FIELD_NOT_SUPPORTED' }] } } },
      })
      const broken = { body: '--x', headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }
      t.match(await server.ask(dora, 'POST', path, broken), { status: 400, body: { code: 50_035 } })
    })

    await t.test('routes that are not there', async (t) => {
      for (const path of ['/nothing', '/v8/gateway', '/channels', `${channelPath}/nothing`]) {
        t.match(
          await server.ask(alice, 'GET', path),
          { status: 404, body: { message: '404: Not Found', code: 0 } },
          path,
        )
      }
      t.match(await server.ask(alice, 'PUT', channelPath), { status: 405, headers: { allow: /GET/ } })
    })

    await t.test('limits', async (t) => {
      const dora = await chat.account('dora')
      const own = await chat.guild([dora])
      const path = `/channels/${own.channelId}/messages`
      const answers = []
      for (let sent = 0; sent < 6; sent++)
        answers.push(await server.ask(dora, 'POST', path, { body: { content: 'x' } }))
      t.same(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 200, 429],
      )
      t.same(
        answers.map(({ headers }) => headers['x-ratelimit-remaining']),
        ['4', '3', '2', '1', '0', '0'],
      )
      const { headers, body } = answers[5]!
      t.match(headers, {
        'x-ratelimit-limit': '5',
        'x-ratelimit-bucket': answers[0]!.headers['x-ratelimit-bucket']!,
        'x-ratelimit-reset-after': /^\d\.\d{3}$/,
        'x-ratelimit-scope': 'user',
        'retry-after': /^[1-5]$/,
        via: '1.1 guildhall',
      })
      t.match(body, { message: 'You are being rate limited.', global: false, retry_after: Number })
      t.equal((await server.ask(dora, 'POST', `${channelPath}x/messages`)).headers['x-ratelimit-remaining'], '4')
      const others = await server.ask(alice, 'GET', path)
      t.match(others, { status: 403, headers: { 'x-ratelimit-remaining': '49' } }, 'errors have the headers, too')
    })
    t.same(
      chat.reports.filter(({ level }) => level === 'error'),
      [],
      'nothing of this was a defect',
    )
  })
}

/** A clock that is set by hand. */
function handClock() {
  const clock = { now: 0, monotonic: () => clock.now, wall: () => 1_700_000_000_000 + clock.now }
  return clock
}

t.test('a token is looked up again after a while, and one that is not there each time', async (t) => {
  const user = { id: '100000000000000000', username: 'alice', bot: true }
  const token = createToken(user.id, systemHost)
  const clock = handClock()
  let asked = 0
  let stored: typeof user | null = null
  const storage = {
    userByToken: async (hash: string) => {
      asked++
      return hash === hashToken(token) ? stored : null
    },
  }
  const authentication = new Authentication(storage, clock)
  const ask = () => authentication.user(`Bot ${token}`)
  t.equal(await ask(), null)
  stored = user
  t.equal(await ask(), user, 'a token that is new works at once')
  stored = null
  t.equal(await ask(), user)
  t.equal(asked, 2)
  clock.now = TOKEN_CACHE_MS
  t.equal(await ask(), null, 'one that was taken away does not work for long')
  for (const header of [undefined, '', token, `Bearer ${token}`, 'Bot x', `bot ${token}`]) {
    t.equal(await authentication.user(header), null)
  }
  t.equal(asked, 3, 'what cannot be a token is not looked up')
})

t.test('limits: 50 a second of one user over all routes, and 10,000 invalid requests of an address', async (t) => {
  const clock = handClock()
  const limits = new RequestLimits(clock)
  const rule = { limit: 1000, windowMs: 1000 }
  const admit = (route: number) => limits.admit({ bucket: `b${route}`, major: 'global', rule, who: 'alice' })
  for (let sent = 0; sent < 50; sent++) t.equal(admit(sent).admitted, true)
  const refusal = admit(50)
  t.match(refusal, {
    admitted: false,
    reply: { status: 429, headers: { 'X-RateLimit-Global': 'true', 'X-RateLimit-Scope': 'global' } },
  })
  clock.now = 1000
  t.equal(admit(51).admitted, true)

  for (let seen = 0; seen < 10_000; seen++) limits.note('10.0.0.1', [401, 403, 429][seen % 3]!)
  limits.note('10.0.0.2', 404)
  t.match(limits.shutOut('10.0.0.1'), { status: 429 })
  t.equal(limits.shutOut('10.0.0.2'), undefined)
  clock.now += 600_000
  t.equal(limits.shutOut('10.0.0.1'), undefined)
})
