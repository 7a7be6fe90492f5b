import { Counter, counter, js, type Misuse, type Node, type Self } from './untyped.ts'

const { Application, child, DynamicSupervisor, PartitionSupervisor, Supervisor, defineApplication } = js
const BAD = 'bad_supervisor'

const one = (options: object) => child(Counter, [0], { id: 'one', ...options })
const supervise = (children: unknown) => (node: Node) => node.supervise({ children })
const dynamic = async (node: Node, spec: unknown = {}) => {
  await node.supervise({ children: [DynamicSupervisor.child(spec, { name: 'jobs' })] })
  return 'jobs'
}

/** The end of a supervisor whose child has ended once more often than it may. */
async function giveUp(node: Node, self: Self): Promise<unknown> {
  const supervisor = await node.supervise({ intensity: 1, children: [one({ name: 'counter' })] })
  self.monitor(supervisor)
  for (const reason of ['first', 'second']) {
    self.exit(node.whereis('counter'), reason)
    // It answers once it has dealt with the end of the child; not when it has given up.
    await Promise.resolve(Supervisor.countChildren(self, supervisor)).catch(() => {})
  }
  return ['error', ((await self.receive()) as { readonly reason: unknown }).reason]
}

/** Supervisors of all kinds, and applications. */
export const SUPERVISORS: readonly Misuse[] = [
  ['no specification', BAD, '{ strategy, children', (node) => node.supervise(undefined)],
  ['no children', BAD, 'the children of a supervisor are an array', (node) => node.supervise({})],
  [
    'an unknown strategy',
    BAD,
    'one_for_one, one_for_all, rest_for_one or simple_one_for_one',
    (node) => node.supervise({ strategy: 'one_for_some', children: [] }),
  ],
  [
    'a misspelt part of a specification',
    BAD,
    'unknown_flag, intesity',
    (node) => node.supervise({ intesity: 9, children: [] }),
  ],
  [
    'the parts that there are',
    BAD,
    'strategy, intensity, period, autoShutdown, children and nothing else',
    (node) => node.supervise({ stratgy: 'one_for_all', children: [] }),
  ],
  [
    'intensity in words',
    BAD,
    'intensity is a number of restarts',
    (node) => node.supervise({ intensity: 'few', children: [] }),
  ],
  ['no period', BAD, 'period is a number of seconds, 1 or more', (node) => node.supervise({ period: 0, children: [] })],
  [
    'autoShutdown as a flag',
    BAD,
    'never, any_significant or all_significant',
    (node) => node.supervise({ autoShutdown: true, children: [] }),
  ],
  ['a module as a child', BAD, 'a child has an id', supervise([Counter])],
  ['undefined as a child', BAD, 'a child is what child(Module, args, { id }) makes', supervise([undefined])],
  ['a child without id', BAD, 'a child has an id, or a name', supervise([child(Counter, [0])])],
  ['an id twice', BAD, 'duplicate_child_name, one', supervise([one({}), one({})])],
  ['which child that is', BAD, 'child 2 (two): start is a function', supervise([one({}), { id: 'two', start: 2 }])],
  [
    'which, of those without id',
    BAD,
    'child 2 (a counter): a child has an id',
    supervise([one({}), child(Counter, [0])]),
  ],
  [
    'which, within another supervisor',
    BAD,
    'inner: {start_spec, missing_start}: child 1 (two)',
    supervise([Supervisor.child({ children: [{ id: 'two' }] }, { id: 'inner' })]),
  ],
  ['a child without start', BAD, 'a child has a function start', supervise([{ id: 'one' }])],
  ['start that is a module', BAD, 'start is a function', supervise([{ id: 'one', start: Counter }])],
  ['an unknown restart', BAD, 'permanent, transient or temporary', supervise([one({ restart: 'always' })])],
  ['an unknown shutdown', BAD, 'milliseconds, Infinity or brutal_kill', supervise([one({ shutdown: 'slowly' })])],
  ['an unknown type', BAD, 'worker or supervisor', supervise([{ id: 'one', type: 'server', start: () => 'ignore' }])],
  [
    'a significant child',
    BAD,
    'not permanent, under a supervisor with autoShutdown',
    supervise([one({ significant: true })]),
  ],
  ['start that returns nothing', BAD, "it returns ['ok', pid]", supervise([{ id: 'one', start: () => {} }])],
  [
    'start that returns a pid',
    BAD,
    "it returns ['ok', pid]",
    async (node) => {
      const pid = await counter(node)
      await node.supervise({ children: [{ id: 'one', start: () => pid }] })
    },
  ],
  ['no template', BAD, 'exactly one child', (node) => node.supervise({ strategy: 'simple_one_for_one', children: [] })],
  ['init that returns nothing', BAD, 'returns a specification', (node) => node.supervise({ init: () => {} }, [])],
  ['a child without module', 'badarg', 'a callback module is an object', () => child(undefined, [])],
  ['a child without arguments', 'badarg', 'the arguments of init are an array', () => child(Counter)],
  [
    'a name that is taken',
    'already_started',
    'already_started',
    async (node) => {
      await node.supervise({ children: [] }, { name: 'top' })
      await node.supervise({ children: [] }, { name: 'top' })
    },
  ],
  [
    'a child that does not start',
    'shutdown',
    'failed_to_start_child, one, no disk',
    supervise([{ id: 'one', start: () => ['error', 'no disk'] }]),
  ],
  ['a supervisor past its intensity', 'shutdown', 'reached_max_restart_intensity', giveUp],
  ['what it tells then', 'shutdown', 'last_reasons: {{one, second}, {one, first}}', giveUp],
  [
    'startChild with a module',
    'missing_id',
    '',
    async (node) => Supervisor.startChild(node, await node.supervise({ children: [] }), Counter),
  ],
  [
    'startChild with an id that runs',
    'already_started',
    'already_started',
    async (node) => Supervisor.startChild(node, await node.supervise({ children: [one({})] }), one({})),
  ],
  [
    'terminateChild of an unknown id',
    'not_found',
    '',
    async (node) => Supervisor.terminateChild(node, await node.supervise({ children: [] }), 'one'),
  ],
  [
    'a server asked as a supervisor',
    'function_clause',
    'handleCall has no whichChildren',
    async (node) => Supervisor.whichChildren(node, await counter(node)),
  ],
  [
    'a specification for a template',
    'badarg',
    'takes an array of arguments',
    async (node) => {
      const spec = { strategy: 'simple_one_for_one', children: [Supervisor.template(Counter, [])] }
      return Supervisor.startChild(node, await node.supervise(spec), one({}))
    },
  ],

  [
    'a strategy of a dynamic supervisor',
    BAD,
    'invalid_strategy, rest_for_one',
    (node) => dynamic(node, { strategy: 'rest_for_one' }),
  ],
  [
    'a misspelt part of its specification',
    BAD,
    'maxChildren, extraArguments, autoShutdown and nothing else',
    (node) => dynamic(node, { maxchildren: 1 }),
  ],
  ['no specification of a dynamic supervisor', BAD, '{ maxChildren, ... }', (node) => dynamic(node, null)],
  [
    'the same when it is linked',
    'supervisor_data',
    'supervisor_data, {invalid_type, null}',
    (_node, self) => DynamicSupervisor.startLink(self, null),
  ],
  [
    'a number as its specification',
    'supervisor_data',
    'invalid_type, 5',
    (node) => DynamicSupervisor.startLink(node, 5),
  ],
  ['fewer than no children', BAD, 'maxChildren is a number, 0 or more', (node) => dynamic(node, { maxChildren: -1 })],
  ['one extra argument', BAD, 'extraArguments is an array', (node) => dynamic(node, { extraArguments: 'x' })],
  [
    'a full dynamic supervisor',
    'max_children',
    '',
    async (node) => DynamicSupervisor.startChild(node, await dynamic(node, { maxChildren: 0 }), one({})),
  ],
  [
    'a module as its child',
    'invalid_child_spec',
    'invalid_child_spec',
    async (node) => DynamicSupervisor.startChild(node, await dynamic(node), Counter),
  ],
  [
    'a child of it by name',
    'badarg',
    'by their pids',
    async (node) => DynamicSupervisor.terminateChild(node, await dynamic(node), 'one'),
  ],
  ['partitions without a name', 'badarg', 'needs a name', () => PartitionSupervisor.child({ childSpec: one({}) })],
  ['partitions without a child', 'badarg', 'needs a childSpec', () => PartitionSupervisor.child({ name: 'p' })],
  [
    'no partitions',
    'badarg',
    'partitions, not 0',
    () => PartitionSupervisor.child({ name: 'p', childSpec: one({}), partitions: 0 }),
  ],
  [
    'misspelt partitions',
    'badarg',
    'partitons is no option',
    () => PartitionSupervisor.child({ name: 'p', childSpec: one({}), partitons: 3 }),
  ],
  [
    'partitions that do not run',
    'noproc',
    'PartitionSupervisor, partitions, {p}',
    (node) => node.call(PartitionSupervisor.via('p', 1), 'add', 1),
  ],

  ['an application without a name', 'bad_application', 'it needs a name', () => defineApplication({})],
  [
    'a dependency by name',
    'bad_application',
    'name it by what defineApplication gave',
    () => defineApplication({ name: 'a', applications: ['b'] }),
  ],
  [
    'start that is no function',
    'bad_application',
    'start is a function',
    () => defineApplication({ name: 'a', start: {} }),
  ],
  [
    'start phases without startPhase',
    'bad_application',
    'no startPhase',
    () => defineApplication({ name: 'a', startPhases: [['warm', 1]] }),
  ],
  [
    'an application that is none',
    'bad_application',
    'what defineApplication returns, or its name',
    (node) => Application.start(node, { name: 'a' }),
  ],
  ['an application that was not loaded', 'not_loaded', 'a', (node) => Application.start(node, 'a')],
  [
    'an unknown start type',
    'invalid_restart_type',
    'forever',
    (node) => Application.start(node, defineApplication({ name: 'a' }), 'forever'),
  ],
  [
    'a needed application that is not started',
    'not_started',
    'b',
    (node) =>
      Application.start(node, defineApplication({ name: 'a', applications: [defineApplication({ name: 'b' })] })),
  ],
  ['stop of one that was not started', 'not_started', 'a', (node) => Application.stop(node, 'a')],
  [
    'start that returns nothing',
    'bad_return',
    "start of an application returns ['ok', pid] of its top supervisor",
    (node) => Application.start(node, defineApplication({ name: 'a', start() {} })),
  ],
]
