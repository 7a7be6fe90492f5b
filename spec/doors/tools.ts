import { js } from '../misuse/untyped.ts'
import { type Doors, doors, methods } from './door.ts'
import { Counter, Stage } from './fixture.ts'
import { timed } from './kernel.ts'
import {
  any,
  array,
  caller,
  count,
  flag,
  fun,
  index,
  isEmptyList,
  isIterable,
  isText,
  kind,
  leftOut,
  node,
  oneOf,
  options,
  pid,
  required,
  sent,
  text,
  time,
  to,
} from './kinds.ts'
import { childOptions } from './servers.ts'

const { Registry } = js

const server = to((f) => f.counter())
const wait = leftOut(time)
const guard = leftOut(fun)
const empty = kind(() => [], isEmptyList)
const ref = kind((f) => f.node.makeRef())
const clause = kind(() => new Registry('r', { keys: 'unique' }).clause([js._, js._, js._]))
const registryNames = {
  keys: oneOf('unique', 'duplicate'),
  partitions: count,
  listeners: empty,
  meta: empty,
  maxEntries: index,
}

const scope = kind((f) => f.scope(), isText)
const newScope = kind(() => 'other', isText)
const members = kind((f) => f.pid, isEmptyList)

const protection = oneOf('public', 'protected', 'private')
const object = kind(
  () => ['key', 1],
  (value) => Array.isArray(value) && value.length > 0,
)
const position = kind(
  () => 1,
  (value) => isText(value) || index.takes(value),
)
const tableNames = {
  type: oneOf('set', 'ordered_set', 'bag', 'duplicate_bag'),
  name: { ...text, takes: (value: unknown) => isText(value) && value !== '' },
  protection,
  heir: oneOf('none'),
  key: kind(position.right, (value) => position.takes(value) || fun.takes(value) || Number.isInteger(value)),
  limit: index,
}

const producer = to((f) => f.producer())
const consumer = to((f) => f.consumer())
const subscriptionNames = {
  maxDemand: sent(count),
  minDemand: sent({ ...index, right: () => 0 }),
  cancel: sent(oneOf('permanent', 'transient', 'temporary')),
  // Nobody of this name runs: the consumer ends with it.
  to: { ...producer, ends: isText },
}
const subscribe = required(async (f) => ({ to: await f.producer() }), subscriptionNames, 'to')
const stageFrom = kind(async (f) => [await f.producer(), f.node.makeRef()])
const stage = kind(() => Stage)
const mode = oneOf('forward', 'accumulate')
const iterableOptions = options({ dispatcher: any, demand: any, bufferSize: any, bufferKeep: any })

const REGISTRIES: Doors = {
  ...doors({ Registry: [text, required(() => ({ keys: 'unique' }), registryNames, 'keys')] }),
  ...methods('Registry', (f) => f.registry('unique'), {
    child: [],
    register: [caller, any, leftOut(any)],
    unregister: [caller, any],
    unregisterMatch: [caller, any, any, guard],
    updateValue: [caller, any, fun],
    lookup: [caller, any],
    whereis: [caller, any],
    match: [caller, any, any, guard],
    countMatch: [caller, any, any, guard],
    clause: [kind(() => [js._, js._, js._]), guard, guard],
    select: [caller, clause],
    countSelect: [caller, clause],
    keys: [caller, pid],
    values: [caller, any, pid],
    count: [caller],
    via: [any, leftOut(any)],
    whereisName: [any, node],
    registerName: [any, pid],
    lock: [caller, any, fun, wait],
    putMeta: [caller, any, any],
    meta: [caller, any],
    deleteMeta: [caller, any],
  }),
  ...methods('Registry', () => new Registry('other', { keys: 'unique' }), { startLink: [caller] }),
  ...methods('Registry', (f) => f.registry('duplicate'), { dispatch: [caller, any, fun, options({ parallel: flag })] }),
}

const TABLES: Doors = {
  ...doors({
    Table: [caller, options(tableNames)],
    'Table.named': [text],
    'Table.whereis': [caller, kind(() => ({ table: 't' }))],
    'Table.all': [caller],
  }),
  ...methods('Table', (f) => f.table({ name: 'named' }), {
    info: [],
    insert: [caller, object],
    insertNew: [caller, object],
    delete: [caller, any],
    deleteObject: [caller, object],
    deleteAllObjects: [caller],
    take: [caller, any],
    updateElement: [caller, any, { ...position, takes: (v) => isText(v) || isEmptyList(v) }, any],
    updateCounter: [caller, any, kind(index.right, (v) => Number.isSafeInteger(v) || isEmptyList(v)), any],
    lookup: [caller, any],
    lookupElement: [caller, any, position],
    lookupElements: [caller, any, position],
    member: [caller, any],
    first: [caller],
    last: [caller],
    next: [caller, any],
    prev: [caller, any],
    firstLookup: [caller],
    lastLookup: [caller],
    nextLookup: [caller, any],
    prevLookup: [caller, any],
    toList: [caller],
    foldl: [caller, fun, any],
    foldr: [caller, fun, any],
    match: [caller, any],
    matchObject: [caller, any],
    select: [caller, any, guard, fun],
    selectReverse: [caller, any, guard, fun],
    selectCount: [caller, any, guard],
    selectDelete: [caller, any, guard],
    selectReplace: [caller, any, guard, fun],
    rename: [caller, text],
    giveAway: [caller, pid, any],
    setopts: [caller, required(() => ({}), { heir: oneOf('none'), protection })],
    deleteTable: [caller],
  }),
}

