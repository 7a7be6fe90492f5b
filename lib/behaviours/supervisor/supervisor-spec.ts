import { fault } from '../../internal/errors.ts'
import { RESTART_INTENSITY, RESTART_PERIOD_S } from '../../internal/limits.ts'
import type { Reason } from '../../kernel/exit.ts'
import { termKey } from '../../kernel/term-key.ts'
import { withHint } from '../bad-return.ts'
import { type AutoShutdown, type ChildSpec, type CompleteChildSpec, completeChild, isInvalid } from './child-spec.ts'
import type { RestartIntensity } from './restart-intensity.ts'
import { type RestartStrategy, STRATEGIES } from './restart-strategy.ts'
import { startSpec } from './supervisor-mistakes.ts'

/** What a supervisor is told: its children, in the order in which they are started, and when to start them again. */
export interface SupervisorSpec extends Partial<RestartIntensity> {
  /** `one_for_one` unless told otherwise. */
  readonly strategy?: RestartStrategy
  /** Restarts allowed within the period: 1 unless told otherwise. */
  readonly intensity?: number
  /** Seconds: 5 unless told otherwise. */
  readonly period?: number
  /** Whether the supervisor ends with its `significant` children: with the first, with the last, or never. */
  readonly autoShutdown?: AutoShutdown
  /** With `simple_one_for_one` exactly one, the template of all children. */
  readonly children: readonly ChildSpec[]
}

export interface CompleteSupervisorSpec extends RestartIntensity {
  readonly strategy: RestartStrategy
  readonly autoShutdown: AutoShutdown
  readonly children: readonly CompleteChildSpec[]
}

/**
 * What is wrong with a specification, as OTP's term, or the specification with its defaults.
 * @throws Fault `function_clause` when the children are no array.
 */
export function completeSupervisor(spec: SupervisorSpec): CompleteSupervisorSpec | readonly ['invalid', Reason] {
  const unknown = mistakenFlags(spec, ['strategy', 'intensity', 'period', 'autoShutdown', 'children'])
  if (unknown !== undefined) return unknown
  const { strategy = 'one_for_one', autoShutdown = 'never', children } = spec
  const isSimple = strategy === 'simple_one_for_one'
  const rule = completeIntensity(spec, RESTART_INTENSITY)
  if (!isSimple && !Object.hasOwn(STRATEGIES, strategy)) return invalidFlag('invalid_strategy', strategy)
  if (isInvalid(rule)) return rule
  if (!AUTO_SHUTDOWNS.includes(autoShutdown)) return invalidFlag('invalid_auto_shutdown', autoShutdown)
  if (!Array.isArray(children)) throw fault('function_clause', 'the children of a supervisor are an array')
  if (isSimple && children.length !== 1) return ['invalid', ['bad_start_spec', children]]
  const complete = completeChildren(children, autoShutdown)
  if (isInvalid(complete)) return complete
  return { strategy, ...rule, autoShutdown, children: complete }
}

/** The same for the part of a specification that all supervisors have. */
export function completeIntensity(
  spec: Partial<RestartIntensity>,
  defaultIntensity: number,
): RestartIntensity | readonly ['invalid', Reason] {
  const { intensity = defaultIntensity, period = RESTART_PERIOD_S } = spec
  if (!Number.isInteger(intensity) || intensity < 0) return invalidFlag('invalid_intensity', intensity)
  if (!Number.isInteger(period) || period < 1) return invalidFlag('invalid_period', period)
  return { intensity, period }
}

const AUTO_SHUTDOWNS: readonly unknown[] = ['never', 'any_significant', 'all_significant']

/**
 * What is wrong when a specification is no object, or has what is none of `names`. OTP ignores what it does not know;
 * here a misspelt part is not as good as left out.
 */
export function mistakenFlags(spec: object, names: readonly string[]): readonly ['invalid', Reason] | undefined {
  if (typeof spec !== 'object' || spec === null) return invalidFlag('invalid_type', spec)
  const unknown = Object.keys(spec).find((name) => !names.includes(name))
  if (unknown === undefined) return undefined
  const reason = ['supervisor_data', ['unknown_flag', unknown]] as const
  return ['invalid', withHint(reason, `a specification has ${names.join(', ')} and nothing else`)]
}

export function invalidFlag(what: string, value: unknown): readonly ['invalid', Reason] {
  return ['invalid', ['supervisor_data', [what, value]]]
}

/**
 * What is wrong with the specifications of children under a supervisor with this `autoShutdown`, undefined for nothing.
 * Where that is left out, significant children are as good as others.
 */
export function mistakeInChildren(
  children: readonly ChildSpec[],
  autoShutdown: AutoShutdown = 'any_significant',
): Reason | undefined {
  if (!AUTO_SHUTDOWNS.includes(autoShutdown)) return ['badarg', autoShutdown]
  if (!Array.isArray(children)) return ['badarg', children]
  const checked = completeChildren(children, autoShutdown)
  if (!isInvalid(checked)) return undefined
  const [, startSpec] = checked
  return (startSpec as readonly unknown[])[1]
}

/** The first thing that is wrong is told: an id that is taken before what is wrong with the children behind it. */
function completeChildren(
  children: readonly ChildSpec[],
  autoShutdown: AutoShutdown,
): CompleteChildSpec[] | readonly ['invalid', Reason] {
  const complete: CompleteChildSpec[] = []
  const seen = new Set<unknown>()
  for (const [index, child] of children.entries()) {
    const checked = completeChild(child, autoShutdown)
    if (isInvalid(checked)) return ['invalid', startSpec(checked[1], child, index)]
    const key = termKey(checked.id)
    if (seen.has(key)) return ['invalid', startSpec(['duplicate_child_name', checked.id], child, index)]
    seen.add(key)
    complete.push(checked)
  }
  return complete
}
