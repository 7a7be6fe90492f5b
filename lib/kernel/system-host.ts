import { randomBytes, randomInt } from 'node:crypto'
import type { Host } from './host.ts'
import { openTextFile } from './text-file.ts'
import { startWatchdog } from './watchdog.ts'

const settled = Promise.resolve()

/** The real machine: `performance.now`, Node's timers and its cryptographic randomness. */
export const systemHost: Host = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  startTimer: (run, milliseconds) => setTimeout(run, milliseconds),
  stopTimer: (handle) => clearTimeout(handle as NodeJS.Timeout),
  bytes: (size) => randomBytes(size),
  below: (bound) => randomInt(bound),
  // The reaction of a settled promise: Node's queueMicrotask makes an AsyncResource each time and costs far more.
  microtask: (run) => {
    settled.then(run)
  },
  macrotask: (run) => {
    setImmediate(run)
  },
  watchdog: startWatchdog,
  openTextFile,
}

/** Where reports go unless a node is told otherwise. */
export function writeToStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

let watching = false

/**
 * A call that failed and that nobody awaits ends the process that made it, not the OS process. `claim` tells whether a
 * rejection's reason belongs to a process; for all others Node's default stays: they are thrown.
 */
export function watchOrphans(claim: (reason: unknown) => boolean): void {
  if (watching) return
  watching = true
  process.on('unhandledRejection', (reason) => {
    if (!claim(reason) && process.listenerCount('unhandledRejection') === 1) throw reason
  })
}
