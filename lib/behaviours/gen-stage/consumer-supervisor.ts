import { fault } from '../../internal/errors.ts'
import type { Caller } from '../../kernel/context.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Dest, Protocol } from '../../kernel/protocol.ts'
import { ownerOf } from '../caller.ts'
import type { GenServer, InitArguments } from '../gen-server/gen-server.ts'
import { type StartOptions, type StartResult, startProcess } from '../proc-lib/start.ts'
import {
  type ChildOptions,
  type ChildSpec,
  type DynamicChildSpec,
  type IdOptions,
  specOfServer,
  template as templateOf,
} from '../supervisor/child-spec.ts'
import type { StartDynamicChildResult } from '../supervisor/dynamic-supervisor-server.ts'
import { NO_TIMEOUT } from '../supervisor/supervisor-requests.ts'
import { type Given, read, type SupervisorModule } from '../supervisor/supervisor-source.ts'
import {
  type AnySpec,
  type ConsumerSupervisorApi,
  type ConsumerSupervisorModule,
  type ConsumerSupervisorSpec,
  consumerSupervisorProgram,
  type EventChildSpec,
} from './consumer-supervisor-server.ts'

/**
 * A consumer supervisor is a consumer of a GenStage pipeline that starts a child for each event: a pool without idle
 * workers, as wide as its demand. What fails, fails alone, and what is too much waits in the producer.
 *
 *     import { ConsumerSupervisor, createNode, type EventChildSpec, GenStage, Task } from 'guildhall'
 *
 *     const sendMail = async (to: string) => `sent to ${to}`
 *     const mail: EventChildSpec<string> = {
 *       id: 'mail',
 *       restart: 'temporary',
 *       start: (self, to) => Task.startLink(self, () => sendMail(to)),
 *     }
 *
 *     await using node = createNode()
 *     const mails = await node.start(GenStage.fromIterable(['alice', 'bob', 'carol']), [])
 *     const mailer = ConsumerSupervisor.child(
 *       { children: [mail], subscribeTo: [{ to: mails, maxDemand: 2, minDemand: 1, cancel: 'temporary' }] },
 *       { name: 'mailer' },
 *     )
 *     await node.supervise({ children: [mailer] })                          // two mails at a time
 *
 * Servers are its children with `template`, which puts the event behind the arguments of `init`:
 *
 *     ConsumerSupervisor.child({ children: [ConsumerSupervisor.template(Delivery, [smtp], { restart: 'transient' })] })
 *
 * Control flow:
 *
 *     producer                consumer supervisor                                   children
 *              <── ask 10 ──  subscribed, with maxDemand 10
 *              ── events ───> start(event), one after the other   ────────────────> run
 *                             one has ended, or did not start   <───────────────── end
 *              <── ask 5 ───  as soon as there are minDemand of these: 5
 *
 * So at most `maxDemand` children of one subscription run at a time, those between two attempts to restart them
 * included. With a `minDemand` of 0 or 1 each that ends makes room for the next event at once. A child that ends for
 * good gives its demand back, however it ended; so does one that declined or could not be started, which is reported.
 * One that is started again (`transient`) keeps its event and its demand.
 *
 * It is subscribed with `subscribeTo`, or later with `GenStage.syncSubscribe` and `asyncSubscribe`. When a producer
 * cancels or ends, the supervisor ends with it and stops its children first; with `cancel: 'temporary'`, or `transient`
 * after an orderly end, the children go on. At its end all children are stopped at the same time, each within its own
 * `shutdown`. An event is handed over once: it is lost with a temporary child that fails, and with the supervisor.
 *
 * A consumer supervisor of a module (`{ init: (...args) => specification }`) makes its specification when it starts,
 * and anew when its code is changed (`sys`): template and intensity are then the new ones, subscriptions stay.
 *
 * When not to use it: for steps that are quick, or that go on in order, take a consumer, which handles events in
 * batches; to do something with each item of a list and wait for the results, `Task.asyncStream`. With many transient
 * children that fail, an unlucky few use up the intensity of all.
 *
 * The rules are those of ConsumerSupervisor in Elixir's gen_stage.
 */
