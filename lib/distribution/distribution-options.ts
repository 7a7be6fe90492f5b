import { fault } from '../internal/errors.ts'
import { NODE_NAME_BYTES, SECRET_BYTES } from '../internal/limits.ts'
import { describe } from '../kernel/exit.ts'
import { NODE_NAME } from '../kernel/node.ts'
import { ARRAY, countFrom, mustBeOptions, type OptionKind, type OptionKinds } from '../kernel/options.ts'
import type { PeerAddress } from './route.ts'
import type { Transport } from './transport.ts'

export interface DistributionOptions {
  /** Where other nodes connect to this one; port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number }
  /** What every node of the cluster has and nobody else: 16 random bytes or more, text counting as UTF-8. */
  readonly secret: string | Uint8Array
  /** The nodes of the cluster; this one may be among them. Others that have the secret may connect, too. */
  readonly peers?: readonly PeerAddress[]
  /** TCP unless told otherwise. */
  readonly transport?: Transport
  /**
   * Milliseconds between ticks on an idle connection; four without a byte end it. The same on all nodes; 15,000 unless
   * told otherwise.
   */
  readonly tickInterval?: number
  /** Milliseconds that a connection attempt may take, handshake included. 5000 unless told otherwise. */
  readonly handshakeTimeout?: number
  /** Bytes waiting for a node above which calls to it fail with `busy`. 4 MiB unless told otherwise. */
  readonly softBytes?: number
  /** Bytes waiting for a node above which the connection is cut. 64 MiB unless told otherwise. */
  readonly hardBytes?: number
}

const HOST: OptionKind = { right: 'an address', takes: (value) => typeof value === 'string' && value !== '' }

function portFrom(least: number): OptionKind {
  const takes = (value: unknown) => Number.isInteger(value) && (value as number) >= least && (value as number) <= 65_535
  return { right: `a whole number from ${least} to 65535`, takes }
}

const MILLISECONDS = countFrom(1, 'milliseconds')
const BYTES = countFrom(1, 'bytes')
const LISTEN: OptionKinds<DistributionOptions['listen']> = { host: HOST, port: portFrom(0) }
const PEER: OptionKinds<PeerAddress> = {
  name: NODE_NAME,
  host: HOST,
  port: portFrom(1),
}

const DISTRIBUTION: OptionKinds<DistributionOptions> = {
  listen: { right: '{ host, port }, where other nodes connect to this one', takes: isObject },
  secret: { right: 'a string or bytes', takes: (value) => typeof value === 'string' || value instanceof Uint8Array },
  peers: ARRAY,
  transport: { right: 'an object with the functions listen and connect', takes: isTransport },
  tickInterval: MILLISECONDS,
  handshakeTimeout: MILLISECONDS,
  softBytes: BYTES,
  hardBytes: BYTES,
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isTransport(value: unknown): boolean {
  const { listen, connect } = Object(value) as Partial<Transport>
  return typeof listen === 'function' && typeof connect === 'function'
}

/** @throws Fault `badarg` for what are no options of `distribute`, or lack what it cannot do without. */
export function mustBeDistribution(options: DistributionOptions): void {
  mustBeOptions('a distribution', options, DISTRIBUTION)
  for (const name of ['listen', 'secret'] as const) {
    if (options[name] === undefined) throw fault('badarg', `${name} is ${DISTRIBUTION[name].right}, and needed`)
  }
  mustBeAll('listen', options.listen, LISTEN)
  for (const peer of options.peers ?? []) {
    if (!isObject(peer)) throw fault('badarg', `a peer is { name, host, port }, not ${describe(peer)}`)
    mustBeAll(`the peer ${describe(peer.name)}`, peer, PEER)
    mustBeReachable(peer.name)
  }
}

/** None of them may be left out; others may be there: a node may listen at the address that its peers have. */
function mustBeAll<O>(what: string, options: O, kinds: OptionKinds<O>): void {
  for (const name of Object.keys(kinds) as (keyof O & string)[]) {
    const { takes, right } = kinds[name]
    if (!takes(options[name])) throw fault('badarg', `${name} of ${what} is ${right}, not ${describe(options[name])}`)
  }
}

/** @throws Fault `badarg` for the name of a node that cannot be in a cluster. */
export function mustBeReachable(name: string): void {
  if (name === 'nonode@nohost') throw fault('badarg', 'a node that is to be reached has a name: createNode({ name })')
  if (Buffer.byteLength(name) > NODE_NAME_BYTES) throw fault('badarg', `a node's name has ${NODE_NAME_BYTES} bytes`)
}

/** @throws Fault `weak_secret` */
export function bytesOfSecret(secret: string | Uint8Array): Uint8Array {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : Uint8Array.from(secret)
  if (bytes.length < SECRET_BYTES) throw fault('weak_secret', `it has ${bytes.length} bytes`)
  return bytes
}
