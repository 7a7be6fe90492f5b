import type { Self } from '../lib/behaviours/index.ts'
import type { Heartbeat } from '../lib/gateway/heartbeat.ts'
import type { RateBucket } from '../lib/gateway/rate-limit.ts'
import type { Connection as Socket } from '../lib/gateway/transport.ts'
import type { DownMessage } from '../lib/kernel/exit.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import type { GatewayParser } from './gateway-parser.ts'
import type { House } from './house.ts'
import type { ConnectionOrders, SessionApi } from './session-protocol.ts'

export interface ConnectionOptions {
  readonly parser: GatewayParser
  /** Of the query: the version of the gateway. */
  readonly version: number
  /** What READY tells the client to resume at. */
  readonly resumeUrl: string
}

export interface ConnectionApi {
  state: ConnectionState
  init: [house: House, socket: Socket, options: ConnectionOptions]
  cast: ConnectionOrders['cast'] & {
    frame(bytes: Uint8Array): void
    /** The socket takes more again. */
    drained(): void
    /** The socket is closed, with what its closing side has said. */
    closed(request: { readonly code: number }): void
  }
  info: { readonly type: 'heartbeat_due' } | (DownMessage & { readonly type: 'DOWN' }) | { readonly type: 'EXIT' }
}

export interface ConnectionState {
  readonly house: House
  readonly socket: Socket
  readonly options: ConnectionOptions
  readonly heartbeat: Heartbeat
  readonly frames: RateBucket
  session: { readonly pid: Pid<SessionApi>; readonly monitor: Ref } | null
}

export type ConnectionProcess = Self<ConnectionApi>
