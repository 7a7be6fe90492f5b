import { Counter, counter, endOf, js, type Misuse, type Self, started } from './untyped.ts'

const { Agent, GenEvent, GenStatem } = js
const BAD_RETURN = 'bad_return_value'

const Machine = {
  callbackMode: 'state_functions',
  init: (state: unknown) => GenStatem.ok(state ?? 'off', 0),
  states: {
    off(event: { operation: string }, data: number) {
      if (event.operation === 'lost') return GenStatem.nextState('nowhere', data)
      if (event.operation === 'jump') return GenStatem.keepStateAndData(['jump'])
      if (event.operation === 'late') return GenStatem.keepStateAndData(GenStatem.stateTimeout('soon', 'off'))
      if (event.operation === 'quit') return GenStatem.stopAndReply('normal', GenStatem.postpone(), data)
      return undefined
    },
  },
}
const machine = async (self: Self, ...args: unknown[]) => started(GenStatem.start(self, Machine, args))
const ask = async (self: Self, operation: string) => GenStatem.call(self, await machine(self), operation)

const Handler = {
  init: () => js.ok(0),
  handleEvent: (event: unknown, count: number) => (event ? js.ok(count + 1) : 'no'),
}
const manager = (self: Self) => started(GenEvent.start(self))
const agent = (self: Self) => started(Agent.start(self, () => 1))

