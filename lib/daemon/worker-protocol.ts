import type { DistributionOptions } from '../distribution/index.ts'
import type { TransportName } from '../gateway/transport.ts'
import type { FaultMessage } from './fault-message.ts'

/** Which transport is wanted. */
export type TransportWish = 'auto' | 'uws' | 'ws'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Where clients find it; one that listens on every address is found on this machine's own. */
export function urlOf({ host, port }: Address): string {
  const name = EVERYWHERE[host] ?? host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** What the OS process of a node is told when it starts. */
export interface WorkerConfig {
  readonly name: string
  /** The names of all nodes that guilds are placed on. */
  readonly nodes: readonly string[]
  /** The node's number in its snowflakes. */
  readonly worker: number
  /** The node that holds the storage. */
  readonly launcher: string
  /** Where this node listens for the others, where they do, and the secret that they share. */
  readonly distribution: Pick<DistributionOptions, 'listen' | 'peers' | 'secret'>
  /** Where it listens for clients. */
  readonly http: Address
  readonly transport: TransportWish
}

/** A listener that serves clients. */
export interface Endpoint extends Address {
  readonly transport: TransportName
  /** Why this transport. */
  readonly reason: string
}

/**
 * The messages between the launcher and the OS process of a node. They travel over the IPC channel that fork makes and
 * nowhere else: arguments and the environment, where a secret would be seen, carry nothing. The channel is also how
 * each knows of the other's end.
 *
 *     launcher                   node
 *     fork ────────────────────> waits
 *     start(config) ───────────> opens its distribution, its tree, its listener
 *             <───────────────── serving(endpoint), or failed(code, message) and its end
 *     stop ────────────────────> ends in order
 *     (ends) ── disconnect ────> ends at once: without the launcher there is no storage
 */
export type ToWorker = { readonly type: 'start'; readonly config: WorkerConfig } | { readonly type: 'stop' }

export type FromWorker =
  | { readonly type: 'serving'; readonly endpoint: Endpoint }
  | ({ readonly type: 'failed' } & FaultMessage)
