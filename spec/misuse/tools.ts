import type { Pid } from '../../lib/index.ts'
import { quiet } from '../../lib/testing/index.ts'
import { join } from '../distribution/members.ts'
import { MemoryNetwork } from '../distribution/memory-network.ts'
import { Counter, counter, js, type Misuse, type Node, type Self } from './untyped.ts'

const { pg, procLib, Registry, sys, Table, upgrade } = js

const rooms = new Registry('rooms', { keys: 'unique' })
const withRooms = async (node: Node) => node.supervise({ children: [rooms.child()] })
const throwing = () => {
  throw new Error('no way')
}
/** What a request about a server comes to, which goes on as it was. */
const ofServer = (request: (node: Node, pid: unknown) => unknown) => async (node: Node) => {
  const pid = await counter(node)
  const outcome: unknown = await Promise.resolve(request(node, pid)).catch((thrown: unknown) => thrown)
  if ((await node.call(pid, 'add', 2)) !== 2) throw new Error('the server has not gone on as it was')
  return outcome
}
/** What a request from another node about a server comes to, whose state is a function; the server goes on. */
const ofServerElsewhere = (request: (node: Node, far: unknown) => unknown) => async () => {
  const network = new MemoryNetwork()
  const ports = { 'here@memory': 1, 'there@memory': 2 }
  const there = (await join(network, 'there@memory', ports, [])).node
  const here = (await join(network, 'here@memory', ports, ['there@memory'])).node
  try {
    while (here.nodes().length === 0) await quiet()
    const pid = await counter(there as unknown as Node)
    there.register('counter', pid as Pid)
    await sys.replaceState(there, pid, () => throwing)
    const far = { name: 'counter', node: 'there@memory' }
    const outcome = await Promise.resolve(request(here as unknown as Node, far)).catch((thrown: unknown) => thrown)
    if ((await sys.getState(there, pid)) !== throwing) throw new Error('the server has not gone on as it was')
    return outcome
  } finally {
    for (const node of [here, there]) node.kill()
  }
}
const upgradeTo = (codeChange: unknown) =>
  ofServer((node) => upgrade(node, [{ module: 'counter', from: Counter, to: { ...Counter, codeChange } }]))
const table = (self: Self, options: object = {}) => new Table(self, options)

