import { fault } from '../internal/errors.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import { termKey } from '../kernel/term-key.ts'

/** One registration: a process under a key, with a value that belongs to it. */
export interface Entry {
  readonly key: unknown
  readonly mapKey: unknown
  readonly process: Process
  value: unknown
}

/**
 * The registrations of one registry, found by key and by process.
 *
 *     by key       'general' ─> entry                   a key mostly has one entry, which then stands alone
 *                  'lobby'   ─> Set { entry, entry }
 *     by process   holder ─> its entries, in the order they were made
 *
 * A holder is owned by its process (`Context.own`), so a process's entries go as its name does: when it ends, before
 * its links and monitors hear of it.
 */
export class RegistryTable {
  readonly #unique: boolean
  readonly #limit: number
  readonly #byKey = new Map<unknown, Entry | Set<Entry>>()
  readonly #holders = new Map<Process, Holder>()
  #size = 0

  constructor(unique: boolean, limit: number) {
    this.#unique = unique
    this.#limit = limit
  }

  /** How many registrations there are. */
  get size(): number {
    return this.#size
  }

  /** Adds a registration; when the key is taken, returns the process that has it. */
  add(process: Process, key: unknown, value: unknown): Pid | undefined {
    const mapKey = termKey(key)
    const present = this.#byKey.get(mapKey)
    if (present !== undefined && this.#unique) return (present as Entry).process.pid
    if (this.#size >= this.#limit) throw fault('system_limit', `the registry holds ${this.#limit} registrations`)
    const entry: Entry = { key, mapKey, process, value }
    if (present === undefined) this.#byKey.set(mapKey, entry)
    else if (present instanceof Set) present.add(entry)
    else this.#byKey.set(mapKey, new Set([present, entry]))
    this.#holderOf(process).entries.add(entry)
    this.#size++
    return undefined
  }

  /** The entries of a key, in the order they were made. */
  entries(key: unknown): readonly Entry[] {
    const present = this.#byKey.get(termKey(key))
    if (present === undefined) return []
    return present instanceof Set ? [...present] : [present]
  }

  /** The one entry of a key of a unique registry. */
  only(key: unknown): Entry | undefined {
    return this.#byKey.get(termKey(key)) as Entry | undefined
  }

  /** The entries of a process, in the order they were made; all, or those under one key. */
  entriesOf(process: Process, ...key: [key?: unknown]): readonly Entry[] {
    const all = [...(this.#holders.get(process)?.entries ?? [])]
    if (key.length === 0) return all
    const mapKey = termKey(key[0])
    return all.filter((entry) => Object.is(entry.mapKey, mapKey) || entry.mapKey === mapKey)
  }

  /** Removes the entries of `process` under `key`; true when the process has none left. */
  remove(process: Process, key: unknown): boolean {
    for (const entry of this.entriesOf(process, key)) {
      this.#holders.get(process)?.entries.delete(entry)
      this.#removeEntry(entry)
    }
    return (this.#holders.get(process)?.entries.size ?? 0) === 0
  }

  /** @internal The process of `holder` has ended. */
  release(holder: Holder): void {
    this.#holders.delete(holder.process)
    for (const entry of holder.entries) this.#removeEntry(entry)
    holder.entries.clear()
  }

  #removeEntry(entry: Entry): void {
    const present = this.#byKey.get(entry.mapKey)
    if (present instanceof Set) {
      present.delete(entry)
      if (present.size === 0) this.#byKey.delete(entry.mapKey)
    } else if (present === entry) this.#byKey.delete(entry.mapKey)
    this.#size--
  }

  /** A holder is kept until its process ends, also when it is empty: what a process owns cannot be taken back. */
  #holderOf(process: Process): Holder {
    let holder = this.#holders.get(process)
    if (holder === undefined) {
      holder = process.own(new Holder(this, process))
      this.#holders.set(process, holder)
    }
    return holder
  }
}

class Holder implements Disposable {
  readonly process: Process
  readonly entries: Set<Entry> = new Set()
  readonly #table: RegistryTable

  constructor(table: RegistryTable, process: Process) {
    this.#table = table
    this.process = process
  }

  [Symbol.dispose](): void {
    this.#table.release(this)
  }
}
