/**
 * The host port: all that a node takes from the machine it runs on. Time, randomness and the turn of the event loop
 * come in here and nowhere else, so that a simulation can put a virtual host in its place and run many nodes, each with
 * its own clock, in one OS process. A lint rule forbids the global forms outside `system-host.ts`.
 */
export interface Clock {
  /** Monotonic time in milliseconds with fractions; its zero is arbitrary. */
  monotonic(): number
  /** Wall-clock time in whole milliseconds since 1970. Only for what people and other systems read. */
  wall(): number
  /** Calls `run` once, `milliseconds` from now or later. Holds the OS process open. */
  startTimer(run: () => void, milliseconds: number): TimerHandle
  stopTimer(handle: TimerHandle): void
}

/** Opaque to everyone but the host that made it. */
export type TimerHandle = object | number

export interface Random {
  /** `size` bytes from a source that cannot be guessed: secrets, tokens, nonces. */
  bytes(size: number): Uint8Array
  /** An integer from 0 up to, not including, `bound`. Not for secrets. */
  below(bound: number): number
}

export interface Host extends Clock, Random {
  /** Runs `run` once the current JavaScript stack is empty, before any timer or socket. */
  microtask(run: () => void): void
  /** Runs `run` after timers and sockets that are due have had their turn. */
  macrotask(run: () => void): void
  /**
   * Which of the `count` processes that are ready runs next, as an index below `count`. Left out, they run in the order
   * in which they became ready; a test's host chooses by chance.
   */
  pick?(count: number): number
  /**
   * Has this thread looked at from outside it, until it is closed: what runs for `milliseconds` or longer is written to
   * standard error while it runs. Left out by a host that cannot.
   */
  watchdog?(milliseconds: number, node: string): Watchdog
  /**
   * Opens a file for text, made when it is not there, and emptied. Rejects with what the system says when it cannot be
   * written to. Left out by a host without files, as a simulated one is.
   */
  openTextFile?(path: string): Promise<TextFile>
}

/** A file to which text is added at its end, as UTF-8. */
export interface TextFile {
  /** Resolves when the system has the text. To be called again only then. */
  append(text: string): Promise<void>
  close(): Promise<void>
}

/** Knows what a thread runs, and since when. */
export interface Watchdog {
  /** The process with this id begins to run `what`. */
  begin(process: number, what: string): void
  /** It is done. */
  done(): void
  close(): void
}

const METHODS: readonly (keyof Host)[] = [
  'monotonic',
  'wall',
  'startTimer',
  'stopTimer',
  'bytes',
  'below',
  'microtask',
  'macrotask',
]

/** Whether it has what every host has. */
export function isHost(value: unknown): value is Host {
  const host = value as Partial<Host> | null | undefined
  return METHODS.every((method) => typeof host?.[method] === 'function')
}
