import fc from 'fast-check'
import type { Reason } from '../../../lib/index.ts'
import { list } from '../harness/terms.ts'
import type { How, Next, Outcome, Raise, ServerProgram, ServerStep, Start } from './servers.ts'

const reason = fc.constantFrom<Reason>('normal', 'shutdown', ['shutdown', 'x'], 'boom', 'kill')
const raise: fc.Arbitrary<Raise> = fc.oneof(
  fc.tuple(fc.constant('exit' as const), reason),
  fc.constantFrom<Raise>(['error', 'oops'], ['throw', 'ball']),
)

/** What comes after a callback; at once, or never, so that no machine is too slow for it. */
function next(levels: number): fc.Arbitrary<Next> {
  const rest: fc.Arbitrary<Next> = fc.constantFrom<Next>('hibernate', ['timeout', 0], ['timeout', 3_600_000])
  const continued = levels > 0 ? [fc.tuple(fc.constant('continue' as const), outcome(levels - 1))] : []
  return fc.oneof({ weight: 3, arbitrary: fc.constant<Next>('none') }, rest, ...continued)
}

function outcome(levels: number): fc.Arbitrary<Outcome> {
  const how = fc.constantFrom<'reply' | 'early' | 'later'>('reply', 'early', 'later')
  return fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constant('return' as const), how, next(levels)) },
    fc.tuple(fc.constant('stop' as const), reason),
    fc.tuple(fc.constant('stop_reply' as const), reason, fc.constant('bye')),
    raise,
    { weight: 1, arbitrary: fc.constant<Outcome>('bad') },
  )
}

const init: fc.Arbitrary<Start> = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.constant('return' as const), fc.constant('reply' as const), next(1)) },
  fc.tuple(fc.constant('stop' as const), reason),
  raise,
  fc.constantFrom<Start>('bad', 'ignore'),
)
const end = fc.oneof({ weight: 5, arbitrary: fc.constant('ok' as const) }, raise)

const start: fc.Arbitrary<ServerStep> = fc.tuple(
  fc.constant('start' as const),
  fc.constantFrom<How>('start', 'start_link', 'start_monitor'),
  fc.constantFrom('none', 'bob'),
  fc.boolean(),
  init,
  end,
)

const step: fc.Arbitrary<ServerStep> = fc.oneof(
  { weight: 3, arbitrary: start },
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constant('call' as const),
      fc.constantFrom(5000, 3_600_000, Number.POSITIVE_INFINITY),
      outcome(2),
    ),
  },
  { weight: 1, arbitrary: fc.constant<ServerStep>(['call', 1, ['return', 'later', 'none']]) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('cast' as const, 'info' as const), outcome(2)) },
  { weight: 2, arbitrary: fc.constant<ServerStep>(['reply', 'late']) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('stop' as const, 'exit' as const), reason) },
)

/** Programs for a server, which is started first, and again now and then. */
export const serverPrograms: fc.Arbitrary<ServerProgram> = fc
  .tuple(start, fc.array(step, { minLength: 1, maxLength: 12, size: 'max' }))
  .map(([first, steps]) => list([first, ...steps]))
