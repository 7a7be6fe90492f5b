import { DYNAMIC_CHILDREN, DYNAMIC_RESTART_INTENSITY } from '../../internal/limits.ts'
import type { Context } from '../../kernel/context.ts'
import { isExitMessage } from '../../kernel/message-kind.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { processOf } from '../caller.ts'
import type { Self } from '../gen-server/gen-server.ts'
import { type NoReply, noreply, reply, type Stop, stop } from '../gen-server/results.ts'
import {
  type ChildSpec,
  type ChildStart,
  type CompleteChildSpec,
  completeChild,
  isInvalid,
} from '../supervisor/child-spec.ts'
import { type StartDynamicChildResult, startResult } from '../supervisor/dynamic-supervisor-server.ts'
import type { RestartIntensity } from '../supervisor/restart-intensity.ts'
import { ChildrenByPid, type Restarted } from '../supervisor/supervised-by-pid.ts'
import type { ChildCount, ChildInfo, SupervisedChild } from '../supervisor/supervised-children.ts'
import { SupervisorProgram } from '../supervisor/supervisor-program.ts'
import {
  type SpecForm,
  type Specified,
  type SupervisorModule,
  type SupervisorSource,
  sourceName,
  specified,
} from '../supervisor/supervisor-source.ts'
import { completeIntensity, invalidFlag, mistakenFlags } from '../supervisor/supervisor-spec.ts'
import { ChildDemand } from './consumer-supervisor-demand.ts'
import type { Stage } from './stage.ts'
import type { Consumer } from './stage-module.ts'
import { demandOf, type SubscribeTo } from './stage-options.ts'
import { stageStatus } from './stage-program.ts'
import { ask } from './stage-requests.ts'
import { manual, staged } from './stage-results.ts'
import { stageServer } from './stage-server.ts'

/** What a consumer supervisor of events `E` is told. */
export interface ConsumerSupervisorSpec<E = never> extends Partial<RestartIntensity> {
  /** There is no other. */
  readonly strategy?: 'one_for_one'
  /** Restarts allowed within the period, of all children together: 3 unless told otherwise. */
  readonly intensity?: number
  /** Seconds: 5 unless told otherwise. */
  readonly period?: number
  /** Exactly one: what is started for each event. */
  readonly children: readonly [EventChildSpec<E>]
  /** The producers of the events, perhaps with `maxDemand` and `minDemand`. None unless told otherwise. */
  readonly subscribeTo?: readonly SubscribeTo<NoInfer<E>>[]
}

/** What is started for each event: as any child, except that its start function gets the event. */
export interface EventChildSpec<in E, out P = unknown> extends Omit<ChildSpec<P>, 'start' | 'restart' | 'significant'> {
  readonly start: (parent: Context, event: E) => ChildStart<P> | PromiseLike<ChildStart<P>>
  /** Started again for its event when it fails (`transient`), or never. A `permanent` one would have no end. */
  readonly restart: 'transient' | 'temporary'
}

/** A consumer supervisor whose specification is made when it starts, and made anew when its code is changed. */
export type ConsumerSupervisorModule<A extends readonly unknown[] = readonly unknown[], E = never> = SupervisorModule<
  A,
  ConsumerSupervisorSpec<E>
>

/** A specification for events of any kind. */
export interface AnySpec extends Omit<ConsumerSupervisorSpec, 'subscribeTo'> {
  readonly subscribeTo?: readonly unknown[]
}

/** A specification with nothing left open. */
interface CompleteConsumerSpec extends RestartIntensity {
  readonly template: CompleteChildSpec
  readonly subscribeTo: readonly unknown[]
}

interface ConsumerSupervisorState extends Specified<AnySpec, CompleteConsumerSpec> {
  readonly children: ChildrenByPid
  /** Of each subscription, by its tag. */
  readonly demands: Map<number, ChildDemand>
  /** Of each child that was started for an event, the subscription that the event came by. */
  readonly origins: WeakMap<SupervisedChild, ChildDemand>
}

/** What a consumer supervisor answers; the functions in consumer-supervisor.ts ask for it. */
export interface ConsumerSupervisorApi<E = unknown> {
  state: ConsumerSupervisorState
  init: [source: SupervisorSource<AnySpec>]
  in: E
  call: {
    startChild(args: readonly unknown[]): StartDynamicChildResult
    terminateChild(child: { pid: Pid }): 'ok' | readonly ['error', 'not_found']
    whichChildren(): readonly ChildInfo[]
    countChildren(): ChildCount
    getCallbackModule(): SupervisorModule<never, AnySpec>
  }
  cast: { tryAgainRestart(child: { pid: Pid }): void }
}

