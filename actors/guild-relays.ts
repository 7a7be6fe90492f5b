import { RELAY_LAG_EVENTS } from '../lib/internal/limits.ts'
import type { Context } from '../lib/kernel/context.ts'
import { type Pid, type Ref, samePid } from '../lib/kernel/pid.ts'
import type { Position } from '../lib/storage/port.ts'
import { isAfter, type Link } from './position.ts'
import type { StreamMessage } from './stream.ts'

interface Subscriber {
  readonly relay: Pid
  readonly stream: number
  readonly monitor: Ref
  /** Up to here it has said that it has everything. */
  acknowledged: Position
  /** Events sent since then. */
  lag: number
}

type Process = Pick<Context, 'send' | 'monitor' | 'demonitor'>

/** The relays that follow a guild, each monitored: one whose node is lost is forgotten, and subscribes again. */
export class GuildRelays {
  #subscribers: Subscriber[] = []

  get size(): number {
    return this.#subscribers.length
  }

  /** Has the relay get everything that is published from now on. Its earlier subscription ends. */
  add(process: Process, relay: Pid, stream: number, position: Position): void {
    this.#remove(process, (other) => samePid(other.relay, relay))
    const monitor = process.monitor(relay)
    this.#subscribers.push({ relay, stream, monitor, acknowledged: position, lag: 0 })
  }

  /** Whether `stream` is what the relay follows at present. */
  follows(relay: Pid, stream: number): boolean {
    return this.#subscribers.some((other) => other.stream === stream && samePid(other.relay, relay))
  }

  /** The monitor with this ref has fired. */
  down(ref: Ref): void {
    this.#subscribers = this.#subscribers.filter((other) => other.monitor !== ref)
  }

  publish(process: Process, link: Link): void {
    for (const subscriber of this.#subscribers) {
      subscriber.lag++
      this.#send(process, subscriber, { type: 'event', stream: subscriber.stream, ...link })
    }
    this.#cutLaggards(process)
  }

  publishEphemeral(process: Process, name: string, data: string): void {
    for (const subscriber of this.#subscribers) {
      this.#send(process, subscriber, { type: 'ephemeral', stream: subscriber.stream, name, data })
    }
  }

  acknowledge(relay: Pid, position: Position): void {
    const subscriber = this.#subscribers.find((other) => samePid(other.relay, relay))
    if (subscriber === undefined || !isAfter(position, subscriber.acknowledged)) return
    subscriber.acknowledged = position
    subscriber.lag = 0
  }

  /** Up to here all relays have everything: `head` when there are none. */
  published(head: Position): Position {
    let least = head
    for (const { acknowledged } of this.#subscribers) if (isAfter(least, acknowledged)) least = acknowledged
    return least
  }

  #cutLaggards(process: Process): void {
    const isLate = (subscriber: Subscriber) => subscriber.lag > RELAY_LAG_EVENTS
    if (!this.#subscribers.some(isLate)) return
    for (const subscriber of this.#subscribers.filter(isLate)) {
      this.#send(process, subscriber, { type: 'cut', stream: subscriber.stream })
    }
    this.#remove(process, isLate)
  }

  #remove(process: Process, matches: (subscriber: Subscriber) => boolean): void {
    for (const { monitor } of this.#subscribers.filter(matches)) process.demonitor(monitor, { flush: true })
    this.#subscribers = this.#subscribers.filter((subscriber) => !matches(subscriber))
  }

  #send(process: Process, { relay }: Subscriber, message: StreamMessage): void {
    process.send(relay, message)
  }
}
