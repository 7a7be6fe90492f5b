import { oncePer } from '../../internal/once-per.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { ApplicationDefinition, StartType } from './application-spec.ts'

/** An application that runs. A library has neither process. */
export interface RunningApplication {
  readonly definition: ApplicationDefinition
  master: Pid | undefined
  top: Pid | undefined
  /** What the master has ended with. */
  ended: readonly [Reason] | undefined
}

/**
 * What a node knows of applications (OTP's table `ac_tab`): read and configured by anybody, at once; started and
 * stopped by the controller alone.
 */
export class ApplicationTable {
  readonly loaded: Map<string, ApplicationDefinition> = new Map()
  /** In the order they were started. */
  readonly running: Map<string, RunningApplication> = new Map()
  /** Those that were started and not stopped, whether they still run or have ended by themselves. */
  readonly started: Map<string, StartType> = new Map()
  /** By their group leaders, those that run and those that are being started. */
  readonly byMaster: Map<Pid, RunningApplication> = new Map()
  readonly #env = new Map<string, Map<string, unknown>>()
  readonly #persistent = new Map<string, Map<string, unknown>>()
  /** @internal What the node does when an application whose end ends the node has ended. */
  onTerminated: (reason: Reason) => void = () => {}
  /** @internal What the node does when an application has started. */
  onStarted: (name: string) => void = () => {}

  /** Makes an application known with its environment and, as far as they are not loaded, those that it includes. */
  load(definition: ApplicationDefinition): 'ok' | readonly ['error', Reason] {
    const { name, env, includedApplications = [] } = definition
    if (this.loaded.has(name)) return ['error', ['already_loaded', definition]]
    this.loaded.set(name, definition)
    const values = slot(this.#env, name)
    for (const [key, value] of Object.entries(env)) values.set(key, value)
    for (const [key, value] of this.#persistent.get(name) ?? []) values.set(key, value)
    for (const included of includedApplications) this.load(included)
    return 'ok'
  }

  /** Forgets an application with its environment and, unless they run by themselves, those that it includes. */
  unload(name: string): 'ok' | readonly ['error', Reason] {
    const definition = this.loaded.get(name)
    if (this.running.has(name)) return ['error', ['running', name]]
    if (definition === undefined) return ['error', ['not_loaded', name]]
    this.loaded.delete(name)
    this.#env.delete(name)
    for (const included of definition.includedApplications ?? []) this.unload(included.name)
    return 'ok'
  }

  getEnv(name: string, key: string): readonly ['ok', unknown] | undefined {
    const values = this.#env.get(name)
    return values?.has(key) ? ['ok', values.get(key)] : undefined
  }

  allEnv(name: string): readonly (readonly [key: string, value: unknown])[] {
    return [...(this.#env.get(name) ?? [])]
  }

  /** A persistent value also outlives the load of the application, whose default it takes the place of. */
  setEnv(name: string, key: string, value: unknown, persistent: boolean): void {
    slot(this.#env, name).set(key, value)
    if (persistent) slot(this.#persistent, name).set(key, value)
  }

  unsetEnv(name: string, key: string, persistent: boolean): void {
    this.#env.get(name)?.delete(key)
    if (persistent) this.#persistent.get(name)?.delete(key)
  }
}

function slot(all: Map<string, Map<string, unknown>>, name: string): Map<string, unknown> {
  let values = all.get(name)
  if (values === undefined) {
    values = new Map()
    all.set(name, values)
  }
  return values
}

/** What a node knows of its applications. */
export const applicationsOf: (node: Node) => ApplicationTable = oncePer(() => new ApplicationTable())
