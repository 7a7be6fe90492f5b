import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Burst } from '../../lib/gateway/burst.ts'
import {
  adoptEvent,
  decodeClientFrame,
  type EventFrame,
  encodeEvent,
  eventName,
  HEARTBEAT_ACK_FRAME,
  HEARTBEAT_FRAME,
  helloFrame,
  INVALID_SESSION_FRAME,
  INVALID_SESSION_RESUMABLE_FRAME,
  patchSequence,
  RECONNECT_FRAME,
} from '../../lib/gateway/frame.ts'
import { Heartbeat } from '../../lib/gateway/heartbeat.ts'
import { Outbox, WriteTurn } from '../../lib/gateway/outbox.ts'
import { ResumeWindow } from '../../lib/gateway/resume-window.ts'
import type { Connection } from '../../lib/gateway/transport.ts'
import { OUTBOX_BUFFERED_BYTES, OUTBOX_WRITE_BYTES, SEQUENCE_MAX } from '../../lib/internal/limits.ts'
import { serverFrames } from './clients.ts'

const numberedEvent = (number: number): EventFrame => encodeEvent('TEST', String(number))
const parsed = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString())
const sequenceNumber = fc.oneof(
  fc.integer({ min: 1, max: SEQUENCE_MAX }),
  fc
    .nat(9)
    .chain((exponent) => fc.integer({ min: -2, max: 2 }).map((near) => Math.max(1, 10 ** (exponent + 1) + near))),
)

t.test('events', async (t) => {
  t.test('carry any number, over any that stood there before', async (t) => {
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(sequenceNumber, { minLength: 1 }), fc.jsonValue(), fc.nat(20), (numbers, d, start) => {
          const frame = encodeEvent('MESSAGE_CREATE', JSON.stringify(d))
          const bytes = Buffer.concat([Buffer.alloc(start), frame])
          for (const s of numbers.map((number) => Math.min(number, SEQUENCE_MAX))) {
            patchSequence(bytes, start, s)
            const text = bytes.toString('utf8', start)
            assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify({ op: 0, s, t: 'MESSAGE_CREATE', d })))
            assert.equal(bytes.length - start, frame.length)
          }
          assert.equal(eventName(frame), 'MESSAGE_CREATE')
        }),
        { numRuns: 50 },
      ),
    )
  })

  t.test('travel between nodes', async (t) => {
    const frame = encodeEvent('MESSAGE_CREATE', '{"content":"ü"}')
    const received = Buffer.concat([Buffer.from('before'), frame, Buffer.from('after')])
    const adopted = adoptEvent(received.subarray(6, 6 + frame.length))
    t.same(adopted, frame)
    received.fill(0)
    t.same(adopted, frame, 'it is a copy')
    for (const bytes of ['', '{"op":0,"s":1,"t":"A","d":1}', '{"op":1,"s":          ,"t":"A","d":1}', '{"op":0,"s":']) {
      t.throws(() => adoptEvent(Buffer.from(bytes)), { code: 'badarg' })
    }
  })

  t.test('have names that break nothing', async (t) => {
    for (const name of ['', 'a', 'A"', '1A', 'A-B', 'A\n']) {
      t.throws(() => encodeEvent(name, 'null'), { code: 'badarg' })
    }
  })

  t.test('in a burst carry the numbers of one session after the other', async (t) => {
    const near = fc.tuple(sequenceNumber, fc.integer({ min: -2, max: 2 }))
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(near, { minLength: 1 }), fc.integer({ min: 1, max: 4 }), (sessions, size) => {
          const burst = new Burst(Array.from({ length: size }, (_, index) => numberedEvent(index)))
          for (const [number, nudge] of sessions.flatMap((session) => [session, session])) {
            const first = Math.min(Math.max(1, number + nudge), SEQUENCE_MAX - size)
            burst.number(first)
            const numbers = burst.messages.map((message) => (parsed(message) as { s: number }).s)
            assert.deepEqual(
              numbers,
              Array.from({ length: size }, (_, index) => first + index),
            )
          }
        }),
      ),
    )
  })

  t.test('in a burst are WebSocket frames', async (t) => {
    const lengths = fc.array(fc.constantFrom(0, 60, 61, 62, 63, 64, 300, 65_400, 65_600), {
      minLength: 1,
      maxLength: 4,
    })
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(lengths, fc.integer({ min: 1, max: SEQUENCE_MAX - 4 }), (contents, first) => {
          const events = contents.map((length) => encodeEvent('TEST', JSON.stringify('x'.repeat(length))))
          const before = events.map((event) => Buffer.from(event))
          const burst = new Burst(events)
          burst.number(first)
          const expected = contents.map((length, index) => ({
            op: 0,
            s: first + index,
            t: 'TEST',
            d: 'x'.repeat(length),
          }))
          assert.deepEqual(
            serverFrames(burst.wire).map((text) => JSON.parse(text)),
            expected,
          )
          assert.deepEqual(burst.messages.map(parsed), expected)
          burst.number(first + 1)
          assert.deepEqual(burst.messages.map(parsed)[0], { ...expected[0], s: first + 1 })
          assert.deepEqual(
            events.map((event) => Buffer.from(event)),
            before,
            'the events were not touched',
          )
        }),
        { numRuns: 30 },
      ),
    )
  })
})

