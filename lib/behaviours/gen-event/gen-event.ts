import { fault } from '../../internal/errors.ts'
import { CALL_TIMEOUT_MS } from '../../internal/limits.ts'
import { CALL, timeoutOf } from '../../kernel/calls.ts'
import type { Caller, CallOptions, ProcessCaller } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import { makeRequest } from '../../kernel/observe.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Dest, Operations, ReplyOf, RequestArguments } from '../../kernel/protocol.ts'
import { failingAs, inNameOf, ownerOf, processOf } from '../caller.ts'
import { openRequest, type RequestId } from '../gen-server/request-ids.ts'
import { type StartMonitorResult, type StartOptions, type StartResult, startProcess } from '../proc-lib/start.ts'
import {
  type ChildOptions,
  type ChildSpec,
  type DynamicChildSpec,
  type IdOptions,
  specOfServer,
} from '../supervisor/child-spec.ts'
import type { EventOf, HandlerArguments, HandlerProtocol, HandlerRef, SwapArguments } from './gen-event-handler.ts'
import { eventManagerProgram } from './gen-event-manager.ts'

/**
 * An event manager is a process that hands every event it is told of to its handlers, any number of them, which come
 * and go while it runs. Who tells of an event knows nothing of the handlers, and each handler nothing of the others.
 *
 *     import { createNode, type EventHandler, GenEvent, ok, reply } from 'guildhall'
 *
 *     interface Alarm { readonly room: string; readonly celsius: number }
 *
 *     const Hottest: EventHandler<{ state: number; event: Alarm; call: { celsius(): number } }> = {
 *       init: () => ok(-Infinity),
 *       handleEvent: ({ celsius }, hottest) => ok(Math.max(celsius, hottest)),
 *       handleCall: { celsius: (_request, hottest) => reply(hottest, hottest) },
 *     }
 *
 *     await using node = createNode()
 *     await node.supervise({ children: [GenEvent.child<Alarm>({ name: 'alarms' })] })
 *     await GenEvent.addHandler(node, 'alarms', Hottest)
 *     GenEvent.notify(node, 'alarms', { room: 'kitchen', celsius: 41 })
 *     await GenEvent.call(node, 'alarms', Hottest, 'celsius')          // 41
 *     await GenEvent.deleteHandler(node, 'alarms', Hottest)
 *
 * Control flow:
 *
 *     caller                       manager                                   its handlers, the newest first
 *     addHandler      ──────────>  init(args) ── not ok ──> not added
 *     notify          ──────────>  handleEvent(event) of each  ──┬ ok(state)   goes on with this state
 *     syncNotify      ─(waits)──>  the same, then answers        ├ remove, swap
 *     send            ──────────>  handleInfo(message) of each   └ anything else: removed, terminate(['error', what])
 *     call            ─(waits)──>  handleCall[operation] of one; an error there is the answer
 *     deleteHandler, swapHandler   terminate(args) of one, whose result is the answer, or the next one's start
 *     the end                      terminate('stop') of each
 *
 * A handler that crashes is removed and reported, and the manager and the other handlers go on. With `addSupHandler`
 * the process that added it is told so by a `HandlerExit`, and may add it again; and when that process ends, the
 * handler is removed with `['stop', reason]`.
 *
 * Handlers run in the manager's process: a slow one delays all events, and an async one holds the others back until it
 * is settled. When not to use it: to fan out to processes, keep them in a duplicate `Registry` or join them in a group,
 * and send; there a slow receiver delays nobody.
 *
 * The rules are those of gen_event in OTP 26.
 */
export interface EventManagerApi<E = unknown> {
  cast: { readonly notify: (event: E) => void }
}

/** What the process that added a supervised handler receives when the handler is gone (`{gen_event_EXIT, H, R}`). */
export interface HandlerExit {
  readonly type: 'gen_event_EXIT'
  readonly handler: HandlerRef<HandlerProtocol>
  /**
   * `normal`: it was deleted, or removed itself; `shutdown`: the manager ended; `['swapped', successor, pid]`: it was
   * replaced, the successor being supervised by `pid` (`false` for none); any other: it failed.
   */
  readonly reason: Reason
}

/** How adding a handler went: what `init` failed with is `['error', reason]`, what it threw `['EXIT', reason]`. */
export type AddHandlerResult = 'ok' | readonly ['error', Reason] | readonly ['EXIT', Reason]
export type SwapHandlerResult = 'ok' | readonly ['error', Reason]

/** Starts a manager without handlers that lives on its own. */
export function start<E = unknown>(
  caller: Caller,
  options?: StartOptions<EventManagerApi<E>>,
): Promise<StartResult<EventManagerApi<E>>> {
  return startProcess(caller, eventManagerProgram, [], 'none', options)
}

