// node chart.mjs RESULTS.json > CHART.svg    draws what `--json` wrote: a group of bars a work, the newest Node's
import { readFileSync } from 'node:fs'
import { digits } from './report.mjs'

const WIDTH = 860
const LABEL = 250
const BAR = 14
const GAP = 12
/** What the two lines of a group's label take at least. */
const LINES = 28
const COLOURS = { ours: '#2f6f4f', BEAM: '#a2003e', ractor: '#b7652b', nact: '#5b7fa6', 'C, send': '#666666' }

const { rows } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
process.stdout.write(draw(newest(rows)))

/** Of each work the row of the newest Node. */
function newest(rows) {
  const byWork = new Map()
  for (const row of rows) byWork.set(row.work, row)
  return [...byWork.values()]
}

/** Each group has a scale of its own: its longest bar fills the width. */
function draw(rows) {
  let y = 34
  const groups = rows.map((row) => {
    const bars = Object.entries({ ours: row.ours, ...row.peers })
    const most = Math.max(...bars.map(([, value]) => value))
    const top = y
    const lines = bars.map(([name, value]) => {
      const line = bar(name, value, value / most, y)
      y += BAR + 2
      return line
    })
    y = Math.max(y, top + LINES) + GAP
    return `${text(10, top + 11, row.work, 'bold')}\n${text(10, top + 25, `${row.unit === 'bytes' ? 'bytes, fewer are better' : row.unit}, Node ${row.node}`, 'small')}\n${lines.join('\n')}`
  })
  const title = text(10, 20, 'Guildhall beside its peers; each group has its own scale', 'small')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">
<title>Guildhall beside its peers</title>
<style>text { font: 12px system-ui, sans-serif; fill: #222 } .bold { font-weight: 600 } .small { font-size: 11px; fill: #666 }</style>
<rect width="100%" height="100%" fill="#fff"/>
${title}
${groups.join('\n')}
</svg>
`
}

function bar(name, value, share, y) {
  const width = Math.max(1, Math.round(share * (WIDTH - LABEL - 190)))
  const rect = `<rect x="${LABEL}" y="${y}" width="${width}" height="${BAR}" fill="${COLOURS[name] ?? '#999999'}"/>`
  return `${rect}${text(LABEL + width + 6, y + 11, `${name} ${digits(value)}`, name === 'ours' ? 'bold' : 'small')}`
}

function text(x, y, content, kind) {
  const escaped = content.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  return `<text x="${x}" y="${y}" class="${kind}">${escaped}</text>`
}
