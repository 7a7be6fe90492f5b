import type { Caller, From } from '../../kernel/context.ts'
import { Exit, type Reason } from '../../kernel/exit.ts'
import { isExitMessage } from '../../kernel/message-kind.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { ownerOf, processOf } from '../caller.ts'
import { type GenServer, start as startServer } from '../gen-server/gen-server.ts'
import { noreply, ok, reply } from '../gen-server/results.ts'
import { serverProgramOf } from '../gen-server/server-program.ts'
import { startProcess } from '../proc-lib/start.ts'
import { stop as stopServer } from '../sys/sys.ts'
import { ApplicationMaster } from './application-master.ts'
import type { ApplicationDefinition, StartType } from './application-spec.ts'
import { type ApplicationTable, applicationsOf, type RunningApplication } from './application-table.ts'

type Done = 'ok' | readonly ['error', Reason]

interface ControllerApi {
  state: ControllerState
  init: []
  call: {
    start(request: { readonly name: string; readonly type: StartType }): Done
    stop(request: { readonly name: string }): Done
  }
  cast: { started(outcome: Outcome): void }
}

interface Outcome {
  readonly application: RunningApplication
  readonly type: StartType
  readonly result: readonly ['ok', ...unknown[]] | readonly ['error', Reason]
}

interface ControllerState {
  /** Who waits for the start, or for the stop, of an application. */
  readonly starting: Map<string, From<Done>[]>
  readonly stopping: Map<string, From<Done>[]>
}

/**
 * The controller of a node's applications: one process, started when it is needed first. It goes on with other requests
 * while an application starts or stops, and those that ask for the same wait together (application_controller.erl).
 */
const ApplicationController: GenServer<ControllerApi> = {
  moduleName: 'application_controller',

  init() {
    this.trapExit(true)
    return ok({ starting: new Map(), stopping: new Map() })
  },

  handleCall: {
    start({ name, type }, from, state) {
      const process = processOf(this)
      const waiting = state.starting.get(name)
      if (waiting !== undefined) {
        waiting.push(from)
        return noreply(state)
      }
      const found = startable(applicationsOf(process.node), name, type)
      if (found[0] === 'error') return reply(found, state)
      state.starting.set(name, [from])
      begin(process, found[1], type)
      return noreply(state)
    },

    stop({ name }, from, state) {
      const process = processOf(this)
      const { running, started } = applicationsOf(process.node)
      const application = running.get(name)
      const waiting = state.stopping.get(name)
      if (waiting !== undefined) {
        waiting.push(from)
        return noreply(state)
      }
      if (application?.master !== undefined) {
        state.stopping.set(name, [from])
        // The EXIT message of the master tells the end, whatever comes of this request.
        stopServer(this, application.master).catch(() => {})
        return noreply(state)
      }
      if (!started.has(name)) return reply(['error', ['not_started', name]], state)
      // A library, which runs nothing, or an application that has ended by itself.
      const type = started.get(name)
      forget(process, name)
      if (application !== undefined) reportExit(process, name, 'stopped', type)
      return reply('ok', state)
    },
  },

  handleCast: {
    started(outcome, state) {
      const process = processOf(this)
      const { application, result, type } = outcome
      const { name } = application.definition
      const waiting = state.starting.get(name) ?? []
      state.starting.delete(name)
      if (result[0] === 'ok') settle(process, application, type)
      for (const from of waiting) this.reply(from, result[0] === 'ok' ? 'ok' : result)
      if (result[0] === 'error') startFailed(process, application, type, result[1])
      else if (application.ended !== undefined) departed(process, state, application, application.ended[0])
      return noreply(state)
    },
  },

  handleInfo(message, state) {
    if (isExitMessage(message)) masterEnded(processOf(this), state, message.from, message.reason)
    return noreply(state)
  },
}

/** The application of this name, when it may be started; else why not. */
function startable(
  table: ApplicationTable,
  name: string,
  type: StartType,
): readonly ['ok', ApplicationDefinition] | readonly ['error', Reason] {
  const { loaded, running, started } = table
  if (!START_TYPES.includes(type)) return ['error', ['invalid_restart_type', type]]
  const definition = loaded.get(name)
  if (definition === undefined) return ['error', ['not_loaded', name]]
  if (running.has(name)) return ['error', ['already_started', name]]
  const optional = new Set(definition.optionalApplications?.map((other) => other.name))
  const needed = definition.applications?.filter((other) => !optional.has(other.name)) ?? []
  const absent = needed.find((other) => !started.has(other.name))
  if (absent !== undefined) return ['error', ['not_started', absent.name]]
  const ended = needed.find((other) => !running.has(other.name))
  return ended === undefined ? ['ok', definition] : ['error', ['not_running', ended.name]]
}

const START_TYPES: readonly unknown[] = ['permanent', 'transient', 'temporary']

