import type { OtpNode } from '../lib/behaviours/index.ts'
import type { WriteTurn } from '../lib/gateway/outbox.ts'
import type { RateTable } from '../lib/gateway/rate-limit.ts'
import {
  HEARTBEAT_GRACE_MS,
  HEARTBEAT_INTERVAL_MS,
  IDENTIFIES_PER_DAY,
  IDENTIFY_CONCURRENCY,
} from '../lib/internal/limits.ts'
import type { Storage } from '../lib/storage/port.ts'
import type { SnowflakeGenerator } from '../lib/storage/snowflake.ts'

/** What every actor of a node is given: a plain value, made once when the node starts. */
export interface House {
  readonly node: OtpNode
  readonly storage: Storage
  /** The names of the nodes among which guilds, presences and histories are placed: static, the same on each node. */
  readonly nodes: readonly string[]
  /** Its worker number is this node's alone. */
  readonly snowflakes: SnowflakeGenerator
  readonly writeTurn: WriteTurn
  /** Counts the IDENTIFYs of each user. */
  readonly identifies: RateTable
  readonly settings: HouseSettings
}

/** What an operator may change; milliseconds where the name says so. */
export interface HouseSettings {
  readonly heartbeatMs: number
  /** How late a heartbeat may be. */
  readonly heartbeatGraceMs: number
  /** How long a session outlives its connection. */
  readonly sessionResumeMs: number
  readonly identifyConcurrency: number
  readonly identifiesPerDay: number
}

export const DEFAULT_SETTINGS: HouseSettings = {
  heartbeatMs: HEARTBEAT_INTERVAL_MS,
  heartbeatGraceMs: HEARTBEAT_GRACE_MS,
  sessionResumeMs: 120_000,
  identifyConcurrency: IDENTIFY_CONCURRENCY,
  identifiesPerDay: IDENTIFIES_PER_DAY,
}
