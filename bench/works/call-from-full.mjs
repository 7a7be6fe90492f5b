// A call made by a process in whose own mailbox a million messages wait, or none: a reply never searches a mailbox.
import { createNode, noreply, ok, reply } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const WAITING = process.argv[2] === 'call-from-full' ? 1_000_000 : 0

const node = createNode()
const Counter = {
  init: (count) => ok(count),
  handleCall: { increment: (_request, _from, count) => reply(count + 1, count + 1) },
}
/** What the caller is to do next: it never leaves its callback, so that all that waits goes on waiting. */
let jobGiven
const nextJob = () =>
  new Promise((resolve) => {
    jobGiven = resolve
  })
const Caller = {
  init: () => ok(undefined),
  handleCall: {},
  handleCast: {
    async work() {
      for (;;) {
        const { size, done } = await nextJob()
        const first = await this.call(counter, 'increment')
        let last = first
        while (last - first + 1 < size) last = await this.call(counter, 'increment')
        done(last - first + 1)
      }
    },
    never: (_request, state) => noreply(state),
  },
}
const counter = await node.start(Counter, [0])
const caller = await node.start(Caller, [])
node.cast(caller, 'work')
for (let i = 0; i < WAITING; i++) node.cast(caller, 'never')
await new Promise((resolve) => setImmediate(resolve))

await measureRate((size) => new Promise((done) => jobGiven({ size, done })))
