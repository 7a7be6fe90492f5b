// Bytes that the operating system holds resident for one idle process: the slope from a tenth of them to all.
import { createNode, loop, ok } from '../../dist/lib/index.js'
import { measureSlope } from '../measure.mjs'

const node = createNode()
const Idle = { init: (state) => ok(state), handleCall: {} }
const idle = loop((_message, state) => state, undefined)
const makers = { 'resident-process': () => node.spawn(idle), 'resident-server': () => node.start(Idle, [0]) }

await measureSlope(makers[process.argv[2]])
