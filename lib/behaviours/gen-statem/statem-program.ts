import { type FaultCode, fault } from '../../internal/errors.ts'
import { QUANTUM } from '../../internal/limits.ts'
import type { Request } from '../../kernel/calls.ts'
import { describe, type ExitMessage, isOrderly, type Reason, reasonOf } from '../../kernel/exit.ts'
import { BUSY, ENDED, OBSERVED } from '../../kernel/flags.ts'
import { type Arity, nameOf } from '../../kernel/message-term.ts'
import { calling } from '../../kernel/observe.ts'
import type { Process } from '../../kernel/process.ts'
import type { Program } from '../../kernel/program.ts'
import { rawProgram } from '../../kernel/raw.ts'
import { isReturned, isThenable } from '../callback.ts'
import { FAILURE, IGNORE, NO_STATE, Result, STOP } from '../gen-server/results.ts'
import { type Start, takeName } from '../proc-lib/start.ts'
import { programFor } from '../sys/code.ts'
import { debugEvent, isDebugged, isSuspended } from '../sys/sys-debug.ts'
import { type CodeChange, handleSystem, type SystemServer, type UndoCodeChange } from '../sys/system-server.ts'
import { Action, eventTimeout, HIBERNATE, MODULE, NEXT_EVENT, postpone, REPLY } from './statem-actions.ts'
import { type Callback, type Callbacks, callbacksOf } from './statem-callbacks.ts'
import { EventRecord, isFrom } from './statem-event.ts'
import { decode, isForSuspended } from './statem-messages.ts'
import {
  INIT,
  KEEP_STATE,
  NEXT_STATE,
  Outcome,
  REPEAT_STATE,
  REPEAT_STATE_AND_DATA,
  STOP_AND_REPLY,
} from './statem-results.ts'
import { CONTINUE, ServedMachine } from './statem-served.ts'
import { labelOf, reportEnd, reportMachine, statusOfMachine, termOf } from './statem-status.ts'
import { changeMachine } from './statem-upgrade.ts'

/**
 * The loop of a state machine, one for each callback module. What an event does to the queue is in statem-machine.ts;
 * here are the callbacks, what they return, and the world: mailbox, replies, timers, the end. From gen_statem.erl:
 *
 *     init ──> begin(init) ──┐
 *                            v
 *     next event ──> begin ──> callback ──> result ──> actions ──┬──> commit ──> next event
 *     (ready, time-outs of 0,      │                       ^     │
 *      then the mailbox)           │                       │     └ the state is entered: enter call, its actions
 *                                  └ stop, throw, bad result or action ──> terminate ──> end
 *
 * A callback that returns a promise suspends the process until it is settled; one that does not costs no promise.
 */
