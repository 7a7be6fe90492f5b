import { fault } from '../internal/errors.ts'
import type { Caller } from '../kernel/context.ts'
import type { Ref } from '../kernel/pid.ts'
import type { Dest } from '../kernel/protocol.ts'
import { ownerOf } from './caller.ts'

/**
 * Sends `message` every `length` milliseconds, until `cancelTimer` or the end of the process that it is for
 * (`timer:send_interval/2,3`).
 *
 *     import { createNode, type GenServer, noreply, ok, sendInterval } from 'guildhall'
 *
 *     const Clock: GenServer<{ state: number; info: 'tick' }> = {
 *       init() {
 *         sendInterval(this, 1000, this.self, 'tick')
 *         return ok(0)
 *       },
 *       handleCall: {},
 *       handleInfo: (_tick, seconds) => noreply(seconds + 1),
 *     }
 *
 *     await using node = createNode()
 *     await node.start(Clock, [])
 *
 * Each time is counted from the one before, not from when the message is handled: the clock does not drift, and a
 * process that is slower than its interval has a mailbox that grows. Such a one begins a timer anew with `sendAfter`
 * when it has handled a message.
 *
 * A name stands for the process that has it now; where nobody has it, nothing is sent.
 * @throws Fault `badarg` for a length that is none, and for what is no process of this node.
 */
export function sendInterval(caller: Caller, length: number, to: Dest, message: unknown): Ref {
  const { node, ended } = ownerOf(caller)
  if (ended) throw fault('process_exited')
  return node.startInterval(length, to, message)
}
