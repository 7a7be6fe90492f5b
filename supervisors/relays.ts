import type { House } from '../actors/house.ts'
import { RELAYS, Relay } from '../actors/relay.ts'
import { type ChildSpec, child } from '../lib/behaviours/index.ts'
import { keyedTree } from './keyed.ts'

/*
 *     relays_tree  (see keyed.ts)
 *     ├── relays_registry
 *     ├── relays_actors
 *     │   └── Relay ...       temporary: its sessions join the next one
 *     └── relays
 */
export function relaysTree(house: House): ChildSpec {
  return keyedTree({
    kind: RELAYS,
    actor: (guildId, name) => child(Relay, [house, guildId], { name, restart: 'temporary' }),
  })
}
