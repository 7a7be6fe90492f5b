import type { From } from '../../kernel/context.ts'
import type { CallbacksFor, Operations, Protocol, ReplyOf, RequestOf } from '../../kernel/protocol.ts'
import type { MaybePromise } from '../callback.ts'
import type {
  GenServer,
  InfoOf,
  InitArguments,
  OptionalCallbacks,
  Self,
  UpgradeCallbacks,
} from '../gen-server/gen-server.ts'
import type { BareStop, Failure, Ignore, NoReply, Ok, Reply, Stop, StopReply } from '../gen-server/results.ts'
import type { Role } from './stage-options.ts'
import { makeStageProgram } from './stage-program.ts'
import type { StageFrom, SubscriptionOptions } from './stage-protocol.ts'
import type { Automatic, Begun, CancelReason, Emit, Manual, ReplyEmit } from './stage-results.ts'
import { checkStageModule, stageServer } from './stage-server.ts'

/** What a stage answers, takes and emits: a GenServer's protocol with the types of its events. See gen-stage.ts. */
export interface StageProtocol extends Protocol {
  /** The events that a consumer takes. */
  in?: unknown
  /** The events that a producer emits. */
  out?: unknown
}

type InOf<P> = P extends { in: infer I } ? I : never
type OutOf<P> = P extends { out: infer O } ? O : never
type Handled<P extends StageProtocol> = MaybePromise<
  NoReply<P['state']> | Stop<P['state']> | Emit<OutOf<P>, P['state']>
>
type Subscribing<S> = MaybePromise<Automatic<S> | Stop<S>>

/**
 * What all kinds of stages have; for what the protocol speaks of (`call`, `cast`, `info`, `codeChange`) the callback is
 * needed. After `codeChange` a stage's subscriptions, the demand it has asked for and the events that wait in it stay.
 */
export type StageCallbacks<P extends StageProtocol> = BasicCallbacks<P> &
  CallbacksFor<P, 'call', CallCallbacks<P>> &
  CallbacksFor<P, 'cast', CastCallbacks<P>> &
  CallbacksFor<P, 'info', InfoCallbacks<P>> &
  CallbacksFor<P, 'codeChange', UpgradeCallbacks<P>>

interface BasicCallbacks<P extends StageProtocol> extends OptionalCallbacks<P> {
  init(
    this: Self<P>,
    ...args: InitArguments<P>
  ): MaybePromise<Ok<P['state']> | Begun<P['state'], InOf<P>, OutOf<P>> | Stop<unknown> | BareStop | Ignore | Failure>
  /** A subscription has ended: by a message (`cancel`) or with its stage (`down`). Before a consumer ends over it. */
  handleCancel?(this: Self<P>, why: CancelReason, from: StageFrom, state: P['state']): Handled<P>
}

interface CallCallbacks<P extends StageProtocol> {
  readonly handleCall: { readonly [K in keyof Operations<P, 'call'>]: CallHandler<P, Operations<P, 'call'>[K]> }
}

interface CastCallbacks<P extends StageProtocol> {
  readonly handleCast: {
    readonly [K in keyof Operations<P, 'cast'>]: (
      this: Self<P>,
      request: RequestOf<Operations<P, 'cast'>[K]>,
      state: P['state'],
    ) => Handled<P>
  }
}

interface InfoCallbacks<P extends StageProtocol> {
  handleInfo(this: Self<P>, message: InfoOf<P>, state: P['state']): Handled<P>
}

type CallHandler<P extends StageProtocol, F> = (
  this: Self<P>,
  request: RequestOf<F>,
  from: From<ReplyOf<F>>,
  state: P['state'],
) => MaybePromise<
  | Reply<ReplyOf<F>, P['state']>
  | NoReply<P['state']>
  | Stop<P['state']>
  | StopReply<ReplyOf<F>, P['state']>
  | Emit<OutOf<P>, P['state']>
  | ReplyEmit<ReplyOf<F>, OutOf<P>, P['state']>
>

interface Emits<P extends StageProtocol> {
  /** How a loss of buffered events is told: false when it is not to be reported. */
  formatDiscarded?(this: Self<P>, discarded: number, state: P['state']): boolean
}

interface Takes<P extends StageProtocol> {
  /** Events that came, in their order; a batch of at most `maxDemand - minDemand`. */
  handleEvents(this: Self<P>, events: readonly InOf<P>[], from: StageFrom, state: P['state']): Handled<P>
}

export type Producer<P extends StageProtocol> = StageCallbacks<P> & ProducerCallbacks<P>

interface ProducerCallbacks<P extends StageProtocol> extends Emits<P> {
  /** `demand` more events are wanted: to be emitted now or later. What was wanted before and not emitted still is. */
  handleDemand(this: Self<P>, demand: number, state: P['state']): Handled<P>
  /** A consumer has subscribed. */
  handleSubscribe?(
    this: Self<P>,
    other: 'consumer',
    options: SubscriptionOptions<OutOf<P>>,
    from: StageFrom,
    state: P['state'],
  ): Subscribing<P['state']>
}

export type Consumer<P extends StageProtocol> = StageCallbacks<P> & ConsumerCallbacks<P>

interface ConsumerCallbacks<P extends StageProtocol> extends Takes<P> {
  /** It has subscribed to a producer; with `manual`, events come only when it asks for them with `ask`. */
  handleSubscribe?(
    this: Self<P>,
    other: 'producer',
    options: SubscriptionOptions<InOf<P>>,
    from: StageFrom,
    state: P['state'],
  ): Subscribing<P['state']> | MaybePromise<Manual<P['state']>>
}

/** It handles events only while its consumers wait for what comes of them. */
export type ProducerConsumer<P extends StageProtocol> = StageCallbacks<P> & ProducerConsumerCallbacks<P>

interface ProducerConsumerCallbacks<P extends StageProtocol> extends Emits<P>, Takes<P> {
  handleSubscribe?(
    this: Self<P>,
    other: 'producer' | 'consumer',
    options: SubscriptionOptions<InOf<P>> | SubscriptionOptions<OutOf<P>>,
    from: StageFrom,
    state: P['state'],
  ): Subscribing<P['state']> | MaybePromise<Manual<P['state']>>
}

/**
 * Makes a producer: a module for `node.start`, `startLink` and `child`.
 * @throws Fault `badarg` when a callback is missing.
 */
export function producer<P extends StageProtocol>(module: Producer<P>): GenServer<P> {
  return stageOf('producer', module)
}

/** @throws Fault `badarg` when a callback is missing. */
export function producerConsumer<P extends StageProtocol>(module: ProducerConsumer<P>): GenServer<P> {
  return stageOf('producer_consumer', module)
}

/** @throws Fault `badarg` when a callback is missing. */
export function consumer<P extends StageProtocol>(module: Consumer<P>): GenServer<P> {
  return stageOf('consumer', module)
}

function stageOf<P extends Protocol>(role: Role, module: object): GenServer<P> {
  checkStageModule(role, module)
  const server = stageServer(role, module)
  makeStageProgram(role, module, server)
  return server as unknown as GenServer<P>
}
