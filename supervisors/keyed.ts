import { Directory, type DirectorySpec } from '../actors/directory.ts'
import type { Kind } from '../actors/routing.ts'
import { type ChildSpec, child, DynamicSupervisor, Registry, Supervisor } from '../lib/behaviours/index.ts'
import { ACTOR_RESTART_SECONDS, ACTOR_RESTARTS } from '../lib/internal/limits.ts'
import type { Via } from '../lib/kernel/protocol.ts'

/*
 * The tree of one kind of actor that is addressed by a key, on one node; `guilds` for example:
 *
 *     guilds_tree  (rest_for_one)
 *     ├── guilds_registry     key -> pid
 *     ├── guilds_actors       (dynamic, one_for_one)
 *     │   ├── actor "1"
 *     │   └── actor "2"
 *     └── guilds              the directory: finds an actor or starts it
 *
 * Without the registry nothing can be found, without the actors' supervisor nothing started: what comes later in the
 * list is started anew with what comes before it.
 */
export interface KeyedActors<P> {
  readonly kind: Kind<P>
  /** The actor with this key. */
  readonly actor: (key: string, name: Via<P>) => ChildSpec
  readonly check?: DirectorySpec['check']
}

export function keyedTree<P>({ kind, actor, check }: KeyedActors<P>): ChildSpec {
  const name = kind.directory
  const registry = new Registry<string>(`${name}_registry`, { keys: 'unique' })
  const supervisor = `${name}_actors`
  const spec: DirectorySpec = {
    registry,
    supervisor,
    child: (key) => actor(key, registry.via<P>(key)),
    ...(check && { check }),
  }
  return Supervisor.child(
    {
      strategy: 'rest_for_one',
      children: [
        registry.child(),
        DynamicSupervisor.child({ intensity: ACTOR_RESTARTS, period: ACTOR_RESTART_SECONDS }, { name: supervisor }),
        child(Directory, [spec], { name }),
      ],
    },
    { name: `${name}_tree` },
  )
}
