import { OBSERVED } from '../../kernel/flags.ts'
import { nameOf, stateOf } from '../../kernel/message-term.ts'
import { calling } from '../../kernel/observe.ts'
import type { Process } from '../../kernel/process.ts'
import { badReturn } from '../bad-return.ts'
import { andThen, isThenable, type MaybePromise } from '../callback.ts'
import { NO_STATE, NOREPLY, Result, STOP, type Stop, stop } from '../gen-server/results.ts'
import type { Consuming } from './stage-consuming.ts'
import type { Role } from './stage-options.ts'
import type { Producing } from './stage-producing.ts'
import type { StageFrom } from './stage-protocol.ts'
import { type CancelReason, Emitted } from './stage-results.ts'

/** A callback module of any kind of stage, as the stage sees it. */
export interface StageModule {
  readonly init?: unknown
  readonly handleDemand?: unknown
  readonly handleEvents?: unknown
  readonly handleSubscribe?: unknown
  readonly handleCancel?: unknown
  readonly handleCall?: unknown
  readonly handleCast?: unknown
  readonly handleInfo?: unknown
  readonly formatDiscarded?: unknown
  readonly terminate?: unknown
  readonly codeChange?: unknown
  readonly formatStatus?: unknown
  readonly moduleName?: unknown
  readonly vsn?: unknown
}

/** What a step of a stage came to: nothing to be said, or the end of the stage. */
export type Step = Stop<Stage> | undefined

/**
 * What a stage's process has as its state: the callback module and its state, and one part for each side.
 *
 *     producers ──events──>  Consuming ──handleEvents──> ┐
 *               <──demand──                              ├─ emitted ──>  Producing ──events──>  consumers
 *                            handleDemand  <──────────── ┘               (dispatcher, buffer)  <──demand──
 *
 * Steps are carried out at once; only when a callback returns a promise does what follows wait for it, and with it
 * every other message to the stage.
 */
export class Stage {
  readonly process: Process
  /** Another one after a code change. */
  module: StageModule
  readonly role: Role
  state: unknown
  /** The lower side; none of a consumer. */
  producing: Producing | undefined = undefined
  /** The upper side; none of a producer. */
  consuming: Consuming | undefined = undefined

  constructor(process: Process, module: StageModule, role: Role, state: unknown) {
    this.process = process
    this.module = module
    this.role = role
    this.state = state
  }

  /** Whether the module has a callback. */
  has(callback: keyof StageModule): boolean {
    return typeof this.module[callback] === 'function'
  }

  /** Calls a callback of the module with `args` and the state. A value that it throws counts as returned. */
  callback(name: keyof StageModule, ...args: readonly unknown[]): MaybePromise<unknown> {
    return this.invoke(name, this.module[name] as Callback, ...args)
  }

  invoke(name: string, callback: Callback, ...args: readonly unknown[]): MaybePromise<unknown> {
    if ((this.process.flags & OBSERVED) !== 0) this.#tellCall(name, args)
    return attempt(() => callback.call(this.process, ...args, this.state))
  }

  /** With the state as it is shown: until `init` has been dealt with, the stage is not yet that of the process. */
  #tellCall(name: string, args: readonly unknown[]): void {
    const { process } = this
    const state = () => (process.state === this ? stateOf(process) : this.state)
    calling(process, nameOf(process), name, () => [...args, state()])
  }

  /** Applies what a callback other than handleCall returned. */
  apply(result: unknown): Step {
    if (result instanceof Emitted && result.reply === undefined) {
      this.state = result.state
      return this.emit(result.events) ? undefined : this.badReturn(result.term)
    }
    if (result instanceof Result) {
      if (result.kind === STOP && result.state !== NO_STATE) {
        this.state = result.state
        return stop(result.reason, this)
      }
      const { timeout, continue: next } = result.options ?? {}
      if (result.kind === NOREPLY && timeout === undefined && next === undefined) {
        this.state = result.state
        return undefined
      }
    }
    return this.badReturn(result instanceof Result ? result.term : result)
  }

  /** Applies what handleSubscribe returned when it is no mode: it may only end the stage. */
  refused(result: unknown): Step {
    if (result instanceof Result) return result.kind === STOP ? this.apply(result) : this.badReturn(result.term)
    return this.badReturn(result instanceof Emitted ? result.term : result)
  }

  badReturn(term: unknown): Step {
    return stop(badReturn(term, WHAT_STAGES_RETURN), this)
  }

  /** Calls a callback that may emit, and applies what it returns. */
  run(name: keyof StageModule, ...args: readonly unknown[]): MaybePromise<Step> {
    return andThen(this.callback(name, ...args), (result) => this.apply(result))
  }

  /** Hands events to the lower side; false when they are no list. */
  emit(events: readonly unknown[]): boolean {
    if (!Array.isArray(events)) return false
    if (events.length === 0) return true
    if (this.producing !== undefined) this.producing.emit(events)
    else this.report('error', 'consumer_emitted', { discarded: events.length })
    return true
  }

  /** `handleCancel`, for the end of a subscription of either side. */
  cancelled(why: CancelReason, from: StageFrom): MaybePromise<Step> {
    return this.has('handleCancel') ? this.run('handleCancel', why, from) : undefined
  }

  /** Has a message handled that was to wait for the events before it. */
  sendSelf(message: unknown): void {
    this.process.send(this.process.pid, message)
  }

  /** Has the stage come back to something of its own: no message that anybody traces, and none that may get lost. */
  remind(own: unknown): void {
    if (!this.process.ended) this.process.accept(own)
  }

  report(level: 'info' | 'warning' | 'error', what: string, details: object): void {
    const name = this.process.rare?.name ?? this.process.pid
    this.process.node.report({ level, label: ['gen_stage', what], details: { name, ...details } })
  }
}

const WHAT_STAGES_RETURN =
  'a stage returns emit([...events], state), noreply(state) or stop(reason, state); handleCall also reply and ' +
  'replyEmit; handleSubscribe automatic(state), manual(state) of a consumer, or stop(reason, state)'

type Callback = (this: Process, ...args: unknown[]) => unknown

/** What a callback returns, or throws as Erlang's `throw` does: no error. */
export function attempt(call: () => unknown): MaybePromise<unknown> {
  try {
    const result = call()
    return isThenable(result) ? Promise.resolve(result).catch(returned) : result
  } catch (thrown) {
    return returned(thrown)
  }
}

function returned(thrown: unknown): unknown {
  if (thrown instanceof Error) throw thrown
  return thrown
}

/** Takes steps as long as there is a next one and none ends the stage. */
export function steps(next: () => (() => MaybePromise<Step>) | undefined): MaybePromise<Step> {
  for (let take = next(); take !== undefined; take = next()) {
    const step = take()
    if (isThenable(step)) return step.then((ended) => ended ?? steps(next))
    if (step !== undefined) return step
  }
  return undefined
}
