import { fault } from '../internal/errors.ts'
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
 * Every answer, a refusal too, waits for the flush: what a job saw may be what a job before it in the batch has written.
 * A batch or flush that fails ends the queue: a disk that failed to flush once may have dropped the rows for good while
 * a second flush reports success, so nothing is acknowledged on its word any more.
 */
export class FlushQueue {
  readonly #disk: Disk
  #waiting: Entry[] = []
  #characters = 0
  #cycle: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #failure: unknown

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /**
   * Runs `job` in the order of submission. Resolves with its answer when what it changed has been flushed; rejects with
   * what it threw, `storage_busy`, `storage_failed` or `storage_closed`. `characters` is about what the rows take up.
   */
  submit<T>(characters: number, job: Job<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(fault('storage_closed'))
    if (this.#failure !== undefined) return Promise.reject(this.#refusal())
    const size = characters + JOB_OVERHEAD
    if (this.#characters + size > FLUSH_QUEUE_CHARACTERS) {
      return Promise.reject(fault('storage_busy', `${this.#waiting.length} writes wait`))
    }
    return new Promise((resolve, reject) => {
      this.#characters += size
      this.#waiting.push({
        size,
        run(view) {
          const { changes, answer } = job(view)
          this.settle = () => resolve(answer)
          return changes
        },
        settle: () => {},
        reject,
      })
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
        await this.#disk.write((view, apply) => {
          batch = this.#take()
          for (const entry of batch) apply(evaluate(entry, view))
        })
        await this.#disk.flush()
        for (const entry of batch) entry.settle()
        batch = []
      }
    } catch (reason) {
      this.#failure = reason
      for (const entry of [...batch, ...this.#waiting.splice(0)]) entry.reject(this.#refusal())
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

  #refusal(): Error {
    const reason = this.#failure instanceof Error ? this.#failure.message : String(this.#failure)
    return fault('storage_failed', reason, { cause: this.#failure })
  }
}

interface Entry {
  readonly size: number
  /** Runs the job and prepares `settle` to answer its caller. */
  run(view: View): readonly Change[]
  settle(): void
  reject(reason: unknown): void
}

/** What the job changes; nothing when it refuses, which its caller hears when the batch has been flushed. */
function evaluate(entry: Entry, view: View): readonly Change[] {
  try {
    return entry.run(view)
  } catch (reason) {
    entry.settle = () => entry.reject(reason)
    return []
  }
}
