import type { OtpNode } from '../lib/behaviours/index.ts'
import { LruMap } from '../lib/cluster/lru-map.ts'
import { WriteTurn } from '../lib/gateway/outbox.ts'
import { IDENTIFY_CONCURRENCY_RULE, RateTable } from '../lib/gateway/rate-limit.ts'
import {
  HEARTBEAT_GRACE_MS,
  HEARTBEAT_INTERVAL_MS,
  IDENTIFY_CONCURRENCY,
  ROUTES,
  SESSION_RESUME_MS,
} from '../lib/internal/limits.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import type { Storage } from '../lib/storage/port.ts'
import type { Channel } from '../lib/storage/records.ts'
import { type Snowflake, SnowflakeGenerator } from '../lib/storage/snowflake.ts'

/** What every actor of a node is given: a plain value, made once when the node starts. */
export interface House {
  readonly node: OtpNode
  readonly storage: Storage
  /** The names of the nodes among which guilds, presences and histories are placed: static, the same on each node. */
  readonly nodes: readonly string[]
  readonly snowflakes: SnowflakeGenerator
  readonly writeTurn: WriteTurn
  /** Counts the IDENTIFYs of each user. */
  readonly identifies: RateTable
  readonly routes: Routes
  readonly settings: HouseSettings
}

/** What this node remembers of where things are. */
export interface Routes {
  /** Actors, by directory and key. */
  readonly actors: LruMap<string, Pid>
  /** Channels, which never change their guild; a promise, so that those who ask at once ask once. */
  readonly channels: LruMap<Snowflake, Promise<Channel | null>>
}

/** What an operator may change; milliseconds where the name says so. */
export interface HouseSettings {
  readonly heartbeatMs: number
  /** How late a heartbeat may be. */
  readonly heartbeatGraceMs: number
  /** How long a session outlives its connection. */
  readonly sessionResumeMs: number
  /** Discord's max_concurrency: each user has so many keys, and may IDENTIFY once in `identifyEveryMs` with each. */
  readonly identifyConcurrency: number
  readonly identifyEveryMs: number
}

export interface HouseOptions {
  readonly node: OtpNode
  readonly storage: Storage
  /** This node alone unless told otherwise. */
  readonly nodes?: readonly string[]
  /** The number of this node in its snowflakes, 0 to 1023: no other that is running has the same. */
  readonly worker: number
  readonly settings?: Partial<HouseSettings>
}

export function createHouse({ node, storage, nodes, worker, settings }: HouseOptions): House {
  return {
    node,
    storage,
    nodes: nodes ?? [node.name],
    snowflakes: new SnowflakeGenerator(node.host, worker),
    writeTurn: new WriteTurn(node.host),
    identifies: new RateTable(),
    routes: { actors: new LruMap(ROUTES), channels: new LruMap(ROUTES) },
    settings: {
      heartbeatMs: HEARTBEAT_INTERVAL_MS,
      heartbeatGraceMs: HEARTBEAT_GRACE_MS,
      sessionResumeMs: SESSION_RESUME_MS,
      identifyConcurrency: IDENTIFY_CONCURRENCY,
      identifyEveryMs: IDENTIFY_CONCURRENCY_RULE.windowMs,
      ...settings,
    },
  }
}
