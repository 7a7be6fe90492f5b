import fc from 'fast-check'
import t from 'tap'
import { controlFrame, FrameReader, PING, PONG, TICK } from '../../lib/distribution/frames.ts'
import { Handshake, type HandshakeOptions, NONCE_BYTES, type Verdict } from '../../lib/distribution/handshake.ts'
import { FRAME_BYTES, HANDSHAKE_MESSAGE_BYTES } from '../../lib/internal/limits.ts'

const secret = Buffer.from('a secret of the cluster')
const a = { name: 'a@here', creation: 0xffff_fffe }
const b = { name: 'b@here', creation: 2 }
const nonce = (fill: number) => new Uint8Array(NONCE_BYTES).fill(fill)

const initiator = (options: Partial<HandshakeOptions> = {}) =>
  new Handshake({ role: 'initiator', self: a, secret, nonce: nonce(1), expected: b.name, ...options })
const acceptor = (options: Partial<HandshakeOptions> = {}) =>
  new Handshake({ role: 'acceptor', self: b, secret, nonce: nonce(2), ...options })

/** What was said, in order, and how it ended for both. */
function introduce(one: Handshake, other: Handshake): { said: Uint8Array[]; one: Verdict; other: Verdict } {
  const said = [one.open()]
  for (;;) {
    const answered = other.push(said.at(-1)!)
    if (answered.state === 'proven') said.push(other.accept())
    else if (answered.send !== undefined) said.push(answered.send)
    else return { said, one: { state: 'pending' }, other: answered }
    const verdict = one.push(said.at(-1)!)
    if (verdict.send === undefined) return { said, one: verdict, other: answered }
    said.push(verdict.send)
  }
}

const codeOf = (verdict: Verdict) => (verdict.state === 'failed' ? verdict.fault.code : verdict.state)

t.test('two nodes with the same secret get to know each other', async (t) => {
  const [one, other] = [initiator(), acceptor()]
  const { said, ...ends } = introduce(one, other)
  t.equal(ends.one.state, 'passed')
  t.equal(ends.other.state, 'proven')
  t.strictSame({ ...one.peer }, b)
  t.strictSame({ ...other.peer }, a)
  for (const bytes of said) t.notOk(Buffer.from(bytes).includes(secret), 'the secret is never on the wire')
})

t.test('bytes behind the handshake belong to what follows', async (t) => {
  const [one, other] = [initiator(), acceptor()]
  const challenge = other.push(one.open()).send!
  other.push(one.push(challenge).send!)
  const verdict = one.push(Buffer.concat([other.accept(), Buffer.from('frames')]))
  t.equal(verdict.state, 'passed')
  t.equal(verdict.state === 'passed' && Buffer.from(verdict.rest).toString(), 'frames')
})

t.test('a wrong secret is noticed by the acceptor, and the initiator is told', async (t) => {
  const { one, other } = introduce(initiator({ secret: Buffer.from('another secret, as long') }), acceptor())
  t.equal(codeOf(other), 'wrong_secret')
  t.equal(codeOf(one), 'wrong_secret')
})

t.test('an acceptor without the secret is noticed by the initiator', async (t) => {
  const [one, other] = [initiator(), acceptor({ secret: Buffer.from('a guess that is wrong') })]
  one.push(other.push(one.open()).send!)
  t.equal(codeOf(one.push(other.accept())), 'wrong_secret', 'it cannot say welcome')
})

t.test('what was recorded is of no use again', async (t) => {
  const [one, other] = [initiator(), acceptor()]
  const { said } = introduce(one, other)
  const [hello, challenge, proof, welcome] = said
  const later = acceptor({ nonce: nonce(3) })
  later.push(hello!)
  t.equal(codeOf(later.push(proof!)), 'wrong_secret', 'a proof, to the acceptor')
  const again = initiator({ nonce: nonce(4) })
  again.open()
  again.push(challenge!)
  t.equal(codeOf(again.push(welcome!)), 'wrong_secret', 'a welcome, to the initiator')
  const mirrored = initiator({ nonce: nonce(1) })
  mirrored.open()
  const own = mirrored.push(challenge!).send!
  const reflected = Uint8Array.from(own)
  reflected[2] = welcome![2]!
  t.equal(codeOf(mirrored.push(reflected)), 'wrong_secret', 'its own proof, sent back')
})

