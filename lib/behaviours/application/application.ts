import { fault } from '../../internal/errors.ts'
import type { Caller } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import type { Pid } from '../../kernel/pid.ts'
import { processOf } from '../proc-lib/proc-lib.ts'
import { startApplication, stopApplication } from './application-controller.ts'
import type { ApplicationDefinition, StartType } from './application-spec.ts'
import { applicationsOf } from './application-table.ts'

/**
 * An application is a part of a program that is started, configured and stopped as one: a tree of processes with a
 * name, the applications it needs, and an environment.
 *
 *     import { Agent, Application, createNode, defineApplication, Supervisor } from 'guildhall'
 *
 *     const storage = defineApplication({
 *       name: 'storage',
 *       env: { folder: './data' },
 *       start() {
 *         const folder = Application.getEnv(this, 'storage', 'folder', './data')
 *         return Supervisor.startLink(this, { children: [Agent.child(() => ({ folder }), { name: 'disk' })] })
 *       },
 *     })
 *     const chat = defineApplication({
 *       name: 'chat',
 *       applications: [storage],                                     // started before it
 *       start() {
 *         return Supervisor.startLink(this, { children: [Agent.child(() => new Map(), { name: 'rooms' })] })
 *       },
 *     })
 *
 *     await using node = createNode()
 *     Application.setEnv(node, storage, 'folder', '/var/chat', { persistent: true })   // in the place of the default
 *     await Application.ensureAllStarted(node, chat, 'permanent')    // ['ok', ['storage', 'chat']]
 *     await Application.stop(node, chat)                             // 'ok'; storage goes on
 *
 * Its life, with the callbacks of its definition:
 *
 *     load    its environment: its defaults, and over them what was set to be persistent
 *     start   the needed ones have started? ──> start(type, args) ──> startPhase of each phase ──> runs
 *     stop    prepStop(state) ──> the top supervisor shuts down ──> stop(state) ──> whatever is left of it is killed
 *
 * What belongs to an application is what its master, the `this` of the callbacks, has started, and what that has
 * started, however deep: all of these have the master as their group leader.
 *
 * What the end of its top supervisor means, if nobody stopped the application, is said by the type it was started with:
 *
 *     permanent    the node shuts down, whatever the reason
 *     transient    the node shuts down unless the reason is `normal`
 *     temporary    it is reported (the default)
 *
 * `node.shutdown()` stops what runs in the reverse order of the starts. Why a node shut down tells `node.terminated`.
 *
 * When not to use it: in a program of one tree `node.supervise` is enough.
 *
 * The rules are those of OTP's application, application_controller and application_master.
 */

/** An application, or the name of one that was loaded. */
export type ApplicationName = ApplicationDefinition | string
type Done = 'ok' | readonly ['error', Reason]

function nameOf(application: ApplicationName): string {
  if (typeof application === 'string') return application
  if (typeof application?.env !== 'object')
    throw fault('bad_application', 'an application is what defineApplication returns, or its name')
  return application.name
}

// --- load

/** Makes an application known, with its environment; `['error', ['already_loaded', application]]`. */
export function load(caller: Caller, application: ApplicationDefinition): Done {
  return applicationsOf(caller.node).load(application)
}

/** Forgets an application and its environment; `['error', ['running' | 'not_loaded', name]]`. */
export function unload(caller: Caller, application: ApplicationName): Done {
  return applicationsOf(caller.node).unload(nameOf(application))
}

/** As `load`, and `'ok'` when it was loaded before. `['error', ['not_loaded', name]]` for an unknown name. */
export function ensureLoaded(caller: Caller, application: ApplicationName): Done {
  const table = applicationsOf(caller.node)
  if (table.loaded.has(nameOf(application))) return 'ok'
  return typeof application === 'string' ? ['error', ['not_loaded', application]] : table.load(application)
}

/** `[name, description, vsn]` of those that are loaded. */
export function loadedApplications(caller: Caller): readonly ApplicationInfo[] {
  return Array.from(applicationsOf(caller.node).loaded.values(), infoOf)
}

/** The same of those that run, the one that was started last first. */
export function whichApplications(caller: Caller): readonly ApplicationInfo[] {
  return Array.from(applicationsOf(caller.node).running.values(), ({ definition }) => infoOf(definition)).reverse()
}

export type ApplicationInfo = readonly [name: string, description: string, vsn: string]

function infoOf({ name, description = '', vsn = '' }: ApplicationDefinition): ApplicationInfo {
  return [name, description, vsn]
}

// --- start and stop

/**
 * Loads an application if need be, starts it and resolves when it runs. `type` says what its end means, see above.
 *
 *     ['error', ['not_started' | 'not_running', name]]                  one that it needs
 *     ['error', ['already_started' | 'not_loaded', name]]
 *     ['error', [reason, call]]                                         `start` returned `['error', reason]`
 *     ['error', ['bad_return', [call, result]]]                         or threw: the result is `['EXIT', reason]`
 *
 * `call` being `[module, 'start', ['normal', args]]`.
 */
export async function start(
  caller: Caller,
  application: ApplicationName,
  type: StartType = 'temporary',
): Promise<Done> {
  const loaded = ensureLoaded(caller, application)
  return loaded === 'ok' ? startApplication(caller, nameOf(application), type) : loaded
}

