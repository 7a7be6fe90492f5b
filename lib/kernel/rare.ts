import type { Ring } from '../internal/ring.ts'
import type { MailboxBound } from './mailbox-bound.ts'
import type { Pid } from './pid.ts'
import type { Dictionary } from './process-dictionary.ts'
import type { ProcessTimer } from './process-timers.ts'
import type { Via } from './protocol.ts'
import type { Receiver } from './raw.ts'
import type { Monitor, Watcher } from './signals.ts'
import type { Timer } from './timer-wheel.ts'
import type { Trace } from './trace.ts'

/** What few processes have: made when the first of it is needed. */
export class Rare {
  name: string | undefined
  /** The name that it was started with and that another registry than the node keeps, for reports. */
  via: Via | undefined
  /** The monitors this process has set, by the id of their ref. */
  monitors: Map<number, Monitor> | undefined
  /** Those who are to hear of its end. */
  watchers: Set<Watcher> | undefined
  /** The newest of its timers. */
  timers: ProcessTimer | undefined
  /** What else waits for time in its name; see waits.ts. */
  waits: Set<Timer> | undefined
  owned: Set<Disposable | AsyncDisposable> | undefined
  abort: AbortController | undefined
  receiver: Receiver | undefined
  /** Messages that were looked at and are to wait: they are older than those in the mailbox. */
  aside: Ring<unknown> | undefined
  /** Of a behaviour: what it keeps beside the state, such as its timeout. Disposed of when the process ends. */
  behaviour: Partial<Disposable> | undefined
  /** Of a behaviour: that it is suspended, and how it is debugged (`sys`). */
  system: unknown
  dictionary: Dictionary | undefined
  /** The ids of its active aliases. */
  aliases: Set<number> | undefined
  bound: MailboxBound | undefined
  /** The group leader, when it is not the node's. */
  leader: Pid | undefined
  trace: Trace | undefined
  /** The callback that runs or is awaited; known of a process that is observed. */
  current: readonly [module: string, name: string] | undefined
}
