import { Fault, fault } from '../internal/errors.ts'
import type { Transport } from './transport.ts'
import { loadUws } from './uws.ts'
import { wsTransport } from './ws.ts'

export interface TransportChoice {
  readonly transport: Transport
  /** Why this one, for the operator. */
  readonly reason: string
}

/**
 * The transport to use: `auto` takes uWebSockets.js, which is several times as fast, where it loads, and else ws.
 * @throws transport_unavailable when `uws` is asked for and does not load; badarg on another word
 */
export function chooseTransport(wanted: 'auto' | 'uws' | 'ws' = 'auto'): TransportChoice {
  switch (wanted) {
    case 'ws':
      return { transport: wsTransport, reason: 'ws was asked for' }
    case 'uws':
      return { transport: loadUws(), reason: 'uws was asked for' }
    case 'auto':
      return fastest()
    default:
      throw fault('badarg', `a transport is auto, uws or ws, not ${String(wanted)}`)
  }
}

function fastest(): TransportChoice {
  try {
    return { transport: loadUws(), reason: 'uWebSockets.js loads on this system' }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { transport: wsTransport, reason: error.message }
  }
}
