// Transitions of a state machine between two states, driven by casts.
import { createNode, GenStatem, loop } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

/** Casts that the sender makes before it lets others run, as the BEAM does after its reductions. */
const SLICE = 1000

const { nextState, ok, stop } = GenStatem
const Switch = {
  callbackMode: 'state_functions',
  init: (size, counted) => ok('off', { count: 0, size, counted }),
  states: {
    off: (_event, data) => flip('on', data),
    on: (_event, data) => flip('off', data),
  },
}

function flip(state, data) {
  if (++data.count < data.size) return nextState(state, data)
  data.counted(data.count)
  return stop('normal')
}

const node = createNode()
await measureRate(
  (size) =>
    new Promise((resolve) => {
      GenStatem.start(node, Switch, [size, resolve]).then(([, machine]) => {
        const sender = node.spawn(
          loop(function (left) {
            for (let i = Math.min(left, SLICE); i > 0; i--) this.cast(machine, 'flip')
            if (left > SLICE) this.send(this.self, left - SLICE)
          }, undefined),
        )
        node.send(sender, size)
      })
    }),
)
