import type { Process } from './process.ts'

/**
 * What a process runs. A behaviour is one object of this kind, shared by all its processes; what differs between them
 * is the process's `state`.
 */
export interface Program {
  /** Runs once, in the process's first turn. Not an async function: what takes time is handed to `process.suspend`. */
  start(process: Process): void
  /**
   * Handles at most `quantum` messages of a mailbox that is not empty and returns how many it took. It returns early
   * when the process has ended or waits for an async handler. What it throws is the reason the process ends with.
   */
  run(process: Process, quantum: number): number
}
