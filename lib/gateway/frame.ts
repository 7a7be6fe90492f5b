import { fault } from '../internal/errors.ts'
import { CLIENT_FRAME_BYTES } from '../internal/limits.ts'
import { type ClientOpcode, CloseCode, isClientOpcode, Opcode } from './protocol.ts'

/**
 * A dispatch, encoded once for all the sessions that get it. Its bytes are those of the JSON text, but for `s`, which
 * each session has its own of: the frame keeps ten columns for it, which are blank,
 *
 *     {"op":0,"s":          ,"t":"MESSAGE_CREATE","d":{"content":"hi"}}
 *                 |---10---|
 *
 * and into a copy of the bytes on their way to a socket `patchSequence` writes the session's number, right-aligned.
 * JSON allows blanks there, and since `s` comes before the event's name its columns are at the same place in every
 * frame. So one frame, which nobody changes, is shared by the resume windows of all sessions.
 */
export type EventFrame = Uint8Array & { readonly [eventFrame]: never }
declare const eventFrame: unique symbol

const HEAD = Buffer.from('{"op":0,"s":')
const COLUMNS = 10
const COLUMNS_END = HEAD.length + COLUMNS
const NAME = Buffer.from(',"t":"')
const QUOTE = 0x22
const BRACE = 0x7d

/**
 * Encodes a dispatch.
 * @param name the event's name, such as MESSAGE_CREATE
 * @param json the text of `d`: valid JSON, which is not looked at again
 * @throws badarg when the name is not made of capital letters, digits and underscores
 */
export function encodeEvent(name: string, json: string): EventFrame {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw fault('badarg', `an event's name is like MESSAGE_CREATE, not ${name}`)
  return Buffer.from(`${HEAD}${' '.repeat(COLUMNS)}${NAME}${name}","d":${json}}`) as unknown as EventFrame
}

/**
 * Takes an event that another node has encoded. The bytes are copied, so that the frame does not keep alive the larger
 * buffer in which it arrived; the sender is trusted to have sent valid JSON.
 * @throws badarg when the bytes are not laid out as an event
 */
export function adoptEvent(bytes: Uint8Array): EventFrame {
  const frame = Buffer.from(bytes)
  const laidOut =
    frame.subarray(0, HEAD.length).equals(HEAD) &&
    frame.subarray(COLUMNS_END, COLUMNS_END + NAME.length).equals(NAME) &&
    frame.at(-1) === BRACE
  if (!laidOut) throw fault('badarg', 'bytes of an event start with its opcode, ten columns and its name')
  return frame as unknown as EventFrame
}

/** The event's name, read from its frame. */
export function eventName(frame: EventFrame): string {
  const start = COLUMNS_END + NAME.length
  return Buffer.from(frame.subarray(start, frame.indexOf(QUOTE, start))).toString('latin1')
}

/**
 * The digits of 0 to 9999, four bytes each: with leading zeros, and with leading blanks. Four digits at a time, since a
 * number is written for each delivery of an event, and one at a time that would take longer than the rest of it.
 */
const ZEROS: Uint8Array = digits('0')
const BLANKS: Uint8Array = digits(' ')
/** Where four blanks are found. */
const NONE = BLANKS.length - 4

function digits(fill: string): Uint8Array {
  const numbers = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(4, fill))
  return Buffer.from(`${numbers.join('')}    `)
}

/** The part of a number that `patchLastFour` does not write. */
export function tenThousands(sequence: number): number {
  return (sequence / 10_000) | 0
}

/**
 * Writes `sequence` (1 to SEQUENCE_MAX, which is what fits) into the columns of a copy of an event's frame, which
 * begins at `start` of `bytes`. All ten columns are written: the number that stood there may have been longer.
 */
export function patchSequence(bytes: Uint8Array, start: number, sequence: number): void {
  const column = start + HEAD.length
  const upper = tenThousands(sequence)
  const high = tenThousands(upper)
  const highAt = high === 0 ? NONE : high * 4
  bytes[column] = BLANKS[highAt + 2]!
  bytes[column + 1] = BLANKS[highAt + 3]!
  writeFour(bytes, column + 2, high === 0 ? BLANKS : ZEROS, upper === 0 ? NONE : (upper - high * 10_000) * 4)
  patchLastFour(bytes, start, sequence, upper)
}

/** The same, where the number that stood there was in the same ten thousand, which is `upper`. */
export function patchLastFour(bytes: Uint8Array, start: number, sequence: number, upper: number): void {
  const table = upper === 0 ? BLANKS : ZEROS
  writeFour(bytes, start + HEAD.length + 6, table, (sequence - upper * 10_000) * 4)
}

function writeFour(bytes: Uint8Array, column: number, table: Uint8Array, at: number): void {
  bytes[column] = table[at]!
  bytes[column + 1] = table[at + 1]!
  bytes[column + 2] = table[at + 2]!
  bytes[column + 3] = table[at + 3]!
}

function encode(op: number, d: unknown): Uint8Array {
  return Buffer.from(JSON.stringify({ op, d, s: null, t: null }))
}

/** The server's first frame: how many milliseconds the client has between two heartbeats. */
export function helloFrame(heartbeatInterval: number): Uint8Array {
  return encode(Opcode.HELLO, { heartbeat_interval: heartbeatInterval })
}

/** Frames that are the same for everyone. */
export const HEARTBEAT_FRAME: Uint8Array = encode(Opcode.HEARTBEAT, null)
export const HEARTBEAT_ACK_FRAME: Uint8Array = encode(Opcode.HEARTBEAT_ACK, null)
export const RECONNECT_FRAME: Uint8Array = encode(Opcode.RECONNECT, null)
/** The client may try the same session again, on this connection. */
export const INVALID_SESSION_RESUMABLE_FRAME: Uint8Array = encode(Opcode.INVALID_SESSION, true)
/** The session is gone; the client has to identify. `d` is a boolean always: stock clients hang on a null. */
export const INVALID_SESSION_FRAME: Uint8Array = encode(Opcode.INVALID_SESSION, false)

export interface ClientFrame {
  readonly op: ClientOpcode
  /** Whatever the client has sent, null when it has sent nothing: the opcode's own schema is checked by its handler. */
  readonly d: unknown
}

export type DecodedFrame =
  | { readonly ok: true; readonly frame: ClientFrame }
  | { readonly ok: false; readonly closeCode: 4001 | 4002; readonly reason: string }

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a client's frame, which is not trusted: whatever the bytes are, the answer is a frame or a close code. */
export function decodeClientFrame(bytes: Uint8Array): DecodedFrame {
  if (bytes.length > CLIENT_FRAME_BYTES) return refused(CloseCode.DECODE_ERROR, 'The frame is too long.')
  let value: unknown
  try {
    value = JSON.parse(UTF8.decode(bytes))
  } catch {
    return refused(CloseCode.DECODE_ERROR, 'The frame is not JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused(CloseCode.DECODE_ERROR, 'The frame is not an object.')
  }
  const op = 'op' in value ? value.op : undefined
  if (typeof op !== 'number' || !Number.isInteger(op)) {
    return refused(CloseCode.DECODE_ERROR, 'The opcode is not an integer.')
  }
  if (!isClientOpcode(op)) return refused(CloseCode.UNKNOWN_OPCODE, 'Unknown opcode.')
  return { ok: true, frame: { op, d: 'd' in value ? value.d : null } }
}

function refused(closeCode: 4001 | 4002, reason: string): DecodedFrame {
  return { ok: false, closeCode, reason }
}
