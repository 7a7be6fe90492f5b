import {
  type ActorSystemRef,
  dispatch,
  type EventStream,
  type PersistedEvent,
  type PersistedSnapshot,
  type PersistenceEngine,
  type Plugin,
  query,
  type Ref,
  start,
  stop,
} from 'nact'
import { fault } from '../internal/errors.ts'

/**
 * The one place where nact is imported, and what this folder uses of it beyond its types: a plugin is handed the actor
 * system itself, and what it may look at and replace there is written down here (nact 7.6.2, system.js and actor.js).
 */
export type { EventStream, PersistedEvent, PersistedSnapshot, PersistenceEngine }
export { dispatch, type Plugin, query, type Ref, stop }
export type SystemRef = ActorSystemRef

/** An actor, or a whole system, as nact's own functions find it behind a reference. */
export interface Concrete {
  dispatch?(message: unknown, sender?: unknown): void
  query?(message: unknown, timeout: number): Promise<unknown>
  stop?(): void
}

export interface Actor extends Concrete {
  readonly name: string
  readonly path: { toString(): string }
  stop(): void
  childSpawned(child: Actor): void
  /** Decides, with the actor's `onCrash`, what becomes of an error. A property of the class, so it can be shadowed. */
  handleFault(message: unknown, sender: unknown, error: unknown, child?: unknown): unknown
  onCrash: unknown
  /** Called a turn after the actor has stopped. */
  afterStop(state: unknown, context: unknown): unknown
}

export interface System {
  readonly name: string
  readonly reference: SystemRef
  readonly path: { createChildPath(name: string): unknown }
  stop(): void
  find(ref: unknown): Concrete | undefined
  childSpawned(child: Actor): void
  /** What reaches the system because no actor has dealt with it. */
  handleFault(message: unknown, sender: unknown, error: unknown, child: { readonly name: string }): void
  addTempReference(ref: object, deferred: { resolve(value: unknown): void }): void
  removeTempReference(ref: object): void
}

/** The systems that can be reached from here, by name, until they are stopped. */
const systems = new Map<string, System>()

/**
 * nact's plugin for a system that is started elsewhere, `start(connect)`, so that `toPid` knows its actors and all of
 * them stop with it. Those of a `NactHost` are known, and do.
 */
export const connect: Plugin = (started) => {
  const system = started as unknown as System
  const stopSystem = system?.stop
  if (typeof stopSystem !== 'function') throw fault('badarg', 'connect is a plugin of nact: start(connect)')
  systems.set(system.name, system)
  system.stop = () => {
    systems.delete(system.name)
    stopSystem.call(system)
  }
  // nact stops what is below a system or an actor by `stop(child)`, which looks the child up as if it were one of its
  // references, finds nothing and leaves it running. A reference has its system's name, an actor the system itself.
  const find = system.find
  system.find = (ref) => {
    const { system: owner } = Object(ref) as { readonly system?: unknown }
    return owner === system ? (ref as Actor) : find.call(system, ref)
  }
  stopsForGood(system)
}

/**
 * Sees to it that each actor that is spawned below stops once and stays stopped. Its last message may still fail, or a
 * decision about an earlier failure still be under way: nact would then stop or start it again, or miss its parent,
 * which ends the program.
 */
function stopsForGood(parent: System | Actor): void {
  const spawned = parent.childSpawned
  parent.childSpawned = (actor) => {
    spawned.call(parent, actor)
    stopsForGood(actor)
    const stopActor = actor.stop
    actor.stop = () => {
      stopActor.call(actor)
      Object.assign(actor, STOPPED)
    }
  }
}

const ignore = (): void => {}
/** Takes the decisions about a stopped actor, in place of its parent and its children. */
const NOBODY = { children: new Map(), childStopped: ignore, handleFault: ignore, stop: ignore, reset: ignore }
const NO_CHILDREN = { get: () => NOBODY, values: () => [] }
const STOPPED = { stop: ignore, reset: ignore, handleFault: ignore, parent: NOBODY, children: NO_CHILDREN }

/** Starts a system and hands over what nact hands to its plugins. */
export function startSystem(plugins: readonly Plugin[]): System {
  const { system } = start(connect, ...plugins) as unknown as { readonly system: { readonly name: string } }
  return systems.get(system.name)!
}

/** The actor behind a reference; undefined when it has stopped, or its system is not known here. */
export function actorOf(ref: Ref<unknown>): Actor | undefined {
  const { system } = Object(ref) as { readonly system?: { readonly name: string } }
  return systems.get(system?.name ?? '')?.find(ref) as Actor | undefined
}

/** Whether an actor was spawned without `onCrash`: nact then prints the error, stops the actor and tells nobody. */
export function hasDefaultPolicy(actor: Actor): boolean {
  return typeof actor.onCrash === 'function' && actor.onCrash.name === 'defaultSupervisionPolicy'
}
