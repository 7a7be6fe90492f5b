// Socket deliveries: bursts of events to 1,000 WebSockets, each with a sequence and a resume window of its own, drained
// and counted by a client in C in another process. Beside ours runs a server in C that does only what the work asks
// for. The figure is deliveries per second of the server's CPU time, so the client's share of the machine does not
// count.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { nodeBinaries } from './contenders.mjs'
import { median, range } from './report.mjs'

const run = promisify(execFile)
const HERE = fileURLToPath(new URL('.', import.meta.url))
const BUILD = `${HERE}build/gateway`
const PEER = 'C, send'
/** Events a burst, and the share of the peer's figure to reach. */
const BURSTS = [
  { events: 1, goal: 0.8 },
  { events: 10, goal: 0.7 },
  { events: 50, goal: 0.6 },
]
const BURSTS_UNDER_WAY = 4
/** Before anything is measured, so many events a burst fill every window to its bound and bring the code to its speed. */
const WARM_UP = 50
/** `seconds` are of the server's CPU time, for each phase. */
const FULL = { rounds: 5, seconds: 1, sockets: 1000 }
const QUICK = { rounds: 1, seconds: 0.1, sockets: 100 }

/**
 * Measures, each round giving every server one run.
 * @param {{ quick?: boolean }} options quick: once and shortly, to see that it runs
 * @returns {Promise<import('./report.mjs').Row[]>} none where the machine has no C compiler or is not Linux
 */
export async function runGateway({ quick = false } = {}) {
  if (!compile()) {
    process.stderr.write('bench: the gateway rows need Linux and a C compiler (cc); they are left out\n')
    return []
  }
  const plan = quick ? QUICK : FULL
  const servers = [{ name: PEER, command: [`${BUILD}/server`] }, ...nodeBinaries().flatMap(onNode)]
  const samples = new Map(servers.map((server) => [server, BURSTS.map(() => [])]))
  for (let round = 0; round < plan.rounds; round++) {
    for (const server of servers) {
      const figures = await measure(server, plan)
      figures.forEach((figure, index) => {
        samples.get(server)[index].push(figure)
      })
    }
  }
  const [peer, ...ours] = servers
  return ours.flatMap((server) =>
    BURSTS.map((burst, index) => toRow(burst, server, samples.get(server)[index], samples.get(peer)[index])),
  )
}

function compile() {
  if (process.platform !== 'linux') return false
  mkdirSync(BUILD, { recursive: true })
  try {
    for (const name of ['server', 'client']) {
      execFileSync('cc', ['-O2', '-Wall', '-o', `${BUILD}/${name}`, `${HERE}gateway/${name}.c`], { stdio: 'inherit' })
    }
    return true
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

/** Ours on every transport that loads on this Node: the one that `auto` takes, and ws where that is another. */
function onNode({ path, version }) {
  const transports = execFileSync(path, [`${HERE}gateway/ours.mjs`, 'transports'], { encoding: 'utf8' })
    .trim()
    .split(' ')
  return transports.map((transport) => ({
    name: `ours on ${transport}`,
    transport,
    node: version,
    command: [path, `${HERE}gateway/ours.mjs`, transport],
  }))
}

/** Starts a server, lets the client measure all the phases, and answers the deliveries per CPU second of each. */
async function measure({ name, command: [file, ...args] }, { seconds, sockets }) {
  const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [port, controlPort] = await ready(server)
    const bursts = [WARM_UP, ...BURSTS.map(({ events }) => events)]
    const phases = bursts.map((events) => `${events}:${BURSTS_UNDER_WAY}:${seconds}`).join(',')
    const { stdout } = await run(`${BUILD}/client`, [port, controlPort, server.pid, sockets, phases].map(String))
    const [, ...lines] = stdout.trim().split('\n')
    return lines.map((line) => {
      const result = JSON.parse(line)
      if (!result.complete) throw new Error(`bench: ${name} has lost deliveries: ${JSON.stringify(result)}`)
      return result.deliveries / Math.max(result.cpu, 0.01)
    })
  } finally {
    server.kill('SIGKILL')
  }
}

/** The ports in the line `READY port controlPort`. */
async function ready(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const [word, ...ports] = line.split(' ')
    if (word === 'READY') return ports
  }
  throw new Error('bench: a server ended before it was ready')
}

function toRow({ events, goal }, { transport, node }, ours, peer) {
  const inMillions = (samples) => samples.map((sample) => sample / 1e6)
  return {
    work: `deliveries, ${events} a burst, ${transport}`,
    unit: 'M/core-s',
    node,
    ours: median(inMillions(ours)),
    peers: { [PEER]: median(inMillions(peer)) },
    ranges: { ours: range(inMillions(ours)), [PEER]: range(inMillions(peer)) },
    goals: { [PEER]: goal },
    better: 'more',
  }
}