t.test('a proof is bound to both names, creations and nonces', async (t) => {
  const { said } = introduce(initiator(), acceptor())
  const [hello, challenge, proof] = said
  for (let at = 3; at < hello!.length; at++) {
    const changed = Uint8Array.from(hello!)
    changed[at]! ^= 1
    const other = acceptor()
    other.push(changed)
    t.not(codeOf(other.push(proof!)), 'proven', `byte ${at} of the hello`)
  }
  for (let at = 3; at < challenge!.length; at++) {
    const changed = Uint8Array.from(challenge!)
    changed[at]! ^= 1
    const one = initiator()
    one.open()
    const answer = one.push(changed)
    const other = acceptor()
    other.push(hello!)
    if (answer.send !== undefined && answer.state === 'pending') {
      t.equal(codeOf(other.push(answer.send)), 'wrong_secret', `byte ${at} of the challenge`)
    }
  }
})

t.test('names are looked at', async (t) => {
  t.equal(codeOf(introduce(initiator({ expected: 'c@here' }), acceptor()).one), 'wrong_peer')
  const clone = introduce(initiator({ self: { ...b, creation: 9 } }), acceptor())
  t.equal(codeOf(clone.other), 'node_name_taken', 'a node of the same name')
  t.equal(codeOf(clone.one), 'node_name_taken')
  for (const name of ['', 'nameless', 'a@', 'a b@c', `${'x'.repeat(300)}@h`]) {
    t.equal(codeOf(acceptor().push(initiator({ self: { name, creation: 1 } }).open())), 'handshake_failed', name)
  }
})

t.test('another version of the protocol is told apart from noise', async (t) => {
  const hello = Uint8Array.from(initiator().open())
  hello[2 + 6]! += 1
  const verdict = acceptor().push(hello)
  t.equal(codeOf(verdict), 'protocol_version')
  const one = initiator()
  one.open()
  t.equal(codeOf(one.push(verdict.send!)), 'protocol_version')
})

t.test('a refusal carries its code', async (t) => {
  for (const why of ['simultaneous_connect', 'node_name_taken'] as const) {
    const one = initiator()
    one.open()
    t.equal(codeOf(one.push(acceptor().refuse(why))), why)
  }
  const one = initiator()
  one.open()
  t.equal(codeOf(one.push(Uint8Array.of(0, 2, 5, 99))), 'handshake_failed', 'an unknown one')
})

t.test('nothing but the next message is taken, and no more than it may have', async (t) => {
  const { said } = introduce(initiator(), acceptor())
  const [hello, challenge, proof, welcome] = said
  for (const wrong of [challenge!, proof!, welcome!]) t.equal(codeOf(acceptor().push(wrong)), 'handshake_failed')
  for (const wrong of [hello!, proof!, welcome!]) {
    const one = initiator()
    one.open()
    t.equal(codeOf(one.push(wrong)), 'handshake_failed')
  }
  t.equal(codeOf(acceptor().push(Buffer.concat([hello!, proof!]))), 'handshake_failed', 'a proof before its challenge')
  t.equal(codeOf(acceptor().push(Uint8Array.of(0, 0))), 'handshake_failed', 'an empty message')
  const large = HANDSHAKE_MESSAGE_BYTES + 1
  t.equal(codeOf(acceptor().push(Uint8Array.of(large >> 8, large & 255))), 'handshake_failed', 'refused by its length')
  t.equal(codeOf(acceptor().push(Buffer.from('GET / HTTP/1.1\r\n\r\n'))), 'handshake_failed')
  const other = acceptor()
  other.push(hello!)
  t.equal(codeOf(other.push(Buffer.concat([proof!, Buffer.from('frame')]))), 'handshake_failed', 'a frame too early')
})

