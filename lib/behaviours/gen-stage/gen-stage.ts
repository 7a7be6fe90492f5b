/**
 * GenStage: processes that hand events on as fast as the next one wants them, and no faster (Elixir's GenStage).
 *
 *     import { createNode, GenStage, noreply, ok, type Pid } from 'guildhall'
 *
 *     interface NumbersApi { state: number; out: number }
 *     const Numbers = GenStage.producer<NumbersApi>({
 *       init: () => ok(0),
 *       handleDemand: (demand, n) => GenStage.emit(Array.from({ length: demand }, (_, i) => n + i), n + demand),
 *     })
 *
 *     interface SumApi { state: number; in: number; init: [numbers: Pid<NumbersApi>] }
 *     const Sum = GenStage.consumer<SumApi>({
 *       init: (numbers) => GenStage.staged(0, { subscribeTo: [{ to: numbers, maxDemand: 10 }] }),
 *       async handleEvents(events, _from, sum) {
 *         await this.sleep(10)                      // meanwhile 10 numbers wait at most, here and on their way
 *         return noreply(events.reduce((a, b) => a + b, sum))
 *       },
 *     })
 *
 *     await using node = createNode()
 *     const numbers = await node.start(Numbers, [])
 *     const sum = await node.start(Sum, [numbers])  // a consumer of strings would not compile
 *
 * Three kinds of stage: a `producer` has `out`, a `consumer` has `in`, a `producerConsumer` both. Each is a GenServer
 * module, to be started, named and supervised like any other. Control flow:
 *
 *     consumer                      producer
 *     subscribe        ──────────>  handleSubscribe('consumer', ...)
 *     handleSubscribe('producer')
 *     ask 10           ──────────>  handleDemand(10)         emits up to 10, now or later, from any callback
 *     handleEvents(5)  <── events,
 *     ask 5            ──────────>  when no more than minDemand are on their way
 *     handleCancel     <── cancel or end ──>  handleCancel
 *
 * What nobody has asked for waits in the producer's buffer, which is bounded; what is lost to the bound is reported.
 * Events of one producer reach a consumer in the order they were emitted. Which consumer gets which event is up to the
 * dispatcher: `demandDispatcher` (who wants most), `broadcastDispatcher` (all, at the pace of the slowest) or
 * `partitionDispatcher` (by a hash of the event).
 *
 * A stage may be given new code while events flow (`upgrade`, `sys.changeCode`): `codeChange` makes the new state, and
 * its subscriptions, demand and events stay. `sys` sees the state of its module.
 *
 * When not to use it: to run functions on the items of a list use `Task.asyncStream`; to tell many processes that
 * something happened without waiting for them use Registry. A stage is a process: make one where there is a queue to
 * bound, work to do at the same time or a crash to isolate, not for each step of a computation.
 *
 * Source of the rules: the documentation of Elixir's gen_stage 1.x; where this one differs, docs/otp.md says so. Each
 * callback may be async; its stage handles nothing else meanwhile.
 */

export { type BroadcastDispatcher, broadcastDispatcher } from './stage-broadcast-dispatcher.ts'
export type { SubscribeResult } from './stage-consuming.ts'
export { type DemandDispatcherOptions, demandDispatcher } from './stage-demand-dispatcher.ts'
export type { DispatcherOption } from './stage-dispatcher.ts'
export { fromIterable, type IterableApi, type IterableOptions } from './stage-iterable.ts'
export {
  type Consumer,
  consumer,
  type Producer,
  type ProducerConsumer,
  producer,
  producerConsumer,
  type StageCallbacks,
  type StageProtocol,
} from './stage-module.ts'
export type { SubscribeOptions, SubscribeTo } from './stage-options.ts'
export {
  type PartitionDispatcherOptions,
  type PartitionName,
  partitionDispatcher,
} from './stage-partition-dispatcher.ts'
export type { CancelMode, StageFrom, SubscriptionOptions } from './stage-protocol.ts'
export {
  ask,
  asyncInfo,
  asyncResubscribe,
  asyncSubscribe,
  cancel,
  demand,
  estimateBufferedCount,
  syncInfo,
  syncResubscribe,
  syncSubscribe,
} from './stage-requests.ts'
export {
  type Automatic,
  automatic,
  type Begun,
  type CancelReason,
  type Emit,
  emit,
  type Manual,
  manual,
  type ReplyEmit,
  replyEmit,
  type StageOptions,
  staged,
} from './stage-results.ts'
export { type StreamOptions, stream } from './stage-stream.ts'