t.test('frames of the server', async (t) => {
  t.same(parsed(helloFrame(41_250)), { op: 10, d: { heartbeat_interval: 41_250 }, s: null, t: null })
  t.same(parsed(HEARTBEAT_FRAME), { op: 1, d: null, s: null, t: null })
  t.same(parsed(HEARTBEAT_ACK_FRAME), { op: 11, d: null, s: null, t: null })
  t.same(parsed(RECONNECT_FRAME), { op: 7, d: null, s: null, t: null })
  t.same(parsed(INVALID_SESSION_FRAME), { op: 9, d: false, s: null, t: null })
  t.same(parsed(INVALID_SESSION_RESUMABLE_FRAME), { op: 9, d: true, s: null, t: null })
})

t.test('frames of a client', async (t) => {
  const decode = (text: string | Uint8Array): unknown => decodeClientFrame(Buffer.from(text))
  t.same(decode('{"op":1,"d":42}'), { ok: true, frame: { op: 1, d: 42 } })
  t.same(decode('{"op":2,"d":{"token":"x"},"s":null,"t":null}'), { ok: true, frame: { op: 2, d: { token: 'x' } } })
  t.same(decode('{"op":1}'), { ok: true, frame: { op: 1, d: null } })
  for (const op of [-1, 0, 5, 7, 9, 10, 11, 12, 99, 1e300]) {
    t.match(decode(`{"op":${op},"d":null}`), { ok: false, closeCode: 4001 }, `opcode ${op}`)
  }
  const malformed = ['', '{', 'null', '1', '"x"', '[]', '[{"op":1}]', '{}', '{"op":"1"}', '{"op":1.5}', '{"op":null}']
  for (const text of malformed) t.match(decode(text), { ok: false, closeCode: 4002 }, text)
  t.match(decode(Buffer.from([0x7b, 0xff])), { ok: false, closeCode: 4002 })
  const padded = (length: number): string => '{"op":1,"d":1}'.padEnd(length)
  t.match(decode(padded(4096)), { ok: true })
  t.match(decode(padded(4097)), { ok: false, closeCode: 4002 })
  t.match(decode(`${'['.repeat(4000)}`), { ok: false, closeCode: 4002 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 5000 }), fc.json().map(Buffer.from)), (bytes) => {
        const decoded = decodeClientFrame(bytes)
        assert.ok(decoded.ok || [4001, 4002].includes(decoded.closeCode))
      }),
    ),
  )
})

