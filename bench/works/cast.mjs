import { createNode, loop, noreply, ok } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

/** Casts that the sender makes before it lets others run, as the BEAM does after its reductions. */
const SLICE = 1000

const node = createNode()
const Counter = {
  init: (size, counted) => ok({ count: 0, size, counted }),
  handleCall: {},
  handleCast: {
    increment(_request, state) {
      if (++state.count === state.size) state.counted(state.count)
      return noreply(state)
    },
  },
}

await measureRate(
  (size) =>
    new Promise((resolve) => {
      node.start(Counter, [size, resolve]).then((counter) => {
        const sender = node.spawn(
          loop(function (left) {
            for (let i = Math.min(left, SLICE); i > 0; i--) this.cast(counter, 'increment')
            if (left > SLICE) this.send(this.self, left - SLICE)
          }, undefined),
        )
        node.send(sender, size)
      })
    }),
)
