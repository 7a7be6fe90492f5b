import { fault } from '../internal/errors.ts'
import { INVITE_CODE_CHARACTERS, RECORD_CHARACTERS } from '../internal/limits.ts'
import type { Position } from './port.ts'
import { isSnowflake, type Snowflake } from './snowflake.ts'

/** The checks of the port's arguments, which may come from another OS process. Each throws `badarg`. */

const INVITE_CODE = new RegExp(`^[\\w-]{1,${INVITE_CODE_CHARACTERS}}$`)

export function checkIds(...ids: readonly Snowflake[]): void {
  for (const id of ids) if (!isSnowflake(id)) throw fault('badarg', `an id is a decimal string, not ${shown(id)}`)
}

/** A bound on how much is asked for: 1 to `max`. */
export function checkLimit(limit: number, max: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw fault('badarg', `a limit is here 1 to ${max}, not ${shown(limit)}`)
  }
}

export function checkPosition({ generation, sequence }: Position): void {
  checkCount(generation, 'generation')
  checkCount(sequence, 'sequence')
}

/** A whole number from 0 that a double holds exactly. */
export function checkCount(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw fault('badarg', `a ${what} is 0 or more, not ${shown(value)}`)
}

export function checkInviteCode(code: string): void {
  if (typeof code !== 'string' || !INVITE_CODE.test(code)) {
    throw fault('badarg', `an invite code is 1 to ${INVITE_CODE_CHARACTERS} of A-Z a-z 0-9 _ -, not ${shown(code)}`)
  }
}

/** The text that a record is stored as. */
export function encodeRecord(record: object): string {
  return checkSize(JSON.stringify(record))
}

export function checkSize(text: string): string {
  if (typeof text !== 'string' || text.length > RECORD_CHARACTERS) {
    throw fault('badarg', `a record or event has at most ${RECORD_CHARACTERS} characters of JSON text`)
  }
  return text
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value)
}
