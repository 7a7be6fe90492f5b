import { MEMBERS_PER_SNAPSHOT, MISSED_CHARACTERS } from '../lib/internal/limits.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import { samePid } from '../lib/kernel/pid.ts'
import { equalTerms } from '../lib/kernel/term.ts'
import type { OutboxEvent, Position } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { EventLog } from './event-log.ts'
import { announce, whenStored } from './guild-commit.ts'
import type { GuildProcess } from './guild-protocol.ts'
import type { GuildState, Online } from './guild-state.ts'
import { hasIntent, Intent } from './intents.ts'
import { guildCreatePayload } from './payloads/guild.ts'
import { type Presence, presencePayload } from './payloads/presence.ts'
import type { Joined, Listener, PresenceNews, StreamMessage, Subscription } from './stream.ts'

/** Who listens to a guild, through relays, and who of its members is there. */

/**
 * A relay follows the guild from now on. It gets, in this order: whether the stream goes on where it was, the answer
 * for each of its sessions, what it has missed, and everything new.
 */
export function subscribe(process: GuildProcess, state: GuildState, subscription: Subscription): void {
  const { relay, stream, since, listeners } = subscription
  whenStored(process, state, () => {
    const { log, relays } = state
    const missed = since === null ? [] : log.after(since)
    const resumed = missed !== 'gone'
    const position = resumed && since !== null ? since : log.head
    relays.add(process, relay, stream, position)
    send(process, relay, { type: 'subscribed', stream, position, resumed })
    for (const listener of listeners) send(process, relay, admit(state, stream, listener))
    if (resumed) for (const link of missed) send(process, relay, { type: 'event', stream, ...link })
  })
}

/** A session joins through a relay that follows the guild already. */
export function join(
  process: GuildProcess,
  state: GuildState,
  request: { readonly relay: Pid; readonly stream: number; readonly listener: Listener },
): void {
  const { relay, stream, listener } = request
  whenStored(process, state, () => {
    if (state.relays.follows(relay, stream)) send(process, relay, admit(state, stream, listener))
  })
}

function admit(state: GuildState, stream: number, listener: Listener): Joined {
  const { session, userId, since } = listener
  const { log, members } = state
  const joined = { type: 'joined', stream, session, position: log.head } as const
  if (!members.has(userId)) return { ...joined, snapshot: null, missed: 'denied' }
  const missed = since === null ? [] : eventsAfter(log, since)
  return { ...joined, snapshot: listener.snapshot ? snapshotFor(state, listener) : null, missed }
}

function eventsAfter(log: EventLog, since: Position): readonly OutboxEvent[] | 'gone' {
  const links = log.after(since)
  if (links === 'gone') return 'gone'
  const characters = links.reduce((sum, { event }) => sum + event.data.length, 0)
  return characters > MISSED_CHARACTERS ? 'gone' : links.map(({ event }) => event)
}

/**
 * GUILD_CREATE as this session gets it. Who does not want presences is shown itself alone; a large guild shows the
 * members that are online.
 */
function snapshotFor({ guild, channels, members, online }: GuildState, listener: Listener): string {
  const { userId, intents, largeThreshold } = listener
  const large = members.size > largeThreshold
  const wantsPresences = hasIntent(intents, Intent.GUILD_PRESENCES)
  const isShown = (id: Snowflake) => wantsPresences && (!large || online.has(id))
  const self = members.get(userId)!
  const others = [...members.values()].filter(({ user }) => user.id !== userId && isShown(user.id))
  const shown = [self, ...others.slice(0, MEMBERS_PER_SNAPSHOT - 1)]
  const payload = guildCreatePayload({
    guild,
    channels: channels.values(),
    members: shown,
    presences: shown.flatMap(({ user }) => online.get(user.id)?.presence ?? []),
    memberCount: members.size,
    large,
    joinedAt: self.member.joinedAt,
  })
  return JSON.stringify(payload)
}

/** A user's presence actor tells of its user. It is monitored: with its end the user counts as gone. */
export function presenceNews(process: GuildProcess, state: GuildState, { presence, source }: PresenceNews): void {
  const { members, online, watched } = state
  const { userId } = presence
  if (!members.has(userId)) return
  const before = online.get(userId)
  const isKnown = before !== undefined && samePid(before.source, source)
  if (presence.status === 'offline') {
    if (isKnown) goOffline(process, state, before, presence)
    return
  }
  if (before !== undefined && !isKnown) unwatch(process, state, before)
  const known: Online = { presence, source, monitor: isKnown ? before.monitor : process.monitor(source) }
  online.set(userId, known)
  watched.set(known.monitor.id, known)
  if (before === undefined || !isSame(before.presence, presence)) publish(process, state, presence)
}

/** The presence actor with this monitor has ended. */
export function presenceLost(process: GuildProcess, state: GuildState, monitor: Ref): void {
  const known = state.watched.get(monitor.id)
  if (known === undefined) return
  const since = state.house.node.host.wall()
  goOffline(process, state, known, { ...known.presence, status: 'offline', activities: [], since })
}

function goOffline(process: GuildProcess, state: GuildState, known: Online, presence: Presence): void {
  unwatch(process, state, known)
  state.online.delete(presence.userId)
  publish(process, state, presence)
}

function unwatch(process: GuildProcess, { watched }: GuildState, { monitor }: Online): void {
  process.demonitor(monitor, { flush: true })
  watched.delete(monitor.id)
}

function publish(process: GuildProcess, state: GuildState, presence: Presence): void {
  announce(process, state, 'PRESENCE_UPDATE', presencePayload(presence, state.guild.id))
}

function isSame(a: Presence, b: Presence): boolean {
  return a.status === b.status && equalTerms(a.activities, b.activities)
}

function send(process: GuildProcess, relay: Pid, message: StreamMessage): void {
  process.send(relay, message)
}
