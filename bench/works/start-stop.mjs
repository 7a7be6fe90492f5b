import { createNode, ok } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const node = createNode()
const Idle = { init: (state) => ok(state), handleCall: {} }

await measureRate(async (size) => {
  let count = 0
  for (; count < size; count++) {
    const server = await node.start(Idle, [0])
    await node.stop(server)
  }
  return count
})
