import { makeCall, type Request, STOP, SYSTEM } from '../kernel/calls.ts'
import type { Caller } from '../kernel/context.ts'
import { Exit, reasonOf } from '../kernel/exit.ts'
import type { Process } from '../kernel/process.ts'
import type { Dest } from '../kernel/protocol.ts'
import { ownerOf } from './proc-lib.ts'

/**
 * OTP's `sys`: requests that every behaviour answers between two callbacks, whatever its module does. They wait behind
 * the messages that came before them; a suspended process answers them and nothing else.
 */

/** The state of a server, as its callbacks see it. */
export function getState<S = unknown>(caller: Caller, to: Dest, timeout?: number): Promise<S> {
  return system(caller, to, 'get_state', [], timeout) as Promise<S>
}

/** Replaces the state by `change(state)` and resolves with the new one; when `change` throws, it stays as it was. */
export function replaceState<S>(caller: Caller, to: Dest, change: (state: S) => S, timeout?: number): Promise<S> {
  return system(caller, to, 'replace_state', [change], timeout) as Promise<S>
}

/** Has the process handle nothing but system messages until it is resumed. */
export function suspend(caller: Caller, to: Dest, timeout?: number): Promise<void> {
  return system(caller, to, 'suspend', [], timeout) as Promise<void>
}

export function resume(caller: Caller, to: Dest, timeout?: number): Promise<void> {
  return system(caller, to, 'resume', [], timeout) as Promise<void>
}

/**
 * Has a server terminate with `reason` once it has handled what came before, and resolves when it has ended
 * (`gen_server:stop/1,3`). Rejects with an `Exit`: `noproc`, `timeout` (it goes on terminating), or the reason it ended
 * with when that is another.
 */
export function stop(
  caller: Caller,
  to: Dest,
  reason: unknown = 'normal',
  timeout: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  return makeCall(ownerOf(caller), to, STOP, 'terminate', [reason, 'infinity'], timeout) as Promise<void>
}

function system(caller: Caller, to: Dest, operation: string, args: unknown[], timeout?: number): Promise<unknown> {
  const request = timeout === undefined ? args : [...args, timeout]
  return makeCall(ownerOf(caller), to, SYSTEM, operation, request, timeout).then((answer) => {
    const [outcome, value] = answer as readonly ['ok' | 'error', unknown]
    if (outcome === 'error') throw new Exit(value)
    return value
  })
}

/** The part of a behaviour that its system requests need. */
export interface SystemServer {
  isSuspended(process: Process): boolean
  setSuspended(process: Process, suspended: boolean): void
  terminate(process: Process, reason: unknown): void
}

/** Answers a system request. Called by a behaviour's loop when it takes one from the mailbox. */
export function handleSystem(server: SystemServer, process: Process, request: Request): void {
  if (request.kind === STOP) {
    request.acknowledged = true
    return server.terminate(process, (request.request as readonly unknown[])[0])
  }
  switch (request.operation) {
    case 'get_state':
      return request.settle(['ok', process.state])
    case 'replace_state':
      return request.settle(replace(process, request))
    case 'suspend':
    case 'resume':
      server.setSuspended(process, request.operation === 'suspend')
      return request.settle(['ok', undefined])
    default:
      return request.settle(['error', ['unknown_system_msg', request.operation]])
  }
}

function replace(process: Process, request: Request): readonly ['ok' | 'error', unknown] {
  const [change] = request.request as readonly [(state: unknown) => unknown]
  try {
    process.state = change(process.state)
    return ['ok', process.state]
  } catch (thrown) {
    return ['error', ['callback_failed', reasonOf(thrown)]]
  }
}
