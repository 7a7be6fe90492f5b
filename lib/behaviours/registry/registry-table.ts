import type { Process } from '../../kernel/process.ts'
import { Holdings } from '../holdings.ts'

/** One registration: a process under a key, with a value that belongs to it. */
export interface Entry {
  readonly key: unknown
  readonly mapKey: unknown
  readonly process: Process
  readonly table: KeyTable
  value: unknown
}

/**
 * The registrations of one partition by key:
 *
 *     'general' ─> entry                   a key mostly has one entry, which then stands alone
 *     'lobby'   ─> Set { entry, entry }    in the order they were made
 */
export class KeyTable {
  readonly #byKey = new Map<unknown, Entry | Set<Entry>>()
  #size = 0

  /** How many registrations there are. */
  get size(): number {
    return this.#size
  }

  /** The first entry of a key. */
  first(mapKey: unknown): Entry | undefined {
    const present = this.#byKey.get(mapKey)
    return present instanceof Set ? present.values().next().value : present
  }

  /** The entries of a key, in the order they were made. */
  entries(mapKey: unknown): readonly Entry[] {
    const present = this.#byKey.get(mapKey)
    if (present === undefined) return []
    return present instanceof Set ? [...present] : [present]
  }

  /** All entries, key by key. */
  all(): readonly Entry[] {
    return [...this.#byKey.values()].flatMap((present) => (present instanceof Set ? [...present] : [present]))
  }

  add(entry: Entry): void {
    const { mapKey } = entry
    const present = this.#byKey.get(mapKey)
    if (present === undefined) this.#byKey.set(mapKey, entry)
    else if (present instanceof Set) present.add(entry)
    else this.#byKey.set(mapKey, new Set([present, entry]))
    this.#size++
  }

  remove(entry: Entry): void {
    const present = this.#byKey.get(entry.mapKey)
    if (present instanceof Set) {
      if (!present.delete(entry)) return
      if (present.size === 0) this.#byKey.delete(entry.mapKey)
    } else if (present === entry) this.#byKey.delete(entry.mapKey)
    else return
    this.#size--
  }
}

/** The registrations of one partition by process. */
export class PidTable {
  readonly #held = new Holdings<Entry>((_process, entries) => {
    for (const entry of entries) entry.table.remove(entry)
  })

  /** The entries of a process, in the order they were made; all, or those under one key. */
  entriesOf(process: Process, ...mapKey: [mapKey?: unknown]): readonly Entry[] {
    const all = [...(this.#held.of(process) ?? [])]
    if (mapKey.length === 0) return all
    return all.filter((entry) => entry.mapKey === mapKey[0] || Object.is(entry.mapKey, mapKey[0]))
  }

  /** Adds an entry here and to its key table. */
  add(entry: Entry): void {
    this.#held.add(entry.process, entry)
    entry.table.add(entry)
  }

  /** Removes an entry here and from its key table. */
  remove(entry: Entry): void {
    this.#held.delete(entry.process, entry)
    entry.table.remove(entry)
  }

  /** @internal The processes that have, or had, entries. */
  processes(): Iterable<Process> {
    return this.#held.processes()
  }

  has(process: Process): boolean {
    return (this.#held.of(process)?.size ?? 0) > 0
  }
}
