import fc from 'fast-check'
import t from 'tap'
import { Fault } from '../../lib/internal/errors.ts'
import { SNOWFLAKE_BORROW_MS } from '../../lib/internal/limits.ts'
import { systemHost } from '../../lib/kernel/system-host.ts'
import {
  compareSnowflakes,
  createToken,
  DISCORD_EPOCH_MS,
  hashToken,
  isSnowflake,
  isTokenHash,
  SnowflakeGenerator,
  snowflakeAt,
  snowflakeTime,
  tokenUser,
} from '../../lib/storage/index.ts'

/** A clock that shows what it is told. */
function aClock(wall: number) {
  const clock = { wall: () => shown.wall, monotonic: () => shown.monotonic }
  const shown = { wall, monotonic: 0 }
  const pass = (milliseconds: number) => {
    shown.wall += milliseconds
    shown.monotonic += milliseconds
  }
  const step = (milliseconds: number) => {
    shown.wall += milliseconds
  }
  return { clock, pass, step }
}

const NOW = 1_700_000_000_000

t.test('an id has the bits that Discord documents', async (t) => {
  t.equal(snowflakeTime('175928847299117063'), Date.parse('2016-04-30T11:18:25.796Z'), "the documentation's example")
  const { clock, pass } = aClock(DISCORD_EPOCH_MS + 1)
  const ids = new SnowflakeGenerator(clock, 5)
  t.equal(ids.next(), String((1n << 22n) | (5n << 12n)))
  t.equal(ids.next(), String((1n << 22n) | (5n << 12n) | 1n))
  pass(1)
  t.equal(ids.next(), String((2n << 22n) | (5n << 12n)), 'the sequence begins anew each millisecond')
  t.equal(snowflakeAt(DISCORD_EPOCH_MS + 2), String(2n << 22n))
  t.match(new SnowflakeGenerator(systemHost, 0).next(), /^\d{17,19}$/)
})

t.test('an untrusted string is an id or is not', async (t) => {
  for (const good of ['0', '7', '175928847299117063', '18446744073709551615']) t.ok(isSnowflake(good), good)
  const bad = ['', '01', '-1', '1.5', '1e3', ' 1', '1\n', '0x1', '18446744073709551616', '99999999999999999999']
  for (const text of [...bad, '1'.repeat(21), '１']) t.notOk(isSnowflake(text), JSON.stringify(text))
  for (const value of [1, 1n, null, undefined, {}, ['1']]) t.notOk(isSnowflake(value))
})

t.test('ids are compared as numbers', async () => {
  const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(id, id, (a, b) => Math.sign(compareSnowflakes(`${a}`, `${b}`)) === (a < b ? -1 : a > b ? 1 : 0)),
  )
})

t.test('each id is larger than the one before, whatever the clock does', async () => {
  const happening = fc.oneof(
    fc.record({ make: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ pass: fc.double({ min: 0, max: 50, noNaN: true }) }),
    fc.record({ step: fc.integer({ min: -100_000, max: 100 }) }),
    fc.record({ observe: fc.integer({ min: -1000, max: 1000 }) }),
  )
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
      const { clock, pass, step } = aClock(NOW)
      const ids = new SnowflakeGenerator({ ...clock, wall: () => Math.floor(clock.wall()) }, 1)
      let newest = 0n
      for (const event of happenings) {
        if ('pass' in event) pass(event.pass)
        if ('step' in event) step(event.step)
        if ('observe' in event) {
          const seen = snowflakeAt(NOW + event.observe)
          ids.observe(seen)
          if (BigInt(seen) > newest) newest = BigInt(seen)
        }
        const count = 'make' in event ? event.make : 1
        for (let made = 0; made < count; made++) {
          const id = BigInt(ids.next())
          if (id <= newest) return false
          newest = id
        }
      }
      return true
    }),
    { numRuns: 200 },
  )
})

t.test('a clock that is set back is caught up with at half speed', async (t) => {
  const { clock, pass, step } = aClock(NOW)
  const ids = new SnowflakeGenerator(clock, 0)
  ids.next()
  step(-1000)
  const lead = () => snowflakeTime(ids.next()) - clock.wall()
  t.equal(lead(), 1000)
  pass(1000)
  t.equal(lead(), 500)
  pass(1000)
  t.equal(lead(), 0)
})

t.test('a burst borrows from the milliseconds to come, up to a bound', async (t) => {
  const { clock, pass } = aClock(NOW)
  const ids = new SnowflakeGenerator(clock, 0)
  const burst = (SNOWFLAKE_BORROW_MS + 1) * 4096
  let newest = ''
  for (let made = 0; made < burst; made++) newest = ids.next()
  t.equal(snowflakeTime(newest), NOW + SNOWFLAKE_BORROW_MS)
  t.throws(() => ids.next(), { code: 'snowflake_exhausted' })
  pass(1)
  t.ok(compareSnowflakes(ids.next(), newest) > 0, 'it goes on when time has passed')
})

t.test('a generator refuses what makes no sense', async (t) => {
  for (const worker of [-1, 1024, 1.5, Number.NaN]) {
    t.throws(() => new SnowflakeGenerator(systemHost, worker), { code: 'badarg' })
  }
  t.throws(
    () => new SnowflakeGenerator(aClock(0).clock, 0).next(),
    new Fault('snowflake_clock', 'it shows 0 ms since 1970'),
  )
})

t.test('a token has three parts, names its user, and is stored as a hash', async (t) => {
  const userId = '175928847299117063'
  const token = createToken(userId, systemHost)
  t.match(token, /^MTc1OTI4ODQ3Mjk5MTE3MDYz\.[\w-]{6}\.[\w-]{43}$/)
  t.equal(tokenUser(token), userId)
  t.not(createToken(userId, systemHost), token)
  t.ok(isTokenHash(hashToken(token)))
  t.equal(hashToken('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', "FIPS 180's example")
})

t.test('a token of a wrong form names nobody', async (t) => {
  const [, issued, secret] = createToken('1', systemHost).split('.')
  const named = (text: string) => Buffer.from(text).toString('base64url')
  const bad = ['', '..', 'a.b.c', `${named('1')}.${issued}`, `${named('1')}.${issued}.${secret}.`, 'x'.repeat(10_000)]
  const users = ['01', 'alice', '18446744073709551616', '1\n'].map((user) => `${named(user)}.${issued}.${secret}`)
  const twice = `${named('1').replace(/.$/, 'R')}.${issued}.${secret}`
  for (const token of [...bad, ...users, twice]) t.equal(tokenUser(token), null, token.slice(0, 40))
  for (const value of [null, undefined, 1, {}]) t.equal(tokenUser(value), null)
  fc.assert(fc.property(fc.string(), (text) => tokenUser(text) === null))
})
