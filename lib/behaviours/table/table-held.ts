import { fault } from '../../internal/errors.ts'
import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import type { Node } from '../../kernel/node.ts'
import { ANY, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { Pid, type Ref } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { ownerOf } from '../caller.ts'
import { type OwnedTable, tablesOf } from './table-directory.ts'
import {
  type CheckedOptions,
  checkHeir,
  checkProtection,
  checkTableName,
  type Heir,
  type Protection,
  type TableInfo,
} from './table-options.ts'

const SETOPTS: OptionKinds<{ readonly heir?: Heir; readonly protection?: Protection }> = { heir: ANY, protection: ANY }

/**
 * What a table is for those around it: its name, its owner, who inherits it, and who may read and write it.
 *
 *     made by a process ──> owner ── giveAway ──> another owner ── ends ──> heir, the owner from then on
 *                                                                     └──>  no heir: gone
 *
 * Its objects are in table-objects.ts; table.ts has both.
 */
export abstract class HeldTable implements OwnedTable {
  readonly id: Ref
  readonly #node: Node
  readonly #options: CheckedOptions
  #name: string | undefined
  #protection: Protection
  #heir: Heir
  /** Undefined once the table is gone. */
  #owner: Process | undefined

  constructor(
    owner: Process,
    options: CheckedOptions,
    { protection = 'protected', heir = 'none' }: { readonly protection?: Protection; readonly heir?: Heir },
  ) {
    this.#node = owner.node
    this.#options = options
    this.#name = options.name
    this.#protection = checkProtection(protection)
    this.#heir = checkHeir(owner.node, heir)
    this.id = owner.node.makeRef()
    tablesOf(owner.node).add(owner, this)
    this.#owner = owner
  }

  protected abstract get size(): number
  protected abstract clear(): void

  get name(): string | undefined {
    return this.#name
  }

  /** `undefined` once the table is gone. */
  info(): TableInfo | undefined {
    if (this.#owner === undefined) return undefined
    const heir = this.#heir !== 'none' && this.#heir[0].process !== undefined ? this.#heir[0] : 'none'
    return {
      id: this.id,
      name: this.#name,
      type: this.#options.type,
      protection: this.#protection,
      owner: this.#owner.pid,
      heir,
      size: this.size,
      limit: this.#options.limit,
      node: this.#node.name,
    }
  }

  /**
   * Gives the table to another process of the node, which is sent `['ETS-TRANSFER', table, from, data]`. Owner only.
   * @throws Fault `badarg` when that process has ended, is the owner itself, or lives on another node.
   */
  giveAway(caller: ProcessCaller, pid: Pid, data: unknown): void {
    const owner = this.#mustOwn(caller)
    const heir = pid instanceof Pid && pid.address === this.#node.address ? pid.process : undefined
    if (heir === undefined || heir === owner) {
      throw fault('badarg', 'a table is given to another process of this node that lives')
    }
    tablesOf(this.#node).move(this, owner, heir)
    this.#transfer(owner, heir, data)
  }

  /** Changes who inherits the table, or who may do what. Owner only. */
  setopts(caller: ProcessCaller, options: { readonly heir?: Heir; readonly protection?: Protection }): void {
    this.#mustOwn(caller)
    mustBeOptions('setopts', options, SETOPTS)
    const { heir = this.#heir, protection = this.#protection } = options
    const nextHeir = checkHeir(this.#node, heir)
    this.#protection = checkProtection(protection)
    this.#heir = nextHeir
  }

  /**
   * Gives the table another name.
   * @throws Fault `badarg` when the name is taken, or the table has none.
   */
  rename(caller: Caller, name: string | { readonly table: string }): void {
    this.mayWrite(caller)
    const text = checkTableName(name)
    if (text === undefined || this.#name === undefined) throw fault('badarg', 'only a table with a name is renamed')
    tablesOf(this.#node).rename(this, text)
    this.#name = text
  }

  /** Removes the table itself, whoever may write it (`ets:delete/1`). */
  deleteTable(caller: Caller): void {
    this.mayWrite(caller)
    tablesOf(this.#node).remove(this.#owner!, this)
    this.drop()
  }

  /** @internal */
  heirOf(owner: Process): Process | undefined {
    const heir = this.#heir === 'none' ? undefined : this.#heir[0].process
    return heir === owner ? undefined : heir
  }

  /** @internal */
  inherit(owner: Process, heir: Process): void {
    this.#transfer(owner, heir, this.#heir === 'none' ? undefined : this.#heir[1])
  }

  /** @internal */
  drop(): void {
    this.#owner = undefined
    this.clear()
  }

  #transfer(from: Process, to: Process, data: unknown): void {
    this.#owner = to
    to.deliver(Object.freeze(['ETS-TRANSFER', this, from.pid, data]))
  }

  // --- who may

  protected mayRead(caller: Caller): void {
    this.#allow(caller, this.#protection !== 'private', 'read')
  }

  protected mayWrite(caller: Caller): void {
    this.#allow(caller, this.#protection === 'public', 'write')
  }

  #allow(caller: Caller, everybody: boolean, what: 'read' | 'write'): void {
    const { node, ended } = ownerOf(caller)
    if (ended) throw fault('process_exited')
    if (this.#owner === undefined) throw fault('badarg', 'the table is gone, as its owner is: give tables an heir')
    if (caller === this.#owner || (everybody && node === this.#node)) return
    const may = node === this.#node ? 'ask its owner, or choose another protection' : 'ask a process of its node'
    throw fault('badarg', `this caller may not ${what} the table, which is ${this.#protection}: ${may}`)
  }

  #mustOwn(caller: Caller): Process {
    this.#allow(caller, false, 'write')
    return this.#owner!
  }
}
