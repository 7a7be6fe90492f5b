import { fault } from '../internal/errors.ts'
import { MAILBOX_REPORT_MS } from '../internal/limits.ts'
import { CALL } from './calls.ts'
import { BOUNDED } from './flags.ts'
import { EMPTY } from './mailbox.ts'
import { countFrom, mustBeOptions, type OptionKinds, oneOf } from './options.ts'
import type { Process } from './process.ts'
import { isRequest } from './remote-peer.ts'
import { TimerEntry } from './timer-wheel.ts'

/**
 * Mailboxes with a bound. Unlike OTP's, which grow until the memory is used up, a mailbox can be told how many messages
 * it may hold, and what becomes of one more:
 *
 *     this.spawnOpt(program, { mailbox: { limit: 1000, policy: 'reject' } })
 *
 *     reject        it is dropped; a call fails at once with a Fault `mailbox_full`
 *     drop_oldest   the oldest that may be dropped is, a call with the same Fault, and the new one is taken
 *     kill          the process ends with `killed`
 *
 * Nothing is lost in silence: what was dropped is counted (`processInfo(pid, 'mailbox')`) and reported as
 * `['process', 'mailbox_full']`, at once when it begins and then at most once in MAILBOX_REPORT_MS.
 *
 * Signals are not messages that somebody chose to send: `EXIT` and `DOWN`, requests of `sys` and a behaviour's own
 * timeouts are taken past the bound and never dropped. Bound a process whose senders do not wait for it. Where they
 * can, `call` and demand hold them back, and the mailbox stays short by itself.
 */
export interface MailboxOptions {
  /** Messages that may wait. */
  readonly limit: number
  readonly policy: MailboxPolicy
}

export type MailboxPolicy = 'reject' | 'drop_oldest' | 'kill'

/** Of a process with a bound; `lost` counts what it has dropped. */
export interface MailboxInfo extends MailboxOptions {
  readonly lost: number
}

const MAILBOX: OptionKinds<MailboxOptions> = {
  limit: { ...countFrom(1, 'messages'), right: 'a whole number of messages above 0' },
  policy: oneOf('reject', 'drop_oldest', 'kill'),
}

/** Gives a new process its bound. */
export function boundMailbox(process: Process, options: MailboxOptions): void {
  process.extra.bound = new MailboxBound(process, checkedMailbox(options))
  process.flags |= BOUNDED
}

/** @throws Fault `badarg` unless the bound is one. */
export function checkedMailbox(options: MailboxOptions): MailboxOptions {
  mustBeOptions('a mailbox', options, MAILBOX)
  const { limit, policy } = options
  if (limit === undefined || policy === undefined) throw fault('badarg', 'a mailbox has a limit and a policy')
  return { limit, policy }
}

/** The bound of one process. Its timer runs while losses are to be reported together. */
export class MailboxBound extends TimerEntry implements MailboxInfo {
  readonly limit: number
  readonly policy: MailboxPolicy
  lost = 0
  #reported = 0
  readonly #process: Process

  constructor(process: Process, { limit, policy }: MailboxOptions) {
    super()
    this.#process = process
    this.limit = limit
    this.policy = policy
  }

  get owner(): Process {
    return this.#process
  }

  /** Whether `message` may be put into the mailbox; makes room for it when that is the policy. */
  admits(message: unknown): boolean {
    const process = this.#process
    if (process.messageCount < this.limit || !isDroppable(message)) return true
    if (this.policy === 'kill') {
      this.#report('error')
      process.end('killed')
      return false
    }
    const victim = this.policy === 'drop_oldest' ? takeOldest(process) : EMPTY
    this.#lose(victim === EMPTY ? message : victim)
    return victim !== EMPTY
  }

  override expire(): void {
    if (this.lost === this.#reported) return
    this.#report('warning')
    this.#process.node.timers.start(this, MAILBOX_REPORT_MS)
  }

  /** The process has ended: what has not been told is told now. */
  close(): void {
    this.#process.node.timers.stop(this)
    if (this.lost !== this.#reported) this.#report('warning')
  }

  #lose(message: unknown): void {
    const process = this.#process
    const { timers } = process.node
    this.lost++
    if (isRequest(message)) message.fail(fault('mailbox_full', `${process.pid} holds ${this.limit} messages`))
    if (this.next !== undefined) return // its timer runs: they are reported together
    this.#report('warning')
    timers.start(this, MAILBOX_REPORT_MS)
  }

  #report(level: 'warning' | 'error'): void {
    const { pid, rare, node } = this.#process
    const { limit, policy, lost } = this
    this.#reported = lost
    const details = { pid, registered_name: rare?.name, limit, policy, lost }
    node.report({ level, label: ['process', 'mailbox_full'], details })
  }
}

/** Removes and returns the oldest message that may be dropped, or EMPTY. */
function takeOldest(process: Process): unknown {
  const aside = process.rare?.aside
  if (aside !== undefined) {
    for (let i = 0; i < aside.size; i++) if (isDroppable(aside.at(i))) return aside.removeAt(i)
  }
  if (process.waiting > 0 && isDroppable(process.first)) return process.take()
  const { more } = process
  if (more === undefined) return EMPTY
  for (let i = 0; i < more.size; i++) {
    if (!isDroppable(more.at(i))) continue
    process.waiting--
    return more.removeAt(i)
  }
  return EMPTY
}

/** Whether somebody chose to send it; the others are signals and a behaviour's own timeouts. */
function isDroppable(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return true
  if (message instanceof TimerEntry) return false
  if (isRequest(message)) return message.kind === CALL
  const { type, from, ref, object, reason } = message as Record<string, unknown>
  if (reason === undefined) return true
  return !(type === 'EXIT' && from !== undefined) && (ref === undefined || object === undefined)
}
