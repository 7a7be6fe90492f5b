import { CALL, Cast } from '../../kernel/calls.ts'
import type { Process } from '../../kernel/process.ts'
import { isRequest } from '../../kernel/remote.ts'
import { isParentExit } from '../proc-lib/ancestry.ts'
import { EventRecord } from './statem-event.ts'
import { CONTINUE, type ServedMachine, TimeUp } from './statem-served.ts'

/**
 * What a message from the mailbox is to a state machine: an event, a system request, the end of its parent, or nothing,
 * such as a time-out that no longer counts.
 */
export function decode(
  process: Process,
  machine: ServedMachine,
  message: unknown,
): EventRecord | 'system' | 'parent' | undefined {
  if (message instanceof Cast) return new EventRecord('cast', message.request, message.operation)
  if (isRequest(message)) {
    return message.kind === CALL ? new EventRecord('call', message.request, message.operation, message) : 'system'
  }
  if (message instanceof TimeUp) {
    return machine.timeouts?.expired(message.timeout) ? message.timeout.event : undefined
  }
  if (message === CONTINUE) {
    machine.continuing = false
    return undefined
  }
  return isParentExit(process, message) ? 'parent' : new EventRecord('info', message)
}

/** Whether a suspended process handles `message`: system requests, its parent's end, what it sends itself. */
export function isForSuspended(process: Process, message: unknown): boolean {
  if (isRequest(message)) return message.kind !== CALL
  return message === CONTINUE || isParentExit(process, message)
}
