import { existsSync } from 'node:fs'
import { createNode, loop } from '../../lib/index.ts'

/** A node with a callback that blocks its thread until a file is there, run as an OS process of its own. */
const [file = ''] = process.argv.slice(2)

const node = createNode({ name: 'busy@here' })
const monitor = node.spawn(
  loop((message) => {
    process.stdout.write(JSON.stringify(message), () => process.exit(0))
  }, undefined),
)
node.systemMonitor(monitor, { longSchedule: 100 })
const busy = node.spawn(
  loop(function spin() {
    while (!existsSync(file));
  }, undefined),
)
node.send(busy, 'go')
