import { distribute } from '../../lib/distribution/index.ts'
import { createNode, type GenServer, noreply, ok, reply } from '../../lib/index.ts'
import { TICK_INTERVAL_MS } from '../../lib/internal/limits.ts'
import { SECRET } from './members.ts'

/** A node in an OS process of its own, named argv[2] and ticking every argv[3] ms; tells its parent the port. */
export interface FarApi {
  state: number
  call: { count(): number; silent(): number }
  cast: { count(): void }
}

const Far: GenServer<FarApi> = {
  init: () => ok(0),
  handleCall: { count: (_request, _from, count) => reply(count, count), silent: (_r, _from, count) => noreply(count) },
  handleCast: { count: (_request, count) => noreply(count + 1) },
}

if (process.send !== undefined && process.argv[2] !== undefined) {
  const node = createNode({ name: process.argv[2], reporter: () => {} })
  await node.start(Far, [], { name: 'far' })
  const { port } = await distribute(node, {
    listen: { host: '127.0.0.1', port: 0 },
    secret: SECRET,
    tickInterval: Number(process.argv[3] ?? TICK_INTERVAL_MS),
  })
  process.send(port)
  process.on('disconnect', () => process.exit())
}
