// npm run bench -- [WORK | gateway] [--quick] [--rounds N] [--json FILE]
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { contenders, installPeers, runOnce } from './contenders.mjs'
import { format, header, median, range, tally, toJson } from './report.mjs'
import { WORKS } from './works.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    json: { type: 'string' },
  },
})

const FULL = { rounds: 5, times: [500, 1000] }
const QUICK = { rounds: 1, times: [0, 50] }
const QUICK_BATCH = 20_000
const GATEWAY = 'gateway'

const plan = options.quick ? QUICK : FULL
const rounds = Number(options.rounds ?? plan.rounds)
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds wants a whole number above 0, not ${options.rounds}`)

const KEYS = [...WORKS.map(({ key }) => key), GATEWAY]
/** A filter that is a work's key means that work alone; any other means the works with this text in their names. */
const wanted = ({ key, name }) =>
  positionals.length === 0 ||
  positionals.some((filter) => (KEYS.includes(filter) ? key === filter : name.includes(filter)))
const works = WORKS.filter(wanted)
const gateway = wanted({ key: GATEWAY, name: GATEWAY })
if (works.length === 0 && !gateway) {
  fail(`no work is named so; there are ${KEYS.join(', ')}`)
}

const rows = []
installPeers()
print(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, rounds in turn: ${rounds}\n`)
print(header())
if (works.length > 0) {
  const everyone = contenders()
  for (const work of works) show(await measureInTurn(everyone, options.quick ? shortened(work) : work))
}
if (gateway) {
  const { runGateway } = await import('./gateway.mjs')
  show(await runGateway({ quick: options.quick }))
}
print(options.quick ? '\nquick: it runs; nothing was measured, no goal is judged' : `\n${tally(rows)}`)
if (options.json !== undefined) writeFileSync(options.json, toJson(rows))

/** Each round gives every contender one run, so that a noisy minute hits them all. */
async function measureInTurn(everyone, work) {
  const results = takingPart(everyone, work).map((contender) => ({ contender, samples: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const { contender, samples } of results) samples.push(await runOnce(contender, work, plan.times))
  }
  const figures = results.map(({ contender, samples }) => ({
    ...contender,
    median: median(samples),
    range: range(samples),
  }))
  const nodes = [...new Set(figures.filter(({ name }) => name === 'ours').map(({ node }) => node))]
  return nodes.map((node) => toRow(work, node, figures))
}

/** Ours, the peers that do this work, and ours once more under the name of what it stands beside. */
function takingPart(everyone, { peers, beside, script, key, unit }) {
  const others = everyone
    .filter(({ name }) => name === 'ours' || peers === undefined || peers.includes(name))
    // A setting of Node's concerns speed alone.
    .filter(({ node, setting }) => unit !== 'bytes' || node === undefined || setting === '')
  if (beside === undefined) return others
  const twins = others.filter(({ name }) => name === 'ours')
  return [
    ...others,
    ...twins.map(({ command, ...ours }) => ({
      ...ours,
      name: beside.name,
      command: (work, times) => command({ ...work, key: beside.key, script: script ?? key }, times),
    })),
  ]
}

/** Ours on one Node beside the peers, each with its best setting; a peer on Node stands beside ours on the same one. */
function toRow(work, node, figures) {
  const best = new Map()
  for (const figure of figures) {
    if (figure.node !== undefined && figure.node !== node) continue
    const before = best.get(figure.name)
    const isBetter = work.better === 'more' ? figure.median > before?.median : figure.median < before?.median
    if (before === undefined || isBetter) best.set(figure.name, figure)
  }
  const of = (field) => Object.fromEntries([...best].map(([name, figure]) => [name, figure[field]]))
  const { ours, ...peers } = of('median')
  return {
    work: work.name,
    unit: work.unit,
    node,
    ours,
    peers: { ...work.bounds, ...peers },
    ranges: of('range'),
    settings: of('setting'),
    goals: work.goals,
    better: work.better,
  }
}

function shortened(work) {
  return { ...work, batch: work.key === 'fan-out' ? work.batch / 10 : Math.min(work.batch, QUICK_BATCH) }
}

function show(measured) {
  const more = options.quick ? measured.map((row) => ({ ...row, goals: {} })) : measured
  rows.push(...more)
  print(more.map(format).join('\n'))
}

function print(text) {
  process.stdout.write(`${text}\n`)
}

function fail(message) {
  process.stderr.write(`bench: ${message}\n`)
  process.exit(2)
}
