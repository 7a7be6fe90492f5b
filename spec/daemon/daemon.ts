import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { askDaemon } from '../../lib/daemon/control-socket.ts'

/** The daemon as it is shipped: the compiled program, in OS processes of its own. */
export const GUILDHALL: string = join(import.meta.dirname, '../../dist/lib/daemon/main.js')

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of the program to its end. */
export function guildhall(...args: readonly string[]): Promise<Output> {
  return run(GUILDHALL, ...args)
}

/** Runs a program of Node's to its end. */
export async function run(program: string, ...args: readonly string[]): Promise<Output> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args])
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as Output
    return { code, stdout, stderr }
  }
}

/** A folder that is gone with the test. */
export function dataFolder(t: { teardown(run: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

export interface Bot {
  readonly token: string
  readonly user: { readonly id: string; readonly username: string }
}

export async function createBot(folder: string, name: string): Promise<Bot> {
  const { stdout, stderr, code } = await guildhall('token', 'create', '--name', name, '--json', '--data', folder)
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

export interface NodeStatus {
  readonly name: string
  readonly state: 'serving' | 'starting'
  readonly port: number
  readonly pid: number
}

export interface Daemon {
  readonly folder: string
  readonly process: ChildProcess
  /** What it has printed. */
  readonly lines: readonly string[]
  /** The port of node 1; node i has the port `i - 1` above. */
  readonly port: number
  /** The base of the REST API of node `i`, from 1. */
  api(i: number): string
  status(): Promise<{ readonly nodes: readonly NodeStatus[] }>
  killGuild(guildId: string): Promise<unknown>
  /** Ends it in order, and answers its exit code. */
  stop(): Promise<number | null>
}

export interface DaemonOptions {
  readonly folder: string
  readonly nodes?: number
  readonly transport?: 'auto' | 'uws' | 'ws'
}

/** Starts the daemon and waits until it serves. It ends with the test. */
export async function startDaemon(
  t: { teardown(run: () => Promise<unknown>): void },
  { folder, nodes = 1, transport = 'auto' }: DaemonOptions,
): Promise<Daemon> {
  const wanted = nodes === 1 ? 0 : await freePorts(nodes)
  const args = ['start', '--port', `${wanted}`, '--data', folder, '--nodes', `${nodes}`, '--transport', transport]
  const child = spawn(process.execPath, [GUILDHALL, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  const lines: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))
  const served = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (line.includes('listening')) resolve()
    })
  })
  const stop = async () => {
    child.kill('SIGTERM')
    const [code] = await ended
    return code as number | null
  }
  t.teardown(stop)
  const early = ended.then(([code]) => {
    throw new Error(`the daemon ended with ${code}: ${lines.join('\n')}`)
  })
  early.catch(() => {})
  await Promise.race([served, early])
  const port = Number(/listening on \S+:(\d+)/.exec(lines.at(-1)!)?.[1])
  return {
    folder,
    process: child,
    lines,
    port,
    api: (i) => `http://127.0.0.1:${port + i - 1}/api`,
    status: () => askDaemon(folder, 'status') as ReturnType<Daemon['status']>,
    killGuild: (guildId) => askDaemon(folder, 'kill guild', guildId),
    stop,
  }
}

/** The first of `count` ports in a row that are free now. */
export async function freePorts(count: number): Promise<number> {
  for (let first = 20_000 + (process.pid % 1000) * 10; ; first += count) {
    const ports = Array.from({ length: count }, (_, index) => first + index)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer()
    server.once('error', () => answer(false))
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)))
  })
}
