import { fault } from '../../internal/errors.ts'
import { CALL, timeoutOr } from '../../kernel/calls.ts'
import type { Caller, CallOptions, Context, ProcessCaller } from '../../kernel/context.ts'
import { exit, type Reason } from '../../kernel/exit.ts'
import { PROC_LIB } from '../../kernel/flags.ts'
import { awaited, makeRequest } from '../../kernel/observe.ts'
import { ANY, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import type { Dest, Name, Operations, ReplyOf, RequestArguments } from '../../kernel/protocol.ts'
import { failingAs, ownerOf, processOf } from '../caller.ts'
import { type StartMonitorResult, type StartOptions, type StartResult, startProcess } from '../proc-lib/start.ts'
import { NAME, START } from '../proc-lib/start-options.ts'
import {
  type ChildOptions,
  type ChildSpec,
  type DynamicChildSpec,
  type IdOptions,
  mustBeArguments,
  specOfServer,
} from '../supervisor/child-spec.ts'
import { currentModule } from '../sys/code.ts'
import { debugOptions } from '../sys/debug-switch.ts'
import type { StateMachine, StatemActions, StatemArguments, StatemProtocol } from './state-machine.ts'
import { statemProgramOf } from './statem-program.ts'

/**
 * OTP's gen_statem: a process that is in one of several states, and in each of them answers the same events in its own
 * way. Use it where a GenServer would ask of its state first what it may do. `StateMachine` is the type of its callback
 * module; here is what starts machines and calls them, and what their callbacks return. Casts, messages and `stop` are
 * those of every process: `caller.cast`, `caller.send`, `sys.stop`; a caller is answered with the action `reply`, or
 * from anywhere with `caller.reply`.
 *
 *     import { createNode, GenStatem, type StateMachine } from 'guildhall'
 *     const { keepState, keepStateAndData, nextState, ok, postpone, reply, stateTimeout } = GenStatem
 *
 *     interface DoorApi {
 *       state: 'locked' | 'open'
 *       data: { readonly code: string; readonly typed: string }
 *       init: [code: string]
 *       call: { enter(): 'welcome' }
 *       cast: { button(digit: string): void }
 *       stateTimeout: 'lock'
 *     }
 *
 *     const Door: StateMachine<DoorApi> = {
 *       callbackMode: 'state_functions',
 *       init: (code) => ok('locked', { code, typed: '' }),
 *       states: {
 *         locked(event, door) {
 *           if (event.operation === 'enter') return keepStateAndData(postpone())
 *           if (event.operation !== 'button') return keepStateAndData()
 *           const typed = (door.typed + event.content).slice(-door.code.length)
 *           if (typed !== door.code) return keepState({ ...door, typed })
 *           return nextState('open', { ...door, typed: '' }, stateTimeout(5000, 'lock'))
 *         },
 *         open(event, door) {
 *           if (event.type === 'state_timeout') return nextState('locked', door)
 *           if (event.operation === 'enter') return keepStateAndData(reply(event.from, 'welcome'))
 *           return keepStateAndData()
 *         },
 *       },
 *     }
 *
 *     const node = createNode()
 *     const door = GenStatem.name(Door, 'door')
 *     await node.supervise({ children: [GenStatem.child(Door, ['12'], { name: door })] })
 *     const entered = GenStatem.call(node, door, 'enter')             // waits: the door is locked
 *     for (const digit of '12') node.cast(door, 'button', digit)
 *     await entered                                                   // 'welcome'
 *
 * Control flow, with what a callback may return (see statem-results.ts and statem-actions.ts):
 *
 *     caller                        machine                                     module
 *     start, startLink   ───────>   init(...args)                               ok, stop, ignore, failure
 *     call, cast, send   ───────>   states[state](event, data)                  nextState, keepState, ..., stop
 *     time-outs, nextEvent ─────>     or handleEvent(event, state, data)          with actions
 *     a state is entered            the same with { type: 'enter', content: the state before }, when `stateEnter`
 *     the end                       terminate(reason, state, data)
 *     upgrade, changeCode ─────>    codeChange(oldVsn, state, data, extra)      ok, failure
 *
 * One event at a time, and in this order: replies leave as the actions are walked through; then the new state is
 * entered; then postponed events are put back if the state is another one; then time-outs start; then comes the next
 * event: inserted ones, postponed ones, time-outs of 0, and only then the mailbox. A callback may be async; until it is
 * settled no other event is handled.
 *
 * An event of a call that is answered by nobody leaves its caller waiting: `call` waits without end unless told
 * otherwise. When not to use it: without states that differ in what they do with an event, a GenServer is simpler.
 *
 * The rules are those of gen_statem in OTP 26.
 */

/** Starts a state machine that lives on its own. @see StartOptions */
export function start<P extends StatemProtocol>(
  caller: Caller,
  module: StateMachine<P>,
  args: NoInfer<StatemArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartResult<P>> {
  return startProcess(caller, statemProgramOf(module), args, 'none', options)
}

/**
 * Starts a state machine linked to the calling process, its parent. When init fails, a parent that does not trap exits
 * ends with the same reason; one that does gets the result.
 */
export function startLink<P extends StatemProtocol>(
  caller: Caller,
  module: StateMachine<P>,
  args: NoInfer<StatemArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartResult<P>> {
  return startProcess(caller, statemProgramOf(module), args, 'link', options)
}

/** As `start`, with a monitor of the new process set by the calling one. */
export function startMonitor<P extends StatemProtocol>(
  caller: ProcessCaller,
  module: StateMachine<P>,
  args: NoInfer<StatemArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartMonitorResult<P>> {
  return startProcess(processOf(caller), statemProgramOf(module), args, 'monitor', options)
}

/** The specification of a child that is a state machine of `module`, started with `args`. */
export function child<P extends StatemProtocol>(
  module: StateMachine<P>,
  args: NoInfer<StatemArguments<P>>,
  options: IdOptions<P>,
): ChildSpec<P>
export function child<P extends StatemProtocol>(
  module: StateMachine<P>,
  args: NoInfer<StatemArguments<P>>,
  options?: ChildOptions<P>,
): DynamicChildSpec<P>
export function child<P extends StatemProtocol>(
  module: StateMachine<P>,
  args: NoInfer<StatemArguments<P>>,
  options: ChildOptions<P> = {},
): ChildSpec<P> {
  mustBeArguments(args)
  return specOfServer(statemProgramOf(module), { modules: [module] }, options, (extra) => [...extra, ...args])
}

export interface StatemLoopOptions<P extends StatemProtocol> {
  /** The name that the process has registered itself under, if any. */
  readonly name?: StartOptions<P>['name']
  /** What it is debugged with from now on, see `sys.DebugOption`. */
  readonly debug?: StartOptions['debug']
  /** As in a start: a hint, for a machine has nothing to compact. */
  readonly hibernateAfter?: number
  /** What to do before the first event, as in `ok`. */
  readonly actions?: StatemActions<P>
}

const ENTER_LOOP: OptionKinds<StatemLoopOptions<StatemProtocol>> = {
  name: NAME,
  debug: START.debug,
  hibernateAfter: START.hibernateAfter,
  actions: ANY,
}

/**
 * Makes the calling process, a function that was started by `procLib`, a state machine of `module`. `init` is not
 * called: the process has begun in its own way. Return what it returns: the function goes no further.
 * @throws Exit `process_was_not_started_by_proc_lib`, or `process_not_registered` when `name` is another's.
 */
export function enterLoop<P extends StatemProtocol>(
  self: Context,
  module: StateMachine<P>,
  state: NoInfer<P['state']>,
  data: NoInfer<P['data']>,
  options: StatemLoopOptions<P> = {},
): Promise<never> {
  mustBeOptions('enterLoop', options, ENTER_LOOP)
  const process = processOf(self)
  if ((process.flags & PROC_LIB) === 0) exit('process_was_not_started_by_proc_lib')
  const { name, debug, actions } = options
  if (name !== undefined && process.node.resolve(name).pid !== process.pid) exit('process_not_registered')
  if (debug !== undefined) debugOptions(process, debug)
  statemProgramOf(currentModule(process.node, module)).enterLoop(process, state, data, actions)
  return new Promise(() => {})
}

/** The registered name of a state machine of `module`, typed with what it answers. */
export function name<P extends StatemProtocol>(_module: StateMachine<P>, text: string): Name<P> {
  if (typeof text !== 'string') throw fault('badarg', 'a registered name is a string')
  return { name: text }
}

export interface StatemCallOptions {
  /**
   * Milliseconds to wait for the reply; `Infinity` unless told otherwise. OTP's `['clean_timeout', milliseconds]` and
   * `['dirty_timeout', milliseconds]` do the same: a late reply is dropped in any case.
   */
  readonly timeout?: number | readonly ['clean_timeout' | 'dirty_timeout', number]
}

/**
 * Asks a state machine and waits for its reply, without end unless told otherwise.
 * @throws Exit with the reason `[why, ['gen_statem', 'call', [to, request, timeout]]]`, `why` as for `Caller.call`.
 */
export function call<P, K extends keyof Operations<P, 'call'> & string>(
  caller: Caller,
  to: Dest<P>,
  operation: K,
  ...request: RequestArguments<Operations<P, 'call'>[K], StatemCallOptions>
): Promise<ReplyOf<Operations<P, 'call'>[K]>> {
  const owner = ownerOf(caller)
  const [content, options] = request as readonly [unknown, StatemCallOptions?]
  const timeout = timeoutOr(options as CallOptions, Number.POSITIVE_INFINITY)
  const milliseconds = isTagged(timeout) ? timeout[1] : timeout
  const answered = makeRequest(owner, to, CALL, operation, content, milliseconds)
  const waited = timeout === Number.POSITIVE_INFINITY ? 'infinity' : timeout
  const asked = [to, content === undefined ? operation : [operation, content], waited]
  const reasonFor = (why: Reason) => [why, ['gen_statem', 'call', asked]]
  return awaited(owner, failingAs(owner, answered, reasonFor)) as never
}

function isTagged(timeout: unknown): timeout is readonly [tag: string, milliseconds: number] {
  return (
    Array.isArray(timeout) && (timeout[0] === 'clean_timeout' || timeout[0] === 'dirty_timeout') && timeout.length === 2
  )
}

export { failure, ignore, stop } from '../gen-server/results.ts'
export {
  changeCallbackModule,
  eventTimeout,
  hibernate,
  nextEvent,
  popCallbackModule,
  postpone,
  pushCallbackModule,
  reply,
  stateTimeout,
  timeout,
} from './statem-actions.ts'
export {
  keepState,
  keepStateAndData,
  nextState,
  ok,
  repeatState,
  repeatStateAndData,
  stopAndReply,
} from './statem-results.ts'
