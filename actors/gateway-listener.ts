import { failure, type GenServer, ok, reply } from '../lib/behaviours/index.ts'
import type { Handlers, Listener, Transport } from '../lib/gateway/transport.ts'
import { Fault } from '../lib/internal/errors.ts'
import type { OpenConnection } from './open-connection.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly transport: Transport
  readonly handlers: Handlers<OpenConnection>
}

/** Owns the node's listener for clients: the port is free again when it has ended. */
export interface GatewayListenerApi {
  state: Listener
  init: [options: ListenerOptions]
  call: {
    /** Where it listens. */
    address(): { readonly host: string; readonly port: number }
  }
}

export const GATEWAY_LISTENER = 'gateway_listener'

export const GatewayListener: GenServer<GatewayListenerApi> = {
  moduleName: 'GatewayListener',
  async init({ host, port, transport, handlers }) {
    const listener = await transport.listen({ host, port, handlers }).catch(expected)
    if (listener instanceof Fault) return failure(listener)
    this.own({ [Symbol.asyncDispose]: () => listener.close() })
    return ok(listener)
  },

  handleCall: {
    address: (_request, _from, listener) => reply({ host: listener.host, port: listener.port }, listener),
  },
}

/** A port that cannot be had is told by the failed start, and is no crash of the process. */
function expected(error: unknown): Fault {
  if (error instanceof Fault) return error
  throw error
}
