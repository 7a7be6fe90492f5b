// A supervisor that starts ten thousand children; a child that runs is an operation. Stopping them is not counted.
import { child, createNode, ok } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const CHILDREN = 10_000

const Idle = { init: (state) => ok(state), handleCall: {} }
const children = Array.from({ length: CHILDREN }, (_, id) => child(Idle, [0], { id }))
const node = createNode()

await measureRate(
  async (size) => {
    let count = 0
    for (; count < size; count += CHILDREN) await node.supervise({ children })
    return count
  },
  async () => {
    for (const pid of node.processes()) if (node.isAlive(pid)) node.exit(pid, 'kill')
  },
)
