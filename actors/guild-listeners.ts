import { MEMBERS_PER_SNAPSHOT, MISSED_CHARACTERS } from '../lib/internal/limits.ts'
import { type Pid, type Ref, samePid } from '../lib/kernel/pid.ts'
import { equalTerms } from '../lib/kernel/term.ts'
import type { OutboxEvent, Position } from '../lib/storage/port.ts'
import type { EventLog } from './event-log.ts'
import { announce, whenStored } from './guild-commit.ts'
import type { GuildProcess } from './guild-protocol.ts'
import type { GuildMember, GuildState, Online } from './guild-state.ts'
import { hasIntent, Intent } from './intents.ts'
import { guildCreatePayload } from './payloads/guild.ts'
import { type Presence, presencePayload } from './payloads/presence.ts'
import type { Joined, Listener, PresenceNews, StreamMessage, Subscription } from './stream.ts'

/** Who listens to a guild, through relays, and who of its members is there. */

/**
 * A relay follows the guild from now on. It gets, in this order: whether the stream goes on where it was, the answer
 * for each of its sessions, what it has missed, and everything new.
 *
 * What a session is shown is made when it is asked for, and rests on what was decided by then; it is sent when that is
 * stored, at the same place in the stream.
 */
export function subscribe(process: GuildProcess, state: GuildState, subscription: Subscription): void {
  const { relay, stream, since, listeners } = subscription
  const views = listeners.map((listener) => viewFor(state, listener))
  whenStored(process, state, () => {
    const { log, relays } = state
    const missed = since === null ? [] : log.after(since)
    const resumed = missed !== 'gone'
    const position = resumed && since !== null ? since : log.head
    relays.add(process, relay, stream, position)
    send(process, relay, { type: 'subscribed', stream, position, resumed })
    for (const view of views) send(process, relay, admit(state, stream, view))
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
  const view = viewFor(state, listener)
  whenStored(process, state, () => {
    if (state.relays.follows(relay, stream)) send(process, relay, admit(state, stream, view))
  })
}

interface View {
  readonly listener: Listener
  readonly isMember: boolean
  readonly snapshot: string | null
}

function viewFor(state: GuildState, listener: Listener): View {
  const self = state.members.get(listener.userId)
  if (self === undefined) return { listener, isMember: false, snapshot: null }
  return { listener, isMember: true, snapshot: listener.snapshot ? snapshotFor(state, listener, self) : null }
}

function admit({ log }: GuildState, stream: number, { listener, isMember, snapshot }: View): Joined {
  const { session, since } = listener
  const joined = { type: 'joined', stream, session, position: log.head, snapshot } as const
  if (!isMember) return { ...joined, missed: 'denied' }
  return { ...joined, missed: since === null ? [] : eventsAfter(log, since) }
}

function eventsAfter(log: EventLog, since: Position): readonly OutboxEvent[] | 'gone' {
  const links = log.after(since)
  if (links === 'gone') return 'gone'
  const characters = links.reduce((sum, { event }) => sum + event.data.length, 0)
  return characters > MISSED_CHARACTERS ? 'gone' : links.map(({ event }) => event)
}

/** GUILD_CREATE as this session gets it. */
function snapshotFor(state: GuildState, listener: Listener, self: GuildMember): string {
  const { guild, channels, members, online } = state
  const shown = shownTo(state, listener, self)
  const payload = guildCreatePayload({
    guild,
    channels: channels.values(),
    members: shown,
    presences: shown.flatMap(({ user }) => online.get(user.id)?.presence ?? []),
    memberCount: members.size,
    large: members.size > listener.largeThreshold,
    joinedAt: self.member.joinedAt,
  })
  return JSON.stringify(payload)
}

/** Who does not want presences is shown itself alone; a large guild shows the members that are online. */
function shownTo({ members, online }: GuildState, listener: Listener, self: GuildMember): GuildMember[] {
  const shown = [self]
  if (!hasIntent(listener.intents, Intent.GUILD_PRESENCES)) return shown
  for (const id of members.size > listener.largeThreshold ? online.keys() : members.keys()) {
    if (shown.length === MEMBERS_PER_SNAPSHOT) break
    if (id !== listener.userId) shown.push(members.get(id)!)
  }
  return shown
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
