import { list } from '../harness/terms.ts'
import type { Domain } from './domain.ts'
import { treePrograms } from './tree-programs.ts'
import { runTree, type TreeProgram } from './trees.ts'

/** Supervisors: starting, restarting, giving up, stopping, requests, trees of them. */
export const trees: Domain<TreeProgram> = {
  module: 'trees',
  programs: treePrograms,
  termOf: (program) => program,
  run: runTree,
  canonical,
  stepsOf: ([, steps]) => steps.items,
  withSteps: ([root], steps) => [root, list(steps)],
}

/** The children of a simple_one_for_one supervisor are told to end all at once, in no promised order. */
function canonical(trace: readonly string[]): string[] {
  const lines = [...trace]
  for (let from = 0; from < lines.length; ) {
    let to = from
    while (to < lines.length && /^'?\w+s#\d+'? terminate /.test(lines[to]!)) to++
    if (to > from) lines.splice(from, to - from, ...lines.slice(from, to).sort())
    from = Math.max(to, from + 1)
  }
  return lines
}
