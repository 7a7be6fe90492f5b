import type { ListenerOptions } from '../actors/gateway-listener.ts'
import type { House } from '../actors/house.ts'
import type { SupervisorSpec } from '../lib/behaviours/index.ts'
import { gatewayTree } from './gateway.ts'
import { guildsTree } from './guilds.ts'
import { historiesTree } from './histories.ts'
import { presencesTree } from './presences.ts'
import { relaysTree } from './relays.ts'
import { sessionsTree } from './sessions.ts'

/*
 * All that a node of the chat backend runs:
 *
 *     root  (one_for_one)
 *     ├── histories_tree     reads of channels, placed by channel
 *     ├── guilds_tree        placed by guild
 *     ├── presences_tree     placed by user
 *     ├── relays_tree        a guild's events on this node
 *     ├── sessions_tree      the sessions of this node's clients
 *     └── gateway            their connections
 *
 * Each stands for itself: who loses the other end finds the next one. They are stopped from below, so that clients are
 * told to go elsewhere while everything still runs.
 */
export function rootSpec(house: House, listener?: ListenerOptions): SupervisorSpec {
  return {
    strategy: 'one_for_one',
    intensity: 3,
    period: 5,
    children: [
      historiesTree(house),
      guildsTree(house),
      presencesTree(house),
      relaysTree(house),
      sessionsTree(),
      gatewayTree(listener),
    ],
  }
}