const STAGES: Doors = doors({
  'GenStage.producer': [stage],
  'GenStage.producerConsumer': [stage],
  'GenStage.consumer': [stage],
  'GenStage.fromIterable': [kind(() => [1], isIterable), iterableOptions],
  'GenStage.broadcastDispatcher': [],
  'GenStage.demandDispatcher': [options({ maxDemand: count, shuffleDemandsOnFirstDispatch: flag })],
  'GenStage.partitionDispatcher': [required(() => ({ partitions: 2 }), { partitions: count, hash: fun }, 'partitions')],
  'GenStage.syncSubscribe': [caller, consumer, subscribe, wait],
  'GenStage.asyncSubscribe': [caller, consumer, subscribe],
  'GenStage.syncResubscribe': [caller, consumer, ref, any, subscribe, wait],
  'GenStage.asyncResubscribe': [caller, consumer, ref, any, subscribe],
  'GenStage.ask': [caller, stageFrom, index],
  'GenStage.cancel': [caller, stageFrom, any],
  'GenStage.demand': [caller, producer, mode],
  'GenStage.asyncInfo': [caller, consumer, any],
  'GenStage.syncInfo': [caller, consumer, any, wait],
  'GenStage.estimateBufferedCount': [caller, producer],
  'GenStage.automatic': [any],
  'GenStage.manual': [any],
  'GenStage.emit': [any, any],
  'GenStage.replyEmit': [any, any, any],
  'GenStage.staged': [any, any],
  'GenStage.stream': [
    caller,
    kind(async (f) => [await f.producer()], isEmptyList),
    options({ demand: mode, producers: empty }),
  ],
})

/** Registry, pg, tables, sys, proc_lib, upgrade, GenStage. */
export const TOOLS: Doors = {
  ...REGISTRIES,
  ...TABLES,
  ...STAGES,
  ...doors({
    'pg.start': [caller, newScope],
    'pg.startLink': [caller, newScope],
    'pg.child': [newScope, childOptions],
    'pg.join': [caller, scope, any, members],
    'pg.leave': [caller, scope, any, members],
    'pg.getMembers': [caller, any, any],
    'pg.getLocalMembers': [caller, any, any],
    'pg.whichGroups': [caller, scope],
    'pg.whichLocalGroups': [caller, scope],
    'pg.monitor': [caller, scope, any],
    'pg.monitorScope': [caller, scope],
    'pg.demonitor': [caller, scope, ref],

    'sys.getState': [caller, server, wait],
    'sys.replaceState': [caller, server, { ...fun, right: () => (state: unknown) => state }, wait],
    'sys.suspend': [caller, server, wait],
    'sys.resume': [caller, server, wait],
    'sys.getStatus': [caller, server, wait],
    'sys.statistics': [caller, server, flag, wait],
    'sys.log': [caller, server, flag, wait],
    'sys.logToFile': [caller, server, kind(() => false, isText), wait],
    'sys.trace': [caller, server, flag, wait],
    'sys.install': [caller, server, kind(() => [() => 0, 0]), wait],
    'sys.remove': [caller, server, any, wait],
    'sys.noDebug': [caller, server, wait],
    'sys.changeCode': [caller, to((f) => f.suspended()), kind(() => Counter), any, any, wait],
    upgrade: [node, kind(() => [{ module: 'counter', from: Counter, to: { ...Counter } }], isEmptyList), timed],

    'procLib.spawn': [caller, fun, any],
    'procLib.spawnLink': [caller, fun, any],
    'procLib.initAck': [kind((f) => f.special()), any],
    'procLib.translateInitialCall': [caller, pid],
    'procLib.ancestors': [caller, pid],
    variable: [text],
    Variable: [text],
  }),
  'sys.terminate': { takes: [caller, server, any, wait], ends: true },
  'sys.stop': { takes: [caller, server, any, wait], ends: true },
  // What returns without `initAck` has not started.
  'procLib.start': { takes: [caller, fun, array, timed], refuses: true },
  'procLib.startLink': { takes: [caller, fun, array, timed], refuses: true },
  'procLib.startMonitor': { takes: [caller, fun, array, timed], refuses: true },
  'procLib.initFail': { takes: [kind((f) => f.special()), any, any], refuses: true, ends: true },
  'procLib.hibernate': { takes: [kind((f) => f.special()), fun, any], ends: true },
}
