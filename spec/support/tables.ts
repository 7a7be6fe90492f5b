import type { Test } from 'tap'
import { type OtpNode, Table, type TableOptions } from '../../lib/index.ts'
import { nodeWithReports } from './kid.ts'
import { type Puppet, puppet } from './puppet.ts'

export type Row = readonly [key: unknown, ...rest: unknown[]]
export type Rows = Table<Row, unknown>

export interface Setting {
  readonly node: OtpNode
  readonly owner: Puppet
  make(options?: TableOptions<Row, unknown>): Promise<Rows>
}

/** A node with a process that owns the tables that are made, with these options unless told otherwise. */
export function setting(t: Test, defaults: TableOptions<Row, unknown> = {}): Setting {
  const { node } = nodeWithReports(t)
  const owner = puppet(node)
  const make = (options?: TableOptions<Row, unknown>) =>
    owner.tell((self) => new Table<Row, unknown>(self, { ...defaults, ...options }))
  return { node, owner, make }
}
