import {
  child,
  DynamicSupervisor,
  type GenServer,
  noreply,
  ok,
  Registry,
  reply,
  type Self,
  stop,
  stopReply,
} from '../lib/behaviours/index.ts'
import { encodeEvent } from '../lib/gateway/frame.ts'
import { Outbox } from '../lib/gateway/outbox.ts'
import { CloseCode } from '../lib/gateway/protocol.ts'
import { ResumeWindow } from '../lib/gateway/resume-window.ts'
import { fault } from '../lib/internal/errors.ts'
import { GUILDS_PER_READ, GUILDS_PER_SHARD } from '../lib/internal/limits.ts'
import type { Caller } from '../lib/kernel/context.ts'
import { describe } from '../lib/kernel/exit.ts'
import { type Pid, samePid } from '../lib/kernel/pid.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { readPages } from './guild-load.ts'
import type { House } from './house.ts'
import { readyPayload } from './payloads/ready.ts'
import { pipeToSelf, type Settled } from './pipe-to-self.ts'
import { PRESENCES } from './presence.ts'
import { forget, locate, retryDelay } from './routing.ts'
import { addGuild, announce, joinGuild, onDispatch, relayDown, relayFound } from './session-guilds.ts'
import type {
  ConnectionPort,
  Registered,
  ResumeAnswer,
  SessionApi,
  SessionNews,
  SessionStart,
  SessionState,
} from './session-protocol.ts'
import { isInShard } from './shard.ts'

/**
 * One session of a client. It outlives its connection: what happens meanwhile is kept, and sent to the connection that
 * resumes it.
 *
 *     relays ── events ──>  number, keep (resume window)  ── while there is one ──>  connection's socket
 *     presence of its user <── register, announce
 *
 *     connected ── socket closed ──> detached ── resume ──> connected       (a second connection takes it over)
 *                                       └── sessionResumeMs ──> end
 *
 * It ends at once when the client says that it is done (1000, 1001), and when a guild's events are lost for good, so
 * that the client begins anew instead of going on with a hole. When it crashes, its connection is closed with 4000.
 */
export const Session: GenServer<SessionApi> = {
  moduleName: 'Session',
  init(house, id, start) {
    const state: SessionState = {
      house,
      id,
      start,
      own: start.presence,
      outbox: new Outbox(new ResumeWindow(), house.writeTurn),
      connection: null,
      presence: null,
      presenceAttempt: 0,
      guilds: new Map(),
      expiry: null,
    }
    attach(this, state, start.connection, 0)
    return ok(state, { continue: 'begin' })
  },

  /** READY, the session's first event, is known only when the user's guilds are. */
  async handleContinue(_begin, state) {
    const registration = await settle(register(this, state))
    const guildIds = registration[0] === 'ok' ? registration[1].guildIds : await guildsOf(state)
    const { user, shard, resumeUrl } = state.start
    if (guildIds.length > GUILDS_PER_SHARD) {
      this.cast(state.start.connection.pid, 'close', {
        code: CloseCode.SHARDING_REQUIRED,
        reason: 'Sharding required.',
      })
      return stop('normal', state)
    }
    const ready = readyPayload({ user, sessionId: state.id, resumeUrl, guildIds, ...(shard && { shard }) })
    state.outbox.push(encodeEvent('READY', JSON.stringify(ready)))
    for (const guildId of guildIds) addGuild(this, state, guildId)
    onRegistered(this, state, registration)
    return noreply(state)
  },

  handleCall: {
    resume({ userId, sequence, connection }, _from, state) {
      if (userId !== state.start.user.id) return reply('invalid', state)
      const answer = attach(this, state, connection, sequence)
      if (answer === 'invalid') return reply('invalid_sequence', state)
      if (answer === 'too_old') return stopReply('normal', 'invalid', state)
      state.outbox.push(encodeEvent('RESUMED', '{}'))
      return reply('resumed', state)
    },
  },

  handleCast: {
    acknowledge({ sequence }, state) {
      state.outbox.ack(sequence)
      return noreply(state)
    },
    presence({ presence }, state) {
      state.own = presence
      if (state.presence !== null) this.cast(state.presence.pid, 'update', { session: this.self, presence })
      return noreply(state)
    },
    drained(_request, state) {
      state.outbox.flush()
      return noreply(state)
    },
    detach({ connection, final }, state) {
      if (state.connection === null || !samePid(state.connection.pid, connection)) return noreply(state)
      if (final) return stop('normal', state)
      detach(this, state)
      return noreply(state)
    },
  },

  handleInfo(message, state) {
    switch (message.type) {
      case 'guild_added':
        addGuild(this, state, message.guildId)
        return noreply(state)
      case 'join':
        joinGuild(this, state, message.guildId)
        return noreply(state)
      case 'relay_found':
        relayFound(this, state, message.guildId, message.settled)
        return noreply(state)
      case 'register':
        pipeToSelf(this, register(this, state), (settled) => ({ type: 'registered', settled }))
        return noreply(state)
      case 'registered':
        onRegistered(this, state, message.settled)
        return noreply(state)
      case 'expired':
        return state.connection === null ? stop('normal', state) : noreply(state)
      case 'DOWN':
        onDown(this, state, message.ref)
        return noreply(state)
      default:
        if (onDispatch(this, state, message) === undefined) return noreply(state)
        if (state.connection !== null) this.cast(state.connection.pid, 'invalidate')
        return stop('normal', state)
    }
  },
}

