import type { OwnPresence } from './own-presence.ts'
import type { Shard } from './shard.ts'

/** What a client says in IDENTIFY, checked by shape. */
export interface Identify {
  readonly token: string
  readonly intents: number
  readonly shard?: Shard
  /** 50 to 250; 50 unless told otherwise. */
  readonly largeThreshold?: number
  readonly presence?: OwnPresence
}

export interface Resume {
  readonly token: string
  readonly sessionId: string
  readonly sequence: number
}

/**
 * Checks the shape of what clients send; implemented where the schemas are. `undefined` when the shape is wrong, for
 * which the connection is closed with 4002. The rules beyond the shape (token, intents, shard) are the connection's.
 */
export interface GatewayParser {
  identify(d: unknown): Identify | undefined
  resume(d: unknown): Resume | undefined
  presence(d: unknown): OwnPresence | undefined
}
