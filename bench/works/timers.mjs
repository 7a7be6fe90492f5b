// Starts and cancels a timer while a million others are pending; each of the two counts as an operation.
import { createNode, loop } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const PENDING = 1_000_000
const HOUR = 3_600_000

const node = createNode()
const receiver = node.spawn(loop((_message, state) => state, undefined))
for (let i = 0; i < PENDING; i++) node.sendAfter(HOUR + (i % HOUR), receiver, 'never')

await measureRate(async (size) => {
  const timers = new Array(size / 2)
  for (let i = 0; i < timers.length; i++) timers[i] = node.sendAfter(HOUR + ((i * 7919) % HOUR), receiver, 'never')
  let count = timers.length
  for (const timer of timers) if (node.cancelTimer(timer) !== false) count++
  return count
})
