import type { From } from '../../kernel/context.ts'
import { isRequest } from '../../kernel/remote.ts'
import { RemoteFrom } from '../../kernel/remote-peer.ts'

/** The kinds of events; `timeout` with a name is a generic time-out, without one the event time-out. */
export type EventType = 'call' | 'cast' | 'info' | 'internal' | 'timeout' | 'state_timeout' | 'enter'

/**
 * An event as a state machine keeps it: in its queue, among its postponed ones, and in the hands of the state
 * function. One class for all, so that the loop sees one shape; `StatemEvent` is what the compiler makes of it.
 */
export class EventRecord {
  readonly type: EventType
  readonly content: unknown
  readonly operation: string | undefined
  readonly from: From | undefined
  /** The name of a generic time-out. */
  readonly name: unknown

  constructor(type: EventType, content: unknown, operation?: string, from?: From, name?: unknown) {
    this.type = type
    this.content = content
    this.operation = operation
    this.from = from
    this.name = name
  }

  /** OTP's `{EventType, EventContent}`, for reports and for `sys`. */
  get term(): readonly [unknown, unknown] {
    const { type, content, operation, from, name } = this
    if (type === 'call') return [['call', from], requestTerm(operation, content)]
    if (type === 'cast') return ['cast', requestTerm(operation, content)]
    return [name === undefined ? type : [type, name], content]
  }
}

/** Whether it is what a call came with, be it answered or not. */
export function isFrom(value: unknown): value is From<unknown> {
  return isRequest(value) || value instanceof RemoteFrom
}

function requestTerm(operation: unknown, content: unknown): unknown {
  return content === undefined ? operation : [operation, content]
}