/** Registry, pg, tables, sys, proc_lib, upgrade. */
export const TOOLS: readonly Misuse[] = [
  ['a registry without a name', 'badarg', 'a registry has a name', () => new Registry(undefined, { keys: 'unique' })],
  ['a registry without keys', 'badarg', '{ keys, partitions,', () => new Registry('rooms')],
  [
    'a registry without partitions',
    'badarg',
    'partitions, not 0',
    () => new Registry('rooms', { keys: 'unique', partitions: 0 }),
  ],
  ['a registry that was not started', 'unknown_registry', 'rooms on', (_node, self) => rooms.register(self, 'lobby')],
  ['its lookup', 'unknown_registry', 'start it under a supervisor', (node) => rooms.lookup(node, 'lobby')],
  [
    'a name in it',
    'unknown_registry',
    'start it under a supervisor',
    (node) => node.start(Counter, [0], { name: rooms.via('lobby') }),
  ],
  [
    'a registration of nobody',
    'badarg',
    'only a process can do this',
    async (node) => {
      await withRooms(node)
      rooms.register(node, 'lobby')
    },
  ],
  [
    'a key that is taken',
    'already_registered',
    'already_registered',
    async (node, self) => {
      await withRooms(node)
      rooms.register(self, 'lobby')
      return rooms.register(self, 'lobby')
    },
  ],
  [
    'names of duplicate keys',
    'badarg',
    'via is for unique keys',
    () => new Registry('rooms', { keys: 'duplicate' }).via('lobby'),
  ],
  ['a clause of one part', 'badarg', '[key, pid, value]', () => rooms.clause(['lobby'])],

  ['a scope without a name', 'badarg', 'a scope has a name', (node) => pg.start(node)],
  ['a group of no scope', 'noproc', 'join_local', (_node, self) => pg.join(self, 'scope', 'group', self.self)],
  ['the groups of no scope', 'badarg', 'no scope scope runs on', (node) => pg.whichGroups(node, 'scope')],
  ['a member by name', 'nolocal', 'lobby', (_node, self) => pg.join(self, 'scope', 'group', ['lobby'])],

  ['a table of a node', 'badarg', 'only a process can do this', (node) => new Table(node)],
  [
    'an unknown type of table',
    'badarg',
    'set, ordered_set, bag, duplicate_bag, not list',
    (_node, self) => table(self, { type: 'list' }),
  ],
  [
    'an unknown protection',
    'badarg',
    'public, protected or private',
    (_node, self) => table(self, { protection: 'open' }),
  ],
  [
    'a table name that is taken',
    'badarg',
    'a table named rooms exists',
    (_node, self) => {
      table(self, { name: 'rooms' })
      table(self, { name: 'rooms' })
    },
  ],
  [
    'a private table of another',
    'badarg',
    'may not read the table, which is private',
    (node, self) => table(self, { protection: 'private' }).lookup(node, 1),
  ],
  [
    'a protected table of another',
    'badarg',
    'may not write the table, which is protected',
    (node, self) => table(self).insert(node, ['a', 1]),
  ],
  ['a number as an object', 'badarg', 'an object is a tuple or a record', (_node, self) => table(self).insert(self, 5)],
  ['an object without key', 'badarg', 'no element 0', (_node, self) => table(self).insert(self, [])],
  [
    'a counter that is none',
    'badarg',
    'a counter counts in whole numbers',
    (_node, self) => {
      const words = table(self)
      words.insert(self, ['a', 'b'])
      words.updateCounter(self, 'a', 1)
    },
  ],
  [
    'a counter that is not there',
    'badarg',
    'give a first object for it',
    (_node, self) => table(self).updateCounter(self, 'a', 1),
  ],
  [
    'an element of nothing',
    'badarg',
    'look with member first',
    (_node, self) => table(self).lookupElement(self, 'a', 1),
  ],
  [
    'a table that is gone',
    'badarg',
    'the table is gone',
    (_node, self) => {
      const gone = table(self)
      gone.deleteTable(self)
      gone.lookup(self, 'a')
    },
  ],
  ['a heir by name', 'badarg', '[pid, data]', (_node, self) => table(self, { heir: 'bob' })],

  ['sys of nobody', 'noproc', 'get_state, {nobody}', (node) => sys.getState(node, 'nobody')],
  [
    'a replacement that throws',
    'callback_failed',
    'no way',
    ofServer((node, pid) => sys.replaceState(node, pid, throwing)),
  ],
  [
    'a replacement by value',
    'badarg',
    'replaceState takes a function',
    ofServer((node, pid) => sys.replaceState(node, pid, 5)),
  ],
  ['a log of nothing', 'badarg', '1 event or more', ofServer((node, pid) => sys.log(node, pid, [true, 0]))],
  ['a log in words', 'badarg', "'get' or 'print'", ofServer((node, pid) => sys.log(node, pid, 'on'))],
  ['statistics in words', 'badarg', "true, false or 'get'", ofServer((node, pid) => sys.statistics(node, pid, 'on'))],
  ['a trace in words', 'badarg', 'true or false', ofServer((node, pid) => sys.trace(node, pid, 'on'))],
  ['a log file without a path', 'badarg', 'a path', ofServer((node, pid) => sys.logToFile(node, pid, true))],
  ['a pid that is debugged', 'badarg', 'not its pid', ofServer((_node, pid) => sys.debugOptions(pid, ['trace']))],
  ['no debug function', 'badarg', '[fun, state]', ofServer((node, pid) => sys.install(node, pid, undefined))],
  [
    'new code while it runs',
    'unknown_system_msg',
    'change_code',
    ofServer((node, pid) => sys.changeCode(node, pid, Counter, 1, undefined)),
  ],
  [
    'no new code',
    'badarg',
    'a callback module is an object',
    async (node) => {
      const pid = await counter(node)
      await sys.suspend(node, pid)
      return sys.changeCode(node, pid, undefined, 1, undefined)
    },
  ],
  [
    'a state that cannot be handed over',
    'unencodable',
    'a function, throwing',
    ofServerElsewhere((node, far) => sys.getState(node, far)),
  ],
  [
    'a status with such a state',
    'unencodable',
    'a function, throwing',
    ofServerElsewhere((node, far) => sys.getStatus(node, far)),
  ],
  [
    'a request that cannot be handed over',
    'unencodable',
    'a function, throwing',
    ofServerElsewhere((node, far) => node.call(far, 'add', throwing)),
  ],
  ['a stop of oneself', 'calling_self', 'terminate', (_node, self) => sys.stop(self, self.self)],

  ['an upgrade of one', 'badarg', 'in an array', (node) => upgrade(node, { module: 'counter', from: Counter })],
  [
    'an upgrade to nothing',
    'badarg',
    'from: OldModule, to: NewModule',
    (node) => upgrade(node, [{ module: 'counter', from: Counter }]),
  ],
  ['codeChange that throws', 'upgrade_failed', 'Error: no way', upgradeTo(throwing)],
  ['codeChange that refuses', 'upgrade_failed', 'not this', upgradeTo(() => js.failure('not this'))],
  ['codeChange that returns the state', 'upgrade_failed', 'bad_return_value, 7', upgradeTo(() => 7)],
  ['what it returns', 'upgrade_failed', 'codeChange returns ok(state) or failure(reason)', upgradeTo(() => 7)],

  ['proc_lib without a function', 'badarg', 'runs a function', (node) => procLib.start(node, 'clock', [])],
  ['proc_lib without arguments', 'badarg', 'an array', (node) => procLib.start(node, () => {})],
  ['a start without initAck', 'normal', '', (node) => procLib.start(node, () => {}, [])],
  ['initAck outside', 'badarg', 'only a process can do this', (node) => procLib.initAck(node, 'ok')],
]
