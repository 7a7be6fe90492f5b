import { js } from '../misuse/untyped.ts'
import { type Doors, doors } from './door.ts'
import { Counter } from './fixture.ts'
import { startOptions, timed } from './kernel.ts'
import {
  any,
  array,
  caller,
  count,
  flag,
  fun,
  index,
  isEmptyList,
  isFunction,
  isIterable,
  isObject,
  isText,
  kind,
  leftOut,
  oneOf,
  optional,
  options,
  pid,
  required,
  sent,
  text,
  time,
  to,
} from './kinds.ts'
import { childOptions, module, specNames } from './servers.ts'

/** A specification is looked at by the supervisor, which answers with OTP's reason. */
const tree = kind(() => ({ children: [] }))
const spec = sent(kind((f) => f.child('new')))
const supervisor = to((f) => f.supervisor())
const dynamicSpec = optional(kind(() => ({}), isObject))
const dynamic = to((f) => f.dynamic())
const template = kind(() => ({ children: [js.ConsumerSupervisor.template(Counter, [], { id: 'each' })] }))
const consumers = to((f) => f.consumers())
const parts = kind((f) => f.partitions(), isText)
const childSpec = kind(
  (f) => f.child('part'),
  (value) => isFunction(value) || isObject(value),
)
const partsSpec = required(
  (f) => ({ name: 'parts', childSpec: f.child('part') }),
  { name: text, childSpec, partitions: count },
  'name',
  'childSpec',
)

const tasks = to((f) => f.tasks())
const task = kind((f) => f.task())
const tasksOf = kind((f) => [f.task()], isEmptyList)
const body = kind(() => () => new Promise(() => {}), isFunction)
const input = kind(() => [1, 2], isIterable)
const streamNames = {
  maxConcurrency: kind(count.right, (value) => value !== 0 && time.takes(value)),
  ordered: flag,
  timeout: time,
  onTimeout: oneOf('exit', 'kill_task'),
  zipInputOnExit: flag,
}
const streamOptions = options(streamNames)
const supervisedStream = options({ ...streamNames, shutdown: any })
const taskOptions = options({ shutdown: any })
const shutdown = leftOut(kind(time.right, (value) => time.takes(value) || value === 'brutal_kill'))
const manyOptions = options({ timeout: time, limit: index, onTimeout: oneOf('nothing', 'ignore', 'kill_task') })

const job = { module: new URL('node:crypto'), function: 'getHashes' }
const target = required(() => job, { module: kind(() => job.module), function: text }, 'module', 'function')
const pool = to((f) => f.pool())
const poolSpec = required(() => ({ name: 'pool' }), { name: text, threads: count, queue: index }, 'name')
const lease = kind((f) => f.lease())

const application = kind((f) => f.running(), isText)
const definition = kind((f) => f.application(), isText)
const startType = leftOut(oneOf('permanent', 'transient', 'temporary'))
const envOptions = options({ persistent: flag })
const empty = kind(() => [], isEmptyList)
const object = kind(() => ({}), isObject)
const applicationNames = {
  ...{ name: { ...text, takes: (value: unknown) => isText(value) && value !== '' } },
  ...{ description: text, vsn: text, moduleName: text, env: object, args: any },
  ...{ applications: empty, optionalApplications: empty, startPhases: empty },
  ...{ start: fun, startPhase: fun, prepStop: fun, stop: fun },
}

const TASKS: Doors = {
  ...doors({
    'Task.start': [caller, body],
    'Task.startLink': [caller, body],
    'Task.child': [body, options(specNames)],
    'Task.async': [caller, body],
    'Task.completed': [caller, any],
    'Task.asyncStream': [caller, input, fun, streamOptions],
    'Task.yield': [caller, task, leftOut(time)],
    'Task.yieldMany': [caller, tasksOf, manyOptions],
    'Task.callers': [caller],
    'Task.ignore': [caller, task],
    'Task.Supervisor.startLink': [caller, dynamicSpec, startOptions],
    'Task.Supervisor.child': [any, childOptions],
    'Task.Supervisor.startChild': [caller, tasks, body, options({ restart: any, shutdown: any })],
    'Task.Supervisor.async': [caller, tasks, body, taskOptions],
    'Task.Supervisor.asyncNolink': [caller, tasks, body, taskOptions],
    'Task.Supervisor.asyncStream': [caller, tasks, input, fun, supervisedStream],
    'Task.Supervisor.asyncStreamNolink': [caller, tasks, input, fun, supervisedStream],
    'Task.Supervisor.children': [caller, tasks],
    offload: [target, any],
    'Pool.startLink': [caller, poolSpec],
    'Pool.child': [poolSpec, childOptions],
    'Pool.checkout': [caller, pool, timed],
    'Pool.checkin': [caller, lease],
    'Pool.status': [caller, pool],
  }),
  'Task.await': { takes: [caller, task, leftOut(time)], refuses: true },
  'Task.awaitMany': { takes: [caller, tasksOf, leftOut(time)], refuses: true },
  'Task.shutdown': { takes: [caller, task, shutdown], ends: true },
  'Task.Supervisor.terminateChild': { takes: [caller, tasks, pid], refuses: true },
  'Pool.run': { takes: [caller, pool, target, leftOut(array), timed], outside: true, ends: true },
  'Pool.runOn': { takes: [caller, lease, target, leftOut(array), timed], outside: true, ends: true },
}

