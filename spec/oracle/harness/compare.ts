import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Scenario, traceOf } from './scenario.ts'

/** A line of a recording that can exist on the BEAM only, such as the size of a heap, and why. */
export interface BeamOnly {
  readonly line: number
  readonly reason: string
}

/** What came of one scenario. */
export interface Outcome {
  readonly name: string
  readonly lines: number
  readonly identical: boolean
  /** What it was compared with: the recording, or what OTP 26 prints where the recording of OTP 25 differs. */
  readonly recording: 'OTP 25' | 'OTP 26'
  /** The lines that were left out of the comparison. */
  readonly beamOnly: readonly BeamOnly[]
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

/** The scenarios of the folder: every recording is one, and so is every module, so that none goes without its pair. */
export function scenarios(): string[] {
  const names = readdirSync(folder).filter((file) => /^[a-z]\d+_\w+\.(out|ts)$/.test(file))
  return [...new Set(names.map((file) => basename(file, extname(file))))].sort()
}

/**
 * Runs the scenarios, each on a node of its own; all those whose names begin as one of `chosen`. On the real clock one
 * after the other, for some measure how long things take.
 */
export async function runAll(clock: 'virtual' | 'real', chosen: readonly string[] = []): Promise<Outcome[]> {
  const names = scenarios().filter((name) => chosen.length === 0 || chosen.some((start) => name.startsWith(start)))
  if (clock === 'virtual') return Promise.all(names.map((name) => run(name, clock)))
  const outcomes: Outcome[] = []
  for (const name of names) outcomes.push(await run(name, clock))
  return outcomes
}

async function run(name: string, clock: 'virtual' | 'real'): Promise<Outcome> {
  const absent = ['out', 'ts'].map((ending) => `${name}.${ending}`).filter((file) => !existsSync(join(folder, file)))
  const beamOnly = beamOnlyOf(name)
  if (absent.length > 0) {
    return { name, lines: 0, identical: false, recording: 'OTP 25', beamOnly, difference: [`no ${absent}`] }
  }
  const newer = join(folder, `${name}.otp26.out`)
  const recording = existsSync(newer) ? 'OTP 26' : 'OTP 25'
  const expected = readFileSync(recording === 'OTP 26' ? newer : join(folder, `${name}.out`), 'utf8')
  const { main } = (await import(join(modules, `${name}${extension}`))) as { main: Scenario }
  const printed = await traceOf(main, clock)
  const lines = printed.split('\n').length - 1
  const difference = differences(expected, printed, beamOnly)
  return { name, lines, identical: difference.length === 0, recording, beamOnly, difference }
}

/** What `NAME.beam-only` lists, `LINE REASON` a line; nothing when there is no such file. */
export function beamOnlyOf(name: string): BeamOnly[] {
  const file = join(folder, `${name}.beam-only`)
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((entry) => {
      const [, line, reason] = /^([1-9]\d*) (\S.*)$/.exec(entry) ?? []
      if (line === undefined || reason === undefined) throw new Error(`${name}.beam-only: not LINE REASON: ${entry}`)
      return { line: Number(line), reason }
    })
}

/**
 * The lines that differ, by their numbers. A line that is `beamOnly` is left out in both traces, so the port prints
 * what it has in its place; one that is the same in both has no business on that list, and is told.
 */
export function differences(expected: string, printed: string, beamOnly: readonly BeamOnly[] = []): string[] {
  const wanted = expected.split('\n')
  const got = printed.split('\n')
  const left = new Set(beamOnly.map(({ line }) => line - 1))
  const length = Math.max(wanted.length, got.length)
  const found: string[] = []
  for (let i = 0; i < length; i++) {
    const same = wanted[i] === got[i]
    if (left.has(i)) {
      if (same) found.push(`${i + 1} = listed as BEAM-only, and the same`)
      continue
    }
    if (same) continue
    if (wanted[i] !== undefined) found.push(`${i + 1} - ${wanted[i]}`)
    if (got[i] !== undefined) found.push(`${i + 1} + ${got[i]}`)
  }
  return found
}
