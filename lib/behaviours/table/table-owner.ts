import { fault } from '../../internal/errors.ts'
import { TABLES_PER_NODE } from '../../internal/limits.ts'
import type { Node } from '../../kernel/node.ts'
import type { Process } from '../../kernel/process.ts'

/** What the owner of a table needs to know of it. */
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
 *     holders   process ─> Holder { table, table }     owned by the process (`Context.own`)
 *
 * A process's tables go as its name does: when it ends, before its links and monitors hear of it.
 */
export class TableDirectory {
  readonly #names = new Map<string, OwnedTable>()
  readonly #holders = new Map<Process, Holder>()
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
    this.#holderOf(owner).tables.add(table)
    if (name !== undefined) this.#names.set(name, table)
    this.#count++
  }

  remove(owner: Process, table: OwnedTable): void {
    this.#holders.get(owner)?.tables.delete(table)
    if (table.name !== undefined) this.#names.delete(table.name)
    this.#count--
  }

  move(table: OwnedTable, from: Process, to: Process): void {
    this.#holders.get(from)?.tables.delete(table)
    this.#holderOf(to).tables.add(table)
  }

  /** @internal Each table with its owner. */
  *owners(): Generator<readonly [table: OwnedTable, owner: Process]> {
    for (const { process, tables } of this.#holders.values()) for (const table of tables) yield [table, process]
  }

  /** @internal */
  named(): Iterable<OwnedTable> {
    return this.#names.values()
  }

  /** @internal The process of `holder` has ended. */
  release(holder: Holder): void {
    const { process } = holder
    for (const table of [...holder.tables]) {
      const heir = table.heirOf(process)
      if (heir === undefined) {
        table.drop()
        this.remove(process, table)
      } else {
        this.move(table, process, heir)
        table.inherit(process, heir)
      }
    }
    this.#holders.delete(process)
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
  readonly tables: Set<OwnedTable> = new Set()
  readonly #directory: TableDirectory

  constructor(directory: TableDirectory, process: Process) {
    this.#directory = directory
    this.process = process
  }

  [Symbol.dispose](): void {
    this.#directory.release(this)
  }
}

const directories = new WeakMap<Node, TableDirectory>()

export function tablesOf(node: Node): TableDirectory {
  let directory = directories.get(node)
  if (directory === undefined) {
    directory = new TableDirectory()
    directories.set(node, directory)
  }
  return directory
}
