import { fault } from '../../internal/errors.ts'
import type { DownMessage } from '../../kernel/exit.ts'
import { isDownMessage } from '../../kernel/message-kind.ts'
import type { Process } from '../../kernel/process.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { andThen, type MaybePromise } from '../callback.ts'
import type { AnyGenServer } from '../gen-server/gen-server.ts'
import { noreply, OK, ok, REPLY, Result, reply, STOP_REPLY, stop, stopReply } from '../gen-server/results.ts'
import { whatIsWrong } from '../gen-server/server-callbacks.ts'
import { attempt, Stage, type StageModule, type Step, steps } from './stage.ts'
import { Consuming, Ended, type SubscribeResult } from './stage-consuming.ts'
import { checkStageOptions, type Role, subscriptionOf } from './stage-options.ts'
import { GROWN, Producing } from './stage-producing.ts'
import {
  type Ask,
  type Cancel,
  type ConsumerMessage,
  isConsumerMessage,
  isProducerMessage,
  type ProducerMessage,
  type Subscribe,
  toConsumer,
} from './stage-protocol.ts'
import { Emitted, Staged } from './stage-results.ts'

/** What GenStage's own functions ask of a stage; the names cannot be those of a user's operations by accident. */
export interface StageRequests {
  call: {
    $subscribe(request: SubscribeRequest): SubscribeResult
    $info(request: { message: unknown }): 'ok'
    $estimateBufferedCount(): number
  }
  cast: {
    $subscribe(request: SubscribeRequest): void
    $demand(request: { mode: 'forward' | 'accumulate' }): void
    $info(request: { message: unknown }): void
  }
}

export interface SubscribeRequest {
  readonly to: Dest
  readonly options: object
  readonly current: Subscribe[1]
}

/**
 * A stage is a GenServer whose state is a `Stage`: this makes the server's module of a stage's. GenServer brings the
 * start, the reports, `sys`, and that an async callback holds up every message.
 */
export function stageServer(role: Role, module: StageModule): AnyGenServer {
  const callback = module.terminate as ((reason: unknown, state: unknown) => unknown) | undefined
  return {
    moduleName: (module.moduleName as string | undefined) ?? 'gen_stage',
    vsn: module.vsn,
    init(this: Process, ...args: unknown[]) {
      const init = module.init as (this: Process, ...args: unknown[]) => unknown
      return andThen(
        attempt(() => init.apply(this, args)),
        (returned) => begin(this, role, module, returned),
      )
    },
    handleCall: { ...calls(module), ...OWN_CALLS },
    handleCast: { ...casts(module), ...OWN_CASTS },
    handleInfo: (message: unknown, stage: Stage) => settle(stage, handleInfo(stage, message)),
    terminate:
      callback &&
      function (this: Process, reason: unknown, stage: Stage) {
        return callback.call(this, reason, stage.state)
      },
    codeChange: module.codeChange,
    formatStatus(this: Process, status: { readonly state: unknown }) {
      const shown = { ...status, state: status.state instanceof Stage ? status.state.state : status.state }
      const callback = module.formatStatus as ((status: unknown) => unknown) | undefined
      return callback === undefined ? shown : callback.call(this, shown)
    },
  }
}

// --- init

function begin(process: Process, role: Role, module: StageModule, returned: unknown): MaybePromise<unknown> {
  const isPlain = returned instanceof Result && returned.kind === OK && returned.options === undefined
  if (!isPlain && !(returned instanceof Staged)) return returned
  const options = checkStageOptions(role, returned instanceof Staged ? returned.options : {})
  if (typeof options === 'string') return stop(['bad_opts', options])
  const stage = new Stage(process, module, role, returned.state)
  if (role !== 'producer') stage.consuming = new Consuming(stage)
  if (role !== 'consumer') stage.producing = new Producing(stage, options)
  let next = 0
  const subscribed = steps(() => {
    if (next >= options.subscribeTo.length) return undefined
    const [to, given] = subscriptionOf(options.subscribeTo[next++]!)
    return () => subscribe(stage, { to, options: given, current: undefined }, () => {})
  })
  return andThen(subscribed, (step) => (step === undefined ? ok(stage) : stop(reasonOfStop(step))))
}

function reasonOfStop(step: NonNullable<Step>): unknown {
  return (step as unknown as Result).reason
}

// --- calls and casts

function calls(module: StageModule): object {
  const operations = Object.entries((module.handleCall ?? {}) as Record<string, never>)
  return Object.fromEntries(
    operations.map(([operation, callback]) => {
      const name = `handleCall.${operation}`
      return [
        operation,
        (request: unknown, from: unknown, stage: Stage) =>
          andThen(stage.invoke(name, callback, request, from), (result) => replied(stage, result)),
      ]
    }),
  )
}

function casts(module: StageModule): object {
  const operations = Object.entries((module.handleCast ?? {}) as Record<string, never>)
  return Object.fromEntries(
    operations.map(([operation, callback]) => {
      const name = `handleCast.${operation}`
      return [
        operation,
        (request: unknown, stage: Stage) =>
          settle(
            stage,
            andThen(stage.invoke(name, callback, request), (result) => stage.apply(result)),
          ),
      ]
    }),
  )
}

