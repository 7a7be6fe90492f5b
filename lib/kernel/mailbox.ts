import { MAILBOX_RING_SLOTS, MAILBOX_SPARE_RINGS, MAILBOX_SPARE_SLOTS } from '../internal/limits.ts'
import { Ring } from '../internal/ring.ts'

/**
 * The messages that wait for a process, oldest first. Most mailboxes hold none or one, so a process has room for one,
 * and a ring only for more:
 *
 *     waiting: 0           waiting: 1           waiting: 3
 *     first: undefined     first: m1            first: m1
 *     more:  undefined     more:  undefined     more:  Ring [m2 m3]
 *
 * A drained ring goes to a small pool from which the next mailbox that needs one takes it: a burst then costs neither
 * growth nor garbage, and an idle process holds nothing.
 */

/** No message was found. Not `undefined`, which is a message like any other. */
export const EMPTY: unique symbol = Symbol('EMPTY')

const spares: Ring<unknown>[] = []

export function takeRing(): Ring<unknown> {
  return spares.pop() ?? new Ring(MAILBOX_RING_SLOTS)
}

/** `ring` must be empty. */
export function giveRingBack(ring: Ring<unknown>): void {
  if (spares.length < MAILBOX_SPARE_RINGS && ring.capacity <= MAILBOX_SPARE_SLOTS) spares.push(ring)
}
