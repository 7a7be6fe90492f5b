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
 * Rules: erlang:put/2, get/0,1, get_keys/0,1, erase/0,1.
 */
export type Dictionary = Map<unknown, readonly [key: unknown, value: unknown]>

/** The key of `proc_lib:set_label/1`, as in OTP 27. */
export const LABEL = '$process_label'

export function put(process: Process, key: unknown, value: unknown): unknown {
  if (process.ended) return undefined
  const extra = process.extra
  extra.dictionary ??= new Map()
  const slot = termKey(key)
  const before = extra.dictionary.get(slot)
  extra.dictionary.set(slot, [key, value])
  return before?.[1]
}

export function get(process: Process, key: unknown): unknown {
  return process.rare?.dictionary?.get(termKey(key))?.[1]
}

export function erase(process: Process, key: unknown): unknown {
  const dictionary = process.rare?.dictionary
  const slot = termKey(key)
  const before = dictionary?.get(slot)
  dictionary?.delete(slot)
  return before?.[1]
}

export function entries(process: Process): readonly (readonly [key: unknown, value: unknown])[] {
  const dictionary = process.rare?.dictionary
  return dictionary === undefined ? [] : [...dictionary.values()]
}

export function eraseAll(process: Process): readonly (readonly [key: unknown, value: unknown])[] {
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
