import { fault } from '../../internal/errors.ts'
import { TABLE_OBJECTS } from '../../internal/limits.ts'
import { describe } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import { ANY, countFrom, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { Pid, type Ref } from '../../kernel/pid.ts'
import type { TableType } from './table-store.ts'

/** Who may do what: `public` everybody all; `protected` everybody reads, the owner writes; `private` the owner all. */
export type Protection = 'public' | 'protected' | 'private'

/** Who gets the table when its owner ends, and what it is told: `['ETS-TRANSFER', table, from, data]`. */
export type Heir = readonly [pid: Pid, data: unknown] | 'none'

/** A table's name, with the types that the compiler is to take for its objects and keys. */
export interface TableName<in out T extends object, in out K> {
  readonly table: string
  readonly types?: (object: T, key: K) => readonly [T, K]
}

/** Where an object has its key: an index of a tuple (from 0), a key of a record, or a function. */
export type KeyPlace<T, K> = (T extends readonly unknown[] ? number : keyof T & string) | ((object: T) => K)

export interface TableOptions<T extends object, K> {
  /** `set` unless told otherwise. */
  readonly type?: TableType
  /** A name that no other table of the node has. */
  readonly name?: string | TableName<T, K>
  /** `protected` unless told otherwise. */
  readonly protection?: Protection
  /** `none` unless told otherwise. */
  readonly heir?: Heir
  /** The first element of a tuple unless told otherwise. A function must give equal keys for equal objects. */
  readonly key?: KeyPlace<T, K>
  /** Objects that the table may hold. */
  readonly limit?: number
}

/** What a table tells of itself. */
export interface TableInfo {
  readonly id: Ref
  readonly name: string | undefined
  readonly type: TableType
  readonly protection: Protection
  readonly owner: Pid
  readonly heir: Pid | 'none'
  readonly size: number
  readonly limit: number
  readonly node: string
}

/** Options that were checked, with nothing left open. */
export interface CheckedOptions {
  readonly type: TableType
  readonly name: string | undefined
  readonly key: number | string | ((object: never) => unknown)
  readonly limit: number
}

const TYPES: readonly unknown[] = ['set', 'ordered_set', 'bag', 'duplicate_bag']

/** Those that are ANY are looked at below, and by the table. */
const TABLE: OptionKinds<TableOptions<object, unknown>> = {
  type: ANY,
  name: ANY,
  protection: ANY,
  heir: ANY,
  key: ANY,
  limit: countFrom(0, 'objects'),
}

/** @throws Fault `badarg` for an option that has not its form. */
export function checkTableOptions<T extends object, K>(options: TableOptions<T, K>): CheckedOptions {
  mustBeOptions('a table', options, TABLE)
  const { type = 'set', name, key = 0, limit = TABLE_OBJECTS } = options
  if (!TYPES.includes(type)) throw fault('badarg', `a table is one of ${TYPES.join(', ')}, not ${describe(type)}`)
  const byIndex = Number.isInteger(key) && (key as number) >= 0
  if (!byIndex && typeof key !== 'string' && typeof key !== 'function') {
    throw fault('badarg', 'key is an index from 0, the key of a record, or a function of the object')
  }
  return { type, name: checkTableName(name), key, limit }
}

/** @throws Fault `badarg` for a name that is no text. */
export function checkTableName(name: string | { readonly table: string } | undefined): string | undefined {
  const text: unknown = typeof name === 'object' ? Object(name).table : name
  if (text === undefined && name === undefined) return undefined
  if (typeof text === 'string' && text !== '') return text
  throw fault('badarg', `a table's name is a text that is not empty, not ${describe(text)}`)
}

/** @throws Fault `badarg` unless it is one of the three. */
export function checkProtection(protection: Protection): Protection {
  if (['public', 'protected', 'private'].includes(protection)) return protection
  throw fault('badarg', `protection is public, protected or private, not ${describe(protection)}`)
}

/** @throws Fault `badarg` for an heir that is no process of this node. */
export function checkHeir(node: Node, heir: Heir): Heir {
  if (heir === 'none') return heir
  if (!Array.isArray(heir) || heir.length !== 2 || !(heir[0] instanceof Pid)) {
    throw fault('badarg', "heir is [pid, data] or 'none'")
  }
  if (heir[0].address !== node.address) throw fault('badarg', 'a table stays on its node: name an heir of this one')
  return heir
}
