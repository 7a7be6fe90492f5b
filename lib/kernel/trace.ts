import { fault } from '../internal/errors.ts'
import { describe } from './exit.ts'
import { OBSERVED, STARTED } from './flags.ts'
import { type Callback, initialCallOf, type Mfa, messageTerm, stateOf } from './message-term.ts'
import type { Node } from './node.ts'
import { Pid, type Ref } from './pid.ts'
import type { Process } from './process.ts'
import type { Dest } from './protocol.ts'

/**
 * Tracing one process: what it receives, sends and does is told to another one, as messages, in the order in which it
 * happens.
 *
 *     node.trace(pid, tracer, ['receive', 'send', 'call'])
 *     ...
 *     node.trace(pid, false, ['receive', 'send', 'call'])       // the tracer may also simply end
 *
 *     flag             events
 *     receive          receive: a message was put into its mailbox
 *     send             send: it sent a message, a call or a cast, or answered a request
 *     call             call: a callback is about to run, with its arguments
 *     state            state: a callback has changed its state: it is another value than before
 *     procs            spawn, link, unlink, getting_linked, getting_unlinked, register, unregister, exit
 *     set_on_spawn     the processes it spawns are traced likewise
 *
 * A process that is not traced pays nothing for this. One that is handles message by message, and its terms are not
 * copied: what a tracer sees of a state is the state. Trace messages are never traced themselves, and no bound of a
 * mailbox holds them back: a tracer that is slower than what it traces grows.
 *
 * A state machine shows its state and data, an event manager its handlers, a stage the state of its module, and a
 * supervisor its children, each as `sys.getState` or `whichChildren` does. A raw process has no state.
 *
 * Rules: erlang:trace/3; `call` and `state` are about callbacks, which are what there is of functions to see here.
 */
export type TraceFlag = 'receive' | 'send' | 'call' | 'state' | 'procs' | 'set_on_spawn'

const FLAGS: readonly TraceFlag[] = ['receive', 'send', 'call', 'state', 'procs', 'set_on_spawn']

/** What happened to a traced process. */
export type TraceEvent =
  | readonly ['receive', message: unknown]
  | readonly ['send', message: unknown, to: Dest | Ref | undefined]
  | readonly ['call', callback: Mfa]
  | readonly ['state', state: unknown]
  | readonly ['spawn', child: Pid, initialCall: readonly unknown[]]
  | readonly ['link' | 'unlink' | 'getting_linked' | 'getting_unlinked', pid: Pid]
  | readonly ['register' | 'unregister', name: string]
  | readonly ['exit', reason: unknown]

/** What a tracer receives. */
export interface TraceMessage {
  readonly type: 'trace'
  readonly pid: Pid
  /** What happened, and with whom. A term that cannot travel to a tracer on another node is `'unencodable'`. */
  readonly event: TraceEvent
}

/** Who traces a process, and what. */
export class Trace {
  readonly tracer: Pid
  readonly flags: Set<TraceFlag>
  /** The state as it was when somebody looked last; undefined unless `state` is traced. */
  state: unknown

  constructor(process: Process, tracer: Pid, flags: Iterable<TraceFlag>) {
    this.tracer = tracer
    this.flags = new Set(flags)
    this.state = this.flags.has('state') && (process.flags & STARTED) !== 0 ? stateOf(process) : undefined
  }
}

/** See `Node.trace`. */
export function setTrace(node: Node, pid: Pid, tracer: Pid | false, flags: readonly TraceFlag[]): void {
  if (!Array.isArray(flags)) throw fault('badarg', `trace flags are an array, of ${FLAGS.join(', ')}`)
  for (const flag of flags) {
    if (!FLAGS.includes(flag))
      throw fault('badarg', `a trace flag is one of ${FLAGS.join(', ')}, not ${describe(flag)}`)
  }
  const process = pid instanceof Pid ? pid.process : undefined
  if (process?.node !== node) throw fault('badarg', `${describe(pid)} is no process of this node`)
  const before = traceOf(process)
  if (tracer === false) return stopTracing(process, flags)
  if (!(tracer instanceof Pid)) throw fault('badarg', 'a tracer is a pid')
  if (tracer === pid) throw fault('badarg', `${describe(pid)} cannot trace itself`)
  if (before !== undefined && before.tracer !== tracer)
    throw fault('badarg', `${before.tracer} traces ${describe(pid)} already`)
  process.extra.trace = new Trace(process, tracer, [...(before?.flags ?? []), ...flags])
  process.flags |= OBSERVED
}

