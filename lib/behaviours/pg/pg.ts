import { fault } from '../../internal/errors.ts'
import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import { describe } from '../../kernel/exit.ts'
import { EMPTY } from '../../kernel/mailbox.ts'
import { mustBeOptions } from '../../kernel/options.ts'
import { Pid, Ref, sameAddress } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { Dest } from '../../kernel/protocol.ts'
import { takeMessage } from '../../kernel/take-message.ts'
import { keyTerm } from '../../kernel/term-key.ts'
import { failingAs, inNameOf, ownerOf, processOf } from '../caller.ts'
import { start as startServer, startLink as startServerLink } from '../gen-server/gen-server.ts'
import type { StartResult } from '../proc-lib/start.ts'
import { CHILD, type ChildOptions, type ChildSpec, child as childOf } from '../supervisor/child-spec.ts'
import { type PgApi, PgScope, PgServer, type Watching } from './pg-scope.ts'

/**
 * Process groups: lists of processes by name, over all nodes that are connected. Whoever wants to reach "everyone who
 * watches channel 7", or any one of them, wherever they live, asks for the group's members and sends to them.
 *
 *     import { createNode, type GenServer, noreply, ok, pg } from 'guildhall'
 *
 *     interface WatcherApi { state: string; init: [channel: string]; info: string }
 *     const Watcher: GenServer<WatcherApi> = {
 *       async init(channel) {
 *         await pg.join(this, 'watchers', channel, this.self)      // once; its end is its leaving
 *         return ok(channel)
 *       },
 *       handleCall: {},
 *       handleInfo: (_news, channel) => noreply(channel),
 *     }
 *
 *     await using node = createNode()
 *     await node.supervise({ children: [pg.child('watchers')] })   // the scope, on each node that takes part
 *     await node.start(Watcher, ['general'])
 *     for (const pid of pg.getMembers(node, 'watchers', 'general')) node.send(pid, 'hello')
 *
 * A scope is a set of groups with a process of that name on each node. A process may join several groups, and a group
 * several times; it is a member as often as it has joined and has not left. The members are listed newest first. Only
 * processes of the own node can be joined; the scopes of the nodes tell each other.
 *
 *     caller            scope here                              scopes on other nodes
 *     join   ───────>   adds, monitors the member, replies  ──> add
 *     getMembers        (read directly, no process is asked)
 *                       DOWN of a member: as often a leave  ──> remove
 *                       DOWN of another scope: all its members leave
 *
 * So the lists of two nodes differ for as long as a message takes, or a network is split, and agree afterwards; there
 * is nothing to resolve. Changes that one node makes are seen everywhere in the order it made them.
 *
 * When not to use it: for a name that one process in the cluster carries; for values beside the members, or keys of one
 * node only, a Registry is quicker.
 *
 * The rules are those of pg in OTP 26.
 */
export function start(caller: Caller, scope: string): Promise<StartResult<PgApi>> {
  return startServer(caller, PgServer, [scope], { name: mustBeScope(scope) })
}

/** As `start`, linked with the calling process. */
export function startLink(caller: Caller, scope: string): Promise<StartResult<PgApi>> {
  return startServerLink(caller, PgServer, [scope], { name: mustBeScope(scope) })
}

/** The specification of a scope as a child. */
export function child(scope: string, options: Omit<ChildOptions<PgApi>, 'name'> = {}): ChildSpec<PgApi> {
  mustBeOptions('a child', options, CHILD)
  return childOf(PgServer, [scope], { ...options, name: mustBeScope(scope) })
}

function mustBeScope(scope: string): string {
  if (typeof scope !== 'string') throw fault('badarg', `a scope has a name, which is a string, not ${describe(scope)}`)
  return scope
}

/**
 * Makes one process, or each of a list, a member once more. A process that has ended is let in and leaves at once.
 * @throws Fault `nolocal` when the list has something else than pids of this node, `function_clause` for what is no pid
 * and no list, `system_limit` when the scope is full.
 * @throws Exit with `['noproc', ...]` when the scope does not run here.
 */
export function join(caller: Caller, scope: string, group: unknown, pids: Pid | readonly Pid[]): Promise<'ok'> {
  return inNameOf(caller, async (owner) => {
    const local = mustBeLocal(caller, pids)
    const asked = owner.call<PgApi, 'join_local'>(scope, 'join_local', [keyTerm(group), local], NO_TIMEOUT)
    const answer = await orExit(caller, asked, scope, ['join_local', group, pids])
    if (answer === 'system_limit') throw fault('system_limit', `the scope ${scope} has no room for more members`)
    return answer
  })
}

/** Takes one membership from each; `'not_joined'` when none of them had any. Throws as `join`. */
export function leave(
  caller: Caller,
  scope: string,
  group: unknown,
  pids: Pid | readonly Pid[],
): Promise<'ok' | 'not_joined'> {
  return inNameOf(caller, async (owner) => {
    const local = mustBeLocal(caller, pids)
    const asked = owner.call<PgApi, 'leave_local'>(scope, 'leave_local', [keyTerm(group), local], NO_TIMEOUT)
    return orExit(caller, asked, scope, ['leave_local', group, pids])
  })
}

