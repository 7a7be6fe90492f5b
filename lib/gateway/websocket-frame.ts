/**
 * A server's WebSocket data frames (RFC 6455, 5.2): a whole message each, not masked, so that the header is the opcode
 * and the length in 1, 3 or 9 octets.
 */

const TEXT = 0x81
const BINARY = 0x82

/** Octets of the header of a message so long. */
export function headerLength(payloadLength: number): number {
  if (payloadLength < 126) return 2
  return payloadLength < 65_536 ? 4 : 10
}

/** Writes a message as one frame into `target` at `at`, where there must be room, and returns where it ends. */
export function writeFrame(target: Buffer, at: number, payload: Uint8Array, binary: boolean): number {
  const { length } = payload
  target[at] = binary ? BINARY : TEXT
  let next = at + 2
  if (length < 126) {
    target[at + 1] = length
  } else if (length < 65_536) {
    target[at + 1] = 126
    next = target.writeUInt16BE(length, next)
  } else {
    target[at + 1] = 127
    next = target.writeUInt32BE(Math.floor(length / 2 ** 32), next)
    next = target.writeUInt32BE(length >>> 0, next)
  }
  target.set(payload, next)
  return next + length
}