/** Starts the master; what comes of it arrives as a cast. */
function begin(process: Process, definition: ApplicationDefinition, type: StartType): void {
  const application: RunningApplication = { definition, master: undefined, top: undefined, ended: undefined }
  const tell = (result: Outcome['result']) => {
    process.cast(process.pid, 'started', { application, type, result } satisfies Outcome)
  }
  if (definition.start === undefined) return tell(['ok'])
  startProcess(process, serverProgramOf(ApplicationMaster), [application], 'link', undefined).then((result) => {
    tell(result === 'ignore' ? ['error', 'ignore'] : result)
  })
}

/** The application runs: the node knows of it from now on. */
function settle(process: Process, application: RunningApplication, type: StartType): void {
  const { node } = process
  const table = applicationsOf(node)
  const { name } = application.definition
  table.running.set(name, application)
  table.started.set(name, type)
  table.onStarted(name)
  const details = { application: name, started_at: node.name }
  node.report({ level: 'info', label: ['application_controller', 'progress'], details })
}

/** An application could not be started: what it has started so far is ended, and perhaps the node. */
function startFailed(process: Process, { definition, master }: RunningApplication, type: StartType, why: Reason): void {
  const { name } = definition
  if (master !== undefined) {
    applicationsOf(process.node).byMaster.delete(master)
    endGroup(process, master)
  }
  reportExit(process, name, why, type)
  const declined = type === 'transient' && Array.isArray(why) && isNormalExit(why[0])
  if (type !== 'temporary' && !declined) endNode(process, ['application_start_failure', name, why])
}

function isNormalExit(term: unknown): boolean {
  return Array.isArray(term) && term[0] === 'EXIT' && term[1] === 'normal'
}

function masterEnded(process: Process, state: ControllerState, master: Pid, reason: Reason): void {
  const table = applicationsOf(process.node)
  const application = table.byMaster.get(master)
  if (application === undefined) return
  application.ended = [reason]
  // One that ends as soon as it has started may be heard of before its start is.
  if (table.running.get(application.definition.name) === application) departed(process, state, application, reason)
}

/** The master of an application that ran has ended: as it was told, or by itself, which may end the node. */
function departed(
  process: Process,
  state: ControllerState,
  { definition, master }: RunningApplication,
  reason: Reason,
) {
  const { name } = definition
  const table = applicationsOf(process.node)
  const type = table.started.get(name)
  const waiting = state.stopping.get(name)
  endGroup(process, master!)
  table.byMaster.delete(master!)
  table.running.delete(name)
  if (waiting !== undefined) {
    state.stopping.delete(name)
    forget(process, name)
    reportExit(process, name, 'stopped', type)
    for (const from of waiting) process.reply(from, 'ok')
    return
  }
  reportExit(process, name, reason, type)
  if (type === 'temporary' || (type === 'transient' && reason === 'normal')) return
  endNode(process, ['application_terminated', name, reason])
}

function forget(process: Process, name: string): void {
  const { running, started } = applicationsOf(process.node)
  running.delete(name)
  started.delete(name)
}

/** Ends every process whose group leader is `master`: all that the application started, directly or not. */
function endGroup(process: Process, master: Pid): void {
  for (const pid of process.node.processes()) {
    if (pid.process?.rare?.leader === master && pid !== master) process.exit(pid, 'kill')
  }
}

function endNode(process: Process, reason: Reason): void {
  process.node.report({ level: 'error', label: ['application_controller', 'terminated'], details: { reason } })
  applicationsOf(process.node).onTerminated(reason)
}

function reportExit(process: Process, application: string, exited: Reason, type: StartType | undefined): void {
  const details = { application, exited, type }
  process.node.report({ level: 'notice', label: ['application_controller', 'exit'], details })
}

// --- requests

const NAME = 'application_controller'

async function controllerOf(caller: Caller): Promise<Pid<ControllerApi>> {
  const { node } = ownerOf(caller)
  const present = node.whereis(NAME)
  if (present !== undefined) return present as Pid<ControllerApi>
  const started = await startServer(node, ApplicationController, [], { name: NAME })
  if (started === 'ignore') throw new Exit(started)
  if (started[0] === 'ok') return started[1]
  const [why, pid] = started[1] as readonly [string, Pid<ControllerApi>]
  if (why !== 'already_started') throw new Exit(started[1])
  return pid
}

export async function startApplication(caller: Caller, name: string, type: StartType): Promise<Done> {
  return ownerOf(caller).call(
    await controllerOf(caller),
    'start',
    { name, type },
    { timeout: Number.POSITIVE_INFINITY },
  )
}

export async function stopApplication(
  caller: Caller,
  name: string,
  timeout: number = Number.POSITIVE_INFINITY,
): Promise<Done> {
  return ownerOf(caller).call(await controllerOf(caller), 'stop', { name }, { timeout })
}
