import { HISTORIES, History } from '../actors/history.ts'
import type { House } from '../actors/house.ts'
import { type ChildSpec, child } from '../lib/behaviours/index.ts'
import { keyedTree } from './keyed.ts'

/*
 *     histories_tree  (see keyed.ts)
 *     ├── histories_registry
 *     ├── histories_actors
 *     │   └── History ...     temporary: the next reader starts the next one
 *     └── histories
 */
export function historiesTree(house: House): ChildSpec {
  return keyedTree({
    kind: HISTORIES,
    actor: (channelId, name) => child(History, [house, channelId], { name, restart: 'temporary' }),
  })
}