/** Supervisors, tasks, threads, applications. */
export const SUPERVISORS: Doors = {
  ...TASKS,
  ...doors({
    'Supervisor.startLink': [caller, tree, startOptions],
    'Supervisor.child': [any, childOptions],
    'Supervisor.template': [module, array, childOptions],
    'Supervisor.startChild': [caller, supervisor, { ...spec, takes: Array.isArray }],
    'Supervisor.whichChildren': [caller, supervisor],
    'Supervisor.countChildren': [caller, supervisor],
    'Supervisor.checkChildspecs': [array, leftOut(oneOf('never', 'any_significant', 'all_significant'))],
    'Supervisor.getCallbackModule': [caller, supervisor],
    'DynamicSupervisor.startLink': [caller, dynamicSpec, startOptions],
    'DynamicSupervisor.child': [any, childOptions],
    'DynamicSupervisor.startChild': [caller, dynamic, spec],
    'DynamicSupervisor.getCallbackModule': [caller, dynamic],
    'ConsumerSupervisor.startLink': [caller, template, startOptions],
    'ConsumerSupervisor.child': [any, childOptions],
    'ConsumerSupervisor.template': [module, array, childOptions],
    'ConsumerSupervisor.startChild': [caller, consumers, sent(kind(() => ['event'], Array.isArray))],
    'ConsumerSupervisor.getCallbackModule': [caller, consumers],
    'PartitionSupervisor.startLink': [caller, partsSpec],
    'PartitionSupervisor.child': [partsSpec, options(specNames)],
    'PartitionSupervisor.via': [parts, any],
    'PartitionSupervisor.partitions': [caller, parts],
    'PartitionSupervisor.whereis': [caller, parts, any],

    defineApplication: [required(() => ({ name: 'app' }), applicationNames, 'name')],
    'Application.load': [caller, kind((f) => f.application())],
    'Application.unload': [caller, kind((f) => f.loaded())],
    'Application.ensureLoaded': [caller, definition],
    'Application.loadedApplications': [caller],
    'Application.whichApplications': [caller],
    'Application.start': [caller, definition, startType],
    'Application.ensureStarted': [caller, definition, startType],
    'Application.ensureAllStarted': [
      caller,
      kind(definition.right, (value) => isText(value) || isEmptyList(value)),
      startType,
    ],
    'Application.getApplication': [caller, leftOut(pid)],
    'Application.getSupervisor': [caller, application],
    'Application.getKey': [caller, application, any],
    'Application.getAllKey': [caller, application],
    'Application.getEnv': [caller, application, text, leftOut(any)],
    'Application.getAllEnv': [caller, application],
    'Application.setEnv': [caller, application, text, any, envOptions],
    'Application.putAllEnv': [caller, kind(() => ({ app: { text: 1 } }), isObject), envOptions],
    'Application.unsetEnv': [caller, application, text, envOptions],
  }),
  'Supervisor.terminateChild': { takes: [caller, supervisor, any], refuses: true },
  'Supervisor.restartChild': { takes: [caller, supervisor, any], refuses: true },
  'Supervisor.deleteChild': { takes: [caller, supervisor, any], refuses: true },
  'Supervisor.getChildspec': { takes: [caller, supervisor, any], refuses: true },
  'Supervisor.whichChild': { takes: [caller, supervisor, any], refuses: true },
  'Supervisor.stop': { takes: [caller, supervisor, optional(any), leftOut(time)], ends: true },
  'DynamicSupervisor.terminateChild': { takes: [caller, dynamic, pid], refuses: true },
  'ConsumerSupervisor.terminateChild': { takes: [caller, consumers, pid], refuses: true },
  'PartitionSupervisor.resize': { takes: [caller, parts, index], ends: true },
  'Application.stop': { takes: [caller, application], ends: true },
}
