import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Scenario, traceOf } from './scenario.ts'

/** What came of one scenario. */
export interface Outcome {
  readonly name: string
  readonly lines: number
  readonly identical: boolean
  /** What it was compared with: the recording, or what OTP 26 prints where the recording of OTP 25 differs. */
  readonly recording: 'OTP 25' | 'OTP 26'
  /** The lines in which they differ: `-` expected, `+` printed. */
  readonly difference: readonly string[]
}

/** This module's own folder, in the sources or in what was compiled from them. */
const modules = dirname(dirname(fileURLToPath(import.meta.url)))
const extension = extname(fileURLToPath(import.meta.url))

/** The folder with the recordings: they are in the sources only. */
export const folder: string = findSources(modules)

function findSources(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return join(at, 'spec', 'oracle')
    if (at === dirname(at)) throw new Error(`no package.json above ${from}`)
  }
}

/** The scenarios of the folder: every recording is one, and so is every `sNN_` module. */
export function scenarios(): string[] {
  const names = readdirSync(folder).filter((file) => /^[a-z]\d+_\w+\.(out|ts)$/.test(file))
  return [...new Set(names.map((file) => basename(file, extname(file))))].sort()
}

/** Runs the scenarios, at the same time, each on a node of its own. */
export function runAll(clock: 'virtual' | 'real', chosen: readonly string[] = []): Promise<Outcome[]> {
  const names = scenarios().filter((name) => chosen.length === 0 || chosen.some((start) => name.startsWith(start)))
  return Promise.all(names.map((name) => run(name, clock)))
}

async function run(name: string, clock: 'virtual' | 'real'): Promise<Outcome> {
  const newer = join(folder, `${name}.otp26.out`)
  const recording = existsSync(newer) ? 'OTP 26' : 'OTP 25'
  const expected = readFileSync(recording === 'OTP 26' ? newer : join(folder, `${name}.out`), 'utf8')
  const { main } = (await import(join(modules, `${name}${extension}`))) as { main: Scenario }
  const printed = await traceOf(main, clock)
  const lines = printed.split('\n').length - 1
  return { name, lines, identical: printed === expected, recording, difference: differences(expected, printed) }
}

/** From the first line that differs on; enough of both to see what happened. */
function differences(expected: string, printed: string): string[] {
  const wanted = expected.split('\n')
  const got = printed.split('\n')
  const length = Math.max(wanted.length, got.length)
  const found: string[] = []
  for (let i = 0; i < length; i++) {
    if (wanted[i] === got[i]) continue
    if (wanted[i] !== undefined) found.push(`${i + 1} - ${wanted[i]}`)
    if (got[i] !== undefined) found.push(`${i + 1} + ${got[i]}`)
  }
  return found
}
