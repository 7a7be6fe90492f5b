import { type GenServer, type NoReply, noreply, ok, reply, type Self, stop } from '../lib/behaviours/index.ts'
import { PRESENCE_IDLE_MS } from '../lib/internal/limits.ts'
import type { Caller } from '../lib/kernel/context.ts'
import type { DownMessage } from '../lib/kernel/exit.ts'
import { type Pid, type Ref, samePid } from '../lib/kernel/pid.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { House } from './house.ts'
import { aggregate, type OwnPresence } from './own-presence.ts'
import type { Presence } from './payloads/presence.ts'
import { find, type Kind } from './routing.ts'
import type { PresenceReceiver } from './stream.ts'

/**
 * One for each user who has sessions: makes one presence of what they say, and tells the guilds of it.
 *
 *     session ── register, update ──>  presence of the user ── presence ──> each of its guilds
 *     session ── announce(guild) ───>       (aggregate)                      that a session has joined
 *     session <── guildAdded ──────
 *
 * Guilds are known from the sessions that have joined them, with the pid that was told last, so one that comes back is
 * told again as its sessions join again. Guilds monitor this process: when it ends, its user counts as gone, until its
 * sessions, which monitor it as well, have registered with the next.
 */
export interface PresenceApi {
  state: PresenceState
  init: [house: House, userId: Snowflake]
  call: {
    /** A session is there from now on, until it ends; or has another presence. */
    register(request: { readonly session: Pid; readonly presence: OwnPresence }): null
  }
  cast: {
    update(request: { readonly session: Pid; readonly presence: OwnPresence }): void
    /** A session has joined this guild. */
    announce(request: { readonly guildId: Snowflake; readonly guild: Pid<PresenceReceiver> }): void
    /** The user is in this guild from now on: its sessions are to join. */
    guildAdded(request: { readonly guildId: Snowflake }): void
  }
  info: DownMessage | 'timeout'
}

interface PresenceState {
  readonly house: House
  readonly userId: Snowflake
  sessions: readonly { readonly session: Pid; readonly monitor: Ref; readonly own: OwnPresence }[]
  readonly guilds: Map<Snowflake, Pid<PresenceReceiver>>
  /** What the guilds were told last. */
  current: Presence
}

export const PRESENCES: Kind<PresenceApi> = { directory: 'presences', placement: 'cluster' }

export const UserPresence: GenServer<PresenceApi> = {
  moduleName: 'UserPresence',
  init(house, userId) {
    const current: Presence = { userId, status: 'offline', activities: [], since: house.node.host.wall() }
    return ok({ house, userId, sessions: [], guilds: new Map(), current }, { timeout: PRESENCE_IDLE_MS })
  },

  handleCall: {
    register({ session, presence }, _from, state) {
      setOwn(state, session, presence, () => this.monitor(session))
      tellGuilds(this, state)
      return reply(null, state)
    },
  },

  handleCast: {
    update({ session, presence }, state) {
      if (!state.sessions.some((entry) => samePid(entry.session, session))) return carryOn(state)
      setOwn(state, session, presence, () => this.monitor(session))
      tellGuilds(this, state)
      return noreply(state)
    },
    announce({ guildId, guild }, state) {
      state.guilds.set(guildId, guild)
      if (state.current.status !== 'offline') tell(this, state, guild)
      return carryOn(state)
    },
    guildAdded({ guildId }, state) {
      for (const { session } of state.sessions) this.send(session, { type: 'guild_added', guildId })
      return carryOn(state)
    },
  },

  handleInfo(message, state) {
    if (message === 'timeout') return stop('normal', state)
    state.sessions = state.sessions.filter((entry) => entry.monitor !== message.ref)
    tellGuilds(this, state)
    return state.sessions.length === 0 ? stop('normal', state) : noreply(state)
  },
}

/** Without a session it waits for one, but not for long. */
function carryOn(state: PresenceState): NoReply<PresenceState> {
  return noreply(state, state.sessions.length === 0 ? { timeout: PRESENCE_IDLE_MS } : undefined)
}

/** Has a user's sessions join a guild. A user without sessions has none that could. */
export async function guildAdded(caller: Caller, house: House, userId: Snowflake, guildId: Snowflake): Promise<void> {
  try {
    const presence = await find(caller, house, PRESENCES, userId)
    if (presence !== null) caller.cast(presence, 'guildAdded', { guildId })
  } catch {
    // The node of the presence is away: the sessions look for their guilds when they register with the next one.
  }
}

/** The newest comes last, so that of two sessions that say as much the newer counts. */
function setOwn(state: PresenceState, session: Pid, own: OwnPresence, monitor: () => Ref): void {
  const known = state.sessions.find((entry) => samePid(entry.session, session))
  const others = state.sessions.filter((entry) => entry !== known)
  state.sessions = [...others, { session, monitor: known?.monitor ?? monitor(), own }]
}

/** Tells all guilds when the presence is another than they were told. They find out themselves what is no news. */
function tellGuilds(process: Self<PresenceApi>, state: PresenceState): void {
  const { status, activities } = aggregate(state.sessions.map(({ own }) => own))
  state.current = { userId: state.userId, status, activities, since: state.house.node.host.wall() }
  for (const guild of state.guilds.values()) tell(process, state, guild)
}

function tell(process: Self<PresenceApi>, { current }: PresenceState, guild: Pid<PresenceReceiver>): void {
  process.cast(guild, 'presence', { presence: current, source: process.self })
}
