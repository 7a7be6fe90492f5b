/**
 * `guildhall/storage`: what a chat backend keeps, behind one port with an implementation for a single host (lmdb) and
 * one for tests and simulations (memory); ids and tokens in Discord's form; and a connection with Cassandra.
 */

export { type Cassandra, type CassandraOptions, type CassandraRow, openCassandra } from './cassandra.ts'
export type { Change, Disk, Range, Row, View } from './disk.ts'
export { comparePositions } from './guild-log.ts'
export { openLmdbDisk, openLmdbStorage } from './lmdb.ts'
export { openMemoryDisk, openMemoryStorage } from './memory.ts'
export { openStorage } from './ordered-storage.ts'
export type { Commit, MessageQuery, OutboxEvent, OwnedStorage, Page, Position, Storage, Write } from './port.ts'
export type { Channel, Guild, Invite, Member, Message, MessageReference, User } from './records.ts'
export {
  compareSnowflakes,
  DISCORD_EPOCH_MS,
  isSnowflake,
  type Snowflake,
  SnowflakeGenerator,
  snowflakeAt,
  snowflakeTime,
  WORKER_MAX,
} from './snowflake.ts'
export { createToken, hashToken, isTokenHash, tokenUser } from './token.ts'