type Process = Self<SessionApi>

/** The ids of the sessions of a node. */
export const sessionIds: Registry<string> = new Registry('session_ids', { keys: 'unique' })
/** The dynamic supervisor of a node's sessions. */
export const SESSIONS = 'sessions'

/** Starts a session, whose READY goes to the connection as soon as the user's guilds are known. */
export async function startSession(caller: Caller, house: House, start: SessionStart): Promise<Pid<SessionApi>> {
  const id = Buffer.from(house.node.host.bytes(16)).toString('hex')
  const spec = child(Session, [house, id, start], { name: sessionIds.via(id), restart: 'temporary' })
  const started = await DynamicSupervisor.startChild(caller, SESSIONS, spec)
  if (started !== 'ignore' && started[0] === 'ok' && started[1] !== undefined) return started[1] as Pid<SessionApi>
  throw fault('system_limit', `a session does not start: ${describe(started)}`)
}

/** Goes on with a session of this node: everything after `sequence`, then RESUMED, then what is new. */
export async function resumeSession(
  caller: Caller,
  sessionId: string,
  request: { readonly userId: Snowflake; readonly sequence: number; readonly connection: ConnectionPort },
): Promise<{ readonly answer: ResumeAnswer; readonly session: Pid<SessionApi> | undefined }> {
  const session = sessionIds.whereis(caller, sessionId) as Pid<SessionApi> | undefined
  if (session === undefined) return { answer: 'invalid', session }
  // A session that ends meanwhile is one that is not there.
  const answer = await caller.call(session, 'resume', request).catch(() => 'invalid' as const)
  return { answer, session }
}

// --- connections

/** Sends everything after `sequence` to this connection. When that can be done, an earlier one is given up. */
function attach(process: Process, state: SessionState, connection: ConnectionPort, sequence: number) {
  const before = state.connection
  const answer = state.outbox.attach(connection.socket, sequence)
  if (answer !== 'yes') return answer
  if (before !== null) {
    process.demonitor(before.monitor, { flush: true })
    process.cast(before.pid, 'superseded')
  }
  if (state.expiry !== null) process.cancelTimer(state.expiry)
  state.expiry = null
  state.connection = { ...connection, monitor: process.monitor(connection.pid) }
  return answer
}

function detach(process: Process, state: SessionState): void {
  state.outbox.detach()
  process.demonitor(state.connection!.monitor, { flush: true })
  state.connection = null
  const { sessionResumeMs } = state.house.settings
  state.expiry = process.sendAfter(sessionResumeMs, process.self, { type: 'expired' } satisfies SessionNews)
}

function onDown(process: Process, state: SessionState, monitor: SessionState['expiry']): void {
  if (monitor === state.connection?.monitor) detach(process, state)
  else if (monitor === state.presence?.monitor) {
    state.presence = null
    registerLater(process, state)
  } else relayDown(process, state, monitor!)
}

// --- presence

/** Registers with the user's presence, then reads the guilds: of one that is joined later, the presence tells. */
async function register(process: Process, state: SessionState): Promise<Registered> {
  const presence = await locate(process, state.house, PRESENCES, state.start.user.id)
  const { own } = state
  await process.call(presence, 'register', { session: process.self, presence: own })
  return { presence, own, guildIds: await guildsOf(state) }
}

function onRegistered(process: Process, state: SessionState, settled: Settled<Registered>): void {
  if (settled[0] === 'error') return registerLater(process, state)
  const { presence, own, guildIds } = settled[1]
  state.presence = { pid: presence, monitor: process.monitor(presence) }
  state.presenceAttempt = 0
  if (own !== state.own) process.cast(presence, 'update', { session: process.self, presence: state.own })
  for (const guildId of guildIds) addGuild(process, state, guildId)
  for (const [guildId, guild] of state.guilds) announce(process, state, guildId, guild)
}

function registerLater(process: Process, state: SessionState): void {
  forget(state.house, PRESENCES, state.start.user.id)
  const wait = retryDelay(state.presenceAttempt++, state.house.node.host)
  process.sendAfter(wait, process.self, { type: 'register' } satisfies SessionNews)
}

async function guildsOf({ house, start }: SessionState): Promise<Snowflake[]> {
  const read = (page: { readonly after?: Snowflake; readonly limit: number }) => {
    return house.storage.guildsOf(start.user.id, page)
  }
  const guildIds = await readPages(read, GUILDS_PER_READ, (id) => id)
  return guildIds.filter((id) => isInShard(start.shard, id))
}

function settle<T>(pending: Promise<T>): Promise<Settled<T>> {
  return pending.then(
    (value) => ['ok', value] as const,
    (error: unknown) => ['error', error] as const,
  )
}
