import { js } from '../misuse/untyped.ts'
import { type Doors, doors } from './door.ts'
import { Handler, Light } from './fixture.ts'
import { callOptions, startNames, startOptions } from './kernel.ts'
import {
  any,
  array,
  caller,
  flag,
  fun,
  isEmptyList,
  isObject,
  type Kind,
  kind,
  leftOut,
  operation,
  optional,
  options,
  text,
  time,
  to,
} from './kinds.ts'

const { reqidsAdd, reqidsNew } = js

/** What a child is given beside what it starts; its supervisor refuses what is wrong with the values. */
export const specNames: Readonly<Record<string, Kind>> = {
  id: any,
  restart: any,
  shutdown: any,
  modules: any,
  significant: any,
}
export const childNames: Readonly<Record<string, Kind>> = { ...specNames, ...startNames }
export const childOptions: Kind = options(childNames)
export const module: Kind = kind(() => ({ init: () => js.ok(0), handleCall: {} }), isObject)

const agent = to((f) => f.agent())
const manager = to((f) => f.manager())
const statem = to((f) => f.statem())
const special = kind((f) => f.special())
const handler = kind(() => Handler)
const machine = kind(() => Light)
const nodes = optional(kind((f) => [f.node.name], Array.isArray))
const id = kind((f) => f.request())
const ids = kind(async (f) => reqidsAdd(await f.request(), 'label', reqidsNew()))
const pair = kind(() => [Handler, 1])
const get = { ...operation, right: () => 'get' }
const loopNames = { name: text, debug: kind(array.right, isEmptyList) }
/** What a callback returns is made of anything: the loop that it is returned to looks at it. */
const result = [any, any, any, any]
const RESULTS = ['ok', 'reply', 'noreply', 'stop', 'stopReply', 'ignore', 'failure']
const OF_STATEM = [
  ...['ok', 'nextState', 'keepState', 'keepStateAndData', 'repeatState', 'repeatStateAndData', 'stopAndReply'],
  ...['changeCallbackModule', 'pushCallbackModule', 'popCallbackModule', 'hibernate', 'nextEvent', 'postpone', 'reply'],
  ...['eventTimeout', 'stateTimeout'],
].map((name) => `GenStatem.${name}`)
const OF_EVENT = ['remove', 'removeReply', 'swap', 'swapReply'].map((name) => `GenEvent.${name}`)

/** GenServer, Agent, GenEvent, GenStatem. */
export const SERVERS: Doors = {
  ...doors(Object.fromEntries([...RESULTS, ...OF_STATEM, ...OF_EVENT].map((name) => [name, result]))),
  ...doors({
    child: [module, array, childOptions],
    start: [caller, module, array, startOptions],
    startLink: [caller, module, array, startOptions],
    startMonitor: [caller, module, array, startOptions],
    name: [any, text],
    isAlreadyStarted: [any],
    sendRequest: [caller, any, operation, any],
    checkResponse: [any, id, leftOut(flag)],
    receiveResponse: [caller, id, leftOut(time), leftOut(flag)],
    waitResponse: [caller, ids, time, leftOut(flag)],
    reqidsNew: [],
    reqidsAdd: [id, any, kind(() => reqidsNew())],
    reqidsSize: [ids],
    reqidsToList: [ids],
    multiCall: [caller, nodes, text, operation, any, callOptions],
    abcast: [caller, nodes, text, operation, any],

    'Agent.start': [caller, fun, startOptions],
    'Agent.startLink': [caller, fun, startOptions],
    'Agent.child': [fun, childOptions],

    'GenEvent.start': [caller, startOptions],
    'GenEvent.startLink': [caller, startOptions],
    'GenEvent.startMonitor': [caller, startOptions],
    'GenEvent.child': [childOptions],
    'GenEvent.notify': [caller, manager, any],
    'GenEvent.syncNotify': [caller, manager, any],
    'GenEvent.addHandler': [caller, manager, handler, any],
    'GenEvent.addSupHandler': [caller, manager, handler, any],
    'GenEvent.deleteHandler': [caller, manager, handler, any],
    'GenEvent.swapHandler': [caller, manager, pair, pair],
    'GenEvent.swapSupHandler': [caller, manager, pair, pair],
    'GenEvent.call': [caller, manager, handler, get, leftOut(any), callOptions],
    'GenEvent.sendRequest': [caller, any, any, get, leftOut(any)],
    'GenEvent.whichHandlers': [caller, manager],

    'GenStatem.start': [caller, machine, array, startOptions],
    'GenStatem.startLink': [caller, machine, array, startOptions],
    'GenStatem.startMonitor': [caller, machine, array, startOptions],
    'GenStatem.child': [machine, array, childOptions],
    'GenStatem.name': [any, text],
    'GenStatem.timeout': result,
    'GenStatem.call': [caller, statem, operation, any, callOptions],
  }),
  enterLoop: {
    takes: [special, module, any, options({ ...loopNames, timeout: any, continue: any, hibernate: any })],
    ends: true,
  },
  'GenStatem.enterLoop': { takes: [special, machine, any, any, options({ ...loopNames, actions: any })], ends: true },
  // A function that throws ends the agent, whoever gave it.
  'Agent.get': { takes: [caller, agent, fun, callOptions], ends: true },
  'Agent.update': { takes: [caller, agent, fun, callOptions], ends: true },
  'Agent.getAndUpdate': { takes: [caller, agent, { ...fun, right: () => () => [1, 2] }, callOptions], ends: true },
  'Agent.cast': { takes: [caller, agent, fun], ends: true },
  'Agent.stop': { takes: [caller, agent, optional(any), leftOut(time)], ends: true },
}
