import fc from 'fast-check'
import t from 'tap'
import { TIMER_MAX_MS, TimerEntry, TimerWheel } from '../../lib/kernel/timer-wheel.ts'
import { VirtualHost } from '../../lib/testing/index.ts'

class Probe extends TimerEntry {
  readonly id: number
  readonly #expired: (probe: Probe) => void

  constructor(id: number, expired: (probe: Probe) => void) {
    super()
    this.id = id
    this.#expired = expired
  }

  expire(): void {
    this.#expired(this)
  }
}

const delays = fc.oneof(
  fc.nat(3),
  fc.nat(300),
  fc.nat(70_000),
  fc.nat(20_000_000),
  fc.integer({ min: TIMER_MAX_MS - 5, max: TIMER_MAX_MS }),
)
const steps = fc.array(
  fc.oneof(
    fc.record({ start: delays }),
    fc.record({ stop: fc.nat(60) }),
    fc.record({ advance: fc.oneof(fc.nat(3), fc.nat(600), fc.nat(100_000), fc.nat(TIMER_MAX_MS)) }),
  ),
  { maxLength: 60 },
)

t.test('timers expire once, in order of their time, never early, unless they are stopped', async (t) => {
  fc.assert(
    fc.property(steps, (script) => {
      const host = new VirtualHost()
      const wheel = new TimerWheel(host)
      const fired: { id: number; at: number }[] = []
      const probes: Probe[] = []
      const expected = new Map<number, number>()
      for (const step of script) {
        if ('start' in step) {
          const probe = new Probe(probes.length, ({ id }) => fired.push({ id, at: host.now }))
          probes.push(probe)
          wheel.start(probe, step.start)
          expected.set(probe.id, host.now + step.start)
        } else if ('stop' in step) {
          const probe = probes[step.stop]
          if (probe === undefined) continue
          const running = expected.has(probe.id) && !fired.some(({ id }) => id === probe.id)
          if (wheel.stop(probe) !== running) return false
          if (running) expected.delete(probe.id)
        } else host.advance(step.advance)
        if (wheel.size !== [...expected.keys()].filter((id) => !fired.some((f) => f.id === id)).length) return false
      }
      host.advance(TIMER_MAX_MS * 2)
      const inOrder = fired.every(({ at }, i) => i === 0 || fired[i - 1]!.at <= at)
      // A slot that has been emptied is not looked at again: what starts then with no time left waits a millisecond.
      const exact = fired.every(({ id, at }) => at - expected.get(id)! === 0 || at - expected.get(id)! === 1)
      return inOrder && exact && fired.length === expected.size && wheel.size === 0
    }),
    { numRuns: 300 },
  )
  t.pass('300 scripts')
})

t.test('timers of the same millisecond expire in the order they were started', async (t) => {
  const host = new VirtualHost()
  const wheel = new TimerWheel(host)
  const fired: number[] = []
  for (let i = 0; i < 10; i++) wheel.start(new Probe(i, ({ id }) => fired.push(id)), 300)
  host.advance(300)
  t.same(fired, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

t.test('a timer that starts itself anew with no time left does not hold the wheel', async (t) => {
  const host = new VirtualHost()
  const wheel = new TimerWheel(host)
  let expiries = 0
  const again: Probe = new Probe(0, () => {
    expiries++
    if (expiries < 1000) wheel.start(again, 0)
  })
  wheel.start(again, 0)
  const other = new Probe(1, () => t.ok(expiries < 1000, 'another timer had its turn'))
  wheel.start(other, 1)
  host.advance(2000)
  t.equal(expiries, 1000)
})

t.test('a timer stopped by one that expires in the same millisecond does not expire', async (t) => {
  const host = new VirtualHost()
  const wheel = new TimerWheel(host)
  const second = new Probe(2, () => t.fail('expired after it was stopped'))
  wheel.start(new Probe(1, () => t.ok(wheel.stop(second))), 5)
  wheel.start(second, 5)
  host.advance(10)
  t.equal(wheel.size, 0)
})

t.test('timers that are started and stopped by the thousand do not arm the host each time', async (t) => {
  const host = new VirtualHost()
  const wheel = new TimerWheel(host)
  for (let i = 0; i < 10_000; i++) {
    const probe = new Probe(i, () => {})
    wheel.start(probe, 5000)
    wheel.stop(probe)
  }
  t.ok(host.armed <= 2, `armed ${host.armed} times`)
})
