import { ownerOf } from '../behaviours/caller.ts'
import type { GenServer } from '../behaviours/gen-server/gen-server.ts'
import { noreply, ok, reply, stop } from '../behaviours/gen-server/results.ts'
import { CHILD, type ChildOptions, type ChildSpec, child } from '../behaviours/supervisor/child-spec.ts'
import { fault } from '../internal/errors.ts'
import type { Caller } from '../kernel/context.ts'
import { ARRAY, mustBeOptions, type OptionKinds } from '../kernel/options.ts'
import type { Dest } from '../kernel/protocol.ts'
import {
  type Actor,
  hasDefaultPolicy,
  type Plugin,
  type System,
  type SystemRef,
  startSystem,
  stop as stopActor,
} from './nact.ts'

/**
 * A process that owns a nact actor system, so that existing nact actors live in a supervision tree:
 *
 *     import { createNode } from 'guildhall'
 *     import { NactHost } from 'guildhall/nact'
 *     import { dispatch, type Ref, spawn } from 'nact'
 *
 *     const contacts = (names: readonly string[] = [], name: string) => [...names, name]
 *
 *     await using node = createNode()
 *     await node.supervise({
 *       children: [NactHost.child((system) => spawn(system, contacts, 'contacts'), { name: 'contacts' })],
 *     })
 *     dispatch(await NactHost.actors<Ref<string>>(node, 'contacts'), 'Alice')
 *
 * Its life:
 *
 *     start    a system is started, with the plugins; `setup` spawns its top-level actors; what it returns is kept
 *     crash    an error that no actor has dealt with ends the host with ['nact', name, error]: its supervisor starts
 *              it again, with a new system and new actors. That is an error that was escalated to the system, and one
 *              of a top-level actor without an `onCrash` of its own: nact alone would print it and stop the actor
 *     end      the system is stopped, with all its actors, before links and monitors hear of it; also after a kill
 *
 * To stop is meant as nact means it: the message that an actor has in hand goes on to its end, those that wait are
 * dropped, and `afterStop` is called a turn later. What that last message throws is dropped. nact 7.6.2 alone leaves
 * running what is below a system or an actor that is stopped; here, and in a system with `connect`, it stops.
 *
 * nact gives an actor of `spawnStateless` an `onCrash` of its own, which goes on silently: its host never hears of it.
 *
 * Inside the system nact's own rules go on: an `onCrash` decides before anyone here hears of the error, and a child
 * without one is stopped and its parent not told.
 *
 * References lead to the actors of one start. After a restart, ask for them anew, or use `toPid` and a name.
 *
 * When not to use it: for new code. A GenServer has a supervisor, monitors and stop reasons of its own.
 */
export type Setup<A> = (system: SystemRef) => A

export interface HostOptions<A> extends ChildOptions<HostApi<A>> {
  /** nact's plugins, such as `configurePersistence(...)` and `configureLogging(...)`. */
  readonly plugins?: readonly Plugin[]
}

export interface HostApi<A = unknown> {
  state: HostState<A>
  init: [setup: Setup<A>, plugins: readonly Plugin[]]
  call: { actors(): A; system(): SystemRef }
  info: Crash
}

interface HostState<A> {
  readonly system: System
  readonly actors: A
}

const HOST: OptionKinds<HostOptions<unknown>> = { ...CHILD, plugins: ARRAY }

class Crash {
  readonly reason: readonly ['nact', name: string, error: unknown]

  constructor(name: string, error: unknown) {
    this.reason = ['nact', name, error]
  }
}

const Host: GenServer<HostApi> = {
  init(setup, plugins) {
    const { self, node } = this
    const system = startSystem([...plugins, escalating((name, error) => node.send(self, new Crash(name, error)))])
    this.own({ [Symbol.dispose]: () => stopActor(system.reference) })
    return ok({ system, actors: setup(system.reference) })
  },
  handleCall: {
    actors: (_request, _from, state) => reply(state.actors, state),
    system: (_request, _from, state) => reply(state.system.reference, state),
  },
  handleInfo: (message, state) => (message instanceof Crash ? stop(message.reason, state) : noreply(state)),
}

/** A plugin that has `crashed` called with every error of a top-level actor that nobody has dealt with. */
function escalating(crashed: (name: string, error: unknown) => void): Plugin {
  return (started) => {
    const system = started as unknown as System
    const spawned = system.childSpawned
    system.handleFault = (_message, _sender, error, child) => crashed(child.name, error)
    system.childSpawned = (actor: Actor) => {
      spawned.call(system, actor)
      const decide = actor.handleFault
      actor.handleFault = (message, sender, error, child) => {
        if (child !== undefined || !hasDefaultPolicy(actor)) return decide.call(actor, message, sender, error, child)
        crashed(actor.name, error)
        return undefined
      }
    }
  }
}

/**
 * The specification of a host. `setup` runs at every start.
 * @throws Fault `badarg` for a `setup` that is no function.
 */
function hostChild<A>(setup: Setup<A>, given: HostOptions<A> = {}): ChildSpec<HostApi<A>> {
  mustBeOptions('a host of actors', given, HOST)
  const { plugins = [], ...options } = given
  if (typeof setup !== 'function') {
    throw fault('badarg', 'setup is a function that spawns the top-level actors: (system) => spawn(system, ...)')
  }
  const spec = child(Host, [setup, plugins], options as ChildOptions<HostApi>)
  return spec as ChildSpec<HostApi<A>>
}

/** What `setup` returned at the host's last start: by custom its top-level actors. Fails as every call does. */
function actors<A>(caller: Caller, host: Dest<HostApi<A>> | string): Promise<A> {
  return ownerOf(caller).call(host as Dest<HostApi>, 'actors') as Promise<A>
}

/** The reference of the host's nact system. */
function system(caller: Caller, host: Dest): Promise<SystemRef> {
  return ownerOf(caller).call(host as Dest<HostApi>, 'system')
}

export { actors, hostChild as child, system }
