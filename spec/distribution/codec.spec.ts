import fc from 'fast-check'
import { Packr } from 'msgpackr'
import t, { type Test } from 'tap'
import { Codec, HEADER_BYTES } from '../../lib/distribution/codec.ts'
import { scan } from '../../lib/distribution/scan.ts'
import { TermGate } from '../../lib/distribution/terms.ts'
import { createNode, Exit, equalTerms, Fault, loop, NoCatch, type OtpNode, Pid, type Ref } from '../../lib/index.ts'
import { FRAME_ELEMENTS, SIGNAL_BYTES, SIGNAL_ELEMENTS, TERM_DEPTH } from '../../lib/internal/limits.ts'
import { RemoteFrom } from '../../lib/kernel/remote-peer.ts'
import { CALL_REQUEST, SEND, type Signal } from '../../lib/kernel/remote-signals.ts'
import { term } from './arbitrary-terms.ts'

const quiet = { reporter: () => {} }

/** Two nodes and what carries terms from one to the other, without a network. */
function pair(t: Test): {
  a: OtpNode
  b: OtpNode
  carry: (value: unknown) => unknown
  encode: (value: unknown) => Uint8Array
  decode: (frame: Uint8Array) => unknown
} {
  const a = createNode({ ...quiet, name: 'a@here' })
  const b = createNode({ ...quiet, name: 'b@here' })
  t.teardown(() => a.kill())
  t.teardown(() => b.kill())
  const gate = new TermGate(a)
  const out = new Codec(a, b.address)
  const into = new Codec(b, a.address)
  const encode = (value: unknown) => {
    const frame = out.encode([gate.pass([SEND, 1, value] as const)])
    if (frame.length > gate.bytes + 16) throw new Error(`estimated ${gate.bytes} bytes, got ${frame.length}`)
    return Uint8Array.from(frame.subarray(HEADER_BYTES))
  }
  const decode = (frame: Uint8Array) => into.decode(frame)[0]?.[2]
  return { a, b, encode, decode, carry: (value) => decode(encode(value)) }
}

const code = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
  return 'no error'
}

t.test('terms arrive as they were sent', async (t) => {
  const { carry } = pair(t)
  fc.assert(
    fc.property(term, (value) => equalTerms(carry(value), value)),
    { numRuns: 500, endOnFailure: true },
  )
})

t.test('values that change their form on the way', async (t) => {
  const { carry } = pair(t)
  t.strictSame(carry(Array.from(new Array(2))), [undefined, undefined])
  t.strictSame(carry(new Array(2)), [undefined, undefined], 'holes are undefined')
  const bytes = carry(Buffer.from('abc')) as Uint8Array
  t.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype, 'a Buffer is a Uint8Array')
  t.equal(bytes.buffer.byteLength, 3, 'and does not hold on to the frame it came in')
  const record = carry(Object.assign(Object.create(null), { x: 1 }))
  t.strictSame(record, { x: 1 })
  t.strictSame(carry({ constructor: 'x', hasOwnProperty: 1, toString: null }), {
    constructor: 'x',
    hasOwnProperty: 1,
    toString: null,
  })
})

t.test('a Buffer of a view and bytes of all sizes arrive whole', async (t) => {
  const { carry } = pair(t)
  for (const size of [0, 1, 255, 256, 65_535, 65_536, 1_000_000]) {
    const bytes = new Uint8Array(size + 7).fill(7).subarray(7)
    t.ok(equalTerms(carry({ bytes }), { bytes }), `${size} bytes`)
    const text = 'é'.repeat(size / 2)
    t.equal(carry(text), text)
  }
})

t.test('errors keep their class, code and stack', async (t) => {
  const { carry } = pair(t)
  const error = Object.assign(new RangeError('too much'), { code: 'E_MUCH' })
  const got = carry(error) as RangeError & { code: string }
  t.ok(got instanceof RangeError)
  t.equal(got.message, 'too much')
  t.equal(got.code, 'E_MUCH')
  t.equal(got.stack, error.stack)
  t.notOk(Object.keys(got).includes('message'), 'what is not enumerable stays so')

  const exit = carry(new Exit(['shutdown', { why: 1 }])) as Exit
  t.ok(exit instanceof Exit)
  t.strictSame(exit.reason, ['shutdown', { why: 1 }])
  t.strictSame((carry(new NoCatch(7)) as NoCatch).value, 7)

  class OwnError extends Error {
    override readonly name = 'OwnError'
  }
  const own = carry(new OwnError('mine')) as Error
  t.equal(Object.getPrototypeOf(own), Error.prototype)
  t.equal(own.name, 'OwnError')
  const long = carry(new Error('x'.repeat(100_000))) as Error
  t.equal(long.message.length, 4096, 'the text is bounded')
  t.ok(long.stack!.length <= 8192)
})

