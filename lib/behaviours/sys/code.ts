import { fault } from '../../internal/errors.ts'
import type { Node } from '../../kernel/node.ts'
import type { Program } from '../../kernel/program.ts'

/**
 * What stands in the place of the BEAM's code server. A callback module is an object; the program that runs it is made
 * once, whoever asks. Which program is current is a matter of each node: one that an upgrade has replaced is replaced
 * also where a process is started later, by a supervisor whose specification names the old module, say. As on the BEAM,
 * old code runs only in processes that had it before.
 */
const programs = new WeakMap<object, Program>()
const replaced = new WeakMap<Node, ReadonlyMap<Program, Program>>()
/** What is to be replaced on a node as soon as there is a program of it. */
const awaited = new WeakMap<Node, readonly (() => Replacement | undefined)[]>()

/** A program, and what is to run in its place. */
export interface Replacement {
  readonly old: Program
  readonly next: Program
}

/** The program for `module`, made with `make` when there is none. */
export function programFor<P extends Program>(module: object, make: (module: object) => P): P {
  if (typeof module !== 'object' || module === null) throw fault('badarg', 'a callback module is an object')
  let program = programs.get(module) as P | undefined
  if (program === undefined) {
    program = make(module)
    programs.set(module, program)
  }
  return program
}

/** The program for `module`, when one has been made. */
export function knownProgram(module: object): Program | undefined {
  return programs.get(module)
}

/** What is to run on `node` in the place of `program`: itself, unless it was replaced. */
export function currentProgram(node: Node, program: Program): Program {
  if (awaited.has(node)) replaceAwaited(node)
  const replacements = replaced.get(node)
  if (replacements === undefined) return program
  let current = program
  for (let next = replacements.get(current); next !== undefined; next = replacements.get(current)) current = next
  return current
}

/** Has `to` run on `node` where `from` is to be started. */
export function replaceProgram(node: Node, from: Program, to: Program): void {
  const replacements = new Map(replaced.get(node))
  replacements.delete(to) // it is current now: an older upgrade that led away from it is over
  if (from !== to) replacements.set(from, to)
  replaced.set(node, replacements)
}

/** As `replaceProgram`, for code of which nothing was ever started: `find` tells once its program has been made. */
export function replaceFirst(node: Node, find: () => Replacement | undefined): void {
  awaited.set(node, [...(awaited.get(node) ?? []), find])
}

function replaceAwaited(node: Node): void {
  const missing = awaited.get(node)!.filter((find) => {
    const found = find()
    if (found !== undefined) replaceProgram(node, found.old, found.next)
    return found === undefined
  })
  if (missing.length === 0) awaited.delete(node)
  else awaited.set(node, missing)
}
