import type { House } from '../actors/house.ts'
import { PRESENCES, UserPresence } from '../actors/presence.ts'
import { type ChildSpec, child } from '../lib/behaviours/index.ts'
import { keyedTree } from './keyed.ts'

/*
 *     presences_tree  (see keyed.ts)
 *     ├── presences_registry
 *     ├── presences_actors
 *     │   └── UserPresence ...    temporary: the user's sessions start the next one
 *     └── presences
 */
export function presencesTree(house: House): ChildSpec {
  return keyedTree({
    kind: PRESENCES,
    actor: (userId, name) => child(UserPresence, [house, userId], { name, restart: 'temporary' }),
  })
}
