import { type Fault, fault } from '../internal/errors.ts'
import { FLUSH_BATCH_CHARACTERS, FLUSH_QUEUE_CHARACTERS } from '../internal/limits.ts'
import type { Change, Disk, View } from './disk.ts'

/**
 * A write that decides on the spot: it looks at the newest state, throws to refuse, or returns its changes and the
 * answer for its caller. It runs inside the disk's batch, so nothing can come between what it saw and what it changes.
 */
export type Job<T> = (view: View) => { readonly changes: readonly Change[]; readonly answer: T }

/** What the queue counts for a job on top of the characters of its rows. */
const JOB_OVERHEAD = 256

/**
 * Group commit: what arrives while the disk is busy shares the next batch and its one flush, so a thousand writers cost
 * as many flushes as one. No timer is involved; a lone write goes out at once.
 *
 *     submit -> waiting -> [ write: jobs run in order, in one batch ] -> [ flush ] -> callers are answered, in order
 *                  ^------------------- meanwhile, new jobs wait here ------'
 *
 * Every answer, a refusal too, waits for the flush: what a job saw may be what a job before it in the batch has
 * written. A batch or flush that fails ends the queue: a disk that failed to flush once may have dropped the rows for
 * good while a second flush reports success, so nothing is acknowledged on its word any more.
 */
export class FlushQueue {
  readonly #disk: Disk
  #waiting: Entry[] = []
  #characters = 0
  #cycle: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #failure: Fault | undefined

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Whether `close` has been called. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /**
   * Runs `job` in the order of submission. Resolves with its answer when what it changed has been flushed; rejects with
   * what it threw, `storage_busy`, `storage_failed` or `storage_closed`. `characters` is about what the rows take up.
   */
  submit<T>(characters: number, job: Job<T>): Promise<T> {
    if (this.closed) return Promise.reject(fault('storage_closed'))
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const size = characters + JOB_OVERHEAD
    if (this.#characters + size > FLUSH_QUEUE_CHARACTERS) {
      return Promise.reject(fault('storage_busy', `${this.#waiting.length} writes wait`))
    }
    return new Promise((resolve, reject) => {
      this.#characters += size
      this.#waiting.push({ size, run: (view) => decide(job, view, resolve, reject), reject })
      this.#cycle ??= this.#drain()
    })
  }

  /** Refuses further jobs, waits until those that were submitted have been answered, and closes the disk. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#cycle
      await this.#disk.close()
    })()
    return this.#closing
  }

  async #drain(): Promise<void> {
    let batch: Entry[] = []
    try {
      while (this.#waiting.length > 0) {
        const answers: (() => void)[] = []
        await this.#disk.write((view, apply) => {
          batch = this.#take()
          for (const entry of batch) {
            const { changes, answer } = entry.run(view)
            apply(changes)
            answers.push(answer)
          }
        })
        await this.#disk.flush()
        batch = []
        for (const answer of answers) answer()
      }
    } catch (reason) {
      this.#fail(reason, batch)
    }
    this.#cycle = undefined
  }

  /** The oldest jobs, as many as a batch takes. */
  #take(): Entry[] {
    let count = 0
    let characters = 0
    while (count < this.#waiting.length && characters < FLUSH_BATCH_CHARACTERS) {
      characters += this.#waiting[count++]!.size
    }
    this.#characters -= characters
    return this.#waiting.splice(0, count)
  }

  #fail(reason: unknown, batch: readonly Entry[]): void {
    this.#failure = fault('storage_failed', reason instanceof Error ? reason.message : String(reason), {
      cause: reason,
    })
    for (const entry of [...batch, ...this.#waiting.splice(0)]) entry.reject(this.#failure)
  }
}

interface Entry {
  readonly size: number
  /** Decides the job: what it changes (nothing when it refuses), and how its caller is answered after the flush. */
  run(view: View): { readonly changes: readonly Change[]; readonly answer: () => void }
  reject(reason: unknown): void
}

function decide<T>(
  job: Job<T>,
  view: View,
  resolve: (answer: T) => void,
  reject: (reason: unknown) => void,
): ReturnType<Entry['run']> {
  try {
    const { changes, answer } = job(view)
    return { changes, answer: () => resolve(answer) }
  } catch (reason) {
    return { changes: [], answer: () => reject(reason) }
  }
}
