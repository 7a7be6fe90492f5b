// Items that pass through Task.asyncStream, each in a task of its own, sixteen at a time, in order.
import { createNode, Task } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const node = createNode()

function* numbers(size) {
  for (let i = 0; i < size; i++) yield i
}

await measureRate(
  (size) =>
    new Promise((resolve) => {
      node.spawn(async function () {
        let count = 0
        for await (const [outcome] of Task.asyncStream(this, numbers(size), (n) => n * 2, { maxConcurrency: 16 })) {
          if (outcome === 'ok') count++
        }
        resolve(count)
      })
    }),
)
