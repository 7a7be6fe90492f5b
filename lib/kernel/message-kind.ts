import type { DownMessage, ExitMessage } from './exit.ts'
import { Pid, Ref } from './pid.ts'

/**
 * Whether a message is one of the kernel's. Anybody can send anything, also an object whose getters throw. That one is
 * no message of the kernel, and who looks at it goes on: all that is read of a message later is read here once.
 */
export function isExitMessage(message: unknown): message is ExitMessage {
  try {
    const { type, from, reason: _reason } = Object(message) as Partial<ExitMessage>
    return type === 'EXIT' && from instanceof Pid
  } catch {
    return false
  }
}

/** What a monitor with the tag `DOWN` delivers; only that of `of` when it is given. */
export function isDownMessage(message: unknown, of?: Ref): message is DownMessage {
  try {
    const { type, ref, object: _object, reason: _reason } = Object(message) as Partial<DownMessage>
    return type === 'DOWN' && (of === undefined ? ref instanceof Ref : ref === of)
  } catch {
    return false
  }
}

/** What the monitor `of` delivers, whatever its tag. */
export function isDownOf(message: unknown, of: Ref): message is DownMessage {
  if (typeof message !== 'object' || message === null) return false
  try {
    return (message as Partial<DownMessage>).ref === of && 'object' in message && 'reason' in message
  } catch {
    return false
  }
}
