import { fault } from '../internal/errors.ts'
import { BATCH_BYTES, FRAME_BYTES } from '../internal/limits.ts'
import { HEADER_BYTES } from './codec.ts'

/**
 * The stream of bytes between two nodes, once the handshake has passed:
 *
 *     | length, 4 bytes, most significant first | signals, see codec.ts | length | ...
 *
 * Three lengths stand for themselves: they carry nothing.
 */
/** Nothing to say: the sender lives. */
export const TICK = 0
/** Asks for a PONG at once. */
export const PING = 0xffff_ffff
export const PONG = 0xffff_fffe

export type Control = typeof TICK | typeof PING | typeof PONG

export function controlFrame(control: Control): Uint8Array {
  return Uint8Array.of(control >>> 24, control >>> 16, control >>> 8, control)
}

export interface FrameHandler {
  /** The bytes are valid during the call only. */
  frame(bytes: Uint8Array): void
  control(control: Control): void
}

/** Cuts a stream into frames. What is not complete is kept in a buffer that grows with what has arrived. */
export class FrameReader {
  readonly #handler: FrameHandler
  #kept: Uint8Array = new Uint8Array(0)
  #size = 0
  #stopped = false

  constructor(handler: FrameHandler) {
    this.#handler = handler
  }

  /** Takes nothing more, not even the rest of the present chunk. */
  stop(): void {
    this.#stopped = true
  }

  /** @throws Fault `frame_too_large` as soon as the length is known. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (!this.#stopped && this.#size > 0 && at < chunk.length) at = this.#complete(chunk, at)
    while (!this.#stopped && chunk.length - at >= HEADER_BYTES) {
      const length = lengthAt(chunk, at)
      if (isControl(length)) {
        at += HEADER_BYTES
        this.#handler.control(length)
        continue
      }
      const end = at + HEADER_BYTES + length
      if (end > chunk.length) break
      this.#handler.frame(plain(chunk, at + HEADER_BYTES, length))
      at = end
    }
    if (!this.#stopped && at < chunk.length) this.#keep(chunk, at, chunk.length)
  }

  /** Adds to what is kept what belongs to the same frame; returns where the next one begins. */
  #complete(chunk: Uint8Array, at: number): number {
    const wanted = this.#size < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + lengthAt(this.#kept, 0)
    const end = Math.min(chunk.length, at + wanted - this.#size)
    this.#keep(chunk, at, end)
    if (this.#size < wanted) return end
    const length = lengthAt(this.#kept, 0)
    if (isControl(length)) {
      this.#size = 0
      this.#handler.control(length)
    } else if (this.#size === HEADER_BYTES + length) {
      this.#size = 0
      this.#handler.frame(plain(this.#kept, HEADER_BYTES, length))
      if (this.#kept.length > BATCH_BYTES) this.#kept = new Uint8Array(0)
    }
    return end
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const size = this.#size + to - from
    if (size > this.#kept.length) {
      const larger = new Uint8Array(Math.max(size, this.#kept.length * 2))
      larger.set(this.#kept.subarray(0, this.#size))
      this.#kept = larger
    }
    this.#kept.set(chunk.subarray(from, to), this.#size)
    this.#size = size
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at]! * 0x100_0000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
  if (length > FRAME_BYTES && length < PONG) throw fault('frame_too_large', `${length} bytes, more than ${FRAME_BYTES}`)
  return length
}

function isControl(length: number): length is Control {
  return length === TICK || length >= PONG
}

/** Part of a chunk as a plain `Uint8Array`: what is copied from a `Buffer` would be one. */
function plain(chunk: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset + at, length)
}
