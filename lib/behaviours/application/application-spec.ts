import { fault } from '../../internal/errors.ts'
import { describe, type Reason } from '../../kernel/exit.ts'
import { ANY, ARRAY, FUNCTION, mustBeOptions, type OptionKinds, TEXT } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Self } from '../gen-server/gen-server.ts'

/** When the end of an application ends the node: see application.ts. */
export type StartType = 'permanent' | 'transient' | 'temporary'

/** What `start` returns: the top supervisor, linked to `this`, and what the other callbacks are handed. */
export type ApplicationStart<S> = readonly ['ok', Pid] | readonly ['ok', Pid, S] | 'ignore' | readonly ['error', Reason]

/** How a start phase went. */
type PhaseResult = 'ok' | readonly ['error', Reason]

/**
 * An application as it is written. The `this` of the callbacks is the application's master, a process that is the group
 * leader of everything that the application starts.
 */
export interface ApplicationSpec<
  E extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>,
  S = unknown,
> {
  /** What it is started, stopped and configured by. */
  readonly name: string
  readonly description?: string
  readonly vsn?: string
  /** Those that have to be started before it. */
  readonly applications?: readonly ApplicationDefinition[]
  /** Those among `applications` that it also runs without. */
  readonly optionalApplications?: readonly ApplicationDefinition[]
  /**
   * Those that run as parts of it: they are loaded with it and not started. Its own tree starts what theirs would, and
   * their start phases are walked with its own.
   */
  readonly includedApplications?: readonly ApplicationDefinition[]
  /** The defaults of its environment. */
  readonly env?: E
  /** Handed to `start`. */
  readonly args?: unknown
  /** `[phase, arguments]`: carried out by `startPhase`, in order, after `start`; each also by what it includes. */
  readonly startPhases?: readonly (readonly [phase: string, args: unknown])[]
  /** The name of the module in reasons; the application's own unless told otherwise. */
  readonly moduleName?: string
  /** Starts the top supervisor. An application without it is a library: it is started and stopped, and runs nothing. */
  start?(this: Self<unknown>, type: 'normal', args: unknown): ApplicationStart<S> | PromiseLike<ApplicationStart<S>>
  startPhase?(this: Self<unknown>, phase: string, type: 'normal', args: unknown): PhaseResult | PromiseLike<PhaseResult>
  /** Runs before the top supervisor is told to stop; what it returns is handed to `stop`. */
  prepStop?(this: Self<unknown>, state: S | undefined): S | undefined | PromiseLike<S | undefined>
  /** Runs when the top supervisor has ended. */
  stop?(this: Self<unknown>, state: S | undefined): unknown
}

const WRONG = { code: 'bad_application' } as const
const SPEC: OptionKinds<ApplicationSpec> = {
  name: { ...TEXT, ...WRONG },
  description: { ...TEXT, ...WRONG },
  vsn: { ...TEXT, ...WRONG },
  applications: { ...ARRAY, ...WRONG },
  optionalApplications: { ...ARRAY, ...WRONG },
  includedApplications: { ...ARRAY, ...WRONG },
  env: { right: 'an object', takes: (value) => typeof value === 'object' && value !== null, ...WRONG },
  args: ANY,
  startPhases: { right: 'pairs of a phase and its arguments', takes: arePhases, ...WRONG },
  moduleName: { ...TEXT, ...WRONG },
  start: { ...FUNCTION, ...WRONG },
  startPhase: { ...FUNCTION, ...WRONG },
  prepStop: { ...FUNCTION, ...WRONG },
  stop: { ...FUNCTION, ...WRONG },
}

function arePhases(value: unknown): boolean {
  return Array.isArray(value) && value.every((phase) => Array.isArray(phase) && typeof phase[0] === 'string')
}

declare const ENVIRONMENT: unique symbol

/** An application that was checked; `E` is the type of its environment. */
export interface ApplicationDefinition<E extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>>
  extends Omit<ApplicationSpec<Readonly<Record<string, unknown>>, never>, 'env'> {
  readonly env: Readonly<Record<string, unknown>>
  readonly [ENVIRONMENT]?: E
}

/**
 * Defines an application; nothing is started.
 * @throws Fault `bad_application` when a name is missing, or a dependency is no application.
 */
export function defineApplication<E extends Readonly<Record<string, unknown>>, S = unknown>(
  spec: ApplicationSpec<E, S>,
): ApplicationDefinition<E> {
  mustBeOptions('an application', spec, SPEC)
  const { name, env = {}, applications = [], optionalApplications = [], includedApplications = [] } = spec
  if (typeof name !== 'string' || name === '') throw fault('bad_application', 'it needs a name')
  for (const other of [...applications, ...optionalApplications, ...includedApplications]) {
    if (isApplication(other)) continue
    throw fault('bad_application', `${name} depends on ${describe(other)}: name it by what defineApplication gave`)
  }
  if (spec.startPhases !== undefined && spec.startPhase === undefined) {
    throw fault('bad_application', `${describe(name)} has start phases and no startPhase`)
  }
  // The state is the application's own: whoever runs it only hands it from one callback to the next.
  const others = { applications, optionalApplications, includedApplications }
  const definition = Object.freeze({ ...spec, env, ...others }) as unknown as ApplicationDefinition<E>
  defined.add(definition)
  return definition
}

const defined = new WeakSet<object>()

/** Whether it is what `defineApplication` gave. */
export function isApplication(what: unknown): what is ApplicationDefinition {
  return typeof what === 'object' && what !== null && defined.has(what)
}
