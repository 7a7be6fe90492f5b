import { fault } from '../../internal/errors.ts'
import { CALL, Cast, type Request } from '../../kernel/calls.ts'
import { isOrderly, type Reason, reasonOf } from '../../kernel/exit.ts'
import { BUSY, ENDED, OBSERVED } from '../../kernel/flags.ts'
import {
  type Arity,
  type Callback as Called,
  callbackOf,
  messageTerm,
  nameOf,
  stateOf,
} from '../../kernel/message-term.ts'
import { calling } from '../../kernel/observe.ts'
import { isTimeout } from '../../kernel/options.ts'
import type { Process, Rare } from '../../kernel/process.ts'
import type { Program } from '../../kernel/program.ts'
import { rawProgram } from '../../kernel/raw.ts'
import { isRequest } from '../../kernel/remote.ts'
import { badReturn } from '../bad-return.ts'
import { isReturned, isThenable } from '../callback.ts'
import { isParentExit } from '../proc-lib/ancestry.ts'
import { type Start, takeName } from '../proc-lib/start.ts'
import { programFor } from '../sys/code.ts'
import { debugEvent, isDebugged, isSuspended, loggedEvents, type SystemRecord } from '../sys/sys-debug.ts'
import {
  type CodeChange,
  handleSystem,
  type SystemServer,
  statusOf,
  type UndoCodeChange,
} from '../sys/system-server.ts'
import { formatted } from './format-status.ts'
import type { AnyGenServer } from './gen-server.ts'
import {
  FAILURE,
  IGNORE,
  NO_STATE,
  NOREPLY,
  OK,
  REPLY,
  Result,
  type ResultOptions,
  STOP,
  STOP_REPLY,
  termOf,
} from './results.ts'
import { unknownOperation, WAS_THROWN, WHAT_INIT_RETURNS, whatIsWrong, whatToReturn } from './server-callbacks.ts'
import { ServerIdle, ServerTimeout } from './server-idle.ts'
import { type FormatStatus, labelOf, reportTermination, reportUnhandled } from './server-report.ts'
import { changeServer } from './server-upgrade.ts'

type Callback = (this: Process, ...args: unknown[]) => unknown

/** The message of a `continue`, for the report when its handler fails. */
type Continue = readonly ['continue', unknown]

/**
 * The loop of a GenServer, one for each callback module. The order of things, from gen_server.erl:
 *
 *     init ──> [continue ──>] take a message ──> callback ──> apply its result ──> [continue ──>] next message
 *                                                    │
 *                                                    └ stop, throw or bad result ──> terminate ──> end
 *
 * A callback that returns a promise suspends the process until it is settled; one that does not costs no promise.
 */
export class ServerProgram implements Program, SystemServer {
  readonly behaviour = 'gen_server'
  /** What it is a program of, in words: a code change keeps to it. */
  readonly kind: string = 'a GenServer'
  readonly module: AnyGenServer
  readonly #calls: Map<string, Callback>
  readonly #casts: Map<string, Callback>

  constructor(module: AnyGenServer) {
    this.module = module
    this.#calls = new Map(Object.entries(module.handleCall ?? {}) as [string, Callback][])
    this.#casts = new Map(Object.entries(module.handleCast ?? {}) as [string, Callback][])
  }

  start(process: Process): void {
    const start = process.state as Start
    process.state = undefined
    if (!takeName(process, start)) return
    let result: unknown
    try {
      result = (this.module.init as Callback).apply(process, start.args as unknown[])
    } catch (thrown) {
      return this.#initThrew(process, start, thrown)
    }
    if (isThenable(result)) {
      process.suspend(
        result,
        (value) => this.#initReturned(process, start, value),
        (thrown) => this.#initThrew(process, start, thrown),
      )
    } else this.#initReturned(process, start, result)
  }

  /** A process that has begun as a function becomes a server of this module, with this state (`enter_loop`). */
  enter(process: Process, state: unknown, options: ResultOptions, hibernateAfter?: number): void {
    if (process.program !== rawProgram) throw fault('badarg', 'only a process that runs a function can become a server')
    if (!isValid(options)) throw fault('bad_timeout', 'see the options of enterLoop')
    process.program = this
    process.state = state
    process.flags &= ~BUSY
    if (hibernateAfter !== undefined) ServerIdle.of(process).hibernateAfter(hibernateAfter)
    this.#proceed(process, options)
    process.putBack()
    process.wake()
  }

