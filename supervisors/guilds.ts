import { Guild } from '../actors/guild.ts'
import { GUILDS } from '../actors/guild-protocol.ts'
import type { House } from '../actors/house.ts'
import { refused } from '../actors/outcome.ts'
import { type ChildSpec, child } from '../lib/behaviours/index.ts'
import { keyedTree } from './keyed.ts'

/*
 *     guilds_tree  (see keyed.ts)
 *     ├── guilds_registry
 *     ├── guilds_actors
 *     │   └── Guild ...       transient: one that crashes is loaded again; one that is idle, or cannot be loaded, ends
 *     └── guilds
 */
export function guildsTree(house: House): ChildSpec {
  return keyedTree({
    kind: GUILDS,
    actor: (guildId, name) => child(Guild, [house, guildId], { name, restart: 'transient' }),
    check: async (guildId) => {
      return (await house.storage.guild(guildId)) === null ? refused('unknown_guild', guildId) : ['ok', null]
    },
  })
}
