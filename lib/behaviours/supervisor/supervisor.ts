import type { Caller } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { keyTerm } from '../../kernel/term-key.ts'
import { ownerOf } from '../caller.ts'
import { type StartOptions, type StartResult, startProcess } from '../proc-lib/start.ts'
import {
  type AutoShutdown,
  type ChildOptions,
  type ChildSpec,
  type CompleteChildSpec,
  type DynamicChildSpec,
  type IdOptions,
  specOfServer,
} from './child-spec.ts'
import type { ChildInfo } from './supervised-children.ts'
import type { StartChildResult, SupervisorApi } from './supervisor-api.ts'
import { supervisorProgram } from './supervisor-program.ts'
import { NO_TIMEOUT } from './supervisor-requests.ts'
import { type Given, read, type SupervisorModule } from './supervisor-source.ts'
import { mistakeInChildren, type SupervisorSpec } from './supervisor-spec.ts'

/**
 * A supervisor is a process that starts other processes, its children, and starts them again when they end. Children
 * may be supervisors themselves, so that a program is a tree whose leaves do the work and may crash.
 *
 *     import { child, createNode, type GenServer, ok, reply, Supervisor } from 'guildhall'
 *
 *     const Counter: GenServer<{ state: number; init: [start: number]; call: { next(): number } }> = {
 *       init: (start) => ok(start),
 *       handleCall: { next: (_request, _from, n) => reply(n, n + 1) },
 *     }
 *
 *     await using node = createNode()
 *     await node.supervise({
 *       strategy: 'rest_for_one',                       // what comes after a child depends on it
 *       intensity: 3,                                   // more than 3 restarts in 5 seconds are too many
 *       period: 5,
 *       children: [
 *         child(Counter, [1], { name: 'ids' }),         // started first, stopped last
 *         child(Counter, [0], { id: 'hits' }),
 *         Supervisor.child({ children: [child(Counter, [0], { id: 'page' })] }, { id: 'pages' }),
 *       ],
 *     })
 *     node.exit(node.whereis('ids')!, 'kill')           // 'pages' and 'hits' are stopped, then all three start again
 *
 * Its life:
 *
 *     start   the children, in order, each when the one before runs ── one fails ──> stop those started; end
 *     run     a child ends ──> is it to run again? (`restart` of its specification)
 *                               │ yes                                │ no
 *                               one restart more within the period?  forgotten when temporary, else kept as stopped
 *                               │ allowed            │ too many
 *                               stop its group,      stop all children, end with `shutdown`:
 *                               start it again       a supervisor above decides what follows
 *     end     the children, the last first, each when the one before is down
 *
 * Which siblings belong to the group is said in restart-strategy.ts, how many restarts are allowed in
 * restart-intensity.ts, how a child is started, restarted and stopped in child-spec.ts. A start that fails is tried
 * again, and every attempt counts; between two attempts the supervisor answers what is queued.
 *
 * A supervisor ends when the process that started it ends or tells it to; exit signals of others are ignored. While it
 * starts or stops a child its requests wait, and they wait without a timeout, so a child whose `init` never ends blocks
 * its supervisor: give long work to `continue`.
 *
 * With the strategy simple_one_for_one a supervisor has one specification and any number of children made of it:
 *
 *     const page = Supervisor.template(Page, [])
 *     const pages = Supervisor.child({ strategy: 'simple_one_for_one', children: [page] }, { name: 'pages' })
 *     await node.supervise({ children: [pages] })
 *     await Supervisor.startChild(node, 'pages', ['index'])         // Page starts with 'index'
 *
 * A supervisor of a module (`{ init: (...args) => specification }`) makes its specification when it starts. It can be
 * upgraded while its children run: suspend it, change its code to another module, resume it (`sys`). It then asks the
 * new module; the children keep running under their new specifications, those that are new wait for `restartChild`, and
 * those that are gone from it stay until they are stopped and deleted.
 *
 * When it gives up, its report has the last reasons that its children ended with, `last_reasons`, the newest first.
 *
 * When not to use it: for children that come and go by the thousand, use a DynamicSupervisor. A restart helps against
 * what is wrong now and not when started anew; an error that is expected belongs into a result, and a wrong
 * configuration should fail the start.
 *
 * The rules are those of supervisor in OTP 26.
 */
export function startLink(
  caller: Caller,
  spec: SupervisorSpec,
  options?: StartOptions<SupervisorApi>,
): Promise<StartResult<SupervisorApi>>
/** As above, with a specification that `module.init(...args)` gives. It may also decline, with `ignore()`. */
export function startLink<A extends readonly unknown[]>(
  caller: Caller,
  module: SupervisorModule<A>,
  args: NoInfer<A>,
  options?: StartOptions<SupervisorApi>,
): Promise<StartResult<SupervisorApi>>
export function startLink(caller: Caller, ...rest: Given): Promise<StartResult<SupervisorApi>> {
  const { source, options } = read<StartOptions<SupervisorApi>>(rest)
  return startProcess(caller, supervisorProgram, [source], 'link', options)
}

