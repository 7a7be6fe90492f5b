/** `guildhall/testing`: virtual time, seeded chance, and ways to crash a process and to await quiet. */
export { JumpingHost } from './jumping-host.ts'
export { leftovers } from './leftovers.ts'
export { SeededHost } from './seeded-host.ts'
export { createTestNode, TestNode, type TestNodeOptions } from './test-node.ts'
export { quiet, VirtualHost } from './virtual-host.ts'
