import type { Reason } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import { processOf } from '../caller.ts'
import type { Self } from '../gen-server/gen-server.ts'
import { type BareStop, type Ignore, ignore, Result, stop } from '../gen-server/results.ts'
import { currentModule } from '../sys/code.ts'
import { isInvalid } from './child-spec.ts'
import type { SupervisorSpec } from './supervisor-spec.ts'

/**
 * A supervisor whose specification is made when it starts, from arguments, and made anew when its code is changed:
 *
 *     const Pool: SupervisorModule<[size: number]> = {
 *       init: (size) => ({ children: Array.from({ length: size }, (_, id) => child(Worker, [], { id })) }),
 *     }
 *
 * `S` is what the kind of supervisor is told: a DynamicSupervisor's module returns a DynamicSupervisorSpec.
 */
export interface SupervisorModule<A extends readonly unknown[] = readonly unknown[], S = SupervisorSpec> {
  /** The module's name in reports. */
  readonly moduleName?: string
  /** The specification, or `ignore()`. What it throws is a failed start. */
  init(this: Self<unknown>, ...args: A): S | Ignore | PromiseLike<S | Ignore>
}

/** Where the specification of a supervisor comes from. */
export interface SupervisorSource<S = SupervisorSpec> {
  readonly module: SupervisorModule<never, S>
  readonly args: readonly unknown[]
  /** False when the specification was given as it is. */
  readonly isModule: boolean
}

/** What a supervisor may be started with: a specification, or a module with its arguments, and options. */
export type Given<S = SupervisorSpec> = readonly [S | SupervisorModule<never, S>, ...unknown[]]

/** What one kind of supervisor takes as a specification. */
export interface SpecForm<S, C> {
  /** Whether a value has the form of a specification, whatever is in it. */
  isSpec(value: object): boolean
  /** What is wrong with a specification, as OTP's term, or the specification with its defaults. */
  complete(spec: S): C | readonly ['invalid', Reason]
}

/** What was given to a function that takes a specification or a module. */
export function read<O, S = SupervisorSpec>([what, ...rest]: Given<S>): {
  readonly source: SupervisorSource<S>
  readonly options: O | undefined
} {
  if (isModule<S>(what)) {
    const [args, options] = rest as [readonly unknown[], O | undefined]
    return { source: { module: what, args, isModule: true }, options }
  }
  const [options] = rest as [O | undefined]
  return { source: sourceOf(what, []), options }
}

/** The source of a specification that is given as it is. `args` are those of the start, for a module that follows. */
export function sourceOf<S>(spec: S, args: readonly unknown[]): SupervisorSource<S> {
  return { module: { init: () => spec }, args, isModule: false }
}

/** The source after the upgrades that there were on the node: a supervisor that starts again asks the new module. */
function currentSource<S>(node: Node, source: SupervisorSource<S>): SupervisorSource<S> {
  const module = currentModule(node, source.module)
  if (module === source.module) return source
  return isModule<S>(module) ? { module, args: source.args, isModule: true } : sourceOf(module as S, source.args)
}

/** What a supervisor is started with, wherever it stands. */
export function isSource(value: unknown): value is SupervisorSource<unknown> {
  return typeof value === 'object' && value !== null && 'isModule' in value && 'args' in value
}

export function isModule<S>(what: unknown): what is SupervisorModule<never, S> {
  return typeof (what as Partial<SupervisorModule<never>> | null | undefined)?.init === 'function'
}

/** What every supervisor has in its state: where its specification came from, and the specification. */
export interface Specified<S, C> {
  readonly source: SupervisorSource<S>
  readonly spec: C
}

/**
 * How every supervisor's `init` begins: it traps exits, and asks its source for the specification. Without one it gives
 * what `init` is to return: `ignore()`, or a stop with what is wrong.
 */
export async function specified<S, C>(
  self: Self<unknown>,
  given: SupervisorSource<S>,
  form: SpecForm<S, C>,
): Promise<Specified<S, C> | Ignore | BareStop> {
  self.trapExit(true)
  const source = currentSource(processOf(self).node, given)
  const spec = await specOf(self, source, form)
  if (spec === undefined) return ignore()
  return isInvalid(spec) ? stop(spec[1]) : { source, spec }
}

/** What the module says now: `undefined` is `ignore`. */
export async function specOf<S, C>(
  self: Self<unknown>,
  { module, args, isModule }: SupervisorSource<S>,
  form: SpecForm<S, C>,
): Promise<C | undefined | readonly ['invalid', Reason]> {
  const result: unknown = await module.init.apply(self, args as never)
  const term = result instanceof Result ? result.term : result
  if (term === 'ignore') return undefined
  if (isModule && (typeof term !== 'object' || term === null || !form.isSpec(term))) {
    return ['invalid', ['bad_return', [termOf(module), 'init', term]]]
  }
  return form.complete(term as S)
}

/** What reports call a supervisor of this source, when it has no name: its module, or `otherwise`. */
export function sourceName<S>({ module, isModule }: SupervisorSource<S>, otherwise: string): unknown {
  return isModule ? termOf(module) : otherwise
}

/** A module as reports and reasons call it. */
function termOf(module: SupervisorModule<never, unknown>): unknown {
  return module.moduleName ?? module
}
