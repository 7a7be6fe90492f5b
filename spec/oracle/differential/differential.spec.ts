import fc from 'fast-check'
import t, { type Test } from 'tap'
import { list } from '../harness/terms.ts'
import { Beam } from './beam.ts'
import { compare, compareSeeds } from './compare.ts'
import type { Domain } from './domain.ts'
import { puppets } from './puppet-domain.ts'
import type { PuppetProgram } from './puppets.ts'
import { servers } from './server-domain.ts'
import { trees } from './tree-domain.ts'

/**
 * Random programs run on a BEAM and here, and print the same. The same seeds every time, unless told otherwise:
 *
 *     GUILDHALL_SEED=1000 GUILDHALL_PROGRAMS=5000 npx tap spec/oracle/differential/differential.spec.ts
 */
const FIRST = Number(process.env.GUILDHALL_SEED ?? 1)
const PROGRAMS = Number(process.env.GUILDHALL_PROGRAMS ?? 120)

const beam = await Beam.find()
const skip = beam === undefined && 'there is no erl on this machine'
if (beam !== undefined) t.teardown(() => beam[Symbol.asyncDispose]())

async function same<P>(t: Test, domain: Domain<P>): Promise<void> {
  const mismatches = await compareSeeds(beam!, domain, FIRST, PROGRAMS)
  for (const { seed, program, beam: expected, here, difference } of mismatches) {
    const replay = `GUILDHALL_SEED=${seed} GUILDHALL_PROGRAMS=1 npx tap spec/oracle/differential/differential.spec.ts`
    t.fail(`${domain.module} ${seed} differs`, { program, beam: expected, here, difference, replay })
  }
  t.equal(mismatches.length, 0, `${PROGRAMS} programs of ${domain.module} from seed ${FIRST} on`)
}

t.test('processes: links, monitors, exits, names, aliases, timers, spawning, mailboxes', { skip }, (t) =>
  same(t, puppets),
)

t.test('supervisors: starts, restarts, giving up, requests, trees', { skip }, (t) => same(t, trees))

t.test('servers: starts, calls, casts, messages, continues, timeouts, stops', { skip }, (t) => same(t, servers))

/** The smallest programs that were once not the same. */
const once: readonly (readonly [string, PuppetProgram])[] = [
  [
    'a process that monitors itself by its name',
    {
      count: 1,
      steps: [
        [0, ['register', ['name', 'left'], ['pid', 0]]],
        [0, ['monitor', ['name', 'left'], list([])]],
        [0, ['demonitor', ['ref', 0], list([])]],
      ],
    },
  ],
]

t.test('what once differed', { skip }, async (t) => {
  const programs = once.map(([, program]) => program)
  const outcomes = await compare(
    beam!,
    puppets,
    programs,
    programs.map(() => FIRST),
  )
  for (const [i, [name, { steps }]] of once.entries()) {
    t.strictSame(outcomes[i]!.here, outcomes[i]!.beam, name)
    t.ok(outcomes[i]!.beam.length >= steps.length, 'all of it was run')
  }
})

t.test('a program that differs is told, as small as it gets', { skip }, async (t) => {
  const steps: PuppetProgram['steps'] = [
    [0, ['link', ['pid', 1]]],
    [1, ['trap_exit', true]],
    [0, ['exit', ['pid', 1], 'boom']],
  ]
  const slip: Domain<PuppetProgram> = {
    ...puppets,
    programs: fc.constant({ count: 2, steps }),
    run: async (program, seed) =>
      (await puppets.run(program, seed)).map((line) => line.replace('{trap_exit,', '{trap,')),
  }
  const [mismatch] = await compareSeeds(beam!, slip, 7, 1)
  t.equal(mismatch?.program, '{puppets,{2,[{1,{trap_exit,true}}]}}')
  t.strictSame(mismatch?.difference, [
    '1 - 1 <p2> {trap_exit,true} -> {returned,false}',
    '1 + 1 <p2> {trap,true} -> {returned,false}',
  ])
  t.equal(mismatch?.seed, 7)
})
