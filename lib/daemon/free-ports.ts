import { createServer } from 'node:net'
import { fault } from '../internal/errors.ts'
import type { Random } from '../kernel/host.ts'

/**
 * The ports among which the nodes of one host find theirs: below those that systems give to outgoing connections
 * (from 32,768 on Linux), so that none is taken while the node that owns it is being started again.
 */
const FIRST = 20_000
const COUNT = 12_000
const ATTEMPTS = 100

/** So many ports of this host on which nobody listens. `port_in_use` when none are found. */
export async function freePorts(
  host: string,
  count: number,
  random: Pick<Random, 'below'>,
): Promise<readonly number[]> {
  const found = new Set<number>()
  for (let attempt = 0; attempt < ATTEMPTS + count && found.size < count; attempt++) {
    const port = FIRST + random.below(COUNT)
    if (await isFree(host, port)) found.add(port)
  }
  if (found.size < count) throw fault('port_in_use', `no ${count} free ports between ${FIRST} and ${FIRST + COUNT}`)
  return [...found]
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer()
    server.once('error', () => answer(false))
    server.listen(port, host, () => server.close(() => answer(true)))
  })
}