/** The callbacks of a consumer supervisor, which is a stage. Its rules stand in consumer-supervisor.ts. */
const ConsumerSupervisorStage: Consumer<ConsumerSupervisorApi> = {
  moduleName: 'ConsumerSupervisor',

  async init(given) {
    const known = await specified(this, given, form)
    if (!('spec' in known)) return known
    const { source, spec } = known
    const children = new ChildrenByPid(processOf(this), sourceName(source, 'ConsumerSupervisor'), spec, 'Elixir')
    const state = { source, spec, children, demands: new Map(), origins: new WeakMap() }
    return staged(state, { subscribeTo: spec.subscribeTo as readonly SubscribeTo<unknown>[] })
  },

  // --- events

  handleSubscribe(_other, options, from, state) {
    const { max, min } = demandOf(options)
    state.demands.set(from[1].id, new ChildDemand(from, max, min))
    ask(this, from, max)
    return manual(state)
  },

  async handleEvents(events, from, state) {
    const demand = state.demands.get(from[1].id)
    if (demand === undefined) return noreply(state)
    const excess = demand.came(events.length)
    if (excess > 0) stageOf(processOf(this)).report('error', 'events_in_excess', { from: from[0], excess })
    let failed = 0
    for (const event of events) if (!(await startFor(event, demand, state))) failed++
    askAgain(this, demand, failed)
    return noreply(state)
  },

  handleCancel(_why, from, state) {
    const demand = state.demands.get(from[1].id)
    if (demand !== undefined) demand.gone = true
    state.demands.delete(from[1].id)
    return noreply(state)
  },

  // --- children

  handleCall: {
    async startChild(args, _from, state) {
      const { children, spec } = state
      if (children.size >= DYNAMIC_CHILDREN) return reply(['error', 'max_children'], state)
      return reply(startResult(await children.start(spec.template, args)), state)
    },
    async terminateChild({ pid }, _from, state) {
      const child = state.children.find(pid)
      if (child === undefined) return reply(['error', 'not_found'], state)
      await state.children.stop(child)
      gone(this, child, state)
      return reply('ok', state)
    },
    whichChildren: (_request, _from, state) => reply(state.children.infos(), state),
    countChildren: (_request, _from, state) => reply(state.children.countOf(state.spec.template), state),
    getCallbackModule: (_request, _from, state) => reply(state.source.module, state),
  },

  handleCast: {
    tryAgainRestart({ pid }, state) {
      const child = state.children.find(pid)
      return child?.restarting ? restarted(this, child, state.children.restart(child), state) : noreply(state)
    },
  },

  handleInfo(message, state) {
    const { children } = state
    if (!isExitMessage(message)) {
      children.reports.unexpected(message)
      return noreply(state)
    }
    const child = children.findRunning(message.from)
    if (child === undefined) return noreply(state)
    const outcome = children.ended(child, message.reason)
    if (outcome !== 'gone') return restarted(this, child, outcome, state)
    gone(this, child, state)
    return noreply(state)
  },

  terminate: (_reason, { children }) => children.stopAll(),
}

type State = ConsumerSupervisorState
type ThisStage = Self<ConsumerSupervisorApi>

/** Starts a child for an event; false when there is none, which is reported unless it declined. */
async function startFor(event: unknown, demand: ChildDemand, { children, origins, spec }: State): Promise<boolean> {
  const started = await children.start(spec.template, [event])
  if (started.outcome !== 'ok') {
    children.reports.notStarted(started.reason, spec.template)
    return false
  }
  const child = started.pid && children.find(started.pid)
  if (child === undefined) return false
  origins.set(child, demand)
  return true
}

/** A restart of `child`: the event stays with the process that takes its place, or its demand is free again. */
async function restarted(
  self: ThisStage,
  child: SupervisedChild,
  restart: Promise<Restarted>,
  state: State,
): Promise<NoReply<State> | Stop<State>> {
  const outcome = await restart
  if (outcome === 'too_many_restarts') return stop('shutdown', state)
  const demand = state.origins.get(child)
  if (outcome === 'gone') gone(self, child, state)
  else if (typeof outcome === 'object' && demand !== undefined) state.origins.set(outcome, demand)
  return noreply(state)
}

/** `child` is no more. One that was not started for an event has no demand. */
function gone(self: ThisStage, child: SupervisedChild, { origins }: State): void {
  const demand = origins.get(child)
  if (demand !== undefined) askAgain(self, demand, 1)
}

function askAgain(self: ThisStage, demand: ChildDemand, ended: number): void {
  ask(self, demand.from, demand.ended(ended))
}

/** What a consumer supervisor takes as a specification: an object with one child. */
const form: SpecForm<AnySpec, CompleteConsumerSpec> = {
  isSpec: (value) => 'children' in value,
  complete(spec) {
    const unknown = mistakenFlags(spec, ['strategy', 'intensity', 'period', 'children', 'subscribeTo'])
    if (unknown !== undefined) return unknown
    const { strategy = 'one_for_one', children, subscribeTo = [] } = spec
    const rule = completeIntensity(spec, DYNAMIC_RESTART_INTENSITY)
    if (strategy !== 'one_for_one') return invalidFlag('invalid_strategy', strategy)
    if (isInvalid(rule)) return rule
    if (!Array.isArray(children) || children.length !== 1) return ['invalid', ['bad_start_spec', children]]
    const template = completeChild(children[0] as ChildSpec, 'never')
    if (isInvalid(template)) return ['invalid', ['start_spec', template[1]]]
    const { restart } = template
    if (restart === 'permanent') return ['invalid', ['start_spec', ['invalid_restart_type', restart]]]
    return { ...rule, template, subscribeTo }
  },
}

/**
 * The loop of consumer supervisors: that of a stage, and its code is the module, or the specification, that it was
 * started with. A code change leaves its subscriptions as they are; the new template counts for the children that run,
 * too: for how they are started again and stopped.
 */
class ConsumerSupervisorProgram extends SupervisorProgram<AnySpec, CompleteConsumerSpec, State> {
  override getState(process: Process): unknown {
    return (process.state as Stage | undefined)?.state
  }

  override callbackOf(): undefined {
    return undefined
  }

  override become(process: Process, state: unknown): void {
    stageOf(process).state = state
  }

  override formatStatus(process: Process): readonly unknown[] {
    return [...super.formatStatus(process), stageStatus(stageOf(process))]
  }
}

function stageOf(process: Process): Stage {
  return process.state as Stage
}

export const consumerSupervisorProgram: ConsumerSupervisorProgram = new ConsumerSupervisorProgram(
  stageServer('consumer', ConsumerSupervisorStage),
  {
    form,
    take: ({ children }, spec) => children.change(spec, spec.template),
    childrenOf: ({ children }) => children.infos(),
    refusal: (reason) => reason,
  },
)
