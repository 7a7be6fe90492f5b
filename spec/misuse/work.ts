import { Counter, counter, endOf, exhaust, js, type Misuse, type Node, type Self } from './untyped.ts'

const { GenStage, Pool, Task, offload } = js

/** A task of another process. */
function foreignTask(node: Node): Promise<unknown> {
  return new Promise((resolve) => {
    node.spawn(function (this: Self) {
      resolve(Task.async(this, () => new Promise(() => {})))
      return new Promise(() => {})
    })
  })
}

const hash = { module: new URL('node:crypto'), function: 'getHashes' }
const pool = async (node: Node) => node.supervise({ children: [Pool.child({ name: 'pool', threads: 1, queue: 0 })] })
const consumerOf = (options: unknown) =>
  GenStage.consumer({
    init: () => options ?? js.ok(0),
    handleEvents: (_e: unknown, _f: unknown, s: unknown) => js.noreply(s),
  })
const producerOf = (emitted: unknown, options?: unknown) =>
  GenStage.producer({ init: () => options ?? js.ok(0), handleDemand: () => emitted })
const subscribed = (to: unknown) => consumerOf(GenStage.staged(0, { subscribeTo: [to] }))

/** Task, worker threads, GenStage. */
export const WORK: readonly Misuse[] = [
  ['a task outside a process', 'badarg', 'only a process can do this', (node) => Task.async(node, () => 1)],
  ['a task of a promise', 'badarg', 'a task runs a function', (_node, self) => Task.async(self, Promise.resolve(1))],
  [
    'a task of another',
    'not_owner',
    'asks about a task of',
    async (node, self) => Task.await(self, await foreignTask(node)),
  ],
  [
    'await of a promise',
    'badarg',
    'a task is what Task.async returns',
    (_node, self) => Task.await(self, Promise.resolve(1)),
  ],
  [
    'await for a text',
    'bad_timeout',
    'got soon',
    (_node, self) =>
      Task.await(
        self,
        Task.async(self, () => 1),
        'soon',
      ),
  ],
  [
    'awaitMany of one task',
    'badarg',
    'tasks are an array',
    (_node, self) =>
      Task.awaitMany(
        self,
        Task.async(self, () => 1),
      ),
  ],
  [
    'a stream of a number',
    'badarg',
    'the input of a stream is iterable',
    (_node, self) => exhaust(Task.asyncStream(self, 5, () => 1)),
  ],
  [
    'a stream without a function',
    'badarg',
    'runs a function for each item',
    (_node, self) => exhaust(Task.asyncStream(self, [1])),
  ],
  [
    'a stream without concurrency',
    'badarg',
    'maxConcurrency is 1 or more, not 0',
    (_node, self) => exhaust(Task.asyncStream(self, [1], () => 1, { maxConcurrency: 0 })),
  ],
  ['a task of no supervisor', 'noproc', 'nobody', (_node, self) => Task.Supervisor.async(self, 'nobody', () => 1)],
  [
    'a task of a full supervisor',
    'max_children',
    'a larger maxChildren',
    async (node, self) => {
      await node.supervise({ children: [Task.Supervisor.child({ maxChildren: 0 }, { name: 'tasks' })] })
      await Task.Supervisor.async(self, 'tasks', () => 1)
    },
  ],

  ['a pool without a name', 'badarg', 'a pool has a name', () => Pool.child({})],
  ['a pool without threads', 'badarg', 'threads is 1 or more', () => Pool.child({ name: 'pool', threads: 0 })],
  ['a pool that does not run', 'noproc', 'pool', (node) => Pool.checkout(node, 'pool')],
  [
    'a closure for a thread',
    'badarg',
    'module is a URL',
    async (node) => {
      await pool(node)
      await Pool.run(node, 'pool', () => 1, [])
    },
  ],
  [
    'a number of arguments for a thread',
    'badarg',
    'the arguments of getHashes are an array, not 5',
    async (node) => {
      await pool(node)
      await Pool.run(node, 'pool', hash, 5)
    },
  ],
  [
    'arguments for a thread that are null, for a lease',
    'badarg',
    'are an array, not null',
    async (node) => {
      await pool(node)
      await Pool.runOn(node, await Pool.checkout(node, 'pool'), hash, null)
    },
  ],
  [
    'a path for a thread',
    'badarg',
    'new URL("./file.js", import.meta.url)',
    () => offload({ module: './hash.js', function: 'hash' }),
  ],
  [
    'options of a pool that are null',
    'badarg',
    'the options of a pool are an object, { timeout }, not null',
    async (node) => {
      await pool(node)
      await Pool.run(node, 'pool', hash, [], null)
    },
  ],
  [
    'a pool that is busy',
    'busy',
    'try again later',
    async (node) => {
      await pool(node)
      await Pool.checkout(node, 'pool')
      await Pool.checkout(node, 'pool')
    },
  ],
  ['what is no lease', 'badarg', 'what Pool.checkout resolves with', (node) => Pool.checkin(node, undefined)],

  [
    'a producer without handleDemand',
    'badarg',
    'has the callback handleDemand',
    () => GenStage.producer({ init: () => js.ok(0) }),
  ],
  [
    'a consumer without handleEvents',
    'badarg',
    'has the callback handleEvents',
    () => GenStage.consumer({ init: () => js.ok(0) }),
  ],
  [
    'a buffer of a consumer',
    'bad_opts',
    'a consumer has no option bufferSize',
    (node) => node.start(consumerOf(GenStage.staged(0, { bufferSize: 1 })), []),
  ],
  [
    'a dispatcher by name',
    'bad_opts',
    'what demandDispatcher() and its like return',
    (node) => node.start(producerOf(js.noreply(0), GenStage.staged(0, { dispatcher: 'broadcast' })), []),
  ],
  ['no partitions', 'badarg', '1 or more, or an array of their names', () => GenStage.partitionDispatcher({})],
  ['fromIterable of a number', 'badarg', 'an iterable', () => GenStage.fromIterable(5)],
  ['a subscription to nobody', 'noproc', 'subscription_refused', (node) => node.start(subscribed('nobody'), [])],
  [
    'a subscription to a server',
    'not_a_producer',
    'subscription_refused',
    async (node) => node.start(subscribed(await counter(node)), []),
  ],
  [
    'a subscription to a consumer',
    'not_a_producer',
    'not_a_producer',
    async (node, self) => endOf(self, subscribed(await node.start(consumerOf(undefined), []))),
  ],
  [
    'a subscription of a producer',
    'not_a_consumer',
    '',
    async (node) => {
      const producer = await node.start(producerOf(js.noreply(0)), [])
      return GenStage.syncSubscribe(node, producer, { to: producer })
    },
  ],
  [
    'a subscription to undefined',
    'badarg',
    '{ to: producer',
    async (node) => GenStage.syncSubscribe(node, await node.start(consumerOf(undefined), []), {}),
  ],
  [
    'a subscription without demand',
    'bad_opts',
    'maxDemand is a number of events, 1 or more',
    async (node) => {
      const producer = await node.start(producerOf(js.noreply(0)), [])
      const consumer = await node.start(consumerOf(undefined), [])
      return GenStage.syncSubscribe(node, consumer, { to: producer, maxDemand: 0 })
    },
  ],
  [
    'handleDemand that returns events',
    'bad_return_value',
    'emit([...events], state)',
    async (node) => exhaust(GenStage.stream(node, [await node.start(producerOf([1, 2]), [])])),
  ],
  [
    'emit of a text',
    'bad_return_value',
    'emit([...events], state)',
    async (node) => exhaust(GenStage.stream(node, [await node.start(producerOf(GenStage.emit('abc', 0)), [])])),
  ],
  [
    'a stream without demand',
    'badarg',
    'maxDemand is a number of events, 1 or more, not 0',
    async (node) => GenStage.stream(node, [{ to: await node.start(producerOf(js.noreply(0)), []), maxDemand: 0 }]),
  ],
  [
    'a stream that wants more at the least than at the most',
    'badarg',
    'minDemand is 0 or more and below maxDemand, not 5',
    (node) => GenStage.stream(node, [{ to: 'nobody', maxDemand: 2, minDemand: 5 }]),
  ],
  [
    'a stream of one producer',
    'badarg',
    'an array of producers',
    async (node) => exhaust(GenStage.stream(node, await node.start(producerOf(js.noreply(0)), []))),
  ],
  ['a stream of nothing', 'badarg', 'a destination is a pid', (node) => GenStage.stream(node, [null])],
  [
    'a stream of too many producers',
    'system_limit',
    '65536 subscriptions',
    (node) => GenStage.stream(node, Array(65_537).fill('producer')),
  ],
  [
    'an option that a subscription does not have',
    'bad_opts',
    'a subscription has no option maxDemands',
    async (node) => {
      const producer = await node.start(producerOf(js.noreply(0)), [])
      return GenStage.syncSubscribe(node, await node.start(consumerOf(undefined), []), { to: producer, maxDemands: 1 })
    },
  ],
  [
    'demand in words',
    'badarg',
    'forward or accumulate, not more',
    async (node) => GenStage.demand(node, await node.start(producerOf(js.noreply(0)), []), 'more'),
  ],
  [
    'an unknown operation of a stage',
    'function_clause',
    'handleCall has no add',
    async (node) => node.call(await node.start(producerOf(js.noreply(0)), []), 'add', 1),
  ],
  [
    'a server as a stage',
    'function_clause',
    'handleCall has no $subscribe',
    async (node) => {
      const pid = await node.start(Counter, [0])
      await GenStage.syncSubscribe(node, pid, { to: pid })
    },
  ],
]
