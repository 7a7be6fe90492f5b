import { createNode, ok, reply } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const node = createNode()
const Counter = {
  init: (count) => ok(count),
  handleCall: { increment: (_request, _from, count) => reply(count + 1, count + 1) },
}
const counter = await node.start(Counter, [0])

/** A process that makes `size` calls, each when the one before is answered, and tells how many it saw answered. */
async function caller(size, done) {
  const first = await this.call(counter, 'increment')
  let last = first
  while (last - first + 1 < size) last = await this.call(counter, 'increment')
  done(last - first + 1)
}

await measureRate((size) => new Promise((resolve) => node.spawn(caller, size, resolve)))
