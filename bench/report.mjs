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
  ['node', 14],
  ['unit', 8],
  ['ours, median (range)', 27],
  ['peer', 12],
  ['peer, median (range)', 27],
  ['ratio', 9],
  ['goal', 22],
]

export const header = () =>
  `${line(COLUMNS.map(([title]) => title))}\n${line(COLUMNS.map(([, width]) => '-'.repeat(width)))}`

/** What a long setting is called in the table. */
const SHORT = { '--single-threaded-gc': '1 gc' }

/** The lines of a row, one a peer. */
export function format(row) {
  const ours = figure(row.ours, row.ranges?.ours)
  const peers = Object.entries(row.peers)
  const first = [row.work, [row.node, SHORT[row.settings?.ours]].filter(Boolean).join(' '), row.unit, ours]
  if (peers.length === 0) return line([...first, 'no peer here'])
  return peers
    .map(([name, value], index) => {
      const setting = row.settings?.[name]
      const label = [name, SHORT[setting] ?? setting].filter(Boolean).join(' ')
      const ratio = row.ours / value
      const left = index === 0 ? first : ['', '', '', '']
      return line([...left, label, figure(value, row.ranges?.[name]), `${digits(ratio)} x`, verdict(row, name)])
    })
    .join('\n')
}

/** What `--json` writes. */
export const toJson = (rows) =>
  `${JSON.stringify({ rows: rows.map(({ work, unit, node, ours, peers }) => ({ work, unit, node, ours, peers })) }, null, 2)}\n`

/** The last line: how many goals were reached, on each Node. */
export function tally(rows) {
  const nodes = [...new Set(rows.map(({ node }) => node))]
  const counted = nodes.map((node) => {
    const verdicts = rows.filter((row) => row.node === node).flatMap(verdictsOf)
    return `${verdicts.filter((reached) => reached).length} of ${verdicts.length} on Node ${node}`
  })
  return `goals reached: ${counted.join(', ')}`
}

const verdictsOf = (row) => Object.keys(row.peers).flatMap((peer) => isReached(row, peer) ?? [])

function verdict(row, peer) {
  const reached = isReached(row, peer)
  if (reached === undefined) return ''
  return `${row.better === 'less' ? 'at most' : 'at least'} ${Number(row.goals[peer].toFixed(2))} x: ${reached ? 'reached' : 'missed'}`
}

/** Undefined where there is no goal. */
function isReached(row, peer) {
  const goal = row.goals?.[peer]
  if (goal === undefined) return undefined
  const ratio = row.ours / row.peers[peer]
  return row.better === 'less' ? ratio <= goal : ratio >= goal
}

function figure(value, span) {
  return span === undefined ? digits(value) : `${digits(value)} (${digits(span[0])} - ${digits(span[1])})`
}

export function digits(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toPrecision(3)
}

const line = (cells) =>
  cells
    .map((cell, index) => cell.padEnd(COLUMNS[index][1]))
    .join('  ')
    .trimEnd()