t.test('pids and refs find their node again', async (t) => {
  const { a, b, carry } = pair(t)
  const there = b.spawn(loop(() => 0, 0))
  const here = a.spawn(loop(() => 0, 0))
  t.equal(carry(new Pid({ ...b.address }, there.id)), there, 'a pid of the receiver is its live pid')
  const own = carry(here) as Pid
  t.ok(equalTerms(own, here))
  t.equal(own.process, undefined)

  const ended = carry(new Pid(b.address, 999)) as Pid
  t.equal(ended.process, undefined, 'of a process that has ended: no process')
  t.equal(ended.address, b.address)
  const earlier = carry(new Pid({ name: b.name, creation: b.address.creation - 1 }, there.id)) as Pid
  t.equal(earlier.process, undefined, 'of an earlier start of the receiver: no process')
  t.not(earlier.address, b.address)
  t.ok(equalTerms(carry(new Pid({ name: 'c@there', creation: 5 }, 3)), new Pid({ name: 'c@there', creation: 5 }, 3)))

  const ref = b.makeRef()
  t.equal((carry(ref) as Ref).address, b.address)
  const timer = a.sendAfter(60_000, 'nobody', 1)
  t.ok(equalTerms(carry(timer), timer))
})

t.test('a from travels, with all that is needed to answer', async (t) => {
  const { a, b, carry } = pair(t)
  const pid = a.spawn(loop(() => 0, 0))
  const got = carry({ from: new RemoteFrom(a.address, pid, 12, true) }) as { from: RemoteFrom }
  t.ok(got.from instanceof RemoteFrom)
  t.ok(equalTerms([got.from.address, got.from.pid, got.from.ref, got.from.alias], [a.address, pid, 12, true]))
  const third = carry(new RemoteFrom({ name: 'c@there', creation: 3 }, undefined, 4, false)) as RemoteFrom
  t.strictSame([third.address, third.pid, third.ref], [{ name: 'c@there', creation: 3 }, undefined, 4])
  const back = carry(new RemoteFrom(b.address, undefined, 4, true)) as RemoteFrom
  t.equal(back.address, b.address)
})

t.test('what cannot travel is refused where it is sent', async (t) => {
  const { carry } = pair(t)
  class Account {}
  const refused: unknown[] = [
    () => 1,
    Symbol('x'),
    new Account(),
    new (class extends Map {})(),
    /x/,
    new WeakMap(),
    Promise.resolve(),
    new ArrayBuffer(8),
    new Float64Array(1),
    new DataView(new ArrayBuffer(8)),
    Object('boxed'),
    2n ** 9000n,
    JSON.parse('{"__proto__":{"polluted":true}}'),
  ]
  for (const value of refused) {
    t.equal(
      code(() => carry({ deep: [{ value }] })),
      'unencodable',
      String(Object.prototype.toString.call(value)),
    )
    t.equal(
      code(() => carry(new Map([['key', value]]))),
      'unencodable',
    )
    t.equal(
      code(() => carry(new Exit(value))),
      'unencodable',
    )
  }
  const circle: unknown[] = []
  circle.push(circle)
  t.equal(
    code(() => carry(circle)),
    'term_too_deep',
  )
})

