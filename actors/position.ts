import { comparePositions } from '../lib/storage/guild-log.ts'
import type { OutboxEvent, Position } from '../lib/storage/port.ts'

/** Before the first event of a guild. */
export const ORIGIN: Position = Object.freeze({ generation: 0, sequence: 0 })

export function isAfter(a: Position, b: Position): boolean {
  return comparePositions(a, b) > 0
}

/** The position alone, of an event for instance. */
export function positionOf({ generation, sequence }: Position): Position {
  return { generation, sequence }
}

/** An event as a guild sends it: with the position of the one before it, whatever its generation. */
export interface Link {
  readonly previous: Position
  readonly event: OutboxEvent
}

/**
 * What a relay that has everything up to `last` does with an event. Since each names the one before it, a hole shows
 * between two generations as well as within one.
 *
 *     last = (1,5)    (1,4) after (1,3)    drop       it had that one: a guild that came back sends again
 *                     (1,6) after (1,5)    deliver
 *                     (2,1) after (1,5)    deliver    the guild has crashed and come back
 *                     (1,7) after (1,6)    gap        something in between was lost: subscribe again from `last`
 *                     (2,1) after (1,6)    gap
 */
export function judge(last: Position, { previous, event }: Link): 'deliver' | 'drop' | 'gap' {
  if (!isAfter(event, last)) return 'drop'
  return comparePositions(previous, last) === 0 ? 'deliver' : 'gap'
}
