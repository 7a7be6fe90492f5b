import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Fault, type FaultCode, fault } from '../internal/errors.ts'
import { HANDSHAKE_MESSAGE_BYTES, NODE_NAME_BYTES } from '../internal/limits.ts'
import type { NodeAddress } from '../kernel/pid.ts'

/**
 * How two nodes get to know each other. Both prove that they have the cluster's secret, which never crosses the wire.
 *
 *     initiator                                 acceptor
 *     HELLO      version, name, creation, nonce ──>
 *                <── CHALLENGE   version, name, creation, nonce
 *     PROOF      HMAC-SHA256(secret, 'initiator', HELLO, CHALLENGE) ──>
 *                (the acceptor looks whether it has a place for this node)
 *                <── WELCOME     HMAC-SHA256(secret, 'acceptor', HELLO, CHALLENGE)
 *     frames     <──>                           either side may end it with REFUSAL  code
 *
 * A proof covers both names, creations and nonces, so it is of no use in another connection, and tells which side made
 * it, so it is of no use to the one who gets it. The initiator proves first: whoever only connects learns nothing that
 * a guessed secret could be tried against. It authenticates; it does not encrypt what follows.
 *
 * This is the pure part: bytes in, bytes and a verdict out. A message is `length, 2 bytes | type, 1 byte | body`.
 */
export const PROTOCOL_VERSION = 1
export const NONCE_BYTES = 32

const HELLO = 1
const CHALLENGE = 2
const PROOF = 3
const WELCOME = 4
const REFUSAL = 5

const MAGIC = Buffer.from('GHND')
const MAC_BYTES = 32
/** In HELLO and CHALLENGE: magic, version, creation, nonce; then the name to the end. */
const AT_VERSION = 5
const AT_CREATION = 7
const AT_NONCE = 11
const AT_NAME = AT_NONCE + NONCE_BYTES

/** Refusals by their number on the wire. */
const REFUSALS = ['protocol_version', 'wrong_secret', 'node_name_taken', 'simultaneous_connect'] as const
export type Refusal = (typeof REFUSALS)[number]

export interface HandshakeOptions {
  readonly role: 'initiator' | 'acceptor'
  readonly self: NodeAddress
  readonly secret: Uint8Array
  /** Fresh for every connection, from a source that cannot be guessed. */
  readonly nonce: Uint8Array
  /** The name that the other end must have, when it is known. */
  readonly expected?: string | undefined
}

/** What came of the bytes that were pushed. `send` is to be written in any case. */
export type Verdict =
  | { readonly state: 'pending'; readonly send?: Uint8Array }
  /** For the acceptor: the other end has the secret, and waits for `accept` or `refuse`. */
  | { readonly state: 'proven'; readonly send?: undefined }
  /** For the initiator: `rest` is what came behind the handshake. */
  | { readonly state: 'passed'; readonly rest: Uint8Array; readonly send?: undefined }
  | { readonly state: 'failed'; readonly fault: Fault; readonly send?: Uint8Array }

export class Handshake {
  /** Who the other end says it is; to be believed once it has proven to have the secret. */
  peer: NodeAddress | undefined
  readonly #options: HandshakeOptions
  readonly #introduction: Uint8Array
  #hello: Uint8Array | undefined
  #challenge: Uint8Array | undefined
  #expects: number
  #received: Buffer = Buffer.alloc(0)

  constructor(options: HandshakeOptions) {
    this.#options = options
    const initiates = options.role === 'initiator'
    this.#introduction = introduction(initiates ? HELLO : CHALLENGE, options.self, options.nonce)
    this.#expects = initiates ? CHALLENGE : HELLO
  }

  /** Whether this end has sent its proof: from then on the other end may count on this connection. */
  get hasProven(): boolean {
    return this.#expects === WELCOME
  }

