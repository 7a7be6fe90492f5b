import { CALL } from '../../kernel/calls.ts'
import type { Reason } from '../../kernel/exit.ts'
import { BUSY, ENDED } from '../../kernel/flags.ts'
import type { Arity } from '../../kernel/message-term.ts'
import type { Process } from '../../kernel/process.ts'
import type { Program } from '../../kernel/program.ts'
import { isRequest } from '../../kernel/remote.ts'
import { equalTerms } from '../../kernel/term.ts'
import { isParentExit } from '../proc-lib/ancestry.ts'
import { type Start, takeName } from '../proc-lib/start.ts'
import { debugEvent, isDebugged, isSuspended, loggedEvents } from '../sys/sys-debug.ts'
import {
  type CodeChange,
  handleSystem,
  type SystemServer,
  statusOf,
  type UndoCodeChange,
} from '../sys/system-server.ts'
import { drive, eventOf, handle, stop } from './gen-event-dispatch.ts'
import { type Installed, Manager } from './gen-event-state.ts'

/**
 * The loop of an event manager, from gen_event.erl:
 *
 *     take a message ──> each handler, the newest first: callback ──> keep it with its new state, remove or replace it
 *
 * Nothing that a handler does ends the manager, unless it exits the process itself.
 */
class EventManagerProgram implements Program, SystemServer {
  start(process: Process): void {
    const start = process.state as Start
    process.state = undefined
    process.trapExit(true)
    if (!takeName(process, start)) return
    process.state = new Manager()
    start.settle()
  }

  run(process: Process, quantum: number): number {
    const manager = process.state as Manager
    let handled = 0
    while (handled < quantum && process.waiting > 0) {
      const message = process.take()
      handled++
      this.#take(process, manager, message)
      if ((process.flags & (BUSY | ENDED)) !== 0) break
    }
    return handled
  }

  #take(process: Process, manager: Manager, message: unknown): void {
    if (isRequest(message) && message.kind !== CALL) return handleSystem(this, process, message)
    if (isParentExit(process, message)) return this.terminate(process, message.reason)
    if (isSuspended(process)) return process.putAside(message)
    if (isDebugged(process)) debugEvent(process, ['in', eventOf(message)])
    drive(process, handle(process, manager, message))
  }

  // --- sys

  readonly behaviour = 'gen_event'

  terminate(process: Process, reason: Reason): void {
    drive(process, stop(process, process.state as Manager, reason))
  }

  modulesOf(process: Process): readonly object[] {
    return [...new Set(handlersOf(process).map(({ module }) => module))]
  }

  /** `[module, id, state]` of each handler; the id is `false` when it has none. */
  getState(process: Process): unknown {
    return handlersOf(process).map((handler) => handler.entry)
  }

  /** `change` gets one such entry after the other; one that it throws for, or makes another of, stays as it is. */
  replaceState(process: Process, change: (entry: unknown) => unknown): unknown {
    for (const handler of handlersOf(process)) {
      try {
        const next = change(handler.entry) as typeof handler.entry
        if (Array.isArray(next) && equalTerms(next.slice(0, 2), handler.entry.slice(0, 2))) handler.state = next[2]
      } catch {
        // OTP's way: the handlers are independent of each other, and this one keeps its state
      }
    }
    return this.getState(process)
  }

  /** Of all handlers with the module that is replaced; the others go on as they are. */
  async changeCode(process: Process, change: CodeChange): Promise<UndoCodeChange> {
    const manager = process.state as Manager
    const before = manager.handlers
    const after: Installed[] = []
    for (const handler of before) after.push(await handler.changed(process, change))
    manager.handlers = after
    return () => {
      manager.handlers = before
    }
  }

  formatStatus(process: Process): readonly unknown[] {
    const log = loggedEvents(process)
    const handlers = handlersOf(process).map((handler) => {
      const { state } = handler.shown(process, { state: handler.state, log })
      return ['handler', ...handler.entry.slice(0, 2), state, handler.supervisor ?? false]
    })
    return [...statusOf(process, 'event handler', []).slice(0, 2), ['items', ['Installed handlers', handlers]]]
  }

  // --- for tools

  stateOf(process: Process): unknown {
    return this.getState(process)
  }

  readonly stateLevels = 2

  /** A message leads to a callback of each handler, which are told one by one. */
  callbackOf(): undefined {
    return undefined
  }

  nameOf(): string {
    return 'gen_event'
  }

  initialCallOf(): Arity {
    return ['gen_event', 'init_it', 6]
  }

  isSuspended(process: Process): boolean {
    return isSuspended(process)
  }
}

function handlersOf(process: Process): readonly Installed[] {
  return (process.state as Partial<Manager> | undefined)?.handlers ?? [] // none before it has started
}

/** The one program of all event managers. */
export const eventManagerProgram: Program = new EventManagerProgram()
