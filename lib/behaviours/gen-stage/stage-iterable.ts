import { fault } from '../../internal/errors.ts'
import type { Context } from '../../kernel/context.ts'
import { ANY, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import type { GenServer, Self } from '../gen-server/gen-server.ts'
import { noreply, stop } from '../gen-server/results.ts'
import { producer, type StageProtocol } from './stage-module.ts'
import { asyncInfo } from './stage-requests.ts'
import { emit, type StageOptions, staged } from './stage-results.ts'

/** A producer of what an iterable gives. */
export interface IterableApi<E> extends StageProtocol {
  state: Source<E>
  out: E
}

export type IterableOptions<E> = Pick<StageOptions<never, E>, 'dispatcher' | 'demand' | 'bufferSize' | 'bufferKeep'>

/** Their values are looked at when the stage starts, as those of any other. */
const ITERABLE: OptionKinds<IterableOptions<unknown>> = {
  dispatcher: ANY,
  demand: ANY,
  bufferSize: ANY,
  bufferKeep: ANY,
}

/**
 * The module of a producer of an iterable's items (`from_enumerable`). Of an iterable it takes as many as are wanted;
 * of an async one, one after the other as they come, never more than are wanted, and meanwhile it serves its
 * consumers. When the items are used up and sent, it ends with `normal`; what the iterable throws is the reason it ends
 * with. Should it end before, the iterator is closed.
 *
 *     const lines = await node.start(GenStage.fromIterable(readLines(file)), [])
 *
 * Each process that is started of it, as one that a supervisor starts again, begins to iterate anew.
 */
export function fromIterable<E>(
  iterable: Iterable<E> | AsyncIterable<E>,
  options: IterableOptions<E> = {},
): GenServer<IterableApi<E>> {
  const isIterable = Symbol.iterator in Object(iterable) || Symbol.asyncIterator in Object(iterable)
  if (!isIterable) throw fault('badarg', 'fromIterable takes an iterable or an async iterable')
  mustBeOptions('fromIterable', options, ITERABLE)
  return producer<IterableApi<E>>({
    moduleName: 'gen_stage_iterable',
    init() {
      const source = new Source(iterable)
      this.own(source)
      return staged(source, options)
    },
    handleDemand(demand, source) {
      const { sync } = source
      if (sync !== undefined) return takeNow(this, sync, demand, source)
      source.wanted += demand
      if (!source.pulling) pull(this, source)
      return noreply(source)
    },
    handleInfo(message, source) {
      if (message === END) return stop('normal', source)
      if (!(message instanceof Pulled)) return noreply(source)
      const { result, error } = message as Pulled<E>
      source.pulling = false
      if (error !== undefined) throw error.reason
      if (result?.done !== false) {
        source.ended = true
        asyncInfo(this, this.self, END)
        return noreply(source)
      }
      source.wanted--
      if (source.wanted > 0) pull(this, source)
      return emit([result.value], source)
    },
  })
}

const END: unique symbol = Symbol('END')

/** What a promised step of the iteration came to. */
class Pulled<E> {
  readonly result: IteratorResult<E> | undefined
  readonly error: { readonly reason: unknown } | undefined

  constructor(result: IteratorResult<E> | undefined, error: { readonly reason: unknown } | undefined) {
    this.result = result
    this.error = error
  }
}

/** An iteration under way; closed with the process. */
class Source<E> implements AsyncDisposable {
  readonly sync: Iterator<E> | undefined
  readonly async: AsyncIterator<E> | undefined
  /** Items that are wanted and have not come, of an async iteration. */
  wanted = 0
  /** Whether its next item has been asked for. */
  pulling = false
  ended = false

  constructor(iterable: Iterable<E> | AsyncIterable<E>) {
    if (Symbol.asyncIterator in iterable) {
      this.sync = undefined
      this.async = iterable[Symbol.asyncIterator]()
    } else {
      this.sync = iterable[Symbol.iterator]()
      this.async = undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) await (this.sync ?? this.async)?.return?.()
  }
}

function takeNow<E>(self: Self<IterableApi<E>>, iterator: Iterator<E>, demand: number, source: Source<E>) {
  const events: E[] = []
  while (events.length < demand && !source.ended) {
    const { done, value } = iterator.next()
    if (done !== true) events.push(value)
    else {
      source.ended = true
      asyncInfo(self as Context, self.self, END)
    }
  }
  return emit(events, source)
}

function pull<E>(self: Self<IterableApi<E>>, source: Source<E>): void {
  if (source.ended) return
  source.pulling = true
  source.async?.next().then(
    (result) => self.send(self.self, new Pulled(result, undefined)),
    (reason) => self.send(self.self, new Pulled(undefined, { reason })),
  )
}

export type { Source }
