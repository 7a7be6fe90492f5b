import { type Fault, fault } from '../../internal/errors.ts'
import { Cast } from '../../kernel/calls.ts'
import { describe } from '../../kernel/exit.ts'
import { isRequest } from '../../kernel/remote.ts'

/** What is wrong with the callback module of a GenServer, for those who write it without types. */
export function whatIsWrong(module: object): string | undefined {
  const callbacks = module as Readonly<Record<string, unknown>>
  if (typeof callbacks.init !== 'function') return 'a GenServer has the callbacks init and handleCall'
  for (const name of ['handleCall', 'handleCast']) {
    const operations = callbacks[name]
    if (operations === undefined && name === 'handleCast') continue
    if (typeof operations !== 'object' || operations === null) {
      const wrong = `${name} is an object with a function for each operation, not ${describe(operations, 1)}`
      return whatElse(callbacks) ?? wrong
    }
    const wrong = Object.entries(operations).find(([, callback]) => typeof callback !== 'function')
    if (wrong !== undefined) return `${name}.${wrong[0]} is a function, not ${describe(wrong[1], 1)}`
  }
  for (const name of OPTIONAL) {
    const callback = callbacks[name]
    if (callback !== undefined && typeof callback !== 'function') return `${name} is a function, if it is there`
  }
  return undefined
}

/** What to do with the module of another behaviour. */
function whatElse({ callbackMode, handleDemand, handleEvents }: Readonly<Record<string, unknown>>): string | undefined {
  if (callbackMode !== undefined)
    return 'this is a state machine, which has GenStatem.start, GenStatem.child and its kin'
  if (handleDemand === undefined && handleEvents === undefined) return undefined
  return 'a stage is made of its callbacks by GenStage.producer, producerConsumer or consumer'
}

const OPTIONAL = ['handleInfo', 'handleContinue', 'terminate', 'codeChange', 'formatStatus']

/** What ends a server that is asked for an operation that it does not have. */
export function unknownOperation(
  kind: 'handleCall' | 'handleCast',
  operation: string,
  known: ReadonlyMap<string, unknown>,
): Fault {
  const names = known.size === 0 ? 'none' : [...known.keys()].join(', ')
  return fault('function_clause', `${kind} has no ${operation}, but ${names}`)
}

/** Which callback handled `message`, and what it returns, for a server that returned something else. */
export function whatToReturn(message: unknown): string {
  if (message instanceof Cast) return `handleCast.${message.operation} returns ${HANDLED}`
  if (isRequest(message)) {
    return `handleCall.${message.operation} returns reply(value, state), stopReply(reason, value, state), ${HANDLED}`
  }
  const isContinue = Array.isArray(message) && message[0] === 'continue'
  return `${isContinue ? 'handleContinue' : 'what handles a message'} returns ${HANDLED}`
}

const HANDLED = 'noreply(state) or stop(reason, state), with a timeout, if any, of whole milliseconds'

/** What comes before it when the value was not returned but thrown. */
export const WAS_THROWN =
  'a value that is no Error was thrown, which counts as returned, as in Erlang: to crash, throw an Error'

/** The same of `init`. */
export const WHAT_INIT_RETURNS = 'init returns ok(state), ignore(), stop(reason) or failure(reason)'
