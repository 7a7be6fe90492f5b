import { js, testing } from '../misuse/untyped.ts'
import { type Doors, doors, methods } from './door.ts'
import {
  amount,
  any,
  array,
  caller,
  count,
  either,
  flag,
  fun,
  index,
  isEmptyList,
  isFunction,
  isObject,
  type Kind,
  kind,
  leftOut,
  oneOf,
  operation,
  optional,
  options,
  pid,
  required,
  text,
  time,
  to,
} from './kinds.ts'

const monitorOptions = options({ tag: text, alias: oneOf('explicit_unalias', 'demonitor', 'reply_demonitor') })
const policy = oneOf('reject', 'drop_oldest', 'kill')
const mailbox = required(() => ({ limit: 2, policy: 'reject' }), { limit: count, policy }, 'limit', 'policy')
const processNames = { priority: oneOf('low', 'normal', 'high', 'max'), mailbox }
const spawnNames = { ...processNames, link: flag, monitor: either(flag, monitorOptions) }
const spawnOptions = required(() => ({}), spawnNames)
const replies = oneOf('yes', 'no', 'error_only', 'success_only')
const requestOptions = required(() => ({}), { ...spawnNames, replyTag: text, reply: replies })

/** What processes of a behaviour are started with. */
export const startNames: Readonly<Record<string, Kind>> = {
  ...processNames,
  name: text,
  timeout: time,
  hibernateAfter: time,
  debug: kind(array.right, isEmptyList),
}
export const startOptions: Kind = options(startNames)
export const callOptions: Kind = options({ timeout: time })
export const timed: Kind = options({ timeout: time })

const body = optional(kind(() => () => new Promise(() => {}), isFunction))
const server = to((f) => f.counter())
const ref = kind((f) => f.self.monitor(f.pid))
const timer = kind((f) => f.self.sendAfter(60_000, f.pid, 'term'))
const isDelay = (value: unknown) => index.takes(value) && (value as number) < 2 ** 32
const delay = kind(() => 50, isDelay)
const timerOptions = options({ abs: flag })
const levels = oneOf('error', 'warning', 'notice', 'info', 'debug')
const object = kind(() => ({}), isObject)
const nodeName = kind(() => 'a@b')
const host = kind(() => new testing.VirtualHost())
const maxProcesses = kind(count.right, (value) => amount.takes(value) && (value as number) >= 1)
const nodeOptions = options({ name: nodeName, host, reporter: fun, maxProcesses })

/** What a process and the code outside any have in common. */
const callers = {
  send: [server, any],
  call: [server, operation, leftOut(any), callOptions],
  cast: [server, operation, leftOut(any)],
  reply: [kind((f) => f.from()), any],
  spawn: [body, any, any],
  sendAfter: [delay, server, any, timerOptions],
  startTimer: [delay, server, any, timerOptions],
  readTimer: [timer],
  sleep: [time],
}

const OF_PROCESSES = methods('Context', (f) => f.self, {
  ...callers,
  spawnLink: [body, any],
  spawnMonitor: [body, any],
  spawnOpt: [body, spawnOptions, any],
  spawnRequest: [body, requestOptions, any],
  spawnRequestAbandon: [ref],
  link: [pid],
  unlink: [pid],
  monitor: [server, monitorOptions],
  demonitor: [ref, options({ flush: flag })],
  trapExit: [flag],
  alias: [options({ reply: flag })],
  unalias: [ref],
  processFlag: [kind(() => 'trap_exit'), flag],
  groupLeader: [],
  put: [any, any],
  get: [any],
  getKeys: [any],
  erase: [any],
  setLabel: [any],
  cancelTimer: [timer, options({ async: flag, info: flag })],
  monitorNodes: [flag],
  own: [kind(() => ({ [Symbol.dispose]() {} }))],
  receive: [leftOut(fun), options({ after: time })],
})

const OF_NODES = methods('OtpNode', (f) => f.node, {
  ...callers,
  offer: [text, body],
  processes: [],
  isAlive: [pid],
  processInfo: [pid, leftOut(kind(any.right, isEmptyList))],
  setGroupLeader: [pid, kind((f) => f.self.self)],
  systemMonitor: [optional(pid), options({ longSchedule: amount, largeMailbox: count, busyLink: flag })],
  trace: [pid, kind((f) => f.self.self), kind(() => ['send'], isEmptyList)],
  makeRef: [],
  register: [text, pid],
  unregister: [
    kind((f) => {
      f.node.register('taken', f.pid)
      return 'taken'
    }),
  ],
  whereis: [any],
  endOf: [pid],
  registered: [],
  cancelTimer: [timer],
  nodes: [],
  report: [
    required(
      () => ({ level: 'info', label: ['a', 'b'], details: {} }),
      { level: levels, label: kind(() => ['a', 'b']), details: object },
      'level',
      'label',
      'details',
    ),
  ],
  start: [kind(() => ({ init: () => js.ok(0), handleCall: {} }), isObject), array, startOptions],
  supervise: [kind(() => ({ children: [] })), startOptions],
})

const { self, node } = { self: OF_PROCESSES['Context#link']!.of!, node: OF_NODES['OtpNode#nodes']!.of! }

/** Nodes, processes, messages, timers, names, and the values beside them. */
export const KERNEL: Doors = {
  ...OF_PROCESSES,
  ...OF_NODES,
  'Context#exit': { of: self, takes: [pid, any], ends: true },
  'OtpNode#exit': { of: node, takes: [pid, any], ends: true },
  'OtpNode#stop': { of: node, takes: [server, optional(any), leftOut(time)], ends: true },
  'OtpNode#shutdown': { of: node, takes: [leftOut(time)], ends: true, stops: true },
  'OtpNode#kill': { of: node, takes: [], ends: true, stops: true },
  exit: { takes: [any], refuses: true },
  ...doors({
    OtpNode: [nodeOptions],
    createNode: [nodeOptions],
    Exit: [any],
    NoCatch: [any],
    Fault: [kind(() => 'badarg'), leftOut(text), leftOut(any)],
    describe: [any, leftOut(kind(index.right, (value) => index.takes(value) && (value as number) <= 128))],
    equalTerms: [any, any],
    isOrderly: [any],
    samePid: [any, any],
    loop: [fun, any],
    sendInterval: [caller, delay, server, any],
    lineReporter: [fun, leftOut(levels)],
    pinoReporter: [kind(() => ({ error() {}, warn() {}, info() {}, debug() {} }))],
  }),
  ...methods('Pid', (f) => f.pid, { toString: [], toJSON: [] }),
  ...methods('Ref', (f) => f.node.makeRef(), { toString: [] }),
}
