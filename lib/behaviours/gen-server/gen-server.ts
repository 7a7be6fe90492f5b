import { fault } from '../../internal/errors.ts'
import type { Caller, Context, From, ProcessCaller } from '../../kernel/context.ts'
import { exit, type Reason } from '../../kernel/exit.ts'
import { PROC_LIB } from '../../kernel/flags.ts'
import { ANY, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { CallbacksFor, Name, Operations, Protocol, ReplyOf, RequestOf } from '../../kernel/protocol.ts'
import type { MaybePromise } from '../callback.ts'
import { processOf } from '../caller.ts'
import { type StartMonitorResult, type StartOptions, type StartResult, startProcess } from '../proc-lib/start.ts'
import { NAME, START } from '../proc-lib/start-options.ts'
import { currentModule } from '../sys/code.ts'
import { debugOptions } from '../sys/debug-switch.ts'
import type { BareStop, Failure, Ignore, NoReply, Ok, Reply, ResultOptions, Stop, StopReply } from './results.ts'
import { serverProgramOf } from './server-program.ts'
import type { FormatStatus } from './server-report.ts'

/**
 * A GenServer is a process that keeps a state and answers requests one after the other: calls, whose caller waits for
 * a reply, and casts, whose caller does not. You write a callback module; the loop is here.
 *
 *     import { createNode, type GenServer, noreply, ok, reply } from 'guildhall'
 *
 *     interface CounterApi {
 *       state: number
 *       init: [start: number]
 *       call: { add(request: { n: number }): number; label(): string }
 *       cast: { reset(): void }
 *     }
 *
 *     const Counter: GenServer<CounterApi> = {
 *       init: (start) => ok(start),
 *       handleCall: {
 *         add: ({ n }, _from, count) => reply(count + n, count + n),
 *         label: (_request, _from, count) => reply(`${count}`, count),
 *       },
 *       handleCast: { reset: () => noreply(0) },
 *     }
 *
 *     const node = createNode()
 *     const counter = await node.start(Counter, [0])
 *     await node.call(counter, 'add', { n: 2 })       // 2; a wrong operation or request does not compile
 *     node.cast(counter, 'reset')
 *
 * Control flow, with what each callback may return (see results.ts):
 *
 *     caller                       server                              module
 *     start, startLink  ───────>   init(...args)                       ok, ignore, stop, failure
 *     call              ───────>   handleCall[operation](request, from, state)
 *     (waits)           <───────                                       reply, noreply, stop, stopReply
 *     cast              ───────>   handleCast[operation](request, state)      noreply, stop
 *     send, timers, DOWN, EXIT ─>  handleInfo(message, state)                 noreply, stop
 *                                  handleContinue(what, state)                noreply, stop
 *     the end                      terminate(reason, state)
 *     upgrade, changeCode ─────>   codeChange(oldVsn, state, extra)            ok, failure
 *
 * A callback may be async; until it is settled no other message is handled. An error that it throws ends the server
 * with that error as the reason: it is not turned into a reply, and the caller's call fails with the same reason. Let
 * it crash, and let a supervisor start it again.
 *
 * `terminate` runs when the server stops by itself, crashes, is stopped with `stop(...)`, or, when it traps exits, is
 * told to end by the process that started it. It does not run on `kill`, nor on an exit signal that is not trapped.
 *
 * When not to use it: for a function or an object without concurrency a process is only slower. A server is a queue,
 * so what need not be in order should not go through one; let the caller do its own work, and reply with data.
 *
 * A callback is needed for what the protocol speaks of: `cast`, `info`, `continue`, `codeChange`. The others may be
 * left out, but for `init` and `handleCall`.
 *
 * The rules are those of gen_server in OTP 26.
 */
export type GenServer<P extends Protocol> = ServerCallbacks<P> &
  CallbacksFor<P, 'cast', CastCallbacks<P>> &
  CallbacksFor<P, 'info', InfoCallbacks<P>> &
  CallbacksFor<P, 'continue', ContinueCallbacks<P>> &
  CallbacksFor<P, 'codeChange', UpgradeCallbacks<P>>

interface ServerCallbacks<P extends Protocol> extends OptionalCallbacks<P> {
  init(
    this: Self<P>,
    ...args: InitArguments<P>
  ): MaybePromise<Ok<P['state']> | Stop<unknown> | BareStop | Ignore | Failure>
  readonly handleCall: { readonly [K in keyof Operations<P, 'call'>]: CallHandler<P, Operations<P, 'call'>[K]> }
}

/** What every module may have, of a GenServer and of a stage. */
export interface OptionalCallbacks<P extends Protocol> {
  /** Runs before the process ends by itself, by a crash of a callback, or as its parent tells it to: see above. */
  terminate?(this: Self<P>, reason: Reason, state: P['state']): MaybePromise<unknown>
  /** Shapes what `sys.getStatus` and the reports show of the server: keep all keys, change what they hold. */
  formatStatus?(this: Self<P>, status: FormatStatus<P['state']>): FormatStatus
  /** The module's name in reports and tools. */
  readonly moduleName?: string
  /** The version of this code: any term. */
  readonly vsn?: unknown
}

interface CastCallbacks<P extends Protocol> {
  readonly handleCast: { readonly [K in keyof Operations<P, 'cast'>]: CastHandler<P, Operations<P, 'cast'>[K]> }
}

interface InfoCallbacks<P extends Protocol> {
  handleInfo(this: Self<P>, message: InfoOf<P>, state: P['state']): Handled<P>
}

interface ContinueCallbacks<P extends Protocol> {
  handleContinue(this: Self<P>, what: ContinueOf<P>, state: P['state']): Handled<P>
}

/** What a module of a running process may have for its upgrade, of a GenServer and of a stage. */
export interface UpgradeCallbacks<P extends Protocol> {
  /**
   * Makes the state of this module from that of the one it replaces, when the running process is upgraded (`upgrade`,
   * `sys.changeCode`). `oldVsn` is the `vsn` of that one. `failure(reason)`, or an error, leaves the process as it was.
   * A module without it takes the state as it is.
   */
  codeChange(this: Self<P>, ...change: CodeChangeArguments<P>): MaybePromise<Ok<P['state']> | Failure>
}

/** The arguments of a module's `init`, as the protocol says in `init`. */
export type InitArguments<P> = P extends { init: infer A extends readonly unknown[] } ? A : []
/** What `handleInfo` takes, as the protocol says in `info`: anything where it says nothing. */
export type InfoOf<P> = P extends { info: infer I } ? I : unknown
type ContinueOf<P> = P extends { continue: infer C } ? C : never
/** `[oldVsn, the old state, extra]`, as the protocol says in `codeChange`. */
export type CodeChangeArguments<P> = P extends { codeChange: infer C extends readonly [unknown, unknown, unknown] }
  ? C
  : [oldVsn: unknown, state: unknown, extra: unknown]
type Handled<P extends Protocol> = MaybePromise<NoReply<P['state']> | Stop<P['state']>>
type CallHandler<P extends Protocol, F> = (
  this: Self<P>,
  request: RequestOf<F>,
  from: From<ReplyOf<F>>,
  state: P['state'],
) => MaybePromise<
  Reply<ReplyOf<F>, P['state']> | NoReply<P['state']> | Stop<P['state']> | StopReply<ReplyOf<F>, P['state']>
>
type CastHandler<P extends Protocol, F> = (this: Self<P>, request: RequestOf<F>, state: P['state']) => Handled<P>

/** The `this` of a server's callbacks: the process, with the type of its own pid. */
export interface Self<P> extends ProcessCaller {
  readonly self: Pid<P>
}

/** A module of any protocol, as the loop sees it. */
export interface AnyGenServer {
  readonly init: unknown
  readonly handleCall: object
  readonly handleCast?: object | undefined
  readonly handleInfo?: unknown
  readonly handleContinue?: unknown
  readonly terminate?: unknown
  readonly codeChange?: unknown
  readonly formatStatus?: unknown
  readonly moduleName?: string | undefined
  readonly vsn?: unknown
}

/** Starts a server that lives on its own. @see StartOptions */
export function start<P extends Protocol>(
  caller: Caller,
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartResult<P>> {
  return startProcess(caller, serverProgramOf(module), args, 'none', options)
}

/**
 * Starts a server linked to the calling process, its parent. When init fails, a parent that does not trap exits ends
 * with the same reason; one that does gets the result.
 */
export function startLink<P extends Protocol>(
  caller: Caller,
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartResult<P>> {
  return startProcess(caller, serverProgramOf(module), args, 'link', options)
}

/** As `start`, with a monitor of the new server set by the calling process. */
export function startMonitor<P extends Protocol>(
  caller: ProcessCaller,
  module: GenServer<P>,
  args: NoInfer<InitArguments<P>>,
  options?: StartOptions<P>,
): Promise<StartMonitorResult<P>> {
  return startProcess(processOf(caller), serverProgramOf(module), args, 'monitor', options)
}

export interface EnterLoopOptions<P extends Protocol> extends ResultOptions<ContinueOf<P>> {
  /** The name that the process has registered itself under, if any. */
  readonly name?: StartOptions<P>['name']
  /** What it is debugged with from now on, see `sys.DebugOption`. */
  readonly debug?: StartOptions['debug']
  /** Milliseconds without a message after which it hibernates, as in a start. */
  readonly hibernateAfter?: number
}

/** What a callback returns may have the others, and they are looked at there. */
const ENTER_LOOP: OptionKinds<EnterLoopOptions<Protocol>> = {
  name: NAME,
  debug: START.debug,
  hibernateAfter: START.hibernateAfter,
  timeout: ANY,
  continue: ANY,
  hibernate: ANY,
}

/**
 * Makes the calling process, a function that was started by `procLib`, a server of `module` with this state. `init` is
 * not called: the process has begun in its own way. Return what it returns: the function goes no further.
 *
 *     procLib.startLink(parent, async function (port) {
 *       const socket = await listen(port)
 *       procLib.initAck(this, ['ok', this.self])
 *       return enterLoop(this, Acceptor, { socket })
 *     }, [8080])
 *
 * @throws Exit `process_was_not_started_by_proc_lib`, or `process_not_registered` when `name` is another's.
 */
export function enterLoop<P extends Protocol>(
  self: Context,
  module: GenServer<P>,
  state: P['state'],
  options: EnterLoopOptions<P> = {},
): Promise<never> {
  mustBeOptions('enterLoop', options, ENTER_LOOP)
  const process = processOf(self)
  if ((process.flags & PROC_LIB) === 0) exit('process_was_not_started_by_proc_lib')
  const { name, debug, hibernateAfter, ...next } = options
  if (name !== undefined && process.node.resolve(name).pid !== process.pid) exit('process_not_registered')
  if (debug !== undefined) debugOptions(process, debug)
  serverProgramOf(currentModule(process.node, module)).enter(process, state, next, hibernateAfter)
  return new Promise(() => {})
}

/** The registered name of a server of `module`, typed with what it answers. */
export function name<P extends Protocol>(_module: GenServer<P>, text: string): Name<P> {
  if (typeof text !== 'string') throw fault('badarg', 'a registered name is a string')
  return { name: text }
}
