import { DYNAMIC_CHILDREN, DYNAMIC_RESTART_INTENSITY } from '../../internal/limits.ts'
import type { Reason } from '../../kernel/exit.ts'
import { isExitMessage } from '../../kernel/message-kind.ts'
import type { Pid } from '../../kernel/pid.ts'
import { processOf } from '../caller.ts'
import type { GenServer } from '../gen-server/gen-server.ts'
import { type NoReply, noreply, ok, reply, type Stop, stop } from '../gen-server/results.ts'
import { completeChild, type DynamicChildSpec, isInvalid } from './child-spec.ts'
import type { Started } from './child-start.ts'
import type { RestartIntensity } from './restart-intensity.ts'
import { ChildrenByPid, type Ended } from './supervised-by-pid.ts'
import { type ChildCount, type ChildInfo, countChildren } from './supervised-children.ts'
import { SupervisorProgram } from './supervisor-program.ts'
import {
  type SpecForm,
  type Specified,
  type SupervisorModule,
  type SupervisorSource,
  sourceName,
  specified,
} from './supervisor-source.ts'
import { completeIntensity, invalidFlag, mistakenFlags } from './supervisor-spec.ts'

/** What a dynamic supervisor is told. Its children are started later, by `startChild`. */
export interface DynamicSupervisorSpec extends Partial<RestartIntensity> {
  /** There is no other. */
  readonly strategy?: 'one_for_one'
  /** Restarts allowed within the period, of all children together: 3 unless told otherwise. */
  readonly intensity?: number
  /** Seconds: 5 unless told otherwise. */
  readonly period?: number
  /** Children that it may have at a time, those between two attempts to restart them included. */
  readonly maxChildren?: number
  /** Put in front of the arguments of each child. */
  readonly extraArguments?: readonly unknown[]
}

/** A dynamic supervisor whose specification is made when it starts, and made anew when its code is changed. */
export type DynamicSupervisorModule<A extends readonly unknown[] = readonly unknown[]> = SupervisorModule<
  A,
  DynamicSupervisorSpec
>

/** A specification with nothing left open. */
export interface CompleteDynamicSpec extends RestartIntensity {
  readonly maxChildren: number
  readonly extraArguments: readonly unknown[]
}

/** What a dynamic supervisor answers; the functions in dynamic-supervisor.ts ask for it. */
export interface DynamicSupervisorApi {
  state: DynamicSupervisorState
  init: [source: SupervisorSource<DynamicSupervisorSpec>]
  call: {
    startChild(spec: DynamicChildSpec): StartDynamicChildResult
    terminateChild(child: { pid: Pid }): 'ok' | readonly ['error', 'not_found']
    whichChildren(): readonly ChildInfo[]
    countChildren(): ChildCount
    getCallbackModule(): DynamicSupervisorModule<never>
  }
  cast: { tryAgainRestart(child: { pid: Pid }): void }
}

export type StartDynamicChildResult<P = unknown> =
  | readonly ['ok', Pid<P>]
  | readonly ['ok', Pid<P>, unknown]
  | 'ignore'
  | readonly ['error', Reason]

export interface DynamicSupervisorState extends Specified<DynamicSupervisorSpec, CompleteDynamicSpec> {
  readonly children: ChildrenByPid
}

