import { fault } from '../internal/errors.ts'
import { CALL_TIMEOUT_MS } from '../internal/limits.ts'
import type { CallOptions, From } from './context.ts'
import { describe, type Reason } from './exit.ts'
import { OBSERVED } from './flags.ts'
import type { Node } from './node.ts'
import { ANY, isTimeout, mustBeOptions, type OptionKinds } from './options.ts'
import { paced } from './pacing.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest } from './protocol.ts'
import { equalTerms } from './term.ts'
import type { Timer } from './timer-wheel.ts'

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
export interface Request extends From {
  readonly kind: CallKind
  readonly operation: string
  readonly request: unknown
  readonly pid: Pid | undefined
  /** Whether late answers vanish even from the caller's mailbox; not so for a call without a timeout. */
  readonly alias: boolean
  /** @internal Set for a STOP that the server has begun to carry out. */ acknowledged: boolean
  /** @internal */ server: Process | undefined
  /** @internal */ previousCall: Request | undefined
  /** @internal */ nextCall: Request | undefined

  /** The answer. The first one counts. */
  settle(value: unknown): void
  /** The server ended, or was never there. */
  fail(why: Reason): void
}

/** Has `request.fail` called when `server` ends before the request is detached. */
export function watchServer(request: Request, server: Process): void {
  request.server = server
  const first = server.calls
  request.nextCall = first
  if (first !== undefined) first.previousCall = request
  server.calls = request
}

export function detach(request: Request): void {
  const { server, previousCall, nextCall } = request
  if (server === undefined) return
  if (previousCall === undefined) server.calls = nextCall
  else previousCall.nextCall = nextCall
  if (nextCall !== undefined) nextCall.previousCall = previousCall
  request.previousCall = undefined
  request.nextCall = undefined
  request.server = undefined
}

/** A node or a process of it, as the owner of calls. */
export interface CallOwner {
  readonly node: Node
  readonly ended: boolean
  readonly pidOrNone: Pid | undefined
  /** @internal Those calls that were not answered within the turn they were made in. */
  openCalls: Set<Call> | undefined
}

