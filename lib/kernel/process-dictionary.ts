import { ENTRIES_KEPT, PROC_LIB } from './flags.ts'
import { initialCallOf } from './message-term.ts'
import type { Process } from './process.ts'
import { equalTerms } from './term.ts'
import { termKey } from './term-key.ts'

/**
 * The process dictionary: terms that a process keeps by keys, for itself alone. Keys are compared as terms, so a tuple
 * or a record is the same key whenever it is equal. A child does not inherit it; it is gone with its process.
 *
 *     this.put('locale', 'de')      // undefined: there was none before
 *     this.get('locale')            // 'de'
 *     this.erase('locale')          // 'de'
 *
 * Not for what belongs to the state of a server: it is invisible in the callbacks' results and in `codeChange`.
 *
 * A process that was started under OTP's start protocol has two entries from its beginning: `$ancestors`, who started
 * it, and `$initial_call`, what it began with. They follow from what a process has anyway, and are made when somebody
 * asks; only a process that puts or erases one of them keeps both in its dictionary from then on.
 *
 * Rules: erlang:put/2, get/0,1, get_keys/0,1, erase/0,1; proc_lib:init_p/3.
 */
export type Dictionary = Map<unknown, readonly [key: unknown, value: unknown]>

/** The key of `proc_lib:set_label/1`, as in OTP 27. */
export const LABEL = '$process_label'
const ANCESTORS = '$ancestors'
const INITIAL_CALL = '$initial_call'

type Entry = readonly [key: unknown, value: unknown]

export function put(process: Process, key: unknown, value: unknown): unknown {
  if (process.ended) return undefined
  if (isMade(key)) keepMade(process)
  const extra = process.extra
  extra.dictionary ??= new Map()
  const slot = termKey(key)
  const before = extra.dictionary.get(slot)
  extra.dictionary.set(slot, [key, value])
  return before?.[1]
}

export function get(process: Process, key: unknown): unknown {
  const kept = process.rare?.dictionary?.get(termKey(key))
  if (kept !== undefined || !isMade(key)) return kept?.[1]
  return made(process).find(([name]) => name === key)?.[1]
}

export function erase(process: Process, key: unknown): unknown {
  if (isMade(key)) keepMade(process)
  const dictionary = process.rare?.dictionary
  const slot = termKey(key)
  const before = dictionary?.get(slot)
  dictionary?.delete(slot)
  return before?.[1]
}

export function entries(process: Process): readonly Entry[] {
  return [...(process.rare?.dictionary?.values() ?? []), ...made(process)]
}

/** Those that the process has put there itself, as a crash report lists them. */
export function ownEntries(process: Process): readonly Entry[] {
  return entries(process).filter(([key]) => !isMade(key))
}

export function eraseAll(process: Process): readonly Entry[] {
  keepMade(process)
  const all = entries(process)
  process.rare?.dictionary?.clear()
  return all
}

/** The keys; only those under which `value` is kept when one is named (`only`). */
export function keys(process: Process, only: readonly [value?: unknown]): unknown[] {
  const all = entries(process)
  const wanted = only.length === 0 ? all : all.filter(([, value]) => equalTerms(value, only[0]))
  return wanted.map(([key]) => key)
}

/**
 * The processes that started this one under the start protocol, the nearest first, by name when they have one, as far
 * as they live. One that has put its own `$ancestors` has its children follow on those.
 */
export function ancestorsOf(process: Process): readonly unknown[] {
  const ancestors: unknown[] = []
  let child: Process | undefined = process
  while (child !== undefined && hasMade(child) && child.parent !== undefined) {
    const { parent }: Process = child
    ancestors.push(parent.process?.rare?.name ?? parent)
    child = parent.process
  }
  const kept = child?.rare?.dictionary?.get(termKey(ANCESTORS))?.[1]
  return Array.isArray(kept) ? [...ancestors, ...kept] : ancestors
}

function isMade(key: unknown): boolean {
  return key === ANCESTORS || key === INITIAL_CALL
}

/** Whether the entries of proc_lib follow from what the process is. */
function hasMade({ flags }: Process): boolean {
  return (flags & (PROC_LIB | ENTRIES_KEPT)) === PROC_LIB
}

function made(process: Process): readonly Entry[] {
  if (!hasMade(process)) return []
  return [
    [INITIAL_CALL, initialCallOf(process)],
    [ANCESTORS, ancestorsOf(process)],
  ]
}

/** Writes the entries of proc_lib into the dictionary, unless they have been. */
function keepMade(process: Process): void {
  if (process.ended || !hasMade(process)) return
  const entries = made(process)
  process.flags |= ENTRIES_KEPT
  for (const [key, value] of entries) put(process, key, value)
}
