import fc from 'fast-check'
import { type List, list } from '../harness/terms.ts'
import type { Command, Leave, NameOf, PidAt, RefAt, What } from './puppet-commands.ts'
import type { PuppetProgram } from './puppets.ts'

const pid: fc.Arbitrary<PidAt> = fc.tuple(fc.constant('pid' as const), fc.nat(7))
const ref: fc.Arbitrary<RefAt> = fc.tuple(fc.constant('ref' as const), fc.nat(15))
const name: fc.Arbitrary<NameOf> = fc.tuple(fc.constant('name' as const), fc.constantFrom('left', 'right'))
const reason = fc.constantFrom<unknown>('normal', 'kill', 'killed', 'shutdown', 'noproc', 'boom', ['shutdown', 'x'])

const leave: fc.Arbitrary<Leave> = fc.oneof(
  fc.tuple(fc.constant('leave' as const), fc.constant('exit' as const), reason),
  fc.constantFrom<Leave>(['leave', 'error', 'oops'], ['leave', 'throw', 'ball']),
)

/** A list of some of these options. */
function some(...options: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<List> {
  return fc.tuple(...options.map((each) => fc.option(each))).map((chosen) => list(chosen.filter((one) => one !== null)))
}

const tag = fc.constant(['tag', 'gone'] as const)
const aliasOfMonitor = fc.constantFrom('explicit_unalias', 'demonitor', 'reply_demonitor')
const monitorOptions = some(
  tag,
  aliasOfMonitor.map((mode) => ['alias', mode] as const),
)
const monitorOption = fc.oneof(
  fc.constant('monitor'),
  monitorOptions.map((options) => ['monitor', options] as const),
)
const demonitorOptions = fc.constantFrom(list([]), list(['flush']))
const spawnOptions = some(fc.constant('link'), monitorOption)
const replies = fc.constantFrom('yes', 'no', 'error_only', 'success_only').map((reply) => ['reply', reply] as const)
const requestOptions = some(fc.constant('link'), monitorOption, replies, fc.constant(['reply_tag', 'spawned'] as const))
const what: fc.Arbitrary<What> = fc.oneof(
  fc.constant('message' as const),
  fc.tuple(fc.constantFrom('from' as const, 'exit' as const), pid),
  fc.tuple(fc.constant('down' as const), ref),
)
const then = fc.oneof(fc.constant('stay' as const), leave)

function command<const K extends string, const A extends readonly fc.Arbitrary<unknown>[]>(key: K, ...parts: A) {
  return fc.tuple(fc.constant(key), ...parts) as unknown as fc.Arbitrary<Command>
}

/**
 * What one puppet does to one other without a break. It traps exits from then on, so that nothing that comes back can
 * end it. Nothing is done whose outcome depends on what has come back by then, which is not promised: so it reads
 * nothing, and does not link after an exit signal.
 */
const burst: fc.Arbitrary<Command> = fc
  .tuple(pid, fc.array(fc.tuple(fc.constantFrom('send', 'exit', 'link', 'monitor', 'alive'), reason), { minLength: 2 }))
  .map(([to, parts]): Command => {
    const firstExit = parts.findIndex(([kind]) => kind === 'exit')
    const commands = parts.map(([kind, why], i): unknown => {
      if (kind === 'exit') return ['exit', to, why]
      if (kind === 'link' && firstExit >= 0 && firstExit < i) return ['send', to]
      return kind === 'monitor' ? ['monitor', to, list([])] : [kind, to]
    })
    return ['burst', list(commands)]
  })

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: command('link', pid) },
  { weight: 2, arbitrary: command('unlink', pid) },
  { weight: 5, arbitrary: command('monitor', fc.oneof({ weight: 3, arbitrary: pid }, name), monitorOptions) },
  { weight: 3, arbitrary: command('demonitor', ref, demonitorOptions) },
  { weight: 4, arbitrary: command('exit', pid, reason) },
  { weight: 1, arbitrary: leave },
  { weight: 3, arbitrary: command('trap_exit', fc.boolean()) },
  { weight: 3, arbitrary: command('register', name, pid) },
  { weight: 1, arbitrary: command('unregister', name) },
  { weight: 1, arbitrary: command('whereis', name) },
  { weight: 6, arbitrary: command('send', fc.oneof(pid, name, ref, ref)) },
  { weight: 3, arbitrary: command('alias', some(fc.constant('reply'))) },
  { weight: 2, arbitrary: command('unalias', ref) },
  {
    weight: 3,
    arbitrary: command(
      'timer',
      fc.constantFrom('send_after', 'start_timer'),
      fc.constantFrom(0, 1, 3_600_000),
      fc.oneof(pid, name),
    ),
  },
  { weight: 2, arbitrary: command('cancel_timer', ref) },
  { weight: 1, arbitrary: command('read_timer', ref) },
  { weight: 3, arbitrary: command('spawn', spawnOptions, then) },
  { weight: 3, arbitrary: command('spawn_request', requestOptions, then) },
  { weight: 1, arbitrary: command('alive', pid) },
  { weight: 4, arbitrary: command('receive', what) },
  { weight: 3, arbitrary: burst },
)

/** Programs for puppets. */
export const puppetPrograms: fc.Arbitrary<PuppetProgram> = fc.record({
  count: fc.integer({ min: 2, max: 4 }),
  steps: fc.array(fc.tuple(fc.nat(7), anyCommand), { minLength: 5, maxLength: 40, size: 'max' }),
})
