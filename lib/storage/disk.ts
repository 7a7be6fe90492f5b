/**
 * The disk port: an ordered map of rows on something that can lose what was not flushed. All that a storage engine has
 * to bring; everything above it (layout, fences, acknowledgement) is written once and is the same on each.
 *
 * A key is a string of bytes (character codes 0 to 255), so that JavaScript's `<` is the order of the bytes.
 */
export interface Disk extends View {
  /**
   * Runs `batch` once, with a view of the newest state that also shows what the batch has applied so far, and makes
   * all that it applied visible in one step, or, when `batch` throws or the promise is rejected, none of it. The rows
   * need not survive a power cut before the next flush; a batch survives as a whole or not at all. Batches do not
   * overlap, also not with those of other OS processes.
   */
  write(batch: (view: View, apply: (changes: readonly Change[]) => void) => void): Promise<void>
  /** Resolves when everything written before the call survives a power cut. */
  flush(): Promise<void>
  /** Called once, after the last write has been flushed. */
  close(): Promise<void>
}

/** Rows to read. Outside of a batch: the newest state that was written, flushed or not. */
export interface View {
  get(key: string): string | undefined
  range(range: Range): readonly Row[]
}

/** The rows with `from <= key < to`, at most `limit` of them: the first ones, or in reverse order the last ones. */
export interface Range {
  readonly from: string
  readonly to: string
  readonly limit: number
  readonly reverse?: boolean
}

export interface Row {
  readonly key: string
  readonly value: string
}

/** Sets the value of a row, or removes the row (null), there or not. */
export interface Change {
  readonly key: string
  readonly value: string | null
}
