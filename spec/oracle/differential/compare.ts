import fc from 'fast-check'
import { differences } from '../harness/compare.ts'
import { print } from '../harness/printer.ts'
import type { Beam } from './beam.ts'
import type { Domain } from './domain.ts'

/** What came of one program on both sides. */
export interface Outcome {
  readonly beam: readonly string[]
  readonly here: readonly string[]
  /** `-` what only the BEAM printed, `+` what only was printed here; nothing when the traces are the same. */
  readonly difference: readonly string[]
}

/** A program whose traces are not the same. */
export interface Mismatch extends Outcome {
  readonly seed: number
  readonly program: string
}

/** Programs of one start of the BEAM. */
const BATCH = 250
/** So many programs that differ are made as small as leaving out steps makes them; those behind them are as they are. */
const MADE_SMALL = 3

/** Runs the programs of `count` seeds, from `first` on, on both sides; returns those whose traces differ. */
export async function compareSeeds<P>(
  beam: Beam,
  domain: Domain<P>,
  first: number,
  count: number,
): Promise<Mismatch[]> {
  const found: Mismatch[] = []
  for (let from = first; from < first + count; from += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, first + count - from) }, (_, i) => from + i)
    const programs = seeds.map((seed) => fc.sample(domain.programs, { seed, numRuns: 1 })[0]!)
    for (const [i, outcome] of (await compare(beam, domain, programs, seeds)).entries()) {
      if (outcome.difference.length === 0) continue
      const failing = { program: programs[i]!, outcome }
      const { program, outcome: small } =
        found.length < MADE_SMALL ? await smallest(beam, domain, failing, seeds[i]!) : failing
      found.push({ seed: seeds[i]!, program: textOf(domain, program), ...small })
    }
  }
  return found
}

/** Runs programs on both sides, all of them in one start of the BEAM. */
export async function compare<P>(
  beam: Beam,
  domain: Domain<P>,
  programs: readonly P[],
  seeds: readonly number[],
): Promise<Outcome[]> {
  const onBeam = beam.run(programs.map((program) => textOf(domain, program)))
  const here: string[][] = []
  for (const [i, program] of programs.entries()) here.push(domain.canonical(await domain.run(program, seeds[i]!)))
  return (await onBeam).map((trace, i) => {
    const expected = domain.canonical(trace)
    const difference = differences(expected.join('\n'), here[i]!.join('\n'))
    return { beam: expected, here: here[i]!, difference }
  })
}

/** `{Module, Program}` */
function textOf<P>(domain: Domain<P>, program: P): string {
  return print([domain.module, domain.termOf(program)], String)
}

interface Failing<P> {
  readonly program: P
  readonly outcome: Outcome
}

/** Leaves out steps, ever fewer at a time, as long as the traces still differ. */
async function smallest<P>(beam: Beam, domain: Domain<P>, failing: Failing<P>, seed: number): Promise<Failing<P>> {
  let found = failing
  for (let width = domain.stepsOf(failing.program).length >> 1; width > 0; ) {
    const steps = domain.stepsOf(found.program)
    const starts = steps.map((_, start) => start).filter((start) => start % width === 0)
    const smaller = starts.map((start) =>
      domain.withSteps(found.program, [...steps.slice(0, start), ...steps.slice(start + width)]),
    )
    const seeds = smaller.map(() => seed)
    const outcomes = await compare(beam, domain, smaller, seeds)
    const still = outcomes.findIndex(({ difference }) => difference.length > 0)
    if (still >= 0) found = { program: smaller[still]!, outcome: outcomes[still]! }
    else width >>= 1
  }
  return found
}