t.test('the resume window', async (t) => {
  t.test('is what its model is', async (t) => {
    const operation = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), length: fc.nat(40) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('ack' as const), back: fc.integer({ min: -3, max: 12 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('since' as const), back: fc.integer({ min: -3, max: 20 }) }),
      },
    )
    const limits = fc.record({ events: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 1500 }) })
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(limits, fc.nat(1000), fc.array(operation, { maxLength: 100 }), (limits, moved, operations) => {
          const window = new ResumeWindow(limits, moved)
          let held: { sequence: number; event: EventFrame }[] = []
          let last = moved
          const bytes = (): number => held.reduce((sum, { event }) => sum + event.length, 0)
          for (const step of operations) {
            if (step.kind === 'push') {
              const event = encodeEvent('TEST', JSON.stringify('x'.repeat(step.length)))
              assert.equal(window.push(event), ++last)
              held.push({ sequence: last, event })
              while (held.length > limits.events || (held.length > 1 && bytes() > limits.bytes)) held.shift()
            } else if (step.kind === 'ack') {
              const sequence = last - step.back
              const known = sequence >= 0 && sequence <= last
              assert.equal(window.ack(sequence), known)
              if (known) held = held.filter((entry) => entry.sequence > sequence)
            } else {
              const sequence = last - step.back
              const first = held[0]?.sequence ?? last + 1
              const expected =
                sequence < 0 || sequence > last
                  ? 'invalid'
                  : sequence < first - 1
                    ? 'too_old'
                    : held.filter((entry) => entry.sequence > sequence).map(({ event }) => event)
              assert.deepEqual(window.since(sequence), expected)
            }
            assert.equal(window.bytes, bytes())
            assert.equal(window.size, held.length)
            assert.equal(window.last, last)
            assert.equal(window.at(last), held.at(-1)?.event)
            assert.equal(window.at(window.first - 1), undefined)
          }
        }),
        { numRuns: 200 },
      ),
    )
  })

  t.test('costs nothing before the first event and after the last acknowledgement', async (t) => {
    const window = new ResumeWindow({ events: 1000, bytes: 1_000_000 })
    t.equal(window.capacity, 0)
    for (let count = 0; count < 9; count++) window.push(numberedEvent(count))
    t.equal(window.capacity, 16, 'it grows by doubling')
    t.ok(window.ack(5))
    t.equal(window.size, 4)
    t.ok(window.ack(9))
    t.equal(window.capacity, 0)
    t.equal(window.push(numberedEvent(10)), 10)
    t.strictSame(window.since(8), 'too_old', 'what was acknowledged is not given again')
    t.same(window.since(9), [numberedEvent(10)])
  })

  t.test('refuses numbers that are none', async (t) => {
    const window = new ResumeWindow()
    window.push(numberedEvent(1))
    for (const number of [2, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      t.equal(window.resumable(number), 'invalid')
      t.notOk(window.ack(number))
    }
  })

  t.test('ends with the columns of a frame', async (t) => {
    const window = new ResumeWindow(undefined, SEQUENCE_MAX - 1)
    t.equal(window.push(numberedEvent(1)), SEQUENCE_MAX)
    t.throws(() => window.push(numberedEvent(2)), { code: 'sequence_exhausted' })
    t.same(window.since(SEQUENCE_MAX - 1), [numberedEvent(1)])
  })
})

/** Notes the numbers that it is sent, and the writes that they came in. */
class FakeConnection implements Connection {
  buffered = 0
  terminated = false
  readonly writes: number[][] = []
  readonly contents: unknown[] = []

  sendBurst(burst: Burst): void {
    const frames = burst.messages.map(parsed) as { s: number; d: unknown }[]
    this.writes.push(frames.map(({ s }) => s))
    this.contents.push(...frames.map(({ d }) => d))
  }

  send(): void {}
  cork(run: () => void): void {
    run()
  }
  close(): void {}
  terminate(): void {
    this.terminated = true
  }
}

/** A host whose turns end when the test says so. */
class Turns {
  readonly #waiting: (() => void)[] = []
  macrotask(run: () => void): void {
    this.#waiting.push(run)
  }
  /** Ends the turn, and says whether something was waiting for that. */
  end(): boolean {
    const due = this.#waiting.splice(0)
    for (const run of due) run()
    return due.length > 0
  }
}

