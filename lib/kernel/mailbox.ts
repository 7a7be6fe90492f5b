import { MAILBOX_RING_SLOTS, MAILBOX_SPARE_RINGS, MAILBOX_SPARE_SLOTS } from '../internal/limits.ts'
import { Ring } from '../internal/ring.ts'

/**
 * The messages that wait for a process, oldest first. Most mailboxes hold none or one message, so:
 *
 *     EMPTY  ──push──>  the message itself  ──push──>  a Ring of messages  ──drained──>  EMPTY
 *
 * A drained ring goes to a small pool from which the next mailbox that needs one takes it: a burst then costs neither
 * growth nor garbage, and an idle process holds nothing.
 */
export type Mailbox = unknown

/** No message. Not `undefined`, which is a message like any other. */
export const EMPTY: unique symbol = Symbol('EMPTY')

const spares: Ring<unknown>[] = []

function takeRing(): Ring<unknown> {
  return spares.pop() ?? new Ring(MAILBOX_RING_SLOTS)
}

function giveBack(ring: Ring<unknown>): void {
  if (spares.length < MAILBOX_SPARE_RINGS && ring.capacity <= MAILBOX_SPARE_SLOTS) spares.push(ring)
}

/** The mailbox with `message` behind what was there. */
export function pushMessage(mailbox: Mailbox, message: unknown): Mailbox {
  if (mailbox instanceof Ring) {
    mailbox.push(message)
    return mailbox
  }
  if (mailbox === EMPTY && !(message instanceof Ring)) return message
  const ring = takeRing()
  if (mailbox !== EMPTY) ring.push(mailbox)
  ring.push(message)
  return ring
}

/** The mailbox after a shift or a removal: EMPTY when the ring is. */
export function afterRemoval(ring: Ring<unknown>): Mailbox {
  if (ring.size > 0) return ring
  giveBack(ring)
  return EMPTY
}

export function mailboxLength(mailbox: Mailbox): number {
  if (mailbox === EMPTY) return 0
  return mailbox instanceof Ring ? mailbox.size : 1
}
