import { fault } from '../internal/errors.ts'
import { CALL, Cast, isTimeout } from '../kernel/calls.ts'
import { isOrderly, type Reason, reasonOf } from '../kernel/exit.ts'
import { BUSY, ENDED } from '../kernel/flags.ts'
import { samePid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import type { Program } from '../kernel/program.ts'
import { isRequest } from '../kernel/remote.ts'
import { TimerEntry } from '../kernel/timer-wheel.ts'
import type { AnyGenServer } from './gen-server.ts'
import { type Start, takeName } from './proc-lib.ts'
import { FAILURE, IGNORE, NOREPLY, OK, REPLY, Result, type ResultOptions, STOP, STOP_REPLY } from './results.ts'
import { handleSystem, type SystemServer } from './sys.ts'

type Callback = (this: Process, ...args: unknown[]) => unknown

/** What a server has beside its state; made when the first of it is needed. */
class ServerExtra {
  suspended = false
  timeout: ServerTimeout | undefined
}

/** The message that tells that no message came in time; void once another one did. */
class ServerTimeout extends TimerEntry {
  readonly #process: Process

  constructor(process: Process) {
    super()
    this.#process = process
  }

  override expire(): void {
    this.#process.deliver(this)
  }
}

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
  readonly #module: AnyGenServer
  readonly #calls: Map<string, Callback>
  readonly #casts: Map<string, Callback>

  constructor(module: AnyGenServer) {
    this.#module = module
    this.#calls = new Map(Object.entries(module.handleCall ?? {}) as [string, Callback][])
    this.#casts = new Map(Object.entries(module.handleCast ?? {}) as [string, Callback][])
  }

  start(process: Process): void {
    const start = process.state as Start
    process.state = undefined
    if (!takeName(process, start)) return
    let result: unknown
    try {
      result = (this.#module.init as Callback).apply(process, start.args as unknown[])
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
    return handled
  }

  // --- start

  #initReturned(process: Process, start: Start, result: unknown): void {
    if (result instanceof Result) {
      const { kind, options, reason } = result
      if (kind === OK && isValid(options)) {
        process.state = result.state
        start.settle()
        return this.#proceed(process, options)
      }
      if (kind === IGNORE) return start.refuse(process, 'normal', 'ignore')
      if (kind === STOP) return start.refuse(process, reason, ['error', reason])
      if (kind === FAILURE) return start.refuse(process, 'normal', ['error', reason])
    }
    const bad = ['bad_return_value', termOf(result)]
    start.refuse(process, bad, ['error', bad])
  }

  #initThrew(process: Process, start: Start, thrown: unknown): void {
    if (process.ended) return
    if (isReturned(thrown)) return this.#initReturned(process, start, thrown)
    const reason = reasonOf(thrown)
    start.refuse(process, reason, ['error', reason])
  }

  // --- messages

  #handle(process: Process, message: unknown): void {
    const extra = process.rare?.behaviour as ServerExtra | undefined
    if (extra !== undefined && !this.#admit(process, extra, message)) return
    if (isRequest(message)) {
      if (message.kind !== CALL) return handleSystem(this, process, message)
      const callback = this.#calls.get(message.operation)
      if (callback === undefined) throw fault('function_clause', `handleCall has no ${message.operation}`)
      this.#apply(process, callback.call(process, message.request, message, process.state), message)
    } else if (message instanceof Cast) {
      const callback = this.#casts.get(message.operation)
      if (callback === undefined) throw fault('function_clause', `handleCast has no ${message.operation}`)
      this.#apply(process, callback.call(process, message.request, process.state), message)
    } else this.#handleInfo(process, message)
  }

  #handleInfo(process: Process, message: unknown): void {
    if (process.trapsExits && isParentExit(process, message)) return this.terminate(process, message.reason)
    const callback = this.#module.handleInfo as Callback | undefined
    if (callback !== undefined) return this.#apply(process, callback.call(process, message, process.state), message)
    const details = { pid: process.pid, registered_name: process.rare?.name, message }
    process.node.report({ level: 'warning', label: ['gen_server', 'no_handle_info'], details })
  }

  /** Whether `message` may be handled now: a suspended server takes only system requests and its parent's exit. */
  #admit(process: Process, extra: ServerExtra, message: unknown): boolean {
    if (message instanceof ServerTimeout) {
      if (message !== extra.timeout) return false
      extra.timeout = undefined
      this.#handleInfo(process, 'timeout')
      return false
    }
    if (extra.suspended && !isForSuspended(process, message)) {
      process.putAside(message)
      return false
    }
    if (extra.timeout !== undefined) {
      process.node.timers.stop(extra.timeout)
      extra.timeout = undefined
    }
    return true
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
    } else this.#badReturn(process, result)
  }

  /** As `#apply`, outside the loop that catches. */
  #guarded(process: Process, value: unknown, message: unknown): void {
    try {
      if (value instanceof Result) this.#applyResult(process, value, message)
      else this.#badReturn(process, value)
    } catch (thrown) {
      this.#threw(process, thrown, message)
    }
  }

  #applyResult(process: Process, result: Result, message: unknown): void {
    const { kind } = result
    const call = isRequest(message) ? message : undefined
    if (kind === REPLY && call !== undefined) {
      process.state = result.state
      call.settle(result.value)
    } else if (kind === NOREPLY) process.state = result.state
    else if (kind === STOP) {
      process.state = result.state
      return this.terminate(process, result.reason)
    } else if (kind === STOP_REPLY && call !== undefined) {
      process.state = result.state
      return this.#terminateWith(process, result.reason, () => call.settle(result.value))
    } else return this.#badReturn(process, result)
    const { detail } = result
    if (detail === undefined) return
    if (isValid(detail)) this.#proceed(process, detail)
    else this.#badReturn(process, result)
  }

  /** Carries out the options of a result: `continue` before any message, then the timeout. */
  #proceed(process: Process, options: ResultOptions | undefined): void {
    if (options === undefined || process.ended) return
    if (options.continue !== undefined) {
      const callback = this.#module.handleContinue as Callback | undefined
      try {
        if (callback === undefined) throw fault('function_clause', 'there is no handleContinue')
        this.#apply(process, callback.call(process, options.continue, process.state), undefined)
      } catch (thrown) {
        this.#threw(process, thrown, undefined)
      }
    } else if (options.timeout !== undefined && options.timeout !== Number.POSITIVE_INFINITY) {
      const timeout = new ServerTimeout(process)
      this.#extra(process).timeout = timeout
      if (options.timeout === 0) process.deliver(timeout)
      else process.node.timers.start(timeout, options.timeout)
    }
  }

  #badReturn(process: Process, result: unknown): void {
    this.terminate(process, ['bad_return_value', termOf(result)])
  }

  #threw(process: Process, thrown: unknown, message: unknown): void {
    if (process.ended) return
    if (!isReturned(thrown)) this.terminate(process, reasonOf(thrown), message)
    else if (thrown instanceof Result) this.#guarded(process, thrown, message)
    else this.#badReturn(process, thrown)
  }

  // --- the end

  terminate(process: Process, reason: Reason, lastMessage?: unknown): void {
    this.#terminateWith(process, reason, undefined, lastMessage)
  }

  /** Runs `terminate`, then `farewell`, then ends the process; a crash in `terminate` replaces the reason. */
  #terminateWith(process: Process, reason: Reason, farewell: (() => void) | undefined, lastMessage?: unknown): void {
    const finish = (final: Reason) => {
      farewell?.()
      this.#end(process, final, lastMessage)
    }
    const crashed = (thrown: unknown) => finish(isReturned(thrown) ? reason : reasonOf(thrown))
    const callback = this.#module.terminate as Callback | undefined
    if (callback === undefined) return finish(reason)
    let pending: unknown
    try {
      pending = callback.call(process, reason, process.state)
    } catch (thrown) {
      return process.ended ? undefined : crashed(thrown)
    }
    if (isThenable(pending)) process.suspend(pending, () => finish(reason), crashed)
    else finish(reason)
  }

  #end(process: Process, reason: Reason, lastMessage: unknown): void {
    if (process.ended) return
    if (!isOrderly(reason)) {
      const name = process.rare?.name ?? process.pid
      const last_message = isRequest(lastMessage) ? lastMessage.operation : lastMessage
      const details = { name, reason, last_message, state: process.state }
      process.node.report({ level: 'error', label: ['gen_server', 'terminate'], details })
    }
    process.end(reason)
  }

  // --- sys

  isSuspended(process: Process): boolean {
    return (process.rare?.behaviour as ServerExtra | undefined)?.suspended === true
  }

  setSuspended(process: Process, suspended: boolean): void {
    this.#extra(process).suspended = suspended
    if (!suspended) process.putBack()
  }

  #extra(process: Process): ServerExtra {
    const { extra } = process
    extra.behaviour ??= new ServerExtra()
    return extra.behaviour as ServerExtra
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Whether what was thrown counts as returned, as Erlang's `throw` does in a callback. */
function isReturned(thrown: unknown): boolean {
  return !(thrown instanceof Error)
}

function isValid(options: unknown): options is ResultOptions | undefined {
  if (options === undefined) return true
  const { timeout } = options as ResultOptions
  return timeout === undefined || isTimeout(timeout)
}

function termOf(result: unknown): unknown {
  return result instanceof Result ? result.term : result
}

function isParentExit(process: Process, message: unknown): message is { reason: Reason } {
  if (typeof message !== 'object' || message === null || process.parent === undefined) return false
  const { type, from } = message as { type?: unknown; from?: unknown }
  return type === 'EXIT' && samePid(from as never, process.parent)
}

function isForSuspended(process: Process, message: unknown): boolean {
  if (isRequest(message)) return message.kind !== CALL
  return process.trapsExits && isParentExit(process, message)
}