/** A call made on this node. It extends nothing: it is made with every call, and a chain of constructors costs. */
export class Call implements Request, Timer {
  readonly kind: CallKind
  readonly operation: string
  readonly request: unknown
  readonly owner: CallOwner
  readonly to: Dest
  readonly timeout: number
  settled = false
  /** @internal */ acknowledged = false
  /** @internal */ server: Process | undefined = undefined
  /** @internal */ previousCall: Request | undefined = undefined
  /** @internal */ nextCall: Request | undefined = undefined
  /** @internal */ previous: Timer | undefined = undefined
  /** @internal */ next: Timer | undefined = undefined
  /** @internal */ deadline = 0
  /** @internal Set while the server is on another node. */ ref: Ref | undefined = undefined
  /** @internal That node. */ remoteNode: string | undefined = undefined
  /** @internal */ readonly timeoutGiven: boolean
  /** @internal */ readonly resolve: (value: unknown) => void
  /** @internal */ readonly reject: (error: Error) => void

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
    this.kind = kind
    this.operation = operation
    this.request = request
    this.owner = owner
    this.to = to
    this.timeout = timeout ?? CALL_TIMEOUT_MS
    this.timeoutGiven = timeout !== undefined
    this.resolve = resolve
    this.reject = reject
  }

  get pid(): Pid | undefined {
    return this.owner.pidOrNone
  }

  get alias(): boolean {
    return this.timeout !== Number.POSITIVE_INFINITY
  }

  settle(value: unknown): void {
    const { server } = this
    if (server !== undefined && (server.flags & OBSERVED) !== 0) server.node.replied(server, this.pid, value)
    if (!this.close()) {
      // gen_server:call/3 with infinity has no alias: a second answer reaches the caller's mailbox.
      if (!this.alias) this.pid?.process?.deliver({ type: 'reply', from: this, value })
      return
    }
    if (!this.owner.ended) this.resolve(value)
  }

  fail(why: Reason): void {
    if (!this.close() || this.owner.ended) return
    if (this.kind === STOP && this.acknowledged) {
      if (equalTerms(why, (this.request as readonly unknown[])[0])) this.resolve(undefined)
      else this.reject(this.owner.node.exitOf(this.owner, why))
    } else {
      const hint = why === 'calling_self' ? fault(why).message : undefined
      this.reject(this.owner.node.exitOf(this.owner, this.reasonFor(why), hint))
    }
  }

  expire(): void {
    if (!this.close() || this.owner.ended) return
    this.reject(this.owner.node.exitOf(this.owner, this.kind === STOP ? 'timeout' : this.reasonFor('timeout')))
  }

  /** The destination was not even looked for: the caller exits with `reason` as it is. */
  refuse(reason: Reason): void {
    if (this.close() && !this.owner.ended) this.reject(this.owner.node.exitOf(this.owner, reason))
  }

  /** The owner ended: nobody waits any more. */
  abandon(): void {
    this.close()
  }

  /** Takes it out of everything that knows of it; false when that was done before. */
  protected close(): boolean {
    if (this.settled) return false
    this.settled = true
    detach(this)
    const node = this.owner.node
    if (this.next !== undefined) node.timers.stop(this)
    this.owner.openCalls?.delete(this)
    if (this.ref !== undefined) node.remote.callSettled(this)
    return true
  }

  /** The reason a caller sees: what happened and in which call, in OTP's shape. */
  private reasonFor(why: Reason): Reason {
    if (this.kind === CALL) {
      const term = this.request === undefined ? this.operation : [this.operation, this.request]
      const timeout = this.timeout === Number.POSITIVE_INFINITY ? 'infinity' : this.timeout
      return [why, ['gen_server', 'call', this.timeoutGiven ? [this.to, term, timeout] : [this.to, term]]]
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
  let resolve!: (value: unknown) => void
  let reject!: (error: Error) => void
  // An executor that does nothing else is inlined, and costs no closure.
  const promise = new Promise((settle, refuse) => {
    resolve = settle
    reject = refuse
  })
  if (owner.ended) {
    if (owner.pidOrNone === undefined) reject(fault('node_stopped'))
    return promise // an ended process waits for ever
  }
  const call = new Call(owner, to, kind, operation, request, timeout, resolve, reject)
  const mistake = mistakeIn(operation, timeout)
  if (mistake === undefined) owner.node.dispatchCall(call)
  else call.fail(fault('function_clause', mistake))
  if (!call.settled) {
    if (timeout !== 0) {
      owner.node.watchCall(call)
      return promise
    }
    call.expire()
  }
  return paced(owner, promise)
}

function mistakeIn(operation: string, timeout: number | undefined): string | undefined {
  if (typeof operation !== 'string') return `the name of an operation is a string, not ${describe(operation)}`
  if (timeout === undefined || isTimeout(timeout)) return undefined
  return `a call waits whole milliseconds, 0 or more, or Infinity, not ${describe(timeout)}`
}

/** The time itself is looked at when the call is made: a wrong one fails as every call fails, with an Exit. */
const CALL_OPTIONS: OptionKinds<CallOptions> = { timeout: ANY }

/**
 * The timeout that a call was given, if any.
 * @throws Fault `badarg` for options that are no object: a number is often meant for the timeout.
 */
export function timeoutOf(options: CallOptions | undefined): number | undefined {
  if (options === undefined) return undefined
  mustBeOptions('a call', options, CALL_OPTIONS)
  return options.timeout
}

/** The same, or `otherwise` when none was given. */
export function timeoutOr(options: CallOptions | undefined, otherwise: number): number {
  const timeout = timeoutOf(options)
  return timeout === undefined ? otherwise : timeout
}

/** A cast as the server sees it. */
export class Cast {
  readonly operation: string
  readonly request: unknown

  constructor(operation: string, request: unknown) {
    if (typeof operation !== 'string') throw fault('badarg', 'the name of an operation is a string')
    this.operation = operation
    this.request = request
  }
}
