import { GUILD_TRIM_EVENTS } from '../lib/internal/limits.ts'
import type { From } from '../lib/kernel/context.ts'
import type { Position, Write } from '../lib/storage/port.ts'
import type { GuildProcess } from './guild-protocol.ts'
import type { GuildState } from './guild-state.ts'
import { pipeToSelf, type Settled } from './pipe-to-self.ts'

/** What a guild has decided: stored in one piece, then published, then answered. */
export interface Decision {
  readonly writes: readonly Write[]
  readonly events: readonly { readonly name: string; readonly data: object }[]
  /** Called when it is stored and has been handed to the relays. */
  readonly done: () => void
}

/**
 * Numbers the events of a decision and queues it. What `done` does happens in the order of the decisions; when the
 * guild crashes before, it never does, and whoever asked is told that the guild is gone.
 */
export function decide(process: GuildProcess, state: GuildState, { writes, events, done }: Decision): void {
  const numbered = events.map(({ name, data }) => ({ sequence: ++state.sequence, name, data: JSON.stringify(data) }))
  const publish = () => {
    const { generation, log, relays } = state
    for (const event of numbered) relays.publish(process, log.append({ generation, ...event }))
    done()
  }
  state.queue.push({ writes, events: numbered, done: publish })
  commitNext(process, state)
}

/** Does something that stores nothing once all that it rests on is stored: at once when nothing waits. */
export function whenStored(process: GuildProcess, state: GuildState, done: () => void): void {
  state.queue.push({ writes: [], events: [], done })
  commitNext(process, state)
}

/** Answers with what is known now, once it is stored. */
export function answer<V>(process: GuildProcess, state: GuildState, from: From<V>, value: V): void {
  whenStored(process, state, () => process.reply(from, value))
}

/** Publishes an event that is not stored: whoever is not connected now never gets it. */
export function announce(process: GuildProcess, state: GuildState, name: string, data: object): void {
  whenStored(process, state, () => state.relays.publishEphemeral(process, name, JSON.stringify(data)))
}

function commitNext(process: GuildProcess, { house, guild, generation, queue }: GuildState): void {
  const batch = queue.next()
  if (batch === undefined) return
  pipeToSelf(process, house.storage.commit(guild.id, { generation, ...batch }), (settled) => {
    return { type: 'committed', settled }
  })
}

/**
 * A commit has come back. When it failed the guild crashes: whether it is stored is for the storage to say when the
 * guild is loaded again.
 */
export function committed(process: GuildProcess, state: GuildState, settled: Settled<void>): void {
  if (settled[0] === 'error') throw settled[1]
  state.queue.settle()
  commitNext(process, state)
  trimLog(process, state)
}

/** Lets go of events that all relays have, many at a time. */
function trimLog(process: GuildProcess, state: GuildState): void {
  const { house, guild, log, relays } = state
  if (state.trimming) return
  const published = relays.published(log.head)
  const upTo = log.surplus(published, GUILD_TRIM_EVENTS)
  if (upTo === undefined) return
  state.trimming = true
  const trimmed = house.storage.setPublished(guild.id, published).then(() => house.storage.trimOutbox(guild.id, upTo))
  pipeToSelf(process, trimmed, ([outcome]) => ({ type: 'trimmed', upTo: outcome === 'ok' ? upTo : null }))
}

/** The outbox has been trimmed up to `upTo`; null when that failed, which the next attempt makes good. */
export function trimmed(state: GuildState, upTo: Position | null): void {
  state.trimming = false
  if (upTo !== null) state.log.trim(upTo)
}
