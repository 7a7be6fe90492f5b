import { CALL, Cast, type Request } from './calls.ts'
import type { Process } from './process.ts'
import { isRequest } from './remote-peer.ts'
import { TimerEntry } from './timer-wheel.ts'

/** A module, a function of it and its arguments, or how many they are (`{M, F, A}`). */
export type Mfa = readonly [module: string, name: string, args: readonly unknown[]]
export type Arity = readonly [module: string, name: string, arity: number]
/** The same with arguments that are made when somebody asks for them. */
export type Callback = readonly [module: string, name: string, args: () => readonly unknown[]]

/**
 * A message as a term. Requests are objects of the kernel; in a trace or a list of messages they look as in Erlang:
 * `['$gen_call', from, request]`, `['$gen_cast', request]`, `['system', from, request]`, a request with an argument
 * being `[operation, argument]`. So do a behaviour's time-outs: `'timeout'`, `['timeout', ref, 'state_timeout']`, ...
 */
export function messageTerm(message: unknown): unknown {
  if (message instanceof Cast) return ['$gen_cast', requestTerm(message)]
  if (message instanceof TimerEntry) return message.term
  if (!isRequest(message)) return message
  return [message.kind === CALL ? '$gen_call' : 'system', message, requestTerm(message)]
}

function requestTerm({ operation, request }: Request | Cast): unknown {
  return request === undefined ? operation : [operation, request]
}

/** The callback of a server that handles `message`. */
export function callbackOf(process: Process, message: unknown): Callback {
  const module = nameOf(process)
  const state = () => stateOf(process)
  if (message instanceof Cast) return [module, `handleCast.${message.operation}`, () => [message.request, state()]]
  if (!isRequest(message)) return [module, 'handleInfo', () => [messageTerm(message), state()]]
  const kind = message.kind === CALL ? 'handleCall' : 'sys'
  return [module, `${kind}.${message.operation}`, () => [message.request, message, state()]]
}

/** The state of `process`, as its callbacks or `sys` see it. */
export function stateOf(process: Process): unknown {
  const { program } = process
  return program.stateOf === undefined ? process.state : program.stateOf(process)
}

/** What `process` runs, for people: the name of its callback module or function. */
export function nameOf(process: Process): string {
  return process.program.nameOf?.(process) ?? process.program.behaviour ?? 'undefined'
}

/** What it was spawned with. */
export function initialCallOf(process: Process): Arity {
  return process.program.initialCallOf?.(process) ?? [nameOf(process), 'init', 1]
}
