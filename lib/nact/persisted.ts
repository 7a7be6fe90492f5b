import { fault } from '../internal/errors.ts'
import { NACT_KEY_CHARACTERS, RECORD_CHARACTERS } from '../internal/limits.ts'
import type { PersistedEvent, PersistedSnapshot } from './nact.ts'

/** The key under which an actor keeps its events. @throws Fault `badarg` when it is too long, or has a zero in it. */
export function keyOf(key: string): string {
  if (key.length > NACT_KEY_CHARACTERS || key.includes('\0')) {
    throw fault('badarg', `a persistence key has at most ${NACT_KEY_CHARACTERS} characters, none of them zero`)
  }
  return key
}

/** What is stored of an event or a snapshot. @throws Fault `badarg` when it is too large. */
export function textOf(record: PersistedEvent | PersistedSnapshot): string {
  const text = JSON.stringify(record)
  if (text.length > RECORD_CHARACTERS) throw fault('badarg', `an event has at most ${RECORD_CHARACTERS} characters`)
  return text
}
