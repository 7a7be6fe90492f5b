import { fault } from '../../internal/errors.ts'
import type { Caller } from '../../kernel/context.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { startLink as startServer } from '../gen-server/gen-server.ts'
import type { StartOptions, StartResult } from '../proc-lib/proc-lib.ts'
import { type ChildOptions, type ChildSpec, child as childOf } from './child-spec.ts'
import {
  type DynamicSupervisorApi,
  DynamicSupervisorServer,
  type DynamicSupervisorSpec,
  type StartDynamicChildResult,
} from './dynamic-supervisor-server.ts'
import { NO_TIMEOUT } from './supervisor-requests.ts'

/**
 * A dynamic supervisor starts without children and is given them later, any number: one for each session, connection
 * or job. They are not ordered, do not depend on each other, and are known by their pids; ids are ignored.
 *
 *     import { child, createNode, DynamicSupervisor, type GenServer, ok, reply } from 'guildhall'
 *
 *     const Session: GenServer<{ state: string; init: [user: string]; call: { user(): string } }> = {
 *       init: (user) => ok(user),
 *       handleCall: { user: (_request, _from, user) => reply(user, user) },
 *     }
 *
 *     await using node = createNode()
 *     await node.supervise({ children: [DynamicSupervisor.child({ maxChildren: 10_000 }, { name: 'sessions' })] })
 *
 *     const session = child(Session, ['alice'], { restart: 'temporary' })
 *     const started = await DynamicSupervisor.startChild(node, 'sessions', session)
 *     // ['ok', pid], 'ignore', ['error', 'max_children'] or ['error', reason]
 *
 * What differs from a supervisor:
 *
 *     a child ends          it alone is started again, under a new pid; one that is not is forgotten
 *     intensity, period     3 restarts in 5 seconds unless told otherwise, of all children together
 *     the end               all children are stopped at the same time, each within its own `shutdown`
 *
 *     caller                 supervisor                                    child
 *     startChild  ──spec──>  is there room? ──start(...extraArguments)──>  runs
 *     (waits)     <────────  ['ok', pid] or why not                        ends ──> as a supervisor's
 *
 * With thousands of children an unlucky few use up the intensity of all: give children that may fail on their own
 * account `temporary`, or spread them over several dynamic supervisors.
 *
 * When not to use it: for a fixed set of children, whose order and ids matter, use a Supervisor.
 *
 * The rules are those of Elixir's DynamicSupervisor.
 */
export function startLink(
  caller: Caller,
  spec: DynamicSupervisorSpec = {},
  options?: StartOptions<DynamicSupervisorApi>,
): Promise<StartResult<DynamicSupervisorApi>> {
  return startServer(caller, DynamicSupervisorServer, [spec], options)
}

/** The specification of a child that is a dynamic supervisor. It has all the time it needs to stop its children. */
export function child(
  spec: DynamicSupervisorSpec = {},
  options: ChildOptions<DynamicSupervisorApi> = {},
): ChildSpec<DynamicSupervisorApi> {
  return { ...childOf(DynamicSupervisorServer, [spec], options), type: 'supervisor' }
}

/**
 * Starts a child. Its start function gets the supervisor's `extraArguments`; `child(Module, args)` puts them in front
 * of `args`.
 *
 *     ['ok', pid] or ['ok', pid, info]     it runs
 *     'ignore'                             it declined, and is forgotten
 *     ['error', 'max_children']            there is no room
 *     ['error', reason]                    it could not be started, or the specification is wrong
 */
export function startChild<P>(
  caller: Caller,
  supervisor: Dest<DynamicSupervisorApi>,
  spec: ChildSpec<P>,
): Promise<StartDynamicChildResult<P>> {
  return caller.call(supervisor, 'startChild', spec, NO_TIMEOUT) as Promise<StartDynamicChildResult<P>>
}

/** Stops a child and forgets it; resolves when it is down. */
export function terminateChild(
  caller: Caller,
  supervisor: Dest<DynamicSupervisorApi>,
  pid: Pid,
): Promise<'ok' | readonly ['error', 'not_found']> {
  if (!(pid instanceof Pid)) throw fault('badarg', 'a dynamic supervisor knows its children by their pids')
  return caller.call(supervisor, 'terminateChild', { pid }, NO_TIMEOUT)
}

export { countChildren, stop, whichChildren } from './supervisor-requests.ts'
