import { type GenServer, noreply, ok, type Self, stop } from '../lib/behaviours/index.ts'
import { encodeEvent } from '../lib/gateway/frame.ts'
import { Fault } from '../lib/internal/errors.ts'
import { RELAY_ACK_EVENTS, RELAY_ACK_MS, RELAY_IDLE_MS } from '../lib/internal/limits.ts'
import type { DownMessage } from '../lib/kernel/exit.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import type { Position } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { GUILDS, type GuildApi } from './guild-protocol.ts'
import type { House } from './house.ts'
import { unavailableGuild } from './payloads/ready.ts'
import { pipeToSelf, type Settled } from './pipe-to-self.ts'
import { judge, type Link, positionOf } from './position.ts'
import { RelayListeners } from './relay-listeners.ts'
import { Rendering } from './rendering.ts'
import { forget, type Kind, locate, retryDelay } from './routing.ts'
import type { Joined, Listener, StreamMessage } from './stream.ts'

/**
 * Brings one guild to the sessions of one node. An event comes here once, is encoded once, and goes to each session
 * that wants it.
 *
 *     seeking ── found ──> subscribing ── subscribed ──> following ── gap, cut ──> subscribing
 *        ^                     |                             |
 *        └──── guild down ─────┴─────────────────────────────┘     sessions are told: unavailable
 *
 * It knows how far it has come, and asks every guild process that it follows to go on from there. So what a guild that
 * crashed had stored and not sent arrives from the next one, and what it had sent is dropped here. Each event names the
 * one before it: a hole is seen, and closed by asking again, or, when the guild no longer has what is missing, told to
 * the sessions as a loss.
 *
 * Its sessions know how far they have come, too: when a relay crashes they join the next one with that.
 */
export interface RelayApi {
  state: RelayState
  init: [house: House, guildId: Snowflake]
  continue: 'seek'
  cast: {
    /** A session listens from now on, or from `since`, until it ends. */
    join(listener: Listener): void
  }
  info: RelayNews
}

type RelayNews =
  | StreamMessage
  | { readonly type: 'found'; readonly settled: Settled<Pid<GuildApi>> }
  | { readonly type: 'seek' | 'acknowledge' | 'idle' }
  | (DownMessage & { readonly type: 'DOWN' })

interface RelayState {
  readonly house: House
  readonly guildId: Snowflake
  readonly listeners: RelayListeners
  guild: { readonly pid: Pid<GuildApi>; readonly monitor: Ref } | null
  /** Numbers the subscriptions: messages of an earlier one are dropped. */
  stream: number
  /** Whether the present subscription has been answered. */
  following: boolean
  /** Everything up to here has been passed on. */
  last: Position | null
  unacknowledged: number
  attempt: number
}

export const RELAYS: Kind<RelayApi> = { directory: 'relays', placement: 'node' }

type Process = Self<RelayApi>

export const Relay: GenServer<RelayApi> = {
  moduleName: 'Relay',
  init(house, guildId) {
    const state: RelayState = {
      house,
      guildId,
      listeners: new RelayListeners(guildId),
      guild: null,
      stream: 0,
      following: false,
      last: null,
      unacknowledged: 0,
      attempt: 0,
    }
    this.sendAfter(RELAY_IDLE_MS, this.self, { type: 'idle' } satisfies RelayNews)
    return ok(state, { continue: 'seek' })
  },

  handleContinue(_seek, state) {
    seek(this, state)
    return noreply(state)
  },

  handleCall: {},

  handleCast: {
    join(listener, state) {
      state.listeners.add(this, listener)
      if (state.following) askForListeners(this, state)
      return noreply(state)
    },
  },

  handleInfo(message, state) {
    switch (message.type) {
      case 'event':
        if (isCurrent(state, message)) onEvent(this, state, message)
        break
      case 'ephemeral':
        if (isCurrent(state, message)) pass(this, state, null, message.name, message.data)
        break
      case 'subscribed':
        if (message.stream === state.stream) onSubscribed(this, state, message)
        break
      case 'joined':
        if (isCurrent(state, message)) onJoined(this, state, message)
        break
      case 'cut':
        if (isCurrent(state, message)) subscribe(this, state)
        break
      case 'found':
        return onFound(this, state, message.settled)
      case 'seek':
        seek(this, state)
        break
      case 'acknowledge':
        acknowledge(this, state)
        break
      case 'DOWN':
        if (message.ref === state.guild?.monitor) onGuildDown(this, state)
        else onListenerDown(this, state, message)
        break
      case 'idle':
        if (state.listeners.size === 0) return stop('normal', state)
    }
    return noreply(state)
  },
}

