/** `guildhall/distribution`: nodes of different OS processes and machines as one system. */

export { type Distribution, distribute } from './distribution.ts'
export type { DistributionOptions } from './distribution-options.ts'
export type { PeerAddress } from './route.ts'
export { tcp } from './tcp.ts'
export type { Listener, Socket, SocketHandler, Transport } from './transport.ts'
