import { isTimeout } from '../../kernel/options.ts'
import { equalTerms } from '../../kernel/term.ts'
import { TIMER_MAX_MS } from '../../kernel/timer-wheel.ts'
import { type Action, NEXT_EVENT, POSTPONE, TIMEOUT } from './statem-actions.ts'
import { EventRecord, isFrom } from './statem-event.ts'
import { type TimeoutClock, Timeouts } from './statem-timeouts.ts'

/**
 * The core of a state machine: which event comes next, and what an event that was handled does to the queue. It knows
 * no process, no mailbox and no module.
 *
 *     begin(event) ──> goTo(state, data), plan(action) ... ──> commit()
 *
 *     next():   ready                                         time-outs of 0      then the mailbox, which is not here
 *               ┌──────────┬──────────────┬────────────────┐  ┌─────────────┐
 *               │ inserted │ postponed    │ what was ready │  │ oldest      │
 *               │ by it    │ before, when │ before         │  │ first       │
 *               │          │ it changed   │                │  │             │
 *               └──────────┴──────────────┴────────────────┘  └─────────────┘
 *
 * Until `commit` nothing of what an event asks for has happened: state, queue and time-outs are as they were.
 */
export abstract class Machine {
  state: unknown
  data: unknown
  /** The event that is being handled. */
  event: EventRecord | undefined = undefined
  /** State and data as that event leaves them. */
  nextState: unknown
  nextData: unknown
  #planned: Plan | undefined = undefined
  /** The next one last, so that taking and inserting are at the cheap end. */
  #ready: EventRecord[] | undefined = undefined
  /** The oldest first. */
  #postponed: EventRecord[] | undefined = undefined
  #timeouts: Timeouts | undefined = undefined

  constructor(state: unknown, data: unknown) {
    this.state = state
    this.data = data
    this.nextState = state
    this.nextData = data
  }

  /** Called when the first time-out is started. */
  protected abstract makeClock(): TimeoutClock

  get timeouts(): Timeouts | undefined {
    return this.#timeouts
  }

  get postponed(): readonly EventRecord[] {
    return this.#postponed ?? []
  }

  /** The events that are to be handled before any message, the next one first. */
  get ready(): readonly EventRecord[] {
    return this.#ready === undefined ? [] : [...this.#ready].reverse()
  }

  get hasReady(): boolean {
    return this.#ready !== undefined && this.#ready.length > 0
  }

  get hasNext(): boolean {
    return this.hasReady || this.#timeouts?.hasQueued === true
  }

  /** Takes the next event that is at hand without a look at the mailbox. */
  next(): EventRecord | undefined {
    return this.#ready?.pop() ?? this.#timeouts?.takeQueued()?.event
  }

  /** `event` is being handled from now on. */
  begin(event: EventRecord): void {
    this.event = event
    this.nextState = this.state
    this.nextData = this.data
    this.#planned = undefined
  }

  goTo(state: unknown, data: unknown): void {
    this.nextState = state
    this.nextData = data
  }

  /** Whether `state` is the one that the event leads to as far as it has been handled. */
  isNext(state: unknown): boolean {
    return state === this.nextState || equalTerms(state, this.nextState)
  }

  /** Whether the event that is being handled is to be postponed. */
  get isPostponing(): boolean {
    return this.#planned?.postpone === true
  }

  /** Another state and other data from outside, between two events: nothing else changes. */
  become(state: unknown, data: unknown): void {
    this.state = state
    this.data = data
  }

  /** The event ends the machine: it is left in the state that the event led to, with `data` if it is given. */
  settleFor(data: unknown): void {
    this.state = this.nextState
    this.data = data === undefined ? this.nextData : data
  }

  /**
   * Takes down an action on events and time-outs; `entering` tells that it comes from a state enter call, which may
   * neither postpone nor insert. Returns what is wrong with it.
   */
  plan(action: Action, entering: boolean): 'bad_action' | 'bad_state_enter_action' | undefined {
    const { kind, content } = action
    if (kind === POSTPONE) {
      if (entering && content === true) return 'bad_state_enter_action'
      this.#plan().postpone = content === true
    } else if (kind === NEXT_EVENT) {
      if (entering) return 'bad_state_enter_action'
      if (!isInsertable(content)) return 'bad_action'
      this.#plan().inserted.push(content)
    } else if (kind === TIMEOUT) {
      if (!isTime(action)) return 'bad_action'
      this.#plan().timeouts.push(action)
    }
    return undefined
  }

  #plan(): Plan {
    this.#planned ??= new Plan()
    return this.#planned
  }

  /** The event has been handled: what was planned happens. Returns whether the state has changed. */
  commit(): boolean {
    const plan = this.#planned
    const changed = !this.isNext(this.state)
    if (plan?.postpone) this.#postponed = push(this.#postponed, this.event!)
    if (changed && this.#postponed !== undefined) this.#putBackPostponed()
    this.#timeouts?.handled(changed)
    if (plan !== undefined) this.#carryOut(plan)
    this.state = this.nextState
    this.data = this.nextData
    this.event = undefined
    return changed
  }

  #putBackPostponed(): void {
    const postponed = this.#postponed!
    this.#postponed = undefined
    this.#insert(postponed)
  }

  #carryOut(plan: Plan): void {
    this.#planned = undefined
    if (plan.timeouts.length > 0) {
      this.#timeouts ??= new Timeouts(this.makeClock())
      this.#timeouts.apply(plan.timeouts)
    }
    this.#insert(plan.inserted)
  }

  /** Puts `events`, the first of them first, in front of what is ready. */
  #insert(events: readonly EventRecord[]): void {
    for (let i = events.length - 1; i >= 0; i--) this.#ready = push(this.#ready, events[i]!)
  }
}

/** What the actions of one event ask for. Few events have any: made for the first of them. */
class Plan {
  postpone = false
  readonly inserted: EventRecord[] = []
  readonly timeouts: Action[] = []
}

function push(events: EventRecord[] | undefined, event: EventRecord): EventRecord[] {
  if (events === undefined) return [event]
  events.push(event)
  return events
}

const INSERTABLE: readonly string[] = ['call', 'cast', 'info', 'internal', 'timeout', 'state_timeout']

function isInsertable(event: unknown): event is EventRecord {
  if (!(event instanceof EventRecord) || !INSERTABLE.includes(event.type)) return false
  return event.type !== 'call' || isFrom(event.from)
}

/** Whether a time-out's time is one: whole milliseconds or, for a point in time, any number. */
function isTime({ time, absolute }: Action): boolean {
  if (time === 'cancel' || time === Number.POSITIVE_INFINITY) return true
  if (absolute) return typeof time === 'number' && Number.isFinite(time)
  return time === 'update' || (isTimeout(time) && time <= TIMER_MAX_MS)
}
