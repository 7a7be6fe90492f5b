/** `guildhall/nact`: existing nact actors in a supervision tree, and messages both ways. nact is a peer to install. */
export { toPid, toRef } from './bridge.ts'
export { persistOnCassandra } from './cassandra-persistence.ts'
export { persistOn } from './disk-persistence.ts'
export { connect } from './nact.ts'
export * as NactHost from './nact-host.ts'
