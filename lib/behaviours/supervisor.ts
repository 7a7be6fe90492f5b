import type { Caller } from '../kernel/context.ts'
import type { Dest } from '../kernel/protocol.ts'
import { type ChildOptions, type ChildSpec, type CompleteChildSpec, child as childOf } from './child-spec.ts'
import { startLink as startServer } from './gen-server.ts'
import type { StartOptions, StartResult } from './proc-lib.ts'
import type { AnySupervisorApi, ChildCount, ChildInfo } from './supervised-children.ts'
import { type StartChildResult, type SupervisorApi, SupervisorServer } from './supervisor-server.ts'
import type { SupervisorSpec } from './supervisor-spec.ts'

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
): Promise<StartResult<SupervisorApi>> {
  return startServer(caller, SupervisorServer, [spec], options)
}

/** The specification of a child that is a supervisor of its own. It has all the time it needs to stop its children. */
export function child(spec: SupervisorSpec, options: ChildOptions<SupervisorApi> = {}): ChildSpec<SupervisorApi> {
  return { ...childOf(SupervisorServer, [spec], options), type: 'supervisor' }
}

/**
 * Adds a child, started last and so stopped first.
 *
 *     ['ok', pid] or ['ok', pid, info]         it runs; pid is undefined when it declined with `ignore`
 *     ['error', ['already_started', pid]]      a child with this id runs
 *     ['error', 'already_present']             there is one, but it does not run: restart or delete it
 *     ['error', [reason, record]]              it could not be started, and was not added
 *     ['error', reason]                        the specification is wrong
 */
export function startChild<P>(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  spec: ChildSpec<P>,
): Promise<StartChildResult<P>> {
  return caller.call(supervisor, 'startChild', spec, NO_TIMEOUT) as Promise<StartChildResult<P>>
}

/** Stops a child and keeps its specification, unless it is temporary. Also `'ok'` when it did not run. */
export function terminateChild(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  id: unknown,
): Promise<'ok' | readonly ['error', 'not_found']> {
  return caller.call(supervisor, 'terminateChild', { id }, NO_TIMEOUT)
}

/** Starts a child that was stopped. Otherwise `['error', 'running' | 'restarting' | 'not_found' | reason]`. */
export function restartChild(caller: Caller, supervisor: Dest<SupervisorApi>, id: unknown): Promise<StartChildResult> {
  return caller.call(supervisor, 'restartChild', { id }, NO_TIMEOUT)
}

/** Forgets a child that was stopped. */
export function deleteChild(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  id: unknown,
): Promise<'ok' | readonly ['error', 'not_found' | 'running' | 'restarting']> {
  return caller.call(supervisor, 'deleteChild', { id }, NO_TIMEOUT)
}

/** The specification of a child, with all defaults. */
export function getChildspec(
  caller: Caller,
  supervisor: Dest<SupervisorApi>,
  id: unknown,
): Promise<readonly ['ok', CompleteChildSpec] | readonly ['error', 'not_found']> {
  return caller.call(supervisor, 'getChildspec', { id }, NO_TIMEOUT)
}

/** `[id, pid, type, modules]` of each child, newest first. The pid is `restarting` between two attempts to start it. */
export function whichChildren(caller: Caller, supervisor: Dest<AnySupervisorApi>): Promise<readonly ChildInfo[]> {
  return caller.call(supervisor, 'whichChildren', undefined, NO_TIMEOUT)
}

export function countChildren(caller: Caller, supervisor: Dest<AnySupervisorApi>): Promise<ChildCount> {
  return caller.call(supervisor, 'countChildren', undefined, NO_TIMEOUT)
}

const NO_TIMEOUT = { timeout: Number.POSITIVE_INFINITY }
