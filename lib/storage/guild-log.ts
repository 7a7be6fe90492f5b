import { fault } from '../internal/errors.ts'
import { EVENTS_PER_READ } from '../internal/limits.ts'
import type { Change, Row, View } from './disk.ts'
import type { Job } from './flush-queue.ts'
import { endOf, generationKey, outboxKey, outboxPosition, outboxPrefix, publishedKey } from './keys.ts'
import type { OutboxEvent, Position } from './port.ts'
import { decodeValue } from './rows.ts'
import type { Snowflake } from './snowflake.ts'

/**
 * The log of a guild's events and the fence before it, as jobs that decide inside the disk's batch.
 *
 * A generation is checked against the stored one in the same batch that writes, so a commit of an earlier owner fails
 * from the moment the newer generation is there, however late it arrives. The fence is raised when a guild is loaded,
 * before anything is read: raised with the new owner's first write, it would let a late write of the old owner slip in
 * after the new one has read.
 */

/** The job of `Storage.raiseGeneration`. */
export function raiseJob(guildId: Snowflake): Job<number> {
  return (view) => {
    const generation = storedGeneration(view, guildId) + 1
    return { changes: [{ key: generationKey(guildId), value: JSON.stringify(generation) }], answer: generation }
  }
}

/** The job of `Storage.commit`: `changes`, and the events' rows with them, if this generation still may. */
export function commitJob(
  guildId: Snowflake,
  generation: number,
  changes: readonly Change[],
  firstSequence: number | undefined,
): Job<undefined> {
  return (view) => {
    const stored = storedGeneration(view, guildId)
    if (generation < stored) throw fault('stale_generation', `guild ${guildId}: ${generation} of ${stored}`)
    checkRaised(guildId, generation, stored)
    if (firstSequence !== undefined && firstSequence <= lastSequence(view, guildId, generation)) {
      throw fault('event_exists', `guild ${guildId}: generation ${generation}, sequence ${firstSequence}`)
    }
    return { changes, answer: undefined }
  }
}

/** The job of `Storage.setPublished`. */
export function publishedJob(guildId: Snowflake, { generation, sequence }: Position): Job<undefined> {
  return (view) => {
    checkRaised(guildId, generation, storedGeneration(view, guildId))
    const mark = readPublished(view, guildId)
    const moves = mark === null || comparePositions({ generation, sequence }, mark) > 0
    const changes = [{ key: publishedKey(guildId), value: JSON.stringify({ generation, sequence }) }]
    return { changes: moves ? changes : [], answer: undefined }
  }
}

/** The job of `Storage.trimOutbox`. */
export function trimJob(guildId: Snowflake, upTo: Position): Job<number> {
  return (view) => {
    const mark = readPublished(view, guildId)
    if (mark === null) return { changes: [], answer: 0 }
    const last = comparePositions(upTo, mark) < 0 ? upTo : mark
    const rows = view.range({ from: outboxPrefix(guildId), to: keyAfter(guildId, last), limit: EVENTS_PER_READ })
    return { changes: rows.map(({ key }) => ({ key, value: null })), answer: rows.length }
  }
}

/** The row of an event. */
export function eventRow(guildId: Snowflake, event: OutboxEvent): Row {
  return { key: outboxKey(guildId, event), value: JSON.stringify([event.name, event.data]) }
}

export function readEvents(
  view: View,
  guildId: Snowflake,
  after: Position | null,
  limit: number,
): readonly OutboxEvent[] {
  const from = after === null ? outboxPrefix(guildId) : keyAfter(guildId, after)
  return view.range({ from, to: endOf(outboxPrefix(guildId)), limit }).map(({ key, value }) => {
    const [name, data] = decodeValue<[string, string]>(value)
    return { ...outboxPosition(key), name, data }
  })
}

export function readPublished(view: View, guildId: Snowflake): Position | null {
  const mark = view.get(publishedKey(guildId))
  return mark === undefined ? null : decodeValue<Position>(mark)
}

/** Negative, 0 or positive as `a` comes before, is or comes after `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.generation - b.generation || a.sequence - b.sequence
}

function storedGeneration(view: View, guildId: Snowflake): number {
  const generation = view.get(generationKey(guildId))
  return generation === undefined ? 0 : decodeValue<number>(generation)
}

function checkRaised(guildId: Snowflake, generation: number, stored: number): void {
  if (generation > stored) throw fault('badarg', `guild ${guildId}: generation ${generation} has not been raised`)
}

/** The newest sequence of this generation that is known: still in the outbox, or marked as published. */
function lastSequence(view: View, guildId: Snowflake, generation: number): number {
  const from = outboxKey(guildId, { generation, sequence: 0 })
  const to = outboxKey(guildId, { generation: generation + 1, sequence: 0 })
  const [row] = view.range({ from, to, limit: 1, reverse: true })
  const mark = readPublished(view, guildId)
  return Math.max(
    row === undefined ? -1 : outboxPosition(row.key).sequence,
    mark?.generation === generation ? mark.sequence : -1,
  )
}

/** The lowest key that an event after this position can have. */
function keyAfter(guildId: Snowflake, { generation, sequence }: Position): string {
  return outboxKey(guildId, { generation, sequence: sequence + 1 })
}
