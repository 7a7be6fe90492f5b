import fc from 'fast-check'
import type { AutoShutdown, Reason, Restart, RestartStrategy } from '../../../lib/index.ts'
import { list } from '../harness/terms.ts'
import type { TreeFlags, TreeKid, TreeKidOptions, TreeProgram, TreeStep, TreeSup } from './trees.ts'

const KIDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const
const SUPS = ['left', 'right'] as const

const restart = fc.constantFrom<Restart>('permanent', 'transient', 'temporary')
const reason = fc.constantFrom<Reason>('normal', 'shutdown', ['shutdown', 'x'], 'boom', 'kill')
const autoShutdown = fc.oneof(
  { weight: 2, arbitrary: fc.constant<AutoShutdown>('never') },
  { weight: 1, arbitrary: fc.constantFrom<AutoShutdown>('any_significant', 'all_significant') },
)
const flags: fc.Arbitrary<TreeFlags> = fc.tuple(
  fc.constantFrom<RestartStrategy>('one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one'),
  fc.constantFrom(0, 1, 2, 3, 20),
  autoShutdown,
)

const begin = fc.oneof(
  { weight: 6, arbitrary: fc.constant('ok') },
  { weight: 1, arbitrary: fc.constantFrom('ignore', ['stop', 'why'], ['crash', 'oops']) },
)
/** The first start goes well more often than not: else there is seldom a tree to look at. */
const starts = fc
  .tuple(fc.oneof({ weight: 9, arbitrary: fc.constant('ok') }, begin), fc.array(begin, { maxLength: 4 }))
  .map(([first, rest]) => list([first, ...rest]))

interface Ending {
  readonly shutdown: TreeKid[3]
  readonly slow: number
}

/** One that takes its time is killed long before; one that does not has more time than it can need. */
const ending: fc.Arbitrary<Ending> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      shutdown: fc.constantFrom<TreeKid[3]>('brutal_kill', 60_000, Number.POSITIVE_INFINITY),
      slow: fc.constant(0),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ shutdown: 5, slow: 40 }) },
)

const kidParts = fc.record({ restart, ending, significant: fc.boolean(), trap: fc.boolean(), starts })

/** A child that a supervisor with this `autoShutdown` takes. */
function kid(id: string, auto: AutoShutdown): fc.Arbitrary<TreeKid> {
  return kidParts.map(({ restart, ending, significant, trap, starts }): TreeKid => {
    const options: TreeKidOptions = [trap, starts, ending.slow]
    const isSignificant = significant && auto !== 'never' && restart !== 'permanent'
    return ['kid', id, restart, ending.shutdown, isSignificant, options]
  })
}

/**
 * The template of a simple_one_for_one supervisor declines only the first start of a child. When a restart is declined,
 * OTP 25 keeps a child whose pid is `undefined`, over which the supervisor crashes when it is stopped.
 */
function template([kind, id, restart, shutdown, significant, [trap, starts, slow]]: TreeKid): TreeKid {
  const able = starts.items.map((start, i) => (start === 'ignore' && i > 0 ? 'ok' : start))
  return [kind, id, restart, shutdown, significant, [trap, list(able), slow]]
}

/** A supervisor of some of these children, which are in order, with those supervisors somewhere among them. */
function sup(id: string, ids: readonly string[], below: readonly fc.Arbitrary<TreeSup>[]): fc.Arbitrary<TreeSup> {
  return flags.chain(([strategy, intensity, auto]) => {
    const kids = fc.tuple(...ids.map((each) => kid(each, auto)))
    const sups = fc.tuple(...below.map((each) => fc.option(fc.tuple(each, fc.nat(ids.length)))))
    return fc.tuple(kids, fc.nat(ids.length), sups, restart).map(([allKids, count, among, when]): TreeSup => {
      const children: (TreeKid | TreeSup)[] = allKids.slice(0, count)
      for (const one of among) if (one !== null) children.splice(one[1], 0, one[0])
      const own = strategy === 'simple_one_for_one' ? [template(allKids[0]!)] : children
      return ['sup', id, when, false, [strategy, intensity, auto], list(own)]
    })
  })
}

const supId = fc.oneof({ weight: 3, arbitrary: fc.constant('root') }, fc.constantFrom(...SUPS))
const id = fc.constantFrom<string>(...KIDS, ...SUPS)
const ends = fc
  .uniqueArray(fc.tuple(id, reason), { minLength: 1, maxLength: 4, selector: ([each]) => each })
  .map((each) => list(each))

const step: fc.Arbitrary<TreeStep> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('die' as const), supId, ends) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('start_child' as const),
      supId,
      fc.constantFrom(...KIDS).chain((each) => kid(each, 'any_significant')),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('which_children' as const, 'count_children' as const), supId),
  },
  {
    weight: 7,
    arbitrary: fc.tuple(
      fc.constantFrom<'get_childspec' | 'terminate_child' | 'restart_child' | 'delete_child'>(
        'get_childspec',
        'terminate_child',
        'terminate_child',
        'restart_child',
        'restart_child',
        'delete_child',
      ),
      supId,
      id,
    ),
  },
)

/** Programs for trees of up to three supervisors. */
export const treePrograms: fc.Arbitrary<TreeProgram> = fc.tuple(
  sup('root', ['a', 'b', 'c'], [sup('left', ['d', 'e'], []), sup('right', ['f', 'g'], [])]),
  fc.array(step, { minLength: 1, maxLength: 20, size: 'max' }).map(list),
)
