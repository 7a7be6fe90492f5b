import fc from 'fast-check'
import t from 'tap'
import {
  addRestart,
  countRestarts,
  NO_RESTARTS,
  type RestartHistory,
} from '../../lib/behaviours/supervisor/restart-intensity.ts'
import { STRATEGIES } from '../../lib/behaviours/supervisor/restart-strategy.ts'
import { isReported, isStartedAgain } from '../../lib/behaviours/supervisor/restart-type.ts'

/** OTP's own rule, as it is written in supervisor.erl: a list of every restart, newest first. */
function addRestartOtp(restarts: readonly number[], now: number, intensity: number, period: number) {
  const recent: number[] = []
  for (const at of restarts) {
    if (at < now - period) break
    recent.push(at)
  }
  const added = [now, ...recent]
  return { added, allowed: added.length <= intensity }
}

t.test('the rule is the one of OTP', async () => {
  const steps = fc.array(fc.nat({ max: 4 }), { maxLength: 60 })
  fc.assert(
    fc.property(fc.nat({ max: 6 }), fc.integer({ min: 1, max: 8 }), steps, (intensity, period, steps) => {
      let history: RestartHistory = NO_RESTARTS
      let otp: readonly number[] = []
      let now = 0
      for (const step of steps) {
        now += step
        const expected = addRestartOtp(otp, now, intensity, period)
        const next = addRestart(history, now, { intensity, period })
        if ((next !== undefined) !== expected.allowed) return false
        if (next === undefined) return true
        if (countRestarts(next) !== expected.added.length || next.length > period + 1) return false
        history = next
        otp = expected.added
      }
      return true
    }),
  )
})

t.test('the window includes both its ends, and its resolution is a second', async (t) => {
  const rule = { intensity: 2, period: 5 }
  const two = addRestart(addRestart(NO_RESTARTS, 10, rule)!, 12, rule)!
  t.equal(addRestart(two, 15, rule), undefined)
  t.equal(countRestarts(addRestart(two, 16, rule)!), 2)
  t.equal(addRestart(NO_RESTARTS, 0, { intensity: 0, period: 5 }), undefined, 'intensity 0 allows none')
})

t.test('a million restarts in a second are a history of one entry', async (t) => {
  let history: RestartHistory = NO_RESTARTS
  for (let i = 0; i < 1_000_000; i++) history = addRestart(history, 7, { intensity: Infinity, period: 5 })!
  t.same(history, [[7, 1_000_000]])
})

t.test('the group of each strategy', async (t) => {
  const children = ['a', 'b', 'c', 'd']
  t.same(STRATEGIES.one_for_one(children, 'c'), ['c'])
  t.same(STRATEGIES.one_for_all(children, 'c'), children)
  t.same(STRATEGIES.rest_for_one(children, 'c'), ['c', 'd'])
})

t.test('restart types', async (t) => {
  const reasons = ['normal', 'shutdown', ['shutdown', 'x'], 'killed', new Error('boom')]
  const again = (type: Parameters<typeof isStartedAgain>[0]) => reasons.map((reason) => isStartedAgain(type, reason))
  const reported = (type: Parameters<typeof isReported>[0]) => reasons.map((reason) => isReported(type, reason))
  t.same(again('permanent'), [true, true, true, true, true])
  t.same(again('transient'), [false, false, false, true, true])
  t.same(again('temporary'), [false, false, false, false, false])
  t.same(reported('permanent'), [true, true, true, true, true])
  t.same(reported('transient'), [false, false, false, true, true])
  t.same(reported('temporary'), [false, false, false, true, true])
})
