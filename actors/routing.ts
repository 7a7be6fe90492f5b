import { rendezvous } from '../lib/cluster/rendezvous.ts'
import { Fault, fault } from '../lib/internal/errors.ts'
import { ACTOR_WAIT_MS, RETRY_MAX_MS, RETRY_MIN_MS } from '../lib/internal/limits.ts'
import type { Caller } from '../lib/kernel/context.ts'
import { describe, Exit } from '../lib/kernel/exit.ts'
import type { Random } from '../lib/kernel/host.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import type { Name, Operations, ReplyOf, RequestOf } from '../lib/kernel/protocol.ts'
import type { DirectoryApi } from './directory.ts'
import type { House } from './house.ts'
import { unwrap } from './outcome.ts'

/** A kind of actor that is addressed by a key; see directory.ts. */
export interface Kind<out P = unknown> {
  /** The registered name of its directory on each node. */
  readonly directory: string
  /** `cluster`: each key is on one of the house's nodes, the same for all who ask. `node`: each node has its own. */
  readonly placement: 'cluster' | 'node'
  /** For the compiler only. */
  readonly protocol?: P
}

/**
 * Finds the actor with this key, starting it when it does not run, and remembers where it was.
 * @throws what its directory refuses with, such as unknown_guild
 * @throws Exit when the node that it is placed on is away
 */
export async function locate<P>(caller: Caller, house: House, kind: Kind<P>, key: string): Promise<Pid<P>> {
  const { actors } = house.routes
  const known = actors.get(routeKey(kind, key))
  if (known !== undefined) return known as Pid<P>
  const pid = unwrap(await caller.call(directoryOf(house, kind, key), 'locate', { key })) as Pid<P>
  actors.set(routeKey(kind, key), pid)
  return pid
}

/** The actor with this key if it runs. */
export async function find<P>(caller: Caller, house: House, kind: Kind<P>, key: string): Promise<Pid<P> | null> {
  return (await caller.call(directoryOf(house, kind, key), 'find', { key })) as Pid<P> | null
}

/** To be called when the actor was not where it was remembered to be. */
export function forget(house: House, kind: Kind, key: string): void {
  house.routes.actors.delete(routeKey(kind, key))
}

/**
 * Calls the actor with this key, and again while it is away, for at most ACTOR_WAIT_MS: it may have crashed, or its
 * node may be coming back. An attempt that failed may have been carried out, so requests are made such that a second
 * one does nothing more.
 * @param request what is asked; told whether an attempt was made before
 * @throws guild_unavailable when it stays away, guild_busy when the way to it is congested
 */
export async function callActor<P, K extends keyof Operations<P, 'call'> & string>(
  caller: Caller,
  house: House,
  kind: Kind<P>,
  key: string,
  operation: K,
  request: (again: boolean) => RequestOf<Operations<P, 'call'>[K]>,
): Promise<ReplyOf<Operations<P, 'call'>[K]>> {
  const { host } = house.node
  const deadline = host.monotonic() + ACTOR_WAIT_MS
  for (let attempt = 0; ; attempt++) {
    try {
      const pid = await locate(caller, house, kind, key)
      return (await (caller as LooseCaller).call(pid, operation, request(attempt > 0))) as never
    } catch (failure) {
      forget(house, kind, key)
      const wait = retryDelay(attempt, host)
      if (!mayComeBack(failure) || host.monotonic() + wait > deadline) throw unavailable(failure, kind, key)
      await caller.sleep(wait)
    }
  }
}

/** Milliseconds before the attempt after this one: twice as long each time, with a random half left out. */
export function retryDelay(attempt: number, random: Pick<Random, 'below'>): number {
  const most = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt, 16))
  const half = Math.ceil(most / 2)
  return half + random.below(half)
}

/** A caller whose requests were checked against the protocol before. */
interface LooseCaller {
  call(to: Pid, operation: string, request: unknown): Promise<unknown>
}

function directoryOf(house: House, { directory, placement }: Kind, key: string): Name<DirectoryApi> {
  return { name: directory, node: placement === 'node' ? house.node.name : rendezvous(house.nodes, key) }
}

function routeKey({ directory }: Kind, key: string): string {
  return `${directory} ${key}`
}

/** Why a call failed: the first part of its exit's reason. */
function why(failure: unknown): unknown {
  if (!(failure instanceof Exit)) return undefined
  return Array.isArray(failure.reason) ? failure.reason[0] : failure.reason
}

/** It is gone, whatever it ended with, and may be started again; not so when it was too slow, or has refused. */
function mayComeBack(failure: unknown): boolean {
  if (failure instanceof Fault) return failure.code === 'guild_unavailable'
  return failure instanceof Exit && !['timeout', 'busy', 'calling_self'].includes(why(failure) as string)
}

function unavailable(failure: unknown, kind: Kind, key: string): unknown {
  if (!(failure instanceof Exit) || why(failure) === 'calling_self') return failure
  const detail = `${kind.directory} ${key}: ${describe(why(failure))}`
  return fault(why(failure) === 'busy' ? 'guild_busy' : 'guild_unavailable', detail, { cause: failure })
}
