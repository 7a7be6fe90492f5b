import { fault } from '../../internal/errors.ts'
import { CHILD_SHUTDOWN_MS } from '../../internal/limits.ts'
import type { Context } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import { ANY, isTimeout, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Program } from '../../kernel/program.ts'
import type { Protocol } from '../../kernel/protocol.ts'
import { keyTerm } from '../../kernel/term-key.ts'
import type { GenServer, InitArguments } from '../gen-server/gen-server.ts'
import { serverProgramOf } from '../gen-server/server-program.ts'
import { type StartOptions, type StartResult, startProcess } from '../proc-lib/start.ts'
import { START } from '../proc-lib/start-options.ts'
import type { Restart } from './restart-type.ts'

/**
 * What a supervisor knows of a child: how to start it, when to start it again, and how to stop it.
 *
 *     child(Counter, [0], { name: counter })                          a GenServer, by its module and init's arguments
 *     child(Cache, [100], { id: 'cache', restart: 'transient' })
 *     { id: 'clock', start: (parent) => ['ok', parent.spawnLink(clock)] }     anything that is linked to its parent
 */
export interface ChildSpec<out P = unknown> extends DynamicChildSpec<P> {
  /** Tells the children of a supervisor apart: any term. */
  readonly id: unknown
}

/** The same of a child that needs no id: its supervisor is a dynamic one, which knows it by its pid. */
export interface DynamicChildSpec<out P = unknown> {
  readonly id?: unknown
  /**
   * Starts the child and links it to `parent`, the supervisor, which waits for the result and does nothing else
   * meanwhile. `extra` are the `extraArguments` of a dynamic supervisor, or what a simple_one_for_one supervisor is
   * given for this child. What it throws, and a result of another form, is a failed start.
   */
  readonly start: (parent: Context, ...extra: readonly unknown[]) => ChildStart<P> | PromiseLike<ChildStart<P>>
  /**
   * `permanent` (the default): always started again. `transient`: only when it ended with another reason than `normal`,
   * `shutdown` or `['shutdown', term]`. `temporary`: never.
   */
  readonly restart?: Restart
  /**
   * How it is stopped: told to `shutdown` and killed after that many milliseconds, `Infinity` for never, or killed at
   * once with `brutal_kill`. 5000 unless told otherwise, `Infinity` for a supervisor.
   */
  readonly shutdown?: Shutdown
  /** `worker` unless told otherwise. */
  readonly type?: 'worker' | 'supervisor'
  /** For tools: the callback modules of the child. */
  readonly modules?: readonly unknown[] | 'dynamic'
  /** With the supervisor's `autoShutdown`: whether the supervisor ends when this child ends for good. */
  readonly significant?: boolean
}

export type Shutdown = number | 'brutal_kill'
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant'

/** What a child's start function returns: a start function's result, perhaps with some information for the caller. */
export type ChildStart<P = unknown> = StartResult<P> | readonly ['ok', Pid<P>, unknown]

/** @internal Where a specification keeps its ArgumentsWith: out of sight of who asks for the specification. */
export const ARGUMENTS: unique symbol = Symbol('arguments')

/** A specification with nothing left open. */
export interface CompleteChildSpec extends Required<ChildSpec> {
  /** @internal What `start` hands to the child's init, given `extra` arguments; for reports. */
  readonly [ARGUMENTS]: ArgumentsWith | undefined
}

type ArgumentsWith = (extra: readonly unknown[]) => readonly unknown[]

/** What a child that is a server is supervised and started with. Its name is also its id when it is given none. */
export interface ChildOptions<P = unknown> extends Omit<DynamicChildSpec, 'start' | 'type'>, StartOptions<P> {}

/** Options with what tells a child from its siblings: an id, or the name that is its id then. */
export type IdOptions<P = unknown> = ChildOptions<P> &
  ({ readonly id: unknown } | { readonly name: NonNullable<StartOptions<P>['name']> })

/**
 * The specification of a child that is a server of `module`, started with `args`. Under a supervisor it has an id, or a
 * name; under a dynamic one it needs neither.
 */
export function child<P extends Protocol>(
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options: IdOptions<P>,
): ChildSpec<P>
export function child<P extends Protocol>(
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: ChildOptions<P>,
): DynamicChildSpec<P>
export function child<P extends Protocol>(
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: ChildOptions<P>,
): ChildSpec<P> {
  mustBeArguments(args)
  return specOfServer(serverProgramOf(module), { modules: [module] }, options, (extra) => [...extra, ...args])
}

export function mustBeArguments(args: unknown): void {
  if (!Array.isArray(args)) throw fault('badarg', 'the arguments of init are an array: child(Module, [...args])')
}

/** The first arguments of a function that takes `A`: none of them, some, or all. */
export type FirstOf<A extends readonly unknown[]> = A extends readonly [...infer Head, unknown] ? A | FirstOf<Head> : A

/**
 * The one specification of a simple_one_for_one supervisor: its children are servers of `module`, started with `args`
 * and, behind them, what `startChild` is given for each.
 */