t.test('what one side sends at the limit the other side takes', async (t) => {
  const { carry } = pair(t)
  const wraps: [string, (inner: unknown) => unknown, levels: number][] = [
    ['list', (inner) => [inner], 1],
    ['record', (inner) => ({ inner }), 1],
    ['map', (inner) => new Map([['inner', inner]]), 2],
    ['set', (inner) => new Set([inner]), 2],
    ['exit', (inner) => new Exit(inner), 2],
  ]
  const pid = new Pid({ name: 'c@there', creation: 5 }, 3)
  const leaves: unknown[] = [1, [], pid, new RemoteFrom(pid.address, pid, 1, true), 2n ** 100n, new Date(0)]
  for (const [name, wrap, levels] of wraps) {
    for (const leaf of leaves) {
      let value = leaf
      let depth = 0
      let taken = 0
      for (; depth < TERM_DEPTH + 3; depth++) {
        const result = code(() => carry(value))
        if (result === 'no error') taken = depth
        else if (result !== 'term_too_deep') t.fail(`${name}: ${result} at ${depth}`)
        value = wrap(value)
      }
      t.ok(taken >= Math.floor(TERM_DEPTH / levels) - 2 && taken < TERM_DEPTH, `${name}: ${taken} levels`)
    }
  }
})

t.test('a signal has its size', async (t) => {
  const { carry } = pair(t)
  t.equal(
    code(() => carry('x'.repeat(SIGNAL_BYTES - 100))),
    'no error',
  )
  t.equal(
    code(() => carry('x'.repeat(SIGNAL_BYTES))),
    'signal_too_large',
  )
  t.equal(
    code(() => carry(new Uint8Array(SIGNAL_BYTES))),
    'signal_too_large',
  )
  t.equal(
    code(() => carry(new Array(SIGNAL_ELEMENTS - 10).fill(1))),
    'no error',
  )
  t.equal(
    code(() => carry(new Array(SIGNAL_ELEMENTS).fill(1))),
    'signal_too_large',
  )
  const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]))
  t.ok(equalTerms(carry(wide), wide), 'a record of more than 65,535 keys')
})

t.test('hostile bytes give coded errors and nothing else', async (t) => {
  const { decode, encode } = pair(t)
  const known = new Set(['no error', 'bad_frame', 'bad_signal'])
  const seen = new Map<string, number>()
  const tryIt = (bytes: Uint8Array) => {
    const result = code(() => decode(bytes))
    if (!known.has(result)) t.fail(`${result} of ${Buffer.from(bytes).toString('hex')}`)
    seen.set(result, (seen.get(result) ?? 0) + 1)
  }
  let random = 1
  const next = (bound: number) => {
    random = (random * 48_271) % 2_147_483_647
    return random % bound
  }
  for (let i = 0; i < 100_000; i++) tryIt(Uint8Array.from({ length: next(40) }, () => next(256)))
  // Nearly right: a good frame with some bytes changed, cut off or doubled.
  const good = [
    encode({ a: [1, 'two', { three: new Map([['k', new Set([1])]]) }], e: new Exit('x'), d: new Date(5) }),
    encode([
      new Pid({ name: 'c@there', creation: 5 }, 3),
      new RemoteFrom({ name: 'c@d', creation: 1 }, undefined, 1, true),
    ]),
    encode('long text '.repeat(40)),
  ]
  for (let i = 0; i < 60_000; i++) {
    const bytes = Uint8Array.from(good[i % good.length]!)
    for (let k = 0; k <= next(3); k++) bytes[next(bytes.length)] = next(256)
    tryIt(next(4) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes)
  }
  t.ok(seen.get('bad_frame')! > 50_000)
  t.ok(seen.get('bad_signal')! > 100)
})