/** The specification of a child that is a supervisor of its own. It has all the time it needs to stop its children. */
export function child(spec: SupervisorSpec, options: IdOptions<SupervisorApi>): ChildSpec<SupervisorApi>
export function child(spec: SupervisorSpec, options?: ChildOptions<SupervisorApi>): DynamicChildSpec<SupervisorApi>
export function child<A extends readonly unknown[]>(
  module: SupervisorModule<A>,
  args: NoInfer<A>,
  options: IdOptions<SupervisorApi>,
): ChildSpec<SupervisorApi>
export function child<A extends readonly unknown[]>(
  module: SupervisorModule<A>,
  args: NoInfer<A>,
  options?: ChildOptions<SupervisorApi>,
): DynamicChildSpec<SupervisorApi>
export function child(...given: Given): ChildSpec<SupervisorApi> {
  const { source, options } = read<ChildOptions<SupervisorApi>>(given)
  const modules: readonly unknown[] = [source.isModule ? source.module : 'supervisor']
  return { ...specOfServer(supervisorProgram, { modules }, options, () => [source]), type: 'supervisor' }
}

/**
 * Adds a child, started last and so stopped first. Under simple_one_for_one, where the specification is known, it is
 * given the arguments for the child instead.
 *
 *     ['ok', pid] or ['ok', pid, info]         it runs; pid is undefined when it declined with `ignore`
 *     ['error', ['already_started', pid]]      a child with this id runs
 *     ['error', 'already_present']             there is one, but it does not run: restart or delete it
 *     ['error', [reason, record]]              it could not be started, and was not added
 *     ['error', reason]                        the specification is wrong; with simple_one_for_one, it did not start
 */
export function startChild<P>(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  spec: ChildSpec<P>,
): Promise<StartChildResult<P>>
export function startChild(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  args: readonly unknown[],
): Promise<StartChildResult>
export function startChild(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  what: ChildSpec | readonly unknown[],
): Promise<StartChildResult<never>> {
  return ownerOf(caller).call(supervisor, 'startChild', what, NO_TIMEOUT) as Promise<StartChildResult<never>>
}

/** What a request is answered about an id under simple_one_for_one, where children have none. */
type NoIds = readonly ['error', 'simple_one_for_one']

/**
 * Stops a child and keeps its specification, unless it is temporary. Also `'ok'` when it did not run. Under
 * simple_one_for_one it is named by its pid, and forgotten.
 */
export function terminateChild(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  id: unknown,
): Promise<'ok' | readonly ['error', 'not_found'] | NoIds> {
  return ownerOf(caller).call(supervisor, 'terminateChild', { id: keyTerm(id) }, NO_TIMEOUT)
}

/** Starts a child that was stopped. Otherwise `['error', 'running' | 'restarting' | 'not_found' | reason]`. */
export function restartChild(caller: Caller, supervisor: Dest<SupervisorApi>, id: unknown): Promise<StartChildResult> {
  return ownerOf(caller).call(supervisor, 'restartChild', { id: keyTerm(id) }, NO_TIMEOUT)
}

/** Forgets a child that was stopped. */
export function deleteChild(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  id: unknown,
): Promise<'ok' | readonly ['error', 'not_found' | 'running' | 'restarting'] | NoIds> {
  return ownerOf(caller).call(supervisor, 'deleteChild', { id: keyTerm(id) }, NO_TIMEOUT)
}

/** The specification of a child, with all defaults. Under simple_one_for_one, of any child by its pid. */
export function getChildspec(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  id: unknown,
): Promise<readonly ['ok', CompleteChildSpec] | readonly ['error', 'not_found']> {
  return ownerOf(caller).call(supervisor, 'getChildspec', { id: keyTerm(id) }, NO_TIMEOUT)
}

/** What `whichChildren` tells, of one child (OTP 28). Under simple_one_for_one it is named by its pid. */
export function whichChild(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  id: unknown,
): Promise<readonly ['ok', ChildInfo] | readonly ['error', 'not_found'] | NoIds> {
  return ownerOf(caller).call(supervisor, 'whichChild', { id: keyTerm(id) }, NO_TIMEOUT)
}

/** The module that the supervisor was started with; of one that was given its specification, one that returns it. */
export function getCallbackModule(caller: Caller, supervisor: Dest<SupervisorApi>): Promise<SupervisorModule<never>> {
  return ownerOf(caller).call(supervisor, 'getCallbackModule', undefined, NO_TIMEOUT)
}

/**
 * Whether a supervisor would take these specifications of children, of which none is started: `['error', reason]` tells
 * the first thing that is wrong, in OTP's term. With `autoShutdown` also whether that goes with significant children.
 */
export function checkChildspecs(
  children: readonly ChildSpec[],
  autoShutdown?: AutoShutdown,
): 'ok' | readonly ['error', Reason] {
  const mistake = mistakeInChildren(children, autoShutdown)
  return mistake === undefined ? 'ok' : ['error', mistake]
}

export { template } from './child-spec.ts'
export { countChildren, stop, whichChildren } from './supervisor-requests.ts'
