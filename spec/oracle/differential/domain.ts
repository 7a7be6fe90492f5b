import type fc from 'fast-check'

/** Something whose programs run both on a BEAM and here. */
export interface Domain<P> {
  /** The module of erlang/ that runs its programs. */
  readonly module: string
  readonly programs: fc.Arbitrary<P>
  /** The program as a term, for that module. */
  termOf(program: P): unknown
  /** Runs a program here; `seed` decides what nothing promises. */
  run(program: P, seed: number): Promise<string[]>
  /** A trace without the differences that nothing promises. */
  canonical(trace: readonly string[]): string[]
  /** The program's steps, and the program with others: what a failing program is made smaller by. */
  stepsOf(program: P): readonly unknown[]
  withSteps(program: P, steps: readonly unknown[]): P
}
