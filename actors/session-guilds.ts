import type { Self } from '../lib/behaviours/index.ts'
import type { EventFrame } from '../lib/gateway/frame.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import type { Position } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { Settled } from './pipe-to-self.ts'
import { pipeToSelf } from './pipe-to-self.ts'
import { isAfter } from './position.ts'
import { RELAYS, type RelayApi } from './relay.ts'
import { forget, locate, retryDelay } from './routing.ts'
import type { SessionApi, SessionGuild, SessionNews, SessionState } from './session-protocol.ts'
import { isInShard } from './shard.ts'
import type { Dispatch } from './stream.ts'

/** A session's guilds: how it joins them through relays, and joins again with what it has when a relay crashes. */

type Process = Self<SessionApi>

/** The user is in this guild: the session joins it, unless it has or it is another shard's. */
export function addGuild(process: Process, state: SessionState, guildId: Snowflake): void {
  if (state.guilds.has(guildId) || !isInShard(state.start.shard, guildId)) return
  state.guilds.set(guildId, { relay: null, guild: null, position: null, available: false, attempt: 0 })
  joinGuild(process, state, guildId)
}

export function joinGuild(process: Process, { house }: SessionState, guildId: Snowflake): void {
  pipeToSelf(process, locate(process, house, RELAYS, guildId), (settled) => ({ type: 'relay_found', guildId, settled }))
}

export function relayFound(
  process: Process,
  state: SessionState,
  guildId: Snowflake,
  settled: Settled<Pid<RelayApi>>,
): void {
  const guild = state.guilds.get(guildId)
  if (guild === undefined) return
  if (settled[0] === 'error') return joinLater(process, state, guildId, guild)
  guild.relay = { monitor: process.monitor(settled[1]) }
  process.cast(settled[1], 'join', {
    session: process.self,
    userId: state.start.user.id,
    intents: state.start.intents,
    largeThreshold: state.start.largeThreshold,
    since: guild.position,
    snapshot: !guild.available,
  })
}

/** Whether the monitor with this ref was a relay's: the next one is joined. */
export function relayDown(process: Process, state: SessionState, monitor: Ref): boolean {
  for (const [guildId, guild] of state.guilds) {
    if (guild.relay?.monitor !== monitor) continue
    guild.relay = null
    joinLater(process, state, guildId, guild)
    return true
  }
  return false
}

function joinLater(process: Process, { house }: SessionState, guildId: Snowflake, guild: SessionGuild): void {
  forget(house, RELAYS, guildId)
  const wait = retryDelay(guild.attempt++, house.node.host)
  process.sendAfter(wait, process.self, { type: 'join', guildId } satisfies SessionNews)
}

/**
 * Takes what a relay sends.
 * @returns 'lost' when events are missing for good
 */
export function onDispatch(process: Process, state: SessionState, dispatch: Dispatch): 'lost' | undefined {
  const guild = state.guilds.get(dispatch.guildId)
  if (guild === undefined) return undefined
  switch (dispatch.type) {
    case 'dispatch':
      // A relay that makes up for what it missed may be behind a session that has joined it since.
      if (dispatch.position !== null && !advance(guild, dispatch.position)) return undefined
      push(state, dispatch.frame)
      return undefined
    case 'available':
      guild.attempt = 0
      guild.available = true
      guild.guild = dispatch.guild
      if (dispatch.position !== null) advance(guild, dispatch.position)
      push(state, dispatch.frame)
      announce(process, state, dispatch.guildId, guild)
      return undefined
    case 'unavailable':
      guild.available = false
      guild.guild = null
      push(state, dispatch.frame)
      return undefined
    case 'mark':
      advance(guild, dispatch.position)
      return undefined
    case 'lost':
      return 'lost'
    case 'denied':
      if (guild.relay !== null) process.demonitor(guild.relay.monitor, { flush: true })
      state.guilds.delete(dispatch.guildId)
      return undefined
  }
}

/** Has the user's presence tell a guild of itself. */
export function announce(process: Process, state: SessionState, guildId: Snowflake, { guild }: SessionGuild): void {
  if (guild !== null && state.presence !== null) {
    process.cast(state.presence.pid, 'announce', { guildId, guild })
  }
}

/** False when the session was there already. */
function advance(guild: SessionGuild, position: Position): boolean {
  if (guild.position !== null && !isAfter(position, guild.position)) return false
  guild.position = position
  return true
}

function push({ outbox }: SessionState, frame: EventFrame | null): void {
  if (frame !== null) outbox.push(frame)
}
