import { readdirSync, readFileSync } from 'node:fs'
import { createNode } from '../../lib/index.ts'
import { js, nact, testing } from '../misuse/untyped.ts'
import type { Callable } from './knock.ts'

/** Every public function by its path: `Agent.get`, `Registry#lookup`, `testing/quiet`; some have several. */
export function surface(): ReadonlyMap<string, Callable> {
  const context = Object.fromEntries(methodsOf(contextPrototype(), 'Context#'))
  const found = {
    ...functionsOf('', js),
    ...functionsOf('testing/', testing),
    ...functionsOf('nact/', nact),
    ...context,
  }
  return new Map(Object.entries(found))
}

function functionsOf(prefix: string, what: object): Record<string, Callable> {
  const found: Record<string, Callable> = {}
  for (const [name, value] of Object.entries(what)) {
    const path = prefix + name
    if (isNamespace(value)) Object.assign(found, functionsOf(`${path}.`, value))
    else if (isClass(value)) Object.assign(found, functionsOfClass(path, value))
    else if (typeof value === 'function') found[path] = value
  }
  return found
}

function functionsOfClass(path: string, value: Callable & { readonly prototype: object }): Record<string, Callable> {
  const make: Callable = (...args) => Reflect.construct(value, args)
  const statics = ownFunctions(value).map(([name, fn]) => [`${path}.${name}`, fn] as const)
  return { [path]: make, ...Object.fromEntries(statics), ...Object.fromEntries(methodsOf(value.prototype, `${path}#`)) }
}

/** What a process is to its own code: its class is not exported. */
function contextPrototype(): object {
  const node = createNode()
  const { process } = node.spawn(() => {})
  node.kill()
  return Object.getPrototypeOf(process)
}

/** What methods are called where they are written: their class is exported by another name, or one that extends it. */
const origins = new WeakMap<Callable, string>()

/** Its own come last: they count where those that it has inherited have the same name. */
function methodsOf(prototype: object, prefix: string): (readonly [string, Callable])[] {
  if (prototype === Object.prototype || prototype === Error.prototype) return []
  const own = ownFunctions(prototype).filter(([name]) => name !== 'constructor')
  for (const [name, fn] of own) origins.set(fn, `${prototype.constructor.name}#${name}`)
  return [
    ...methodsOf(Object.getPrototypeOf(prototype), prefix),
    ...own.map(([name, fn]) => [prefix + name, fn] as const),
  ]
}

function ownFunctions(what: object): (readonly [string, Callable])[] {
  const own = Object.entries(Object.getOwnPropertyDescriptors(what))
  return own.flatMap(([name, { value }]) => (typeof value === 'function' ? [[name, value] as const] : []))
}

function isNamespace(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Module]'
}

function isClass(value: unknown): value is Callable & { readonly prototype: object } {
  return typeof value === 'function' && Function.prototype.toString.call(value).startsWith('class')
}

/**
 * What the sources mark as `@internal` or `protected`, which is no part of what users may call: functions by their name,
 * methods as `Class#method`, whatever the class is exported as.
 */
export function internals(): ReadonlySet<string> {
  return new Set(sources().flatMap((source) => [...internalFunctions(source), ...internalMethods(source)]))
}

/** A function, or what a method is called where it is written. */
export function originOf(path: string, fn: Callable): string {
  return origins.get(fn) ?? path.split(/[./]/).at(-1)!
}

const MARK = '@internal(?:[^*]|\\*(?!/))*\\*/\\s*?'

function internalFunctions(source: string): string[] {
  const form = new RegExp(`${MARK}\\n?export (?:async |declare )?(?:function|const|class) (\\w+)`, 'g')
  return Array.from(source.matchAll(form), ([, name]) => name!)
}

function internalMethods(source: string): string[] {
  const words = '(?:async |static |readonly |override |abstract )*'
  const forms = [
    new RegExp(`${MARK}\\s*${words}(\\w+)[<(]`, 'g'),
    new RegExp(`^ {2}protected ${words}(\\w+)[<(]`, 'gm'),
  ]
  const names = forms.flatMap((form) => Array.from(source.matchAll(form), ([, name]) => name!))
  const classes = Array.from(source.matchAll(/^export (?:abstract )?class (\w+)/gm), ([, name]) => name!)
  return classes.flatMap((owner) => names.map((name) => `${owner}#${name}`))
}

function sources(): string[] {
  const lib = new URL('../../lib/', import.meta.url)
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files.map((file) => readFileSync(new URL(file, lib), 'utf8'))
}
