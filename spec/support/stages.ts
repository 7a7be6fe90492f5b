import type { Test } from 'tap'
import { type GenServer, GenStage, noreply, type Pid, type Reason, type Ref, reply, stop } from '../../lib/index.ts'
import { createTestNode, type TestNode } from '../../lib/testing/index.ts'

/** Emits 0, 1, 2 and so on, as many as are wanted, up to a limit; more when it is told. */
export interface NumbersApi extends GenStage.StageProtocol {
  state: { readonly diary: unknown[]; readonly limit: number; readonly next: number }
  init: [diary: unknown[], limit: number, options?: GenStage.StageOptions<never, number>]
  out: number
  call: { push(count: number): number }
  cast: { push(events: readonly number[]): void; stop(reason: Reason): void }
}

export const Numbers: GenServer<NumbersApi> = GenStage.producer<NumbersApi>({
  init: (diary, limit, options = {}) => GenStage.staged({ diary, limit, next: 0 }, options),
  handleDemand(demand, state) {
    state.diary.push(['demand', demand])
    const end = Math.min(state.limit, state.next + demand)
    const events = Array.from({ length: Math.max(0, end - state.next) }, (_, i) => state.next + i)
    return GenStage.emit(events, { ...state, next: Math.max(end, state.next) })
  },
  handleSubscribe(other, { maxDemand }, _from, state) {
    state.diary.push(['subscribed', other, maxDemand])
    return GenStage.automatic(state)
  },
  handleCancel(why, _from, state) {
    state.diary.push(why)
    return noreply(state)
  },
  handleCall: {
    push: (count, _from, state) => GenStage.replyEmit(count, upTo(count), state),
  },
  handleCast: {
    push: (events, state) => GenStage.emit(events, state),
    stop: (reason, state) => stop(reason, state),
  },
  handleInfo(message, state) {
    state.diary.push(message)
    return noreply(state)
  },
})

/** Doubles what comes, each event into `times` events. */
export interface DoublerApi extends GenStage.StageProtocol {
  state: number
  init: [times: number, options: GenStage.StageOptions<number, number>]
  in: number
  out: number
}

export const Doubler: GenServer<DoublerApi> = GenStage.producerConsumer<DoublerApi>({
  init: (times, options) => GenStage.staged(times, options),
  handleEvents: (events, _from, times) =>
    GenStage.emit(
      events.flatMap((n) => Array.from({ length: times }, () => n * 2)),
      times,
    ),
})

/** Keeps the batches that come; with `manual` it asks when it is told. */
export interface KeeperApi extends GenStage.StageProtocol {
  state: { readonly diary: unknown[]; readonly mode: Mode; readonly froms: readonly GenStage.StageFrom[] }
  init: [diary: unknown[], mode: Mode, options?: GenStage.StageOptions<number>]
  in: number
  call: { froms(): readonly GenStage.StageFrom[] }
  cast: { ask(count: number): void; cancel(reason: Reason): void }
}

export type Mode = 'automatic' | 'manual' | 'slow'

export const Keeper: GenServer<KeeperApi> = GenStage.consumer<KeeperApi>({
  init: (diary, mode, options = {}) => GenStage.staged({ diary, mode, froms: [] }, options),
  handleEvents(events, _from, state) {
    state.diary.push([...events])
    return state.mode === 'slow' ? this.sleep(10).then(() => noreply(state)) : noreply(state)
  },
  handleSubscribe(_other, _options, from, state) {
    const next = { ...state, froms: [...state.froms, from] }
    return state.mode === 'manual' ? GenStage.manual(next) : GenStage.automatic(next)
  },
  handleCancel(why, _from, state) {
    state.diary.push(why)
    return noreply(state)
  },
  handleCall: { froms: (_request, _from, state) => reply(state.froms, state) },
  handleCast: {
    ask(count, state) {
      GenStage.ask(this, state.froms.at(-1)!, count)
      return noreply(state)
    },
    cancel(reason, state) {
      GenStage.cancel(this, state.froms.at(-1)!, reason)
      return noreply(state)
    },
  },
  handleInfo(message, state) {
    state.diary.push(message)
    return noreply(state)
  },
})

export function upTo(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}

export function testNode(t: Test): TestNode {
  const node = createTestNode()
  t.teardown(() => node.kill())
  return node
}

/** What was written into a diary since the last time. */
export function read(diary: unknown[]): unknown[] {
  return diary.splice(0)
}

export function demands(diary: readonly unknown[]): unknown[] {
  return diary.flatMap((line) => (Array.isArray(line) && line[0] === 'demand' ? [line[1]] : []))
}

export function sizes(diary: readonly unknown[]): number[] {
  return diary.map((batch) => (batch as readonly unknown[]).length)
}

interface Pair {
  readonly numbers: Pid<NumbersApi>
  readonly keeper: Pid<KeeperApi>
  readonly above: unknown[]
  readonly below: unknown[]
  readonly tag: Ref
}

/** A producer and a consumer that is subscribed to it. */
export async function pair(
  node: TestNode,
  limit: number,
  mode: Mode,
  options: Partial<GenStage.SubscribeOptions<number>> = {},
): Promise<Pair> {
  const above: unknown[] = []
  const below: unknown[] = []
  const numbers = await node.start(Numbers, [above, limit])
  const keeper = await node.start(Keeper, [below, mode])
  const [, tag] = await GenStage.syncSubscribe(node, keeper, { to: numbers, ...options })
  await node.quiet()
  return { numbers, keeper, above, below, tag: tag as Ref }
}
