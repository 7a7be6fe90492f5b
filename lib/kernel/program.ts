import type { Arity, Callback } from './message-term.ts'
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

  // For process info, traces and system monitors; a program that leaves them out is shown with less.

  /** OTP's name of a behaviour: `gen_server`, ... */
  readonly behaviour?: string
  /** The name of the callback module, or of the function; that of the behaviour unless told otherwise. */
  nameOf?(process: Process): string
  /** What the process was spawned with (`[module, 'init', 1]` unless told otherwise). */
  initialCallOf?(process: Process): Arity
  /** The state, where `process.state` is not that but something of the program's own around it. */
  stateOf?(process: Process): unknown
  /** How many levels of lists, 0 unless told otherwise, `stateOf` makes anew each time around what may be the same. */
  readonly stateLevels?: number
  /** The callback that the message leads to; none when the program tells its calls by itself (`calling`). */
  callbackOf?(process: Process, message: unknown): Callback | undefined
  /** Whether it puts messages aside instead of handling them. */
  isSuspended?(process: Process): boolean
  /** Whether it waits for a message and expects none for long. */
  isHibernating?(process: Process): boolean
  /** False: its messages do not lead to callbacks. */
  readonly hasCallbacks?: boolean
}
