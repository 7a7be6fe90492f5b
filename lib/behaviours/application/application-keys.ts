import { fault } from '../../internal/errors.ts'
import type { Caller } from '../../kernel/context.ts'
import { describe } from '../../kernel/exit.ts'
import { ownerOf } from '../caller.ts'
import type { ApplicationDefinition } from './application-spec.ts'
import { applicationsOf } from './application-table.ts'

/**
 * What a loaded application says of itself, under OTP's keys. Those that speak of files, modules and registered names
 * (`id`, `modules`, `registered`) and those that bound it (`maxP`, `maxT`) have no counterpart. Other applications are
 * told by their names.
 */
export interface ApplicationKeys {
  readonly description: string
  readonly vsn: string
  readonly included_applications: readonly string[]
  readonly optional_applications: readonly string[]
  readonly applications: readonly string[]
  /** The environment as it is now. */
  readonly env: readonly (readonly [key: string, value: unknown])[]
  /** `[module, arguments]` of `start`; an empty array of a library. */
  readonly mod: readonly [] | readonly [module: string, args: unknown]
  readonly start_phases: readonly (readonly [phase: string, args: unknown])[] | undefined
}

type Read = { readonly [K in keyof ApplicationKeys]: (caller: Caller, of: ApplicationDefinition) => ApplicationKeys[K] }

/** In OTP's order. */
const READ: Read = {
  description: (_caller, { description = '' }) => description,
  vsn: (_caller, { vsn = '' }) => vsn,
  included_applications: (_caller, { includedApplications }) => namesOf(includedApplications),
  optional_applications: (_caller, { optionalApplications }) => namesOf(optionalApplications),
  applications: (_caller, { applications }) => namesOf(applications),
  env: (caller, { name }) => applicationsOf(ownerOf(caller).node).allEnv(name),
  mod: (_caller, { name, moduleName = name, start, args }) => (start === undefined ? [] : [moduleName, args]),
  start_phases: (_caller, { startPhases }) => startPhases,
}

function namesOf(applications: readonly ApplicationDefinition[] = []): readonly string[] {
  return applications.map(({ name }) => name)
}

/** @internal What the application that is loaded under this name says under `key`; undefined when none is. */
export function keyOf<K extends keyof ApplicationKeys>(
  caller: Caller,
  name: string,
  key: K,
): readonly ['ok', ApplicationKeys[K]] | undefined {
  if (typeof key !== 'string') throw fault('badarg', `a key is a string, not ${describe(key)}`)
  const definition = applicationsOf(ownerOf(caller).node).loaded.get(name)
  if (definition === undefined || !Object.hasOwn(READ, key)) return undefined
  return ['ok', READ[key](caller, definition)]
}

/** @internal All that the application that is loaded under this name says; undefined when none is. */
export function allKeysOf(caller: Caller, name: string): readonly ['ok', ApplicationKeys] | undefined {
  const definition = applicationsOf(ownerOf(caller).node).loaded.get(name)
  if (definition === undefined) return undefined
  const values = Object.entries(READ).map(([key, read]) => [key, read(caller, definition)])
  return ['ok', Object.fromEntries(values) as ApplicationKeys]
}
