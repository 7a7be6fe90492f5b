import { createNode, loop } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const node = createNode()

await measureRate(async (size) => {
  let count = 0
  await new Promise((resolve) => {
    const pong = node.spawn(
      loop(function (from) {
        this.send(from, this.self)
      }, undefined),
    )
    const ping = node.spawn(
      loop(function (from) {
        if (++count === size) resolve()
        else this.send(from, this.self)
      }, undefined),
    )
    node.send(pong, ping)
  })
  return count
})
