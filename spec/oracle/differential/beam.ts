import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folder as oracle } from '../harness/compare.ts'

/** A real BEAM for programs: the modules of both erlang folders, compiled. */
export class Beam implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** `undefined` when there is no `erl` on this machine. */
  static async find(): Promise<Beam | undefined> {
    const folder = await mkdtemp(join(tmpdir(), 'guildhall-beam-'))
    const sources: string[] = []
    for (const from of [join(oracle, 'erlang'), join(oracle, 'differential', 'erlang')]) {
      for (const file of await readdir(from)) if (file.endsWith('.erl')) sources.push(join(from, file))
    }
    const beam = new Beam(folder)
    try {
      await output('erlc', ['-o', folder, ...sources])
      return beam
    } catch (error) {
      await beam[Symbol.asyncDispose]()
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /**
   * Runs programs, each a term `{Module, Program}` as Erlang reads it, in one start of the BEAM; returns their traces.
   * One scheduler, so that what one process does in a burst is done before others run.
   */
  async run(programs: readonly string[]): Promise<string[][]> {
    const file = join(this.#folder, 'programs.terms')
    await writeFile(file, programs.map((program) => `${program}.\n`).join(''))
    const text = await output('erl', ['+S', '1', '-noinput', '-pa', this.#folder, '-run', 'programs', 'main', file])
    const traces = text.split('== program\n').slice(1)
    if (traces.length !== programs.length) throw new Error(`${traces.length} traces of ${programs.length}: ${text}`)
    return traces.map((trace) => trace.split('\n').slice(0, -1))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true })
  }
}

/** What a command prints; an error when it fails. */
async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: Buffer[] = []
  const complaints: Buffer[] = []
  child.stdout.on('data', (data: Buffer) => printed.push(data))
  child.stderr.on('data', (data: Buffer) => complaints.push(data))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${Buffer.concat([...printed, ...complaints])}`)
  return Buffer.concat(printed).toString()
}