/** The callbacks of a dynamic supervisor. Its rules stand in dynamic-supervisor.ts. */
const DynamicSupervisorServer: GenServer<DynamicSupervisorApi> = {
  moduleName: 'DynamicSupervisor',

  async init(given) {
    const known = await specified(this, given, form)
    if (!('spec' in known)) return known
    const { source, spec } = known
    const name = sourceName(source, 'DynamicSupervisor')
    return ok({ source, spec, children: new ChildrenByPid(processOf(this), name, spec, 'Elixir') })
  },

  handleCall: {
    async startChild(spec, _from, state) {
      return reply(await addChild(state, spec), state)
    },
    async terminateChild({ pid }, _from, state) {
      const child = state.children.find(pid)
      if (child === undefined) return reply(['error', 'not_found'], state)
      await state.children.stop(child)
      return reply('ok', state)
    },
    whichChildren(_request, _from, state) {
      return reply(state.children.infos(), state)
    },
    countChildren(_request, _from, state) {
      return reply(countChildren(state.children, this.node.address), state)
    },
    getCallbackModule: (_request, _from, state) => reply(state.source.module, state),
  },

  handleCast: {
    tryAgainRestart({ pid }, state) {
      const child = state.children.find(pid)
      return child?.restarting ? proceed(state, state.children.restart(child)) : noreply(state)
    },
  },

  handleInfo(message, state) {
    const { children } = state
    if (!isExitMessage(message)) {
      children.reports.unexpected(message)
      return noreply(state)
    }
    const child = children.findRunning(message.from)
    return child === undefined ? noreply(state) : proceed(state, children.ended(child, message.reason))
  },

  terminate: (_reason, { children }) => children.stopAll(),
}

type Next = NoReply<DynamicSupervisorState> | Stop<DynamicSupervisorState>

/** What a dynamic supervisor does after it has dealt with the end of a child. */
function proceed(state: DynamicSupervisorState, outcome: Ended): Next | Promise<Next> {
  if (outcome === 'gone') return noreply(state)
  return outcome.then((restarted) => (restarted === 'too_many_restarts' ? stop('shutdown', state) : noreply(state)))
}

const FLAGS = ['strategy', 'intensity', 'period', 'maxChildren', 'extraArguments', 'autoShutdown']

/** What a dynamic supervisor takes as a specification: an object, also an empty one. */
const form: SpecForm<DynamicSupervisorSpec, CompleteDynamicSpec> = {
  isSpec: (value) => !Array.isArray(value),
  complete(spec) {
    const unknown = mistakenFlags(spec, FLAGS)
    if (unknown !== undefined) return unknown
    const { strategy = 'one_for_one', maxChildren = DYNAMIC_CHILDREN, extraArguments = [] } = spec
    const { autoShutdown = 'never' } = spec as { readonly autoShutdown?: unknown }
    const rule = completeIntensity(spec, DYNAMIC_RESTART_INTENSITY)
    if (strategy !== 'one_for_one') return invalidFlag('invalid_strategy', strategy)
    if (isInvalid(rule)) return rule
    if (!isCount(maxChildren)) return invalidFlag('invalid_max_children', maxChildren)
    if (!Array.isArray(extraArguments)) return invalidFlag('invalid_extra_arguments', extraArguments)
    if (autoShutdown !== 'never') return invalidFlag('invalid_auto_shutdown', autoShutdown)
    return { ...rule, maxChildren, extraArguments }
  },
}

function isCount(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0)
}

async function addChild(state: DynamicSupervisorState, spec: DynamicChildSpec): Promise<StartDynamicChildResult> {
  const { children } = state
  const { extraArguments, maxChildren } = state.spec
  const complete = completeChild(spec, 'never', 'undefined')
  if (isInvalid(complete)) {
    return ['error', complete[1] === 'missing_start' ? ['invalid_child_spec', spec] : complete[1]]
  }
  if (children.size >= maxChildren) return ['error', 'max_children']
  return startResult(await children.start(complete, extraArguments))
}

/** What is answered about the start of a child that is known by its pid. */
export function startResult(started: Started): StartDynamicChildResult {
  if (started.outcome !== 'ok') return ['error', started.reason]
  if (started.pid === undefined) return 'ignore'
  return started.info === undefined ? ['ok', started.pid] : ['ok', started.pid, started.info[0]]
}

/**
 * The loop of dynamic supervisors. After a code change children that run stay, also when they are more than are allowed
 * then. The whole reason for which a specification is refused is told, as Elixir does.
 */
export const dynamicSupervisorProgram: SupervisorProgram<
  DynamicSupervisorSpec,
  CompleteDynamicSpec,
  DynamicSupervisorState
> = new SupervisorProgram(DynamicSupervisorServer, {
  form,
  take: ({ children }, spec) => children.change(spec),
  childrenOf: ({ children }) => children.infos(),
  refusal: (reason) => reason,
})
