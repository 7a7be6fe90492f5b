import { fault } from '../../internal/errors.ts'
import type { Ref } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { TIMER_MAX_MS, TimerEntry } from '../../kernel/timer-wheel.ts'
import { currentModule } from '../sys/code.ts'
import { debugEvent, isDebugged } from '../sys/sys-debug.ts'
import type { Action } from './statem-actions.ts'
import { type Callbacks, callbacksOf } from './statem-callbacks.ts'
import { Machine } from './statem-machine.ts'
import type { Timeout, TimeoutClock } from './statem-timeouts.ts'

/** The state machine of a process: what the process keeps as its state. */
export class ServedMachine extends Machine {
  readonly #process: Process
  /** The module that handles the events. */
  callbacks: Callbacks
  /** Those that it was pushed upon, the nearest last. */
  #below: Callbacks[] | undefined
  /** Whether the callback that runs is a state enter call. */
  entering = false
  /** Whether a `CONTINUE` is in the mailbox. */
  continuing = false

  constructor(process: Process, callbacks: Callbacks, state: unknown, data: unknown) {
    super(state, data)
    this.#process = process
    this.callbacks = callbacks
  }

  protected override makeClock(): TimeoutClock {
    this.#process.own({ [Symbol.dispose]: () => this.timeouts?.clear() })
    return new WheelClock(this.#process)
  }

  /** The callback modules, the one in use first. */
  get modules(): readonly object[] {
    return [this.callbacks, ...(this.#below ?? []).toReversed()].map(({ module }) => module)
  }

  /** Whether there is a module to change to, be it a good one or not. */
  canChangeTo({ subject, content }: Action): boolean {
    if (subject === 'pop_callback_module') return this.#below !== undefined && this.#below.length > 0
    return typeof content === 'object' && content !== null
  }

  /** Changes, pushes or pops a module, as it is after upgrades. @throws Fault `badarg` for what is no such module. */
  changeModule({ subject, content }: Action): void {
    if (subject === 'pop_callback_module') {
      this.callbacks = this.#below!.pop()!
      return
    }
    const callbacks = callbacksOf(currentModule(this.#process.node, content as object))
    if (subject === 'push_callback_module') {
      this.#below ??= []
      this.#below.push(this.callbacks)
    }
    this.callbacks = callbacks
  }

  /** Puts `next` in the place of a module that is in use or below; returns what undoes that. */
  replaceModule(module: object, next: Callbacks): () => void {
    if (!this.modules.includes(module)) {
      throw fault('badarg', 'the process does not run the module that is to be replaced')
    }
    const [callbacks, below] = [this.callbacks, this.#below]
    const replaced = (one: Callbacks) => (one.module === module ? next : one)
    this.callbacks = replaced(callbacks)
    this.#below = below?.map(replaced)
    return () => {
      this.callbacks = callbacks
      this.#below = below
    }
  }

  /** What is handled and what waits for it, as OTP's report shows it. */
  get queue(): readonly unknown[] {
    const events = this.event === undefined ? this.ready : [this.event, ...this.ready]
    return events.map(({ term }) => term)
  }

  /** Type and content of the time-outs that run. */
  get runningTimeouts(): readonly unknown[] {
    return (this.timeouts?.list() ?? []).map(({ event }) => event.term)
  }
}

/** What a machine that has handled QUANTUM events in a row sends itself, so that others have their turn. */
export const CONTINUE: unique symbol = Symbol('CONTINUE')

/** The message that tells that the time of a time-out is up; void when it has been cancelled meanwhile. */
export class TimeUp extends TimerEntry {
  readonly owner: Process
  readonly timeout: Timeout

  constructor(process: Process, timeout: Timeout) {
    super()
    this.owner = process
    this.timeout = timeout
  }

  override expire(): void {
    this.owner.deliver(this)
  }

  /** The message of OTP's timer: `{timeout, Ref, Type}`. */
  override get term(): readonly unknown[] {
    const { type, name } = this.timeout
    const ref = refs.get(this) ?? this.owner.node.makeRef()
    refs.set(this, ref)
    return ['timeout', ref, name === undefined ? type : [type, name]]
  }
}

/** What the time-outs are called by, of which somebody has asked. */
const refs = new WeakMap<TimeUp, Ref>()

/** Time-outs as timers of the node, stopped when the process ends. */
class WheelClock implements TimeoutClock {
  readonly #process: Process

  constructor(process: Process) {
    this.#process = process
  }

  start(timeout: Timeout, time: number, absolute: boolean): TimeUp {
    const { node } = this.#process
    const milliseconds = absolute ? Math.max(0, time - node.host.monotonic()) : time
    const timer = new TimeUp(this.#process, timeout)
    node.timers.start(timer, Math.min(milliseconds, TIMER_MAX_MS))
    return timer
  }

  stop(timer: unknown): void {
    this.#process.node.timers.stop(timer as TimeUp)
  }

  starting(action: Action): void {
    if (!isDebugged(this.#process)) return
    const [type, time, content] = action.term as readonly unknown[]
    const started = [type, time, content, action.absolute ? [['abs', true]] : []]
    debugEvent(this.#process, ['start_timer', started, (this.#process.state as ServedMachine).nextState])
  }
}