/** What handleCall returned, as a result of the GenServer. */
function replied(stage: Stage, result: unknown): unknown {
  if (result instanceof Emitted && result.reply !== undefined) {
    stage.state = result.state
    return stage.emit(result.events) ? reply(result.reply[0], stage) : stage.badReturn(result.term)
  }
  if (result instanceof Result && (result.kind === REPLY || result.kind === STOP_REPLY)) {
    const { kind, value, reason, options } = result
    if (options?.timeout !== undefined || options?.continue !== undefined) return stage.badReturn(result.term)
    stage.state = result.state
    return kind === REPLY ? reply(value, stage) : stopReply(reason, value, stage)
  }
  return stage.apply(result) ?? noreply(stage)
}

/** Ends a callback of the GenServer with what a step came to. */
function settle(stage: Stage, step: MaybePromise<Step>): unknown {
  return andThen(step, (end) => end ?? noreply(stage))
}

const OWN_CALLS = {
  $subscribe(request: SubscribeRequest, _from: unknown, stage: Stage): unknown {
    const answers: SubscribeResult[] = []
    const step = subscribe(stage, request, (result) => answers.push(result))
    return andThen(step, (end) => {
      const [answer] = answers
      if (end === undefined) return reply(answer, stage)
      return answer === undefined ? end : stopReply(reasonOfStop(end), answer, stage)
    })
  },
  $info({ message }: { readonly message: unknown }, _from: unknown, stage: Stage): unknown {
    info(stage, message)
    return reply('ok', stage)
  },
  $estimateBufferedCount: (_request: undefined, _from: unknown, stage: Stage): unknown =>
    reply(stage.producing?.buffered ?? 0, stage),
}

const OWN_CASTS = {
  $subscribe: (request: SubscribeRequest, stage: Stage): unknown =>
    settle(
      stage,
      subscribe(stage, request, () => {}),
    ),
  $demand: ({ mode }: { readonly mode: 'forward' | 'accumulate' }, stage: Stage): unknown =>
    settle(stage, stage.producing?.setDemand(mode)),
  $info({ message }: { readonly message: unknown }, stage: Stage): unknown {
    info(stage, message)
    return noreply(stage)
  },
}

function subscribe(
  stage: Stage,
  { to, options, current }: SubscribeRequest,
  tell: (result: SubscribeResult) => void,
): MaybePromise<Step> {
  if (stage.consuming !== undefined) return stage.consuming.subscribe(to, options, current, tell)
  stage.report('error', 'subscription_refused', { to, reason: 'not_a_consumer' })
  tell(['error', 'not_a_consumer'])
  return undefined
}

function info(stage: Stage, message: unknown): void {
  if (stage.role === 'producer_consumer') stage.consuming?.info(message)
  else if (stage.producing !== undefined) stage.producing.info(message)
  else stage.sendSelf(message)
}

// --- messages

function handleInfo(stage: Stage, message: unknown): MaybePromise<Step> {
  if (message === GROWN && stage.producing !== undefined) return stage.producing.grew()
  if (message instanceof Ended && stage.consuming !== undefined) return stage.consuming.finish(message)
  if (isProducerMessage(message)) return asProducer(stage, message)
  if (isConsumerMessage(message)) return asConsumer(stage, message)
  if (isDownMessage(message)) {
    const handled = down(stage, message)
    if (handled !== false) return handled
  }
  if (stage.has('handleInfo')) return stage.run('handleInfo', message)
  stage.report('warning', 'no_handle_info', { message })
  return undefined
}

function asProducer(stage: Stage, [, [consumer, tag], what]: ProducerMessage): MaybePromise<Step> {
  const { producing, process } = stage
  if (producing === undefined) {
    stage.report('error', 'not_a_producer', { from: consumer, message: what })
    process.send(consumer, toConsumer([process.pid, tag], ['cancel', 'not_a_producer']))
    return undefined
  }
  if (what[0] === 'subscribe') return producing.subscribe([consumer, tag], what)
  const [kind, value] = what as Ask | Cancel
  return kind === 'ask' ? producing.ask(consumer, tag, value) : producing.cancelRequested(consumer, tag, value)
}

function asConsumer(stage: Stage, [, from, what]: ConsumerMessage): MaybePromise<Step> {
  const { consuming } = stage
  if (consuming === undefined) {
    stage.report('error', 'not_a_consumer', { from: from[0], message: what[0] })
    return undefined
  }
  if (what[0] === 'events') return consuming.receive(from, what[1])
  return consuming.ended(from[1], ['cancel', what[1]]) || undefined
}

/** The end of a stage that this one knows; false when it is none. */
function down(stage: Stage, { ref, reason }: DownMessage): MaybePromise<Step> | false {
  const { consuming, producing } = stage
  const above = consuming === undefined ? false : consuming.ended(ref, ['down', reason])
  if (above !== false || producing === undefined) return above
  return producing.down(ref, reason)
}

/** @throws Fault `badarg` when the module lacks a callback that its kind of stage needs, or one is no function. */
export function checkStageModule(role: Role, module: object | undefined): asserts module is StageModule {
  const needed = role === 'producer' ? (['init', 'handleDemand'] as const) : (['init', 'handleEvents'] as const)
  for (const callback of needed) {
    if (typeof (module as StageModule | undefined)?.[callback] === 'function') continue
    throw fault('badarg', `a ${role} has the callback ${callback}`)
  }
  const wrong = whatIsWrong({ handleCall: {}, ...module })
  if (wrong !== undefined) throw fault('badarg', wrong)
  for (const callback of ['handleSubscribe', 'handleCancel', 'formatDiscarded'] as const) {
    const given = (module as StageModule)[callback]
    if (given === undefined || typeof given === 'function') continue
    throw fault('badarg', `${callback} is a function, if it is there`)
  }
}
