import { isExitMessage } from '../../kernel/message-kind.ts'
import type { Process } from '../../kernel/process.ts'
import { processOf } from '../caller.ts'
import type { GenServer } from '../gen-server/gen-server.ts'
import { type NoReply, noreply, ok, reply, type Stop, stop } from '../gen-server/results.ts'
import { SimpleSupervision } from './simple-one-for-one.ts'
import type { SupervisorApi, SupervisorState } from './supervisor-api.ts'
import { NamedSupervision } from './supervisor-named.ts'
import { type SpecForm, type SupervisorSource, sourceName, specified } from './supervisor-source.ts'
import { type CompleteSupervisorSpec, completeSupervisor, type SupervisorSpec } from './supervisor-spec.ts'

/**
 * The callbacks of a supervisor, which is a GenServer: while it starts or stops a child it awaits, so that requests
 * queue, and it can be killed at any moment. Control flow and rules stand in supervisor.ts.
 */
export const SupervisorServer: GenServer<SupervisorApi> = {
  moduleName: 'supervisor',

  async init(given) {
    const known = await specified(this, given, supervisorForm)
    if (!('spec' in known)) return known
    const { source, spec } = known
    const children = supervisionOf(processOf(this), source, spec)
    const failed = await children.startAll()
    if (failed === undefined) return ok({ source, spec, children })
    await children.stopAll()
    return stop(['shutdown', ['failed_to_start_child', ...failed]])
  },

  handleCall: {
    startChild: async (what, _from, state) => reply(await state.children.startChild(what), state),
    restartChild: async ({ id }, _from, state) => reply(await state.children.restartChild(id), state),
    terminateChild: async ({ id }, _from, state) => reply(await state.children.terminateChild(id), state),
    deleteChild: ({ id }, _from, state) => reply(state.children.deleteChild(id), state),
    getChildspec: ({ id }, _from, state) => reply(state.children.getChildspec(id), state),
    whichChild: ({ id }, _from, state) => reply(state.children.whichChild(id), state),
    whichChildren: (_request, _from, state) => reply(state.children.whichChildren(), state),
    countChildren: (_request, _from, state) => reply(state.children.countChildren(), state),
    getCallbackModule: (_request, _from, state) => reply(state.source.module, state),
  },

  handleCast: {
    tryAgainRestart: (child, state) => proceed(state.children.tryAgain(child), state),
  },

  handleInfo(message, state) {
    if (isExitMessage(message)) return proceed(state.children.ended(message.from, message.reason), state)
    state.children.unexpected(message)
    return noreply(state)
  },

  terminate: (_reason, { children }) => children.stopAll(),
}

/** What a supervisor takes as a specification: an object with children. */
export const supervisorForm: SpecForm<SupervisorSpec, CompleteSupervisorSpec> = {
  isSpec: (value) => 'children' in value,
  complete: completeSupervisor,
}

function supervisionOf(process: Process, source: SupervisorSource, spec: CompleteSupervisorSpec) {
  const name = sourceName(source, 'supervisor')
  const { strategy } = spec
  if (strategy === 'simple_one_for_one') return new SimpleSupervision(process, name, spec)
  return new NamedSupervision(process, name, strategy, spec)
}

type Next = NoReply<SupervisorState> | Stop<SupervisorState>

/** What a supervisor does after it has dealt with the end of a child. */
function proceed(goesOn: boolean | Promise<boolean>, state: SupervisorState): Next | Promise<Next> {
  if (typeof goesOn !== 'boolean') return goesOn.then((answer) => proceed(answer, state))
  return goesOn ? noreply(state) : stop('shutdown', state)
}
