import type { Reason } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { ChildSpec, CompleteChildSpec } from './child-spec.ts'
import type { ChildCount, ChildInfo, SupervisedChild } from './supervised-children.ts'
import type { SupervisorModule, SupervisorSource } from './supervisor-source.ts'
import type { CompleteSupervisorSpec } from './supervisor-spec.ts'

/** What a supervisor keeps. */
export interface SupervisorState {
  readonly source: SupervisorSource
  readonly spec: CompleteSupervisorSpec
  readonly children: Supervision
}

type NotFound = readonly ['error', 'not_found']
type Simple = readonly ['error', 'simple_one_for_one']

/** What a supervisor answers; the functions in supervisor.ts ask for it. */
export interface SupervisorApi {
  state: SupervisorState
  init: [source: SupervisorSource]
  call: {
    startChild(what: ChildSpec | readonly unknown[]): StartChildResult
    restartChild(child: { id: unknown }): StartChildResult
    terminateChild(child: { id: unknown }): 'ok' | NotFound | Simple
    deleteChild(child: { id: unknown }): 'ok' | readonly ['error', 'not_found' | 'running' | 'restarting'] | Simple
    getChildspec(child: { id: unknown }): readonly ['ok', CompleteChildSpec] | NotFound
    whichChild(child: { id: unknown }): readonly ['ok', ChildInfo] | NotFound | Simple
    whichChildren(): readonly ChildInfo[]
    countChildren(): ChildCount
    getCallbackModule(): SupervisorModule<never>
  }
  cast: { tryAgainRestart(child: { readonly id?: unknown; readonly pid?: Pid | undefined }): void }
}

/** Of a child that declined with `ignore` the pid is undefined. */
export type StartChildResult<P = unknown> =
  | readonly ['ok', Pid<P> | undefined]
  | readonly ['ok', Pid<P> | undefined, unknown]
  | readonly ['error', Reason]

type Calls = SupervisorApi['call']

/** How a supervisor looks after its children: by their ids (supervisor-named.ts) or by pids (simple-one-for-one.ts). */
export interface Supervision {
  /** By its id, or by the pid of a process that runs. */
  find(id: unknown): SupervisedChild | undefined
  /** Starts what the specification names; resolves with the reason when that fails. */
  startAll(): Promise<readonly [id: unknown, reason: Reason] | undefined>
  startChild(what: ChildSpec | readonly unknown[]): Promise<StartChildResult>
  restartChild(id: unknown): Promise<StartChildResult>
  terminateChild(id: unknown): Promise<ReturnType<Calls['terminateChild']>>
  deleteChild(id: unknown): ReturnType<Calls['deleteChild']>
  getChildspec(id: unknown): ReturnType<Calls['getChildspec']>
  whichChild(id: unknown): ReturnType<Calls['whichChild']>
  whichChildren(): readonly ChildInfo[]
  countChildren(): ChildCount
  /** A process that is linked to the supervisor ended. False: the supervisor is to end with `shutdown`. */
  ended(from: Pid, reason: Reason): boolean | Promise<boolean>
  /** It is time to start a child again for which that had failed. False: the supervisor is to end with `shutdown`. */
  tryAgain(child: { readonly id?: unknown; readonly pid?: Pid | undefined }): boolean | Promise<boolean>
  stopAll(): Promise<void>
  /**
   * Takes a new specification over while the children run, and returns what undoes it.
   * @throws Exit when the strategies are not of one kind
   */
  change(spec: CompleteSupervisorSpec): () => void
  /** A message that is no exit. */
  unexpected(message: unknown): void
}
