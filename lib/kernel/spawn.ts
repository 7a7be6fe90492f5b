import { Fault } from '../internal/errors.ts'
import type { Body, MonitorOptions, SpawnOptions, SpawnReply, SpawnRequestOptions } from './context.ts'
import { OBSERVED } from './flags.ts'
import type { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Program } from './program.ts'
import { link, monitor } from './signals.ts'
import { traceSpawn } from './trace.ts'

/**
 * `erlang:spawn_opt`: the new process is linked and watched before it runs, so nothing of its end can be missed.
 * `ref` names the monitor when one was asked for.
 */
export function spawnWith<A extends readonly unknown[]>(
  parent: Process,
  body: Body<A> | Program,
  options: SpawnOptions,
  args: A,
): { readonly pid: Pid; readonly ref: Ref | undefined } {
  const child = parent.node.spawnProcess(body, args, options)
  const { pid } = child
  becomeParent(parent, child)
  if (options.link) link(parent, pid)
  if (!options.monitor) return { pid, ref: undefined }
  const { tag, alias }: MonitorOptions = options.monitor === true ? {} : options.monitor
  return { pid, ref: monitor(parent, pid, tag ?? 'DOWN', alias) }
}

/** `parent` has spawned `child`, which has not run: what a process has from its parent, and what is told of that. */
export function becomeParent(parent: Process, child: Process): void {
  child.parent = parent.pid
  const leader = parent.rare?.leader
  if (leader !== undefined) child.extra.leader = leader
  if ((parent.flags & OBSERVED) !== 0) traceSpawn(parent, child)
}

/** `erlang:spawn_request`: what comes of it is told in a message, ahead of anything from the new process. */
export function spawnRequest<A extends readonly unknown[]>(
  parent: Process,
  body: Body<A> | Program,
  options: SpawnRequestOptions,
  args: A,
): Ref {
  const tell = tellerOf(parent, options)
  try {
    const { pid, ref = parent.node.makeRef() } = spawnWith(parent, body, options, args)
    tell(ref, ['ok', pid])
    return ref
  } catch (refused) {
    if (!(refused instanceof Fault) || refused.code !== 'system_limit') throw refused
    const ref = parent.node.makeRef()
    tell(ref, ['error', refused.code])
    return ref
  }
}

const REPLIES: Record<NonNullable<SpawnRequestOptions['reply']>, readonly string[]> = {
  yes: ['ok', 'error'],
  no: [],
  error_only: ['error'],
  success_only: ['ok'],
}

/** What tells `parent` of an outcome, when that is one of those it wants to hear of. */
export function tellerOf(
  parent: Process,
  options: SpawnRequestOptions,
): (ref: Ref, result: SpawnReply['result']) => void {
  const { replyTag: type = 'spawn_reply', reply = 'yes' } = options
  return (ref, result) => {
    if (REPLIES[reply].includes(result[0])) parent.deliver(Object.freeze({ type, ref, result }))
  }
}
