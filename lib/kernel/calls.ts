import { fault } from '../internal/errors.ts'
import { CALL_TIMEOUT_MS } from '../internal/limits.ts'
import type { From } from './context.ts'
import type { Reason } from './exit.ts'
import type { Node } from './node.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest } from './protocol.ts'
import { equalTerms } from './term.ts'
import { TimerEntry } from './timer-wheel.ts'

/**
 * A call is one object: the message in the server's mailbox, the `from` that it answers, the caller's monitor of the
 * server and the caller's timeout.
 *
 *     server.calls ──> call <──> call <──> call      all that this server has not answered, to fail when it ends
 *
 * A reply goes straight to the call and never searches a mailbox, so a call made by a process with a million queued
 * messages costs what it costs with none. A call that is settled takes no further answer: late replies vanish.
 */

export const CALL = 0
export const SYSTEM = 1
/** A system request to terminate that is settled by the end of the server. */
export const STOP = 2
export type CallKind = typeof CALL | typeof SYSTEM | typeof STOP

/** A request as the server sees it, whether the caller is here or on another node. */
export abstract class Request extends TimerEntry implements From {
  readonly kind: CallKind
  readonly operation: string
  readonly request: unknown
  /** @internal Set for a STOP that the server has begun to carry out. */ acknowledged = false
  /** @internal */ server: Process | undefined
  /** @internal */ previousCall: Request | undefined
  /** @internal */ nextCall: Request | undefined

  constructor(kind: CallKind, operation: string, request: unknown) {
    super()
    this.kind = kind
    this.operation = operation
    this.request = request
  }

  abstract readonly pid: Pid | undefined
  /** Whether late answers vanish even from the caller's mailbox; not so for a call without a timeout. */
  abstract readonly alias: boolean
  abstract settle(value: unknown): void
  /** The server ended, or was never there. */
  abstract fail(why: Reason): void

  /** Puts the request into the server's mailbox and watches the server. */
  attach(server: Process): void {
    this.watch(server)
    server.deliver(this)
  }

  /** Has `fail` called when `server` ends before this is settled. */
  watch(server: Process): void {
    this.server = server
    const first = server.calls
    this.nextCall = first
    if (first !== undefined) first.previousCall = this
    server.calls = this
  }

  detach(): void {
    const server = this.server
    if (server === undefined) return
    if (this.previousCall === undefined) server.calls = this.nextCall
    else this.previousCall.nextCall = this.nextCall
    if (this.nextCall !== undefined) this.nextCall.previousCall = this.previousCall
    this.previousCall = undefined
    this.nextCall = undefined
    this.server = undefined
  }
}

/** A node or a process of it, as the owner of calls. */
export interface CallOwner {
  readonly node: Node
  readonly ended: boolean
  readonly pidOrNone: Pid | undefined
  /** @internal Those calls that were not answered within the turn they were made in. */
  openCalls: Set<Call> | undefined
}

/** A call made on this node. */
export class Call extends Request {
  readonly owner: CallOwner
  readonly to: Dest
  readonly timeout: number
  readonly #timeoutGiven: boolean
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: Error) => void
  /** @internal Set while the server is on another node. */ ref: Ref | undefined
  /** @internal That node. */ remoteNode: string | undefined
  settled = false

  constructor(
    owner: CallOwner,
    to: Dest,
    kind: CallKind,
    operation: string,
    request: unknown,
    timeout: number | undefined,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ) {
    super(kind, operation, request)
    this.owner = owner
    this.to = to
    this.timeout = timeout ?? CALL_TIMEOUT_MS
    this.#timeoutGiven = timeout !== undefined
    this.#resolve = resolve
    this.#reject = reject
  }

  get pid(): Pid | undefined {
    return this.owner.pidOrNone
  }

  get alias(): boolean {
    return this.timeout !== Number.POSITIVE_INFINITY
  }

  settle(value: unknown): void {
    if (!this.#close()) {
      // gen_server:call/3 with infinity has no alias: a second answer reaches the caller's mailbox.
      if (!this.alias) this.pid?.process?.deliver({ type: 'reply', from: this, value })
      return
    }
    if (!this.owner.ended) this.#resolve(value)
  }

  fail(why: Reason): void {
    if (!this.#close() || this.owner.ended) return
    if (this.kind === STOP && this.acknowledged) {
      if (equalTerms(why, (this.request as readonly unknown[])[0])) this.#resolve(undefined)
      else this.#reject(this.owner.node.exitOf(this.owner, why))
    } else this.#reject(this.owner.node.exitOf(this.owner, this.#reason(why)))
  }

  override expire(): void {
    if (!this.#close() || this.owner.ended) return
    this.#reject(this.owner.node.exitOf(this.owner, this.kind === STOP ? 'timeout' : this.#reason('timeout')))
  }

  /** The owner ended: nobody waits any more. */
  abandon(): void {
    this.#close()
  }

  #close(): boolean {
    if (this.settled) return false
    this.settled = true
    this.detach()
    const node = this.owner.node
    node.timers.stop(this)
    this.owner.openCalls?.delete(this)
    if (this.ref !== undefined) node.remote.callSettled(this)
    return true
  }

  /** The reason a caller sees: what happened and in which call, in OTP's shape. */
  #reason(why: Reason): Reason {
    if (this.kind === CALL) {
      const term = this.request === undefined ? this.operation : [this.operation, this.request]
      const timeout = this.timeout === Number.POSITIVE_INFINITY ? 'infinity' : this.timeout
      return [why, ['gen_server', 'call', this.#timeoutGiven ? [this.to, term, timeout] : [this.to, term]]]
    }
    if (this.kind === STOP && why === 'noproc') return why
    return [why, ['sys', this.operation, [this.to, ...(this.request as readonly unknown[])]]]
  }
}

/** Makes a call; see `Caller.call` for its promises. */
export function makeCall(
  owner: CallOwner,
  to: Dest,
  kind: CallKind,
  operation: string,
  request: unknown,
  timeout: number | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = new Call(owner, to, kind, operation, request, timeout, resolve, reject)
    if (owner.ended) return // an ended process waits for ever
    if (!isTimeout(call.timeout)) return reject(fault('bad_timeout', `got ${String(timeout)}`))
    owner.node.dispatchCall(call)
    if (call.settled) return
    if (call.timeout === 0) call.expire()
    else owner.node.watchCall(call)
  })
}

export function isTimeout(value: unknown): value is number {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 0)
}

/** A cast as the server sees it. */
export class Cast {
  readonly operation: string
  readonly request: unknown

  constructor(operation: string, request: unknown) {
    this.operation = operation
    this.request = request
  }
}
