import { fault } from '../../internal/errors.ts'
import type { Caller } from '../../kernel/context.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { ownerOf } from '../caller.ts'
import { type StartOptions, type StartResult, startProcess } from '../proc-lib/start.ts'
import { type ChildOptions, type ChildSpec, type DynamicChildSpec, type IdOptions, specOfServer } from './child-spec.ts'
import {
  type DynamicSupervisorApi,
  type DynamicSupervisorModule,
  type DynamicSupervisorSpec,
  dynamicSupervisorProgram,
  type StartDynamicChildResult,
} from './dynamic-supervisor-server.ts'
import { NO_TIMEOUT } from './supervisor-requests.ts'
import { type Given, read } from './supervisor-source.ts'

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
 * A dynamic supervisor of a module (`{ init: (...args) => specification }`) makes its specification when it starts. It
 * can be upgraded while its children run: suspend it, change its code to another module, resume it (`sys`). The new
 * settings count from then on; children that are more than they allow stay, and no more are started.
 *
 * When not to use it: for a fixed set of children, whose order and ids matter, use a Supervisor.
 *
 * The rules are those of Elixir's DynamicSupervisor.
 */
export function startLink(
  caller: Caller,
  spec?: DynamicSupervisorSpec,
  options?: StartOptions<DynamicSupervisorApi>,
): Promise<StartResult<DynamicSupervisorApi>>
/** As above, with a specification that `module.init(...args)` gives. It may also decline, with `ignore()`. */
export function startLink<A extends readonly unknown[]>(
  caller: Caller,
  module: DynamicSupervisorModule<A>,
  args: NoInfer<A>,
  options?: StartOptions<DynamicSupervisorApi>,
): Promise<StartResult<DynamicSupervisorApi>>
export function startLink(caller: Caller, ...given: PerhapsGiven): Promise<StartResult<DynamicSupervisorApi>> {
  const { source, options } = readOrDefault<StartOptions<DynamicSupervisorApi>>(given)
  return startProcess(caller, dynamicSupervisorProgram, [source], 'link', options)
}

/** The specification of a child that is a dynamic supervisor. It has all the time it needs to stop its children. */
export function child(
  spec: DynamicSupervisorSpec,
  options: IdOptions<DynamicSupervisorApi>,
): ChildSpec<DynamicSupervisorApi>
export function child(
  spec?: DynamicSupervisorSpec,
  options?: ChildOptions<DynamicSupervisorApi>,
): DynamicChildSpec<DynamicSupervisorApi>
export function child<A extends readonly unknown[]>(
  module: DynamicSupervisorModule<A>,
  args: NoInfer<A>,
  options: IdOptions<DynamicSupervisorApi>,
): ChildSpec<DynamicSupervisorApi>
export function child<A extends readonly unknown[]>(
  module: DynamicSupervisorModule<A>,
  args: NoInfer<A>,
  options?: ChildOptions<DynamicSupervisorApi>,
): DynamicChildSpec<DynamicSupervisorApi>
export function child(...given: PerhapsGiven): ChildSpec<DynamicSupervisorApi> {
  const { source, options } = readOrDefault<ChildOptions<DynamicSupervisorApi>>(given)
  const modules: readonly unknown[] = [source.isModule ? source.module : 'DynamicSupervisor']
  return { ...specOfServer(dynamicSupervisorProgram, { modules }, options, () => [source]), type: 'supervisor' }
}

type PerhapsGiven = readonly [what?: Given<DynamicSupervisorSpec>[0], ...rest: readonly unknown[]]

/** Without a specification all is as it is unless told otherwise. */
function readOrDefault<O>([what = {}, ...rest]: PerhapsGiven) {
  return read<O, DynamicSupervisorSpec>([what, ...rest])
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
  spec: DynamicChildSpec<P>,
): Promise<StartDynamicChildResult<P>> {
  return ownerOf(caller).call(supervisor, 'startChild', spec, NO_TIMEOUT) as Promise<StartDynamicChildResult<P>>
}

/** Stops a child and forgets it; resolves when it is down. */
export function terminateChild(
  caller: Caller,
  supervisor: Dest<DynamicSupervisorApi>,
  pid: Pid,
): Promise<'ok' | readonly ['error', 'not_found']> {
  if (!(pid instanceof Pid)) throw fault('badarg', 'a dynamic supervisor knows its children by their pids')
  return ownerOf(caller).call(supervisor, 'terminateChild', { pid }, NO_TIMEOUT)
}

/** The module that the supervisor was started with; of one that was given its specification, one that returns it. */
export function getCallbackModule(
  caller: Caller,
  supervisor: Dest<DynamicSupervisorApi>,
): Promise<DynamicSupervisorModule<never>> {
  return ownerOf(caller).call(supervisor, 'getCallbackModule', undefined, NO_TIMEOUT)
}

export { countChildren, stop, whichChildren } from './supervisor-requests.ts'
