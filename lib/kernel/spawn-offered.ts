import { Fault, fault } from '../internal/errors.ts'
import type { Body, MonitorOptions, Offered, SpawnedAs, SpawnOptions, SpawnRequestOptions } from './context.ts'
import type { Reason } from './exit.ts'
import { paced } from './pacing.ts'
import { Pid, Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Program } from './program.ts'
import { exitSignal, Monitor } from './signals.ts'
import { spawnRequest, spawnWith, tellerOf } from './spawn.ts'

/**
 * Spawning on another node. A function cannot travel, so a node offers what others may spawn there, by name, and the
 * arguments travel as terms:
 *
 *     node.offer('resizer', Resizer)                                  // on b@here
 *     const pid = await this.spawnLink({ node: 'b@here', name: 'resizer' }, 640, 480)
 *
 *     this process                          b@here
 *     spawnLink  ── SPAWN ref, name, args ──>   the process is made, linked and watched before it runs
 *     (waits)    <── SPAWNED ref, id ────────   ahead of anything that comes from it
 *
 * It is asynchronous because the other node gives the process its id; Erlang's `spawn/4` waits for it likewise.
 */
export function isOffered(body: Body<never> | Program | Offered): body is Offered {
  if (typeof body !== 'object' || body === null || 'run' in body) return false
  return typeof body.node === 'string' && typeof body.name === 'string'
}

/** What came of a spawn on another node. */
export type Spawned = readonly ['ok', Pid] | readonly ['error', Reason]

/** A spawn that the other node has not answered yet. */
export class PendingSpawn {
  readonly node: string
  readonly parent: Process | undefined
  readonly ref: Ref
  readonly options: SpawnOptions
  #abandoned = false
  readonly #settle: (result: Spawned) => void

  constructor(
    node: string,
    parent: Process | undefined,
    ref: Ref,
    options: SpawnOptions,
    settle: (result: Spawned) => void,
  ) {
    this.node = node
    this.parent = parent
    this.ref = ref
    this.options = options
    this.#settle = settle
  }

  settle(result: Spawned): void {
    if (this.refusal === undefined) this.#settle(result)
  }

  abandon(): void {
    this.#abandoned = true
  }

  /** Why a new process may have neither a link with its parent nor a monitor of it; undefined when it may. */
  get refusal(): 'abandoned' | 'noproc' | undefined {
    if (this.#abandoned) return 'abandoned'
    return this.parent?.ended ? 'noproc' : undefined
  }

  /** The monitor of the new process that was asked for, to be set when its pid is known. */
  monitorOf(pid: Pid): Monitor | undefined {
    const { parent, ref, options } = this
    if (parent === undefined || !options.monitor) return undefined
    const { tag, alias }: MonitorOptions = options.monitor === true ? {} : options.monitor
    if (alias !== undefined) parent.node.aliases.activate(parent, ref, alias)
    return new Monitor(ref, parent, pid, tag ?? 'DOWN')
  }
}

/** `erlang:spawn/4` and its kin. */
export function spawnOffered<O extends SpawnOptions>(
  parent: Process,
  offered: Offered,
  options: O,
  args: readonly unknown[],
): Promise<SpawnedAs<O>> {
  const { node } = parent
  const ref = node.makeRef()
  if (offered.node === node.name) {
    const here = spawnWith(parent, node.offered(offered.name) as Body, options, args)
    return Promise.resolve((here.ref === undefined ? here.pid : [here.pid, here.ref]) as SpawnedAs<O>)
  }
  return new Promise((resolve, reject) => {
    const settle = ([outcome, value]: Spawned) => {
      if (outcome === 'error' && value !== 'noconnection') return reject(asFault(value))
      const pid = outcome === 'ok' ? value : nobodyOn(offered.node)
      const spawned = (options.monitor ? [pid, ref] : pid) as SpawnedAs<O>
      if (outcome === 'ok') return resolve(spawned)
      unreachable(parent, pid, ref, options)
      resolve(paced(parent, Promise.resolve(spawned)))
    }
    node.remote.spawn(new PendingSpawn(offered.node, parent, ref, options, settle), offered.name, args)
  })
}

/** The same for what is offered and what is not: `pid` or `[pid, ref]`, or a promise of it. */
export function spawnAnywhere(
  parent: Process,
  body: Body | Program | Offered,
  options: SpawnOptions,
  args: readonly unknown[],
): unknown {
  if (parent.ended) throw fault('process_exited')
  if (isOffered(body)) return spawnOffered(parent, body, options, args)
  const { pid, ref } = spawnWith(parent, body, options, args)
  return ref === undefined ? pid : [pid, ref]
}

/** `erlang:spawn_request/5`. */
export function requestOffered(
  parent: Process,
  offered: Offered,
  options: SpawnRequestOptions,
  args: readonly unknown[],
): Ref {
  const { node } = parent
  if (offered.node === node.name) return spawnRequest(parent, node.offered(offered.name) as Body, options, args)
  const ref = node.makeRef()
  const tell = tellerOf(parent, options)
  const settle = (result: Spawned) => tell(ref, result)
  node.remote.spawn(new PendingSpawn(offered.node, parent, ref, options, settle), offered.name, args)
  return ref
}

/**
 * `erlang:spawn_request_abandon/1`. What is spawned on this node is answered at once, so that only a request to another
 * node can be open; a spawn that its process awaits has told nobody its ref.
 */
export function abandonRequest(parent: Process, request: Ref): boolean {
  if (!(request instanceof Ref)) throw fault('badarg', 'spawnRequestAbandon takes the ref of a spawnRequest')
  const pending = parent.node.remote.openSpawn(request)
  if (pending === undefined || pending.parent !== parent || pending.refusal !== undefined) return false
  pending.abandon()
  return true
}

/** `spawnOffered` for the code outside any process. */
export function spawnOfferedOutside(node: Process['node'], offered: Offered, args: readonly unknown[]): Promise<Pid> {
  if (offered.node === node.name) return Promise.resolve(node.spawn(node.offered(offered.name) as Body, ...args))
  return new Promise((resolve, reject) => {
    const settle = ([outcome, value]: Spawned) => {
      if (outcome === 'ok') resolve(value)
      else if (value === 'noconnection') resolve(nobodyOn(offered.node))
      else reject(asFault(value))
    }
    node.remote.spawn(new PendingSpawn(offered.node, undefined, node.makeRef(), {}, settle), offered.name, args)
  })
}

/** The other node is away: what was to be linked or monitored tells so, as if the connection had just been lost. */
function unreachable(parent: Process, pid: Pid, ref: Ref, options: SpawnOptions): void {
  if (options.monitor) {
    const { tag = 'DOWN' }: MonitorOptions = options.monitor === true ? {} : options.monitor
    parent.deliver(Object.freeze({ type: tag, ref, object: pid, reason: 'noconnection' }))
  }
  if (options.link) exitSignal(parent, pid, 'noconnection', true)
}

/** A pid that no process has ever had. */
function nobodyOn(node: string): Pid {
  return new Pid(Object.freeze({ name: node, creation: 0 }), 0)
}

/** The refusal of another node as an error of this one. */
function asFault(reason: Reason): unknown {
  if (reason === 'system_limit') return fault('system_limit', 'of the other node')
  return reason instanceof Error ? reason : fault('badarg', String(reason))
}

/** How a refusal travels: a full node by the word that Erlang has for it, anything else as the error. */
export function refusalOf(thrown: unknown): Reason {
  return thrown instanceof Fault && thrown.code === 'system_limit' ? thrown.code : thrown
}
