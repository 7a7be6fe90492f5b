import type { NameRegistry, Pid, Via } from '../../../lib/index.ts'

/**
 * What a scenario needs of Erlang's terms that TypeScript has no value for. Everything else is printed as the runtime
 * made it: a string is an atom, an array a tuple, an object a map.
 */

/** A list: an array is a tuple, so what is a list in Erlang is marked. */
export class List {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

export function list(items: Iterable<unknown>): List {
  return new List([...items])
}

/** `"text"`, which in Erlang is the list of its characters. It is no pid, name or atom, as there. */
export function charlist(text: string): never {
  return list([...text].map((character) => character.codePointAt(0))) as never
}

/** Erlang's `error(Term)`: `error('oops')`; with a second argument `{Term, Detail}`. */
export function error(term: string, ...detail: readonly unknown[]): never {
  throw detail.length === 0 ? new Error(term) : new Error(term, { cause: detail[0] })
}

/** The match `Expected = Value`; `badmatch` when it fails. */
export function match<T>(fits: boolean, value: T): T {
  return fits ? value : error('badmatch', value)
}

/** OTP's `global` on a node without others: a registry of names. */
class GlobalNames implements NameRegistry {
  readonly #names = new Map<unknown, Pid>()

  whereisName(key: unknown): Pid | undefined {
    const pid = this.#names.get(key)
    return pid?.process === undefined ? undefined : pid
  }

  registerName(key: unknown, pid: Pid): boolean {
    if (this.whereisName(key) !== undefined) return false
    this.#names.set(key, pid)
    return true
  }

  unregisterName(key: unknown): void {
    this.#names.delete(key)
  }
}

export const global: NameRegistry = new GlobalNames()

/** `{global, Key}`: how OTP abbreviates `{via, global, Key}`. */
export class GlobalName implements Via {
  readonly via: NameRegistry = global
  readonly key: unknown

  constructor(key: unknown) {
    this.key = key
  }
}

const moduleNames = new WeakMap<object, string>()

/** Gives a callback module, which is an object here, the name of the atom that it is in the original. */
export function module<M extends object>(name: string, callbacks: M): M {
  moduleNames.set(callbacks, name)
  return callbacks
}

export function moduleName(term: object): string | undefined {
  return moduleNames.get(term)
}
