import { fault, isFaultCode } from '../internal/errors.ts'
import { ERROR_MESSAGE_CHARACTERS, ERROR_STACK_CHARACTERS } from '../internal/limits.ts'
import { Exit, NoCatch } from '../kernel/exit.ts'

/**
 * Errors on the wire, as fields: the name of the class, the message, the code if it is text or a number, the stack, and
 * for `Exit` its reason or for `NoCatch` its value. They are exit reasons, so they must arrive as what they are.
 */
const CLASSES: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((type) => [type.name, type]),
)

export function errorFields(error: Error): readonly unknown[] {
  const { code } = error as { code?: unknown }
  const inner = error instanceof Exit ? error.reason : error instanceof NoCatch ? error.value : undefined
  return [
    textOf(error.name, ERROR_MESSAGE_CHARACTERS),
    textOf(error.message, ERROR_MESSAGE_CHARACTERS),
    typeof code === 'string' ? textOf(code, ERROR_MESSAGE_CHARACTERS) : typeof code === 'number' ? code : undefined,
    textOf(error.stack, ERROR_STACK_CHARACTERS),
    inner,
  ]
}

/** @throws Fault `bad_frame` when `fields`, which come from another node, are not those of an error. */
export function errorFrom(fields: readonly unknown[]): Error {
  const [name, message, code, stack, inner] = fields
  const texts = typeof name === 'string' && typeof message === 'string' && typeof stack === 'string'
  if (!texts || fields.length !== 5) throw fault('bad_frame', 'the fields of an error are not as they should be')
  const error = instanceOf(name, message, code, inner)
  define(error, 'message', message)
  define(error, 'stack', stack)
  if (error.name !== name) define(error, 'name', name)
  if (typeof code === 'string' || typeof code === 'number') {
    if ((error as { code?: unknown }).code !== code) Object.assign(error, { code })
  }
  return error
}

function instanceOf(name: string, message: string, code: unknown, inner: unknown): Error {
  if (name === 'Exit') return new Exit(inner)
  if (name === 'NoCatch') return new NoCatch(inner)
  if (name === 'Fault' && typeof code === 'string' && isFaultCode(code)) return fault(code)
  const type = CLASSES.get(name) ?? Error
  return new type(message)
}

function define(error: Error, key: 'name' | 'message' | 'stack', value: string): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false })
}

function textOf(value: unknown, characters: number): string {
  return typeof value === 'string' ? value.slice(0, characters) : ''
}
