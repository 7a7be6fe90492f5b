import { GUILDS } from '../../actors/guild-protocol.ts'
import type { House } from '../../actors/house.ts'
import { find } from '../../actors/routing.ts'

/** Kills a guild's actor, wherever it runs; false when it does not. */
export async function killGuild(house: House, guildId: string): Promise<boolean> {
  const pid = await find(house.node, house, GUILDS, guildId)
  if (pid === null) return false
  house.node.exit(pid, 'kill')
  return true
}
