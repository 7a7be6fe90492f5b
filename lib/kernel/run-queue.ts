import { Ring } from '../internal/ring.ts'
import type { Host } from './host.ts'
import type { Process } from './process.ts'

/** Processes that are ready, all of one priority. */
export interface RunQueue {
  readonly size: number
  push(process: Process): void
  /** Takes the next one to run; look at `size` first. */
  shift(): Process | undefined
}

/** The queue of a node on `host`: in order, unless the host picks. `capacity` is a power of two. */
export function runQueue(host: Host, capacity: number): RunQueue {
  return host.pick === undefined ? new Ring<Process>(capacity) : new PickedQueue(host as PickingHost)
}

type PickingHost = Host & Required<Pick<Host, 'pick'>>

/**
 * A queue whose next process is picked by the host. Messages between two processes keep their order all the same: they
 * are in the mailbox when the receiver is picked.
 */
class PickedQueue implements RunQueue {
  readonly #host: PickingHost
  readonly #processes: Process[] = []

  constructor(host: PickingHost) {
    this.#host = host
  }

  get size(): number {
    return this.#processes.length
  }

  push(process: Process): void {
    this.#processes.push(process)
  }

  shift(): Process | undefined {
    const last = this.#processes.pop()
    if (last === undefined || this.#processes.length === 0) return last
    const index = this.#host.pick(this.#processes.length + 1)
    const picked = this.#processes[index]
    if (picked === undefined) return last
    this.#processes[index] = last
    return picked
  }
}
