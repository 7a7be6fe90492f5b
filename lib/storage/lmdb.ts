import type { RootDatabase } from 'lmdb'
import { type Fault, fault } from '../internal/errors.ts'
import { disregardOrphans } from '../kernel/orphans.ts'
import { flushFolder, prepareDataFolder } from './data-folder.ts'
import type { Change, Disk, Range, Row } from './disk.ts'
import { openStorage } from './ordered-storage.ts'
import type { OwnedStorage } from './port.ts'

/**
 * Opens, and where there is none makes, the storage in this folder. It is flushed to the disk with every
 * acknowledgement. Several OS processes may hold the same folder open and write: each sees at once what the others
 * have been acknowledged; a process that is stopped in the middle of a write holds up the writes of the others, so all
 * but one should be short-lived.
 *
 * A short-lived process should exit without closing: what it was acknowledged is on the disk, while lmdb, closed by the
 * last process that had the folder open, takes down the lock that another one may just be about to use. That other one
 * then fails with `storage_contended`.
 *
 * Also fails with `storage_unwritable`, `storage_corrupt`, `storage_format`, or `storage_unavailable` when lmdb's
 * native part is missing on this machine.
 */
export async function openLmdbStorage(folder: string): Promise<OwnedStorage> {
  return openStorage(await openLmdbDisk(folder))
}

/** The rows alone, for a layout of one's own. The same promises, and the same errors. */
export async function openLmdbDisk(folder: string): Promise<Disk> {
  prepareDataFolder(folder)
  const { open } = await loadLmdb()
  const disk = new LmdbDisk(openEnvironment(open, folder))
  flushFolder(folder)
  return disk
}

/** The native part is loaded on first use, so that importing this module costs nothing where lmdb is not used. */
async function loadLmdb(): Promise<typeof import('lmdb')> {
  disregardOrphans(isCommitFailure)
  try {
    return await import('lmdb')
  } catch (cause) {
    throw fault('storage_unavailable', String(cause), { cause })
  }
}

type Environment = RootDatabase<Buffer, Buffer>

/**
 * `overlappingSync` is switched off: with it lmdb shows a transaction, and writes its root, before the pages are
 * flushed. Without, a commit is lmdb's classic one: pages, flush, root page, flush. What a read returns is on the disk.
 */
function openEnvironment(open: typeof import('lmdb').open, folder: string): Environment {
  try {
    return open<Buffer, Buffer>({
      path: folder,
      noSubdir: false,
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
    })
  } catch (reason) {
    throw openFault(folder, reason)
  }
}

class LmdbDisk implements Disk {
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  get(key: string): string | undefined {
    this.#environment.resetReadTxn()
    return this.#get(key)
  }

  range(range: Range): readonly Row[] {
    this.#environment.resetReadTxn()
    return this.#range(range)
  }

  /**
   * One lmdb transaction: `batch` runs on this thread while lmdb's writer thread holds the lock, the commit and its
   * flush run on the writer thread. A put that lmdb refuses marks the transaction as failed, so that it cannot commit.
   */
  async write(batch: Parameters<Disk['write']>[0]): Promise<void> {
    const view = { get: (key: string) => this.#get(key), range: (range: Range) => this.#range(range) }
    try {
      await this.#environment.transaction(() => batch(view, (changes) => this.#apply(changes)))
    } catch (reason) {
      throw await commitCause(reason)
    }
  }

  async flush(): Promise<void> {
    await this.#environment.flushed
  }

  close(): Promise<void> {
    return this.#environment.close()
  }

  #apply(changes: readonly Change[]): void {
    for (const { key, value } of changes) {
      if (value === null) this.#environment.remove(bytesOf(key))
      else this.#environment.put(bytesOf(key), Buffer.from(value))
    }
  }

  /** Inside a transaction a read sees it; elsewhere the snapshot of the last `resetReadTxn`. */
  #get(key: string): string | undefined {
    return reading(() => this.#environment.get(bytesOf(key))?.toString())
  }

  #range({ from, to, limit, reverse = false }: Range): readonly Row[] {
    const bounds = reverse
      ? { start: bytesOf(to), exclusiveStart: true, end: bytesOf(from), inclusiveEnd: true }
      : { start: bytesOf(from), end: bytesOf(to) }
    return reading(() =>
      Array.from(this.#environment.getRange({ ...bounds, limit, reverse }), ({ key, value }) => ({
        key: key.toString('latin1'),
        value: value.toString(),
      })),
    )
  }
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'latin1')
}

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (reason) {
    throw fault('storage_corrupt', messageOf(reason), { cause: reason })
  }
}

/** What lmdb answers for a damaged file: page not found, corrupted, version mismatch, invalid. */
const DAMAGED: readonly unknown[] = [-30797, -30796, -30794, -30793]
/** EINVAL, on Linux and macOS alike: the lock in the shared file is not one. */
const NO_LOCK = 22

function openFault(folder: string, reason: unknown): Fault {
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined
  const kind = DAMAGED.includes(code)
    ? 'storage_corrupt'
    : code === NO_LOCK
      ? 'storage_contended'
      : 'storage_unwritable'
  return fault(kind, `${folder}: ${messageOf(reason)}`, { cause: reason })
}

/**
 * Why a commit failed. lmdb rejects with an error that only carries a promise of the cause, which is rejected in the
 * same turn, or never: whatever is not there after that turn is not waited for.
 */
async function commitCause(reason: unknown): Promise<unknown> {
  if (!isCommitFailure(reason)) return reason
  const cause: Promise<unknown> = reason.commitError.catch((error: unknown) => error)
  return Promise.race([cause, Promise.resolve().then(() => reason)])
}

/** lmdb rejects with it the promise of each write of a transaction, of which only the transaction's own is awaited. */
function isCommitFailure(reason: unknown): reason is Error & { readonly commitError: Promise<unknown> } {
  return reason instanceof Error && 'commitError' in reason && reason.commitError instanceof Promise
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}