  /** What an initiator says first. */
  open(): Uint8Array {
    this.#hello = this.#introduction
    return message(this.#introduction)
  }

  push(chunk: Uint8Array): Verdict {
    let received = Buffer.concat([this.#received, chunk])
    let send: Uint8Array | undefined
    while (received.length >= 2) {
      const length = received.readUInt16BE(0)
      if (length === 0 || length > HANDSHAKE_MESSAGE_BYTES) return failed('handshake_failed', 'it sent no message')
      if (received.length < 2 + length) break
      const verdict = this.#take(received.subarray(2, 2 + length), received.subarray(2 + length))
      received = received.subarray(2 + length)
      if (verdict.state !== 'pending') return verdict
      // Each side waits for the other in turn, so what comes behind a message that is answered comes too early.
      if (received.length > 0) return failed('handshake_failed', 'it did not wait for the answer')
      send = verdict.send
    }
    this.#received = Buffer.from(received)
    return send === undefined ? { state: 'pending' } : { state: 'pending', send }
  }

  /** The acceptor's last word; frames may follow it. */
  accept(): Uint8Array {
    return message(Uint8Array.of(WELCOME, ...this.#proof('acceptor')))
  }

  refuse(why: Refusal): Uint8Array {
    return refusal(why)
  }

  #take(bytes: Buffer, rest: Buffer): Verdict {
    const type = bytes[0]!
    if (type === REFUSAL && this.#options.role === 'initiator') {
      const code = bytes.length === 2 ? REFUSALS[bytes[1]!] : undefined
      return failed(code ?? 'handshake_failed', 'the other end refused the connection')
    }
    if (type !== this.#expects) return failed('handshake_failed', 'it sent something else than its turn was')
    if (type === HELLO || type === CHALLENGE) return this.#introduced(bytes)
    if (rest.length > 0 && type === PROOF) return failed('handshake_failed', 'it did not wait for the answer')
    const proof = this.#proof(type === PROOF ? 'initiator' : 'acceptor')
    if (bytes.length !== 1 + MAC_BYTES || !timingSafeEqual(bytes.subarray(1), proof)) {
      return type === PROOF ? refused('wrong_secret', this.peer) : failed('wrong_secret', this.peer!.name)
    }
    this.#expects = 0
    return type === PROOF ? { state: 'proven' } : { state: 'passed', rest }
  }

  #introduced(bytes: Buffer): Verdict {
    if (bytes.length <= AT_VERSION + 1 || !bytes.subarray(1, AT_VERSION).equals(MAGIC)) {
      return failed('handshake_failed', 'it does not speak this protocol')
    }
    const version = bytes.readUInt16BE(AT_VERSION)
    if (version !== PROTOCOL_VERSION) return refused('protocol_version', `it is ${version}, here ${PROTOCOL_VERSION}`)
    const name = bytes.toString('utf8', AT_NAME)
    if (bytes.length > AT_NAME + NODE_NAME_BYTES || !/^[^@\s]+@[^@\s]+$/.test(name)) {
      return failed('handshake_failed', 'it has no name of the form name@host')
    }
    const { self, expected, role } = this.#options
    this.peer = Object.freeze({ name, creation: bytes.readUInt32BE(AT_CREATION) })
    if (name === self.name) return refused('node_name_taken', name)
    if (expected !== undefined && name !== expected) return failed('wrong_peer', `it is ${name}, not ${expected}`)
    if (role === 'acceptor') {
      this.#hello = Buffer.from(bytes)
      this.#challenge = this.#introduction
      this.#expects = PROOF
      return { state: 'pending', send: message(this.#introduction) }
    }
    this.#challenge = Buffer.from(bytes)
    this.#expects = WELCOME
    return { state: 'pending', send: message(Uint8Array.of(PROOF, ...this.#proof('initiator'))) }
  }

  #proof(role: 'initiator' | 'acceptor'): Uint8Array {
    const mac = createHmac('sha256', this.#options.secret).update(`guildhall ${role}\0`)
    return mac.update(message(this.#hello!)).update(message(this.#challenge!)).digest()
  }
}

function introduction(type: number, self: NodeAddress, nonce: Uint8Array): Uint8Array {
  const name = Buffer.from(self.name)
  const bytes = Buffer.alloc(AT_NAME)
  bytes[0] = type
  bytes.set(MAGIC, 1)
  bytes.writeUInt16BE(PROTOCOL_VERSION, AT_VERSION)
  bytes.writeUInt32BE(self.creation, AT_CREATION)
  bytes.set(nonce, AT_NONCE)
  return Buffer.concat([bytes, name])
}

function message(body: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(2 + body.length)
  bytes.writeUInt16BE(body.length, 0)
  bytes.set(body, 2)
  return bytes
}

function refusal(why: Refusal): Uint8Array {
  return message(Uint8Array.of(REFUSAL, REFUSALS.indexOf(why)))
}

function failed(code: FaultCode, detail: string): Verdict {
  return { state: 'failed', fault: fault(code, detail) }
}

/** A failure that the other end is told. */
function refused(why: Refusal, who: NodeAddress | string | undefined): Verdict {
  const detail = typeof who === 'object' ? who.name : who
  return { state: 'failed', fault: fault(why, detail), send: refusal(why) }
}
