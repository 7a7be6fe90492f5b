import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { askDaemon } from '../../lib/daemon/control-socket.ts'

const GUILDHALL = fileURLToPath(new URL('../../lib/daemon/main.js', import.meta.url))

export interface NodeStatus {
  readonly name: string
  readonly port: number
  /** Of the node's OS process. */
  readonly pid: number
}

/** The daemon with two nodes, in a folder of its own. */
export class Daemon implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #leave = (): void => this.#abandon()

  static async start(tell: (line: string) => void): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), 'guildhall-demo-'))
    const port = await twoFreePorts()
    const args = [GUILDHALL, 'start', '--nodes', '2', '--port', `${port}`, '--data', folder]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const daemon = new Daemon(child, folder)
    // What it reports of the faults to come is told here in other words.
    child.stderr.resume()
    for await (const line of createInterface({ input: child.stdout })) {
      tell(line)
      if (line.includes('listening')) return daemon
    }
    await daemon[Symbol.asyncDispose]()
    throw new Error('the daemon did not start')
  }

  private constructor(child: ChildProcess, folder: string) {
    this.#process = child
    this.#folder = folder
    process.once('exit', this.#leave)
  }

  /** `guildhall token create --name NAME --json` */
  async token(name: string): Promise<string> {
    const args = [GUILDHALL, 'token', 'create', '--name', name, '--json', '--data', this.#folder]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    return JSON.parse(stdout).token
  }

  /** What `guildhall status` asks, without the time that a command takes to start. */
  async nodes(): Promise<readonly NodeStatus[]> {
    const { nodes } = (await askDaemon(this.#folder, 'status')) as { nodes: readonly NodeStatus[] }
    return nodes
  }

  /** What `guildhall kill guild ID` asks. */
  async killGuild(guildId: string): Promise<void> {
    await askDaemon(this.#folder, 'kill guild', guildId)
  }

  /** Ends it in order, and removes what it has stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#leave)
    if (this.#process.exitCode === null && this.#process.kill('SIGTERM')) await once(this.#process, 'exit')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The demo ends early: there is no time to wait. */
  #abandon(): void {
    this.#process.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The first of two ports in a row that are free, below those that the system gives to outgoing connections. */
async function twoFreePorts(): Promise<number> {
  for (let port = 20_000 + 2 * (process.pid % 5000); ; port += 2) {
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