/** As `start`, linked to the calling process; it ends when that process ends. */
export function startLink<E = unknown>(
  caller: Caller,
  options?: StartOptions<EventManagerApi<E>>,
): Promise<StartResult<EventManagerApi<E>>> {
  return startProcess(caller, eventManagerProgram, [], 'link', options)
}

/** As `start`, with a monitor of the new manager set by the calling process. */
export function startMonitor<E = unknown>(
  caller: ProcessCaller,
  options?: StartOptions<EventManagerApi<E>>,
): Promise<StartMonitorResult<EventManagerApi<E>>> {
  return startProcess(processOf(caller), eventManagerProgram, [], 'monitor', options)
}

/** The specification of a child that is an event manager. Its handlers are added anew after each start. */
export function child<E = unknown>(options: IdOptions<EventManagerApi<E>>): ChildSpec<EventManagerApi<E>>
export function child<E = unknown>(options?: ChildOptions<EventManagerApi<E>>): DynamicChildSpec<EventManagerApi<E>>
export function child<E = unknown>(options?: ChildOptions<EventManagerApi<E>>): ChildSpec<EventManagerApi<E>> {
  return specOfServer(eventManagerProgram, { modules: 'dynamic' }, options, () => [])
}

/**
 * Tells the manager of an event and does not wait.
 * @throws Fault `badarg` when `manager` is a plain string that no process of this node is registered under; otherwise
 * it does not matter whether the manager is there.
 */
export function notify<E>(caller: Caller, manager: Dest<EventManagerApi<E>>, event: NoInfer<E>): 'ok' {
  if (typeof manager === 'string' && ownerOf(caller).node.whereis(manager) === undefined) {
    throw fault('badarg', `no event manager is registered as ${manager}`)
  }
  ownerOf(caller).cast(manager as Dest<EventManagerApi<unknown>>, 'notify', event)
  return 'ok'
}

/** As `notify`, and resolves when all handlers have handled the event. Rejects with an `Exit` of `noproc` or so. */
export function syncNotify<E>(caller: Caller, manager: Dest<EventManagerApi<E>>, event: NoInfer<E>): Promise<'ok'> {
  return ask(caller, manager, 'syncNotify', event)
}

/** Adds a handler in front of the others. The same may be added more than once; past 10,000, `'system_limit'`. */
export function addHandler<H extends HandlerProtocol, E extends EventOf<H>>(
  caller: Caller,
  manager: Dest<EventManagerApi<E>>,
  handler: HandlerRef<H>,
  ...args: ArgumentsOf<H>
): Promise<AddHandlerResult> {
  return ask(caller, manager, 'addHandler', { handler: checked(handler), args: args[0] })
}

/**
 * As `addHandler`, and links the calling process with the manager: it gets a `HandlerExit` when the handler is gone,
 * and the handler is removed when the process ends.
 */
export function addSupHandler<H extends HandlerProtocol, E extends EventOf<H>>(
  process: ProcessCaller,
  manager: Dest<EventManagerApi<E>>,
  handler: HandlerRef<H>,
  ...args: ArgumentsOf<H>
): Promise<AddHandlerResult> {
  const supervisor = processOf(process).pid
  return ask(process, manager, 'addHandler', { handler: checked(handler), args: args[0], supervisor })
}

/** Removes a handler and resolves with what its `terminate(args, state)` returned, `'ok'` if it has none. */
export function deleteHandler<H extends HandlerProtocol>(
  caller: Caller,
  manager: Dest<EventManagerApi<never>>,
  handler: HandlerRef<H>,
  args?: unknown,
): Promise<unknown> {
  return ask(caller, manager, 'deleteHandler', { handler, args })
}

/**
 * Replaces one handler by another: `terminate(args, state)` of the old one runs, then `init` of the new one with
 * `[args, whatTerminateReturned]`; `'error'` stands for what no old handler returned. The new one is supervised by
 * whoever supervised the old one.
 */
export function swapHandler<Old extends HandlerProtocol, New extends HandlerProtocol, E extends EventOf<New>>(
  caller: Caller,
  manager: Dest<EventManagerApi<E>>,
  before: readonly [handler: HandlerRef<Old>, args: unknown],
  after: readonly [handler: HandlerRef<New>, args: NoInfer<SwapArguments<New>>],
): Promise<SwapHandlerResult> {
  return ask(caller, manager, 'swapHandler', pairsOf(before, after))
}

