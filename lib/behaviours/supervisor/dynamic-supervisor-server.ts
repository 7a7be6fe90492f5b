import { DYNAMIC_CHILDREN, DYNAMIC_RESTART_INTENSITY } from '../../internal/limits.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { GenServer } from '../gen-server/gen-server.ts'
import { noreply, ok, reply, stop } from '../gen-server/results.ts'
import { processOf } from '../proc-lib/proc-lib.ts'
import { type ChildSpec, completeChild, isInvalid } from './child-spec.ts'
import { isExitMessage } from './child-stop.ts'
import { type RestartIntensity, Restarts } from './restart-intensity.ts'
import { isReported, isStartedAgain } from './restart-type.ts'
import { ChildrenByPid } from './supervised-by-pid.ts'
import { type ChildCount, type ChildInfo, countChildren, infoOf, type SupervisedChild } from './supervised-children.ts'
import { SupervisorReports } from './supervisor-report.ts'
import { completeIntensity, invalidFlag } from './supervisor-spec.ts'

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

/** What a dynamic supervisor answers; the functions in dynamic-supervisor.ts ask for it. */
export interface DynamicSupervisorApi {
  state: DynamicSupervisorState
  init: [spec: DynamicSupervisorSpec]
  call: {
    startChild(spec: ChildSpec): StartDynamicChildResult
    terminateChild(child: { pid: Pid }): 'ok' | readonly ['error', 'not_found']
    whichChildren(): readonly ChildInfo[]
    countChildren(): ChildCount
  }
  cast: { tryAgainRestart(child: { pid: Pid }): void }
}

export type StartDynamicChildResult<P = unknown> =
  | readonly ['ok', Pid<P>]
  | readonly ['ok', Pid<P>, unknown]
  | 'ignore'
  | readonly ['error', Reason]

export interface DynamicSupervisorState {
  readonly maxChildren: number
  readonly extraArguments: readonly unknown[]
  readonly restarts: Restarts
  readonly children: ChildrenByPid
  readonly reports: SupervisorReports
}

/** The callbacks of a dynamic supervisor. Its rules stand in dynamic-supervisor.ts. */
export const DynamicSupervisorServer: GenServer<DynamicSupervisorApi> = {
  moduleName: 'DynamicSupervisor',

  init(spec) {
    this.trapExit(true)
    const process = processOf(this)
    if (typeof spec !== 'object' || spec === null) return stop(invalidFlag('invalid_type', spec)[1])
    const { strategy = 'one_for_one', maxChildren = DYNAMIC_CHILDREN, extraArguments = [] } = spec
    const rule = completeIntensity(spec, DYNAMIC_RESTART_INTENSITY)
    if (strategy !== 'one_for_one') return stop(invalidFlag('invalid_strategy', strategy)[1])
    if (isInvalid(rule)) return stop(rule[1])
    if (!isCount(maxChildren)) return stop(invalidFlag('invalid_max_children', maxChildren)[1])
    if (!Array.isArray(extraArguments)) return stop(invalidFlag('invalid_extra_arguments', extraArguments)[1])
    const restarts = new Restarts(rule)
    const reports = new SupervisorReports(process, 'DynamicSupervisor')
    const children = new ChildrenByPid(process, restarts, reports, 'Elixir')
    return ok({ maxChildren, extraArguments, restarts, children, reports })
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
      return reply(Array.from(state.children, infoOf), state)
    },
    countChildren(_request, _from, state) {
      return reply(countChildren(state.children, this.node.address), state)
    },
  },

  handleCast: {
    tryAgainRestart({ pid }, state) {
      const child = state.children.find(pid)
      return child?.restarting ? restart(state, child) : noreply(state)
    },
  },

  handleInfo(message, state) {
    const { children, reports, restarts } = state
    if (!isExitMessage(message)) {
      reports.unexpected(message)
      return noreply(state)
    }
    const { from, reason } = message
    const child = children.find(from)
    if (child === undefined || child.restarting) return noreply(state)
    const { id, restart: when } = child.spec
    if (isReported(when, reason)) reports.error('child_terminated', reason, child)
    if (isStartedAgain(when, reason)) {
      restarts.note(id, reason)
      return restart(state, child)
    }
    children.remove(child)
    return noreply(state)
  },

  async terminate(_reason, { children, reports }) {
    for (const { child, reason } of await children.stopAll()) reports.error('shutdown_error', reason, child)
  },
}

function isCount(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0)
}

async function addChild(state: DynamicSupervisorState, spec: ChildSpec): Promise<StartDynamicChildResult> {
  const { children, extraArguments, maxChildren, reports } = state
  const complete = completeChild({ ...spec, id: 'undefined' }, 'never')
  if (isInvalid(complete)) {
    return ['error', complete[1] === 'missing_start' ? ['invalid_child_spec', spec] : complete[1]]
  }
  if (children.size >= maxChildren) return ['error', 'max_children']
  const started = await children.start(complete, extraArguments)
  if (started.outcome !== 'ok') return ['error', started.reason]
  if (started.pid === undefined) return 'ignore'
  reports.progress(children.find(started.pid)!)
  return started.info === undefined ? ['ok', started.pid] : ['ok', started.pid, started.info[0]]
}

async function restart(state: DynamicSupervisorState, child: SupervisedChild) {
  const outcome = await state.children.restart(child)
  if (typeof outcome === 'object') state.reports.progress(outcome)
  return outcome === 'too_many_restarts' ? stop('shutdown', state) : noreply(state)
}
