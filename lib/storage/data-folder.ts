import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Fault, fault } from '../internal/errors.ts'
import { UNWRITTEN_TAIL_BYTES } from '../internal/limits.ts'

/**
 * Makes sure that lmdb can open this folder, before it is asked to: given a file that is not its own it ends the
 * process with a segmentation fault, and with a bus error when it reads past the end of one that was cut short.
 *
 * Creates the folder where it is missing. `storage_unwritable` when it cannot be made or written to or is not a folder,
 * `storage_corrupt` when its data file is not one of lmdb's.
 */
export function prepareDataFolder(folder: string): void {
  const path = resolve(folder)
  try {
    makeFolder(path)
    fs.accessSync(path, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
    checkDataFile(join(path, 'data.mdb'))
  } catch (reason) {
    if (reason instanceof Fault) throw reason
    throw fault('storage_unwritable', reason instanceof Error ? reason.message : path, { cause: reason })
  }
}

/** Makes the names of new files in a folder survive a power cut: flushing a file does not flush its name. */
export function flushFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

/** Step by step: Node's recursive mkdir never returns on a path where the system answers ENOENT, such as in /proc. */
function makeFolder(path: string): void {
  const found = fs.statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  if (found !== undefined) throw fault('storage_unwritable', `${path} is a file, not a folder`)
  const parent = dirname(path)
  makeFolder(parent)
  try {
    fs.mkdirSync(path, 0o700) // what is said in private, and hashes of tokens, are for this user alone
  } catch (reason) {
    const madeMeanwhile = fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()
    if (!madeMeanwhile) throw reason
  }
  flushFolder(parent)
}

/**
 * Where lmdb's file format keeps what is looked at here. The file begins with two meta pages, of which the one with
 * the higher transaction counts:
 *
 *     byte  18    24      28       48         144        152
 *          flags  magic   version  page size  last page  transaction
 */
const META = { flags: 18, magic: 24, version: 28, pageSize: 48, lastPage: 144, transaction: 152, length: 160 }
const META_FLAG = 0x08
const MAGIC = 0xbeefc0de
const VERSION = 2

function checkDataFile(path: string): void {
  const found = fs.statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.size === 0) return
  if (!found.isFile()) throw fault('storage_corrupt', `${path} is not a file`)
  fs.accessSync(path, fs.constants.R_OK | fs.constants.W_OK)
  const descriptor = fs.openSync(path, 'r')
  try {
    const first = readMeta(descriptor, 0)
    const pageSize = first?.readUInt32LE(META.pageSize) ?? 0
    const second = readMeta(descriptor, pageSize)
    if (first === null || second === null) throw fault('storage_corrupt', `${path} is not a data file of this program`)
    const newest = transactionOf(second) > transactionOf(first) ? second : first
    const pages = Number(newest.readBigUInt64LE(META.lastPage)) + 1
    completeTail(path, pages * pageSize - fs.fstatSync(descriptor).size)
  } finally {
    fs.closeSync(descriptor)
  }
}

function readMeta(descriptor: number, offset: number): Buffer | null {
  const page = Buffer.alloc(META.length)
  if (fs.readSync(descriptor, page, 0, META.length, offset) < META.length) return null
  const isMeta = (page.readUInt16LE(META.flags) & META_FLAG) !== 0
  return isMeta && page.readUInt32LE(META.magic) === MAGIC && page.readUInt16LE(META.version) === VERSION ? page : null
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(META.transaction)
}

/**
 * Appends the pages that are missing at the end, as zeros. A sound file may lack its last pages, when they were given
 * free again before they were ever written; nothing reads those. Where the file was cut short, a read now finds a page
 * that cannot be right, which lmdb reports, instead of none, which ends the process. Appending, unlike setting a
 * length, cannot harm what another OS process writes to the same file at this moment.
 */
function completeTail(path: string, missing: number): void {
  if (missing <= 0) return
  if (missing > UNWRITTEN_TAIL_BYTES) throw fault('storage_corrupt', `${path} has been cut short by ${missing} bytes`)
  fs.appendFileSync(path, Buffer.alloc(missing))
}