/** As `start`, and `'ok'` when it has been started before. */
export async function ensureStarted(caller: Caller, application: ApplicationName, type?: StartType): Promise<Done> {
  const done = await start(caller, application, type)
  return done !== 'ok' && isAlreadyStarted(done[1]) ? 'ok' : done
}

/**
 * Starts applications and, before each, those that it needs; resolves with the names of those that were not running,
 * in the order they were started. When one fails, `['error', [name, reason]]`, and those are stopped again.
 */
export async function ensureAllStarted(
  caller: Caller,
  applications: ApplicationName | readonly ApplicationName[],
  type: StartType = 'temporary',
): Promise<readonly ['ok', readonly string[]] | readonly ['error', Reason]> {
  const started: string[] = []
  const wanted = Array.isArray(applications) ? applications : [applications as ApplicationName]
  const failed = await startAll(caller, wanted, new Set(), type, started)
  if (failed === undefined) return ['ok', started]
  for (const name of started.reverse()) await stop(caller, name)
  return ['error', failed]
}

async function startAll(
  caller: Caller,
  applications: readonly ApplicationName[],
  above: ReadonlySet<string>,
  type: StartType,
  started: string[],
): Promise<Reason | undefined> {
  const { running, loaded } = applicationsOf(caller.node)
  for (const application of applications) {
    const name = nameOf(application)
    if (running.has(name) || above.has(name)) continue
    const known = ensureLoaded(caller, application)
    if (known !== 'ok') return [name, known[1]]
    const needed = loaded.get(name)?.applications ?? []
    const failed = await startAll(caller, needed, new Set([...above, name]), type, started)
    if (failed !== undefined) return failed
    const done = await startApplication(caller, name, type)
    if (done === 'ok') started.push(name)
    else if (!isAlreadyStarted(done[1])) return [name, done[1]]
  }
  return undefined
}

function isAlreadyStarted(reason: Reason): boolean {
  return Array.isArray(reason) && reason[0] === 'already_started'
}

/**
 * Stops an application, and resolves when nothing of it runs any more. That others need it is no hindrance.
 * `['error', ['not_started', name]]`.
 */
export function stop(caller: Caller, application: ApplicationName): Promise<Done> {
  return stopApplication(caller, nameOf(application))
}

// --- what runs

/** The application that a process belongs to; of the `this` of a callback its own. */
export function getApplication(caller: Caller, pid?: Pid): readonly ['ok', string] | undefined {
  const process = pid === undefined ? processOf(caller) : pid.process
  const application = process && applicationsOf(process.node).byMaster.get(process.groupLeader())
  return application && ['ok', application.definition.name]
}

/** The top supervisor of an application that runs (OTP 26). */
export function getSupervisor(caller: Caller, application: ApplicationName): readonly ['ok', Pid] | undefined {
  const top = applicationsOf(caller.node).running.get(nameOf(application))?.top
  return top === undefined ? undefined : ['ok', top]
}

// --- environment

type EnvOf<A> = A extends ApplicationDefinition<infer E> ? E : Readonly<Record<string, unknown>>
type KeyOf<A> = keyof EnvOf<A> & string

/** `['ok', value]`, or undefined; with a default the value itself, or the default. */
export function getEnv<A extends ApplicationName, K extends KeyOf<A>>(
  caller: Caller,
  application: A,
  key: K,
): readonly ['ok', EnvOf<A>[K]] | undefined
export function getEnv<A extends ApplicationName, K extends KeyOf<A>, D>(
  caller: Caller,
  application: A,
  key: K,
  otherwise: D,
): EnvOf<A>[K] | D
export function getEnv(
  caller: Caller,
  application: ApplicationName,
  key: string,
  ...otherwise: readonly [unknown] | readonly []
): unknown {
  const found = applicationsOf(caller.node).getEnv(nameOf(application), key)
  return otherwise.length === 0 ? found : found === undefined ? otherwise[0] : found[1]
}

export function getAllEnv(
  caller: Caller,
  application: ApplicationName,
): readonly (readonly [key: string, value: unknown])[] {
  return applicationsOf(caller.node).allEnv(nameOf(application))
}

export interface EnvOptions {
  /** Whether it also counts when the application is loaded later, in the place of its default. */
  readonly persistent?: boolean
}

/** Sets a value; the application need not be loaded, or even known. */
export function setEnv<A extends ApplicationName, K extends KeyOf<A>>(
  caller: Caller,
  application: A,
  key: K,
  value: EnvOf<A>[K],
  options: EnvOptions = {},
): void {
  applicationsOf(caller.node).setEnv(nameOf(application), key, value, options.persistent === true)
}

/** Sets the values of several applications: `{ storage: { folder: '/var/chat' } }` (`application:set_env/1,2`). */
export function putAllEnv(
  caller: Caller,
  config: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  options: EnvOptions = {},
): void {
  for (const [name, values] of Object.entries(config)) {
    for (const [key, value] of Object.entries(values)) setEnv(caller, name, key, value, options)
  }
}

export function unsetEnv(caller: Caller, application: ApplicationName, key: string, options: EnvOptions = {}): void {
  applicationsOf(caller.node).unsetEnv(nameOf(application), key, options.persistent === true)
}