t.test('bombs are refused before anything is built of them', async (t) => {
  const { decode } = pair(t)
  const inSignal = (...bytes: number[]) => Uint8Array.of(0x91, 0x93, SEND, 1, ...bytes)
  const bad = (bytes: Uint8Array, name: string) =>
    t.equal(
      code(() => decode(bytes)),
      'bad_frame',
      name,
    )
  bad(Uint8Array.from([...inSignal(), ...new Array(5000).fill(0x91), 0xc0]), 'lists in lists')
  bad(
    Uint8Array.from([...inSignal(), ...Array.from({ length: 5000 }, () => [0x81, 0xa1, 0x61]).flat(), 0xc0]),
    'records',
  )
  bad(Uint8Array.from([...inSignal(), ...Array.from({ length: 5000 }, () => [0xd4, 1, 0]).flat(), 0xc0]), 'extensions')
  bad(inSignal(0xdd, 0xff, 0xff, 0xff, 0xff), 'a list of 4 G values')
  bad(inSignal(0xdf, 0xff, 0xff, 0xff, 0xff), 'a map of 4 G entries')
  bad(inSignal(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61), 'a text of 4 GB')
  bad(inSignal(0xc6, 0xff, 0xff, 0xff, 0xff, 0x61), 'bytes, 4 GB')
  bad(inSignal(0xdc, 0x00, 0x05, 1, 2), 'a list longer than the frame')
  bad(inSignal(0xc1), 'a type that does not exist')
  bad(inSignal(0x81, 0x01, 0x01), 'a map with a number as its key')
  bad(inSignal(0x81, 0x90, 0x01), 'a map with a list as its key')
  bad(inSignal(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01), 'a record definition')
  bad(inSignal(0xd5, 0x72, 0x40, 0x00, 0x91, 0xa1, 0x61, 0x01), 'a record definition of two bytes')
  bad(inSignal(0xd6, 0x69, 0, 0, 0, 1, 0x90), 'a reference')
  bad(inSignal(0xd6, 0xff, 0, 0, 0, 1), 'a timestamp')
  bad(inSignal(0xd4, 0x78, 0, 0x92, 0xa1, 0x61, 0xa0), 'a regular expression')
  bad(inSignal(0xd4, 0x65, 0, 0x91, 0xa1, 0x61), "msgpackr's error")
  bad(inSignal(0xc7, 5, 0x42, 1, 1, 1, 1, 1), "msgpackr's bigint")
  bad(inSignal(0xd4, 0x62, 0, 0), 'bundled strings')
  bad(inSignal(0xd4, 1, 0, 0x93, 3, 0xc2, 0xa1, 0x7a), 'a bigint that is none')
  bad(inSignal(0xd4, 1, 0, 0x91, 99), 'a tag that does not exist')
  bad(inSignal(0xd4, 2, 0, 0xa1, 0x61), 'a pid that is none')
  bad(Uint8Array.of(), 'nothing')
  bad(Uint8Array.of(...inSignal(1), 0xc0), 'more than one value')
  bad(new Uint8Array(FRAME_ELEMENTS + 10).fill(0xc0).fill(0xdd, 0, 1), 'too many values')
  const many = new Uint8Array(FRAME_ELEMENTS + 10).fill(0xc0)
  many.set([0xdd, 0, 0x10, 0, 5])
  t.throws(() => scan(many), { code: 'bad_frame' })
})

t.test('nothing is polluted', async (t) => {
  const { decode } = pair(t)
  const hostile = new Packr({ useRecords: false }).pack([
    [
      SEND,
      1,
      new Map<unknown, unknown>([
        ['__proto__', { polluted: true }],
        ['constructor', { prototype: { polluted: 1 } }],
      ]),
    ],
  ])
  const value = decode(Uint8Array.from(hostile)) as object
  t.equal(Object.getPrototypeOf(value), Object.prototype)
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  t.notOk('polluted' in value)
})

t.test('a signal is taken only in its own shape', async (t) => {
  const { b } = pair(t)
  const into = new Codec(b, { name: 'a@here', creation: 1 })
  const pack = new Packr({ useRecords: false })
  const tryIt = (signal: unknown) => code(() => into.decode(Uint8Array.from(pack.pack([signal]))))
  const good: Signal[] = [
    [1, 'name', 1],
    [CALL_REQUEST, 5, 0, 7, 0, true, 'add', undefined],
    [3, 7, 'value', 0, true],
    [4, 7, 'noproc', false],
    [5, 5, 'reset', undefined],
    [6, 1, 2],
    [7, 1, 2],
    [8, 1, 2, 'normal'],
    [9, 1, 2, 'kill'],
    [10, 1, 'name'],
    [11, 1],
    [12, 1, 'noproc'],
    [13, 1],
  ]
  for (const signal of good) {
    t.equal(tryIt(signal), 'no error', `kind ${signal[0]}`)
    t.equal(tryIt([...signal, 1]), 'bad_signal', 'a field too many')
    t.equal(tryIt(signal.slice(0, -1)), 'bad_signal', 'a field too few')
    for (const wrong of [null, -1, 1.5, {}, []]) t.equal(tryIt([signal[0], wrong, ...signal.slice(2)]), 'bad_signal')
  }
  for (const wrong of [[], [0], [99, 1], ['1', 1, 1], 'text', null, {}]) t.equal(tryIt(wrong), 'bad_signal')
})