t.test('the outbox', async (t) => {
  const start = (perTurn?: number) => {
    const turns = new Turns()
    const turn = new WriteTurn(turns, perTurn)
    return { turns, turn }
  }
  const attached = (turn: WriteTurn, window = new ResumeWindow()) => {
    const outbox = new Outbox(window, turn)
    const connection = new FakeConnection()
    t.equal(outbox.attach(connection, window.last), 'yes')
    return { outbox, connection, window }
  }

  t.test('writes all of a turn at once, and nothing of the next', async (t) => {
    const { turns, turn } = start()
    const { outbox, connection } = attached(turn)
    t.notOk(turns.end(), 'an idle outbox waits for no turn')
    for (const number of [1, 2, 3]) t.equal(outbox.push(numberedEvent(number)), number)
    t.same(connection.writes, [])
    turns.end()
    outbox.push(numberedEvent(4))
    turns.end()
    t.same(connection.writes, [[1, 2, 3], [4]])
    t.same(connection.contents, [1, 2, 3, 4])
    t.notOk(turns.end())
  })

  t.test('keeps sessions apart that send the same events under other numbers', async (t) => {
    const { turns, turn } = start()
    const sessions = [0, 8, 99_999].map((last) => attached(turn, new ResumeWindow(undefined, last)))
    for (const number of [1, 2]) {
      const event = numberedEvent(number)
      for (const { outbox } of sessions) outbox.push(event)
    }
    sessions[1]!.outbox.push(numberedEvent(3))
    turns.end()
    t.same(
      sessions.map(({ connection }) => connection.writes),
      [[[1, 2]], [[9, 10, 11]], [[100_000, 100_001]]],
    )
    t.same(
      sessions.map(({ connection }) => connection.contents),
      [
        [1, 2],
        [1, 2, 3],
        [1, 2],
      ],
    )
  })

  t.test('writes so many sockets in a turn, and the rest in the next', async (t) => {
    const { turns, turn } = start(2)
    const sessions = Array.from({ length: 5 }, () => attached(turn))
    for (const { outbox } of sessions) outbox.push(numberedEvent(1))
    const written: number[] = []
    while (turns.end()) written.push(sessions.filter(({ connection }) => connection.writes.length > 0).length)
    t.same(written, [2, 4, 5])
  })

  t.test('resumes from the client number, once and in order', async (t) => {
    const { turns, turn } = start()
    const { outbox, connection, window } = attached(turn)
    outbox.push(numberedEvent(1))
    turns.end()
    outbox.detach()
    for (const number of [2, 3, 4]) outbox.push(numberedEvent(number))
    turns.end()
    t.same(connection.writes, [[1]], 'nothing is sent while detached')
    const second = new FakeConnection()
    t.equal(outbox.attach(second, 2), 'yes')
    outbox.push(numberedEvent(5))
    turns.end()
    t.same(second.writes, [[3, 4, 5]])
    t.equal(outbox.sent, 5)
    outbox.detach()
    t.equal(outbox.attach(second, 6), 'invalid')
    t.ok(outbox.ack(4))
    t.equal(outbox.attach(second, 3), 'too_old')
    outbox.push(numberedEvent(6))
    t.notOk(turns.end(), 'nothing is attached after a refusal')
    t.same(window.since(4), [numberedEvent(5), numberedEvent(6)])
  })

  t.test('gives up what the client has, and not what it cannot have yet', async (t) => {
    const { turns, turn } = start()
    const { outbox, window } = attached(turn)
    outbox.push(numberedEvent(1))
    t.notOk(outbox.ack(1), 'not sent yet')
    t.equal(window.size, 1)
    turns.end()
    t.ok(outbox.ack(1))
    t.equal(window.size, 0)
  })

  t.test('holds back before a slow reader, and goes on when it has drained', async (t) => {
    const { turns, turn } = start()
    const { outbox, connection } = attached(turn)
    connection.buffered = OUTBOX_BUFFERED_BYTES + 1
    for (const number of [1, 2, 3]) {
      outbox.push(numberedEvent(number))
      turns.end()
    }
    t.same(connection.writes, [])
    connection.buffered = 0
    outbox.flush()
    t.same(connection.writes, [[1, 2, 3]])
  })

  t.test('cuts a reader that has fallen out of the window', async (t) => {
    const { turns, turn } = start()
    const { outbox, connection } = attached(turn, new ResumeWindow({ events: 3, bytes: 1_000_000 }))
    connection.buffered = OUTBOX_BUFFERED_BYTES + 1
    for (const number of [1, 2, 3]) outbox.push(numberedEvent(number))
    t.notOk(connection.terminated)
    t.equal(outbox.push(numberedEvent(4)), 4)
    t.ok(connection.terminated)
    connection.buffered = 0
    turns.end()
    t.same(connection.writes, [], 'a stream with a hole is not continued')
    t.equal(outbox.push(numberedEvent(5)), 5, 'the session lives on')
    t.equal(outbox.attach(new FakeConnection(), 1), 'too_old')
    t.equal(outbox.attach(new FakeConnection(), 2), 'yes')
  })

  t.test('does not wait for the end of the turn with much', async (t) => {
    const { turns, turn } = start()
    const { outbox, connection } = attached(turn)
    const large = encodeEvent('TEST', JSON.stringify('x'.repeat(OUTBOX_WRITE_BYTES / 4)))
    for (let count = 0; count < 9; count++) outbox.push(large)
    t.same(connection.writes, [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ])
    turns.end()
    t.same(connection.writes.at(-1), [9])
    outbox.detach()
    const second = new FakeConnection()
    outbox.attach(second, 0)
    turns.end()
    t.same(second.writes, [[1, 2, 3, 4], [5, 6, 7, 8], [9]], 'a replay is written in such pieces, too')
  })

  t.test('delivers every event once and in order, whatever happens to the connection', async (t) => {
    const step = fc.constantFrom('push', 'push', 'push', 'end', 'cut', 'resume', 'block', 'drain', 'ack')
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
          const { turns, turn } = start()
          const { outbox, window } = attached(turn, new ResumeWindow({ events: 20, bytes: 1_000_000 }))
          let connection = new FakeConnection()
          outbox.attach(connection, 0)
          const received: number[] = []
          let pushed = 0
          const read = (): void => {
            received.push(...connection.writes.flat())
            connection.writes.length = 0
          }
          for (const happening of steps) {
            if (happening === 'push') outbox.push(numberedEvent(++pushed))
            else if (happening === 'end') turns.end()
            else if (happening === 'cut') outbox.detach()
            else if (happening === 'block') connection.buffered = OUTBOX_BUFFERED_BYTES + 1
            else if (happening === 'ack') {
              read()
              assert.ok(received.length === 0 || outbox.ack(received.length))
            } else if (happening === 'drain') {
              connection.buffered = 0
              outbox.flush()
            } else {
              read()
              outbox.detach()
              connection = new FakeConnection()
              const answer = outbox.attach(connection, received.length)
              assert.equal(answer === 'yes', window.first <= received.length + 1)
              if (answer !== 'yes') break
            }
          }
          read()
          assert.deepEqual(
            received,
            received.map((_, index) => index + 1),
          )
        }),
        { numRuns: 200 },
      ),
    )
  })
})

t.test('a heartbeat', async (t) => {
  const heartbeat = new Heartbeat(1000, 40_000, 5000)
  t.equal(heartbeat.interval, 40_000)
  t.equal(heartbeat.remaining(1000), 45_000)
  t.equal(heartbeat.remaining(45_999), 1)
  t.equal(heartbeat.remaining(46_000), 0)
  heartbeat.beat(46_000)
  t.equal(heartbeat.remaining(60_000), 31_000)
  t.equal(heartbeat.remaining(1_000_000), 0)
})
