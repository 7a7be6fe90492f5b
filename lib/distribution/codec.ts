import { addExtension, Packr, RESERVE_START_SPACE } from 'msgpackr'
import { Fault, fault } from '../internal/errors.ts'
import type { Node } from '../kernel/node.ts'
import { type NodeAddress, Pid, Ref, sameAddress } from '../kernel/pid.ts'
import { RemoteFrom } from '../kernel/remote-peer.ts'
import type { Signal } from '../kernel/remote-signals.ts'
import { FROM, PID, REF, scan, TAGGED } from './scan.ts'
import { isSignal } from './signal-shape.ts'
import { fromTagged, Tagged } from './terms.ts'

/**
 * Signals as bytes: msgpack, of which only what scan.ts names is used, and four extensions.
 *
 *     pid, ref    n            of the node that sends
 *                 -n           of the node that receives, in its present start
 *                 [name, creation, n]
 *     from        [whose, caller's n or 0, ref, alias]    whose: 0 sender's, 1 receiver's, or [name, creation]
 *     tagged      [tag, field, ...]                       see terms.ts
 *
 * Frames do not depend on one another: nothing is agreed in one that a later one uses.
 */
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  useToJSON: false,
  copyBuffers: true,
})

/** Whose frames the extensions read or write now. They are called by msgpackr, which knows nothing of nodes. */
let current: Codec

type Owner = 0 | 1 | readonly [name: string, creation: number]

// Each has a class of its own, so nothing changes for whoever else uses msgpackr in this OS process.
addExtension({ Class: Tagged, type: TAGGED, write: (tagged: Tagged) => tagged.fields, read: fromTagged })
addExtension({
  Class: Pid,
  type: PID,
  write: (pid: Pid) => current.shorten(pid.address, pid.id),
  read: (short: unknown) => current.pidAt(...current.lengthen(short)),
})
addExtension({
  Class: Ref,
  type: REF,
  write: (ref: Ref) => current.shorten(ref.address, ref.id),
  read: (short: unknown) => new Ref(...current.lengthen(short)),
})
addExtension({
  Class: RemoteFrom,
  type: FROM,
  write: (from: RemoteFrom) => [current.ownerOf(from.address), from.pid?.id ?? 0, from.ref, from.alias],
  read: (fields: unknown) => current.fromOf(fields),
})

/** Bytes before a frame's value: its length, most significant byte first. */
export const HEADER_BYTES = 4

/** Encodes and decodes what goes between this node and one start of another. */
export class Codec {
  readonly #node: Node
  readonly #home: NodeAddress
  readonly #peer: NodeAddress

  constructor(node: Node, peer: NodeAddress) {
    this.#node = node
    this.#home = node.address
    this.#peer = peer
  }

  /** A frame, header included. The signals must have passed a `TermGate`. */
  encode(signals: readonly Signal[]): Uint8Array {
    current = this
    const frame = packr.pack(signals, RESERVE_START_SPACE | HEADER_BYTES)
    const length = frame.length - HEADER_BYTES
    frame[0] = length >>> 24
    frame[1] = length >>> 16
    frame[2] = length >>> 8
    frame[3] = length
    return frame
  }

  /**
   * The signals in a frame, without its header.
   * @throws Fault `bad_frame` or `bad_signal`; nothing else, whatever the bytes are.
   */
  decode(frame: Uint8Array): readonly Signal[] {
    scan(frame)
    current = this
    let signals: unknown
    try {
      signals = packr.unpack(frame)
    } catch (error) {
      throw error instanceof Fault ? error : fault('bad_frame', undefined, { cause: error })
    }
    if (!Array.isArray(signals)) throw fault('bad_frame', 'it is no list of signals')
    for (const signal of signals) if (!isSignal(signal)) throw fault('bad_signal', describeKind(signal))
    return signals
  }

  // --- for the extensions

  shorten({ name, creation }: NodeAddress, id: number): unknown {
    if (creation === this.#home.creation && name === this.#home.name) return id
    if (creation === this.#peer.creation && name === this.#peer.name) return -id
    return [name, creation, id]
  }

  lengthen(short: unknown): [address: NodeAddress, id: number] {
    if (Number.isSafeInteger(short))
      return (short as number) < 0 ? [this.#home, -(short as number)] : [this.#peer, short as number]
    if (Array.isArray(short) && short.length === 3 && isId(short[2])) return [this.#addressAt(short), short[2]]
    throw fault('bad_frame', 'a pid or ref is not as it should be')
  }

  ownerOf(address: NodeAddress): Owner {
    if (sameAddress(address, this.#home)) return 0
    return sameAddress(address, this.#peer) ? 1 : [address.name, address.creation]
  }

  /** The pid itself when the process lives here: a pid of an earlier start of this node leads to no process. */
  pidAt(address: NodeAddress, id: number): Pid {
    const process = address === this.#home ? this.#node.processOf(id) : undefined
    return process?.pid ?? new Pid(address, id)
  }

  fromOf(fields: unknown): unknown {
    if (!Array.isArray(fields) || fields.length !== 4) throw fault('bad_frame', 'a from is not as it should be')
    const [owner, caller, ref, alias] = fields as readonly unknown[]
    if (!isId(caller) || !isId(ref) || typeof alias !== 'boolean') {
      throw fault('bad_frame', 'a from is not as it should be')
    }
    const address = owner === 0 ? this.#peer : owner === 1 ? this.#home : this.#addressAt(owner)
    const pid = caller === 0 ? undefined : this.pidAt(address, caller)
    return this.#node.remote.fromAt(address, pid, ref, alias)
  }

  #addressAt(fields: unknown): NodeAddress {
    const [name, creation] = Array.isArray(fields) ? (fields as readonly unknown[]) : []
    if (typeof name !== 'string' || !isId(creation)) throw fault('bad_frame', 'an address is not as it should be')
    for (const known of [this.#home, this.#peer]) if (known.name === name && known.creation === creation) return known
    return { name, creation }
  }
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function describeKind(signal: unknown): string {
  return Array.isArray(signal) ? `of kind ${String(signal[0])}` : 'it is no array'
}
