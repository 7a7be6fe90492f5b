import { testing } from '../misuse/untyped.ts'
import { type Doors, doors, methods } from './door.ts'
import { Hostility } from './hostile.ts'
import { amount, any, array, caller, count, fun, isText, kind, leftOut, node, options, pid, text, to } from './kinds.ts'
import { childNames } from './servers.ts'

const seed = leftOut(kind(() => 1, Number.isInteger))
const wall = leftOut(kind(() => 5, Number.isFinite))
const duration = kind(
  () => 5,
  (value) => Number.isFinite(value) && (value as number) >= 0,
)
const maxProcesses = kind(count.right, (value) => amount.takes(value) && (value as number) >= 1)
const host = kind(() => new testing.VirtualHost())
const testNode = options({ seed, host, name: kind(() => 'a@b'), maxProcesses })
const error = kind(
  () => new Hostility(),
  (value) => value === undefined || value instanceof Error,
)
const hosted = to((f) => f.hosted())

/** `guildhall/testing` and `guildhall/nact`. */
export const COMPANIONS: Doors = {
  ...doors({
    'testing/VirtualHost': [seed, wall],
    'testing/JumpingHost': [seed, wall],
    'testing/SeededHost': [seed, wall],
    'testing/createTestNode': [testNode],
    'testing/TestNode': [testNode],
    'testing/leftovers': [node],
    'testing/quiet': [leftOut(host)],
    'nact/toRef': [caller, kind((f) => f.pid, isText)],
    'nact/NactHost.child': [fun, options({ ...childNames, plugins: array })],
    'nact/NactHost.actors': [caller, hosted],
    'nact/NactHost.system': [caller, hosted],
    'nact/connect': [kind(() => ({ name: 'system', stop() {} }))],
    'nact/persistOn': [kind(() => ({ write() {} }))],
    'nact/persistOnCassandra': [kind(() => ({ execute() {} }))],
  }),
  'nact/toPid': { takes: [caller, any], refuses: true },
  ...methods('testing/VirtualHost', host.right, { advance: [duration], stall: [duration] }),
  ...methods('testing/TestNode', (f) => f.node, {
    reportsOf: [any, any],
    quiet: [],
    advance: [duration],
    until: [{ ...fun, right: () => () => true }, any],
  }),
  'testing/TestNode#registeredAs': { of: (f) => f.node, takes: [text, leftOut(pid)], refuses: true },
  'testing/TestNode#crash': { of: (f) => f.node, takes: [to((f) => f.counter()), error], ends: true },
}
