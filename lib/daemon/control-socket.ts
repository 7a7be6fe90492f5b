import { chmodSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { Fault, fault } from '../internal/errors.ts'
import { CONTROL_CONNECTIONS, CONTROL_MS, CONTROL_REQUEST_BYTES } from '../internal/limits.ts'
import { faultFrom } from './fault-message.ts'

/**
 * The daemon's socket for its operator: a Unix socket in the data folder that only the folder's user may connect to,
 * which is all the proof of identity there is. It is also what keeps a second daemon off the same folder.
 *
 *     operator ── {"operation":"status"}\n ──────────> daemon
 *              <─ {"ok":true,"value":...}\n ──────────
 *              <─ {"ok":false,"code":"unknown_guild","message":...}\n
 *
 * One request a connection.
 */
export interface ControlOperations {
  readonly [operation: string]: (argument: unknown) => Promise<unknown>
}

/** Serves the operations until it is closed. `already_running` when a daemon answers on this folder. */
export async function openControlSocket(folder: string, operations: ControlOperations): Promise<ControlSocket> {
  const path = socketPath(folder)
  if (await isServed(path)) throw fault('already_running', folder)
  // Left behind by a daemon that could not clean up.
  unlinkIfThere(path)
  const socket = new ControlSocket(operations)
  await socket.listen(path)
  return socket
}

export class ControlSocket implements AsyncDisposable {
  readonly #operations: ControlOperations
  readonly #server: Server
  /** Connections whose request has not come yet. */
  readonly #waiting = new Set<Socket>()

  constructor(operations: ControlOperations) {
    this.#operations = operations
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket))
    this.#server.maxConnections = CONTROL_CONNECTIONS
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(fault('storage_unwritable', cause.message, { cause })))
      this.#server.listen(path, resolve)
    })
    chmodSync(path, 0o600)
  }

  /** Stops serving; requests that are being answered get their answer. The socket's file is removed. */
  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#waiting) socket.destroy()
    })
  }

  #serve(socket: Socket): void {
    let request = ''
    this.#waiting.add(socket)
    socket.setTimeout(CONTROL_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#waiting.delete(socket))
    socket.on('data', (chunk) => {
      request += chunk.toString('latin1')
      if (request.length > CONTROL_REQUEST_BYTES) socket.destroy()
      else if (request.endsWith('\n') && this.#waiting.delete(socket)) this.#answer(socket, request)
    })
    // Whoever leaves without a request only wanted to know whether somebody is here.
    socket.once('end', () => this.#waiting.has(socket) && socket.destroy())
  }

  async #answer(socket: Socket, request: string): Promise<void> {
    socket.end(`${JSON.stringify(await answerTo(request, this.#operations))}\n`)
  }
}

/**
 * Asks the daemon that runs on this folder. Fails with `not_running`, `control_failed`, or the fault that the daemon
 * answers.
 */
export async function askDaemon(folder: string, operation: string, argument?: unknown): Promise<unknown> {
  const text = await exchange(socketPath(folder), `${JSON.stringify({ operation, argument })}\n`).catch((error) => {
    throw isAbsence(error) ? fault('not_running', folder, { cause: error }) : fault('control_failed', String(error))
  })
  const answer = parse(text)
  if (answer?.ok === true) return answer.value
  const { code, message } = answer ?? {}
  if (typeof code !== 'string' || typeof message !== 'string') throw fault('control_failed', 'it sent no answer')
  throw faultFrom({ code, message }, 'control_failed')
}

/** The system takes about a hundred bytes: the shorter of the path's two forms. */
function socketPath(folder: string): string {
  const absolute = join(resolve(folder), 'control.sock')
  const local = relative(process.cwd(), absolute)
  const path = local.length < absolute.length ? local : absolute
  if (Buffer.byteLength(path) <= PATH_BYTES) return path
  throw fault('storage_unwritable', `the path of its socket, ${path}, has more than ${PATH_BYTES} bytes`)
}
const PATH_BYTES = 103

function isServed(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      answer(true)
    })
    socket.once('error', () => answer(false))
  })
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isAbsence(error)) throw fault('storage_unwritable', String(error), { cause: error })
  }
}

function isAbsence(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR'
}

async function answerTo(request: string, operations: ControlOperations): Promise<object> {
  const { operation, argument } = parse(request) ?? {}
  try {
    const run = typeof operation === 'string' && Object.hasOwn(operations, operation) && operations[operation]
    if (!run) throw fault('control_failed', `there is no operation ${String(operation)}`)
    return { ok: true, value: await run(argument) }
  } catch (error) {
    const code = error instanceof Fault ? error.code : 'control_failed'
    return { ok: false, code, message: error instanceof Error ? error.message : String(error) }
  }
}

/** Sends a request and reads the answer to its end. */
function exchange(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(path, () => socket.end(request))
    socket.setTimeout(CONTROL_MS, () => socket.destroy(new Error(`no answer in ${CONTROL_MS} ms`)))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('error', reject)
    socket.once('end', () => resolve(Buffer.concat(chunks).toString()))
  })
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
