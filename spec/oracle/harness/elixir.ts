import { Exit, Fault, Registry } from '../../../lib/index.ts'
import { List } from './terms.ts'

/**
 * A term as Elixir has it: what is not there is `nil`, the failure of a call names Elixir's module and always its
 * timeout, and an error is known by its struct.
 */
export function elixir(term: unknown): unknown {
  if (term === undefined) return 'nil'
  if (Array.isArray(term)) return isMfa(term) ? mfa(term) : term.map(elixir)
  if (term instanceof List) return new List(term.items.map(elixir))
  if (term instanceof Exit) return elixir(term.reason)
  if (term instanceof Fault) return exceptionOf(term)
  const via = viaOf(term)
  if (via !== undefined) return via
  const prototype = typeof term === 'object' && term !== null ? Object.getPrototypeOf(term) : undefined
  if (prototype !== Object.prototype || 'via' in (term as object)) return term
  return Object.fromEntries(Object.entries(term as object).map(([key, value]) => [key, elixir(value)]))
}

/** What Elixir calls the modules whose functions the reasons of failed calls name. */
const MODULES: ReadonlyMap<unknown, string> = new Map([
  ['gen_server', 'Elixir.GenServer'],
  ['sys', 'Elixir.GenServer'],
  ['PartitionSupervisor', 'Elixir.PartitionSupervisor'],
])

type Mfa = readonly [module: string, name: string, args: readonly unknown[]]

function isMfa(term: readonly unknown[]): term is Mfa {
  return term.length === 3 && MODULES.has(term[0]) && Array.isArray(term[2])
}

/** `sys:terminate(Pid, Reason, Timeout)` is what `GenServer.stop` is made of. */
function mfa([module, name, args]: Mfa): unknown {
  const given = args.map(elixir)
  const withTimeout = name === 'call' && given.length === 2 ? [...given, 5000] : given
  return [MODULES.get(module), module === 'sys' && name === 'terminate' ? 'stop' : name, new List(withTimeout)]
}

/** The struct that Elixir raises where this code is raised here. */
export function exceptionOf(error: Fault): string {
  return error.code === 'badarg' || error.code === 'unknown_registry' ? 'Elixir.ArgumentError' : 'Elixir.RuntimeError'
}

/** `{:via, Registry, {name, key}}` */
function viaOf(term: unknown): unknown {
  if (typeof term !== 'object' || term === null || !('via' in term) || !('key' in term)) return undefined
  return term.via instanceof Registry ? ['via', 'Elixir.Registry', [term.via.name, term.key]] : undefined
}

/** A string of Elixir's, which is made of bytes. */
export function binary(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** What Elixir says with the exception that this error stands for. */
export function messageOf(error: Fault): Uint8Array {
  const registry = /\((\S+) on \S+\)$/.exec(error.message)?.[1]
  return binary(error.code === 'unknown_registry' ? `unknown registry: :${registry}` : error.message)
}
