import type { EventStream, PersistedEvent } from './nact.ts'

/** What of an actor's events is asked for: those with numbers above `offset`, at most `limit`, with all of `tags`. */
export interface EventQuery {
  readonly key: string
  readonly offset: number
  readonly limit: number
  readonly tags: readonly string[]
}

/** The events with numbers from `from` on in their order, page by page. */
export type EventPages = (key: string, from: number) => AsyncIterable<readonly PersistedEvent[]>

/** nact's stream of events, read anew, a page in memory at a time, whenever it is awaited or reduced. */
export function eventStream(pages: EventPages, query: EventQuery): EventStream {
  const read = () => selected(pages(query.key, query.offset + 1), query)
  return {
    // biome-ignore lint/suspicious/noThenProperty: nact's EventStream is a PromiseLike by its type
    then: (resolve, reject) => collected(read()).then(resolve as never, reject),
    reduce: (step, initial) => reduced(read(), step, initial),
  } as EventStream
}

async function* selected(
  pages: AsyncIterable<readonly PersistedEvent[]>,
  { limit, tags }: EventQuery,
): AsyncGenerator<readonly PersistedEvent[]> {
  let left = limit
  if (left <= 0) return
  for await (const page of pages) {
    const wanted = page.filter((event) => tags.every((tag) => event.tags.includes(tag))).slice(0, left)
    yield wanted
    left -= wanted.length
    if (left <= 0) return
  }
}

async function collected(pages: AsyncIterable<readonly PersistedEvent[]>): Promise<PersistedEvent[]> {
  const events: PersistedEvent[] = []
  for await (const page of pages) events.push(...page)
  return events
}

/** As Array.reduce: an accumulator that is a promise, as nact's are, is awaited before the next page. */
async function reduced<U>(
  pages: AsyncIterable<readonly PersistedEvent[]>,
  step: (before: U, event: PersistedEvent, index: number) => U,
  initial: U,
): Promise<U> {
  let result = initial
  let index = 0
  for await (const page of pages) {
    for (const event of page) result = step(result, event, index++)
    await result
  }
  return result
}
