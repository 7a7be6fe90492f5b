import type { Snowflake } from '../lib/storage/snowflake.ts'

export type Shard = readonly [id: number, count: number]

/** Whether a session of this shard has this guild (Discord's formula). Without a shard it has all. */
export function isInShard(shard: Shard | undefined, guildId: Snowflake): boolean {
  return shard === undefined || Number((BigInt(guildId) >> 22n) % BigInt(shard[1])) === shard[0]
}

/** Whether a shard as a client names it is one. */
export function isShard([id, count]: Shard): boolean {
  return Number.isSafeInteger(id) && Number.isSafeInteger(count) && id >= 0 && id < count
}
