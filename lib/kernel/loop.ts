import { fault } from '../internal/errors.ts'
import type { Context } from './context.ts'
import type { Arity } from './message-term.ts'
import type { Process } from './process.ts'
import type { Program } from './program.ts'

/** Handles one message and returns the next state, or a promise of it. `this` is the process. */
export type LoopHandler<S, M> = (this: Context, message: M, state: S) => S | Promise<S>

class Loop<S, M> implements Program {
  readonly #handle: LoopHandler<S, M>
  readonly #initial: S

  constructor(handle: LoopHandler<S, M>, initial: S) {
    this.#handle = handle
    this.#initial = initial
  }

  start(process: Process): void {
    process.state = this.#initial
  }

  run(process: Process, quantum: number): number {
    const handle = this.#handle
    let handled = 0
    while (handled < quantum && process.waiting > 0) {
      handled++
      const next = handle.call(process, process.take() as M, process.state as S)
      if (next instanceof Promise) {
        process.suspend(next, (state) => {
          process.state = state
        })
        return handled
      }
      process.state = next
      if (process.ended) break
    }
    return handled
  }

  nameOf(): string {
    return this.#handle.name || 'loop'
  }

  initialCallOf(): Arity {
    return [this.nameOf(), 'loop', 2]
  }
}

/**
 * A process that handles one message after the other:
 *
 *     const counter = node.spawn(loop((message: number, sum: number) => sum + message, 0))
 *     node.send(counter, 2)
 *
 * The lightest process there is; for anything with requests and replies use a GenServer. One program may be spawned any
 * number of times.
 */
export function loop<S, M = unknown>(handle: LoopHandler<S, M>, initial: S): Program {
  if (typeof handle !== 'function') throw fault('badarg', 'a loop is made of a function (message, state) => state')
  return new Loop(handle, initial)
}