/** The members on all nodes, the newest first; none as well when the scope does not run here. */
export function getMembers(caller: Caller, scope: string, group: unknown): readonly Pid[] {
  return scopeOf(caller, scope)?.groups.members(group)?.all() ?? []
}

/** The members that live on this node. */
export function getLocalMembers(caller: Caller, scope: string, group: unknown): readonly Pid[] {
  return scopeOf(caller, scope)?.groups.members(group)?.local() ?? []
}

/**
 * The groups that have members, in no order.
 * @throws Fault `badarg` when the scope does not run here.
 */
export function whichGroups(caller: Caller, scope: string): readonly unknown[] {
  return groupsOf(caller, scope).map(([group]) => group)
}

/** The groups that have members on this node. Throws as `whichGroups`. */
export function whichLocalGroups(caller: Caller, scope: string): readonly unknown[] {
  return groupsOf(caller, scope)
    .filter(([, members]) => members.locals > 0)
    .map(([group]) => group)
}

/**
 * Has the calling process told of every change of a group: a `GroupEvent`, `[ref, 'join' | 'leave', group, pids]`. The
 * result is the ref, and the members before the first event. Ends with the process, or by `demonitor`.
 * @throws Fault `system_limit` when the scope serves too many monitors.
 */
export function monitor(
  process: ProcessCaller,
  scope: Dest<PgApi>,
  group: unknown,
): Promise<readonly [Ref, readonly Pid[]]> {
  return inNameOf(process, async () => {
    const [ref, groups] = await watch(processOf(process), scope, [keyTerm(group)], ['monitor', group])
    return [ref, groups[0]?.[1] ?? []]
  })
}

/** As `monitor`, of all groups; the members are in a map by group. */
export function monitorScope(
  process: ProcessCaller,
  scope: Dest<PgApi>,
): Promise<readonly [Ref, ReadonlyMap<unknown, readonly Pid[]>]> {
  return inNameOf(process, async () => {
    const [ref, groups] = await watch(processOf(process), scope, undefined, 'monitor')
    return [ref, new Map(groups)]
  })
}

/** Ends a monitor and removes its events from the mailbox of the calling process; false when it had ended. */
export function demonitor(process: ProcessCaller, scope: Dest<PgApi>, ref: Ref): Promise<'ok' | false> {
  return inNameOf(process, async () => {
    const self = processOf(process)
    if (!(ref instanceof Ref)) throw fault('badarg', 'demonitor takes the ref of monitor or monitorScope')
    const asked: Promise<'ok' | false> = self.call(scope, 'demonitor', ref, NO_TIMEOUT)
    const answer = await orExit(self, asked, scope, ['demonitor', ref])
    if (answer === 'ok') removeEvents(self, ref)
    return answer
  })
}

const NO_TIMEOUT = { timeout: Number.POSITIVE_INFINITY }

/** Has the scope watch one group, or all; `term` is the request as OTP's pg names it. */
async function watch(
  self: Process,
  scope: Dest<PgApi>,
  group: readonly [unknown] | undefined,
  term: unknown,
): Promise<Watching> {
  const asked: Promise<Watching | 'system_limit'> = self.call(scope, 'monitor', group, NO_TIMEOUT)
  const answer = await orExit(self, asked, scope, term)
  if (answer === 'system_limit') throw fault('system_limit', 'the scope serves no more monitors')
  return answer
}

/** A call that fails names the request as pg of OTP does. */
function orExit<T>(caller: Caller, asked: Promise<T>, scope: Dest, term: unknown): Promise<T> {
  return failingAs(ownerOf(caller), asked, (why) => [why, ['gen_server', 'call', [scope, term, 'infinity']]])
}

function mustBeLocal(caller: Caller, pids: Pid | readonly Pid[]): Pid | readonly Pid[] {
  const { node } = ownerOf(caller)
  if (!(pids instanceof Pid) && !Array.isArray(pids))
    throw fault('function_clause', 'members are a pid or a list of pids')
  const list: readonly Pid[] = pids instanceof Pid ? [pids] : pids
  for (const pid of list) {
    if (!(pid instanceof Pid) || !sameAddress(pid.address, node.address)) throw fault('nolocal', describe(pid))
  }
  return pids instanceof Pid ? pids : [...pids]
}

function scopeOf(caller: Caller, scope: string): PgScope | undefined {
  const state = ownerOf(caller).node.whereis(scope)?.process?.state
  return state instanceof PgScope ? state : undefined
}

function groupsOf(caller: Caller, scope: string): ReturnType<PgScope['groups']['list']> {
  const state = scopeOf(caller, scope)
  if (state === undefined) throw fault('badarg', `no scope ${describe(scope)} runs on ${ownerOf(caller).node.name}`)
  return state.groups.list()
}

/** Takes every event of the monitor `ref` out of the mailbox. */
function removeEvents(process: Process, ref: Ref): void {
  const isEvent = (message: unknown) => Array.isArray(message) && message[0] === ref && message.length === 4
  let taken = takeMessage(process, isEvent)
  while (taken !== EMPTY) taken = takeMessage(process, isEvent)
}
