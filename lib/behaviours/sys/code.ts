import { fault } from '../../internal/errors.ts'
import type { Node } from '../../kernel/node.ts'
import type { Program } from '../../kernel/program.ts'

/**
 * What stands in the place of the BEAM's code server. A callback module is an object; the program that runs it is made
 * once, whoever asks. Which module is current is a matter of each node: one that an upgrade has replaced is replaced
 * also where a process is started later, by a supervisor whose specification names the old module, say. As on the BEAM,
 * old code runs only in processes that had it before.
 */
const programs = new WeakMap<object, Program>()
/** Of each program its module, and how the program of another such module is made. */
const codes = new WeakMap<Program, Code>()
const replaced = new WeakMap<Node, ReadonlyMap<object, object>>()

interface Code {
  readonly module: object
  readonly make: (module: object) => Program
}

/** The program for `module`, made with `make` when there is none. */
export function programFor<P extends Program>(module: object, make: (module: object) => P): P {
  if (typeof module !== 'object' || module === null) throw fault('badarg', 'a callback module is an object')
  let program = programs.get(module) as P | undefined
  if (program === undefined) {
    program = make(module)
    programs.set(module, program)
    codes.set(program, { module, make })
  }
  return program
}

/** The program for `module`, when one has been made. */
export function knownProgram(module: object): Program | undefined {
  return programs.get(module)
}

/** What is to run on `node` in the place of `program`: itself, unless its module was replaced. */
export function currentProgram(node: Node, program: Program): Program {
  if (!replaced.has(node)) return program
  const code = codes.get(program)
  if (code === undefined) return program
  const module = currentModule(node, code.module)
  return module === code.module ? program : programFor(module, code.make)
}

/** The module that has taken the place of `module` on `node`: itself, unless it was replaced. */
export function currentModule(node: Node, module: object): object {
  const replacements = replaced.get(node)
  if (replacements === undefined) return module
  let current = module
  for (let next = replacements.get(current); next !== undefined; next = replacements.get(current)) current = next
  return current
}

/** Has `to` run on `node` where `from` is to be started, also when nothing was ever started of it. */
export function replaceModule(node: Node, from: object, to: object): void {
  const replacements = new Map(replaced.get(node))
  replacements.delete(to) // it is current now: an older upgrade that led away from it is over
  if (from !== to) replacements.set(from, to)
  replaced.set(node, replacements)
}