/** As `swapHandler`; the new handler is supervised by the calling process. */
export function swapSupHandler<Old extends HandlerProtocol, New extends HandlerProtocol, E extends EventOf<New>>(
  process: ProcessCaller,
  manager: Dest<EventManagerApi<E>>,
  before: readonly [handler: HandlerRef<Old>, args: unknown],
  after: readonly [handler: HandlerRef<New>, args: NoInfer<SwapArguments<New>>],
): Promise<SwapHandlerResult> {
  const supervisor = processOf(process).pid
  return ask(process, manager, 'swapHandler', { ...pairsOf(before, after), supervisor })
}

/**
 * Asks one handler and waits for its reply. `['error', 'bad_module']` when there is no such handler; what it failed
 * with, as `['error', value]` or `['error', ['EXIT', reason]]`, when the request was its last.
 * @throws Exit with `[why, ['gen_event', 'call', [manager, handler, request]]]`, as a call to a GenServer.
 */
export function call<H extends HandlerProtocol, K extends keyof Operations<H, 'call'> & string>(
  caller: Caller,
  manager: Dest<EventManagerApi<never>>,
  handler: HandlerRef<H>,
  operation: K,
  ...request: RequestArguments<Operations<H, 'call'>[K], CallOptions>
): Promise<ReplyOf<Operations<H, 'call'>[K]> | readonly ['error', Reason]> {
  const [value, options] = request as readonly [unknown, CallOptions?]
  mustBeOperation(operation)
  const query = value === undefined ? operation : [operation, value]
  const timeout = timeoutOf(options)
  const waits = timeout === undefined ? [] : [timeout === Number.POSITIVE_INFINITY ? 'infinity' : timeout]
  const location = ['gen_event', 'call', [manager, handler, query, ...waits]]
  const reasonFor = (why: Reason) => [why, location]
  return ask(
    caller,
    manager,
    'call',
    { handler, operation, value },
    timeout === undefined ? CALL_TIMEOUT_MS : timeout,
    reasonFor,
  )
}

/**
 * Asks one handler without waiting; the response is taken with `waitResponse`, `receiveResponse` or `checkResponse`
 * (gen_event:send_request/3 and its kin). Its value is what `call` resolves with.
 */
export function sendRequest<H extends HandlerProtocol, K extends keyof Operations<H, 'call'> & string>(
  caller: Caller,
  manager: Dest<EventManagerApi<never>>,
  handler: HandlerRef<H>,
  operation: K,
  ...request: RequestArguments<Operations<H, 'call'>[K], never>
): RequestId<ReplyOf<Operations<H, 'call'>[K]> | readonly ['error', Reason]> {
  mustBeOperation(operation)
  const asked = { handler, operation, value: request[0] }
  return openRequest(ownerOf(caller), manager, 'call', asked) as RequestId<never>
}

/** The handlers, the newest first: each as it was added. */
export function whichHandlers(
  caller: Caller,
  manager: Dest<EventManagerApi<never>>,
): Promise<readonly HandlerRef<HandlerProtocol>[]> {
  return ask(caller, manager, 'whichHandlers', undefined)
}

type ArgumentsOf<H> = undefined extends HandlerArguments<H> ? [args?: HandlerArguments<H>] : [args: HandlerArguments<H>]

function mustBeOperation(operation: string): void {
  if (typeof operation !== 'string') throw fault('badarg', 'the name of an operation is a string')
}

/** Both sides of a swap: the one that is replaced need not be there. */
function pairsOf<Old, New extends HandlerProtocol>(
  before: readonly [Old, unknown],
  after: readonly [HandlerRef<New>, unknown],
) {
  if (![before, after].every((pair) => Array.isArray(pair) && pair.length === 2))
    throw fault('badarg', 'a swap takes [handler, args] twice')
  return { before, after: [checked(after[0]), after[1]] }
}

function checked<H extends HandlerProtocol>(handler: HandlerRef<H>): HandlerRef<H> {
  const module = Array.isArray(handler) ? handler[0] : handler
  const calls = module?.handleCall ?? {}
  if (typeof calls !== 'object') throw fault('badarg', 'handleCall is an object with a function for each operation')
  if (typeof module?.init === 'function' && typeof module.handleEvent === 'function') return handler
  throw fault('badarg', 'an event handler has the callbacks init and handleEvent')
}

/** A call whose failure has a reason of its own shape: the bare one unless told otherwise. */
function ask<T>(
  caller: Caller,
  to: Dest,
  operation: string,
  request: unknown,
  timeout: number | undefined = Number.POSITIVE_INFINITY,
  reasonFor: (why: Reason) => Reason = (why) => why,
): Promise<T> {
  return inNameOf(caller, (owner) => {
    const answered = makeRequest(owner, to, CALL, operation, request, timeout) as Promise<T>
    return failingAs(owner, answered, reasonFor)
  })
}

export { remove, removeReply, swap, swapReply } from './gen-event-handler.ts'
export type EventManager<E = unknown> = Pid<EventManagerApi<E>>