/** GenServer and its requests, GenStatem, gen_event, Agent. */
export const SERVERS: readonly Misuse[] = [
  ['no module', 'badarg', 'a callback module is an object', (node) => node.start(undefined, [])],
  ['a class', 'badarg', 'a callback module is an object', (node) => node.start(class {}, [])],
  ['no init', 'badarg', 'the callbacks init and handleCall', (node) => node.start({ handleCall: {} }, [])],
  ['no handleCall', 'badarg', 'a function for each operation', (node) => node.start({ init: () => js.ok(0) }, [])],
  ['a state machine as a server', 'badarg', 'GenStatem.start, GenStatem.child', (node) => node.start(Machine, [])],
  ['a state machine as a child', 'badarg', 'GenStatem.child', () => js.child(Machine, [], { id: 'machine' })],
  [
    'a stage without its kind',
    'badarg',
    'GenStage.producer, producerConsumer or consumer',
    (node) => node.start({ init: () => js.ok(0), handleDemand: () => js.noreply(0) }, []),
  ],
  [
    'handleCall as in Erlang',
    'badarg',
    'handleCall is an object with a function for each operation',
    (node) => node.start({ init: () => js.ok(0), handleCall: () => js.reply(1, 2) }, []),
  ],
  [
    'an operation that is none',
    'badarg',
    'handleCast.reset is a function, not 0',
    (node) => node.start({ ...Counter, handleCast: { reset: 0 } }, []),
  ],
  [
    'a handler that is none',
    'badarg',
    'handleInfo is a function',
    (node) => node.start({ ...Counter, handleInfo: {} }, []),
  ],
  ['no arguments', 'badarg', 'the arguments of init are an array', (node) => node.start(Counter)],
  ['one argument', 'badarg', 'the arguments of init are an array', (node) => node.start(Counter, 5)],
  [
    'no caller',
    'badarg',
    'a caller is the `this` of a callback, or a node',
    () => js.startLink(undefined, Counter, [0]),
  ],
  ['a monitor of nobody', 'badarg', 'only a process can do this', (node) => js.startMonitor(node, Counter, [0])],
  ['a time that is none', 'bad_timeout', 'not soon', (node) => node.start(Counter, [0], { timeout: 'soon' })],
  [
    'a name on another node',
    'badarg',
    'on its own node',
    (node) => node.start(Counter, [0], { name: { name: 'q', node: 'o@x' } }),
  ],
  ['a pid for a name', 'badarg', 'on its own node', (node, self) => node.start(Counter, [0], { name: self.self })],
  ['a name that is none', 'badarg', 'a string, name(...), or a via', (node) => node.start(Counter, [0], { name: 7 })],
  [
    'a name that is taken',
    'already_started',
    'already_started',
    async (node) => {
      await node.start(Counter, [0], { name: 'counter' })
      await node.start(Counter, [0], { name: 'counter' })
    },
  ],
  [
    'init that returns nothing',
    BAD_RETURN,
    'init returns ok(state)',
    (node) => node.start({ ...Counter, init: () => undefined }, []),
  ],
  [
    'init that returns the state',
    BAD_RETURN,
    'init returns ok(state)',
    (node) => node.start({ ...Counter, init: () => 0 }, []),
  ],
  [
    'enterLoop of a plain process',
    'process_was_not_started_by_proc_lib',
    '',
    (_node, self) => js.enterLoop(self, Counter, 0),
  ],

  [
    'an unknown operation',
    'function_clause',
    'handleCall has no subtract, but add, nothing',
    async (node) => node.call(await counter(node), 'subtract', 1),
  ],
  [
    'an unknown cast',
    'function_clause',
    'handleCast has no add, but reset, nothing',
    async (node) => {
      const pid = await counter(node)
      node.cast(pid, 'add', 1)
      await node.call(pid, 'add', 1)
    },
  ],
  [
    'a call that returns nothing',
    BAD_RETURN,
    'handleCall.nothing returns reply(value, state)',
    async (node) => node.call(await counter(node), 'nothing'),
  ],
  [
    'a call that returns an object',
    BAD_RETURN,
    'handleCall.bare returns reply(value, state)',
    async (node) => node.call(await counter(node), 'bare', 1),
  ],
  [
    'an init that forgets the state',
    'badarg',
    'the state to go on with is missing: ok(state)',
    (node) => node.start({ ...Counter, init: () => js.ok() }, []),
  ],
  [
    'a reply that forgets the state',
    'badarg',
    'the state to go on with is missing: reply(value, state)',
    async (node) => node.call(await counter(node), 'stateless'),
  ],
  [
    'a noreply that forgets the state',
    'badarg',
    'the state to go on with is missing: noreply(state)',
    async (node) => {
      const pid = await counter(node)
      node.cast(pid, 'stateless')
      await node.call(pid, 'add', 1)
    },
  ],
  [
    'a result with a wrong timeout',
    BAD_RETURN,
    'a timeout, if any, of whole milliseconds',
    async (node) => node.call(await counter(node), 'badTimeout'),
  ],
  [
    'a cast that returns nothing',
    BAD_RETURN,
    'handleCast.nothing returns noreply(state)',
    async (node) => {
      const pid = await counter(node)
      node.cast(pid, 'nothing')
      await node.call(pid, 'add', 1)
    },
  ],
  [
    'a cast that throws a text',
    BAD_RETURN,
    'a value that is no Error was thrown, which counts as returned',
    async (node) => {
      const pid = await counter(node)
      node.cast(pid, 'text')
      await node.call(pid, 'add', 1)
    },
  ],
  [
    'a message whose handler returns nothing',
    BAD_RETURN,
    'what handles a message returns noreply',
    async (node) => {
      const pid = await counter(node)
      node.send(pid, 'tick')
      await node.call(pid, 'add', 1)
    },
  ],
  [
    'handleContinue that returns a text',
    BAD_RETURN,
    'handleContinue returns noreply',
    (_node, self) => endOf(self, { ...Counter, init: () => js.ok(0, { continue: 'more' }) }),
  ],
  [
    'a call of oneself',
    'calling_self',
    'answer the request directly, or cast',
    async (node) => node.call(await counter(node), 'myself'),
  ],
  [
    'a call that is not answered',
    'timeout',
    'never',
    async (node) => node.call(await counter(node), 'never', 1, { timeout: 1 }),
  ],
  [
    'a response of no request',
    'badarg',
    'pass the id that sendRequest returned',
    (_node, self) => js.waitResponse(self, undefined, 10),
  ],
  ['no collection', 'badarg', 'what reqidsNew returns', () => js.reqidsAdd('id', 'label', [])],
  [
    'multiCall of one node',
    'badarg',
    'nodes are an array of names',
    (node) => js.multiCall(node, 'a@b', 'x', 'add', 1),
  ],
  [
    'multiCall of a pid',
    'badarg',
    'by its registered name',
    (node, self) => js.multiCall(node, undefined, self.self, 'add', 1),
  ],
  ['abcast to one node', 'badarg', 'nodes are an array of names', (node) => js.abcast(node, 'a@b', 'x', 'reset')],

  ['a machine of nothing', 'badarg', 'a callback module is an object', (node) => GenStatem.start(node, undefined, [])],
  [
    'a machine without mode',
    'badarg',
    'state_functions or handle_event_function',
    (node) => GenStatem.start(node, { ...Machine, callbackMode: undefined }, []),
  ],
  [
    'a machine without states',
    'badarg',
    'states, one function each',
    (node) => GenStatem.start(node, { ...Machine, states: undefined }, []),
  ],
  [
    'a state that is no function',
    'badarg',
    'the state off is a function',
    (node) => GenStatem.start(node, { ...Machine, states: { off: 'on' } }, []),
  ],
  [
    'a machine without handleEvent',
    'badarg',
    'a GenStatem has handleEvent',
    (node) => GenStatem.start(node, { ...Machine, callbackMode: 'handle_event_function' }, []),
  ],
  [
    "a server's ok",
    'bad_return_from_init',
    'init of a state machine returns GenStatem.ok(state, data, actions)',
    (node) => GenStatem.start(node, { ...Machine, init: () => js.ok('off') }, []),
  ],
  [
    'a first state that is none',
    'undef',
    'no state function for on',
    async (node, self) => GenStatem.call(node, await machine(self, 'on'), 'flip'),
  ],
  [
    'a next state that is none',
    'undef',
    'no state function for nowhere',
    async (node, self) => {
      const pid = await machine(self)
      node.cast(pid, 'lost')
      await GenStatem.call(node, pid, 'flip')
    },
  ],
  [
    'a state that returns nothing',
    'bad_return_from_state_function',
    'nextState, keepState',
    (_node, self) => ask(self, 'flip'),
  ],
  ['an unknown action', 'bad_action_from_state_function', 'reply, postpone', (_node, self) => ask(self, 'jump')],
  ['a time-out of a text', 'bad_action_from_state_function', 'state_timeout, soon', (_node, self) => ask(self, 'late')],
  [
    'no replies at the end',
    'bad_reply_action_from_state_function',
    'takes replies',
    (_node, self) => ask(self, 'quit'),
  ],
  [
    'a call that waits a text',
    'function_clause',
    'whole milliseconds',
    async (node, self) => GenStatem.call(node, await machine(self), 'flip', 1, { timeout: 'soon' }),
  ],

  [
    'no event handler',
    'badarg',
    'the callbacks init and handleEvent',
    async (node, self) => GenEvent.addHandler(node, await manager(self), {}),
  ],
  [
    'no event manager',
    'badarg',
    'no event manager is registered as alarms',
    (node) => GenEvent.notify(node, 'alarms', 1),
  ],
  [
    'a handler supervised by nobody',
    'badarg',
    'only a process can do this',
    async (node, self) => GenEvent.addSupHandler(node, await manager(self), Handler),
  ],
  [
    'a handler that is not there',
    'bad_module',
    'bad_module',
    async (node, self) => GenEvent.call(node, await manager(self), Handler, 'count'),
  ],
  [
    'an unknown operation of a handler',
    'function_clause',
    'handleCall has no count',
    async (node, self) => {
      const pid = await manager(self)
      await GenEvent.addHandler(node, pid, Handler)
      return GenEvent.call(node, pid, Handler, 'count')
    },
  ],

  ['an agent of a value', 'badarg', 'a function of its state, not 1', (node) => Agent.start(node, 1)],
  [
    'an agent asked by key',
    'badarg',
    'a function of its state, not count',
    async (node, self) => Agent.get(node, await agent(self), 'count'),
  ],
  [
    'an agent updated by value',
    'badarg',
    'a function of its state, not 2',
    async (node, self) => Agent.update(node, await agent(self), 2),
  ],
  [
    'getAndUpdate without a pair',
    BAD_RETURN,
    'returns [answer, state]',
    async (node, self) => Agent.getAndUpdate(node, await agent(self), (n: number) => n + 1),
  ],
]