  run(process: Process, quantum: number): number {
    let handled = 0
    let message: unknown
    try {
      while (handled < quantum && process.waiting > 0) {
        message = process.take()
        handled++
        this.#handle(process, message)
        if ((process.flags & (BUSY | ENDED)) !== 0) break
      }
    } catch (thrown) {
      this.#threw(process, thrown, message)
    }
    if (process.rare?.behaviour !== undefined) this.#rest(process)
    return handled
  }

  // --- start

  #initReturned(process: Process, start: Start, result: unknown): void {
    if (result instanceof Result) {
      const { kind, options, reason } = result
      if (kind === OK && isValid(options)) {
        process.state = result.state
        const hibernateAfter = start.options?.hibernateAfter
        if (hibernateAfter !== undefined) ServerIdle.of(process).hibernateAfter(hibernateAfter)
        start.settle()
        return this.#proceed(process, options)
      }
      if (kind === IGNORE) return start.refuse(process, 'normal', 'ignore')
      if (kind === STOP) return start.refuse(process, reason, ['error', reason])
      if (kind === FAILURE) return start.refuse(process, 'normal', ['error', reason])
    }
    this.#initReturnedNone(process, start, termOf(result), WHAT_INIT_RETURNS)
  }

  #initReturnedNone(process: Process, start: Start, value: unknown, hint: string): void {
    const bad = badReturn(value, hint)
    start.refuse(process, bad, ['error', bad])
  }

  #initThrew(process: Process, start: Start, thrown: unknown): void {
    if (process.ended) return
    if (thrown instanceof Result) return this.#initReturned(process, start, thrown)
    if (isReturned(thrown)) return this.#initReturnedNone(process, start, thrown, `${WAS_THROWN}; ${WHAT_INIT_RETURNS}`)
    const reason = reasonOf(thrown)
    start.refuse(process, reason, ['error', reason], thrown)
  }

  // --- messages

  #handle(process: Process, message: unknown): void {
    const { rare } = process
    if (rare !== undefined && !this.#admit(process, rare, message)) return
    if (isRequest(message)) {
      if (message.kind !== CALL) return this.#handleSystem(process, message)
      const callback = this.#calls.get(message.operation)
      if (callback === undefined) throw unknownOperation('handleCall', message.operation, this.#calls)
      this.#apply(process, callback.call(process, message.request, message, process.state), message)
    } else if (message instanceof Cast) {
      const callback = this.#casts.get(message.operation)
      if (callback === undefined) throw unknownOperation('handleCast', message.operation, this.#casts)
      this.#apply(process, callback.call(process, message.request, process.state), message)
    } else this.#handleInfo(process, message)
  }

  #handleInfo(process: Process, message: unknown): void {
    if (isParentExit(process, message)) return this.terminate(process, message.reason, message)
    const callback = this.module.handleInfo as Callback | undefined
    if (callback !== undefined) return this.#apply(process, callback.call(process, message, process.state), message)
    reportUnhandled(this.module, process, message)
    if (isDebugged(process)) debugEvent(process, ['noreply', process.state])
  }

  /**
   * Whether `message` is to be handled now, by a server that is not just there: one that is suspended takes nothing but
   * system requests and its parent's exit, one that waits for a timeout waits no more, one that is debugged tells.
   */
  #admit(process: Process, rare: Rare, message: unknown): boolean {
    const system = rare.system as SystemRecord | undefined
    const idle = rare.behaviour as ServerIdle | undefined
    if (system === undefined && idle === undefined) return true
    const isSystem = isRequest(message) && message.kind !== CALL
    if (message instanceof ServerTimeout) {
      if (!idle?.take(message)) return false
      idle.wake()
      if (system?.debug !== undefined) debugEvent(process, ['in', 'timeout'])
      this.#handleInfo(process, 'timeout')
      return false
    }
    if (system?.suspended && !isSystem && !isParentExit(process, message)) {
      process.putAside(message)
      return false
    }
    if (!isSystem) {
      idle?.wake()
      if (system?.debug !== undefined) debugEvent(process, ['in', messageTerm(message)])
    }
    return true
  }

  /** Without a message that waits, the time until it hibernates begins. */
  #rest(process: Process): void {
    if (process.waiting === 0 && (process.flags & (BUSY | ENDED)) === 0) {
      const idle = process.rare?.behaviour as ServerIdle | undefined
      idle?.rest()
    }
  }

  // --- results

  #apply(process: Process, result: unknown, message: unknown): void {
    if (result instanceof Result) this.#applyResult(process, result, message)
    else if (isThenable(result)) {
      process.suspend(
        result,
        (value) => this.#guarded(process, value, message),
        (thrown) => this.#threw(process, thrown, message),
      )
    } else this.#badReturn(process, result, message)
  }

  /** As `#apply`, outside the loop that catches. */
  #guarded(process: Process, value: unknown, message: unknown): void {
    try {
      if (value instanceof Result) this.#applyResult(process, value, message)
      else this.#badReturn(process, value, message)
    } catch (thrown) {
      this.#threw(process, thrown, message)
    }
    if (process.rare?.behaviour !== undefined) this.#rest(process)
  }

  #applyResult(process: Process, result: Result, message: unknown): void {
    const { kind, detail } = result
    if (detail !== undefined && kind <= NOREPLY && !isValid(detail)) return this.#badReturn(process, result, message)
    const call = isRequest(message) ? message : undefined
    if (kind === REPLY && call !== undefined) {
      process.state = result.state
      call.settle(result.value)
      if (isDebugged(process)) debugEvent(process, ['out', result.value, call, result.state])
    } else if (kind === NOREPLY) {
      process.state = result.state
      if (isDebugged(process)) debugEvent(process, ['noreply', result.state])
    } else if (kind === STOP && result.state !== NO_STATE) {
      process.state = result.state
      return this.terminate(process, result.reason, message)
    } else if (kind === STOP_REPLY && call !== undefined) {
      process.state = result.state
      return this.#stopWithReply(process, result, call)
    } else return this.#badReturn(process, result, message)
    if (detail !== undefined) this.#proceed(process, detail as ResultOptions)
  }

  /** Carries out the options of a result: `continue` before any message, then what to do while none is there. */
  #proceed(process: Process, options: ResultOptions | undefined): void {
    if (options === undefined || process.ended) return
    if (options.continue !== undefined) return this.#continue(process, ['continue', options.continue])
    if (options.hibernate) ServerIdle.of(process).hibernating = true
    const { timeout } = options
    if (timeout !== undefined && timeout !== Number.POSITIVE_INFINITY) ServerIdle.of(process).waitFor(timeout)
  }

  #continue(process: Process, message: Continue): void {
    const callback = this.module.handleContinue as Callback | undefined
    if (isDebugged(process)) debugEvent(process, message)
    try {
      if (callback === undefined) throw fault('function_clause', 'there is no handleContinue')
      if ((process.flags & OBSERVED) !== 0) this.#tellCall(process, 'handleContinue', message[1])
      this.#apply(process, callback.call(process, message[1], process.state), message)
    } catch (thrown) {
      this.#threw(process, thrown, message)
    }
  }

  #badReturn(process: Process, result: unknown, message: unknown): void {
    this.terminate(process, badReturn(termOf(result), whatToReturn(message)), message)
  }

  #threw(process: Process, thrown: unknown, message: unknown): void {
    if (process.ended) return
    const last = message instanceof ServerTimeout ? 'timeout' : message
    if (!isReturned(thrown)) this.#terminateWith(process, reasonOf(thrown), undefined, last, thrown)
    else if (thrown instanceof Result) this.#guarded(process, thrown, last)
    else this.terminate(process, badReturn(thrown, `${WAS_THROWN}; ${whatToReturn(last)}`), last)
  }

  // --- the end

  terminate(process: Process, reason: Reason, lastMessage?: unknown): void {
    this.#terminateWith(process, reason, undefined, lastMessage)
  }

  #stopWithReply(process: Process, { reason, value, state }: Result, call: Request): void {
    const farewell = () => {
      call.settle(value)
      if (isDebugged(process)) debugEvent(process, ['out', value, call, state])
    }
    this.#terminateWith(process, reason, farewell, call)
  }

  /**
   * Runs `terminate`, then `farewell`, then ends the process. A crash in `terminate` replaces the reason and is always
   * reported, as in OTP.
   */
  #terminateWith(
    process: Process,
    reason: Reason,
    farewell: (() => void) | undefined,
    lastMessage: unknown,
    thrown?: unknown,
  ): void {
    const finish = () => this.#end(process, reason, farewell, lastMessage, thrown, !isOrderly(reason))
    const callback = this.module.terminate as Callback | undefined
    if (callback === undefined) return finish()
    const crashed = (later: unknown) => {
      if (isReturned(later)) finish()
      else this.#end(process, reasonOf(later), farewell, lastMessage, later, true)
    }
    if ((process.flags & OBSERVED) !== 0) this.#tellCall(process, 'terminate', reason)
    let pending: unknown
    try {
      pending = callback.call(process, reason, process.state)
    } catch (later) {
      return process.ended ? undefined : crashed(later)
    }
    if (isThenable(pending)) process.suspend(pending, finish, crashed)
    else finish()
  }

  #end(
    process: Process,
    reason: Reason,
    farewell: (() => void) | undefined,
    lastMessage: unknown,
    thrown: unknown,
    isReported: boolean,
  ): void {
    farewell?.()
    if (process.ended) return
    if (isReported) reportTermination(this.module, process, reason, lastMessage, thrown)
    process.end(reason)
  }

  // --- sys

  /** What waits for a message waits on when a system request is answered, anew (gen_server:system_continue/3). */
  #handleSystem(process: Process, request: Request): void {
    const idle = process.rare?.behaviour as ServerIdle | undefined
    idle?.interrupt()
    handleSystem(this, process, request)
    if (!process.ended && !isSuspended(process)) idle?.resume()
  }

  modulesOf(_process: Process): readonly object[] {
    return [this.module]
  }

  programOf(module: object): ServerProgram {
    const next = serverProgramOf(module)
    const { kind = 'another behaviour' }: Partial<ServerProgram> = next // one that was started as such
    if (kind !== this.kind) throw fault('badarg', `${kind} cannot take the place of ${this.kind}`)
    return next
  }

  getState(process: Process): unknown {
    return process.state
  }

  replaceState(process: Process, change: (state: unknown) => unknown): unknown {
    this.become(process, change(this.getState(process)))
    return this.getState(process)
  }

  changeCode(process: Process, change: CodeChange): UndoCodeChange | PromiseLike<UndoCodeChange> {
    return changeServer(process, this, this.programOf(change.to), change)
  }

  /** Has a process that ran a module of the same kind go on with this one, in this state. */
  become(process: Process, state: unknown): void {
    process.program = this
    process.state = state
  }

  formatStatus(process: Process): readonly unknown[] {
    const log = loggedEvents(process)
    const shown = formatted<FormatStatus>(
      process,
      this.module.formatStatus,
      { state: process.state, log },
      'state',
      labelOf(this.module),
    )
    return statusOf(process, 'generic server', [['State', shown.state]], shown.log)
  }

  // --- for tools

  isSuspended(process: Process): boolean {
    return isSuspended(process)
  }

  isHibernating(process: Process): boolean {
    return (process.rare?.behaviour as ServerIdle | undefined)?.hibernating === true
  }

  /** None for what leads to no callback: the end of its parent, and a timeout that another message has made void. */
  callbackOf(process: Process, message: unknown): Called | undefined {
    const isVoid =
      message instanceof ServerTimeout
        ? !(process.rare?.behaviour as ServerIdle | undefined)?.awaits(message)
        : isParentExit(process, message)
    return isVoid ? undefined : callbackOf(process, message)
  }

  /** A callback that no message led to. */
  #tellCall(process: Process, name: string, argument: unknown): void {
    calling(process, nameOf(process), name, () => [argument, stateOf(process)])
  }

  nameOf(): string {
    return labelOf(this.module)
  }

  initialCallOf(): Arity {
    return [labelOf(this.module), 'init', 1]
  }
}

/** @internal The loop for `module`; one for all its processes. */
export function serverProgramOf(module: object): ServerProgram {
  return programFor(module, (callbacks: Partial<AnyGenServer>) => {
    const wrong = whatIsWrong(callbacks)
    if (wrong !== undefined) throw fault('badarg', wrong)
    return new ServerProgram(callbacks as AnyGenServer)
  })
}

function isValid(options: unknown): options is ResultOptions | undefined {
  if (options === undefined) return true
  if (typeof options !== 'object' || options === null) return false
  const { timeout, hibernate } = options as { readonly timeout?: unknown; readonly hibernate?: unknown }
  return (timeout === undefined || isTimeout(timeout)) && (hibernate === undefined || typeof hibernate === 'boolean')
}
