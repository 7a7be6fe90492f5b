import type { Reason } from '../kernel/exit.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import { type ChildSpec, type CompleteChildSpec, completeChild, isInvalid } from './child-spec.ts'
import { type Started, startChild } from './child-start.ts'
import { ChildStopper, isExitMessage } from './child-stop.ts'
import type { GenServer } from './gen-server.ts'
import { processOf } from './proc-lib.ts'
import { addRestart, NO_RESTARTS, type RestartHistory } from './restart-intensity.ts'
import { STRATEGIES } from './restart-strategy.ts'
import { isReported, isStartedAgain } from './restart-type.ts'
import { noreply, ok, reply, stop } from './results.ts'
import {
  type ChildCount,
  type ChildInfo,
  countChildren,
  infoOf,
  SupervisedChild,
  SupervisedChildren,
} from './supervised-children.ts'
import { reportError, reportProgress, reportUnexpected } from './supervisor-report.ts'
import { type CompleteSupervisorSpec, completeSupervisor, type SupervisorSpec } from './supervisor-spec.ts'

/** What a supervisor answers; the functions in supervisor.ts ask for it. */
export interface SupervisorApi {
  state: SupervisorState
  init: [spec: SupervisorSpec]
  call: {
    startChild(spec: ChildSpec): StartChildResult
    restartChild(id: { id: unknown }): StartChildResult
    terminateChild(id: { id: unknown }): 'ok' | readonly ['error', 'not_found']
    deleteChild(id: { id: unknown }): 'ok' | readonly ['error', 'not_found' | 'running' | 'restarting']
    getChildspec(id: { id: unknown }): readonly ['ok', CompleteChildSpec] | readonly ['error', 'not_found']
    whichChildren(): readonly ChildInfo[]
    countChildren(): ChildCount
  }
  cast: { tryAgainRestart(id: { id: unknown }): void }
}

/** Of a child that declined with `ignore` the pid is undefined. */
export type StartChildResult<P = unknown> =
  | readonly ['ok', Pid<P> | undefined]
  | readonly ['ok', Pid<P> | undefined, unknown]
  | readonly ['error', Reason]

export interface SupervisorState {
  readonly spec: CompleteSupervisorSpec
  readonly children: SupervisedChildren
  restarts: RestartHistory
}

/**
 * The callbacks of a supervisor, which is a GenServer: while it starts or stops a child it awaits, so that requests
 * queue, and it can be killed at any moment. Control flow and rules stand in supervisor.ts.
 */
export const SupervisorServer: GenServer<SupervisorApi> = {
  async init(spec) {
    const process = processOf(this)
    process.trapExit(true)
    const complete = completeSupervisor(spec)
    if (isInvalid(complete)) return stop(complete[1])
    const children = new SupervisedChildren(process.node.address, complete.children)
    const state: SupervisorState = { spec: complete, children, restarts: NO_RESTARTS }
    const failed = await startAll(process, state, [...children])
    if (failed === undefined) return ok(state)
    await stopAll(process, state, children.newestFirst())
    return stop(['shutdown', ['failed_to_start_child', failed.child.spec.id, failed.reason]])
  },

  handleCall: {
    async startChild(spec, _from, state) {
      return reply(await addChild(processOf(this), state, spec), state)
    },
    async restartChild({ id }, _from, state) {
      return reply(await startAgain(processOf(this), state, id), state)
    },
    async terminateChild({ id }, _from, state) {
      const child = state.children.find(id)
      if (child === undefined) return reply(['error', 'not_found'], state)
      await stopAll(processOf(this), state, [child])
      return reply('ok', state)
    },
    deleteChild({ id }, _from, state) {
      const child = state.children.find(id)
      if (child === undefined) return reply(['error', 'not_found'], state)
      if (child.status !== undefined) return reply(['error', child.restarting ? 'restarting' : 'running'], state)
      state.children.remove(child)
      return reply('ok', state)
    },
    getChildspec({ id }, _from, state) {
      const child = state.children.find(id)
      return reply(child === undefined ? ['error', 'not_found'] : ['ok', child.spec], state)
    },
    whichChildren(_request, _from, state) {
      return reply(state.children.newestFirst().map(infoOf), state)
    },
    countChildren(_request, _from, state) {
      return reply(countChildren(state.children, this.node.address), state)
    },
  },

  handleCast: {
    async tryAgainRestart({ id }, state) {
      const child = state.children.find(id)
      if (!child?.restarting) return noreply(state)
      return (await restart(processOf(this), state, child)) ? noreply(state) : stop('shutdown', state)
    },
  },

  handleInfo(message, state) {
    const process = processOf(this)
    if (!isExitMessage(message)) {
      reportUnexpected(process, message)
      return noreply(state)
    }
    const child = state.children.ofPid(message.from)
    return child === undefined ? noreply(state) : childEnded(process, state, child, message.reason)
  },

  terminate(_reason, state) {
    return stopAll(processOf(this), state, state.children.newestFirst())
  },
}

// --- a child ends

function childEnded(process: Process, state: SupervisorState, child: SupervisedChild, reason: Reason) {
  const { restart: when } = child.spec
  if (isReported(when, reason)) reportError(process, 'child_terminated', reason, child)
  if (isStartedAgain(when, reason)) {
    return restart(process, state, child).then((goesOn) => (goesOn ? noreply(state) : stop('shutdown', state)))
  }
  drop(state, child)
  return endsWith(state, child) ? stop('shutdown', state) : noreply(state)
}

