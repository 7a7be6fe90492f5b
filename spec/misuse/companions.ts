import type { TestNode } from '../../lib/testing/index.ts'
import { type Misuse, nact, testing, type Untyped } from './untyped.ts'

const { createTestNode, JumpingHost, VirtualHost } = testing
const { NactHost, toRef } = nact

/** A test node that is told to let so much time pass, and whose clock stands where it stood afterwards. */
const advancedBy = (milliseconds: unknown) => async () => {
  const node = createTestNode() as Untyped<TestNode>
  const before = node.host.now
  const outcome: unknown = await Promise.resolve(node.advance(milliseconds)).catch((thrown: unknown) => thrown)
  if (node.host.now !== before) throw new Error('the clock has been moved')
  return outcome
}
const hostAdvancedBy = (milliseconds: unknown) => () => new VirtualHost().advance(milliseconds)

/** What comes beside the library: `guildhall/testing` and `guildhall/nact`. */
export const COMPANIONS: readonly Misuse[] = [
  ['a seed in words', 'badarg', 'seed is a whole number, not x', () => createTestNode({ seed: 'x' })],
  ['half a seed', 'badarg', 'not 0.5', () => createTestNode({ seed: 0.5 })],
  ['a seed of a host in words', 'badarg', 'not x', () => new JumpingHost('x')],
  [
    'options of a test node that are null',
    'badarg',
    '{ seed, host, name, maxProcesses }, not null',
    () => createTestNode(null),
  ],
  ['a stall in words', 'badarg', 'not x', () => new VirtualHost().stall('x')],
  ['a time in words', 'badarg', 'milliseconds, 0 or more, not x', advancedBy('x')],
  ['a time before', 'badarg', 'milliseconds, 0 or more, not -5', advancedBy(-5)],
  ['no time', 'badarg', 'not undefined', advancedBy(undefined)],
  ['a time without end', 'badarg', 'not Infinity', advancedBy(Number.POSITIVE_INFINITY)],
  ['a time of a host in words', 'badarg', 'not x', hostAdvancedBy('x')],
  ['a time of a host before', 'badarg', 'not -5', hostAdvancedBy(-5)],

  ['a reference of a number', 'badarg', 'a destination is a pid', (node) => toRef(node, 5)],
  ['a reference of nothing', 'badarg', 'a destination is a pid', (node) => toRef(node, null)],
  ['a reference through no registry', 'badarg', 'a destination is a pid', (node) => toRef(node, { via: {}, key: 1 })],
  ['a reference of an object', 'badarg', 'a destination is a pid', (node) => toRef(node, { pid: 1 })],
  ['a host of a number', 'badarg', 'setup is a function', () => NactHost.child(5)],
  ['options of a host that are null', 'badarg', 'plugins }, not null', () => NactHost.child(() => 1, null)],
  ['a host of nothing', 'badarg', 'setup is a function', () => NactHost.child()],
]
