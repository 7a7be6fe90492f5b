import { DYNAMIC_CHILDREN, DYNAMIC_RESTART_INTENSITY } from '../internal/limits.ts'
import type { Reason } from '../kernel/exit.ts'
import { keyOf } from '../kernel/links.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import { type ChildSpec, type CompleteChildSpec, completeChild, isInvalid } from './child-spec.ts'
import { type Started, startChild } from './child-start.ts'
import { ChildStopper, isExitMessage } from './child-stop.ts'
import type { GenServer } from './gen-server.ts'
import { processOf } from './proc-lib.ts'
import { addRestart, NO_RESTARTS, type RestartHistory, type RestartIntensity } from './restart-intensity.ts'
import { isReported, isStartedAgain } from './restart-type.ts'
import { noreply, ok, reply, stop } from './results.ts'
import { type ChildCount, type ChildInfo, countChildren, infoOf, SupervisedChild } from './supervised-children.ts'
import { reportError, reportProgress, reportUnexpected } from './supervisor-report.ts'
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
  readonly rule: RestartIntensity
  readonly maxChildren: number
  readonly extraArguments: readonly unknown[]
  /** By the key of the pid, of a child that is restarting the one it had. */
  readonly children: Map<number | string, SupervisedChild>
  restarts: RestartHistory
}

/** The callbacks of a dynamic supervisor. Its rules stand in dynamic-supervisor.ts. */
export const DynamicSupervisorServer: GenServer<DynamicSupervisorApi> = {
  init(spec) {
    this.trapExit(true)
    const { strategy = 'one_for_one', maxChildren = DYNAMIC_CHILDREN, extraArguments = [] } = spec
    const rule = completeIntensity(spec, DYNAMIC_RESTART_INTENSITY)
    if (strategy !== 'one_for_one') return stop(invalidFlag('invalid_strategy', strategy)[1])
    if (isInvalid(rule)) return stop(rule[1])
    if (!isCount(maxChildren)) return stop(invalidFlag('invalid_max_children', maxChildren)[1])
    if (!Array.isArray(extraArguments)) return stop(invalidFlag('invalid_extra_arguments', extraArguments)[1])
    return ok({ rule, maxChildren, extraArguments, children: new Map(), restarts: NO_RESTARTS })
  },

  handleCall: {
    async startChild(spec, _from, state) {
      return reply(await addChild(processOf(this), state, spec), state)
    },
    async terminateChild({ pid }, _from, state) {
      const child = state.children.get(keyOf(pid, this.node.address))
      if (child === undefined) return reply(['error', 'not_found'], state)
      await stopAll(processOf(this), state, [child])
      return reply('ok', state)
    },
    whichChildren(_request, _from, state) {
      return reply(Array.from(state.children.values(), infoOf), state)
    },
    countChildren(_request, _from, state) {
      return reply(countChildren(state.children.values(), this.node.address), state)
    },
  },

  handleCast: {
    tryAgainRestart({ pid }, state) {
      const child = state.children.get(keyOf(pid, this.node.address))
      return child?.restarting ? restart(processOf(this), state, child) : noreply(state)
    },
  },

  handleInfo(message, state) {
    const process = processOf(this)
    if (!isExitMessage(message)) {
      reportUnexpected(process, message)
      return noreply(state)
    }
    const { from, reason } = message
    const child = state.children.get(keyOf(from, this.node.address))
    if (child === undefined) return noreply(state)
    const { restart: when } = child.spec
    if (isReported(when, reason)) reportError(process, 'child_terminated', reason, child)
    if (isStartedAgain(when, reason)) return restart(process, state, child)
    remove(process, state, child)
    return noreply(state)
  },

  terminate(_reason, state) {
    return stopAll(processOf(this), state, [...state.children.values()])
  },
}

function isCount(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0)
}

async function addChild(
  process: Process,
  state: DynamicSupervisorState,
  spec: ChildSpec,
): Promise<StartDynamicChildResult> {
  const complete = completeChild({ ...spec, id: 'undefined' }, 'never')
  if (isInvalid(complete)) {
    return ['error', complete[1] === 'missing_start' ? ['invalid_child_spec', spec] : complete[1]]
  }
  if (state.children.size >= state.maxChildren) return ['error', 'max_children']
  const started = await startChild(process, complete, state.extraArguments)
  if (started.outcome !== 'ok') return ['error', started.reason]
  if (started.pid === undefined) return 'ignore'
  keep(process, state, complete, started.pid)
  return started.info === undefined ? ['ok', started.pid] : ['ok', started.pid, started.info[0]]
}

function keep(process: Process, state: DynamicSupervisorState, spec: CompleteChildSpec, pid: Pid): void {
  const child = new SupervisedChild(spec)
  child.pid = pid
  state.children.set(keyOf(pid, process.node.address), child)
  reportProgress(process, child)
}

function remove(process: Process, state: DynamicSupervisorState, child: SupervisedChild): void {
  state.children.delete(keyOf(child.pid!, process.node.address))
}

async function restart(process: Process, state: DynamicSupervisorState, child: SupervisedChild) {
  const restarts = addRestart(state.restarts, Math.floor(process.node.host.monotonic() / 1000), state.rule)
  if (restarts === undefined) {
    reportError(process, 'shutdown', 'reached_max_restart_intensity', child)
    remove(process, state, child)
    return stop('shutdown', state)
  }
  state.restarts = restarts
  const started: Started = await startChild(process, child.spec, state.extraArguments)
  if (started.outcome === 'ok') {
    remove(process, state, child)
    if (started.pid !== undefined) keep(process, state, child.spec, started.pid)
    return noreply(state)
  }
  child.restarting = true
  reportError(process, 'start_error', started.reason, child)
  process.cast(process.pid, 'tryAgainRestart', { pid: child.pid })
  return noreply(state)
}

/** Stops `children` all at the same time; each has the time of its own specification. */
async function stopAll(
  process: Process,
  state: DynamicSupervisorState,
  children: readonly SupervisedChild[],
): Promise<void> {
  const stopper = new ChildStopper(process)
  const stopped = async (child: SupervisedChild) => {
    const { running } = child
    const failed = running === undefined ? undefined : await stopper.stop(running, child.spec)
    if (failed !== undefined) reportError(process, 'shutdown_error', failed.reason, child)
    remove(process, state, child)
  }
  await Promise.all(children.map(stopped))
}
