import { fault } from '../../internal/errors.ts'
import { EVENT_HANDLERS } from '../../internal/limits.ts'
import { Cast, type Request } from '../../kernel/calls.ts'
import { Exit, type ExitMessage, type Reason } from '../../kernel/exit.ts'
import { OBSERVED } from '../../kernel/flags.ts'
import { isExitMessage } from '../../kernel/message-kind.ts'
import { calling } from '../../kernel/observe.ts'
import { type Pid, samePid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { isRequest } from '../../kernel/remote.ts'
import { isThenable } from '../callback.ts'
import { OK, REPLY } from '../gen-server/results.ts'
import { parentOf } from '../proc-lib/ancestry.ts'
import { reportCrash } from '../proc-lib/crash-report.ts'
import { currentModule } from '../sys/code.ts'
import { loggedEvents, nameOrPid } from '../sys/sys-debug.ts'
import { type AnyEventHandler, type AnyHandlerRef, goesOn, Removal, Replacement, termOf } from './gen-event-handler.ts'
import { Installed, type Manager } from './gen-event-state.ts'

/**
 * What the manager does with one message. It yields the promises of async callbacks and goes on with what they resolve
 * with; as long as no callback is async it runs through at once, and no promise is made.
 */
export type Work<T = void> = Generator<PromiseLike<unknown>, T, unknown>

/** How a handler came to its end, for its report and for the process that supervises it. */
interface End {
  /** What `terminate` gets. */
  readonly why: unknown
  readonly lastMessage: unknown
  readonly reason: Reason
}

/** Runs `work` up to its end or to the first promise, and then on when that is settled. */
export function drive(
  process: Process,
  work: Work,
  step: () => IteratorResult<PromiseLike<unknown>, void> = () => work.next(),
): void {
  const { done, value } = step()
  if (done) return
  process.suspend(
    value,
    (result) => drive(process, work, () => work.next(result)),
    (thrown) => drive(process, work, () => work.throw(thrown)),
  )
}

/** Runs a callback under Erlang's `catch`: what it threw is `['EXIT', reason]`, or the value when that is no error. */
function* caught(process: Process, run: () => unknown): Work<unknown> {
  let result: unknown
  try {
    result = run()
    if (isThenable(result)) result = yield result
  } catch (thrown) {
    result = thrown instanceof Exit ? ['EXIT', thrown.reason] : thrown instanceof Error ? ['EXIT', thrown] : thrown
  }
  // A process that has ended does nothing more, not even on behalf of its other handlers.
  if (process.ended) yield new Promise(() => {})
  return result
}

type Callback = (this: Process, ...args: unknown[]) => unknown

/** Calls a callback of `handler`; `operation` is the one of a call. */
function invoke(
  process: Process,
  { module: { moduleName = 'gen_event' } }: Installed,
  name: string,
  callback: Callback,
  args: readonly unknown[],
  operation?: string,
): Work<unknown> {
  if ((process.flags & OBSERVED) !== 0) {
    calling(process, moduleName, operation === undefined ? name : `${name}.${operation}`, () => args)
  }
  return caught(process, () => callback.apply(process, args as unknown[]))
}

// --- messages

interface CallRequest {
  readonly handler: AnyHandlerRef
  readonly operation: string
  readonly value: unknown
}

interface AddRequest {
  readonly handler: AnyHandlerRef
  readonly args: unknown
  readonly supervisor?: Pid
}

interface SwapRequest {
  readonly before: readonly [AnyHandlerRef, unknown]
  readonly after: readonly [AnyHandlerRef, unknown]
  readonly supervisor?: Pid
}

/** A message as `sys` is told of it: OTP's term. */
export function eventOf(message: unknown): unknown {
  if (message instanceof Cast) return [message.operation, message.request]
  return isRequest(message) ? [message.pid, message, [message.operation, message.request]] : message
}

export function* handle(process: Process, manager: Manager, message: unknown): Work {
  if (message instanceof Cast && message.operation === 'notify') {
    yield* tell(process, manager, 'handleEvent', message.request)
  } else if (isRequest(message)) {
    const answer = yield* serve(process, manager, message)
    if (answer !== undefined) message.settle(answer[0])
  } else if (isExitMessage(message)) {
    yield* removeSupervised(process, manager, message)
    yield* tell(process, manager, 'handleInfo', message)
  } else yield* tell(process, manager, 'handleInfo', message)
}

/** The answer to a request; none to one that the manager does not know. */
function* serve(process: Process, manager: Manager, message: Request): Work<readonly [unknown] | undefined> {
  const { operation, request } = message
  switch (operation) {
    case 'syncNotify':
      yield* tell(process, manager, 'handleEvent', request)
      return ['ok']
    case 'call':
      return [yield* call(process, manager, request as CallRequest)]
    case 'addHandler':
      return [yield* add(process, manager, request as AddRequest)]
    case 'deleteHandler':
      return [yield* remove(process, manager, request as AddRequest)]
    case 'swapHandler':
      return [yield* swap(process, manager, request as SwapRequest)]
    case 'whichHandlers':
      return [manager.handlers.map(({ ref }) => ref)]
    default:
      yield* tell(process, manager, 'handleInfo', message)
      return undefined
  }
}

/** Gives `message` to each handler; those that are done are gone when all have had it. */
function* tell(process: Process, manager: Manager, name: 'handleEvent' | 'handleInfo', message: unknown): Work {
  const kept: Installed[] = []
  for (const handler of manager.handlers) {
    const next = yield* tellOne(process, handler, name, message)
    if (next !== undefined) kept.push(next)
  }
  manager.handlers = kept
}

function* tellOne(
  process: Process,
  handler: Installed,
  name: 'handleEvent' | 'handleInfo',
  message: unknown,
): Work<Installed | undefined> {
  const callback = handler.module[name] as Callback | undefined
  if (callback === undefined && name === 'handleInfo') {
    const details = { module: handler.module.moduleName ?? handler.module, message }
    process.node.report({ level: 'warning', label: ['gen_event', 'no_handle_info'], details })
    return handler
  }
  const result = yield* invoke(process, handler, name, callback!, [message, handler.state])
  if (goesOn(result, OK)) {
    handler.state = result.state
    return handler
  }
  if (result instanceof Replacement && result.reply === undefined) return yield* replace(process, handler, result)
  if (result instanceof Removal && result.reply === undefined) {
    yield* end(process, handler, { why: 'remove_handler', lastMessage: 'remove', reason: 'normal' })
  } else yield* fail(process, handler, termOf(result), message)
  return undefined
}

function* call(process: Process, manager: Manager, { handler: ref, operation, value }: CallRequest): Work<unknown> {
  const index = manager.indexOf(current(process, ref))
  const handler = manager.handlers[index]
  if (handler === undefined) return ['error', 'bad_module']
  const callbacks = handler.module.handleCall as Readonly<Record<string, Callback>> | undefined
  const none = () => {
    throw fault('function_clause', `handleCall has no ${operation}`)
  }
  const callback = callbacks !== undefined && Object.hasOwn(callbacks, operation) ? callbacks[operation]! : none
  const result = yield* invoke(process, handler, 'handleCall', callback, [value, handler.state], operation)
  if (goesOn(result, REPLY)) {
    handler.state = result.state
    return result.value
  }
  if (result instanceof Replacement && result.reply !== undefined) {
    manager.put(index, yield* replace(process, handler, result))
    return result.reply[0]
  }
  if (result instanceof Removal && result.reply !== undefined) {
    yield* end(process, handler, { why: 'remove_handler', lastMessage: 'remove', reason: 'normal' })
    manager.put(index, undefined)
    return result.reply[0]
  }
  const what = termOf(result)
  yield* fail(process, handler, what, value === undefined ? operation : [operation, value])
  manager.put(index, undefined)
  return ['error', what]
}

// --- handlers come and go

/** A handler as it is called after the upgrades that there were: its module may be another. */
function current({ node }: Process, ref: AnyHandlerRef): AnyHandlerRef {
  const module: AnyEventHandler = Array.isArray(ref) ? ref[0] : ref
  const next = currentModule(node, module) as AnyEventHandler
  if (next === module) return ref
  return Array.isArray(ref) ? [next, ref[1]] : next
}

function* add(process: Process, manager: Manager, { handler: ref, args, supervisor }: AddRequest): Work<unknown> {
  if (manager.handlers.length >= EVENT_HANDLERS) return ['error', 'system_limit']
  if (supervisor !== undefined) process.link(supervisor)
  const handler = new Installed(current(process, ref), supervisor)
  const result = yield* init(process, handler, args)
  if (result === 'ok') manager.handlers = [handler, ...manager.handlers]
  return result
}

/** `'ok'`, or what `init` gave instead. */
function* init(process: Process, handler: Installed, args: unknown): Work<unknown> {
  const result = yield* invoke(process, handler, 'init', handler.module.init as Callback, [args])
  if (!goesOn(result, OK)) return termOf(result)
  handler.state = result.state
  return 'ok'
}

function* remove(process: Process, manager: Manager, { handler: ref, args }: AddRequest): Work<unknown> {
  const index = manager.indexOf(current(process, ref))
  const handler = manager.handlers[index]
  if (handler === undefined) return ['error', 'module_not_found']
  const result = yield* end(process, handler, { why: args, lastMessage: 'delete', reason: 'normal' })
  manager.put(index, undefined)
  return result
}

function* swap(process: Process, manager: Manager, { before, after, supervisor }: SwapRequest): Work<unknown> {
  const [ref, args] = before
  const index = manager.indexOf(current(process, ref))
  const handler = manager.handlers[index]
  let left: unknown = 'error'
  if (handler !== undefined) {
    const reason = ['swapped', after[0], supervisor ?? handler.supervisor ?? false]
    left = yield* end(process, handler, { why: args, lastMessage: 'swapped', reason })
    manager.put(index, undefined)
  }
  const heir = supervisor ?? handler?.supervisor
  const request = { handler: after[0], args: [after[1], left] }
  const result = yield* add(process, manager, heir === undefined ? request : { ...request, supervisor: heir })
  return result === 'ok' ? 'ok' : ['error', result]
}

/** A handler asked to be replaced: its successor takes its place, unless that cannot start. */
function* replace(process: Process, handler: Installed, by: Replacement): Work<Installed | undefined> {
  const { successor, successorArgs } = by
  const reason = ['swapped', successor, handler.supervisor ?? false]
  handler.state = by.state
  const left = yield* end(process, handler, { why: by.args, lastMessage: 'swapped', reason })
  const next = new Installed(current(process, successor), handler.supervisor)
  const result = yield* init(process, next, [successorArgs, left])
  if (result === 'ok') return next
  next.state = ['error', result]
  announce(process, next, 'crash', undefined)
  return undefined
}

/** The process `from` has ended: with it go the handlers that it supervises. */
function* removeSupervised(process: Process, manager: Manager, { from, reason }: ExitMessage): Work {
  const kept: Installed[] = []
  for (const handler of manager.handlers) {
    if (handler.supervisor === undefined || !samePid(handler.supervisor, from)) kept.push(handler)
    else {
      const lastMessage = ['parent_terminated', [from, reason]]
      yield* end(process, handler, { why: ['stop', reason], lastMessage, reason: 'shutdown' })
    }
  }
  manager.handlers = kept
}

export function* stop(process: Process, manager: Manager, reason: Reason): Work {
  for (const handler of manager.handlers) {
    yield* end(process, handler, { why: 'stop', lastMessage: 'stop', reason: 'shutdown' })
  }
  for (const { supervisor } of manager.handlers) {
    if (supervisor !== undefined && supervisor !== parentOf(process)) process.unlink(supervisor)
  }
  reportCrash(process, reason)
  process.end(reason)
}

function fail(process: Process, handler: Installed, what: unknown, lastMessage: unknown): Work<unknown> {
  return end(process, handler, { why: ['error', what], lastMessage, reason: what })
}

/** Runs `terminate`, reports and tells the supervising process; the result is that of `terminate`. */
function* end(process: Process, handler: Installed, { why, lastMessage, reason }: End): Work<unknown> {
  const callback = handler.module.terminate as Callback | undefined
  const result =
    callback === undefined ? 'ok' : yield* invoke(process, handler, 'terminate', callback, [why, handler.state])
  announce(process, handler, reason, lastMessage)
  return result
}

function announce(process: Process, handler: Installed, reason: Reason, lastMessage: unknown): void {
  const { ref, state, supervisor } = handler
  if (!isExpected(reason)) {
    const shown = handler.shown(process, { state, message: lastMessage, reason, log: loggedEvents(process) })
    const details = {
      handler: handler.label,
      name: nameOrPid(process),
      last_message: shown.message,
      state: shown.state,
      reason: shown.reason,
    }
    process.node.report({ level: 'error', label: ['gen_event', 'terminate'], details, metadata: { pid: process.pid } })
  }
  if (supervisor !== undefined) {
    process.send(supervisor, Object.freeze({ type: 'gen_event_EXIT', handler: ref, reason }))
  }
}

function isExpected(reason: Reason): boolean {
  if (reason === 'normal' || reason === 'shutdown') return true
  return Array.isArray(reason) && reason.length === 3 && reason[0] === 'swapped'
}
