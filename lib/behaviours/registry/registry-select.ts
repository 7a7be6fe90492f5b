import { fault } from '../../internal/errors.ts'
import type { Caller } from '../../kernel/context.ts'
import { Exit } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import { Process } from '../../kernel/process.ts'
import { addWatcher } from '../../kernel/signals.ts'
import { matchTerm } from '../match-pattern.ts'
import type { Entry } from './registry-table.ts'

/** One clause of a selection, as `Registry.clause` makes it: which entries, and what is given for each. */
export class Clause<out R = unknown> {
  readonly pattern: unknown
  readonly when: ((bound: never, entry: never) => boolean) | undefined
  readonly give: ((bound: never, entry: never) => R) | undefined

  constructor(pattern: unknown, when: Clause['when'], give: Clause<R>['give']) {
    if (!Array.isArray(pattern) || pattern.length !== 3) {
      throw fault('badarg', 'the pattern of a clause is a tuple [key, pid, value] with holes')
    }
    for (const fun of [when, give]) {
      if (fun !== undefined && typeof fun !== 'function') throw fault('badarg', 'a clause has functions, or nothing')
    }
    this.pattern = pattern
    this.when = when
    this.give = give
  }
}

/** What the first clause that matches gives for each of `entries`; nothing for those that none matches. */
export function selectFrom<R>(entries: readonly Entry[], clauses: readonly Clause<R>[]): R[] {
  if (!clauses.every((one) => one instanceof Clause)) throw fault('badarg', 'a clause is what Registry.clause gives')
  const found: R[] = []
  for (const { key, process, value } of entries) {
    const entry = [key, process.pid, value] as never
    for (const { pattern, when, give } of clauses) {
      const bound = matchTerm(pattern, entry) as never
      if (bound === undefined || when?.(bound, entry) === false) continue
      found.push(give === undefined ? entry : give(bound, entry))
      break
    }
  }
  return found
}

/** Whether the value of an entry matches. */
export function matchesValue(
  { value }: Entry,
  pattern: unknown,
  guard: ((bound: never) => boolean) | undefined,
): boolean {
  const bound = matchTerm(pattern, value)
  return bound !== undefined && guard?.(bound as never) !== false
}

/**
 * Runs `run` in a process of its own and resolves when it is done; a process that calls is linked with it meanwhile, so
 * a crash of one is a crash of both. Rejects with an `Exit` of the reason.
 */
export function runBeside(caller: Caller, run: () => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = async () => {
      await run()
      if (caller instanceof Process) caller.unlink(pid)
      resolve()
    }
    const pid: Pid = caller instanceof Process ? caller.spawnLink(body) : caller.spawn(body)
    addWatcher(pid.process!, { down: (reason) => reject(new Exit(reason)) })
  })
}
