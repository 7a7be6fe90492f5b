import { fault } from '../../internal/errors.ts'
import { SYS_LOG_FILE_CHARACTERS } from '../../internal/limits.ts'
import { describe } from '../../kernel/exit.ts'
import type { Host, TextFile } from '../../kernel/host.ts'
import { isRequest } from '../../kernel/remote.ts'
import type { SystemEvent } from './sys-debug.ts'

/**
 * The events of a process as lines of text in a file (`sys:log_to_file/2`). The process never waits for the disk:
 *
 *     write(line) ──> waiting ──as soon as the file is open, all that waits at once──> disk ──> what came meanwhile
 *                        │
 *                        └ SYS_LOG_FILE_CHARACTERS wait: dropped until the disk has caught up, and counted in a line
 */
export class LogFile {
  readonly path: string
  /** Rejects with why it could not be opened. */
  readonly opened: Promise<unknown>
  readonly #file: Promise<TextFile>
  readonly #failed: (error: unknown) => void
  /** What waits, and what is being written, in characters. */
  #characters = 0
  #waiting: string[] = []
  #dropped = 0
  #writing: Promise<void> | undefined
  #isClosed = false
  #hasFailed = false

  /** Begins to open `path` when `before` is over; `failed` hears once why it could not be opened or written to. */
  constructor(host: Host, path: string, before: Promise<void> | undefined, failed: (error: unknown) => void) {
    this.path = path
    this.#failed = failed
    this.#file = open(host, path, before)
    this.opened = this.#file
    this.#file.catch((error) => this.#fail(error))
  }

  write(line: string): void {
    if (this.#isClosed) return
    if (this.#dropped > 0 || this.#characters + line.length > SYS_LOG_FILE_CHARACTERS) this.#dropped++
    else {
      this.#waiting.push(line)
      this.#characters += line.length
    }
    this.#writing ??= this.#writeAll()
  }

  /** Takes no more lines; resolves when those that wait are written and the file is closed, however that went. */
  async close(): Promise<void> {
    this.#isClosed = true
    try {
      const file = await this.#file
      await this.#writing
      await file.close()
    } catch {
      // it could not be opened, or the disk refuses to close it: who opened it has been told, or it is gone by now
    }
  }

  async #writeAll(): Promise<void> {
    try {
      const file = await this.#file
      while (this.#waiting.length > 0 || this.#dropped > 0) {
        const characters = this.#characters
        await file.append(this.#take())
        this.#characters -= characters
      }
      this.#writing = undefined
    } catch (error) {
      this.#fail(error)
    }
  }

  /** All that waits; or, once that is written, how many events were dropped behind it. */
  #take(): string {
    const text = this.#waiting.join('')
    this.#waiting = []
    if (text !== '') return text
    const dropped = this.#dropped
    this.#dropped = 0
    return `*DBG* ${dropped} events were dropped: the disk was behind\n`
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#failed(error)
    void this.close()
  }
}

async function open(host: Host, path: string, before: Promise<void> | undefined): Promise<TextFile> {
  await before
  if (host.openTextFile === undefined) throw fault('badarg', 'the host of this node has no files')
  return await host.openTextFile(path)
}

/** An event as OTP's behaviours print it (`print_event`), in one line whatever it holds. */
export function lineOf(name: unknown, event: SystemEvent): string {
  return `*DBG* ${text(name)} ${sentenceOf(event)}\n`
}

function sentenceOf(event: SystemEvent): string {
  const [kind, what, to, state] = event
  if (kind === 'out' && event.length === 4) return `sent ${text(what)} to ${text(to)}, new state ${text(state)}`
  if (kind === 'noreply') return `new state ${text(what)}`
  if (kind === 'continue') return `continue ${text(what)}`
  if (kind !== 'in') return `dbg ${text(event)}`
  if (event.length === 3) return `receive ${text(what)} in state ${text(to)}`
  const [tag, from, request] = Array.isArray(what) ? what : []
  if (tag === '$gen_call') return `got call ${text(request)} from ${text(from)}`
  return tag === '$gen_cast' ? `got cast ${text(from)}` : `got ${text(what)}`
}

const DEPTH = 8

function text(term: unknown): string {
  return describe(withCallers(term, CALLER_DEPTH), DEPTH)
}

/** The term with the process that called in the place of each `from`, where behaviours have one: in short tuples. */
function withCallers(term: unknown, depth: number): unknown {
  if (isRequest(term)) return term.pid ?? 'no process'
  const isTuple = Array.isArray(term) && term.length <= TUPLE_PARTS && depth > 0
  return isTuple ? term.map((part) => withCallers(part, depth - 1)) : term
}

const CALLER_DEPTH = 3
const TUPLE_PARTS = 4
