import { countFrom, FLAG, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { type Dispatcher, DispatcherOption, type DispatcherPorts, type Refusal } from './stage-dispatcher.ts'

export interface DemandDispatcherOptions {
  /** The most that a consumer should ask for at once; more is reported. The first demand unless told otherwise. */
  readonly maxDemand?: number
  /** Whether the consumers are put into a random order before the first events. False unless told otherwise. */
  readonly shuffleDemandsOnFirstDispatch?: boolean
}

interface Open<C> {
  readonly consumer: C
  /** Events it has asked for and not got. */
  count: number
}

/** Gives events to the consumer that wants most; of those that want as many, to the one that has waited longest. */
export class DemandDispatcher<E, C> implements Dispatcher<E, C> {
  readonly #ports: DispatcherPorts<E, C>
  /** Whoever wants most comes first. */
  readonly #demands: Open<C>[] = []
  #room = 0
  #maxDemand: number | undefined
  #shuffles: boolean

  constructor(ports: DispatcherPorts<E, C>, options: DemandDispatcherOptions = {}) {
    this.#ports = ports
    this.#maxDemand = options.maxDemand
    this.#shuffles = options.shuffleDemandsOnFirstDispatch ?? false
  }

  get room(): number {
    return this.#room
  }

  subscribe(consumer: C): Refusal | undefined {
    this.#demands.push({ consumer, count: 0 })
    return undefined
  }

  leave(consumer: C): void {
    this.#room -= this.#remove(consumer)?.count ?? 0
  }

  ask(consumer: C, count: number): void {
    this.#maxDemand ??= count
    if (count > this.#maxDemand) {
      const details = { expected: this.#maxDemand, asked: count }
      this.#ports.warn('consumers that ask for more than others at once leave little for them', details)
    }
    const open = this.#remove(consumer)
    if (open === undefined) return
    open.count += count
    this.#room += count
    this.#insert(open)
  }

  dispatch(events: readonly E[]): readonly E[] {
    if (this.#shuffles) this.#shuffle()
    let at = 0
    while (at < events.length) {
      const open = this.#demands[0]
      if (open === undefined || open.count === 0) break
      const taken = Math.min(open.count, events.length - at)
      this.#ports.deliver(open.consumer, taken === events.length ? events : events.slice(at, at + taken))
      at += taken
      open.count -= taken
      this.#room -= taken
      this.#demands.shift()
      this.#insert(open)
    }
    return at === 0 ? events : events.slice(at)
  }

  pass(then: () => void): void {
    then()
  }

  #remove(consumer: C): Open<C> | undefined {
    const index = this.#demands.findIndex((open) => open.consumer === consumer)
    return index < 0 ? undefined : this.#demands.splice(index, 1)[0]
  }

  #insert(open: Open<C>): void {
    const index = this.#demands.findIndex((other) => open.count > other.count)
    if (index < 0) this.#demands.push(open)
    else this.#demands.splice(index, 0, open)
  }

  #shuffle(): void {
    this.#shuffles = false
    const before = this.#demands.splice(0)
    while (before.length > 0) this.#demands.push(...before.splice(this.#ports.below(before.length), 1))
    this.#demands.sort((a, b) => b.count - a.count)
  }
}

const DEMAND: OptionKinds<DemandDispatcherOptions> = {
  maxDemand: countFrom(1, 'events'),
  shuffleDemandsOnFirstDispatch: FLAG,
}

/** The default: events go to the consumer with the highest demand. */
export function demandDispatcher(options?: DemandDispatcherOptions): DispatcherOption<unknown> {
  if (options !== undefined) mustBeOptions('demandDispatcher', options, DEMAND)
  return new DispatcherOption((ports) => new DemandDispatcher(ports, options))
}
