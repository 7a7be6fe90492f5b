import { Exit, Fault, NoCatch, Pid, Ref } from '../../../lib/index.ts'
import { GlobalName, global, List, list, moduleName } from './terms.ts'

/**
 * Prints terms as Erlang's `~0tp` does, with what differs from run to run replaced by stable tokens (scn:fmt/1): pids
 * and refs `<name>`, functions `<fun>`, stack traces `<stack>`, the hosts of node names `host`.
 */
export type Names = (of: Pid | Ref) => string

export function print(term: unknown, names: Names): string {
  switch (typeof term) {
    case 'string':
      return atom(hideHost(term))
    case 'number':
      return term === Number.POSITIVE_INFINITY ? 'infinity' : String(term)
    case 'function':
      return '<fun>'
    case 'object':
      return term === null ? 'null' : printObject(term, (part) => print(part, names), names)
    default:
      return String(term)
  }
}

type Print = (term: unknown) => string

function printObject(term: object, part: Print, names: Names): string {
  if (Array.isArray(term)) return printArray(term, part)
  if (term instanceof List) return printList(term.items, part)
  if (term instanceof Pid || term instanceof Ref) return `<${names(term)}>`
  if (term instanceof Uint8Array) return `<<${printList([...term], part)}>>`
  if (term instanceof Exit) return part(term.reason)
  if (term instanceof Error) return `{${part(termOfError(term))},<stack>}`
  const name = moduleName(term)
  return name === undefined ? printRecord(term as Readonly<Record<string, unknown>>, part) : atom(name)
}

/** A tuple; with nothing in it a list, for no term of OTP's is the empty tuple. */
function printArray(term: readonly unknown[], part: Print): string {
  if (term.length === 0) return '[]'
  return isMfa(term) ? tuple([term[0], term[1], list(term[2])], part) : tuple(term, part)
}

/** What the runtime hands out as objects and OTP as tuples; any other object is a map. */
function printRecord(term: Readonly<Record<string, unknown>>, part: Print): string {
  if (term instanceof GlobalName) return tuple(['global', term.key], part)
  if ('via' in term) return tuple(['via', term.via === global ? 'global' : term.via, term.key], part)
  if (isFrom(term)) return `{${part(term.pid)},${term.alias ? '[alias|<ref>]' : '<ref>'}}`
  const keys = Object.keys(term).join()
  if (keys === 'type,from,reason') return tuple([term.type, term.from, term.reason], part)
  if (keys === 'type,ref,object,reason') {
    return tuple([term.type, term.ref, 'process', term.object, term.reason], part)
  }
  if (keys === 'type,handler,reason') return tuple([term.type, term.handler, term.reason], part)
  if (keys === 'type,ref,result') return tuple([term.type, term.ref, ...(term.result as readonly unknown[])], part)
  if (keys === 'type,ref,message') return tuple([term.type, term.ref, term.message], part)
  if (keys === 'name') return part(term.name)
  if (keys === 'name,node') return tuple([term.name, term.node], part)
  const pairs = Object.entries(term).sort(([a], [b]) => (a < b ? -1 : 1))
  return `#{${pairs.map(([key, value]) => `${part(key)} => ${part(value)}`).join()}}`
}

function tuple(parts: readonly unknown[], part: Print): string {
  return `{${parts.map(part).join()}}`
}

function printList(items: readonly unknown[], part: Print): string {
  if (items.length === 0 || !items.every(isPrintable)) return `[${items.map(part).join()}]`
  const text = String.fromCodePoint(...items)
  return `"${text.replace(/["\\]/g, '\\$&').replace(CONTROLS, (control) => CONTROL_ESCAPES[control]!)}"`
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
}
const CONTROLS = new RegExp(`[${Object.keys(CONTROL_ESCAPES).join('')}]`, 'g')

/** A list of these is a string to Erlang's printer. */
function isPrintable(item: unknown): item is number {
  if (typeof item !== 'number' || !Number.isInteger(item)) return false
  return (item >= 32 && (item <= 126 || item >= 160)) || (item >= 8 && item <= 13) || item === 27
}

const MODULES: ReadonlySet<unknown> = new Set(['gen_server', 'sys', 'gen_event', 'gen_statem'])

/** Module, function and the list of its arguments, as the failures of calls name them. */
function isMfa(term: readonly unknown[]): term is readonly [string, string, readonly unknown[]] {
  const [module, , args] = term
  return term.length === 3 && MODULES.has(module) && Array.isArray(args)
}

function isFrom(term: object): term is { pid: unknown; alias: boolean } {
  return 'pid' in term && 'alias' in term && typeof term.alias === 'boolean'
}

/** `{callback_failed, {Module, Callback}, {Class, Reason}}`: the reason of an error without its stack. */
function callbackFailed(cause: unknown): unknown {
  const [callback, [raised, reason]] = cause as readonly [unknown, readonly [string, unknown]]
  return ['callback_failed', callback, [raised, reason instanceof Error ? termOfError(reason) : reason]]
}

/** The reason of Erlang's class `error` that a JavaScript error stands for. */
export function termOfError(thrown: Error): unknown {
  if (thrown instanceof Fault && thrown.code === 'callback_failed') return callbackFailed(thrown.cause)
  if (thrown instanceof Fault)
    return thrown.code.endsWith('_state_function') ? [thrown.code, thrown.cause] : thrown.code
  if (thrown instanceof NoCatch) return ['nocatch', thrown.value]
  // what the language itself throws where Erlang raises badarith and undef
  if (thrown instanceof RangeError && thrown.message === 'Division by zero') return 'badarith'
  if (thrown instanceof TypeError && thrown.message.endsWith('is not a function')) return 'undef'
  return thrown.cause === undefined ? thrown.message : [thrown.message, thrown.cause]
}

function hideHost(text: string): string {
  const at = text.indexOf('@')
  return at <= 0 || text === 'nonode@nohost' ? text : `${text.slice(0, at)}@host`
}

const RESERVED = new Set(
  'after and andalso band begin bnot bor bsl bsr bxor case catch cond div end fun if let not of or orelse receive rem try when xor'.split(
    ' ',
  ),
)

function atom(text: string): string {
  if (/^[a-z][\w@]*$/.test(text) && !RESERVED.has(text)) return text
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
