import fc from 'fast-check'
import t from 'tap'
import { equalTerms, loop, type Pid, Ref, sendInterval } from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { keptNode } from '../support/in-process.ts'

const MILLION = 1_000_000
/** The clock moves in steps so long; messages are looked at after each. */
const STEP_MS = 1000

t.test('a million pending timers: each is read, cancelled or fires, once and in its time', async (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  let received = 0
  let wrong = 0
  const pid = node.spawn(
    loop((due: number) => {
      received++
      if (due > host.now || host.now - due > STEP_MS) wrong++
    }, undefined),
  )
  const timers: Ref[] = []
  const time = (i: number) => 1 + ((i * 7919) % 60_000)
  for (let i = 0; i < MILLION; i++) timers.push(node.sendAfter(time(i), pid, host.now + time(i)))
  t.equal(node.timers.size, MILLION)
  t.equal(node.readTimer(timers[500_000]!), time(500_000))
  let cancelled = 0
  for (let i = 0; i < MILLION; i += 2) if (node.cancelTimer(timers[i]!) === time(i)) cancelled++
  t.equal(cancelled, MILLION / 2)
  for (let i = 0; i < 60; i++) {
    host.advance(STEP_MS)
    await quiet(host)
  }
  t.equal(received, MILLION / 2)
  t.equal(wrong, 0)
  t.equal(node.timers.size, 0)
  t.equal(node.readTimer(timers[1]!), false)
  t.equal(node.cancelTimer(timers[0]!), false)
})

t.test('the timers of a process go with it, also a million', async (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  const pid = node.spawn(loop((state) => state, undefined))
  for (let i = 0; i < MILLION; i++) node.startTimer(1000 + i, pid, i)
  node.exit(pid, 'kill')
  t.equal(node.timers.size, 0)
})

t.test('a copy of the ref, which was at another node, leads to the timer, too', (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  const ref = node.sendAfter(1000, 'nobody', 1)
  const copy = new Ref({ ...ref.address }, ref.id)
  t.ok(equalTerms(ref, copy))
  t.ok(equalTerms(copy, ref))
  t.equal(node.readTimer(copy), 1000)
  t.equal(node.cancelTimer(new Ref({ ...ref.address, creation: 1 }, ref.id)), false, 'of an earlier start of the node')
  t.equal(node.cancelTimer(copy), 1000)
  t.equal(node.cancelTimer(copy), false)
  t.equal(node.cancelTimer(ref), false)
  const { node: other } = keptNode(t, { host })
  const theirs = other.sendAfter(1000, 'nobody', 1)
  t.equal(node.cancelTimer(theirs), false, 'a timer belongs to its node')
  t.equal(other.cancelTimer(theirs), 1000)
  t.end()
})

t.test('an absolute time is a point on the clock of the host, and may be past', async (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  const got: unknown[] = []
  const pid = node.spawn(loop((message) => void got.push(message), undefined))
  const abs = { abs: true }
  const ref = node.startTimer(host.monotonic() + 99.5, pid, 'soon', abs)
  node.sendAfter(-1_000_000, pid, 'long past', abs)
  node.sendAfter(host.monotonic() - 1, pid, 'past', abs)
  node.sendAfter(10, pid, 'relative', { abs: false })
  t.equal(node.readTimer(ref), 100)
  host.advance(0)
  await quiet(host)
  t.strictSame(got, ['long past', 'past'])
  host.advance(99)
  await quiet(host)
  t.strictSame(got.slice(2), ['relative'], 'never early')
  host.advance(1)
  await quiet(host)
  t.match(got[3], { type: 'timeout', ref, message: 'soon' })
  const far = host.monotonic() + 2 ** 32
  for (const time of [far, Number.NaN, Number.POSITIVE_INFINITY, 5n, 'soon', undefined]) {
    t.throws(() => node.sendAfter(time as never, pid, 'x', abs), { code: 'badarg' }, `at ${time}`)
  }
  for (const options of [{ abs: 1 }, { absolute: true }, null, 5]) {
    t.throws(() => node.startTimer(1, pid, 'x', options as never), { code: 'badarg' }, `with ${options}`)
  }
  t.equal(node.timers.size, 0)
})

