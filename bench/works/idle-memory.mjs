import { createNode, ok } from '../../dist/lib/index.js'
import { measureMemory } from '../measure.mjs'

const node = createNode()
const Idle = { init: (state) => ok(state), handleCall: {} }

await measureMemory(async (size) => {
  const servers = []
  for (let i = 0; i < size; i++) servers.push(await node.start(Idle, [0]))
  return servers
})
