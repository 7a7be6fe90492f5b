import type { GatewayActivity } from 'discord-api-types/v10'
import type { Caller } from '../lib/kernel/context.ts'
import type { Connection as Socket } from '../lib/gateway/transport.ts'
import type { House } from './house.ts'

/** What a client says in IDENTIFY, checked by shape. */
export interface Identify {
  readonly token: string
  readonly intents: number
  readonly shard?: readonly [id: number, count: number]
  /** 50 to 250; 50 unless told otherwise. */
  readonly largeThreshold?: number
  readonly presence?: PresenceUpdate
}

export interface Resume {
  readonly token: string
  readonly sessionId: string
  readonly sequence: number
}

export type Status = 'online' | 'dnd' | 'idle' | 'invisible' | 'offline'

export interface PresenceUpdate {
  readonly status: Status
  readonly activities: readonly GatewayActivity[]
}

/**
 * Checks the shape of what clients send: implemented where the schemas are. `undefined` when the shape is wrong (the
 * connection is closed with 4002). The rules beyond the shape (token, intents, shard) are the connection's.
 */
export interface GatewayParser {
  identify(d: unknown): Identify | undefined
  resume(d: unknown): Resume | undefined
  presence(d: unknown): PresenceUpdate | undefined
}

export interface ConnectionOptions {
  readonly parser: GatewayParser
  /** Of the query: `v` and `encoding`. Others than 10 or 9, and json, close with 4012 and 4002. */
  readonly version: number
  /** What READY tells the client to resume at. */
  readonly resumeUrl: string
}

/** What the transport's handlers do with an open socket; each returns at once. */
export interface OpenConnection {
  /** The bytes of one frame; they are copied. */
  message(data: Uint8Array): void
  drained(): void
  closed(code: number): void
}

/** Starts a process that owns the socket: when it ends, the socket is closed. */
export declare function openConnection(
  caller: Caller,
  house: House,
  socket: Socket,
  options: ConnectionOptions,
): OpenConnection
