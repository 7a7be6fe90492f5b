import type { Reason } from '../../kernel/exit.ts'

/**
 * Who gets which events. A dispatcher knows what each consumer has asked for and has not got yet; it never sends more.
 * It is a pure state machine: what it does to the world goes through its ports, and it knows nothing of processes, so
 * its rules are tested alone.
 *
 *     room          events that `dispatch` would take now; what it does not take, the stage keeps
 *     ask           a consumer wants more: room grows
 *     dispatch      hands out events, oldest first, as far as there is room, and gives back the rest
 *     pass          a marker that is not to overtake the events dispatched before it
 *
 * The stage asks its source for `room` less what it has asked for already, so that a consumer's demand is never asked
 * for twice, also when another consumer left whose events are still on their way.
 */
export interface Dispatcher<E, C> {
  readonly room: number
  /** A new consumer, with the options of its subscription; why not, when it is refused. */
  subscribe(consumer: C, options: object): Refusal | undefined
  /** The consumer is gone. */
  leave(consumer: C): void
  ask(consumer: C, count: number): void
  dispatch(events: readonly E[]): readonly E[]
  /** Calls `then` when everything dispatched before has been delivered: mostly now. */
  pass(then: () => void): void
}

export type Refusal = readonly ['error', Reason]

/** What a dispatcher does to the world. */
export interface DispatcherPorts<E, C> {
  /** Sends events, at least one, to a consumer. */
  deliver(consumer: C, events: readonly E[]): void
  /** Room has grown though nobody asked: the stage is to look, in a turn of its own. */
  grown(): void
  /** Whether two consumers are subscriptions of one process. */
  isSame(a: C, b: C): boolean
  /** A random whole number from 0 to below `bound`. */
  below(bound: number): number
  warn(what: string, details: object): void
}

/** A dispatcher, as `init` names it: each stage makes its own. */
export class DispatcherOption<in E> {
  readonly #create: <C>(ports: DispatcherPorts<never, C>) => Dispatcher<never, C>
  /** Never there: for the compiler only. */
  declare readonly events?: (event: E) => void

  constructor(create: <C>(ports: DispatcherPorts<never, C>) => Dispatcher<never, C>) {
    this.#create = create
  }

  /** @internal */
  create<C>(ports: DispatcherPorts<unknown, C>): Dispatcher<unknown, C> {
    return this.#create(ports) as Dispatcher<unknown, C>
  }
}
