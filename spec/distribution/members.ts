import { type Distribution, type DistributionOptions, distribute } from '../../lib/distribution/index.ts'
import { type Context, createNode, type OtpNode, Pid, type Report } from '../../lib/index.ts'
import { VirtualHost } from '../../lib/testing/index.ts'
import type { MemoryNetwork } from './memory-network.ts'

export const SECRET = 'the secret of this cluster'

/** A process whose messages are kept and whose context is at hand. */
export class Ear {
  readonly heard: unknown[] = []
  readonly context: Context
  #waiting: { match: (message: unknown) => boolean; resolve: (message: unknown) => void } | undefined

  constructor(context: Context) {
    this.context = context
  }

  static open(node: OtpNode): Promise<Ear> {
    return new Promise((resolve) => {
      node.spawn(async function () {
        const ear = new Ear(this)
        resolve(ear)
        for (;;) ear.#hear(await this.receive())
      })
    })
  }

  /** The earliest message that matches, which is taken out. */
  take(match: (message: unknown) => boolean = () => true): Promise<unknown> {
    const at = this.heard.findIndex(match)
    if (at >= 0) return Promise.resolve(this.heard.splice(at, 1)[0])
    return new Promise((resolve) => {
      this.#waiting = { match, resolve }
    })
  }

  #hear(message: unknown): void {
    if (this.#waiting?.match(message) === true) {
      const { resolve } = this.#waiting
      this.#waiting = undefined
      resolve(message)
    } else this.heard.push(message)
  }
}

/**
 * The pid as another node has it. In these specs the nodes share an OS process, where the pid itself would lead straight
 * to its process.
 */
export function abroad<P>(pid: Pid<P>): Pid<P> {
  return new Pid({ ...pid.address }, pid.id)
}

export const ofType =
  (type: string) =>
  (message: unknown): boolean =>
    (message as { type?: unknown } | null)?.type === type

/** A node of a cluster in memory, on a clock that stands still. */
export interface Member {
  readonly node: OtpNode
  readonly host: VirtualHost
  readonly distribution: Distribution
  readonly reports: Report[]
  /** `+name` and `-name` for the nodes that came and went. */
  readonly seen: string[]
}

let starts = 0

/** Starts `name` on its port of the network; every start has a creation of its own. */
export async function join(
  network: MemoryNetwork,
  name: string,
  ports: Record<string, number>,
  peers: readonly string[],
  options: Partial<DistributionOptions> = {},
): Promise<Member> {
  const host = new VirtualHost()
  for (let i = 0; i <= starts; i++) host.below(2)
  starts++
  const reports: Report[] = []
  const node = createNode({ name, host, reporter: (report) => reports.push(report) })
  const seen: string[] = []
  node.spawn(async function () {
    this.monitorNodes(true)
    for (;;) {
      const { type, node: other } = await this.receive<{ type: string; node: string }>()
      seen.push(`${type === 'nodeup' ? '+' : '-'}${other}`)
    }
  })
  const distribution = await distribute(node, {
    listen: { host: 'memory', port: ports[name]! },
    secret: SECRET,
    transport: network,
    peers: peers.map((peer) => ({ name: peer, host: 'memory', port: ports[peer]! })),
    ...options,
  })
  return { node, host, distribution, reports, seen }
}