/** The trace of a process. One whose tracer has ended is none. */
export function traceOf(process: Process): Trace | undefined {
  const trace = process.rare?.trace
  if (trace === undefined) return undefined
  const { tracer } = trace
  if (tracer.process !== undefined || tracer.address !== process.node.address) return trace
  stopTracing(process, [...trace.flags])
  return undefined
}

function stopTracing(process: Process, flags: readonly TraceFlag[]): void {
  const trace = process.rare?.trace
  if (trace === undefined) return
  for (const flag of flags) trace.flags.delete(flag)
  if (trace.flags.size > 0) return
  process.extra.trace = undefined
  if (process.node.monitored === undefined) process.flags &= ~OBSERVED
}

/** Tells the tracer of `process`, if it has one that asked for `flag`. */
export function tell(process: Process, flag: TraceFlag, event: TraceEvent): void {
  const trace = traceOf(process)
  if (trace?.flags.has(flag)) deliver(process, trace, event)
}

/** Tells the arguments of a callback that is about to run, made only when they are wanted. */
export function traceCall(process: Process, [module, name, args]: Callback): void {
  const trace = traceOf(process)
  if (trace?.flags.has('call')) deliver(process, trace, ['call', [module, name, args()]])
}

/** A callback, or a part of one, has run: tells the state when it is another one. */
export function traceState(process: Process): void {
  const trace = traceOf(process)
  if (!trace?.flags.has('state')) return
  const state = stateOf(process)
  if (isSame(state, trace.state, process.program.stateLevels ?? 0)) return
  trace.state = state
  deliver(process, trace, ['state', state])
}

/** Whether two states are the same value, below as many levels of lists that are made anew each time. */
function isSame(a: unknown, b: unknown, levels: number): boolean {
  if (a === b || levels === 0) return a === b
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((item, i) => isSame(item, b[i], levels - 1))
}

function deliver(process: Process, { tracer }: Trace, event: TraceEvent): void {
  const { node, pid } = process
  const message: TraceMessage = Object.freeze({ type: 'trace', pid, event })
  if (tracer.process !== undefined) tracer.process.accept(message)
  else {
    try {
      node.remote.send({ node: tracer.node, pid: tracer }, message)
    } catch {
      // A term that cannot travel: the traced process must not feel it, and the tracer is to know that it misses one.
      const [kind] = event
      node.remote.send({ node: tracer.node, pid: tracer }, { ...message, event: [kind, 'unencodable'] })
    }
  }
}

/** `process` has spawned `child`: who is traced with `set_on_spawn` hands its trace down. */
export function traceSpawn(process: Process, child: Process): void {
  const trace = traceOf(process)
  if (trace === undefined) return
  if (trace.flags.has('set_on_spawn')) {
    child.extra.trace = new Trace(child, trace.tracer, trace.flags)
    child.flags |= OBSERVED
  }
  if (trace.flags.has('procs')) deliver(process, trace, ['spawn', child.pid, initialCallOf(child)])
}

/** `process` has linked itself to `pid`, or undone that; the other side sees it as the passive form. */
export function traceLink(process: Process, pid: Pid, event: 'link' | 'unlink'): void {
  if ((process.flags & OBSERVED) !== 0) tell(process, 'procs', [event, pid])
  const other = pid.process
  if (other !== undefined && (other.flags & OBSERVED) !== 0) {
    tell(other, 'procs', [event === 'link' ? 'getting_linked' : 'getting_unlinked', process.pid])
  }
}

/** A message that `process` sends; told as it looks in the receiver's mailbox. */
export function traceSend(process: Process, to: Dest | Ref, message: unknown): void {
  tell(process, 'send', ['send', messageTerm(message), to])
}
