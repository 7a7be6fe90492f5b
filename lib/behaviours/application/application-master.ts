import { type Reason, reasonOf } from '../../kernel/exit.ts'
import { isExitMessage } from '../../kernel/message-kind.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { withHint } from '../bad-return.ts'
import { andThen, isThenable } from '../callback.ts'
import { processOf } from '../caller.ts'
import type { GenServer, Self } from '../gen-server/gen-server.ts'
import { noreply, ok, stop } from '../gen-server/results.ts'
import { shutDown } from '../supervisor/child-stop.ts'
import type { ApplicationDefinition } from './application-spec.ts'
import { applicationsOf, type RunningApplication } from './application-table.ts'

interface MasterApi {
  state: MasterState
  init: [application: RunningApplication]
}

interface MasterState {
  readonly application: RunningApplication
  /** What `start` returned beside the top supervisor. */
  readonly value: never
}

/**
 * The master of an application: starts its top supervisor, stops it, and ends with it. It is the group leader of every
 * process that belongs to the application.
 *
 *     start   start(type, args) ──> startPhase of each phase ──> runs
 *     stop    prepStop(state) ──> the top supervisor shuts down, without a limit of time ──> stop(state)
 *     end     of the top supervisor by itself: prepStop(state) ──> stop(state) ──> the master ends with its reason
 *
 * After the end of the master the controller ends what is left of the application. (application_master.erl; there
 * the callbacks run in a process of their own, which is the parent of the top supervisor.)
 */
export const ApplicationMaster: GenServer<MasterApi> = {
  moduleName: 'application_master',

  async init(application) {
    const process = processOf(this)
    const { definition } = application
    process.trapExit(true)
    process.node.setGroupLeader(process.pid, process.pid)
    application.master = process.pid
    applicationsOf(process.node).byMaster.set(process.pid, application)
    const started = await startTop(this, definition)
    if (started[0] === 'error') return stop(started[1])
    const top = started[1]
    application.top = top
    process.link(top)
    const failed = await startPhases(this, definition)
    if (failed === undefined) return ok({ application, value: started[2] as never })
    await shutDown(process, top, Number.POSITIVE_INFINITY)
    return stop(failed[0])
  },

  handleCall: {},

  handleInfo(message, state) {
    const { top } = state.application
    if (!isExitMessage(message) || message.from !== top) return noreply(state)
    const process = processOf(this)
    return andThen(depart(this, state, undefined), () => {
      process.end(message.reason)
      return noreply(state)
    })
  },

  terminate(_reason, state) {
    return depart(this, state, state.application.top)
  },
}

/** Runs the callbacks of the end, the stop of `top` between them. Nothing that they do can hold the end up. */
function depart(self: Self<MasterApi>, { application, value }: MasterState, top: Pid | undefined): unknown {
  const { definition } = application
  const process = processOf(self)
  const prepared = attempt(
    () => (definition.prepStop === undefined ? value : definition.prepStop.call(self as Self<unknown>, value)),
    (thrown) => {
      reportFailure(process, definition, thrown)
      return value
    },
  )
  return andThen(prepared, (state) => {
    const callStop = () => definition.stop?.call(self as Self<unknown>, state as never)
    const down = top === undefined ? undefined : shutDown(process, top, Number.POSITIVE_INFINITY)
    return andThen(down, () => attempt(callStop, () => undefined))
  })
}

/** What `run` returns or, when it throws or rejects, what `failed` makes of that. */
function attempt(run: () => unknown, failed: (thrown: unknown) => unknown): unknown {
  try {
    const result = run()
    return isThenable(result) ? Promise.resolve(result).catch(failed) : result
  } catch (thrown) {
    return failed(thrown)
  }
}

// --- start

type Started = readonly ['ok', Pid, unknown] | readonly ['error', Reason]

async function startTop(self: Self<MasterApi>, definition: ApplicationDefinition): Promise<Started> {
  const { args } = definition
  const call = [definition.moduleName ?? definition.name, 'start', ['normal', args]]
  const result = await caught(() => definition.start?.call(self as Self<unknown>, 'normal', args))
  if (Array.isArray(result)) {
    const [tag, value, state] = result as readonly unknown[]
    if (tag === 'ok' && value instanceof Pid && result.length <= 3) return ['ok', value, state]
    if (tag === 'error' && result.length === 2) return ['error', [value, call]]
    if (tag === 'EXIT' && value === 'normal') return ['error', [result, call]]
    if (tag === 'EXIT') return ['error', ['bad_return', [call, result]]]
  }
  return ['error', withHint(['bad_return', [call, result]], WHAT_START_RETURNS)]
}

const WHAT_START_RETURNS =
  "start of an application returns ['ok', pid] of its top supervisor, also with a state behind, or ['error', reason]"

type Failed = readonly [Reason] | undefined

/** Walks the phases of the application; each is one also of what it includes (application_starter.erl). */
async function startPhases(self: Self<MasterApi>, definition: ApplicationDefinition): Promise<Failed> {
  for (const [phase] of definition.startPhases ?? []) {
    const failed = await startPhase(self, definition, phase)
    if (failed !== undefined) return failed
  }
  return undefined
}

/** One phase: of the application when it has it, then of those that it includes, however deep, in their order. */
async function startPhase(self: Self<MasterApi>, definition: ApplicationDefinition, phase: string): Promise<Failed> {
  const { name, startPhases, includedApplications = [] } = definition
  if (startPhases === undefined) return [['start_phases_undefined', name]]
  const found = startPhases.find(([other]) => other === phase)
  const failed = found === undefined ? undefined : await runPhase(self, definition, found)
  if (failed !== undefined) return failed
  for (const included of includedApplications) {
    const inner = await startPhase(self, included, phase)
    if (inner !== undefined) return inner
  }
  return undefined
}

async function runPhase(
  self: Self<MasterApi>,
  definition: ApplicationDefinition,
  [phase, args]: readonly [phase: string, args: unknown],
): Promise<Failed> {
  const call = [definition.moduleName ?? definition.name, 'start_phase', [phase, 'normal', args]]
  const result = await caught(() => definition.startPhase?.call(self as Self<unknown>, phase, 'normal', args))
  if (result === 'ok') return undefined
  if (Array.isArray(result) && result[0] === 'error' && result.length === 2) return [[result[1], call]]
  return [['bad_return_value', [call, result]]]
}

/** What Erlang's `catch` gives: a value, or `{'EXIT', Reason}`. */
async function caught(run: () => unknown): Promise<unknown> {
  try {
    return await run()
  } catch (thrown) {
    return thrown instanceof Error ? ['EXIT', reasonOf(thrown)] : thrown
  }
}

function reportFailure(process: Process, { name }: ApplicationDefinition, thrown: unknown): void {
  const details = { application: name, callback: 'prepStop', reason: reasonOf(thrown) }
  process.node.report({ level: 'error', label: ['application_master', 'shutdown_error'], details })
}
