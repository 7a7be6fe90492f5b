import { fault } from '../../internal/errors.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Self } from '../gen-server/gen-server.ts'

/** When the end of an application ends the node: see application.ts. */
export type StartType = 'permanent' | 'transient' | 'temporary'

type MaybePromise<T> = T | PromiseLike<T>

/** What `start` returns: the top supervisor, linked to `this`, and what the other callbacks are handed. */
export type ApplicationStart<S> = readonly ['ok', Pid] | readonly ['ok', Pid, S] | 'ignore' | readonly ['error', Reason]

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
  /** The defaults of its environment. */
  readonly env?: E
  /** Handed to `start`. */
  readonly args?: unknown
  /** `[phase, arguments]`: carried out by `startPhase`, in order, after `start`. */
  readonly startPhases?: readonly (readonly [phase: string, args: unknown])[]
  /** The name of the module in reasons; the application's own unless told otherwise. */
  readonly moduleName?: string
  /** Starts the top supervisor. An application without it is a library: it is started and stopped, and runs nothing. */
  start?(this: Self<unknown>, type: 'normal', args: unknown): MaybePromise<ApplicationStart<S>>
  startPhase?(
    this: Self<unknown>,
    phase: string,
    type: 'normal',
    args: unknown,
  ): MaybePromise<'ok' | readonly ['error', Reason]>
  /** Runs before the top supervisor is told to stop; what it returns is handed to `stop`. */
  prepStop?(this: Self<unknown>, state: S | undefined): MaybePromise<S | undefined>
  /** Runs when the top supervisor has ended. */
  stop?(this: Self<unknown>, state: S | undefined): unknown
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
  const { name, env = {}, applications = [], optionalApplications = [] } = Object(spec) as ApplicationSpec<E, S>
  if (typeof name !== 'string' || name === '') throw fault('bad_application', 'it needs a name')
  for (const callback of ['start', 'startPhase', 'prepStop', 'stop'] as const) {
    const given = spec[callback]
    if (given !== undefined && typeof given !== 'function') {
      throw fault('bad_application', `${callback} of ${name} is a function, if it is there`)
    }
  }
  if (typeof env !== 'object' || env === null) throw fault('bad_application', `the env of ${name} is no object`)
  for (const other of [...applications, ...optionalApplications]) {
    if (typeof other?.name !== 'string') {
      throw fault('bad_application', `${name} depends on ${String(other)}: name it by what defineApplication gave`)
    }
  }
  if (spec.startPhases !== undefined && spec.startPhase === undefined) {
    throw fault('bad_application', `${name} has start phases and no startPhase`)
  }
  // The state is the application's own: whoever runs it only hands it from one callback to the next.
  return Object.freeze({ ...spec, env, applications, optionalApplications }) as unknown as ApplicationDefinition<E>
}
