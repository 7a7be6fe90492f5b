// Medians, ranges, the table and the JSON file.

/**
 * One line of results. `ranges` and `settings` belong to `ours` and to each peer by name.
 *
 * @typedef {object} Row
 * @property {string} work
 * @property {string} unit
 * @property {string} node
 * @property {number} ours
 * @property {Record<string, number>} peers
 * @property {Record<string, readonly [low: number, high: number]>} [ranges]
 * @property {Record<string, string>} [settings]
 * @property {Record<string, number>} [goals] ours over the peer's, to reach
 * @property {'more' | 'less'} [better]
 */

export function median(samples) {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const range = (samples) => [Math.min(...samples), Math.max(...samples)]

const COLUMNS = [
  ['work', 34],
  ['node', 9],
  ['unit', 6],
  ['ours, median (range)', 27],
  ['peer', 12],
  ['peer, median (range)', 27],
  ['ratio', 9],
  ['goal', 22],
]

export const header = () =>
  `${line(COLUMNS.map(([title]) => title))}\n${line(COLUMNS.map(([, width]) => '-'.repeat(width)))}`

/** The lines of a row, one a peer. */
export function format(row) {
  const ours = figure(row.ours, row.ranges?.ours)
  const peers = Object.entries(row.peers)
  const first = [row.work, row.node, row.unit, ours]
  if (peers.length === 0) return line([...first, 'no peer here'])
  return peers
    .map(([name, value], index) => {
      const label = [name, row.settings?.[name]].filter(Boolean).join(' ')
      const ratio = row.ours / value
      const left = index === 0 ? first : ['', '', '', '']
      return line([...left, label, figure(value, row.ranges?.[name]), `${digits(ratio)} x`, verdict(row, name, ratio)])
    })
    .join('\n')
}

/** What `--json` writes. */
export const toJson = (rows) =>
  `${JSON.stringify({ rows: rows.map(({ work, unit, node, ours, peers }) => ({ work, unit, node, ours, peers })) }, null, 2)}\n`

function verdict(row, peer, ratio) {
  const goal = row.goals?.[peer]
  if (goal === undefined) return ''
  const less = row.better === 'less'
  const reached = less ? ratio <= goal : ratio >= goal
  return `${less ? 'at most' : 'at least'} ${goal} x: ${reached ? 'reached' : 'missed'}`
}

function figure(value, span) {
  return span === undefined ? digits(value) : `${digits(value)} (${digits(span[0])} - ${digits(span[1])})`
}

function digits(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toPrecision(3)
}

const line = (cells) =>
  cells
    .map((cell, index) => cell.padEnd(COLUMNS[index][1]))
    .join('  ')
    .trimEnd()
