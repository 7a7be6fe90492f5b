import { createNode, loop } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const PROCESSES = 100_000

const node = createNode()
let count = 0
let awaited = 0
let reached
const receiver = loop(() => {
  if (++count === awaited) reached()
}, undefined)
const processes = Array.from({ length: PROCESSES }, () => node.spawn(receiver))

/** One wave a message, so that the receivers run between waves as they do on the BEAM. */
const sender = node.spawn(
  loop(function (waves) {
    const message = { waves }
    for (const each of processes) this.send(each, message)
    if (waves > 1) this.send(this.self, waves - 1)
  }, undefined),
)

await measureRate(async (size) => {
  const before = count
  await new Promise((resolve) => {
    awaited = count + size
    reached = resolve
    node.send(sender, size / PROCESSES)
  })
  return count - before
})