export class StatemProgram implements Program, SystemServer {
  readonly behaviour = 'gen_statem'
  readonly #callbacks: Callbacks

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks
  }

  start(process: Process): void {
    const start = process.state as Start
    process.state = undefined
    if (!takeName(process, start)) return
    let result: unknown
    try {
      result = (this.#callbacks.module.init as Callback).apply(process, start.args as unknown[])
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
    const machine = process.state as ServedMachine
    let handled = 0
    if (machine.hasNext && !this.#drain(process, machine)) return machine.continuing ? QUANTUM : 1
    while (handled < quantum && process.waiting > 0) {
      handled++
      const event = this.#eventOf(process, machine, process.take())
      if (event !== undefined) this.#handle(process, machine, event)
      if ((process.flags & (BUSY | ENDED)) !== 0 || (machine.hasNext && !this.#drain(process, machine))) break
    }
    return machine.continuing ? QUANTUM : handled
  }

  // --- start

  #initReturned(process: Process, start: Start, result: unknown): void {
    if (result instanceof Outcome && result.kind === INIT) {
      start.settle()
      return this.#enter(process, result.state, result.data, result.actions)
    }
    if (result instanceof Result) {
      const { kind, reason } = result
      if (kind === IGNORE) return start.refuse(process, 'normal', 'ignore')
      if (kind === STOP) return start.refuse(process, reason, ['error', reason])
      if (kind === FAILURE) return start.refuse(process, 'normal', ['error', reason])
    }
    this.#refuseStart(process, start, ['bad_return_from_init', termOf(result)])
  }

  #initThrew(process: Process, start: Start, thrown: unknown): void {
    if (process.ended) return
    if (isReturned(thrown)) return this.#initReturned(process, start, thrown)
    this.#refuseStart(process, start, reasonOf(thrown), thrown)
  }

  /** What `init` threw or should not have returned: reported as the end of a machine without state and data. */
  #refuseStart(process: Process, start: Start, reason: Reason, thrown?: unknown): void {
    reportMachine(process, new ServedMachine(process, this.#callbacks, undefined, undefined), reason, thrown)
    start.refuse(process, reason, ['error', reason], thrown)
  }

  /** A process that has begun as a function becomes a state machine of this module (`enter_loop`). */
  enterLoop(process: Process, state: unknown, data: unknown, actions: unknown): void {
    if (process.program !== rawProgram)
      throw fault('badarg', 'only a process that runs a function can become a machine')
    process.program = this
    process.flags &= ~BUSY
    this.#enter(process, state, data, actions)
    process.putBack()
    process.wake()
  }

  /** The process is a state machine from now on. */
  #enter(process: Process, state: unknown, data: unknown, actions: unknown): void {
    const machine = new ServedMachine(process, this.#callbacks, state, data)
    process.state = machine
    if (isDebugged(process)) debugEvent(process, ['enter', this.#callbacks.module, state])
    machine.begin(INIT_EVENT)
    // Before the first event there is none to postpone.
    this.#conclude(process, machine, actions === undefined ? actions : [actions, postpone(false)].flat(), true)
    this.#drain(process, machine)
  }

  // --- events

  /** Handles what is at hand without the mailbox; false when the mailbox has to wait. */
  #drain(process: Process, machine: ServedMachine): boolean {
    for (let budget = QUANTUM; ; budget--) {
      if ((process.flags & (BUSY | ENDED)) !== 0) return false
      if (!machine.hasNext) return true
      if (budget === 0) break
      const isTold = machine.hasReady || !isDebugged(process)
      const event = machine.next()!
      if (!isTold) debugEvent(process, ['in', event.term, machine.state])
      this.#handle(process, machine, event)
    }
    if (!machine.continuing) process.accept(CONTINUE)
    machine.continuing = true
    return false
  }

  /** The event that a message is, or undefined when it is none: it has then been dealt with. */
  #eventOf(process: Process, machine: ServedMachine, message: unknown): EventRecord | undefined {
    if (process.rare?.system !== undefined && isSuspended(process) && !isForSuspended(process, message)) {
      process.putAside(message)
      return undefined
    }
    const event = decode(process, machine, message)
    if (event === 'system') handleSystem(this, process, message as Request)
    else if (event === 'parent') this.terminate(process, (message as ExitMessage).reason)
    else if (event !== undefined) {
      if (isDebugged(process)) debugEvent(process, ['in', event.term, machine.state])
      return event
    }
    return undefined
  }

  #handle(process: Process, machine: ServedMachine, event: EventRecord): void {
    machine.begin(event)
    machine.entering = false
    this.#call(process, machine, event)
  }

  /** Calls the callback of the state that the event has led to so far. */
  #call(process: Process, machine: ServedMachine, event: EventRecord): void {
    if ((process.flags & OBSERVED) !== 0) this.#tellCall(process, machine, event)
    let result: unknown
    try {
      result = machine.callbacks.handle(process, event, machine.nextState, machine.nextData)
    } catch (thrown) {
      return this.#threw(process, machine, thrown)
    }
    if (!isThenable(result)) return this.#returned(process, machine, result)
    process.suspend(
      result,
      (value) => {
        this.#returned(process, machine, value)
        this.#drain(process, machine)
      },
      (thrown) => {
        this.#threw(process, machine, thrown)
        this.#drain(process, machine)
      },
    )
  }

  #threw(process: Process, machine: ServedMachine, thrown: unknown): void {
    if (process.ended) return
    if (isReturned(thrown)) this.#returned(process, machine, thrown)
    else this.#terminateWith(process, reasonOf(thrown), thrown)
  }

  // --- results

  #returned(process: Process, machine: ServedMachine, result: unknown): void {
    if (process.ended) return
    if (result instanceof Outcome && result.kind !== INIT) this.#apply(process, machine, result)
    else if (result instanceof Result && result.kind === STOP) {
      machine.settleFor(result.state === NO_STATE ? undefined : result.state)
      this.terminate(process, result.reason)
    } else this.#refuse(process, machine, 'bad_return_from_state_function', termOf(result))
  }

  #apply(process: Process, machine: ServedMachine, result: Outcome): void {
    const { kind, state, data, actions } = result
    let enters = kind === REPEAT_STATE || kind === REPEAT_STATE_AND_DATA
    if (kind === NEXT_STATE) {
      enters = !machine.isNext(state)
      if (enters && machine.entering) {
        return this.#refuse(process, machine, 'bad_state_enter_return_from_state_function', termOf(result))
      }
      machine.goTo(state, data)
    } else if (kind === KEEP_STATE || kind === REPEAT_STATE) machine.goTo(machine.nextState, data)
    else if (kind === STOP_AND_REPLY) return this.#stopAndReply(process, machine, result)
    this.#conclude(process, machine, actions, enters)
  }

  /** Carries out the actions, enters the state if need be, and commits. */
  #conclude(process: Process, machine: ServedMachine, actions: unknown, enters: boolean): void {
    if (actions !== undefined) {
      for (const action of Array.isArray(actions) ? actions : [actions]) {
        if (!this.#act(process, machine, action)) return
      }
    }
    if (enters && machine.callbacks.stateEnter) {
      machine.entering = true
      return this.#call(process, machine, new EventRecord('enter', machine.state))
    }
    if (isDebugged(process)) this.#tellConsumed(process, machine)
    machine.commit()
  }

  /** Carries out one action, or takes it down for the commit; false when it was a bad one, and the end. */
  #act(process: Process, machine: ServedMachine, given: unknown): boolean {
    const { entering } = machine
    const action: unknown = typeof given === 'number' ? eventTimeout(given, given) : given
    let wrong: 'bad_action' | 'bad_state_enter_action' | undefined
    if (!(action instanceof Action)) wrong = 'bad_action'
    else if (action.kind === REPLY) wrong = this.#reply(process, action) ? undefined : 'bad_action'
    else if (action.kind === MODULE) {
      if (!machine.canChangeTo(action)) wrong = 'bad_action'
      else if (entering) wrong = 'bad_state_enter_action'
      else return this.#changeModule(process, machine, action)
    } else if (action.kind !== HIBERNATE) wrong = machine.plan(action, entering)
    if (wrong === undefined && isDebugged(process)) this.#tellInserted(process, machine, action as Action)
    if (wrong !== undefined) this.#refuse(process, machine, `${wrong}_from_state_function`, termOf(given))
    return wrong === undefined
  }

  #reply(process: Process, { subject, content }: Action): boolean {
    if (!isFrom(subject)) return false
    process.node.reply(subject, content)
    if (isDebugged(process)) debugEvent(process, ['out', content, subject])
    return true
  }

  #changeModule(process: Process, machine: ServedMachine, action: Action): boolean {
    try {
      machine.changeModule(action)
    } catch (thrown) {
      machine.settleFor(undefined)
      this.#terminateWith(process, reasonOf(thrown), thrown)
      return false
    }
    if (isDebugged(process)) debugEvent(process, ['module', machine.callbacks.module, machine.nextState])
    return true
  }

  #stopAndReply(process: Process, machine: ServedMachine, { state: reason, data, actions: replies }: Outcome): void {
    if (data !== undefined) machine.goTo(machine.nextState, data)
    machine.settleFor(undefined)
    for (const answer of Array.isArray(replies) ? replies : [replies]) {
      if (!(answer instanceof Action) || answer.kind !== REPLY || !this.#reply(process, answer)) {
        return this.#refuse(process, machine, 'bad_reply_action_from_state_function', termOf(answer))
      }
    }
    this.terminate(process, reason)
  }

  #refuse(process: Process, machine: ServedMachine, code: FaultCode, term: unknown): void {
    machine.settleFor(undefined)
    this.terminate(process, fault(code, describe(term), { cause: term }))
  }

  #tellInserted(process: Process, machine: ServedMachine, { kind, content }: Action): void {
    if (kind === NEXT_EVENT) debugEvent(process, ['in', (content as EventRecord).term, machine.nextState])
  }

  #tellConsumed(process: Process, machine: ServedMachine): void {
    const { event, state, nextState, isPostponing } = machine
    debugEvent(process, [isPostponing ? 'postpone' : 'consume', event!.term, state, nextState])
  }

  // --- the end

  terminate(process: Process, reason: Reason): void {
    this.#terminateWith(process, reason, undefined)
  }

  /** Runs `terminate`, then ends the process; a crash in `terminate` replaces the reason. */
  #terminateWith(process: Process, reason: Reason, thrown: unknown): void {
    const machine = process.state as ServedMachine
    const finish = () => this.#end(process, machine, reason, thrown)
    const crashed = (later: unknown) => {
      if (isReturned(later)) finish()
      else this.#end(process, machine, reasonOf(later), later, true)
    }
    const callback = machine.callbacks.terminate
    if (callback === undefined) return finish()
    if ((process.flags & OBSERVED) !== 0) {
      calling(process, nameOf(process), 'terminate', () => [reason, machine.state, machine.data])
    }
    let pending: unknown
    try {
      pending = callback.call(process, reason, machine.state, machine.data)
    } catch (later) {
      return process.ended ? undefined : crashed(later)
    }
    if (isThenable(pending)) process.suspend(pending, finish, crashed)
    else finish()
  }

  /** An end by an error in `terminate` is reported in any case, as in OTP. */
  #end(process: Process, machine: ServedMachine, reason: Reason, thrown: unknown, isByTerminate = false): void {
    if (process.ended) return
    if (isByTerminate || !isOrderly(reason)) reportEnd(process, machine, reason, thrown)
    else if (isDebugged(process)) debugEvent(process, ['terminate', reason, machine.state])
    process.end(reason)
  }

  // --- sys

  modulesOf(process: Process): readonly object[] {
    const machine = process.state
    return machine instanceof ServedMachine ? machine.modules : [this.#callbacks.module]
  }

  getState(process: Process): readonly [unknown, unknown] {
    const { state, data } = process.state as ServedMachine
    return [state, data]
  }

  replaceState(process: Process, change: (state: unknown) => unknown): unknown {
    const machine = process.state as ServedMachine
    const [state, data] = change([machine.state, machine.data]) as readonly [unknown, unknown]
    machine.become(state, data)
    return [state, data]
  }

  changeCode(process: Process, change: CodeChange): UndoCodeChange | PromiseLike<UndoCodeChange> {
    return changeMachine(process, process.state as ServedMachine, change)
  }

  programOf(module: object): StatemProgram {
    return statemProgramOf(module)
  }

  formatStatus(process: Process): readonly unknown[] {
    return statusOfMachine(process, process.state as ServedMachine)
  }

  // --- for tools

  stateOf(process: Process): readonly [unknown, unknown] | undefined {
    return process.state instanceof ServedMachine ? this.getState(process) : undefined
  }

  readonly stateLevels = 1

  /** One message may lead to several callbacks, or to none: each is told when it is called. */
  callbackOf(): undefined {
    return undefined
  }

  /** As OTP calls it: `state(type, content, data)` or `handle_event(type, content, state, data)`. */
  #tellCall(process: Process, { callbacks, nextState, nextData }: ServedMachine, { term }: EventRecord): void {
    if (callbacks.mode === 'handle_event_function') {
      calling(process, nameOf(process), 'handleEvent', () => [...term, nextState, nextData])
    } else {
      const name = typeof nextState === 'string' ? nextState : describe(nextState)
      calling(process, nameOf(process), name, () => [...term, nextData])
    }
  }

  nameOf(process: Process): string {
    const machine = process.state
    return labelOf(machine instanceof ServedMachine ? machine.callbacks.module : this.#callbacks.module)
  }

  initialCallOf(): Arity {
    return [labelOf(this.#callbacks.module), 'init', 1]
  }
}

const INIT_EVENT = new EventRecord('internal', 'init_state')

/** @internal The loop for `module`; one for all its processes. @throws Fault `badarg` when it is no such module. */
export function statemProgramOf(module: object): StatemProgram {
  return programFor(module, (callbacks) => new StatemProgram(callbacksOf(callbacks)))
}
