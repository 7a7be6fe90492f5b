import { type Fault, fault } from '../internal/errors.ts'
import { FRAME_ELEMENTS, TERM_DEPTH } from '../internal/limits.ts'

/**
 * Looks at the bytes of a frame before anything is built of them: whether they are exactly one msgpack value, made of
 * nothing but what this library writes, within the limits of depth and number. What passes can be handed to a decoder
 * that knows more types than are wanted and has no limit of its own.
 *
 * Taken: nil, booleans, numbers, text, bytes, arrays, maps with text keys, `undefined`, the extensions of the codec.
 * Not taken: records (msgpackr's way to define its own decoders), timestamps, errors, regular expressions, references.
 */

/** The extension types of the codec; each tags the one value that follows. */
export const TAGGED = 1
export const PID = 2
export const REF = 3
export const FROM = 4

/** Around and below the terms that the sender measures: frame, signal, extension, its fields, an address in them. */
const DEPTH = TERM_DEPTH + 5

/** Values still to come on each level; for a map, keys and values. */
const left = new Uint32Array(DEPTH + 1)
const inMap = new Uint8Array(DEPTH + 1)

/** @throws Fault `bad_frame` unless `bytes` are one value as described above. Takes time in proportion to them. */
export function scan(bytes: Uint8Array): void {
  const end = bytes.length
  let at = 0
  let depth = 0
  let elements = 0
  left[0] = 1
  inMap[0] = 0
  for (;;) {
    while (left[depth] === 0) {
      if (depth-- > 0) continue
      if (at !== end) throw bad('bytes follow the last value')
      return
    }
    if (at >= end) throw bad('it ends within a value')
    const token = bytes[at++]!
    const key = inMap[depth] === 1 && (left[depth]! & 1) === 0
    left[depth]!--
    if (++elements > FRAME_ELEMENTS) throw bad('it has too many values')
    if (key && !isText(token)) throw bad('the key of a map is no text')

    let opens = -1 // how many values the token announces
    let map = 0
    if (token < 0x80 || token >= 0xe0) continue
    if (token < 0x90) {
      opens = (token & 0x0f) * 2
      map = 1
    } else if (token < 0xa0) opens = token & 0x0f
    else if (token < 0xc0) at += token & 0x1f
    else {
      switch (token) {
        case 0xc0: // nil
        case 0xc2: // false
        case 0xc3: // true
          break
        case 0xc4: // bytes
        case 0xd9: // text
          at += 1 + readLength(bytes, at, 1)
          break
        case 0xc5:
        case 0xda:
          at += 2 + readLength(bytes, at, 2)
          break
        case 0xc6:
        case 0xdb:
          at += 4 + readLength(bytes, at, 4)
          break
        case 0xcc: // 8 bits
        case 0xd0:
          at += 1
          break
        case 0xcd: // 16 bits
        case 0xd1:
          at += 2
          break
        case 0xca: // 32 bits
        case 0xce:
        case 0xd2:
          at += 4
          break
        case 0xcb: // 64 bits
        case 0xcf:
        case 0xd3:
          at += 8
          break
        case 0xd4: // extension with one byte, which stands for nothing
          opens = extension(bytes[at])
          at += 2
          break
        case 0xdc:
        case 0xdd:
          opens = readLength(bytes, at, token === 0xdc ? 2 : 4)
          at += token === 0xdc ? 2 : 4
          break
        case 0xde:
        case 0xdf:
          opens = readLength(bytes, at, token === 0xde ? 2 : 4) * 2
          at += token === 0xde ? 2 : 4
          map = 1
          break
        default:
          throw bad(`type 0x${token.toString(16)} is not used here`)
      }
    }
    if (at > end) throw bad('it ends within a value')
    if (opens <= 0) continue
    if (opens > end - at) throw bad('it announces more values than it has bytes')
    if (++depth > DEPTH) throw bad('it is nested too deeply')
    left[depth] = opens
    inMap[depth] = map
  }
}

function isText(token: number): boolean {
  return (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb)
}

/** How many values an extension announces: `undefined`, of type 0, none. */
function extension(type: number | undefined): number {
  if (type === 0) return -1
  if (type === TAGGED || type === PID || type === REF || type === FROM) return 1
  throw bad(`extension ${type} is not used here`)
}

function readLength(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  if (at + size > bytes.length) throw bad('it ends within a length')
  let length = 0
  for (let i = 0; i < size; i++) length = length * 256 + bytes[at + i]!
  return length
}

function bad(detail: string): Fault {
  return fault('bad_frame', detail)
}
