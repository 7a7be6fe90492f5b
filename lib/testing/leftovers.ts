import { PgScope } from '../behaviours/pg/pg-scope.ts'
import { Partition } from '../behaviours/registry/registry-partition.ts'
import { tablesOf } from '../behaviours/table/table-directory.ts'
import { fault } from '../internal/errors.ts'
import { Call } from '../kernel/calls.ts'
import { describe } from '../kernel/exit.ts'
import { listLinks } from '../kernel/links.ts'
import { Node } from '../kernel/node.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import { Monitor } from '../kernel/signals.ts'

/**
 * What belongs on this node to nobody that lives, a readable line for each; an empty list when all is well. To be asked
 * when the node is quiet: what has just ended is still being told to those who keep lists. Links and monitors of a
 * process whose resources are being closed are told after that, and are no leftovers until then.
 *
 *     names, aliases, tables          of a process that has ended
 *     links, monitors                 with or of one that has ended, or known to one of the two only
 *     timers, calls                   that nobody waits for any more
 *     registrations, group members    of a process that has ended
 *     resources                       that are still being closed
 *
 * It looks at this node alone: a link with a process of another node counts as good.
 */
export function leftovers(node: Node): string[] {
  if (!(node instanceof Node)) throw fault('badarg', 'leftovers takes a node')
  const alive = node.processes().flatMap((pid) => pid.process ?? [])
  return [
    ...node.processes().flatMap((pid) => (pid.process === undefined ? [`process ${pid}, which has ended`] : [])),
    ...namesOfNobody(node, alive),
    ...alive.flatMap(oneSidedLinks),
    ...alive.flatMap(oneSidedMonitors),
    ...timersOfNobody(node),
    ...Array.from(node.aliases.owners())
      .filter(([id, process]) => process.ended || !process.rare?.aliases?.has(id))
      .map(([id, process]) => `alias ${id} of ${process.pid}, which has ended`),
    ...[...alive, node].flatMap(({ openCalls }) => settledCalls(openCalls)),
    ...alive.flatMap(callsOfNobody),
    ...Array.from(node.closing.values(), ({ pid }) => `resources of ${pid}, which has ended, are being closed`),
    ...tablesOfNobody(node),
    ...alive.flatMap(registrationsOfNobody),
    ...alive.flatMap(membersOfNobody),
  ]
}

function namesOfNobody(node: Node, alive: readonly Process[]): string[] {
  const free = node.registered().filter((name) => node.whereis(name)?.process === undefined)
  const lost = alive.flatMap(({ rare, pid }) => {
    const name = rare?.name
    return name === undefined || node.whereis(name) === pid
      ? []
      : [`${pid} has the name ${name}, which leads elsewhere`]
  })
  return [...free.map((name) => `name ${name} of a process that has ended`), ...lost]
}

/** Whether it is of this node and has ended, and everybody has been told: that waits until its resources are closed. */
function isGone(pid: Pid, { node }: Process): boolean {
  return pid.process === undefined && pid.address === node.address && !node.closing.has(pid.id)
}

function oneSidedLinks(process: Process): string[] {
  return listLinks(process.links).flatMap((other) => {
    if (isGone(other, process)) return [`link of ${process.pid} with ${other}, which has ended`]
    if (other.process?.hasLink(process.pid) === false) return [`link of ${process.pid} with ${other}, unknown to it`]
    return []
  })
}

function oneSidedMonitors(process: Process): string[] {
  const { pid, rare, node } = process
  const lines: string[] = []
  for (const set of rare?.monitors?.values() ?? []) {
    const { target } = set
    const isFutile = target?.ended && !node.closing.has(target.pid.id)
    if (isFutile || target?.rare?.watchers?.has(set) === false)
      lines.push(`monitor of ${describe(set.object)} by ${pid}`)
  }
  for (const watcher of rare?.watchers ?? []) {
    if (!(watcher instanceof Monitor)) continue
    const { monitors } = watcher.watcher.rare ?? {}
    if (monitors?.get(watcher.ref.id) !== watcher) lines.push(`monitor of ${pid} by ${watcher.pid}, unknown to it`)
  }
  return lines
}

function timersOfNobody({ timers }: Node): string[] {
  const lines: string[] = []
  for (const timer of timers.list()) {
    if (timer.owner?.ended) lines.push(`timer, ${timers.remaining(timer)} ms before it is due, of what has ended`)
  }
  return lines
}

/** Calls that are answered and still counted among the open ones. */
function settledCalls(calls: ReadonlySet<Call> | undefined): string[] {
  return [...(calls ?? [])].filter((call) => call.settled).map((call) => `call of ${call.operation}, which is settled`)
}

/** Requests that a server keeps for callers that have ended. */
function callsOfNobody({ calls, pid }: Process): string[] {
  const lines: string[] = []
  for (let request = calls; request !== undefined; request = request.nextCall) {
    if (request instanceof Call && request.owner.ended) {
      lines.push(`call of ${request.operation} to ${pid} by ${request.pid}, which has ended`)
    }
  }
  return lines
}

function tablesOfNobody(node: Node): string[] {
  const owned = [...tablesOf(node).owners()]
  const tables = new Set(owned.map(([table]) => table))
  const lost = [...tablesOf(node).named()].filter((table) => !tables.has(table))
  return [
    ...owned
      .filter(([, owner]) => owner.ended)
      .map(([table, owner]) => `table ${table.name ?? 'without a name'} of ${owner.pid}, which has ended`),
    ...lost.map(({ name }) => `table ${name} of nobody`),
  ]
}

function registrationsOfNobody({ state, rare, pid }: Process): string[] {
  if (!(state instanceof Partition)) return []
  const registry = rare?.name ?? String(pid)
  const entries = state.keys.all().filter(({ process }) => process.ended)
  const holders = [...state.pids.processes()].filter((process) => process.ended)
  return [
    ...entries.map(({ key, process }) => `key ${describe(key)} in ${registry} of ${process.pid}, which has ended`),
    ...holders.map((process) => `place in ${registry} of ${process.pid}, which has ended`),
  ]
}

function membersOfNobody(process: Process): string[] {
  const { state } = process
  if (!(state instanceof PgScope)) return []
  const gone = (pid: Pid) => isGone(pid, process)
  const watchers = [...state.watches.pids()]
    .filter(gone)
    .map((pid) => `monitor of ${state.scope} by ${pid}, which has ended`)
  const members = state.groups.list().flatMap(([group, all]) => {
    return all
      .local()
      .filter(gone)
      .map((pid) => `member ${pid} of group ${describe(group)}, which has ended`)
  })
  return [...members, ...watchers]
}