// --- finding the guild

function seek(process: Process, { house, guildId }: RelayState): void {
  pipeToSelf(process, locate(process, house, GUILDS, guildId), (settled) => ({ type: 'found', settled }))
}

function onFound(process: Process, state: RelayState, settled: Settled<Pid<GuildApi>>) {
  if (settled[0] === 'ok') {
    state.guild = { pid: settled[1], monitor: process.monitor(settled[1]) }
    subscribe(process, state)
  } else if (settled[1] instanceof Fault && settled[1].code === 'unknown_guild') {
    state.listeners.denyAll(process)
    return stop('normal', state)
  } else seekLater(process, state)
  return noreply(state)
}

function seekLater(process: Process, state: RelayState): void {
  forget(state.house, GUILDS, state.guildId)
  const wait = retryDelay(state.attempt++, state.house.node.host)
  process.sendAfter(wait, process.self, { type: 'seek' } satisfies RelayNews)
}

function onGuildDown(process: Process, state: RelayState): void {
  state.guild = null
  state.following = false
  const data = JSON.stringify(unavailableGuild(state.guildId))
  state.listeners.unavailable(process, encodeEvent('GUILD_DELETE', data))
  seekLater(process, state)
}

// --- following it

function subscribe(process: Process, state: RelayState): void {
  state.stream++
  state.following = false
  process.cast(state.guild!.pid, 'subscribe', {
    relay: process.self,
    stream: state.stream,
    since: state.last,
    listeners: state.listeners.toBeAdmitted(state.stream),
  })
}

/** Asks about those who came too late for the subscription itself. */
function askForListeners(process: Process, { guild, stream, listeners }: RelayState): void {
  for (const listener of listeners.toBeAdmitted(stream)) {
    process.cast(guild!.pid, 'join', { relay: process.self, stream, listener })
  }
}

function isCurrent(state: RelayState, message: { readonly stream: number }): boolean {
  return state.following && message.stream === state.stream
}

function onSubscribed(process: Process, state: RelayState, message: StreamMessage & { type: 'subscribed' }): void {
  state.following = true
  state.attempt = 0
  if (!message.resumed) state.listeners.loseAll(process)
  state.last = message.position
  askForListeners(process, state)
}

function onJoined(process: Process, { listeners, guild }: RelayState, joined: Joined): void {
  listeners.admit(process, guild!.pid, joined)
}

function onEvent(process: Process, state: RelayState, link: Link): void {
  const verdict = judge(state.last!, link)
  if (verdict === 'drop') return
  if (verdict === 'gap') return subscribe(process, state)
  const { event } = link
  const position = positionOf(event)
  state.last = position
  pass(process, state, position, event.name, event.data)
  acknowledgeLater(process, state)
}

function pass(process: Process, state: RelayState, position: Position | null, name: string, data: string): void {
  state.listeners.deliver(process, position, new Rendering(state.guildId, position, name, data))
}

/** The guild is told how far this relay is, and so are the sessions that wanted nothing of what came. */
function acknowledgeLater(process: Process, state: RelayState): void {
  state.unacknowledged++
  if (state.unacknowledged >= RELAY_ACK_EVENTS) acknowledge(process, state)
  else if (state.unacknowledged === 1) {
    process.sendAfter(RELAY_ACK_MS, process.self, { type: 'acknowledge' } satisfies RelayNews)
  }
}

function acknowledge(process: Process, state: RelayState): void {
  if (state.unacknowledged === 0 || state.last === null) return
  state.unacknowledged = 0
  state.listeners.mark(process, state.last)
  if (state.guild !== null) process.cast(state.guild.pid, 'acknowledge', { relay: process.self, position: state.last })
}

function onListenerDown(process: Process, { listeners }: RelayState, down: DownMessage): void {
  listeners.down(down)
  if (listeners.size === 0) process.sendAfter(RELAY_IDLE_MS, process.self, { type: 'idle' } satisfies RelayNews)
}