export function startLink<E>(
  caller: Caller,
  spec: ConsumerSupervisorSpec<E>,
  options?: StartOptions<ConsumerSupervisorApi<E>>,
): Promise<StartResult<ConsumerSupervisorApi<E>>>
/** As above, with a specification that `module.init(...args)` gives. It may also decline, with `ignore()`. */
export function startLink<A extends readonly unknown[], E>(
  caller: Caller,
  module: ConsumerSupervisorModule<A, E>,
  args: NoInfer<A>,
  options?: StartOptions<ConsumerSupervisorApi<E>>,
): Promise<StartResult<ConsumerSupervisorApi<E>>>
export function startLink(caller: Caller, ...given: Given<AnySpec>): Promise<StartResult<ConsumerSupervisorApi>> {
  const { source, options } = read<StartOptions, AnySpec>(given)
  return startProcess(caller, consumerSupervisorProgram, [source], 'link', options)
}

/** The specification of a child that is a consumer supervisor. It has all the time it needs to stop its children. */
export function child<E>(
  spec: ConsumerSupervisorSpec<E>,
  options: IdOptions<ConsumerSupervisorApi<E>>,
): ChildSpec<ConsumerSupervisorApi<E>>
export function child<E>(
  spec: ConsumerSupervisorSpec<E>,
  options?: ChildOptions<ConsumerSupervisorApi<E>>,
): DynamicChildSpec<ConsumerSupervisorApi<E>>
export function child<A extends readonly unknown[], E>(
  module: ConsumerSupervisorModule<A, E>,
  args: NoInfer<A>,
  options: IdOptions<ConsumerSupervisorApi<E>>,
): ChildSpec<ConsumerSupervisorApi<E>>
export function child<A extends readonly unknown[], E>(
  module: ConsumerSupervisorModule<A, E>,
  args: NoInfer<A>,
  options?: ChildOptions<ConsumerSupervisorApi<E>>,
): DynamicChildSpec<ConsumerSupervisorApi<E>>
export function child(...given: Given<AnySpec>): ChildSpec<ConsumerSupervisorApi> {
  const { source, options } = read<ChildOptions<ConsumerSupervisorApi>, AnySpec>(given)
  const modules: readonly unknown[] = [source.isModule ? source.module : 'ConsumerSupervisor']
  return { ...specOfServer(consumerSupervisorProgram, { modules }, options, () => [source]), type: 'supervisor' }
}

type Last<A extends readonly unknown[]> = A extends readonly [...unknown[], infer L] ? L : never
type AllButLast<A extends readonly unknown[]> = A extends readonly [...infer Head, unknown] ? Head : never

export interface TemplateOptions<P> extends Omit<ChildOptions<P>, 'name' | 'restart' | 'significant'> {
  /** `temporary` unless told otherwise. */
  readonly restart?: 'transient' | 'temporary'
}

/** The children are servers of `module`, started with `args` and, behind them, the event. */
export function template<P extends Protocol>(
  module: GenServer<P>,
  args: NoInfer<AllButLast<InitArguments<P>>>,
  options?: TemplateOptions<P>,
): EventChildSpec<Last<InitArguments<P>>, P> {
  return { ...templateOf(module, args as never, options), restart: options?.restart ?? 'temporary' }
}

/**
 * Starts a child outside of any demand, with `[event]`, which nobody emitted: its start function gets what `args` has.
 *
 *     ['ok', pid] or ['ok', pid, info]     it runs
 *     'ignore'                             it declined, and is forgotten
 *     ['error', reason]                    it could not be started; `max_children` when there are a million
 */
export function startChild<E>(
  caller: Caller,
  supervisor: Dest<ConsumerSupervisorApi<E>>,
  args: readonly [event: NoInfer<E>],
): Promise<StartDynamicChildResult> {
  if (!Array.isArray(args)) throw fault('badarg', 'a consumer supervisor takes an array of arguments: [event]')
  return ownerOf(caller).call<ConsumerSupervisorApi, 'startChild'>(supervisor, 'startChild', args, NO_TIMEOUT)
}

/** Stops a child and forgets it; resolves when it is down. Its demand is free again. */
export function terminateChild(
  caller: Caller,
  supervisor: Dest<ConsumerSupervisorApi>,
  pid: Pid,
): Promise<'ok' | readonly ['error', 'not_found']> {
  if (!(pid instanceof Pid)) throw fault('badarg', 'a consumer supervisor knows its children by their pids')
  return ownerOf(caller).call(supervisor, 'terminateChild', { pid }, NO_TIMEOUT)
}

/** The module that the supervisor was started with; of one that was given its specification, one that returns it. */
export function getCallbackModule(
  caller: Caller,
  supervisor: Dest<ConsumerSupervisorApi>,
): Promise<SupervisorModule<never, AnySpec>> {
  return ownerOf(caller).call(supervisor, 'getCallbackModule', undefined, NO_TIMEOUT)
}

export { countChildren, stop, whichChildren } from '../supervisor/supervisor-requests.ts'
