import { fault } from '../../internal/errors.ts'
import { TABLES_PER_NODE } from '../../internal/limits.ts'
import { oncePer } from '../../internal/once-per.ts'
import type { Node } from '../../kernel/node.ts'
import type { Process } from '../../kernel/process.ts'
import { Holdings } from '../holdings.ts'

/** A table as its node's directory sees it. */
export interface OwnedTable {
  readonly name: string | undefined
  /** @internal The owner has ended: the process that the table goes to now, or undefined. */
  heirOf(owner: Process): Process | undefined
  /** @internal The table belongs to `heir` from now on, which is told so. */
  inherit(owner: Process, heir: Process): void
  /** @internal The table is no more. */
  drop(): void
}

/**
 * The tables of one node: by name, and by the process that owns them.
 *
 *     names     'rooms' ─> table
 *     held      process ─> table, table     see holdings.ts
 *
 * A process's tables go as its name does: when it ends, before its links and monitors hear of it.
 */
export class TableDirectory {
  readonly #names = new Map<string, OwnedTable>()
  readonly #held = new Holdings<OwnedTable>((owner, tables) => this.#release(owner, tables))
  #count = 0

  /** How many tables there are. */
  get size(): number {
    return this.#count
  }

  find(name: string): OwnedTable | undefined {
    return this.#names.get(name)
  }

  /** @throws Fault `badarg` when the name is taken, `system_limit` when the node has too many tables. */
  add(owner: Process, table: OwnedTable): void {
    if (this.#count >= TABLES_PER_NODE) throw fault('system_limit', `the node has ${TABLES_PER_NODE} tables`)
    const { name } = table
    if (name !== undefined && this.#names.has(name)) throw fault('badarg', `a table named ${name} exists already`)
    this.#held.add(owner, table)
    if (name !== undefined) this.#names.set(name, table)
    this.#count++
  }

  remove(owner: Process, table: OwnedTable): void {
    this.#held.delete(owner, table)
    if (table.name !== undefined) this.#names.delete(table.name)
    this.#count--
  }

  /** @throws Fault `badarg` when the name is taken. */
  rename(table: OwnedTable, name: string): void {
    if (this.#names.has(name) && table.name !== name) throw fault('badarg', `a table named ${name} exists already`)
    if (table.name !== undefined) this.#names.delete(table.name)
    this.#names.set(name, table)
  }

  move(table: OwnedTable, from: Process, to: Process): void {
    this.#held.delete(from, table)
    this.#held.add(to, table)
  }

  /** @internal Each table with its owner. */
  *owners(): Generator<readonly [table: OwnedTable, owner: Process]> {
    for (const owner of this.#held.processes()) for (const table of this.#held.of(owner) ?? []) yield [table, owner]
  }

  /** @internal */
  named(): Iterable<OwnedTable> {
    return this.#names.values()
  }

  #release(owner: Process, tables: ReadonlySet<OwnedTable>): void {
    for (const table of [...tables]) {
      const heir = table.heirOf(owner)
      if (heir === undefined) {
        table.drop()
        this.remove(owner, table)
      } else {
        this.move(table, owner, heir)
        table.inherit(owner, heir)
      }
    }
  }
}

/** The directory of a node's tables, made when it is first asked for. */
export const tablesOf: (node: Node) => TableDirectory = oncePer(() => new TableDirectory())