t.test('however the bytes are cut up, it goes the same way', async (t) => {
  const [one, other] = [initiator(), acceptor()]
  let verdict: Verdict = { state: 'pending' }
  const bytewise = (to: Handshake, bytes: Uint8Array) => {
    for (const byte of bytes) {
      t.equal(verdict.state, 'pending')
      verdict = to.push(Uint8Array.of(byte))
    }
    return verdict.send
  }
  const challenge = bytewise(other, one.open())!
  verdict = { state: 'pending' }
  const proof = bytewise(one, challenge)!
  verdict = { state: 'pending' }
  bytewise(other, proof)
  t.equal(verdict.state, 'proven')
  verdict = { state: 'pending' }
  bytewise(one, other.accept())
  t.equal(verdict.state, 'passed')
})

t.test('noise never passes and never throws', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 5 }), fc.boolean(), (chunks, initiates) => {
      const end = initiates ? initiator() : acceptor()
      if (initiates) end.open()
      for (const chunk of chunks) {
        const { state } = end.push(chunk)
        if (state === 'failed') return true
        if (state !== 'pending') return false
      }
      return true
    }),
    { numRuns: 2000 },
  )
})

// --- frames

/** What a reader makes of chunks. */
function read(chunks: Iterable<Uint8Array>): unknown[] {
  const seen: unknown[] = []
  const reader = new FrameReader({
    frame: (bytes) => seen.push(Buffer.from(bytes).toString('hex')),
    control: (control) => seen.push(control),
  })
  for (const chunk of chunks) reader.push(chunk)
  return seen
}

const frame = (bytes: Uint8Array) => {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(bytes.length)
  return Buffer.concat([header, bytes])
}

t.test('a stream gives the same frames however it is cut up', async () => {
  const part = fc.oneof(
    fc.constantFrom<number | Uint8Array>(TICK, PING, PONG),
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.uint8Array({ minLength: 60_000, maxLength: 70_000, size: 'max' }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 50_000 })), (parts, cuts) => {
      const control = (length: number) => controlFrame(length as typeof TICK)
      const stream = Buffer.concat(parts.map((one) => (typeof one === 'number' ? control(one) : frame(one))))
      const chunks: Uint8Array[] = []
      let at = 0
      for (let i = 0; at < stream.length; i++) {
        const size = cuts.length === 0 ? 7 : cuts[i % cuts.length]!
        chunks.push(stream.subarray(at, at + size))
        at += size
      }
      const whole = JSON.stringify(read([stream]))
      const expected = parts.map((one) => (typeof one === 'number' ? one : Buffer.from(one).toString('hex')))
      return whole === JSON.stringify(expected) && JSON.stringify(read(chunks)) === whole
    }),
    { numRuns: 100 },
  )
})

t.test('a frame that is too large is refused by its length alone', async (t) => {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(FRAME_BYTES + 1)
  t.throws(() => read([header]), { code: 'frame_too_large' })
  t.throws(() => read([header.subarray(0, 1), header.subarray(1)]), { code: 'frame_too_large' })
  header.writeUInt32BE(PONG - 1)
  t.throws(() => read([header]), { code: 'frame_too_large' })
})

t.test('a length costs nothing until the bytes are there', async (t) => {
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 200 }, () => new FrameReader({ frame: () => {}, control: () => {} }))
  const header = Buffer.alloc(5)
  header.writeUInt32BE(FRAME_BYTES)
  for (const reader of readers) reader.push(header)
  t.ok(process.memoryUsage().arrayBuffers - before < FRAME_BYTES)
})

t.test('a reader that was stopped takes nothing more', async (t) => {
  const seen: unknown[] = []
  const reader: FrameReader = new FrameReader({
    frame: () => {},
    control: (control) => {
      seen.push(control)
      reader.stop()
    },
  })
  reader.push(Buffer.concat([controlFrame(PING), controlFrame(PONG)]))
  reader.push(controlFrame(PONG))
  t.strictSame(seen, [PING])
})
