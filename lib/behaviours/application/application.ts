import { fault } from '../../internal/errors.ts'
import type { Caller, ProcessCaller } from '../../kernel/context.ts'
import { describe, type Reason } from '../../kernel/exit.ts'
import { FLAG, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import { Pid } from '../../kernel/pid.ts'
import { inNameOf, ownerOf, processOf } from '../caller.ts'
import { startApplication, stopApplication } from './application-controller.ts'
import { type ApplicationKeys, allKeysOf, keyOf } from './application-keys.ts'
import { type ApplicationDefinition, isApplication, type StartType } from './application-spec.ts'
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
 * `node.shutdown()` stops what runs in the reverse order of the starts. `node.terminated` tells why a node shut down.
 *
 * An application may include others (`includedApplications`), which then are parts of it: they are loaded with it, and
 * the controller does not start them. Its `start` puts their supervisors into its own tree, whatever runs there belongs
 * to it, and each of its start phases is carried out by it and then by those of them that have the phase:
 *
 *     shop includes cart     start of shop ──> init: shop ──> go: shop, cart ──> runs      phases of shop: init, go
 *                                                                                          phases of cart: go
 *
 * One that it includes has to have start phases, be it none, when it has any. Starting one by itself is not refused, as
 * in OTP, and makes a second tree.
 *
 * When not to use it: in a program of one tree `node.supervise` is enough.
 *
 * The rules are those of OTP's application, application_controller and application_master.
 */

/** An application, or the name of one that was loaded. */
export type ApplicationName = ApplicationDefinition | string
type Done = 'ok' | readonly ['error', Reason]

function applicationName(application: ApplicationName): string {
  if (typeof application === 'string') return application
  if (isApplication(application)) return application.name
  throw fault('bad_application', 'an application is what defineApplication returns, or its name')
}

// --- load

/**
 * Makes an application known, with its environment, and those that it includes; `['error', ['already_loaded',
 * application]]`.
 */
export function load(caller: Caller, application: ApplicationDefinition): Done {
  if (isApplication(application)) return applicationsOf(ownerOf(caller).node).load(application)
  throw fault('bad_application', 'what is loaded is what defineApplication returns')
}

/**
 * Forgets an application and its environment, and those that it includes, unless they were started by themselves;
 * `['error', ['running' | 'not_loaded', name]]`.
 */
export function unload(caller: Caller, application: ApplicationName): Done {
  return applicationsOf(ownerOf(caller).node).unload(applicationName(application))
}

/** As `load`, and `'ok'` when it was loaded before. `['error', ['not_loaded', name]]` for an unknown name. */
export function ensureLoaded(caller: Caller, application: ApplicationName): Done {
  const table = applicationsOf(ownerOf(caller).node)
  if (table.loaded.has(applicationName(application))) return 'ok'
  return typeof application === 'string' ? ['error', ['not_loaded', application]] : table.load(application)
}

/** `[name, description, vsn]` of the applications that are loaded, in the order they were. */
export function loadedApplications(caller: Caller): readonly ApplicationInfo[] {
  return Array.from(applicationsOf(ownerOf(caller).node).loaded.values(), infoOf)
}

/** `[name, description, vsn]` of the applications that run, the one that was started last first. */
export function whichApplications(caller: Caller): readonly ApplicationInfo[] {
  return Array.from(applicationsOf(ownerOf(caller).node).running.values(), ({ definition }) =>
    infoOf(definition),
  ).reverse()
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
 *     ['error', [reason, call]]                                         the same of `startPhase`
 *     ['error', ['start_phases_undefined', name]]                       one that it includes has none, and it has some
 *
 * `call` being `[module, 'start', ['normal', args]]`.
 */
export function start(caller: Caller, application: ApplicationName, type: StartType = 'temporary'): Promise<Done> {
  return inNameOf(caller, async () => {
    const loaded = ensureLoaded(caller, application)
    return loaded === 'ok' ? startApplication(caller, applicationName(application), type) : loaded
  })
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
export function ensureAllStarted(
  caller: Caller,
  applications: ApplicationName | readonly ApplicationName[],
  type: StartType = 'temporary',
): Promise<readonly ['ok', readonly string[]] | readonly ['error', Reason]> {
  return inNameOf(caller, async () => {
    const started: string[] = []
    const wanted = Array.isArray(applications) ? applications : [applications as ApplicationName]
    const failed = await startAll(caller, wanted, new Set(), type, started)
    if (failed === undefined) return ['ok', started]
    for (const name of started.reverse()) await stop(caller, name)
    return ['error', failed]
  })
}

async function startAll(
  caller: Caller,
  applications: readonly ApplicationName[],
  above: ReadonlySet<string>,
  type: StartType,
  started: string[],
): Promise<Reason | undefined> {
  const { running, loaded } = applicationsOf(ownerOf(caller).node)
  for (const application of applications) {
    const name = applicationName(application)
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
  return stopApplication(caller, applicationName(application))
}

// --- what runs

/** The application that a process belongs to, of included ones the one around them; of a callback's `this` its own. */
export function getApplication(caller: ProcessCaller): readonly ['ok', string] | undefined
export function getApplication(caller: Caller, pid: Pid): readonly ['ok', string] | undefined
export function getApplication(caller: Caller, pid?: Pid): readonly ['ok', string] | undefined {
  if (pid !== undefined && !(pid instanceof Pid)) throw fault('badarg', 'getApplication takes a pid')
  const process = pid === undefined ? processOf(caller) : ownerOf(caller) && pid.process
  const application = process && applicationsOf(process.node).byMaster.get(process.groupLeader())
  return application && ['ok', application.definition.name]
}

/** What a loaded application says of itself under `key`, one of OTP's; undefined without such an application or key. */
export function getKey<K extends keyof ApplicationKeys>(
  caller: Caller,
  application: ApplicationName,
  key: K,
): readonly ['ok', ApplicationKeys[K]] | undefined {
  return keyOf(caller, applicationName(application), key)
}

/** All that a loaded application says of itself, in one object; undefined when it is not loaded. */
export function getAllKey(caller: Caller, application: ApplicationName): readonly ['ok', ApplicationKeys] | undefined {
  return allKeysOf(caller, applicationName(application))
}

/** The top supervisor of an application that runs (OTP 26). */
export function getSupervisor(caller: Caller, application: ApplicationName): readonly ['ok', Pid] | undefined {
  const top = applicationsOf(ownerOf(caller).node).running.get(applicationName(application))?.top
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
  mustBeKey(key)
  const found = applicationsOf(ownerOf(caller).node).getEnv(applicationName(application), key)
  return otherwise.length === 0 ? found : found === undefined ? otherwise[0] : found[1]
}

/** The environment of an application as it is now, loaded or not: pairs of a key and a value. */
export function getAllEnv(
  caller: Caller,
  application: ApplicationName,
): readonly (readonly [key: string, value: unknown])[] {
  return applicationsOf(ownerOf(caller).node).allEnv(applicationName(application))
}

export interface EnvOptions {
  /** Whether the change also counts when the application is loaded later, in the place of its default. */
  readonly persistent?: boolean
}

const ENV: OptionKinds<EnvOptions> = { persistent: FLAG }

function mustBeKey(key: string): void {
  if (typeof key !== 'string') throw fault('badarg', `a key of an environment is a string, not ${describe(key)}`)
}

/** Sets a value; the application need not be loaded, or even known. */
export function setEnv<A extends ApplicationName, K extends KeyOf<A>>(
  caller: Caller,
  application: A,
  key: K,
  value: EnvOf<A>[K],
  options: EnvOptions = {},
): void {
  mustBeOptions('setEnv', options, ENV)
  mustBeKey(key)
  applicationsOf(ownerOf(caller).node).setEnv(applicationName(application), key, value, options.persistent === true)
}

/** Sets the values of several applications: `{ storage: { folder: '/var/chat' } }` (`application:set_env/1,2`). */
export function putAllEnv(
  caller: Caller,
  config: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  options: EnvOptions = {},
): void {
  mustBeOptions('putAllEnv', options, ENV)
  if (typeof config !== 'object' || config === null)
    throw fault('badarg', 'an environment is { application: { key: value } }')
  for (const [name, values] of Object.entries(config)) {
    if (typeof values !== 'object' || values === null)
      throw fault('badarg', `the environment of ${name} is { key: value }`)
    for (const [key, value] of Object.entries(values)) setEnv(caller, name, key, value, options)
  }
}

/** Removes a value, with `persistent` also for loads to come; one that is not there is no error. */
export function unsetEnv(caller: Caller, application: ApplicationName, key: string, options: EnvOptions = {}): void {
  mustBeOptions('unsetEnv', options, ENV)
  mustBeKey(key)
  applicationsOf(ownerOf(caller).node).unsetEnv(applicationName(application), key, options.persistent === true)
}