/** Whether the supervisor is to end because `child`, which has ended for good, was significant. */
function endsWith({ spec, children }: SupervisorState, child: SupervisedChild): boolean {
  if (!child.spec.significant || spec.autoShutdown === 'never') return false
  if (spec.autoShutdown === 'any_significant') return true
  for (const other of children) if (other.spec.significant && other.status !== undefined) return false
  return true
}

/** Starts `child`, and with it its group, again. False when that was once too often: the supervisor is to end. */
async function restart(process: Process, state: SupervisorState, child: SupervisedChild): Promise<boolean> {
  const { spec, children } = state
  const restarts = addRestart(state.restarts, Math.floor(process.node.host.monotonic() / 1000), spec)
  if (restarts === undefined) {
    reportError(process, 'shutdown', 'reached_max_restart_intensity', child)
    drop(state, child)
    return false
  }
  state.restarts = restarts
  const before = child.pid
  let group = STRATEGIES[spec.strategy](children, child)
  if (spec.strategy !== 'one_for_one') {
    children.stopped(child)
    await stopAll(process, state, [...group].reverse())
    group = group.filter((member) => member.spec.restart !== 'temporary')
  }
  const failed = await startAll(process, state, group)
  if (failed !== undefined) {
    children.failed(failed.child, failed.child === child ? before : undefined)
    // Not in a loop: what is queued has its turn before the next attempt, and sees the child as `restarting`.
    process.cast(process.pid, 'tryAgainRestart', { id: failed.child.spec.id })
  }
  return true
}

// --- starting and stopping

interface Failed {
  readonly child: SupervisedChild
  readonly reason: Reason
}

/** Starts `children` one after the other, up to the first that fails. */
async function startAll(
  process: Process,
  state: SupervisorState,
  children: readonly SupervisedChild[],
): Promise<Failed | undefined> {
  for (const child of children) {
    const started = await startOne(process, state, child)
    if (started.outcome === 'error') {
      reportError(process, 'start_error', started.reason, child)
      return { child, reason: started.reason }
    }
    if (started.pid === undefined && child.spec.restart === 'temporary') state.children.remove(child)
  }
  return undefined
}

type StartedOne = Exclude<Started, { outcome: 'threw' }>

async function startOne(process: Process, state: SupervisorState, child: SupervisedChild): Promise<StartedOne> {
  const started = await startChild(process, child.spec)
  if (started.outcome === 'threw') return { outcome: 'error', reason: ['EXIT', started.reason] }
  if (started.outcome === 'error') return started
  state.children.started(child, started.pid)
  if (started.pid !== undefined) reportProgress(process, child)
  return started
}

/** Stops `children` one after the other: the next only when the one before is down. */
async function stopAll(process: Process, state: SupervisorState, children: readonly SupervisedChild[]): Promise<void> {
  const stopper = new ChildStopper(process)
  for (const child of children) {
    const { running } = child
    const failed = running === undefined ? undefined : await stopper.stop(running, child.spec)
    if (failed !== undefined) reportError(process, 'shutdown_error', failed.reason, child)
    drop(state, child)
  }
}

/** What stays of a child that was not started again: its specification, unless it is temporary. */
function drop({ children }: SupervisorState, child: SupervisedChild): void {
  if (child.spec.restart === 'temporary') children.remove(child)
  else children.stopped(child)
}

// --- requests

async function addChild(process: Process, state: SupervisorState, spec: ChildSpec): Promise<StartChildResult> {
  const complete = completeChild(spec, state.spec.autoShutdown)
  if (isInvalid(complete)) return ['error', complete[1]]
  const present = state.children.find(complete.id)
  if (present !== undefined) {
    return ['error', present.running === undefined ? 'already_present' : ['already_started', present.running]]
  }
  const child = new SupervisedChild(complete)
  const started = await startOne(process, state, child)
  if (started.outcome === 'ok') {
    if (started.pid !== undefined || complete.restart !== 'temporary') state.children.add(child)
    return resultOf(started)
  }
  const { reason } = started
  if (Array.isArray(reason) && reason[0] === 'already_started') return ['error', reason]
  return ['error', [reason, recordOf(complete)]]
}

async function startAgain(process: Process, state: SupervisorState, id: unknown): Promise<StartChildResult> {
  const child = state.children.find(id)
  if (child === undefined) return ['error', 'not_found']
  if (child.status !== undefined) return ['error', child.restarting ? 'restarting' : 'running']
  const started = await startOne(process, state, child)
  return started.outcome === 'ok' ? resultOf(started) : ['error', started.reason]
}

function resultOf({ pid, info }: Extract<Started, { outcome: 'ok' }>): StartChildResult {
  return info === undefined ? ['ok', pid] : ['ok', pid, info[0]]
}

/** OTP's record of a child that was not added: `{child, Pid, Id, ...}`. */
function recordOf({ id, start, restart: when, significant, shutdown, type, modules }: CompleteChildSpec): Reason {
  return ['child', undefined, id, start, when, significant, shutdown, type, modules]
}
