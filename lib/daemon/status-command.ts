import type { Command } from './command-line.ts'
import { askDaemon } from './control-socket.ts'
import { DATA_OPTION } from './data-option.ts'
import type { NodeStatus } from './service.ts'
import { urlOf } from './worker-protocol.ts'

/** What the daemon answers to `status`. */
export interface DaemonStatus {
  readonly version: string
  readonly nodes: readonly NodeStatus[]
}

export const statusCommand: Command = {
  words: 'status',
  operands: [],
  options: { json: { type: 'boolean', help: 'One line of JSON' }, data: DATA_OPTION },
  help: 'Tells the nodes of the daemon that runs on a data folder, their addresses and their OS processes.',
  async run(values, _operands, terminal) {
    // The daemon that answers is of this package, or of another version of it that says the same.
    const status = (await askDaemon(values.text('data'), 'status')) as DaemonStatus
    if (values.has('json')) terminal.out(JSON.stringify(status))
    else for (const line of table(status.nodes)) terminal.out(line)
    return 0
  },
}

function table(nodes: readonly NodeStatus[]): string[] {
  const rows = [
    ['node', 'state', 'address', 'transport', 'pid'],
    ...nodes.map((node) => {
      const process = node.state === 'serving' ? [node.transport, String(node.pid)] : ['', '']
      return [node.name, node.state, urlOf(node), ...process]
    }),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}
