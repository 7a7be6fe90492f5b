import { fault } from '../internal/errors.ts'
import { describe } from './exit.ts'
import { OBSERVED } from './flags.ts'
import type { Node } from './node.ts'
import { Pid } from './pid.ts'
import type { Process } from './process.ts'
import { tell } from './trace.ts'

/** The names that processes of a node are registered under: each process has one at most (`erlang:register/2`). */
export class Names {
  readonly #node: Node
  readonly #processes = new Map<string, Process>()

  constructor(node: Node) {
    this.#node = node
  }

  register(name: string, pid: Pid): void {
    if (typeof name !== 'string' || name === 'undefined') throw fault('badarg', 'a name is a string, not undefined')
    const process = pid instanceof Pid ? pid.process : undefined
    if (process?.node !== this.#node) throw fault('badarg', `${describe(pid)} is no process of this node`)
    if (this.#processes.has(name)) throw fault('badarg', `the name ${describe(name)} is taken`)
    if (process.rare?.name !== undefined)
      throw fault('badarg', `${describe(pid)} is registered as ${process.rare.name}`)
    process.extra.name = name
    this.#processes.set(name, process)
    if ((process.flags & OBSERVED) !== 0) tell(process, 'procs', ['register', name])
  }

  unregister(name: string): void {
    const process = this.#processes.get(name)
    if (process === undefined) throw fault('badarg', `no process is registered as ${describe(name)}`)
    process.extra.name = undefined
    this.#free(name, process)
  }

  /** The process has ended. */
  release(process: Process): void {
    const name = process.rare?.name
    if (name !== undefined) this.#free(name, process)
  }

  whereis(name: string): Pid | undefined {
    return this.#processes.get(name)?.pid
  }

  list(): string[] {
    return [...this.#processes.keys()]
  }

  #free(name: string, process: Process): void {
    this.#processes.delete(name)
    if ((process.flags & OBSERVED) !== 0) tell(process, 'procs', ['unregister', name])
  }
}
