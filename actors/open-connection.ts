import { child, DynamicSupervisor } from '../lib/behaviours/index.ts'
import { CloseCode } from '../lib/gateway/protocol.ts'
import type { Connection as Socket } from '../lib/gateway/transport.ts'
import { EARLY_FRAMES } from '../lib/internal/limits.ts'
import type { Caller } from '../lib/kernel/context.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import { GatewayConnection } from './connection.ts'
import type { ConnectionApi, ConnectionOptions } from './connection-protocol.ts'
import type { House } from './house.ts'

/** The dynamic supervisor of a node's connections. */
export const CONNECTIONS = 'connections'

/** What the transport's handlers do with an open socket; each returns at once. */
export interface OpenConnection {
  /** The bytes of one frame; they are copied. */
  message(data: Uint8Array): void
  drained(): void
  closed(code: number): void
}

/**
 * Starts the process of a socket that has just been opened. A process takes a moment to start and a transport does not
 * wait: what comes until then is kept, and given to it in order.
 */
export function openConnection(
  caller: Caller,
  house: House,
  socket: Socket,
  options: ConnectionOptions,
): OpenConnection {
  return new StartingConnection(caller, house, socket, options)
}

class StartingConnection implements OpenConnection {
  readonly #caller: Caller
  readonly #socket: Socket
  #pid: Pid<ConnectionApi> | undefined
  #early: ((pid: Pid<ConnectionApi>) => void)[] = []

  constructor(caller: Caller, house: House, socket: Socket, options: ConnectionOptions) {
    this.#caller = caller
    this.#socket = socket
    const spec = child(GatewayConnection, [house, socket, options], { restart: 'temporary' })
    DynamicSupervisor.startChild(caller, CONNECTIONS, spec).then(
      (started) => (started !== 'ignore' && started[0] === 'ok' ? this.#started(started[1]) : this.#refused()),
      () => this.#refused(),
    )
  }

  message(data: Uint8Array): void {
    const bytes = Uint8Array.from(data)
    if (this.#early.length < EARLY_FRAMES) this.#tell((pid) => this.#caller.cast(pid, 'frame', bytes))
    else this.#socket.close(CloseCode.RATE_LIMITED, 'You send too often.')
  }

  drained(): void {
    this.#tell((pid) => this.#caller.cast(pid, 'drained'))
  }

  closed(code: number): void {
    this.#tell((pid) => this.#caller.cast(pid, 'closed', { code }))
  }

  #tell(tell: (pid: Pid<ConnectionApi>) => void): void {
    if (this.#pid === undefined) this.#early.push(tell)
    else tell(this.#pid)
  }

  #started(pid: Pid<ConnectionApi>): void {
    this.#pid = pid
    for (const tell of this.#early) tell(pid)
    this.#early = []
  }

  /** The tree is not there, or full; or the connection has closed the socket itself. */
  #refused(): void {
    this.#early = []
    this.#socket.close(CloseCode.INTERNAL_ERROR, 'The connection cannot be served.')
  }
}