export function template<P extends Protocol>(
  module: GenServer<P>,
  args: NoInfer<FirstOf<InitArguments<P>>>,
  options?: Omit<ChildOptions<P>, 'name'>,
): ChildSpec<P> {
  mustBeArguments(args)
  return specOfServer(serverProgramOf(module), { id: 'template', modules: [module] }, options, (extra) => [
    ...args,
    ...extra,
  ])
}

/** What a child is given beside what it starts; whether the values go together is seen by its supervisor. */
export const CHILD_SPEC: OptionKinds<Omit<DynamicChildSpec, 'start' | 'type'>> = {
  id: ANY,
  restart: ANY,
  shutdown: ANY,
  modules: ANY,
  significant: ANY,
}
/** The same for a child that is started by `startProcess`. */
export const CHILD: OptionKinds<ChildOptions> = { ...CHILD_SPEC, ...START }

/** @internal The specification of a server of `program`; `argumentsWith` gives what it is started with. */
export function specOfServer<P>(
  program: Program,
  defaults: Pick<ChildOptions<P>, 'id' | 'modules'>,
  options: ChildOptions<P> | undefined,
  argumentsWith: ArgumentsWith,
): ChildSpec<P> {
  if (options !== undefined) mustBeOptions('a child', options, CHILD)
  const {
    name,
    timeout,
    hibernateAfter,
    debug,
    priority,
    mailbox,
    id = idOf(name),
    ...rest
  } = { ...defaults, ...options }
  const given = givenOf({ name, timeout, hibernateAfter, debug, priority, mailbox })
  const startOptions = given as StartOptions<P> | undefined
  const startLink: ChildSpec<P>['start'] = (parent, ...extra) =>
    startProcess<P>(parent, program, argumentsWith(extra), 'link', startOptions)
  // With the spread first, each object has a hidden class of its own on Node 20, and thousands are slow to read.
  const spec = { id, start: startLink, [ARGUMENTS]: argumentsWith, ...rest }
  return spec
}

/** Those that were given; undefined for none. */
function givenOf(options: Readonly<Record<string, unknown>>): object | undefined {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

/** The id of a child that has a name and no id of its own. */
export function idOf(name: StartOptions['name']): unknown {
  if (typeof name !== 'object') return name
  return 'via' in name ? name.key : name.name
}

/**
 * What is wrong with a specification, as OTP's term, or the specification with its defaults. One that cannot be read,
 * because a getter of it throws or its id contains itself, is none. `nameless` takes the place of any id.
 */
export function completeChild(spec: DynamicChildSpec, autoShutdown: AutoShutdown, nameless?: 'undefined'): Completed {
  try {
    return complete(spec, autoShutdown, nameless)
  } catch {
    return ['invalid', ['invalid_child_spec', spec]]
  }
}

type Completed = CompleteChildSpec | readonly ['invalid', Reason]

function complete(spec: DynamicChildSpec, autoShutdown: AutoShutdown, nameless?: 'undefined'): Completed {
  if (typeof spec !== 'object' || spec === null) return ['invalid', ['invalid_child_spec', spec]]
  const { start, restart = 'permanent', type = 'worker', modules = [], significant = false } = spec
  const id = nameless ?? spec.id
  const { shutdown = type === 'supervisor' ? Number.POSITIVE_INFINITY : CHILD_SHUTDOWN_MS } = spec
  if (id === undefined) return ['invalid', 'missing_id']
  if (start === undefined) return ['invalid', 'missing_start']
  if (typeof start !== 'function') return ['invalid', ['invalid_mfa', start]]
  if (!RESTARTS.includes(restart)) return ['invalid', ['invalid_restart_type', restart]]
  if (typeof significant !== 'boolean') return ['invalid', ['invalid_significant', significant]]
  if (significant && autoShutdown === 'never') return badCombination(['auto_shutdown', autoShutdown])
  if (significant && restart === 'permanent') return badCombination(['restart', restart])
  if (type !== 'worker' && type !== 'supervisor') return ['invalid', ['invalid_child_type', type]]
  if (shutdown !== 'brutal_kill' && !isTimeout(shutdown)) return ['invalid', ['invalid_shutdown', shutdown]]
  if (modules !== 'dynamic' && !Array.isArray(modules)) return ['invalid', ['invalid_modules', modules]]
  const { [ARGUMENTS]: argumentsWith } = spec as Partial<CompleteChildSpec>
  return { id: keyTerm(id), start, restart, shutdown, type, modules, significant, [ARGUMENTS]: argumentsWith }
}

const RESTARTS: readonly unknown[] = ['permanent', 'transient', 'temporary']

function badCombination(other: readonly [string, string]): readonly ['invalid', Reason] {
  return ['invalid', ['bad_combination', [other, ['significant', true]]]]
}

/** Whether `completeChild`, or another check of a specification, found something wrong. */
export function isInvalid(checked: unknown): checked is readonly ['invalid', Reason] {
  return Array.isArray(checked) && checked[0] === 'invalid'
}
