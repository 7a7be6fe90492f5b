/** Some events to handle, and how many more to ask for afterwards. */
export interface Batch {
  readonly events: readonly unknown[]
  readonly ask: number
}

/**
 * What a consumer has asked one producer for and not got: it asks for `max` at first, and again up to `max` whenever no
 * more than `min` are on their way. Events come in batches of at most `max - min`, so that it asks in time:
 *
 *     max 10, min 5       10 asked, 10 come ──> [5 events, ask 5] [5 events, ask 5]
 */
export class ConsumerDemand {
  readonly max: number
  readonly min: number
  #pending: number

  constructor(max: number, min: number) {
    this.max = max
    this.min = min
    this.#pending = max
  }

  /** Cuts events that came into batches; `excess` tells how many of them had not been asked for. */
  take(events: readonly unknown[]): { readonly batches: readonly Batch[]; readonly excess: number } {
    const excess = Math.max(0, events.length - this.#pending)
    let demanded = events.length - excess
    const batches: Batch[] = []
    const size = this.max - this.min
    for (let at = 0; at < events.length; at += size) {
      const batch = at === 0 && events.length <= size ? events : events.slice(at, at + size)
      const used = Math.min(batch.length, demanded)
      demanded -= used
      this.#pending -= used
      const ask = this.#pending <= this.min ? this.max - this.#pending : 0
      this.#pending += ask
      batches.push({ events: batch, ask })
    }
    return { batches, excess }
  }
}