t.test('an interval is sent again and again, does not drift, and is made up for', async (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  const got: number[] = []
  const pid = node.spawn(loop(() => void got.push(host.now), undefined))
  host.advance(0)
  const from = host.now
  const times = () => got.map((time) => time - from)
  const ref = sendInterval(node, 100, pid, 'tick')
  for (let i = 0; i < 7; i++) {
    host.advance(50)
    await quiet(host)
  }
  t.strictSame(times(), [100, 200, 300])
  t.equal(node.readTimer(ref), 50)
  host.stall(240)
  host.advance(0)
  await quiet(host)
  host.advance(9)
  await quiet(host)
  t.equal(got.length, 5, 'those of 400 and 500')
  t.ok(times().every((time) => time < 600))
  host.advance(1)
  await quiet(host)
  t.strictSame(times().slice(5), [600])
  t.equal(node.cancelTimer(ref), 100)
  t.equal(node.timers.size, 0)
})

t.test('an interval ends with the process it is for, also one by name; nobody of the name gets nothing', async (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  const got: unknown[] = []
  const open = () => node.spawn(loop((message) => void got.push(message), undefined))
  const [first, second, third] = [open(), open(), open()]
  node.register('name', second)
  sendInterval(node, 10, first, 'by pid')
  sendInterval(node, 10, 'name', 'by name')
  const ref = sendInterval(node, 10, 'nobody', 'to nobody')
  t.equal(node.timers.size, 2)
  node.register('nobody', third)
  node.exit(first, 'kill')
  node.exit(second, 'kill')
  node.register('name', open())
  host.advance(50)
  await quiet(host)
  t.same(got, [])
  t.equal(node.timers.size, 0)
  t.equal(node.readTimer(ref), false)
  t.equal(node.readTimer(sendInterval(node, 10, first, 'ended')), false)
  t.throws(() => sendInterval(node, 10, { name: 'name', node: 'b@there' }, 'x'), { code: 'badarg' })
})

const step = fc.oneof(
  fc.record({ start: fc.nat(300), to: fc.constantFrom('a', 'b', 'name', 'nobody') }),
  fc.record({ start: fc.integer({ min: -200, max: 300 }), to: fc.constantFrom('a', 'nobody'), abs: fc.constant(true) }),
  fc.record({ cancel: fc.nat(30) }),
  fc.record({ read: fc.nat(30) }),
  fc.record({ advance: fc.nat(200) }),
  fc.record({ end: fc.constantFrom('a', 'b') }),
)

interface ModelTimer {
  readonly due: number
  readonly to: string
  running: boolean
}

t.test('send_after, cancel and read behave as their model', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (script) => {
      const host = new VirtualHost()
      const { node } = keptNode(t, { host })
      const got: string[] = []
      const open = (): Pid => node.spawn(loop((message) => void got.push(String(message)), undefined))
      const pids = { a: open(), b: open() }
      node.register('name', pids.a)
      const timers: ModelTimer[] = []
      const refs: Ref[] = []
      const expected: string[] = []
      for (const each of script) {
        if ('start' in each) {
          const { start, to } = each
          const target = to === 'a' || to === 'b' ? pids[to] : to
          const isAbsolute = 'abs' in each
          const timed = isAbsolute ? ([host.monotonic() + start, { abs: true }] as const) : ([start] as const)
          refs.push(node.sendAfter(timed[0], target, `${timers.length}`, timed[1]))
          const futile = (to === 'a' || to === 'b') && !node.isAlive(pids[to])
          timers.push({ due: host.now + Math.max(0, start), to, running: !futile })
        } else if ('cancel' in each || 'read' in each) {
          const number = 'cancel' in each ? each.cancel : each.read
          const timer = timers[number]
          if (timer === undefined) continue
          const left = timer.running ? Math.max(0, timer.due - host.now) : false
          t.equal('cancel' in each ? node.cancelTimer(refs[number]!) : node.readTimer(refs[number]!), left)
          if ('cancel' in each) timer.running = false
        } else if ('end' in each) {
          node.exit(pids[each.end], 'kill')
          for (const timer of timers) if (timer.to === each.end) timer.running = false
        } else {
          host.advance(each.advance)
          await quiet(host)
          const due = timers
            .map((timer, id) => ({ timer, id }))
            .filter(({ timer }) => timer.running && timer.due <= host.now)
          for (const { timer, id } of due) {
            timer.running = false
            if (timer.to !== 'nobody' && (timer.to !== 'name' || node.isAlive(pids.a))) expected.push(`${id}`)
          }
          t.strictSame(got.toSorted(), expected.toSorted())
          t.equal(node.timers.size, timers.filter(({ running }) => running).length)
        }
      }
      node.kill()
    }),
    { numRuns: 100 },
  )
})
