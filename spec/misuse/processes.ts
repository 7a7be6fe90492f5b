import { Counter, counter, js, type Misuse, type Node, type Self } from './untyped.ts'

const DEST = 'a destination is a pid, a registered name'

const circle: unknown[] = []
circle.push(circle)

/** The kernel: nodes, processes, messages, timers, names. */
export const PROCESSES: readonly Misuse[] = [
  ['a node without a host', 'badarg', 'name@host, not alice', () => js.createNode({ name: 'alice' })],
  ['a reporter that is none', 'badarg', 'reporter is a function', () => js.createNode({ reporter: 'console' })],
  ['a bound that is no number', 'badarg', 'maxProcesses is a number', () => js.createNode({ maxProcesses: 'many' })],
  [
    'a node that is full',
    'system_limit',
    '1 processes live on',
    () => {
      const full = js.createNode({ maxProcesses: 1 }) as Node
      try {
        full.spawn(() => new Promise(() => {}))
        full.spawn(() => {})
      } finally {
        full.kill()
      }
    },
  ],
  ['spawn of a string', 'badarg', 'spawn takes a function or a program', (node) => node.spawn('server.js')],
  ['spawn without options', 'badarg', 'options of a spawn are an object', (_node, self) => self.spawnOpt(() => {})],
  [
    'a priority',
    'badarg',
    'low, normal, high and max, not urgent',
    (_node, self) => self.spawnOpt(() => {}, { priority: 'urgent' }),
  ],
  [
    'a bound of a mailbox',
    'badarg',
    'a whole number of messages above 0, not 0',
    (_node, self) => self.spawnOpt(() => {}, { mailbox: { limit: 0, policy: 'reject' } }),
  ],
  [
    'a policy of a mailbox',
    'badarg',
    'reject, drop_oldest, kill, not wait',
    (_node, self) => self.spawnOpt(() => {}, { mailbox: { limit: 1, policy: 'wait' } }),
  ],
  [
    'a mailbox over its bound',
    'mailbox_full',
    'holds 1 messages',
    async (_node, self) => {
      const full = self.spawnOpt(() => new Promise(() => {}), { mailbox: { limit: 1, policy: 'reject' } })
      self.send(full, 1)
      await self.call(full, 'add', 1)
    },
  ],
  ['a loop of nothing', 'badarg', '(message, state) => state', () => js.loop(undefined, 0)],
  ['an offer of nothing', 'badarg', 'with a function or a program', (node) => node.offer('job', 5)],

  ['a send to nobody', 'badarg', 'no process is registered as nobody', (node) => node.send('nobody', 1)],
  ['a send to undefined', 'badarg', DEST, (node) => node.send(undefined, 1)],
  ['a send to an object', 'badarg', DEST, (_node, self) => self.send({ pid: 1 }, 1)],
  ['a send through no registry', 'badarg', DEST, (node) => node.send({ via: 'rooms', key: 1 }, 1)],
  ['a cast to undefined', 'badarg', DEST, (_node, self) => self.cast(undefined, 'add')],
  ['a call of undefined', 'function_clause', DEST, (_node, self) => self.call(undefined, 'add')],
  ['a call of nobody', 'noproc', 'nobody', (node) => node.call('nobody', 'add', 1)],
  [
    'a call that waits a text',
    'function_clause',
    'whole milliseconds, 0 or more, or Infinity, not soon',
    async (node) => node.call(await counter(node), 'add', 1, { timeout: 'soon' }),
  ],
  [
    'a timeout in the place of options',
    'badarg',
    '{ timeout }, not 100',
    async (node) => node.call(await counter(node), 'add', 1, 100),
  ],
  ['an exit signal to a name', 'badarg', 'exit takes a pid', (node) => node.exit('nobody', 'kill')],
  ['a link to a name', 'badarg', 'link takes a pid', (_node, self) => self.link('nobody')],
  ['a monitor of undefined', 'badarg', DEST, (_node, self) => self.monitor(undefined)],
  [
    'an option that monitor does not have',
    'badarg',
    'Tag is no option of monitor, which has tag, alias',
    (_node, self) => self.monitor(self.self, { Tag: 'gone' }),
  ],
  [
    'a tag in the place of the options of monitor',
    'badarg',
    'the options of monitor are an object, { tag, alias }, not gone',
    (_node, self) => self.monitor(self.self, 'gone'),
  ],
  ['options of monitor that are null', 'badarg', 'not null', (_node, self) => self.monitor(self.self, null)],
  [
    'an option that demonitor does not have',
    'badarg',
    'info is no option of demonitor, which has flush',
    (_node, self) => self.demonitor(self.monitor(self.self), { info: true }),
  ],
  [
    'flush in the place of the options',
    'badarg',
    'the options of demonitor are an object, { flush }, not flush',
    (_node, self) => self.demonitor(self.monitor(self.self), 'flush'),
  ],
  [
    'flush as in Erlang',
    'badarg',
    '0 is no option of demonitor, which has flush',
    (_node, self) => self.demonitor(self.monitor(self.self), ['flush']),
  ],
  [
    'an option of a monitor within a spawn',
    'badarg',
    'Tag is no option of monitor',
    (_node, self) => self.spawnOpt(() => {}, { monitor: { Tag: 'gone' } }),
  ],
  [
    'the same in a request',
    'badarg',
    'Tag is no option of monitor',
    (_node, self) => self.spawnRequest(() => {}, { monitor: { Tag: 'gone' } }),
  ],
  [
    'an option that a spawn does not have',
    'badarg',
    'linked is no option of a spawn',
    (_node, self) => self.spawnOpt(() => {}, { linked: true }),
  ],
  [
    'a flush in words',
    'badarg',
    'flush is true or false, not no',
    (_node, self) => self.demonitor(self.monitor(self.self), { flush: 'no' }),
  ],
  ['a reply in words', 'badarg', 'reply is true or false, not x', (_node, self) => self.alias({ reply: 'x' })],
  [
    'an operation that is no text',
    'function_clause',
    'the name of an operation is a string, not 5',
    async (node) => node.call(await counter(node), 5),
  ],
  ['a key that contains itself', 'badarg', 'does not contain itself', (_node, self) => self.put(circle, 1)],
  [
    'an option that alias does not have',
    'badarg',
    'once is no option of alias, which has reply',
    (_node, self) => self.alias({ once: true }),
  ],
  [
    'reply in the place of the options',
    'badarg',
    'the options of alias are an object, { reply }, not reply',
    (_node, self) => self.alias('reply'),
  ],
  ['a demonitor without its ref', 'badarg', 'demonitor takes a ref', (_node, self) => self.demonitor(undefined)],
  ['trapExit without its flag', 'badarg', 'true or false, not undefined', (_node, self) => self.trapExit()],
  ['an unknown flag', 'badarg', 'not heap', (_node, self) => self.processFlag('heap', 1)],
  ['a receive by value', 'badarg', 'a function that tells whether', (_node, self) => self.receive('ping')],
  [
    'a receive in a server',
    'badarg',
    'receive is for raw processes',
    async (node) => {
      const takes = {
        take(this: Self) {
          return this.receive()
        },
      }
      await node.call(await node.start({ ...Counter, handleCall: takes }, [0]), 'take')
    },
  ],
  ['an own of what cannot be closed', 'badarg', '[Symbol.dispose]', (_node, self) => self.own({ close() {} })],
  ['a sleep of a text', 'bad_timeout', 'got soon', (_node, self) => self.sleep('soon')],
  [
    'a timer with its arguments swapped',
    'badarg',
    'a timer runs 0 to',
    (_node, self) => self.sendAfter(self.self, 'tick', 100),
  ],
  ['a timer for undefined', 'badarg', 'for a pid or a name', (node) => node.sendAfter(1, undefined, 'tick')],
  [
    'an absolute time that is none',
    'badarg',
    'milliseconds from now',
    (node) => node.sendAfter('noon', 'counter', 1, { abs: true }),
  ],
  [
    'an option no timer has',
    'badarg',
    'no option of a timer',
    (node) => node.startTimer(1, 'x', 1, { absolute: true }),
  ],
  [
    'a spawn given up by its pid',
    'badarg',
    'the ref of a spawnRequest',
    (_node, self) => self.spawnRequestAbandon(self.self),
  ],
  ['no timer cancelled', 'badarg', 'sendAfter or startTimer returned', (node) => node.cancelTimer(undefined)],
  [
    'a name that is taken',
    'badarg',
    'the name counter is taken',
    async (node) => {
      node.register('counter', await counter(node))
      node.register('counter', await counter(node))
    },
  ],
  [
    'a second name',
    'badarg',
    'is registered as counter',
    async (node) => {
      const pid = await counter(node)
      node.register('counter', pid)
      node.register('other', pid)
    },
  ],
  ['a name for undefined', 'badarg', 'undefined is no process of this node', (node) => node.register('x', undefined)],
  ['a name that nobody has', 'badarg', 'no process is registered as x', (node) => node.unregister('x')],
  ['isAlive of a name', 'badarg', 'isAlive takes a pid', (node) => node.isAlive('x')],
  ['an unknown item', 'badarg', 'size is none of', async (node) => node.processInfo(await counter(node), 'size')],
  [
    'an unknown trace flag',
    'badarg',
    'not everything',
    async (node, self) => node.trace(await counter(node), self.self, ['everything']),
  ],
  [
    'no trace flags',
    'badarg',
    'trace flags are an array, of receive, send',
    async (node, self) => node.trace(await counter(node), self.self, undefined),
  ],
  [
    'a trace flag in the place of the array',
    'badarg',
    'trace flags are an array',
    async (node, self) => node.trace(await counter(node), self.self, 'send'),
  ],
  [
    'a system monitor of null',
    'badarg',
    '{ longSchedule, largeMailbox, busyLink }, not null',
    (node, self) => node.systemMonitor(self.self, null),
  ],
  ['no system monitor of null', 'badarg', 'not null', (node) => node.systemMonitor(undefined, null)],
  [
    'an option that a system monitor does not have',
    'badarg',
    'longSchedul is no option of a system monitor, which has longSchedule, largeMailbox, busyLink',
    (node, self) => node.systemMonitor(self.self, { longSchedul: 5 }),
  ],
]
