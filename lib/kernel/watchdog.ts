import { Worker } from 'node:worker_threads'
import { WATCHDOG_NAMES } from '../internal/limits.ts'
import type { Watchdog } from './host.ts'

/**
 * A thread that looks on. The node's thread only writes two numbers into shared memory when it calls into a process and
 * again when it is back; the names of what it runs are sent ahead, each once.
 *
 *     this thread   count: 6 ── runs ──> 7, callback 3 of process 12 ── back ──> 8 ...
 *     the other     every quarter of the limit: the same odd count for as long as the limit? a line on standard error
 */
const COUNT = 0
const NAME = 1
const PROCESS = 2
const CELLS = 3

/** What the other thread runs. It shares no code with this one, so that it needs no loader and no build. */
const LOOK_ON = `
const { parentPort, workerData } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const { cells, milliseconds, node } = workerData
const names = new Map()
parentPort.on('message', ([number, name]) => names.set(number, name))
let seen = 0
let since = 0
let told
setInterval(() => {
  const count = Atomics.load(cells, ${COUNT})
  const now = performance.now()
  if (count !== seen) {
    seen = count
    since = now
  } else if ((count & 1) === 1 && count !== told && now - since >= milliseconds) {
    told = count
    const name = names.get(Atomics.load(cells, ${NAME})) ?? 'a callback'
    const process = Atomics.load(cells, ${PROCESS}) >>> 0
    const ms = Math.floor(now - since)
    const what = \`node=\${node} process=\${process} in=\${name} timeout=\${ms}\`
    writeSync(2, \`[warning] system_monitor long_schedule \${what} still running\\n\`)
  }
}, Math.max(1, milliseconds / 4))
`

class ThreadWatchdog implements Watchdog {
  readonly #cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT))
  readonly #names = new Map<string, number>()
  readonly #thread: Worker
  #count = 0

  constructor(milliseconds: number, node: string) {
    const workerData = { cells: this.#cells, milliseconds, node }
    // Without what this thread was started with: hooks and loaders are no business of that one.
    this.#thread = new Worker(LOOK_ON, { eval: true, workerData, execArgv: [], env: {} })
    this.#thread.unref()
  }

  begin(process: number, what: string): void {
    Atomics.store(this.#cells, NAME, this.#names.get(what) ?? this.#announce(what))
    Atomics.store(this.#cells, PROCESS, process | 0)
    this.#count = (this.#count + 1) | 1
    Atomics.store(this.#cells, COUNT, this.#count)
  }

  done(): void {
    this.#count = (this.#count | 1) + 1
    Atomics.store(this.#cells, COUNT, this.#count)
  }

  close(): void {
    void this.#thread.terminate()
  }

  #announce(what: string): number {
    if (this.#names.size >= WATCHDOG_NAMES) return -1
    const number = this.#names.size
    this.#names.set(what, number)
    this.#thread.postMessage([number, what])
    return number
  }
}

/** See `Host.watchdog`. */
export function startWatchdog(milliseconds: number, node: string): Watchdog {
  return new ThreadWatchdog(milliseconds, node)
}
